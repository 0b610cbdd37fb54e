"""Distances drawn where a first look found weight."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, is_tensor, number, text
from course_utils.exercises.a7_nerf_quadrature import ray_samples
from course_utils.exercises.a7_nerf_quadrature.ray_samples import uneven_edges
from course_utils.vision3d.fields.ray_sampling import sample_pdf

TOLERANCE = 0.045  # of a share of 1,400 samples: more than three standard errors
STRATUM = 2e-4  # by how much rounding may move a sample across the border of its stratum
_outputs = observe_outputs(("edges", "weights", "count", "seed"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the share of the samples in each bin, where in the bins they are, and their strata.

    Mode "draws" calls with the same and with other generators, mode "learning" looks for a
    gradient. The case's last argument is a seed.
    """
    edges, weights, count, seed = case.make()
    if case.mode == "draws":
        return ray_samples.seen_draws(partial(function, edges, weights, count), seed)
    if case.mode == "learning":
        result = function(edges, weights.requires_grad_(True), count, ray_samples.generator(seed))
        held = is_tensor(result) and result.requires_grad
        return {"gradient": text("it hangs on the weights" if held else "no gradient")}
    seen = _outputs(lambda *given: function(*given[:3], ray_samples.generator(seed)), case)
    result, shape = seen["value"], (*weights.shape[:-1], count)
    samples = ray_samples.table(result, shape)
    if samples is None:
        names = ("value", "places", "strata", "order", "drawn")
        return seen | dict.fromkeys(names, ray_samples.unfit(result, shape))
    border, share = edges.double(), weights.double().view(len(samples), -1)
    return seen | _judged(samples, border, _mass(border, share))


def _mass(edges: Tensor, weights: Tensor) -> Tensor:
    """The share of each bin in its ray; of its length, where a ray has no weight at all."""
    total = weights.sum(-1, keepdim=True)
    mass = torch.where(total > 0, weights, edges.diff().expand_as(weights))
    return mass / mass.sum(-1, keepdim=True)


def _judged(samples: Tensor, edges: Tensor, mass: Tensor) -> Seen:
    place = torch.searchsorted(edges, samples.clamp(edges[0], edges[-1]), right=True) - 1
    place = place.clamp(0, mass.shape[-1] - 1)
    inside = (samples - edges[place]) / edges.diff()[place]
    reached = torch.cat([torch.zeros_like(mass[:, :1]), mass.cumsum(-1)], -1)
    level = reached.gather(-1, place) + inside.clamp(0, 1) * mass.gather(-1, place)
    return {
        "value": _shares(samples, edges, place, mass),
        "places": _places(inside),
        "strata": _strata(level),
        "order": _order(samples, place),
        "drawn": _draws(level),
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
    bins = torch.arange(mass.shape[-1])
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
    even = ray_samples.unevenness(inside) < 0.06
    return text("evenly within the bins" if even else "unevenly within the bins")


def _strata(level: Tensor) -> Plain:
    count = level.shape[-1]
    ordered, low = level.sort(-1).values, torch.arange(count, dtype=torch.float64) / count
    fits = (ordered > low - STRATUM) & (ordered < low + 1 / count + STRATUM)
    if bool(fits.all()):
        return text(f"one sample in each of the {count} equal parts of the weight")
    return text("some equal parts of the weight have several samples, some none")


def _draws(level: Tensor) -> Plain:
    ordered = level.sort(-1).values
    if float((ordered - ordered[:1]).abs().max()) < 1e-3:
        return text("all rays share one draw")
    steps = ordered.diff(dim=-1)
    if float((steps - steps.mean()).abs().max()) < 1e-3:
        return text("all samples of a ray share one draw")
    return text("every sample has its own draw")


exercise = Declared(sample_pdf, observe)


def _case(
    tried: str, seed: int, edges: Tensor, weights: Tensor, count: int, mode: str, expected=None
) -> Case:
    return Case(tried, lambda: (edges.clone(), weights.clone(), count, seed + 31), expected, mode)


def _counted(tried: str, seed: int, edges: Tensor, weights: Tensor) -> Case:
    """24 samples of each of 60 rays."""
    words = f"{tried}: the share of the samples in each bin"
    return _case(words, seed, edges, weights, 24, "value")


def _alike(seed: int, bins: int, scale: float = 0.3, **how: Any) -> Tensor:
    """The same weights for 60 rays."""
    return positive(seed, (bins,), scale, **how).repeat(60, 1)


@exercise.claim(12, "value")
def shares(seed: int) -> list[Case]:
    first = "edges 1, 2, 4, 5, weights 0.1, 0.4, 0.2, 24 samples of each of 60 rays"
    edges, given = torch.tensor([1.0, 2.0, 4.0, 5.0]), torch.tensor([0.1, 0.4, 0.2])
    fine = {"dtype": torch.float64}
    return [
        _counted("3 bins", seed, uneven_edges(seed, 3), _alike(seed + 1, 3))
        if seed
        else _counted(first, 0, edges, given.repeat(60, 1)),
        _counted("6 uneven bins", seed + 2, uneven_edges(seed + 2, 6), _alike(seed + 3, 6)),
        _counted(
            "4 uneven bins, weights that sum to more than 1, float64",
            seed + 4,
            uneven_edges(seed + 4, 4, **fine),
            _alike(seed + 5, 4, 5.0, **fine),
        ),
    ]


@exercise.claim(6, "value")
def gaps(seed: int) -> list[Case]:
    some = _alike(seed + 7, 6) * torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    wall = torch.tensor([0.0, 0.0, 1.0, 0.0]).repeat(60, 1)
    words = "6 bins, four without weight", "all weight in the third of 4 bins"
    return [
        _counted(words[0], seed + 6, uneven_edges(seed + 6, 6), some),
        _counted(words[1], seed + 8, uneven_edges(seed + 8, 4), wall),
    ]


@exercise.claim(4, "places")
def places(seed: int) -> list[Case]:
    return shares(seed)[1:]


@exercise.claim(2, "value")
def empty(seed: int) -> list[Case]:
    none, some = torch.zeros(60, 4), _alike(seed + 11, 4)
    some[::2] = 0
    words = "4 uneven bins, no weight at all", "every other ray without weight"
    return [
        _counted(words[0], seed + 10, uneven_edges(seed + 10, 4), none),
        _counted(words[1], seed + 12, uneven_edges(seed + 12, 4), some),
    ]


@exercise.claim(6, "strata")
def strata(seed: int) -> list[Case]:
    weights = positive(seed + 14, (60, 5), 0.5) ** 3
    words = "60 rays with weights of their own, 5 bins, 16 samples"
    return [_case(words, seed + 13, uneven_edges(seed + 13, 5), weights, 16, "value")]


exercise.claim(1, "drawn", name="drawn")(strata)
exercise.claim(2, "order", name="order")(strata)


@exercise.claim(3, formal=True)
def gradient(seed: int) -> list[Case]:
    edges, weights = uneven_edges(seed + 18, 4), positive(seed + 17, (2, 4))
    words, none = "weights that hang on a field", {"gradient": text("no gradient")}
    return [_case(words, seed + 17, edges, weights, 5, "learning", none)]


@exercise.claim(1, *ray_samples.DRAWN, formal=True)
def seeded(seed: int) -> list[Case]:
    edges, weights = uneven_edges(seed + 16, 4), positive(seed + 15, (3, 4))
    words = "4 bins, 3 rays, several generators"
    return [_case(words, seed + 15, edges, weights, 6, "draws")]


exercise.claim(1, *ray_samples.FRESH, name="fresh")(seeded)
exercise.form(strata)
