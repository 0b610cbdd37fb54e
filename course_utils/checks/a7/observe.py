"""What is seen of random distances: not the draws themselves, only what all right answers share."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import form
from course_utils.checks.plain import Plain, copy_out, difference, is_tensor, number, text

TOLERANCE = 0.045  # of a share of 1,400 samples: more than three standard errors
STRATUM = 2e-4  # by how much rounding may move a sample across the border of its stratum
_Generator, _tensor, _double = torch.Generator, torch.tensor, torch.float64
_rng_state, _manual_seed, _equal = torch.get_rng_state, torch.manual_seed, torch.equal
_cat, _zeros, _where = torch.cat, torch.zeros, torch.where
_searchsorted, _linspace, _arange = torch.searchsorted, torch.linspace, torch.arange
_cumsum, _stack = torch.cumsum, torch.stack


def _seeded(seed: int) -> torch.Generator:
    return _Generator("cpu").manual_seed(seed)


def seen_draws(draw: Callable[[torch.Generator], object], seed: int) -> Seen:
    """Sees same and other generators, while the global one is set to different states."""
    runs, global_used = [], False
    for global_seed, own_seed in enumerate((seed, seed, seed + 1)):
        _manual_seed(global_seed)
        before = _rng_state()
        runs.append(copy_out(draw(_seeded(own_seed))).values)
        global_used = global_used or not _equal(before, _rng_state())
    going_on = _seeded(seed)
    first, second = (copy_out(draw(going_on)).values for _ in range(2))
    return {
        "the same seed": _same(runs[0], runs[1]),
        "the global generator": text("was used" if global_used else "left alone"),
        "another seed": _same(runs[1], runs[2]),
        "the next draw": _same(first, second),
    }


def _same(first: tuple, second: tuple) -> Plain:
    return text("the same distances" if first == second else "other distances")


def _left_alone(before: list[Plain], inputs: tuple, names: tuple[str, ...]) -> Plain:
    after = map(copy_out, inputs)
    changed = [n for n, old, new in zip(names, before, after, strict=True) if difference(old, new)]
    return text(f"changed in place: {', '.join(changed)}" if changed else "left as they were")


def _table(plain: Plain, shape: tuple[int, ...]) -> Tensor | None:
    """The numbers as (rays, samples) in float64; None where they are no such table."""
    if plain.kind != "tensor" or plain.shape != shape or not plain.finite:
        return None
    return _tensor(plain.values, dtype=_double).view(-1, shape[-1])


def _unfit(plain: Plain, shape: tuple[int, ...]) -> Plain:
    if plain.kind == "tensor" and plain.shape == shape:
        return text("some distances are NaN or infinite")
    return text("there is not one distance for each ray and each place")


def _unevenness(shares: Tensor) -> float:
    """Largest distance between the distribution of these shares and the even one on [0, 1]."""
    ordered = shares.flatten().sort().values
    return float((ordered - _linspace(0, 1, ordered.numel(), dtype=_double)).abs().max())


# ---------------------------------------------------------------- stratified_distances


def observe_stratified(function: Callable[..., Any], case: Case) -> Seen:
    """Sees whether every distance lies in its bin, how they spread, and who shares a draw.

    Mode "draws" calls with the same and with other generators. The case's last argument is a seed.
    """
    edges, rays, seed = case.make()
    if case.mode == "draws":
        return seen_draws(lambda generator: function(edges, rays, generator), seed)
    before = [copy_out(edges)]
    result = function(edges, rays, _seeded(seed))
    plain, shape = copy_out(result), (*rays, len(edges) - 1)
    distances, border = _table(plain, shape), case.make()[0].double()
    seen = {
        "form": text(form(result)),
        "inputs": _left_alone(before, (edges,), ("edges",)),
    }
    if distances is None:
        return seen | dict.fromkeys(("bins", "spread", "drawn"), _unfit(plain, shape))
    shares = (distances - border[:-1]) / border.diff()
    return seen | {"bins": _bins(shares), "spread": _spread(shares), "drawn": _drawn(shares)}


def _bins(shares: Tensor) -> Plain:
    inside = (shares > -1e-4) & (shares < 1 + 1e-4)
    if bool(inside.all()):
        return text("every distance lies in its own bin")
    outside = "no" if not bool(inside.any()) else "not every"
    return text(f"{outside} distance lies in its own bin")


def _spread(shares: Tensor) -> Plain:
    low, high = float(shares.min()), float(shares.max())
    if high - low < 1e-3:
        names = {0: "at the near edge", 5: "in the middle", 10: "at the far edge"}
        return text(f"always {names.get(round(10 * low), 'at one place')} of the bin")
    if low < -1e-4 or high > 1 + 1e-4 or low > 0.05 or high < 0.95:
        ends = (round(20 * end) * 5 for end in (low, high))  # to the next 5 %
        return text("from {} % to {} % of the bin".format(*ends))
    even = _unevenness(shares) < 2.5 / shares.numel() ** 0.5
    return text("evenly over the whole bin" if even else "over the whole bin, but unevenly")


def _drawn(shares: Tensor) -> Plain:
    if float((shares - shares[:1]).abs().max()) < 1e-4:
        return text("all rays share one draw")
    if float((shares - shares[:, :1]).abs().max()) < 1e-4:
        return text("all bins of a ray share one draw")
    return text("every ray and every bin has its own draw")


# -------------------------------------------------------------------------- sample_pdf


def observe_pdf(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the share of the samples in each bin, where in the bins they are, and their strata.

    Mode "draws" calls with the same and with other generators, mode "learning" looks for a
    gradient. The case's last argument is a seed.
    """
    edges, weights, count, seed = case.make()
    if case.mode == "draws":
        return seen_draws(lambda generator: function(edges, weights, count, generator), seed)
    if case.mode == "learning":
        result = function(edges, weights.requires_grad_(True), count, _seeded(seed))
        held = is_tensor(result) and result.requires_grad
        return {"gradient": text("it hangs on the weights" if held else "no gradient")}
    before = [copy_out(edges), copy_out(weights)]
    result = function(edges, weights, count, _seeded(seed))
    plain, shape = copy_out(result), (*weights.shape[:-1], count)
    seen = {
        "form": text(form(result)),
        "inputs": _left_alone(before, (edges, weights), ("edges", "weights")),
    }
    samples = _table(plain, shape)
    if samples is None:
        names = ("value", "places", "strata", "order", "drawn")
        return seen | dict.fromkeys(names, _unfit(plain, shape))
    border, share = (tensor.double() for tensor in case.make()[:2])
    return seen | _judged(samples, border, _mass(border, share.view(len(samples), -1)))


def _mass(edges: Tensor, weights: Tensor) -> Tensor:
    """The share of each bin in its ray; of its length, where a ray has no weight at all."""
    total = weights.sum(-1, keepdim=True)
    mass = _where(total > 0, weights, edges.diff().expand_as(weights))
    return mass / mass.sum(-1, keepdim=True)


def _judged(samples: Tensor, edges: Tensor, mass: Tensor) -> Seen:
    place = _searchsorted(edges, samples.clamp(edges[0], edges[-1]), right=True) - 1
    place = place.clamp(0, mass.shape[-1] - 1)
    inside = (samples - edges[place]) / edges.diff()[place]
    reached = _cat([_zeros(len(mass), 1, dtype=_double), _cumsum(mass, -1)], -1)
    level = reached.gather(-1, place) + inside.clamp(0, 1) * mass.gather(-1, place)
    return {
        "value": _shares(samples, edges, place, mass),
        "places": _places(inside),
        "strata": _strata(level),
        "order": _order(samples, place),
        "drawn": _own_levels(level),
    }


def _order(samples: Tensor, place: Tensor) -> Plain:
    step, same_bin = samples.diff(dim=-1), place.diff(dim=-1) == 0
    if bool((step >= -1e-5).all()):
        return text("from near to far")
    backwards = bool((step[same_bin] <= 1e-5).all()) and bool((step[~same_bin] >= 0).all())
    return text("from far to near within each bin" if backwards else "not in order")


def _shares(samples: Tensor, edges: Tensor, place: Tensor, mass: Tensor) -> Plain:
    """The share of all samples in each bin: the expected number itself where it is near that."""
    within = (samples > edges[0] - 1e-4) & (samples < edges[-1] + 1e-4)
    bins = _arange(mass.shape[-1])
    came = ((place[..., None] == bins) & within[..., None]).double().mean((0, 1))
    expected = mass.mean(0)
    pairs = zip(came.tolist(), expected.tolist(), strict=True)
    shares = [e if abs(c - e) < TOLERANCE else round(c, 2) for c, e in pairs]
    return number(*shares, shape=(len(shares),))


def _places(inside: Tensor) -> Plain:
    if float(inside.min()) < -1e-3 or float(inside.max()) > 1 + 1e-3:
        return text("some samples lie outside all bins")
    to_edge = (inside - inside.round()).abs()
    if float(to_edge.max()) < 1e-3:
        return text("all samples lie on edges of bins")
    if float((inside - 0.5).abs().max()) < 1e-3:
        return text("all samples lie in the middles of bins")
    even = _unevenness(inside) < 0.06
    return text("evenly within the bins" if even else "unevenly within the bins")


def _strata(level: Tensor) -> Plain:
    count = level.shape[-1]
    ordered, low = level.sort(-1).values, _arange(count, dtype=_double) / count
    fits = (ordered > low - STRATUM) & (ordered < low + 1 / count + STRATUM)
    good = bool(fits.all())
    return text(
        f"one sample in each of the {count} equal parts of the weight"
        if good
        else "some equal parts of the weight have several samples, some none"
    )


def _own_levels(level: Tensor) -> Plain:
    ordered = level.sort(-1).values
    if float((ordered - ordered[:1]).abs().max()) < 1e-3:
        return text("all rays share one draw")
    steps = ordered.diff(dim=-1)
    if float((steps - steps.mean()).abs().max()) < 1e-3:
        return text("all samples of a ray share one draw")
    return text("every sample has its own draw")
