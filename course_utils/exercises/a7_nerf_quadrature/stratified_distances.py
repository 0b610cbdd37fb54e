"""A random distance in each bin of a ray."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, text
from course_utils.exercises.a7_nerf_quadrature import ray_samples
from course_utils.vision3d.fields.ray_sampling import stratified_distances

_outputs = observe_outputs(("edges", "rays", "seed"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees whether every distance lies in its bin, how they spread, and who shares a draw.

    Mode "draws" calls with the same and with other generators. The case's last argument is a seed.
    """
    edges, rays, seed = case.make()
    if case.mode == "draws":
        return ray_samples.seen_draws(partial(function, edges, rays), seed)
    seen = _outputs(lambda *given: function(*given[:2], ray_samples.generator(seed)), case)
    result, shape = seen.pop("value"), (*rays, len(edges) - 1)
    distances, border = ray_samples.table(result, shape), edges.double()
    if distances is None:
        return seen | dict.fromkeys(("bins", "spread", "drawn"), ray_samples.unfit(result, shape))
    shares = (distances - border[:-1]) / border.diff()
    return seen | {"bins": _in_bins(shares), "spread": _spread(shares), "drawn": _draws(shares)}


def _in_bins(shares: Tensor) -> Plain:
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
    even = ray_samples.unevenness(shares) < 2.5 / shares.numel() ** 0.5
    return text("evenly over the whole bin" if even else "over the whole bin, but unevenly")


def _draws(shares: Tensor) -> Plain:
    if float((shares - shares[:1]).abs().max()) < 1e-4:
        return text("all rays share one draw")
    if float((shares - shares[:, :1]).abs().max()) < 1e-4:
        return text("all bins of a ray share one draw")
    return text("every ray and every bin has its own draw")


exercise = Declared(stratified_distances, observe)


def _case(tried: str, seed: int, edges: Tensor, rays: tuple[int, ...], mode: str = "value") -> Case:
    return Case(tried, lambda: (edges.clone(), rays, seed + 31), mode=mode)


def _uneven(tried: str, seed: int, bins: int, rays: tuple[int, ...], **how: Any) -> Case:
    return _case(tried, seed, ray_samples.uneven_edges(seed, bins, **how), rays)


@exercise.claim(5, "bins")
def bins(seed: int) -> list[Case]:
    equal = torch.linspace(2.0, 6.0, 9) + 0.01 * (seed % 30)
    words = "3 uneven bins, 240 rays, in float64"
    return [
        _case("8 equal bins, 100 rays", seed, equal, (100,)),
        _uneven("5 uneven bins, 160 rays", seed + 1, 5, (160,)),
        _uneven(words, seed + 2, 3, (240,), dtype=torch.float64),
    ]


exercise.claim(3, "spread", name="spread")(bins)
exercise.claim(2, "drawn", name="drawn")(bins)


@exercise.claim(1, "bins", "drawn")
def layouts(seed: int) -> list[Case]:
    return [
        _uneven("4 bins, rays (6, 10)", seed + 3, 4, (6, 10)),
        _uneven("2 bins, rays (3, 4, 5)", seed + 4, 2, (3, 4, 5)),
    ]


@exercise.claim(1, *ray_samples.DRAWN, formal=True)
def seeded(seed: int) -> list[Case]:
    edges = ray_samples.uneven_edges(seed + 5, 6)
    return [_case("6 bins, 7 rays, several generators", seed + 5, edges, (7,), "draws")]


exercise.claim(1, *ray_samples.FRESH, name="fresh")(seeded)
exercise.claim(1, "form", name="form", formal=True)(layouts)
exercise.claim(1, "inputs", name="inputs", formal=True)(bins)
