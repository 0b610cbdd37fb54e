"""Small data distributions, in 1-D and 2-D, whose true density is known in closed form.

The generator is judged against them exactly: p(x) can be written down, and so can the
places where samples should lie. Coordinates have no unit; the 2-D pictures span [-3, 3]².
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

EXTENT = 3.0  # half the side of the square that the 2-D distributions live in


@dataclass(frozen=True)
class Mixture:
    """Mixture of isotropic Gaussians, p(x) = sum_k w_k N(x; c_k, s_k² I), in any dimension.

    Attributes:
        centres: (modes, dim) the c_k.
        spreads: (modes,) the standard deviations s_k.
        weights: (modes,) positive, summing to 1.
    """

    centres: Float[Tensor, "modes dim"]
    spreads: Float[Tensor, " modes"]
    weights: Float[Tensor, " modes"]

    @property
    def dim(self) -> int:
        """Dimension of one sample."""
        return self.centres.shape[1]

    def sample(
        self, count: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "count dim"]:
        """Draw `count` samples: first the mode, then Gaussian noise around it."""
        mode = _choose(self.weights, count, generator)
        return self.centres[mode] + self.spreads[mode, None] * _normal_like(
            self.centres[mode], generator
        )

    def density(self, points: Float[Tensor, "points dim"]) -> Float[Tensor, " points"]:
        """p(x) at each point, per unit length (1-D) or area (2-D)."""
        square = (points[:, None, :] - self.centres).square().sum(2)
        variance = self.spreads.square()
        peak = self.weights * (2 * math.pi * variance) ** (-self.dim / 2)
        return (peak * torch.exp(-0.5 * square / variance)).sum(1)


@dataclass(frozen=True)
class Strokes:
    """Uniform mass along line segments, blurred by a Gaussian of standard deviation `spread`.

    Attributes:
        starts, ends: (segments, 2) the two ends of every segment.
        spread: the blur, in the same units as the coordinates.
    """

    starts: Float[Tensor, "segments 2"]
    ends: Float[Tensor, "segments 2"]
    spread: float = 0.08

    @property
    def dim(self) -> int:
        """Dimension of one sample."""
        return 2

    @property
    def lengths(self) -> Float[Tensor, " segments"]:
        """Length of each segment."""
        return (self.ends - self.starts).norm(dim=1)

    @property
    def centres(self) -> Float[Tensor, "stations 2"]:
        """Stations every 0.5 along the strokes (at least one): the "modes" of a drawing."""
        total = float(self.lengths.sum())
        stations = max(1, min(32, round(total / 0.5)))
        where = (torch.arange(stations, dtype=self.starts.dtype) + 0.5) / stations * total
        return self._along(where.to(self.starts.device))

    @property
    def weights(self) -> Float[Tensor, " stations"]:
        """Equal shares of the mass, one per station."""
        centres = self.centres
        return torch.full_like(centres[:, 0], 1.0 / len(centres))

    def sample(
        self, count: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "count 2"]:
        """Draw `count` samples: a place on the strokes by arc length, then Gaussian noise."""
        uniform = torch.rand(
            count, generator=generator, device=self.starts.device, dtype=self.starts.dtype
        )
        place = self._along(uniform * self.lengths.sum())
        return place + self.spread * _normal_like(place, generator)

    def density(self, points: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
        """p(x) per unit area: across a segment a Gaussian, along it a difference of two erf."""
        length = self.lengths
        along = (self.ends - self.starts) / length[:, None]
        offset = points[:, None, :] - self.starts
        t = (offset * along).sum(2)
        across = offset[..., 0] * along[:, 1] - offset[..., 1] * along[:, 0]
        scale = math.sqrt(2.0) * self.spread
        reach = 0.5 * (torch.erf((length - t) / scale) + torch.erf(t / scale))
        bell = torch.exp(-((across / scale) ** 2)) / (math.sqrt(2 * math.pi) * self.spread)
        return (bell * reach).sum(1) / length.sum()

    def _along(self, distance: Tensor) -> Tensor:
        """Points at the given arc lengths along all segments laid end to end."""
        ends_at = self.lengths.cumsum(0)
        segment = torch.searchsorted(ends_at, distance).clamp_max(len(ends_at) - 1)
        begun = (ends_at - self.lengths)[segment]
        fraction = ((distance - begun) / self.lengths[segment]).clamp(0, 1)[:, None]
        return self.starts[segment] * (1 - fraction) + self.ends[segment] * fraction


Distribution = Mixture | Strokes


# ------------------------------------------------------------------ the named distributions


def ring(modes: int = 8, radius: float | int = 2.0, spread: float = 0.08) -> Mixture:
    """`modes` equal Gaussians on a circle.

    Source: the standard test of mode collapse since L. Metz et al., "Unrolled Generative
    Adversarial Networks", ICLR 2017 (8 modes, radius 2).

    Raises:
        ValueError: if a number is not positive.
    """
    _positive(modes=modes, radius=radius, spread=spread)
    angle = torch.arange(modes) * (2 * math.pi / modes)
    return even_mixture(radius * torch.stack([angle.cos(), angle.sin()], 1), spread)


def grid(side: int = 5, pitch: float | int = 1.0, spread: float = 0.08) -> Mixture:
    """side² equal Gaussians on a square lattice centred on the origin, `pitch` apart.

    Source: A. Srivastava et al., "VEEGAN", NIPS 2017, section 4.1 (25 modes).

    Raises:
        ValueError: if a number is not positive.
    """
    _positive(side=side, pitch=pitch, spread=spread)
    line = (torch.arange(side) - (side - 1) / 2) * pitch
    return even_mixture(torch.cartesian_prod(line, line), spread)


def spiral(turns: float | int = 1.75, radius: float | int = 2.4, spread: float = 0.08) -> Strokes:
    """An Archimedean spiral, r proportional to the angle, out to `radius`.

    Raises:
        ValueError: if a number is not positive.
    """
    _positive(turns=turns, radius=radius, spread=spread)
    t = torch.linspace(0.12, 1.0, 97)
    angle = 2 * math.pi * turns * t
    return drawing([radius * t[:, None] * torch.stack([angle.cos(), angle.sin()], 1)], spread)


def drawing(strokes: list[Float[Tensor, "_ 2"]], spread: float = 0.08) -> Strokes:
    """The distribution of a drawing: each stroke is a polyline of points; one point is a dot.

    Mass is spread evenly along all strokes; a dot weighs as much as a stroke of length 0.1.

    Raises:
        ValueError: if there is no stroke, or a stroke is not a list of finite (x, y) points.
    """
    _positive(spread=spread)
    if not strokes:
        raise ValueError("A drawing needs at least one stroke.")
    starts, ends = [], []
    for stroke in strokes:
        points = torch.as_tensor(stroke, dtype=torch.get_default_dtype())
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError("A stroke is a list of (x, y) points with at least one point.")
        if not bool(points.isfinite().all()):
            raise ValueError("A stroke holds a coordinate that is not a finite number.")
        moved = torch.ones(len(points), dtype=torch.bool)
        moved[1:] = (points.diff(dim=0).norm(dim=1)) > 1e-4  # a pen that rests repeats its place
        points = points[moved]
        if len(points) == 1:
            points = points + torch.tensor([[-0.05, 0.0], [0.05, 0.0]])
        starts.append(points[:-1])
        ends.append(points[1:])
    return Strokes(torch.cat(starts), torch.cat(ends), spread)


def even_mixture(centres: Float[Tensor, "modes dim"], spread: float = 0.08) -> Mixture:
    """Equal Gaussians at `centres`."""
    count = len(centres)
    return Mixture(centres, torch.full((count,), spread), torch.full((count,), 1.0 / count))


def line_mixture(
    centres: list[float | int],
    spreads: list[float | int],
    weights: list[float | int] | None = None,
) -> Mixture:
    """A 1-D mixture of Gaussians from plain lists; equal weights unless given.

    Raises:
        ValueError: if the lists differ in length, or a spread or weight is not positive.
    """
    weights = [1.0] * len(centres) if weights is None else weights
    if not len(centres) == len(spreads) == len(weights) > 0:
        raise ValueError("centres, spreads and weights must have the same length, at least 1.")
    if min(spreads) <= 0 or min(weights) <= 0:
        raise ValueError("Every spread and every weight must be positive.")
    share = torch.tensor(weights) / sum(weights)
    places, widths = (torch.tensor(numbers, dtype=share.dtype) for numbers in (centres, spreads))
    return Mixture(places[:, None], widths, share)


def two_bumps() -> Mixture:
    """The 1-D data of the lesson: two unequal bumps, at -1.5 and 1.2."""
    return line_mixture([-1.5, 1.2], [0.45, 0.6], [0.4, 0.6])


# ------------------------------------------------------------------ how good are the samples?


def modes_covered(
    samples: Float[Tensor, "samples dim"],
    distribution: Distribution,
    radius: float | None = None,
    min_share: float = 0.2,
) -> int:
    """How many modes hold at least `min_share` of the mass that the data puts there.

    A sample belongs to its nearest mode if it lies within `radius` of it. With equal
    weights and 8 modes, 0.2 means that 2.5 % of all samples must lie in a mode.

    Source: after Metz et al. 2017 and Srivastava et al. 2017 (VEEGAN), section 4.1.

    Args:
        radius: default `near_radius(distribution)`.

    Raises:
        ValueError: if there are no samples or their dimension is wrong.
    """
    distance, mode = _nearest_mode(samples, distribution)
    near = distance <= (near_radius(distribution) if radius is None else radius)
    held = torch.bincount(mode[near], minlength=len(distribution.centres)) / len(samples)
    return int((held >= min_share * distribution.weights).sum())


def share_near(
    samples: Float[Tensor, "samples dim"],
    distribution: Distribution,
    radius: float | None = None,
) -> float:
    """Share of the samples that lie within `radius` of their nearest mode, from 0 to 1.

    Source: the "high-quality samples" of Srivastava et al. 2017 (VEEGAN), section 4.1.

    Raises:
        ValueError: if there are no samples or their dimension is wrong.
    """
    radius = near_radius(distribution) if radius is None else radius
    if isinstance(distribution, Strokes):
        distance = _distance_to_segments(samples, distribution)
    else:
        distance, _ = _nearest_mode(samples, distribution)
    return float((distance <= radius).float().mean())


def near_radius(distribution: Distribution) -> float:
    """What counts as near: 3 standard deviations of the mode, or of the stroke's blur.

    Source: Srivastava et al. 2017 (VEEGAN), section 4.1. In 2-D a Gaussian keeps
    1 - exp(-3²/2) = 98.9 % of its samples there: that is the score of the data itself.
    """
    if isinstance(distribution, Strokes):
        return 3.0 * distribution.spread
    return 3.0 * float(distribution.spreads.max())


# ------------------------------------------------------------------ small helpers


def _nearest_mode(samples: Tensor, distribution: Distribution) -> tuple[Tensor, Tensor]:
    if samples.ndim != 2 or samples.shape[1] != distribution.dim or len(samples) == 0:
        raise ValueError(
            f"samples must be (count, {distribution.dim}) with count > 0, "
            f"not {tuple(samples.shape)}."
        )
    return torch.cdist(samples, distribution.centres.to(samples)).min(1)


def _distance_to_segments(samples: Tensor, strokes: Strokes) -> Tensor:
    along = strokes.ends - strokes.starts
    offset = samples[:, None, :] - strokes.starts
    t = (offset * along).sum(2) / along.square().sum(1)
    return (offset - t.clamp(0, 1)[..., None] * along).norm(dim=2).amin(1)


def _choose(weights: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    return torch.multinomial(weights, count, replacement=True, generator=generator)


def _normal_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)


def _positive(**numbers: float | int) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} must be positive, not {number}.")
