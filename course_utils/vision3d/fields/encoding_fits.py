"""What an encoding of the input does for a network: many fits that differ in nothing else.

A network of ReLUs asked for a curve or a picture at bare coordinates learns its slow changes first
and its fine detail hardly ever (Rahaman et al. 2019, the spectral bias). Coordinates that go in
as sines and cosines repair that (Mildenhall et al. 2020, NeRF, eq. 4; Tancik et al. 2020, Fourier
features). How many octaves are right is a question of the spacing of the data, and here to be seen:
one network per number of octaves L, all trained at once.

Coordinates lie in [-1, 1] along each axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.vision3d.fields.encodings import positional_encoding


def rippled_curve(x: Float[Tensor, "points 1"]) -> Float[Tensor, "points 1"]:
    """A curve to be fitted: ripples that grow finer to the right, and a step, within [-1, 1].

    f(x) = 0.55 sin(2 pi (u + 3.5 u^3)) + 0.3 sign(x - 0.1), with u = (x + 1) / 2.
    """
    u = (x + 1) / 2
    return 0.55 * torch.sin(2 * math.pi * (u + 3.5 * u**3)) + 0.3 * torch.sign(x - 0.1)


def picture_points(height: int, width: int) -> Float[Tensor, "pixels 2"]:
    """Centres of pixels as (x, y) in [-1, 1]: x to the right, y down, row after row.

    Raises: ValueError if a size is not positive.
    """
    if height < 1 or width < 1:
        raise ValueError(f"a picture needs at least one pixel, got {height} x {width}")
    y = (2 * torch.arange(height) + 1) / height - 1
    x = (2 * torch.arange(width) + 1) / width - 1
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], -1)


def every_second_pixel(height: int, width: int) -> Bool[Tensor, "pixels"]:
    """True for every second pixel of every second row: the quarter that a fit gets to see."""
    row, column = torch.arange(height) % 2 == 0, torch.arange(width) % 2 == 0
    return (row[:, None] & column).flatten()


def code_similarity(gap: Float[Tensor, "*gaps"], frequencies: int) -> Float[Tensor, "*gaps"]:
    """How alike the codes of two numbers are, gamma(p) . gamma(q) / L = mean_k cos(2^k pi (p - q)).

    gap: p - q. One where p = q, about zero for numbers that the network can treat as unrelated
    (Tancik et al. 2020, eq. 6). It depends on the gap alone: the network is as fine everywhere.

    Raises: ValueError if there is no frequency.
    """
    if frequencies < 1:
        raise ValueError(f"a code needs at least one frequency, got {frequencies}")
    octave = torch.arange(frequencies, dtype=gap.dtype, device=gap.device)
    return torch.cos(gap[..., None] * math.pi * 2**octave).mean(-1)


def octaves_for_spacing(spacing: float | int) -> int:
    """The most octaves that data can carry: 2^{L-1} pi is the Nyquist rate pi / spacing.

    spacing: between neighbouring data, in units of the coordinate in [-1, 1]. A wave needs two
    data per period (Shannon 1949); the nearest whole L is returned.

    Raises: ValueError unless 0 < spacing <= 1.
    """
    if not 0 < spacing <= 1:
        raise ValueError(f"a spacing within [-1, 1] is positive and at most 1, got {spacing}")
    return round(1 - math.log2(spacing))


class EncodedNetworks(nn.Module):
    """One network of ReLUs per number of octaves L: alike but for the encoding of their input.

    frequencies: the L of each, 0 for bare coordinates. axes: of the input. All run in one batched
    product: the code of L octaves is the beginning of the code of more, the rest is put to zero.

    Raises: ValueError if there is no network, a negative L, or fewer than two layers.
    """

    def __init__(
        self,
        frequencies: Sequence[int],
        axes: int = 1,
        outputs: int = 1,
        width: int = 64,
        layers: int = 3,
        *,
        generator: torch.Generator,
    ):
        super().__init__()
        if not frequencies or min(frequencies) < 0 or layers < 2:
            raise ValueError(f"needs L >= 0 and two layers, got {frequencies} and {layers}")
        self.frequencies, self.axes = tuple(frequencies), axes
        own = torch.tensor([max(axes, 2 * n * axes) for n in frequencies])
        place = torch.arange(axes + 2 * axes * max(frequencies))
        bare = torch.tensor(frequencies)[:, None] == 0
        # The first columns are the bare coordinates, then the code.
        used = torch.where(bare, place < axes, (place >= axes) & (place < axes + own[:, None]))
        self.register_buffer("used", used[:, None].to(torch.get_default_dtype()))
        sizes = [len(place)] + [width] * (layers - 1) + [outputs]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for k, (n, m) in enumerate(pairwise(sizes)):
            fan_in = own[:, None, None] if k == 0 else torch.full((len(own), 1, 1), n)
            shape = (len(own), n, m), (len(own), 1, m)
            weight, bias = (2 * torch.rand(*s, generator=generator) - 1 for s in shape)
            # He et al. 2015, eq. 10, with the number of inputs that are really used.
            self.weights.append(nn.Parameter(weight * (6 / fan_in).sqrt()))
            self.biases.append(nn.Parameter(bias / fan_in.sqrt()))

    def forward(self, points: Float[Tensor, "points axes"]) -> Float[Tensor, "nets points outputs"]:
        """What each network says at each point."""
        most = max(self.frequencies)
        code = [points, positional_encoding(points, most)] if most else [points]
        h = torch.cat(code, -1) * self.used
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h if k == 0 else h.relu(), weight)
        return h


class EncodedFits:
    """Networks under training, each for itself: ``fit(fits.step, batches)``.

    rate: of Adam; it falls to a twentieth over ``steps`` steps, evenly on a logarithmic scale.
    """

    def __init__(self, networks: EncodedNetworks, rate: float = 5e-3, steps: int = 500):
        self.networks, self.rate, self.planned, self.steps = networks, rate, steps, 0
        self.adam = torch.optim.Adam(networks.parameters(), lr=rate)

    def step(self, batch: tuple[Tensor, Tensor]) -> dict[str, float | Tensor]:
        """Points (points, axes) and values (points, outputs): one step of all networks.

        Returns the mean squared error of each, named "L = 0" and so on.
        """
        points, values = batch
        self.adam.param_groups[0]["lr"] = self.rate * 0.05 ** min(self.steps / self.planned, 1)
        errors = ((self.networks(points) - values) ** 2).mean((1, 2))
        self.adam.zero_grad()
        errors.sum().backward()  # no network meets another: as if each were trained alone
        self.adam.step()
        self.steps += 1
        named = zip(self.networks.frequencies, errors.detach(), strict=True)
        return {f"L = {n}": error for n, error in named}

    @torch.no_grad()
    def values(self, points: Float[Tensor, "points axes"]) -> Float[Tensor, "nets points outputs"]:
        """What each network says now."""
        return self.networks(points)
