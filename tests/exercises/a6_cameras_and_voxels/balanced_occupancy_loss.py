"""Wrong and right answers to balanced_occupancy_loss."""

import math

import torch
from torch.nn import functional as F


def parts(x, y):
    """-log p at the full voxels and -log(1 - p) at the empty ones, flat, and the counts."""
    y = y.flatten(1)
    miss, alarm = F.softplus(-x.flatten(1)) * y, F.softplus(x.flatten(1)) * ~y
    return miss, alarm, y.sum(1), (~y).sum(1)


def balanced(x, y):
    miss, alarm, full, empty = parts(x, y)
    return (miss.sum(1) / full + alarm.sum(1) / empty).mean() / 2


def refusing(answer, exception=ValueError, wrong=lambda some: some.all(1) | ~some.any(1)):
    def guarded(x, y):
        if bool(wrong(y.flatten(1)).any()):
            raise exception("every object needs full and empty voxels")
        return answer(x, y)

    return guarded


def both(*answers):
    """With and without the test for objects of one kind of voxel."""
    return [form for answer in answers for form in (refusing(answer), answer)]


def naive(x, y, tiny=0.0):
    p, y = torch.sigmoid(x.flatten(1)), y.flatten(1)
    miss = torch.where(y, -torch.log(p + tiny), torch.zeros_like(p))
    alarm = torch.where(y, torch.zeros_like(p), -torch.log(1 - p + tiny))
    return (miss.sum(1) / y.sum(1) + alarm.sum(1) / (~y).sum(1)).mean() / 2


def _multiplied(x, y):
    """0 times an infinity where the sigmoid is rounded."""
    p, y = torch.sigmoid(x.flatten(1)), y.flatten(1).to(x)
    miss, alarm = -(y * torch.log(p)), -((1 - y) * torch.log(1 - p))
    return (miss.sum(1) / y.sum(1) + alarm.sum(1) / (1 - y).sum(1)).mean() / 2


def _pooled(x, y):
    miss, alarm, full, empty = parts(x, y)
    return (miss.sum() / full.sum() + alarm.sum() / empty.sum()) / 2


def _inverted(x, y):
    miss, alarm, full, empty = parts(x, y)
    return (miss.sum(1) / empty + alarm.sum(1) / full).mean() / 2


def _weighted_by_share(x, y):
    miss, alarm, full, empty = parts(x, y)
    return ((miss.sum(1) * full + alarm.sum(1) * empty) / y[0].numel() ** 2).mean()


def _only_full_weighted(x, y):
    miss, alarm, full, empty = parts(x, y)
    return ((miss.sum(1) * empty / full + alarm.sum(1)) / y[0].numel()).mean()


def _sigmoid_twice(x, y):
    return balanced(torch.sigmoid(x), y)


def _squares(x, y):
    p, y = torch.sigmoid(x.flatten(1)), y.flatten(1)
    miss, alarm = (1 - p) ** 2 * y, p**2 * ~y
    return (miss.sum(1) / y.sum(1) + alarm.sum(1) / (~y).sum(1)).mean() / 2


def _mistakes(x, y):
    p, y = torch.sigmoid(x.flatten(1)), y.flatten(1)
    return (((1 - p) * y).sum(1) / y.sum(1) + (p * ~y).sum(1) / (~y).sum(1)).mean() / 2


def _dice(x, y):
    p, y = torch.sigmoid(x.flatten(1)), y.flatten(1)
    return (1 - 2 * (p * y).sum(1) / (p.sum(1) + y.sum(1))).mean()


def _each(x, y):
    miss, alarm, full, empty = parts(x, y)
    return (miss.sum(1) / full + alarm.sum(1) / empty) / 2


def _asserting(x, y):
    flat = y.flatten(1)
    assert bool((flat.any(1) & ~flat.all(1)).all())
    return balanced(x, y)


def _clamped(x, y):
    miss, alarm, full, empty = parts(x, y)
    return (miss.sum(1) / full.clamp_min(1) + alarm.sum(1) / empty.clamp_min(1)).mean() / 2


def no_grad(x, y):
    with torch.no_grad():
        return balanced(x, y)


WRONG = {
    "every_voxel_alike": both(
        lambda x, y: F.binary_cross_entropy_with_logits(x, y.to(x)),
    ),
    "weights_inverted": both(_inverted),
    "weighted_by_share": both(_weighted_by_share),
    "full_counted_up_only": both(_only_full_weighted),
    "balanced_over_the_batch": both(_pooled),
    "not_halved": both(lambda x, y: 2 * balanced(x, y)),
    "full_only": both(lambda x, y: (parts(x, y)[0].sum(1) / parts(x, y)[2]).mean()),
    "empty_only": both(lambda x, y: (parts(x, y)[1].sum(1) / parts(x, y)[3]).mean()),
    "summed_over_voxels": both(
        lambda x, y: F.binary_cross_entropy_with_logits(x, y.to(x), reduction="sum"),
        lambda x, y: (parts(x, y)[0] + parts(x, y)[1]).sum(1).mean(),
    ),
    "summed_over_objects": both(lambda x, y: balanced(x, y) * len(x)),
    "one_loss_per_object": both(_each),
    "sign_flipped": both(lambda x, y: -balanced(x, y)),
    "full_and_empty_swapped": both(lambda x, y: balanced(x, ~y), lambda x, y: balanced(-x, y)),
    "sigmoid_twice": both(_sigmoid_twice),
    "bits": both(lambda x, y: balanced(x, y) / math.log(2)),
    "squared_error": both(_squares),
    "no_logarithm": both(_mistakes),
    "dice": both(_dice),
    "overflow": both(naive, _multiplied),
    "epsilon_in_log": both(lambda x, y: naive(x, y, 1e-6), lambda x, y: naive(x, y, 1e-4)),
    "one_kind_accepted": [
        balanced,
        _clamped,
        refusing(_clamped, wrong=lambda some: ~some.any(1)),
        refusing(_clamped, wrong=lambda some: some.all(1)),
        refusing(_clamped, wrong=lambda some: ~some.any(1).expand(1) & ~some.any()),
    ],
    "wrong_exception": [
        _asserting,
        *(refusing(balanced, kind) for kind in (RuntimeError, TypeError, Exception)),
    ],
    "gradient_cut": [
        refusing(lambda x, y: balanced(x, y).detach()),
        refusing(no_grad),
        refusing(lambda x, y: torch.tensor(balanced(x, y).item())),
    ],
}


def _refuse(occupancy):
    for grid in occupancy:
        if not grid.any() or grid.all():
            raise ValueError("an object is all empty or all full")


def _loss_softplus(logits, occupancy):
    _refuse(occupancy)
    y, x = occupancy.flatten(1).to(logits), logits.flatten(1)
    full = (F.softplus(-x) * y).sum(1) / y.sum(1)
    empty = (F.softplus(x) * (1 - y)).sum(1) / (1 - y).sum(1)
    return ((full + empty) / 2).mean()


def _loss_loop(logits, occupancy):
    _refuse(occupancy)
    losses = []
    for x, y in zip(logits, occupancy, strict=True):
        losses.append(-0.5 * F.logsigmoid(x[y]).mean() - 0.5 * F.logsigmoid(-x[~y]).mean())
    return torch.stack(losses).mean()


def _loss_weights(logits, occupancy):
    _refuse(occupancy)
    share = occupancy.flatten(1).to(logits).mean(1).view(-1, 1, 1, 1)
    weight = torch.where(occupancy, 0.5 / share, 0.5 / (1 - share))
    return F.binary_cross_entropy_with_logits(logits, occupancy.to(logits), weight=weight)


def _loss_signed(logits, occupancy):
    _refuse(occupancy)
    sign = 2.0 * occupancy.to(logits) - 1
    each = F.softplus(-sign * logits).flatten(1)
    full = occupancy.flatten(1)
    means = [each[k][full[k]].mean() + each[k][~full[k]].mean() for k in range(len(each))]
    return sum(means) / (2 * len(means))


RIGHT = {
    "softplus": _loss_softplus,
    "loop with logsigmoid": _loss_loop,
    "weights": _loss_weights,
    "signs": _loss_signed,
    "in float64": lambda x, y: _loss_softplus(x.double(), y),
}


# What the first variant of each mistake earns.
MARKS = {
    "every_voxel_alike": 0.8,
    "weights_inverted": 0,
    "weighted_by_share": 0,
    "full_counted_up_only": 0,
    "balanced_over_the_batch": 2.2,
    "not_halved": 0,
    "full_only": 0.8,
    "empty_only": 0.8,
    "summed_over_voxels": 0,
    "summed_over_objects": 2,
    "one_loss_per_object": 1.8,
    "sign_flipped": 0,
    "full_and_empty_swapped": 0.8,
    "sigmoid_twice": 0,
    "bits": 0,
    "squared_error": 0,
    "no_logarithm": 0,
    "dice": 0,
    "overflow": 2.6,
    "epsilon_in_log": 2.6,
    "one_kind_accepted": 2.8,
    "wrong_exception": 2.8,
    "gradient_cut": 2.6,
}
