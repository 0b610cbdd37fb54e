"""How to solve a pretext task without knowing anything, and how that is prevented.

Two shortcuts of relative patch location (Doersch, Gupta, Efros 2015, section 3.1): lines that run
on from one patch into the next, and the colour fringes of a lens, which tell where in the picture
a patch lay. The cheaters here are plain formulas; what they can read, a network can learn.

Pictures are ``(n, 3, height, width)``; shifts and corners are (down, right) in pixels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.selfsup.augment import crop_resize
from course_utils.selfsup.patches import random_integers

Pictures = Float[Tensor, "n 3 height width"]
Patches = Float[Tensor, "n channels side side"]
Generator = torch.Generator | None

# How strongly a lens magnifies red, green and blue, in units of its strength.
RED_BLUE_LENS = (1.0, 0.0, -1.0)
GREEN_LENS = (0.0, 1.0, 0.0)

# Labels of ``patches.NEIGHBOUR_STEPS`` straight above, left, right and below.
STRAIGHT_LABELS = (1, 3, 4, 6)


# ------------------------------------------------------------------ lines that run on


def border_mismatch(
    first: Patches, second: Float[Tensor, "n channels height width"]
) -> Float[Tensor, "n 4"]:
    """Returns how badly facing edges fit if ``second`` lay above, left, right or below.

    The mean absolute difference of facing pixels. The smallest of the four is the guess of
    someone who knows nothing of objects; column k belongs to label ``STRAIGHT_LABELS[k]``.

    Raises:
        ValueError: when the patches differ in shape.
    """
    if first.shape != second.shape or first.ndim != 4:
        raise ValueError(f"patches differ: {tuple(first.shape)} and {tuple(second.shape)}")
    facing = [
        (first[:, :, 0], second[:, :, -1]),
        (first[:, :, :, 0], second[:, :, :, -1]),
        (first[:, :, :, -1], second[:, :, :, 0]),
        (first[:, :, -1], second[:, :, 0]),
    ]
    return torch.stack([(one - other).abs().mean(dim=(1, 2)) for one, other in facing], dim=1)


def border_guess(first: Patches, second: Patches) -> Int[Tensor, " n"]:
    """Returns the straight place (a label 1, 3, 4 or 6) whose facing edges fit best."""
    straight = torch.tensor(STRAIGHT_LABELS, device=first.device)
    return straight[border_mismatch(first, second).argmin(dim=1)]


# ------------------------------------------------------------------------- the lens


def chromatic_aberration(
    images: Pictures, strength: float, bends: tuple[float, float, float] = RED_BLUE_LENS
) -> Pictures:
    """Imitates a lens: channel c is magnified about the centre by ``1 + strength * bends[c]``.

    At ``r`` pixels from the centre two channels lie ``r * strength * (difference of bends)``
    pixels apart, so a patch shows by its fringes where in the picture it lay.

    Args:
        bends: ``RED_BLUE_LENS`` parts red from blue, ``GREEN_LENS`` bends green away from both.

    Raises:
        ValueError: when there are not three channels or ``strength`` is not in [0, 0.5).
    """
    if images.shape[1] != 3 or not 0 <= strength < 0.5:
        raise ValueError("chromatic aberration needs RGB pictures and a strength in [0, 0.5)")
    channels = [
        channel if bend == 0 else _magnified(channel, 1 + strength * bend)
        for channel, bend in zip(images.split(1, dim=1), bends, strict=True)
    ]
    return torch.cat(channels, dim=1)


def _magnified(
    channel: Float[Tensor, "n 1 height width"], factor: float
) -> Float[Tensor, "n 1 height width"]:
    count, _, height, width = channel.shape
    box_height, box_width = height / factor, width / factor
    corner = [(height - box_height) / 2, (width - box_width) / 2]
    return crop_resize(
        channel, channel.new_tensor([*corner, box_height, box_width]).repeat(count, 1)
    )


def colour_fringes(patches: Float[Tensor, "n 3 side side"]) -> Float[Tensor, "n 4"]:
    """Measures how far the colours of each patch are shifted against each other, in pixels.

    A small shift d changes a picture by ``d . gradient``; so the least-squares d of
    ``R - B = d . grad(mean)`` and of ``G - (R + B) / 2 = d . grad(mean)``, (down, right) each.
    Exact for grey things only; colours of the things themselves are noise to it.

    Raises:
        ValueError: when a patch is smaller than 3 x 3 or not RGB.
    """
    if patches.ndim != 4 or patches.shape[1] != 3 or min(patches.shape[2:]) < 3:
        raise ValueError(f"expected RGB patches of at least 3 x 3, got {tuple(patches.shape)}")
    red, green, blue = (patches - patches.mean(dim=(2, 3), keepdim=True)).unbind(dim=1)
    slopes = torch.gradient((red + green + blue) / 3, dim=(1, 2))
    # The outermost slopes are one-sided differences, too rough to divide by.
    slope = torch.stack([s[:, 1:-1, 1:-1] for s in slopes], dim=-1).flatten(1, 2)
    changes = torch.stack([red - blue, green - (red + blue) / 2], dim=-1)
    change = changes[:, 1:-1, 1:-1].flatten(1, 2)  # (n, pixels, 2)
    # The small ridge decides for "no shift" where a patch is plain.
    gram = slope.mT @ slope + 1e-3 * torch.eye(2).to(slope)
    return torch.linalg.solve(gram, slope.mT @ change).mT.flatten(1)


def project_colours(images: Pictures) -> Pictures:
    """Removes the green-magenta axis: every colour times ``I - a a' / (a' a)``, a = (-1, 2, -1).

    Grey stays as it is, and fringes between green and magenta vanish.

    Source: Doersch et al. (2015), section 3.1, "projection".
    """
    axis = images.new_tensor([-1.0, 2.0, -1.0])
    matrix = torch.eye(3, device=images.device, dtype=images.dtype)
    matrix = matrix - torch.outer(axis, axis) / (axis @ axis)
    return torch.einsum("ij,njhw->nihw", matrix, images)


def drop_channels(images: Pictures, generator: Generator = None) -> Pictures:
    """Keeps one random channel of each picture; the others become noise of 1/100 its deviation.

    Source: Doersch et al. (2015), section 3.1, "color dropping".
    """
    count, channels = images.shape[:2]
    kept = random_integers(0, channels - 1, (count,), generator).to(images.device)
    device = generator.device if generator is not None else images.device
    noise = torch.randn(images.shape, generator=generator, device=device).to(images)
    index = torch.arange(count, device=images.device)
    spread = images[index, kept].flatten(start_dim=1).std(dim=1) / 100
    mean = images[index, kept].mean(dim=(1, 2))
    filled = mean[:, None, None, None] + spread[:, None, None, None] * noise
    keep = F.one_hot(kept, channels).bool()[:, :, None, None]
    return torch.where(keep, images, filled)
