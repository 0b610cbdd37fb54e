"""Right answers to assignment 5, written in different ways: `RIGHT[exercise][way]`."""

import torch
from torch import nn
from torch.nn import functional as F

# ------------------------------------------------------------------------ two_views_index


def _rows_loop(pictures):
    rows = []
    for view in range(2 * pictures):
        rows.append(view + pictures if view < pictures else view - pictures)
    return torch.tensor(rows)


TWO_VIEWS_INDEX = {
    "roll": lambda n: torch.arange(2 * n).roll(n),
    "remainder": lambda n: (torch.arange(2 * n) + n) % (2 * n),
    "two halves": lambda n: torch.cat([torch.arange(n, 2 * n), torch.arange(n)]),
    "flipped halves": lambda n: torch.arange(2 * n).view(2, n).flip(0).flatten(),
    "loop": _rows_loop,
    "sorted": lambda n: torch.argsort(torch.arange(2 * n) < n, stable=True).argsort(),
}

# -------------------------------------------------------------------------------- nt_xent


def _loss_cross_entropy(z, t):
    u = F.normalize(z, dim=1)
    s = u @ u.T / t
    s.fill_diagonal_(float("-inf"))
    return F.cross_entropy(s, torch.arange(len(z)).roll(len(z) // 2))


def _loss_loop(z, t):
    n, total = len(z) // 2, 0.0
    for i in range(2 * n):
        cosines = F.cosine_similarity(z[i : i + 1], z) / t
        others = torch.cat([cosines[:i], cosines[i + 1 :]])
        total = total + torch.logsumexp(others, 0) - cosines[(i + n) % (2 * n)]
    return total / (2 * n)


def _loss_four_blocks(z, t):
    a, b = (half / half.norm(dim=1, keepdim=True) for half in z.chunk(2))
    n = len(a)
    off = ~torch.eye(n, dtype=torch.bool)
    cross = a @ b.T / t
    same_a = (a @ a.T / t)[off].view(n, n - 1)
    same_b = (b @ b.T / t)[off].view(n, n - 1)
    everything = torch.cat([torch.cat([cross, same_a], dim=1), torch.cat([cross.T, same_b], dim=1)])
    return F.cross_entropy(everything, torch.arange(n).repeat(2))


def _loss_logsumexp(z, t):
    lengths = z.square().sum(1).sqrt()
    s = torch.einsum("id,jd->ij", z, z) / torch.outer(lengths, lengths) / t
    hidden = s.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    n = len(z) // 2
    own = torch.cat([s.diagonal(n), s.diagonal(-n)])
    return (hidden.logsumexp(1) - own).mean()


def _loss_float64(z, t):
    return _loss_cross_entropy(z.double(), t)


NT_XENT = {
    "cross_entropy": _loss_cross_entropy,
    "loop over views": _loss_loop,
    "four blocks": _loss_four_blocks,
    "einsum, logsumexp, diagonals": _loss_logsumexp,
    "float64": _loss_float64,
}

# ------------------------------------------------------------------------ momentum_update


def _follow_lerp(key_encoder, query_encoder, momentum):
    with torch.no_grad():
        for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
            key.lerp_(query, 1 - momentum)


def _follow_data(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.data = key.data * momentum + query.data * (1.0 - momentum)


@torch.no_grad()
def _follow_mul_add(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.mul_(momentum).add_(query, alpha=1 - momentum)


def _follow_state(key_encoder, query_encoder, momentum):
    state, other = key_encoder.state_dict(), query_encoder.state_dict()
    mixed = {name: momentum * state[name] + (1 - momentum) * other[name] for name in state}
    key_encoder.load_state_dict(mixed)


def _follow_foreach(key_encoder, query_encoder, momentum):
    keys = list(key_encoder.parameters())
    queries = [query.detach() for query in query_encoder.parameters()]
    torch._foreach_mul_(keys, momentum)
    torch._foreach_add_(keys, queries, alpha=1 - momentum)
    return key_encoder


def _follow_vector(key_encoder, query_encoder, momentum):
    key, query = (
        nn.utils.parameters_to_vector(each.parameters()).detach()
        for each in (key_encoder, query_encoder)
    )
    mixed = key + (1 - momentum) * (query - key)
    nn.utils.vector_to_parameters(mixed, key_encoder.parameters())


MOMENTUM_UPDATE = {
    "lerp": _follow_lerp,
    "data": _follow_data,
    "mul and add": _follow_mul_add,
    "state_dict": _follow_state,
    "foreach": _follow_foreach,
    "one long vector": _follow_vector,
}

# ------------------------------------------------------------------------ enqueue_dequeue


def _queue_index(queue, place, keys):
    rows = (place + torch.arange(len(keys))) % len(queue)
    renewed = queue.clone()
    renewed[rows] = keys.detach()
    return renewed, (place + len(keys)) % len(queue)


def _queue_loop(queue, place, keys):
    renewed = queue.detach().clone()
    for key in keys.detach():
        renewed[place] = key
        place = place + 1
        if place == len(renewed):
            place = 0
    return renewed, place


def _queue_roll(queue, place, keys):
    turned = queue.roll(-place, dims=0)
    turned = torch.cat([keys.detach(), turned[len(keys) :]])
    return [turned.roll(place, dims=0), (place + len(keys)) % len(queue)]


def _queue_two_slices(queue, place, keys):
    with torch.no_grad():
        renewed, room = queue.clone(), len(queue) - place
        renewed[place : place + len(keys)] = keys[:room]
        renewed[: max(0, len(keys) - room)] = keys[room:]
    return renewed, torch.tensor((place + len(keys)) % len(queue))


@torch.no_grad()
def _queue_where(queue, place, keys):
    age = (torch.arange(len(queue)) - place) % len(queue)
    fresh = keys[age.clamp(max=len(keys) - 1)]
    return torch.where((age < len(keys))[:, None], fresh, queue), (place + len(keys)) % len(queue)


ENQUEUE_DEQUEUE = {
    "index": _queue_index,
    "loop": _queue_loop,
    "rolled": _queue_roll,
    "two slices": _queue_two_slices,
    "where": _queue_where,
}

# ---------------------------------------------------------------------------- moco_logits


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


MOCO_LOGITS = {
    "einsum": _logits_einsum,
    "loop": _logits_loop,
    "batched": _logits_batched,
    "temperature inside": _logits_filled,
    "float64": _logits_double,
}

# ---------------------------------------------------------------------- linear_probe_step


def _step_no_grad(encoder, linear, optimiser, images, labels):
    encoder.eval()
    with torch.no_grad():
        features = encoder(images)
    loss = F.cross_entropy(linear(features), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


def _step_detach(encoder, linear, optimiser, images, labels):
    optimiser.zero_grad()
    encoder.train(False)
    logits = linear(encoder(images).detach())
    loss = -logits.log_softmax(1)[torch.arange(len(labels)), labels].mean()
    loss.backward()
    optimiser.step()
    return loss.item()


def _step_frozen(encoder, linear, optimiser, images, labels):
    encoder.requires_grad_(False)
    encoder.eval()
    loss = nn.CrossEntropyLoss()(linear(encoder(images)), labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.detach().clone()


def _step_inference(encoder, linear, optimiser, images, labels):
    with torch.inference_mode():
        features = encoder.eval()(images)
    logits = linear(features.clone())
    loss = (torch.logsumexp(logits, 1) - logits.gather(1, labels[:, None])[:, 0]).mean()
    slopes = torch.autograd.grad(loss, list(linear.parameters()))
    for parameter, slope in zip(linear.parameters(), slopes, strict=True):
        parameter.grad = slope
    optimiser.step()
    return float(loss)


LINEAR_PROBE_STEP = {
    "no_grad": _step_no_grad,
    "detach": _step_detach,
    "requires_grad off": _step_frozen,
    "inference mode, autograd.grad": _step_inference,
}

RIGHT = {
    "two_views_index": TWO_VIEWS_INDEX,
    "nt_xent": NT_XENT,
    "momentum_update": MOMENTUM_UPDATE,
    "enqueue_dequeue": ENQUEUE_DEQUEUE,
    "moco_logits": MOCO_LOGITS,
    "linear_probe_step": LINEAR_PROBE_STEP,
}
