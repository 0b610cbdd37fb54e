"""Wrong and right answers to moco_logits."""

import torch


def parts(q, k, u):
    return (q * k.detach()).sum(1, keepdim=True), q @ u.detach().T


def joined(own, others):
    return torch.cat([own, others], dim=1)


def logits(q, k, u, t):
    return joined(*parts(q, k, u)) / t


def _all_keys(q, k, u, t):
    return joined(q @ k.detach().T, q @ u.detach().T) / t


def _own_last(q, k, u, t):
    own, others = parts(q, k, u)
    return torch.cat([others, own], dim=1) / t


def _over_the_batch(q, k, u, t):
    own = (q * k.detach()).sum(0)[:, None]
    return joined(own.expand(-1, 1)[: len(q)], q @ u.detach().T) / t


def _over_everything(q, k, u, t):
    own = (q * k.detach()).sum().expand(len(q), 1)
    return joined(own, q @ u.detach().T) / t


def _mean(q, k, u, t):
    return joined((q * k.detach()).mean(1, keepdim=True), q @ u.detach().T) / t


def _one_part(first):
    def answer(q, k, u, t):
        own, others = parts(q, k, u)
        return joined(own / t, others) if first else joined(own, others / t)

    return answer


def _distances(q, k, u, t):
    own = (q - k.detach()).norm(dim=1, keepdim=True)
    return -joined(own, torch.cdist(q, u.detach())) / t


def _squared_distances(q, k, u, t):
    own = ((q - k.detach()) ** 2).sum(1, keepdim=True)
    return -joined(own, ((q[:, None] - u.detach()) ** 2).sum(2)) / t


WRONG = {
    "all_keys_of_the_batch": [
        _all_keys,
        lambda q, k, u, t: q @ torch.cat([k, u]).detach().T / t,
    ],
    "own_key_last": [_own_last],
    "own_key_missing": [lambda q, k, u, t: q @ u.detach().T / t],
    "queue_missing": [
        lambda q, k, u, t: parts(q, k, u)[0] / t,
        lambda q, k, u, t: q @ k.detach().T / t,
    ],
    "summed_over_the_batch": [_over_the_batch, _over_everything],
    "mean_instead_of_sum": [_mean],
    "temperature_forgotten": [lambda q, k, u, t: logits(q, k, u, 1.0)],
    "temperature_multiplied": [lambda q, k, u, t: logits(q, k, u, 1.0) * t],
    "temperature_on_one_part": [_one_part(True), _one_part(False)],
    "softmax_taken": [
        lambda q, k, u, t: logits(q, k, u, t).softmax(1),
        lambda q, k, u, t: logits(q, k, u, t).log_softmax(1),
    ],
    "exponential_taken": [lambda q, k, u, t: logits(q, k, u, t).exp()],
    "keys_compared_with_queue": [
        lambda q, k, u, t: joined(parts(q, k, u)[0], k.detach() @ u.detach().T) / t,
        lambda q, k, u, t: joined(parts(q, k, u)[0], k @ u.T) / t,
    ],
    "gradient_into_keys": [
        lambda q, k, u, t: joined((q * k).sum(1, keepdim=True), q @ u.T) / t,
        lambda q, k, u, t: joined((q * k).sum(1, keepdim=True), q @ u.detach().T) / t,
        lambda q, k, u, t: joined((q * k.detach()).sum(1, keepdim=True), q @ u.T) / t,
    ],
    "queries_detached": [
        lambda q, k, u, t: logits(q.detach(), k, u, t),
        lambda q, k, u, t: logits(q, k, u, t).detach(),
        lambda q, k, u, t: joined(parts(q.detach(), k, u)[0], parts(q, k, u)[1]) / t,
    ],
    "distance_for_dot_product": [_distances, _squared_distances],
    "sign_flipped": [lambda q, k, u, t: -logits(q, k, u, t)],
}


def _logits_einsum(q, k, u, t):
    own = torch.einsum("nd,nd->n", q, k.detach())
    others = torch.einsum("nd,kd->nk", q, u.detach())
    return torch.cat([own.unsqueeze(1), others], dim=1) / t


def _logits_loop(q, k, u, t):
    rows = []
    for query, key in zip(q, k.detach(), strict=True):
        rows.append(torch.stack([query @ key, *(query @ other for other in u.detach())]) / t)
    return torch.stack(rows)


def _logits_batched(q, k, u, t):
    candidates = torch.cat([k.detach()[:, None], u.detach().expand(len(q), -1, -1)], dim=1)
    return torch.bmm(candidates, q[:, :, None]).squeeze(2) / t


def _logits_filled(q, k, u, t):
    k, u = k.detach(), u.detach()
    own, others = (q * k / t).sum(-1), (q / t) @ u.transpose(0, 1)
    return torch.hstack([own.reshape(-1, 1), others])


def _logits_double(q, k, u, t):
    return _logits_einsum(q.double(), k.double(), u.double(), t)


RIGHT = {
    "einsum": _logits_einsum,
    "loop": _logits_loop,
    "batched": _logits_batched,
    "temperature inside": _logits_filled,
    "float64": _logits_double,
}


# What the first variant of each mistake earns.
MARKS = {
    "all_keys_of_the_batch": 0,
    "own_key_last": 0,
    "own_key_missing": 0,
    "queue_missing": 0,
    "summed_over_the_batch": 0.75,
    "mean_instead_of_sum": 0,
    "temperature_forgotten": 0,
    "temperature_multiplied": 0,
    "temperature_on_one_part": 0,
    "softmax_taken": 0,
    "exponential_taken": 0,
    "keys_compared_with_queue": 1.25,
    "gradient_into_keys": 2.5,
    "queries_detached": 2.75,
    "distance_for_dot_product": 0,
    "sign_flipped": 0,
}
