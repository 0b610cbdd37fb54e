"""Wrong and right answers to densify_mask."""

import torch


def lengths_of(gradients):
    return gradients.norm(dim=-1)


def mean_where_seen(lengths):
    seen = (lengths > 0).sum(0)
    return lengths.sum(0) / seen.clamp(min=1)


def growing(
    *,
    length=lengths_of,
    over=mean_where_seen,
    size=lambda scales: scales.amax(-1),
    pulls=lambda pull, limit: pull > limit,
    masks=lambda pulled, large: (pulled & ~large, pulled & large),
):
    """The right way, with one or more of its parts changed."""

    def answer(gradients, scales, pull_limit, size_limit):
        pulled = pulls(over(length(gradients)), pull_limit)
        return masks(pulled, size(scales) > size_limit)

    return answer


def _mean_before(gradients, scales, pull_limit, size_limit):
    seen = (gradients.norm(dim=-1) > 0).sum(0).clamp(min=1)
    pull = (gradients.sum(0) / seen[:, None]).norm(dim=-1)
    return growing(over=lambda _: pull)(gradients, scales, pull_limit, size_limit)


def _mean_of_all_before(gradients, scales, pull_limit, size_limit):
    pull = gradients.mean(0).norm(dim=-1)
    return growing(over=lambda _: pull)(gradients, scales, pull_limit, size_limit)


def _as_numbers(pulled, large):
    return (pulled & ~large).float(), (pulled & large).float()


def _as_int(pulled, large):
    return (pulled & ~large).long(), (pulled & large).long()


WRONG = {
    "mean_before_length": [_mean_of_all_before, _mean_before],
    "unseen_counted": [growing(over=lambda lengths: lengths.mean(0))],
    "sum_not_mean": [growing(over=lambda lengths: lengths.sum(0))],
    "strongest_step": [growing(over=lambda lengths: lengths.amax(0))],
    "components_added": [
        growing(length=lambda g: g.abs().sum(-1)),
        growing(length=lambda g: g.sum(-1).abs()),
        growing(length=lambda g: g.sum(-1)),
    ],
    "larger_component": [
        growing(length=lambda g: g.abs().amax(-1)),
        growing(length=lambda g: g.amax(-1)),
    ],
    "length_squared": [growing(length=lambda g: g.square().sum(-1))],
    "half_length": [
        growing(length=lambda g: g.square().mean(-1).sqrt()),
        growing(length=lambda g: g.abs().mean(-1)),
    ],
    "limit_reversed": [growing(pulls=lambda pull, limit: pull < limit)],
    "clone_and_split_swapped": [
        growing(masks=lambda pulled, large: (pulled & large, pulled & ~large)),
    ],
    "split_whoever_is_large": [
        growing(masks=lambda pulled, large: (pulled & ~large, large)),
    ],
    "large_ones_cloned_too": [growing(masks=lambda pulled, large: (pulled, pulled & large))],
    "shortest_axis": [growing(size=lambda scales: scales.amin(-1))],
    "mean_axis": [growing(size=lambda scales: scales.mean(-1))],
    "volume_or_diagonal": [
        growing(size=lambda scales: scales.norm(dim=-1)),
        growing(size=lambda scales: scales.prod(-1)),
        growing(size=lambda scales: scales.prod(-1) ** (1 / 3)),
        growing(size=lambda scales: scales.sum(-1)),
    ],
    "one_mask": [
        growing(masks=lambda pulled, large: pulled),
        growing(masks=lambda pulled, large: pulled & large),
        growing(masks=lambda pulled, large: pulled & ~large),
    ],
    "numbers_not_masks": [growing(masks=_as_numbers), growing(masks=_as_int)],
}


def _masks_norm(gradients, scales, pull_limit, size_limit):
    lengths = gradients.norm(dim=-1)
    pull = lengths.sum(0) / (lengths > 0).sum(0).clamp(min=1)
    pulled, large = pull > pull_limit, scales.amax(dim=-1) > size_limit
    return pulled & ~large, pulled & large


def _masks_loop(gradients, scales, pull_limit, size_limit):
    clone = torch.zeros(len(scales), dtype=torch.bool)
    split = torch.zeros(len(scales), dtype=torch.bool)
    for k in range(len(scales)):
        lengths = [float(g.square().sum().sqrt()) for g in gradients[:, k] if bool(g.any())]
        if lengths and sum(lengths) / len(lengths) > pull_limit:
            (split if float(scales[k].max()) > size_limit else clone)[k] = True
    return clone, split


def _masks_nanmean(gradients, scales, pull_limit, size_limit):
    lengths = torch.hypot(gradients[..., 0], gradients[..., 1])
    pull = torch.where(lengths > 0, lengths, torch.nan).nanmean(0)  # never seen: NaN, not above
    large = (scales > size_limit).any(1)
    return [(pull > pull_limit) & large.logical_not(), (pull > pull_limit) & large]


def _masks_product(gradients, scales, pull_limit, size_limit):
    lengths = torch.linalg.vector_norm(gradients, dim=2)
    pulled = lengths.sum(0) > pull_limit * gradients.ne(0).any(2).sum(0)
    large = scales.max(dim=1).values.gt(size_limit)
    return torch.logical_and(pulled, ~large), torch.logical_and(pulled, large)


RIGHT = {
    "norm": _masks_norm,
    "loop": _masks_loop,
    "nanmean": _masks_nanmean,
    "without dividing": _masks_product,
}


# What the first variant of each mistake earns.
MARKS = {
    "mean_before_length": 1.5,
    "unseen_counted": 3.25,
    "sum_not_mean": 1.5,
    "strongest_step": 1.5,
    "components_added": 0,
    "larger_component": 0,
    "length_squared": 0,
    "half_length": 0,
    "limit_reversed": 0,
    "clone_and_split_swapped": 0,
    "split_whoever_is_large": 0,
    "large_ones_cloned_too": 0,
    "shortest_axis": 1,
    "mean_axis": 1,
    "volume_or_diagonal": 1,
    "one_mask": 0,
    "numbers_not_masks": 3.75,
}
