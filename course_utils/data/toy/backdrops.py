"""What surrounds the objects: a landscape, a studio or a pattern, and the light that goes with it.

- "outdoors": ground with a texture, hills, graded sky with clouds, a sun. Its horizon and sky
  give away which way is up.
- "studio": no floor, no horizon, a neutral backdrop that darkens away from the optical axis,
  and a lamp in a direction drawn evenly from the whole sphere: nothing but the object itself
  tells which way is up.
- "pattern": the same light before a random two-coloured pattern.

All colours here are *linear* light, not sRGB.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.core.srgb import linear_from_srgb

BACKDROPS = ("outdoors", "studio", "pattern")
OUTDOORS, STUDIO, PATTERN = 0, 1, 2
LAWN, TILES, STRIPES = 0, 1, 2


@dataclass(frozen=True)
class Backdrop:
    """Surroundings and light of n scenes; every field has the leading axes (*scenes).

    code: OUTDOORS, STUDIO or PATTERN. sun: unit vector towards the light. sunlight, fill,
    bounce: light from the sun, from the hemisphere around ``up`` and from the opposite one.
    up: axis of the ambient light. zenith, horizon: sky, or the two colours of backdrop and
    pattern. ground_a, ground_b: the ground's two colours. texture: LAWN, TILES or STRIPES.
    texture_scale: features per world unit. offset: where the noise is read. clouds: cover in
    [0, 1]. hills: height as a tangent. hill_colour. haze: attenuation per world unit.
    """

    code: Int[Tensor, "*scenes"]
    sun: Float[Tensor, "*scenes 3"]
    sunlight: Float[Tensor, "*scenes 3"]
    up: Float[Tensor, "*scenes 3"]
    fill: Float[Tensor, "*scenes 3"]
    bounce: Float[Tensor, "*scenes 3"]
    zenith: Float[Tensor, "*scenes 3"]
    horizon: Float[Tensor, "*scenes 3"]
    ground_a: Float[Tensor, "*scenes 3"]
    ground_b: Float[Tensor, "*scenes 3"]
    texture: Int[Tensor, "*scenes"]
    texture_scale: Float[Tensor, "*scenes"]
    offset: Float[Tensor, "*scenes 2"]
    clouds: Float[Tensor, "*scenes"]
    hills: Float[Tensor, "*scenes"]
    hill_colour: Float[Tensor, "*scenes 3"]
    haze: Float[Tensor, "*scenes"]

    def map(self, change: Callable[[Tensor], Tensor]) -> Backdrop:
        """The same backdrops with ``change`` applied to every tensor."""
        return Backdrop(**{f.name: change(getattr(self, f.name)) for f in fields(self)})


class _Dice:
    """Random numbers, one per scene."""

    def __init__(self, count: int, generator: torch.Generator):
        self.count, self.generator = count, generator

    def uniform(self, low: int | float, high: int | float, *shape: int) -> Tensor:
        noise = torch.rand(self.count, *shape, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * noise

    def colour(self, *choices: tuple[float, float, float], spread: float = 0.05) -> Tensor:
        """One of several sRGB colours, varied a little, as linear light."""
        pick = (self.uniform(0, 1) * len(choices)).long().clamp(max=len(choices) - 1)
        colour = torch.tensor(choices, dtype=torch.float64)[pick]
        colour = colour * self.uniform(1 - spread, 1 + spread, 1)
        return linear_from_srgb((colour + self.uniform(-spread, spread, 3) / 2).clamp(0.01, 1))


GROUNDS = (  # pairs of sRGB colours
    ((0.42, 0.58, 0.26), (0.52, 0.66, 0.32)),  # meadow
    ((0.35, 0.51, 0.24), (0.46, 0.59, 0.27)),  # darker meadow
    ((0.84, 0.75, 0.55), (0.77, 0.66, 0.46)),  # sand
    ((0.62, 0.58, 0.52), (0.72, 0.68, 0.61)),  # gravel
    ((0.90, 0.92, 0.95), (0.83, 0.87, 0.93)),  # snow
)


def outdoors(count: int, *, generator: torch.Generator) -> Backdrop:
    """Random landscapes in daylight."""
    dice = _Dice(count, generator)
    azimuth, height = dice.uniform(0, 2 * math.pi), dice.uniform(0.45, 1.05)
    sun = torch.stack(
        [azimuth.cos() * height.cos(), azimuth.sin() * height.cos(), height.sin()], -1
    )
    low = (1 - (height - 0.45) / 0.6)[:, None]  # 1 for the lowest sun: warmer
    warm = torch.tensor([1.0, 0.80, 0.58], dtype=torch.float64)
    white = torch.tensor([1.0, 0.95, 0.87], dtype=torch.float64)
    pick = torch.multinomial(
        torch.tensor([3.0, 3.0, 2.0, 1.0, 1.0]), count, replacement=True, generator=generator
    )
    pairs = torch.tensor(GROUNDS, dtype=torch.float64)[pick]
    vary = dice.uniform(0.92, 1.08, 1)
    ground_a, ground_b = (linear_from_srgb((c * vary).clamp(0, 1)) for c in pairs.unbind(1))
    zenith = dice.colour((0.22, 0.46, 0.82), (0.30, 0.54, 0.84), (0.20, 0.40, 0.72))
    horizon = dice.colour((0.76, 0.87, 0.96), (0.86, 0.90, 0.93), (0.95, 0.88, 0.80), spread=0.03)
    snow = (pick == 4)[:, None]
    hill = dice.colour((0.36, 0.50, 0.40), (0.38, 0.48, 0.56), (0.46, 0.52, 0.40))
    fill = 0.40 * (0.65 * zenith + 0.35 * horizon) + 0.15
    textures = torch.where(dice.uniform(0, 1) < 0.8, LAWN, STRIPES)
    paved = (pick == 3) & (dice.uniform(0, 1) < 0.7)
    return Backdrop(
        code=torch.full((count,), OUTDOORS),
        sun=sun,
        sunlight=1.22 * (low * warm + (1 - low) * white),
        up=torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand(count, 3).clone(),
        fill=fill,
        bounce=0.30 * ground_a + 0.05,
        zenith=zenith,
        horizon=horizon,
        ground_a=ground_a,
        ground_b=ground_b,
        texture=torch.where(paved, TILES, torch.where(pick < 2, textures, LAWN)),
        texture_scale=dice.uniform(1.4, 2.6),
        offset=dice.uniform(0, 64, 2),
        clouds=dice.uniform(0.0, 0.85),
        hills=dice.uniform(0.05, 0.16),
        hill_colour=torch.where(snow, 0.55 * horizon + 0.3 * hill, hill),
        haze=dice.uniform(0.012, 0.028),
    )


def studio(count: int, *, generator: torch.Generator, pattern: bool = False) -> Backdrop:
    """A lamp from anywhere on the sphere, before a smooth backdrop or a random pattern."""
    dice = _Dice(count, generator)
    sun = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    sun = sun / sun.norm(dim=-1, keepdim=True)
    centre = dice.colour((0.86, 0.85, 0.83), (0.78, 0.81, 0.85), (0.88, 0.83, 0.78), spread=0.03)
    edge = centre * dice.uniform(0.38, 0.6, 1)
    if pattern:
        centre, edge = (linear_from_srgb(dice.uniform(0.1, 0.9, 3)) for _ in range(2))
    black = torch.zeros(count, 3, dtype=torch.float64)
    white = torch.tensor([1.0, 0.97, 0.93], dtype=torch.float64)
    zero = torch.zeros(count, dtype=torch.float64)
    return Backdrop(
        code=torch.full((count,), PATTERN if pattern else STUDIO),
        sun=sun,
        sunlight=dice.uniform(0.62, 0.78, 1) * white,
        up=sun,
        fill=0.50 * white.expand(count, 3),
        bounce=0.34 * white.expand(count, 3),
        zenith=edge,
        horizon=centre,
        ground_a=black,
        ground_b=black,
        texture=torch.full((count,), LAWN),
        texture_scale=dice.uniform(1.5, 5.0),
        offset=dice.uniform(0, 64, 2),
        clouds=zero,
        hills=zero,
        hill_colour=black,
        haze=zero,
    )


def make_backdrops(name: str, count: int, *, generator: torch.Generator) -> Backdrop:
    """``count`` random backdrops of one of ``BACKDROPS``, in float64.

    Raises: ValueError for an unknown name.
    """
    if name not in BACKDROPS:
        raise ValueError(f"unknown backdrop {name!r}; choose one of {', '.join(BACKDROPS)}")
    if name == "outdoors":
        return outdoors(count, generator=generator)
    return studio(count, generator=generator, pattern=name == "pattern")
