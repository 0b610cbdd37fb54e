"""Random parameters for the augmentations, and random views of a batch.

The distributions are those of torchvision's ``RandomResizedCrop`` and ``ColorJitter``, but one
call draws a parameter per picture (torchvision on a batch draws one for all of them, which
would let a contrastive loss compare pictures by their crop).

Source: Chen et al. (2020), appendix A; MoCo v2 (Chen et al., 2020b) uses the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.selfsup import augment
from course_utils.selfsup.augment import Colours, Images

Generator = torch.Generator | None


@dataclass(frozen=True)
class ViewRecipe:
    """How views are drawn. The defaults are SimCLR's for 32 x 32 pictures (strength 0.5).

    ``area`` and ``ratio`` are the ranges of a crop's share of the picture and of width / height;
    the four jitter numbers are half ranges about "keep"; the rest are probabilities.
    """

    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    jitter: float = 0.8
    grey: float = 0.2
    blur: float = 0.0


GEOMETRY_ONLY = ViewRecipe(area=(0.5, 1.0), jitter=0.0, grey=0.0)


def _device(generator: Generator, device: torch.device | str) -> torch.device:
    return generator.device if generator is not None else torch.device(device)


def draw_uniform(
    shape: tuple[int, ...],
    low: float,
    high: float,
    generator: Generator = None,
    device: torch.device | str = "cpu",
) -> Float[Tensor, "..."]:
    """Returns numbers uniform in [low, high), drawn where the generator lives, on ``device``."""
    unit = torch.rand(shape, generator=generator, device=_device(generator, device))
    return (low + (high - low) * unit).to(device)


def draw_chance(
    count: int, probability: float, generator: Generator = None, device: torch.device | str = "cpu"
) -> Bool[Tensor, " n"]:
    """Returns ``count`` coin tosses that are true with the given probability.

    Raises:
        ValueError: if the probability lies outside [0, 1].
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability lies in [0, 1], got {probability}")
    return draw_uniform((count,), 0.0, 1.0, generator, device) < probability


def draw_boxes(
    count: int,
    size: tuple[int, int],
    area: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    generator: Generator = None,
    device: torch.device | str = "cpu",
) -> Int[Tensor, "n 4"]:
    """Returns random crops (top, left, height, width in pixels) as RandomResizedCrop draws them.

    Area share uniform, log of width / height uniform, both sides rounded to pixels; a crop that
    does not fit is drawn again, at most ten times, and then the largest centred box with an
    allowed ratio is taken. All ten tries of all pictures are drawn together.

    Raises:
        ValueError: when a range is empty or reaches 0.
    """
    if not 0 < area[0] <= area[1] or not 0 < ratio[0] <= ratio[1]:
        raise ValueError(f"area {area} and ratio {ratio} must be ranges (low, high) above 0")
    height, width = size
    pixels = height * width * draw_uniform((count, 10), *area, generator, device)
    shape = draw_uniform((count, 10), math.log(ratio[0]), math.log(ratio[1]), generator, device)
    widths = (pixels * shape.exp()).sqrt().round().long()
    heights = (pixels / shape.exp()).sqrt().round().long()
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    first = fits.int().argmax(dim=1, keepdim=True)
    box_width, box_height = widths.gather(1, first)[:, 0], heights.gather(1, first)[:, 0]
    room_y, room_x = height - box_height + 1, width - box_width + 1
    place = draw_uniform((2, count), 0.0, 1.0, generator, device)
    top, left = (place[0] * room_y).long(), (place[1] * room_x).long()
    boxes = torch.stack([top, left, box_height, box_width], dim=1)
    fallback = torch.tensor(_centred_box(size, ratio), device=boxes.device)
    return torch.where(fits.any(dim=1, keepdim=True), boxes, fallback)


def _centred_box(size: tuple[int, int], ratio: tuple[float, float]) -> tuple[int, int, int, int]:
    height, width = size
    box_height, box_width = height, width
    if width / height < ratio[0]:
        box_height = round(width / ratio[0])
    elif width / height > ratio[1]:
        box_width = round(height * ratio[1])
    return (height - box_height) // 2, (width - box_width) // 2, box_height, box_width


def draw_jitter(
    count: int,
    ranges: tuple[float, float, float, float] = (0.4, 0.4, 0.4, 0.1),
    generator: Generator = None,
    device: torch.device | str = "cpu",
) -> tuple[Float[Tensor, "n 4"], Int[Tensor, "n 4"]]:
    """Returns factors and order of brightness, contrast, saturation, hue as ColorJitter does.

    The first three are uniform in [max(0, 1 - r), 1 + r], the hue in [-r, r] turns, the order
    uniform among the 24.

    Raises:
        ValueError: when a range is negative or that of the hue is above a half turn.
    """
    if min(ranges) < 0 or ranges[3] > 0.5:
        raise ValueError(f"ranges must be at least 0 and the hue's at most 0.5, got {ranges}")
    factors = [
        draw_uniform((count,), max(0.0, 1 - r), 1 + r, generator, device) for r in ranges[:3]
    ]
    factors.append(draw_uniform((count,), -ranges[3], ranges[3], generator, device))
    # Ranking four uniform numbers gives each order the same chance.
    order = draw_uniform((count, 4), 0.0, 1.0, generator, device).argsort(dim=1)
    return torch.stack(factors, dim=1), order


def random_views(
    images: Colours, recipe: ViewRecipe | None = None, generator: Generator = None
) -> Colours:
    """Returns one random view of each picture: crop, flip, jitter, greyscale and blur.

    One ``grid_sample`` and one colour matrix per picture, whatever the recipe.
    """
    recipe = recipe or ViewRecipe()
    count, device = len(images), images.device
    boxes = draw_boxes(count, tuple(images.shape[2:]), recipe.area, recipe.ratio, generator, device)
    flips = draw_chance(count, recipe.flip, generator, device)
    views = augment.crop_resize(images, boxes, flips)
    if recipe.jitter > 0 or recipe.grey > 0:
        views = _random_colours(views, recipe, generator)
    if recipe.blur > 0:
        sigmas = draw_uniform((count,), 0.1, 2.0, generator, device)
        blurred = augment.gaussian_blur(views, sigmas, _blur_size(images))
        chosen = draw_chance(count, recipe.blur, generator, device)
        views = torch.where(chosen[:, None, None, None], blurred, views)
    return views


def _random_colours(images: Colours, recipe: ViewRecipe, generator: Generator) -> Colours:
    """Jitter and greyscale, written over the pictures, which are the crops made just before."""
    count, device = len(images), images.device
    ranges = (recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue)
    factors, order = draw_jitter(count, ranges, generator, device)
    keep = factors.new_tensor([1.0, 1.0, 1.0, 0.0])
    chosen = draw_chance(count, recipe.jitter, generator, device)
    factors = torch.where(chosen[:, None], factors, keep)
    matrices, offsets = augment.colour_transform(images, factors, order)
    # Greyscale comes last: luma of M c + o, in all three rows.
    luma = images.new_tensor(augment.LUMA)
    grey = draw_chance(count, recipe.grey, generator, device)
    grey_matrices = torch.einsum("i,nij->nj", luma, matrices)[:, None].expand(-1, 3, -1)
    grey_offsets = (offsets @ luma)[:, None].expand(-1, 3)
    matrices = torch.where(grey[:, None, None], grey_matrices, matrices)
    offsets = torch.where(grey[:, None], grey_offsets, offsets)
    return augment.recolour_(images, matrices, offsets)


def _blur_size(images: Images) -> int:
    """SimCLR's kernel, a tenth of the picture's side, made odd and at least 3."""
    return max(3, images.shape[2] // 10 // 2 * 2 + 1)


def ten_augmentations() -> dict[str, Callable[[Colours, Generator], Colours]]:
    """Returns figure 4 of SimCLR: name to ``f(images, generator)``, the original first."""
    crop = ViewRecipe(flip=0.0, jitter=0.0, grey=0.0)
    crop_flip = ViewRecipe(flip=1.0, jitter=0.0, grey=0.0)
    return {
        "original": lambda images, generator=None: images,
        "crop and resize": lambda images, generator=None: random_views(images, crop, generator),
        "crop, resize and flip": lambda images, generator=None: random_views(
            images, crop_flip, generator
        ),
        "colour distortion (drop)": lambda images, generator=None: augment.drop_colour(
            images, torch.ones(len(images), dtype=torch.bool, device=images.device)
        ),
        "colour distortion (jitter)": _random_jitter,
        "rotate 90, 180 or 270": _random_quarter_turns,
        "cutout": _random_cutout,
        "Gaussian noise": _random_noise,
        "Gaussian blur": _random_blur,
        "Sobel filter": lambda images, generator=None: augment.sobel(images),
    }


def _random_jitter(images: Colours, generator: Generator = None) -> Colours:
    """Full strength, as in SimCLR's ImageNet recipe: 0.8, 0.8, 0.8 and 0.2."""
    factors, order = draw_jitter(len(images), (0.8, 0.8, 0.8, 0.2), generator, images.device)
    return augment.jitter(images, factors, order)


def _random_quarter_turns(images: Images, generator: Generator = None) -> Images:
    turns = draw_uniform((len(images),), 1.0, 4.0, generator, images.device).floor()
    return augment.rotate(images, 90 * turns)


def _random_cutout(images: Images, generator: Generator = None) -> Images:
    """A square of a third of the side, anywhere inside the picture."""
    height, width = images.shape[2:]
    side = max(1, min(height, width) // 3)
    place = draw_uniform((2, len(images)), 0.0, 1.0, generator, images.device)
    top, left = (place[0] * (height - side + 1)).long(), (place[1] * (width - side + 1)).long()
    sides = torch.full_like(top, side)
    return augment.cutout(images, torch.stack([top, left, sides, sides], dim=1))


def _random_noise(images: Images, generator: Generator = None) -> Images:
    noise = torch.randn(
        images.shape, generator=generator, device=_device(generator, images.device)
    ).to(images)
    return augment.add_noise(images, noise, images.new_full((len(images),), 0.1))


def _random_blur(images: Images, generator: Generator = None) -> Images:
    """Between mild and strong, so that the picture in a gallery is visibly blurred."""
    sigmas = draw_uniform((len(images),), 0.7, 2.0, generator, images.device)
    return augment.gaussian_blur(images, sigmas, max(5, _blur_size(images)))
