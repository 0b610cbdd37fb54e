"""Wrong and right answers to voxel_iou."""

import torch


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


WRONG = {
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


def _iou(predicted, truth, threshold):
    full = predicted > threshold
    both = (full & truth).sum((1, 2, 3))
    either = (full | truth).sum((1, 2, 3))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


def _iou_loop(predicted, truth, threshold):
    found = []
    for p, y in zip(predicted, truth, strict=True):
        mine = (p > threshold).flatten().nonzero()[:, 0].tolist()
        real = y.flatten().nonzero()[:, 0].tolist()
        union = set(mine) | set(real)
        found.append(len(set(mine) & set(real)) / len(union) if union else 1.0)
    return torch.tensor(found)


def _iou_sizes(predicted, truth, threshold):
    """|A or B| = |A| + |B| - |A and B|."""
    p, y = (predicted > threshold).flatten(1).float(), truth.flatten(1).float()
    both = (p * y).sum(1)
    either = p.sum(1) + y.sum(1) - both
    return (both + (either == 0)) / (either + (either == 0))


def _iou_nan(predicted, truth, threshold):
    p = torch.gt(predicted, threshold).flatten(1)
    ratio = torch.logical_and(p, truth.flatten(1)).sum(1) / torch.logical_or(
        p, truth.flatten(1)
    ).sum(1)
    return torch.nan_to_num(ratio, nan=1.0)


def _iou_extremes(predicted, truth, threshold):
    p, y = (predicted > threshold).double().flatten(1), truth.double().flatten(1)
    both, either = torch.minimum(p, y).sum(1), torch.maximum(p, y).sum(1)
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones_like(both))


RIGHT = {
    "and, or": _iou,
    "sets": _iou_loop,
    "sizes": _iou_sizes,
    "NaN replaced": _iou_nan,
    "least and largest, in float64": _iou_extremes,
}


# What the first variant of each mistake earns.
MARKS = {
    "soft": 0,
    "threshold_ignored": 2.25,
    "everything_counted_full": 0,
    "threshold_on_logits": 0,
    "below_the_threshold": 0,
    "equal_counted_full": 2.75,
    "sum_for_union": 0.75,
    "dice": 1,
    "recall": 1,
    "precision": 0.75,
    "smaller_for_union": 0.75,
    "union_over_intersection": 0.75,
    "over_the_whole_grid": 0,
    "accuracy": 0.75,
    "one_minus": 0,
    "empty_voxels_compared": 0.75,
    "pooled_over_the_batch": 1,
    "mean_returned": 0.75,
    "slices_judged": 0.75,
    "nan_for_empty": 2.75,
    "zero_for_empty": 2.75,
    "one_added_to_both": 0.75,
    "numbers_for_tensor": 0,
}
