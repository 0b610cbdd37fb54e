"""Wrong and right answers to sort_and_composite."""

import torch


def exclusive(alpha):
    """What reaches each Gaussian, and what is left behind the last."""
    passed = torch.cumprod(1 - alpha, 0)
    return torch.cat([torch.ones_like(alpha[:1]), passed[:-1]]), passed[-1]


def painting(
    *,
    order=torch.argsort,
    sort_alpha=True,
    sort_colours=True,
    reaches=exclusive,
    weights=lambda w: w,
    behind=lambda left, w: left,
):
    """The right way, with one or more of its parts changed."""

    def answer(alpha, depths, colours, background):
        index = order(depths)
        alpha = alpha[index] if sort_alpha else alpha
        colours = colours[index] if sort_colours else colours
        before, left = reaches(alpha)
        shares = weights(before * alpha)
        picture = torch.einsum("nhw,nc->chw", shares, colours)
        return picture + behind(left, shares) * background[:, None, None]

    return answer


def _inclusive(alpha):
    passed = torch.cumprod(1 - alpha, 0)
    return passed, passed[-1]


def _inclusive_by_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for i in depths.argsort():
        left = left * (1 - alpha[i])
        picture = picture + left * alpha[i] * colours[i][:, None, None]
    return picture + left * background[:, None, None]


def _subtracted(alpha):
    before = 1 - (alpha.cumsum(0) - alpha)
    return before, 1 - alpha.sum(0)


def _subtracted_held(alpha):
    before, left = _subtracted(alpha)
    return before.clamp(min=0), left.clamp(min=0)


def _fog(alpha):
    return torch.exp(-(alpha.cumsum(0) - alpha)), torch.exp(-alpha.sum(0))


def _plain(alpha):
    return torch.ones_like(alpha), torch.prod(1 - alpha, 0)


def _painter_from_near_to_far(alpha, depths, colours, background):
    picture = background[:, None, None] * torch.ones_like(alpha[0])
    for i in depths.argsort():  # the painter's way, begun at the wrong end
        picture = alpha[i] * colours[i][:, None, None] + (1 - alpha[i]) * picture
    return picture


def _unsorted_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for share, colour in zip(alpha, colours, strict=True):
        picture = picture + left * share * colour[:, None, None]
        left = left * (1 - share)
    return picture + left * background[:, None, None]


def _numbers(alpha, depths, colours, background):
    return painting()(alpha, depths, colours, background).detach()


WRONG = {
    "back_to_front": [
        painting(order=lambda depths: torch.argsort(depths, descending=True)),
        _painter_from_near_to_far,
    ],
    "not_sorted": [painting(sort_alpha=False, sort_colours=False), _unsorted_loop],
    "colours_left_behind": [painting(sort_colours=False)],
    "alpha_left_behind": [painting(sort_alpha=False)],
    "ranks_for_order": [painting(order=lambda depths: depths.argsort().argsort())],
    "inclusive": [painting(reaches=_inclusive), _inclusive_by_loop],
    "transmittance_forgotten": [
        painting(reaches=_plain),
        painting(reaches=_plain, behind=lambda left, w: 1 - w.sum(0)),
    ],
    "shares_subtracted": [painting(reaches=_subtracted), painting(reaches=_subtracted_held)],
    "alpha_as_density": [painting(reaches=_fog)],
    "background_forgotten": [painting(behind=lambda left, w: 0 * left)],
    "background_unweighted": [painting(behind=lambda left, w: 1)],
    "background_where_covered": [painting(behind=lambda left, w: 1 - left)],
    "last_one_lets_all_through": [
        painting(reaches=lambda alpha: (exclusive(alpha)[0], exclusive(alpha)[0][-1])),
    ],
    "weights_stretched": [
        painting(weights=lambda w: w / w.sum(0), behind=lambda left, w: 0),
        painting(weights=lambda w: w / w.sum(0)),
        painting(weights=lambda w: w / (w.sum(0) + 1e-8)),
    ],
    "gradient_cut": [_numbers],
}


def _picture_cumprod(alpha, depths, colours, background):
    order = depths.argsort()
    alpha, colours = alpha[order], colours[order]
    passed = torch.cumprod(1 - alpha, 0)
    weights = alpha * torch.cat([torch.ones_like(passed[:1]), passed[:-1]])
    picture = torch.einsum("nhw,nc->chw", weights, colours)
    return picture + passed[-1] * background[:, None, None]


def _picture_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for i in torch.argsort(depths).tolist():
        picture = picture + left * alpha[i] * colours[i][:, None, None]
        left = left * (1 - alpha[i])
    return picture + left * background[:, None, None]


def _picture_painter(alpha, depths, colours, background):
    height, width = alpha.shape[1:]
    picture = background[:, None, None].expand(3, height, width)
    for i in depths.argsort(descending=True):  # far to near, each "over" what is there
        picture = torch.lerp(picture, colours[i][:, None, None], alpha[i])
    return picture


def _picture_logarithms(alpha, depths, colours, background):
    _, order = depths.sort()
    logs = torch.log1p(-alpha[order])
    sums = logs.cumsum(0)
    weights = alpha[order] * (sums - logs).exp()
    picture = torch.tensordot(colours[order], weights, dims=([0], [0]))
    return picture + sums[-1].exp() * background.view(3, 1, 1)


def _picture_whoever_is_nearer(alpha, depths, colours, background):
    nearer = depths[None, :] < depths[:, None]  # no sorting at all
    lets_through = torch.where(nearer[:, :, None, None], 1 - alpha[None], 1).prod(1)
    weights = (alpha * lets_through)[:, None]
    behind = 1 - weights.sum(0)
    return (weights * colours[:, :, None, None]).sum(0) + behind * background[:, None, None]


def _picture_double(alpha, depths, colours, background):
    return _picture_cumprod(*(x.double() for x in (alpha, depths, colours, background)))


RIGHT = {
    "cumprod": _picture_cumprod,
    "loop, near to far": _picture_loop,
    "painter, far to near": _picture_painter,
    "logarithms": _picture_logarithms,
    "every pair": _picture_whoever_is_nearer,
    "float64": _picture_double,
}


# What the first variant of each mistake earns.
MARKS = {
    "back_to_front": 0.75,
    "not_sorted": 1.75,
    "colours_left_behind": 1.75,
    "alpha_left_behind": 1.75,
    "ranks_for_order": 1.75,
    "inclusive": 0,
    "transmittance_forgotten": 0.75,
    "shares_subtracted": 0.75,
    "alpha_as_density": 0,
    "background_forgotten": 0,
    "background_unweighted": 0.75,
    "background_where_covered": 0,
    "last_one_lets_all_through": 0.75,
    "weights_stretched": 0,
    "gradient_cut": 3.25,
}
