"""What must hold of random distances: one in each bin, and more where the weight is."""

from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import positive
from course_utils.checks.plain import text

_double = torch.float64
DRAWN = ("the same seed", "the global generator")
FRESH = ("another seed", "the next draw")


def _edges(seed: int, bins: int, near: float = 0.5, **how: Any) -> Tensor:
    """Edges of uneven bins."""
    lengths = positive(seed, (bins,), 1.5, **how)
    return near + torch.cat([torch.zeros_like(lengths[:1]), lengths.cumsum(0)])


# ---------------------------------------------------------------- stratified_distances


def _bins(
    tried: str, seed: int, bins: int, rays: tuple[int, ...], mode: str = "value", **how: Any
) -> Case:
    edges = _edges(seed, bins, **how)
    return Case(tried, lambda: (edges.clone(), rays, seed + 31), mode=mode)


def _even(seed: int) -> Case:
    edges = torch.linspace(2.0, 6.0, 9) + 0.01 * (seed % 30)
    return Case("8 equal bins, 100 rays", lambda: (edges.clone(), (100,), seed + 31))


def _rays(seed: int) -> list[Case]:
    return [
        _even(seed),
        _bins("5 uneven bins, 160 rays", seed + 1, 5, (160,)),
        _bins("3 uneven bins, 240 rays, in float64", seed + 2, 3, (240,), dtype=_double),
    ]


def _layouts(seed: int) -> list[Case]:
    return [
        _bins("4 bins, rays (6, 10)", seed + 3, 4, (6, 10)),
        _bins("2 bins, rays (3, 4, 5)", seed + 4, 2, (3, 4, 5)),
    ]


def _generators(seed: int) -> list[Case]:
    return [_bins("6 bins, 7 rays, several generators", seed + 5, 6, (7,), "draws")]


STRATIFIED_PROPERTIES = (
    Property("bins", "every distance lies in its own bin", 5, _rays, ("bins",)),
    Property("spread", "spread evenly over the whole bin", 3, _rays, ("spread",)),
    Property("drawn", "a draw for every ray and every bin", 2, _rays, ("drawn",)),
    Property("layouts", "any shape of the batch of rays", 1, _layouts, ("bins", "drawn")),
    Property(
        "seeded",
        "the same seed gives the same distances, and nobody else's dice are used",
        1,
        _generators,
        DRAWN,
        formal=True,
    ),
    Property("fresh", "another seed, or the next draw, gives others", 1, _generators, FRESH),
    Property("form", "gives (*rays, bins)", 1, _layouts, ("form",), formal=True),
    Property("inputs", "leaves the edges as they were", 1, _rays, ("inputs",), formal=True),
)

# -------------------------------------------------------------------------- sample_pdf


def _drawn(
    tried: str, seed: int, edges: Tensor, weights: Tensor, count: int, mode: str = "value"
) -> Case:
    return Case(tried, lambda: (edges.clone(), weights.clone(), count, seed + 31), mode=mode)


def _alike(seed: int, bins: int, rays: int, scale: float = 0.3, **how: Any) -> Tensor:
    """The same weights for all rays."""
    return positive(seed, (bins,), scale, **how).expand(rays, bins).clone()


def _weighted(seed: int) -> list[Case]:
    words = "the share of the samples in each bin"
    given = torch.tensor([0.1, 0.4, 0.2]).expand(60, 3).clone()
    first = "edges 1, 2, 4, 5, weights 0.1, 0.4, 0.2, 24 samples of each of 60 rays"
    edges = torch.tensor([1.0, 2.0, 4.0, 5.0])
    return [
        _drawn(f"{first}: {words}", 0, edges, given, 24)
        if not seed
        else _drawn(f"3 bins: {words}", seed, _edges(seed, 3), _alike(seed + 1, 3, 60), 24),
        _drawn(
            f"6 uneven bins: {words}", seed + 2, _edges(seed + 2, 6), _alike(seed + 3, 6, 60), 24
        ),
        _drawn(
            f"4 uneven bins, weights that sum to more than 1, float64: {words}",
            seed + 4,
            _edges(seed + 4, 4, dtype=_double),
            _alike(seed + 5, 4, 60, 5.0, dtype=_double),
            24,
        ),
    ]


def _uneven(seed: int) -> list[Case]:
    return _weighted(seed)[1:]


def _gaps(seed: int) -> list[Case]:
    words = "the share of the samples in each bin"
    edges, some = _edges(seed + 6, 6), _alike(seed + 7, 6, 60)
    holes = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    wall = torch.tensor([0.0, 0.0, 1.0, 0.0])
    return [
        _drawn(f"6 bins, four without weight: {words}", seed + 6, edges, some * holes, 24),
        _drawn(
            f"all weight in the third of 4 bins: {words}",
            seed + 8,
            _edges(seed + 8, 4),
            wall.expand(60, 4).clone(),
            24,
        ),
    ]


def _empty(seed: int) -> list[Case]:
    words = "the share of the samples in each bin"
    some = _alike(seed + 11, 4, 60)
    some[::2] = 0
    return [
        _drawn(
            f"4 uneven bins, no weight at all: {words}",
            seed + 10,
            _edges(seed + 10, 4),
            torch.zeros(60, 4),
            24,
        ),
        _drawn(
            f"every other ray without weight: {words}", seed + 12, _edges(seed + 12, 4), some, 24
        ),
    ]


def _different(seed: int) -> list[Case]:
    return [
        _drawn(
            "60 rays with weights of their own, 5 bins, 16 samples",
            seed + 13,
            _edges(seed + 13, 5),
            positive(seed + 14, (60, 5), 0.5) ** 3,
            16,
        )
    ]


def _generators(seed: int) -> list[Case]:
    weights = positive(seed + 15, (3, 4))
    words = "4 bins, 3 rays, several generators"
    return [_drawn(words, seed + 15, _edges(seed + 16, 4), weights, 6, "draws")]


def _learning(seed: int) -> list[Case]:
    weights = positive(seed + 17, (2, 4))
    case = _drawn(
        "weights that hang on a field", seed + 17, _edges(seed + 18, 4), weights, 5, "learning"
    )
    return [Case(case.tried, case.make, {"gradient": text("no gradient")}, "learning")]


PDF_PROPERTIES = (
    Property("shares", "each bin its share of the weight", 12, _weighted, ("value",)),
    Property("gaps", "no sample where there is no weight", 6, _gaps, ("value",)),
    Property("places", "spread evenly within the bins", 4, _uneven, ("places",)),
    Property("empty", "a ray without weight is sampled evenly", 2, _empty, ("value",)),
    Property("strata", "one sample in each equal part of the weight", 6, _different, ("strata",)),
    Property("drawn", "a draw for every sample of every ray", 1, _different, ("drawn",)),
    Property("order", "sorted from near to far", 2, _different, ("order",)),
    Property("gradient", "no gradient goes through the samples", 3, _learning, formal=True),
    Property("seeded", "it draws from the generator, and from no other", 1, _generators, DRAWN,
             formal=True),
    Property("fresh", "another seed, or the next draw, gives others", 1, _generators, FRESH),
    Property("form", "gives (rays, count)", 1, _different, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _different, ("inputs",),
             formal=True),
)  # fmt: skip
