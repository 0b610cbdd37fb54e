"""Wrong answers of assignment 6 about voxels."""

import math

import torch
from torch.nn import functional as F

# ------------------------------------------------------------------------------- voxelise


def cells(points, resolution, side, shift=0.5, scale=None, whole=torch.floor):
    scale = resolution if scale is None else scale
    return whole((points / side + shift) * scale).long()


def filled(index, resolution, dtype=torch.bool):
    grid = torch.zeros((resolution,) * 3, dtype=dtype)
    grid[index.unbind(-1)] = 1
    return grid


def kept(index, resolution):
    return index[((index >= 0) & (index < resolution)).all(-1)]


def voxels(index=cells, keep=kept, grid=filled, result=lambda g: g):
    """The right way, with one or more of its parts changed."""
    return lambda points, resolution, side: result(
        grid(keep(index(points, resolution, side), resolution), resolution)
    )


def _wrapped(index, resolution):
    return index % resolution


def _clamped(index, resolution):
    return index.clamp(0, resolution - 1)


def _only_above(index, resolution):
    return index[(index < resolution).all(-1)].clamp_min(0)


def _only_below(index, resolution):
    return index[(index >= 0).all(-1)].clamp(max=resolution - 1)


def _one_axis_inside(index, resolution):
    return _clamped(index[((index >= 0) & (index < resolution)).any(-1)], resolution)


def _refused(index, resolution):
    if len(kept(index, resolution)) < len(index):
        raise ValueError("a point lies outside")
    return index


def _counts(index, resolution):
    flat = (index[:, 0] * resolution + index[:, 1]) * resolution + index[:, 2]
    return torch.bincount(flat, minlength=resolution**3).view((resolution,) * 3)


def _toggled(index, resolution):
    return _counts(index, resolution) % 2 == 1


def _lonely(index, resolution):
    return _counts(index, resolution) == 1


def _inside_the_border(index, resolution):
    return index[((index > 0) & (index < resolution - 1)).all(-1)]


def _every_combination(index, resolution):
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    grid[index[:, 0][:, None, None], index[:, 1][:, None], index[:, 2]] = True
    return grid


VOXELISE = {
    "z_first": [
        voxels(result=lambda g: g.permute(2, 1, 0)),
        voxels(result=lambda g: g.permute(2, 0, 1)),
    ],
    "x_and_y_swapped": [
        voxels(result=lambda g: g.transpose(0, 1)),
    ],
    "y_and_z_swapped": [voxels(result=lambda g: g.transpose(1, 2))],
    "axis_flipped": [
        voxels(result=lambda g: g.flip(2)),
        voxels(result=lambda g: g.flip(1)),
        voxels(result=lambda g: g.flip(0)),
    ],
    "truncated": [
        voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.trunc)),
        voxels(index=lambda p, r, s: ((p / s + 0.5) * r).long()),
        voxels(index=lambda p, r, s: ((p / s + 0.5) * r).int().long()),
    ],
    "rounded": [
        voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.round)),
        voxels(index=lambda p, r, s: cells(p, r, s, scale=r - 1, whole=torch.round)),
    ],
    "rounded_up": [voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.ceil))],
    "one_voxel_fewer": [voxels(index=lambda p, r, s: cells(p, r, s, scale=r - 1))],
    "middle_forgotten": [voxels(index=lambda p, r, s: cells(p, r, s, shift=0.0))],
    "half_a_unit_for_half_a_side": [
        voxels(index=lambda p, r, s: ((p + 0.5) / s * r).floor().long()),
    ],
    "side_ignored": [
        voxels(index=lambda p, r, s: cells(p, r, 1.0)),
        voxels(index=lambda p, r, s: ((p + 1) / 2 * r).floor().long()),
    ],
    "side_taken_for_half": [voxels(index=lambda p, r, s: cells(p, r, 2 * s))],
    "stretched_to_fit": [
        voxels(
            index=lambda p, r, s: (
                ((p - p.amin(0)) / (p.amax(0) - p.amin(0)).clamp_min(1e-9) * (r - 1e-3))
                .floor()
                .long()
            )
        ),
    ],
    "outside_clamped": [
        voxels(keep=_clamped),
        lambda p, r, s: filled(cells(p.clamp(-s / 2, s / 2 - 1e-6), r, s), r),
    ],
    "outside_wrapped": [
        voxels(keep=_wrapped),
        voxels(keep=lambda i, r: i[(i < r).all(-1) & (i >= -r).all(-1)]),
    ],
    "only_upper_border_tested": [voxels(keep=_only_above)],
    "only_lower_border_tested": [voxels(keep=_only_below)],
    "one_axis_suffices": [voxels(keep=_one_axis_inside)],
    "outside_raises": [
        voxels(keep=_refused),
        voxels(keep=lambda i, r: i),
    ],
    "border_voxels_lost": [voxels(keep=_inside_the_border)],
    "counts_returned": [voxels(grid=_counts), voxels(grid=lambda i, r: _counts(i, r).float())],
    "numbers_for_booleans": [
        voxels(result=lambda g: g.float()),
        voxels(result=lambda g: g.long()),
        voxels(result=lambda g: g.to(torch.uint8)),
    ],
    "toggled": [voxels(grid=_toggled)],
    "lonely_points_only": [voxels(grid=_lonely)],
    "every_combination": [voxels(grid=_every_combination)],
    "opposite": [voxels(result=lambda g: ~g)],
    "indices_returned": [voxels(grid=lambda i, r: i), voxels(result=lambda g: g.nonzero())],
    "flat": [voxels(result=lambda g: g.flatten())],
}

# ---------------------------------------------------------------- balanced_occupancy_loss


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


def _no_grad(x, y):
    with torch.no_grad():
        return balanced(x, y)


BALANCED_OCCUPANCY_LOSS = {
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
        refusing(_no_grad),
        refusing(lambda x, y: torch.tensor(balanced(x, y).item())),
    ],
}

# ------------------------------------------------------------------------------ voxel_iou


def sizes(p, y, t, full=lambda p, t: p > t):
    """Sizes of intersection, union, prediction, truth, for each object."""
    p, y = full(p, t).flatten(1), y.flatten(1)
    return (p & y).sum(1), (p | y).sum(1), p.sum(1), y.sum(1)


def iou(p, y, t, full=lambda p, t: p > t, none=1.0):
    both_, either, _, _ = sizes(p, y, t, full)
    return torch.where(either > 0, both_ / either.clamp(min=1), none)


def _soft(p, y, t):
    p, y = p.flatten(1), y.flatten(1).to(p)
    return (p * y).sum(1) / (p + y - p * y).sum(1)


def _soft_extremes(p, y, t):
    p, y = p.flatten(1), y.flatten(1).to(p)
    return torch.minimum(p, y).sum(1) / torch.maximum(p, y).sum(1)


def _masked(p, y, t):
    p, y = (p * (p > t)).flatten(1), y.flatten(1).to(p)
    return (p * y).sum(1) / torch.maximum(p, y).sum(1).clamp_min(1e-9)


def _ratio(up, down, none=1.0):
    def answer(p, y, t):
        top, bottom = up(*sizes(p, y, t)), down(*sizes(p, y, t))
        return torch.where(bottom > 0, top / bottom.clamp(min=1), none)

    return answer


def _pooled(p, y, t):
    full = p > t
    return ((full & y).sum() / (full | y).sum().clamp(min=1)).expand(len(p)).clone()


def _accuracy(p, y, t):
    return ((p > t) == y).flatten(1).float().mean(1)


def _rows(p, y, t):
    """Axes after the second are summed, so that slices are judged, not objects."""
    full = p > t
    both_, either = (full & y).sum((2, 3)), (full | y).sum((2, 3))
    return torch.where(either > 0, both_ / either.clamp(min=1), 1.0).mean(1)


VOXEL_IOU = {
    "soft": [_soft, _soft_extremes, _masked],
    "threshold_ignored": [
        lambda p, y, t: iou(p, y, 0.5),
        lambda p, y, t: iou(p, y, 0.5, lambda p, t: p.round().bool()),
    ],
    "everything_counted_full": [
        lambda p, y, t: iou(p, y, t, lambda p, t: p > 0),
        lambda p, y, t: iou(p, y, t, lambda p, t: p.bool()),
    ],
    "threshold_on_logits": [
        lambda p, y, t: iou(torch.sigmoid(p), y, t),
    ],
    "below_the_threshold": [lambda p, y, t: iou(p, y, t, lambda p, t: p < t)],
    "equal_counted_full": [lambda p, y, t: iou(p, y, t, lambda p, t: p >= t)],
    "sum_for_union": [_ratio(lambda i, u, p, y: i, lambda i, u, p, y: p + y)],
    "dice": [_ratio(lambda i, u, p, y: 2 * i, lambda i, u, p, y: p + y)],
    "recall": [_ratio(lambda i, u, p, y: i, lambda i, u, p, y: y)],
    "precision": [_ratio(lambda i, u, p, y: i, lambda i, u, p, y: p)],
    "smaller_for_union": [
        _ratio(lambda i, u, p, y: i, lambda i, u, p, y: torch.minimum(p, y)),
        _ratio(lambda i, u, p, y: i, lambda i, u, p, y: torch.maximum(p, y)),
    ],
    "union_over_intersection": [
        lambda p, y, t: sizes(p, y, t)[1] / sizes(p, y, t)[0],
        _ratio(lambda i, u, p, y: u, lambda i, u, p, y: i),
    ],
    "over_the_whole_grid": [
        lambda p, y, t: sizes(p, y, t)[0] / p[0].numel(),
        lambda p, y, t: ((p > t) & y).flatten(1).float().mean(1),
    ],
    "accuracy": [_accuracy],
    "one_minus": [lambda p, y, t: 1 - iou(p, y, t)],
    "empty_voxels_compared": [
        lambda p, y, t: iou(-p, ~y, -t, lambda p, t: p >= t),
    ],
    "pooled_over_the_batch": [_pooled],
    "mean_returned": [
        lambda p, y, t: iou(p, y, t).mean(),
        lambda p, y, t: _pooled(p, y, t)[0],
    ],
    "slices_judged": [_rows],
    "nan_for_empty": [lambda p, y, t: sizes(p, y, t)[0] / sizes(p, y, t)[1]],
    "zero_for_empty": [
        lambda p, y, t: iou(p, y, t, none=0.0),
        lambda p, y, t: sizes(p, y, t)[0] / (sizes(p, y, t)[1] + 1e-8),
    ],
    "one_added_to_both": [
        lambda p, y, t: (sizes(p, y, t)[0] + 1) / (sizes(p, y, t)[1] + 1),
    ],
    "numbers_for_tensor": [
        lambda p, y, t: iou(p, y, t).tolist(),
        lambda p, y, t: float(iou(p, y, t).mean()),
    ],
}
