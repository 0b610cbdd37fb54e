"""Wrong ways to say which Gaussians are cloned and which are split."""


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


DENSIFY_MASK = {
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
