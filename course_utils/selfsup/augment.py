"""The augmentations of SimCLR on a whole batch at once, each picture with its own parameters.

Geometry (crop, resize, flip, rotation) is one affine map per picture, so one ``grid_sample``
does it all. Colour (brightness, contrast, saturation, hue, greyscale) is one 3 x 3 matrix and
one offset per picture. Nothing here draws a random number: ``views`` draws the parameters.

Source: Chen et al. (2020), "A simple framework for contrastive learning", figure 4, appendix A.
Pictures are RGB in [0, 1], ``(n, 3, height, width)``.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

Images = Float[Tensor, "n channels height width"]
Colours = Float[Tensor, "n 3 height width"]
Matrices = Float[Tensor, "n 3 3"]
Offsets = Float[Tensor, "n 3"]

LUMA = (0.299, 0.587, 0.114)


# ---------------------------------------------------------------------------- geometry


def warp(
    images: Images,
    boxes: Float[Tensor, "n 4"] | Int[Tensor, "n 4"],
    flips: Bool[Tensor, " n"],
    degrees: Float[Tensor, " n"],
    size: tuple[int, int] | None = None,
) -> Float[Tensor, "n channels new_height new_width"]:
    """Cuts a box from each picture, resizes it, mirrors it and turns it: one ``grid_sample``.

    The box is cut first, then mirrored left to right, then turned counter-clockwise about its
    centre; the composed map sends each output pixel to a point of the input, read bilinearly.
    At the edge of a box the pixels outside the box are read too, where torchvision, which cuts
    before it resizes, repeats the edge.

    Args:
        boxes: top, left, height, width in pixels.
        flips: which pictures to mirror.
        degrees: counter-clockwise angles; what lies outside the picture is its reflection.
        size: height and width of the output, the input's when left out.

    Raises:
        ValueError: when the numbers of pictures and parameters differ, or a box is empty.
    """
    height, width = size or tuple(images.shape[2:])
    half_x, half_y, centre_x, centre_y = _box_in_grid_units(images, boxes, flips)
    if degrees.shape != (len(images),):
        raise ValueError(f"warp needs one angle for each of the {len(images)} pictures")
    radians = degrees.to(images) * (math.pi / 180)
    cos, sin = radians.cos(), radians.sin()
    # Output to input runs backwards: undo the turn (y points down), then the mirror and the cut.
    aspect = height / width
    row_x = torch.stack([half_x * cos, -half_x * sin * aspect, centre_x], dim=1)
    row_y = torch.stack([half_y * sin / aspect, half_y * cos, centre_y], dim=1)
    maps = torch.stack([row_x, row_y], dim=1)
    shape = [len(images), images.shape[1], height, width]
    grid = F.affine_grid(maps, shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def crop_resize(
    images: Images,
    boxes: Float[Tensor, "n 4"] | Int[Tensor, "n 4"],
    flips: Bool[Tensor, " n"] | None = None,
) -> Images:
    """Cuts a box (top, left, height, width) from each picture, resizes it, mirrors the chosen.

    The same as ``warp`` without a turn, and faster: rows and columns do not mix.
    """
    count, _, height, width = images.shape
    if flips is None:
        flips = torch.zeros(count, dtype=torch.bool, device=images.device)
    half_x, half_y, centre_x, centre_y = _box_in_grid_units(images, boxes, flips)
    grid = images.new_empty(count, height, width, 2)
    across, down = _pixel_centres(width, images), _pixel_centres(height, images)
    grid[..., 0] = torch.addcmul(centre_x[:, None], half_x[:, None], across)[:, None, :]
    grid[..., 1] = torch.addcmul(centre_y[:, None], half_y[:, None], down)[:, :, None]
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _box_in_grid_units(images: Tensor, boxes: Tensor, flips: Tensor) -> tuple[Tensor, ...]:
    """Half sides and centres of boxes, the picture spanning [-1, 1]; mirrored: negative side."""
    count, _, height, width = images.shape
    if boxes.shape != (count, 4) or flips.shape != (count,):
        raise ValueError(f"each of the {count} pictures needs one box and one flip")
    if bool((boxes[:, 2:] <= 0).any()):
        raise ValueError("every box needs a height and a width above 0")
    top, left, box_height, box_width = boxes.to(images).unbind(dim=1)
    half_x = box_width / width * (1 - 2 * flips.to(images))
    centre_x, centre_y = (2 * left + box_width) / width - 1, (2 * top + box_height) / height - 1
    return half_x, box_height / height, centre_x, centre_y


def _pixel_centres(count: int, like: Tensor) -> Float[Tensor, " pixels"]:
    return (torch.arange(count, device=like.device, dtype=like.dtype) * 2 + 1) / count - 1


def whole_boxes(images: Images) -> Float[Tensor, "n 4"]:
    """Returns the boxes that hold each picture whole: 0, 0, height, width."""
    height, width = images.shape[2:]
    return images.new_tensor([0, 0, height, width]).repeat(len(images), 1)


def flip(images: Images, flips: Bool[Tensor, " n"]) -> Images:
    """Mirrors the chosen pictures left to right."""
    return torch.where(flips[:, None, None, None], images.flip(-1), images)


def rotate(images: Images, degrees: Float[Tensor, " n"]) -> Images:
    """Turns each picture counter-clockwise about its centre; beyond its edge is its reflection."""
    return warp(images, whole_boxes(images), images.new_zeros(len(images)).bool(), degrees)


# ------------------------------------------------------------------------------ colour


def colour_transform(
    images: Colours,
    factors: Float[Tensor, "n 4"],
    order: Int[Tensor, "n 4"],
) -> tuple[Matrices, Offsets]:
    """Returns M and o of ``colour' = M colour + o`` for brightness, contrast, saturation, hue.

    Brightness b: ``b c``. Contrast k: ``k c + (1 - k) m`` with m the picture's mean luma at that
    moment. Saturation s: ``s c + (1 - s) luma(c)``. Hue h turns the colour by ``2 pi h`` radians
    about the grey axis. Each is affine, so any order of the four is one matrix and one offset.

    Two differences from torchvision: it clamps to [0, 1] after each of the four, here once at
    the end; and it turns the hue in HSV. The turn here reaches the same hue to about 1 degree
    (exactly at thirds, where both swap channels), but keeps the mean of R, G and B where HSV
    keeps their largest and smallest.

    Args:
        factors: brightness, contrast, saturation (1 keeps) and hue (turns, 0 keeps).
        order: for each picture the order in which the four are applied, a permutation of 0..3.
    """
    count = len(images)
    luma = images.new_tensor(LUMA)
    mean = images.mean(dim=(2, 3))
    grey = luma.expand(3, 3)
    eye = torch.eye(3, device=images.device, dtype=images.dtype)
    brightness, contrast, saturation, hue = factors.to(images)[:, :, None, None].unbind(dim=1)
    steps = torch.stack(
        [
            brightness * eye,
            contrast * eye,
            saturation * eye + (1 - saturation) * grey,
            _hue_matrices(hue[:, 0, 0]),
        ],
        dim=1,
    )  # (n, 4, 3, 3)
    matrix, offset = eye.expand(count, 3, 3), images.new_zeros(count, 3)
    rows = torch.arange(count, device=images.device)
    for place in range(4):
        which = order[:, place].to(images.device)
        chosen = steps[rows, which]
        mean_luma = (torch.einsum("nij,nj->ni", matrix, mean) + offset) @ luma
        pivot = torch.where(which == 1, (1 - contrast[:, 0, 0]) * mean_luma, 0.0)
        matrix = chosen @ matrix
        offset = torch.einsum("nij,nj->ni", chosen, offset) + pivot[:, None]
    return matrix, offset


def _hue_matrices(turns: Float[Tensor, " n"]) -> Matrices:
    """Turns about the axis (1, 1, 1) by Rodrigues' formula; red goes to green, to blue, to red."""
    angle = turns * (2 * math.pi)
    along = (1 - angle.cos()) / 3
    across = angle.sin() / math.sqrt(3)
    same, after, before = angle.cos() + along, along - across, along + across
    rows = [same, after, before, before, same, after, after, before, same]
    return torch.stack(rows, dim=1).view(-1, 3, 3)


def recolour(images: Colours, matrices: Matrices, offsets: Offsets) -> Colours:
    """Applies ``M colour + o`` to every pixel and clamps to [0, 1]."""
    return recolour_(images.clone(), matrices, offsets)


def recolour_(images: Colours, matrices: Matrices, offsets: Offsets) -> Colours:
    """Does what ``recolour`` does, in place: no new memory, which costs more than the sums.

    Raises:
        ValueError: when there is not one matrix and one offset for each picture.
    """
    if matrices.shape != (len(images), 3, 3) or offsets.shape != (len(images), 3):
        raise ValueError(f"each of the {len(images)} pictures needs one matrix and one offset")
    part = 64  # pictures of 32 x 32 whose intermediate result stays in the cache
    for pixels, matrix, offset in zip(
        images.split(part), matrices.split(part), offsets.split(part), strict=True
    ):
        moved = torch.baddbmm(offset[:, :, None], matrix, pixels.flatten(start_dim=2))
        torch.clamp(moved.view(pixels.shape), 0, 1, out=pixels)
    return images


def jitter(images: Colours, factors: Float[Tensor, "n 4"], order: Int[Tensor, "n 4"]) -> Colours:
    """Changes brightness, contrast, saturation and hue: see ``colour_transform``."""
    return recolour(images, *colour_transform(images, factors, order))


def drop_colour(images: Colours, dropped: Bool[Tensor, " n"]) -> Colours:
    """Replaces the chosen pictures by their luma, 0.299 R + 0.587 G + 0.114 B."""
    luma = (images * images.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    return torch.where(dropped[:, None, None, None], luma.expand_as(images), images)


# -------------------------------------------------------------- neighbourhoods and noise


def gaussian_blur(images: Images, sigmas: Float[Tensor, " n"], size: int = 3) -> Images:
    """Blurs each picture with its own Gaussian of ``size`` x ``size`` taps; edges are reflected.

    Args:
        sigmas: standard deviations in pixels, above 0.
        size: odd number of taps; SimCLR takes a tenth of the picture's side.

    Raises:
        ValueError: when ``size`` is even or a sigma is not positive.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be an odd number above 0, got {size}")
    if bool((sigmas <= 0).any()):
        raise ValueError("every sigma must be above 0")
    reach = size // 2
    taps = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    weights = torch.softmax(-((taps / sigmas.to(images)[:, None]) ** 2) / 2, dim=1)
    padded = F.pad(images, (reach,) * 4, mode="reflect")
    # Adding shifted copies: a grouped convolution with a kernel per picture is far slower.
    height, width = images.shape[2:]
    weights = weights[:, :, None, None, None]
    rows = sum(weights[:, k] * padded[:, :, k : k + height] for k in range(size))
    return sum(weights[:, k] * rows[:, :, :, k : k + width] for k in range(size))


def cutout(images: Images, boxes: Int[Tensor, "n 4"], fill: float = 0.5) -> Images:
    """Paints a box (top, left, height, width in pixels) of each picture with one value."""
    top, left, box_height, box_width = boxes.to(images.device)[:, :, None, None].unbind(dim=1)
    rows = torch.arange(images.shape[2], device=images.device)[None, :, None]
    columns = torch.arange(images.shape[3], device=images.device)[None, None, :]
    inside = (rows >= top) & (rows < top + box_height)
    inside = inside & (columns >= left) & (columns < left + box_width)
    return torch.where(inside[:, None], fill, images)


def add_noise(images: Images, noise: Images, spread: Float[Tensor, " n"]) -> Images:
    """Adds ``spread`` times standard normal noise and clamps to [0, 1]."""
    return (images + spread.to(images)[:, None, None, None] * noise).clamp(0, 1)


def sobel(images: Images) -> Images:
    """Returns the size of the brightness gradient by Sobel's kernels, per channel, in [0, 1].

    The response of a step from 0 to 1 along an axis is 4 in either kernel; it maps to 1.
    """
    padded = F.pad(images, (1, 1, 1, 1), mode="reflect")
    smooth_y = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    smooth_x = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    across = smooth_y[..., 2:] - smooth_y[..., :-2]
    down = smooth_x[:, :, 2:] - smooth_x[:, :, :-2]
    return (torch.sqrt(across**2 + down**2) / 4).clamp(0, 1)
