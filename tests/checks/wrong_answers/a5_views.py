"""Wrong ways to pair views, to compare them, and to train a linear probe."""

import torch
from torch.nn import functional as F

# ------------------------------------------------------------------------ two_views_index


def right_rows(n):
    return torch.arange(2 * n).roll(n)


TWO_VIEWS_INDEX = {
    "neighbours_taken_for_pairs": [
        lambda n: torch.arange(2 * n) ^ 1,
        lambda n: torch.arange(2 * n).view(n, 2).flip(1).flatten(),
    ],
    "each_view_itself": [lambda n: torch.arange(2 * n)],
    "first_half_only": [
        lambda n: torch.arange(n, 2 * n),
        lambda n: n + torch.arange(n),
    ],
    "second_half_points_to_itself": [
        lambda n: torch.arange(n, 2 * n).repeat(2),
        lambda n: torch.arange(2 * n) % n + n,
    ],
    "no_way_back": [lambda n: torch.arange(2 * n) + n, lambda n: torch.arange(n, 3 * n)],
    "picture_numbers": [
        lambda n: torch.arange(n).repeat(2),
        lambda n: torch.arange(2 * n) % n,
        lambda n: torch.arange(n).repeat_interleave(2),
    ],
    "next_row": [
        lambda n: torch.arange(2 * n).roll(1),
        lambda n: torch.arange(2 * n).roll(-1),
        lambda n: (torch.arange(2 * n) + 1) % n,
    ],
    "mirrored": [
        lambda n: torch.arange(2 * n).flip(0),
        lambda n: 2 * n - 1 - torch.arange(2 * n),
    ],
    "table_instead_of_rows": [
        lambda n: F.one_hot(right_rows(n)),
        lambda n: F.one_hot(right_rows(n)).bool(),
        lambda n: torch.eye(2 * n).roll(n, dims=0),
        lambda n: torch.stack([torch.arange(n), torch.arange(n, 2 * n)], dim=1),
        lambda n: torch.arange(2 * n).view(2, n).flip(0),
    ],
    "counted_from_one": [lambda n: right_rows(n) + 1],
    "not_whole_numbers": [
        lambda n: right_rows(n).float(),
        lambda n: torch.arange(2.0 * n).roll(n),
    ],
    "list_instead_of_tensor": [
        lambda n: right_rows(n).tolist(),
        lambda n: [*range(n, 2 * n), *range(n)],
        lambda n: tuple(right_rows(n).tolist()),
        lambda n: right_rows(n).numpy(),
    ],
}

# -------------------------------------------------------------------------------- nt_xent


def unit(z):
    return F.normalize(z, dim=1)


def scores(z, t):
    return unit(z) @ unit(z).T / t


def masked(s, value=-torch.inf):
    eye = torch.eye(len(s), dtype=torch.bool)
    return torch.where(eye, torch.tensor(value, dtype=s.dtype), s)


def choice(s, **options):
    return F.cross_entropy(s, right_rows(len(s) // 2), **options)


def partner(s):
    return s[torch.arange(len(s)), right_rows(len(s) // 2)]


def _negatives_only(z, t):
    s = masked(scores(z, t))
    own = F.one_hot(right_rows(len(s) // 2)).bool()
    return (s.masked_fill(own, -torch.inf).logsumexp(1) - partner(s)).mean()


def _negatives_by_subtraction(z, t):
    e = scores(z, t).exp()
    return -torch.log(partner(e) / (e.sum(1) - e.diagonal() - partner(e))).mean()


def _first_views(z, t):
    s, n = masked(scores(z, t)), len(z) // 2
    return F.cross_entropy(s[:n], right_rows(n)[:n])


def _other_half(z, t):
    first, second = unit(z).chunk(2)
    s = first @ second.T / t
    rows = torch.arange(len(s))
    return (F.cross_entropy(s, rows) + F.cross_entropy(s.T, rows)) / 2


def _other_half_one_way(z, t):
    first, second = unit(z).chunk(2)
    return F.cross_entropy(first @ second.T / t, torch.arange(len(first)))


def _pairs_interleaved(z, t):
    s = masked(scores(z, t))
    return F.cross_entropy(s, torch.arange(len(s)) ^ 1)


def _naive(z, t):
    e = scores(z, t).exp()
    return -torch.log(partner(e) / (e.sum(1) - e.diagonal())).mean()


def _naive_masked(z, t):
    e = scores(z, t).exp() * (1 - torch.eye(len(z), dtype=z.dtype))
    return -torch.log(partner(e) / e.sum(1)).mean()


def _naive_split(z, t):
    s = scores(z, t)
    e = s.exp() * (1 - torch.eye(len(z), dtype=z.dtype))
    return (e.sum(1).log() - partner(s)).mean()


def _softmaxed(z, t):
    return choice(masked(scores(z, t)).softmax(1))


def _one_side_learns(z, t):
    return choice(masked(unit(z) @ unit(z.detach()).T / t))


def _without_gradient(z, t):
    with torch.no_grad():
        return choice(masked(scores(z, t)))


NT_XENT = {
    "self_pair_kept": [
        lambda z, t: choice(scores(z, t)),
        lambda z, t: (scores(z, t).logsumexp(1) - partner(scores(z, t))).mean(),
    ],
    "diagonal_set_to_zero": [
        lambda z, t: choice(masked(scores(z, t), 0.0)),
        lambda z, t: choice(scores(z, t) * (1 - torch.eye(len(z), dtype=z.dtype))),
    ],
    "other_view_masked": [_negatives_only, _negatives_by_subtraction],
    "not_normalised": [
        lambda z, t: choice(masked(z @ z.T / t)),
        lambda z, t: choice(masked(z @ z.T)),
    ],
    "normalised_over_the_batch": [
        lambda z, t: choice(masked(F.normalize(z, dim=0) @ F.normalize(z, dim=0).T / t)),
        lambda z, t: choice(masked((z / z.norm()) @ (z / z.norm()).T / t)),
    ],
    "temperature_forgotten": [lambda z, t: choice(masked(scores(z, 1.0)))],
    "temperature_multiplied": [lambda z, t: choice(masked(scores(z, 1.0) * t))],
    "temperature_squared": [
        lambda z, t: choice(masked(scores(z, t * t))),
        lambda z, t: choice(masked((unit(z) / t) @ (unit(z) / t).T)),
    ],
    "neighbours_taken_for_pairs": [_pairs_interleaved],
    "first_views_only": [_first_views],
    "other_half_only": [_other_half, _other_half_one_way],
    "sum_instead_of_mean": [
        lambda z, t: choice(masked(scores(z, t)), reduction="sum"),
        lambda z, t: choice(masked(scores(z, t)), reduction="sum") / (len(z) // 2),
    ],
    "sign_flipped": [
        lambda z, t: -choice(masked(scores(z, t))),
        lambda z, t: partner(masked(scores(z, t)).log_softmax(1)).mean(),
    ],
    "no_logarithm": [
        lambda z, t: -partner(masked(scores(z, t)).softmax(1)).mean(),
        lambda z, t: 1 - partner(masked(scores(z, t)).softmax(1)).mean(),
        lambda z, t: partner(masked(scores(z, t)).softmax(1)).mean(),
    ],
    "softmax_before_cross_entropy": [_softmaxed],
    "overflow": [_naive, _naive_masked, _naive_split],
    "masked_too_weakly": [
        lambda z, t: choice(masked(scores(z, t), -1.0)),
        lambda z, t: choice(masked(scores(z, t), -5.0)),
        lambda z, t: choice(masked(scores(z, t), -10.0)),
        lambda z, t: choice(masked(scores(z, 1.0), -1.0) / t),
        lambda z, t: choice(scores(z, t) - torch.eye(len(z), dtype=z.dtype)),
    ],
    "gradient_cut": [
        lambda z, t: choice(masked(scores(z, t))).detach(),
        lambda z, t: choice(masked(scores(z, t))).item(),
        _without_gradient,
        _one_side_learns,
    ],
}

# ---------------------------------------------------------------------- linear_probe_step


def probing(
    *,
    mode=lambda encoder: encoder.eval(),
    cut=True,
    clear=True,
    order=("clear", "backward", "step"),
    loss_of=lambda linear, features, labels: F.cross_entropy(linear(features), labels),
    sign=1.0,
    features_of=lambda features: features,
    result=lambda loss, linear, features, labels: loss.detach(),
):
    """The right way, with one or more of its parts changed."""

    def answer(encoder, linear, optimiser, images, labels):
        mode(encoder)
        with torch.set_grad_enabled(not cut):
            features = features_of(encoder(images))
        loss = loss_of(linear, features, labels)
        actions = {
            "clear": optimiser.zero_grad,
            "backward": lambda: (sign * loss).backward(),
            "step": optimiser.step,
        }
        for name in order:
            if clear or name != "clear":
                actions[name]()
        return result(loss, linear, features, labels)

    return answer


def _train(encoder):
    encoder.train()


def _as_it_was(encoder):
    return encoder


LINEAR_PROBE_STEP = {
    "encoder_trained_too": [probing(cut=False)],
    "batch_statistics_move": [probing(mode=_as_it_was), probing(mode=_train)],
    "whole_network_trained": [
        probing(mode=_as_it_was, cut=False),
        probing(mode=_train, cut=False),
    ],
    "gradient_not_cleared": [probing(clear=False)],
    "nothing_learnt": [
        probing(order=("clear", "backward")),
        probing(order=("clear", "step", "backward")),
        probing(order=("backward", "clear", "step")),
    ],
    "step_before_backward": [probing(order=("step", "clear", "backward"))],
    "uphill": [
        probing(sign=-1.0),
        probing(sign=-1.0, result=lambda loss, *_: -loss.detach()),
    ],
    "softmax_before_cross_entropy": [
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x).softmax(1), y)),
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x).log_softmax(1).exp(), y)),
    ],
    "sum_instead_of_mean": [
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x), y, reduction="sum")),
    ],
    "accuracy_returned": [
        probing(result=lambda loss, linear, x, y: (linear(x).argmax(1) == y).double().mean()),
        probing(result=lambda loss, linear, x, y: linear(x).detach()),
        probing(result=lambda loss, *_: None),
    ],
    "loss_after_the_step": [
        probing(result=lambda loss, linear, x, y: F.cross_entropy(linear(x), y).detach()),
    ],
    "graph_returned": [probing(result=lambda loss, *_: loss)],
    "features_normalised": [
        probing(features_of=lambda features: F.normalize(features, dim=1)),
        probing(features_of=lambda features: (features - features.mean(0)) / features.std(0)),
    ],
}
