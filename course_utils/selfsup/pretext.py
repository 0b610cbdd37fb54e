"""Pretext tasks on whole pictures: rotation prediction and image completion.

A pretext task makes its own labels. Each is three plain functions: change a batch, keep what
was changed as the label, measure how well a network tells. ``patches`` has the tasks on parts.

Pictures are ``(n, channels, height, width)`` in [0, 1].
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import BottleneckDecoder, ConvEncoder

Images = Float[Tensor, "n channels height width"]
Generator = torch.Generator | None

ROTATIONS = 4


# ---------------------------------------------------------------------------- rotation


def _need_squares(images: Tensor) -> None:
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(
            "quarter turns need square pictures (n, channels, side, side), "
            f"got {tuple(images.shape)}"
        )


def rotate_each(images: Images, turns: Int[Tensor, " n"]) -> Images:
    """Turns picture i counter-clockwise by ``turns[i]`` quarter turns, pixel by pixel exactly.

    Raises:
        ValueError: when pictures are not square or a turn is not 0, 1, 2 or 3.
    """
    _need_squares(images)
    if turns.shape != images.shape[:1] or bool(((turns < 0) | (turns >= ROTATIONS)).any()):
        raise ValueError(f"turns must be {len(images)} numbers from 0 to 3")
    rotated = images.clone()
    for quarter in range(1, ROTATIONS):
        chosen = turns == quarter
        rotated[chosen] = torch.rot90(images[chosen], quarter, dims=(2, 3))
    return rotated


def rotate_batch(
    images: Images,
) -> tuple[Float[Tensor, "four_n channels height width"], Int[Tensor, " four_n"]]:
    """Returns all four rotations of every picture and their labels 0, 1, 2, 3.

    Row ``k * n + i`` is picture i turned counter-clockwise by k quarter turns, label k. All
    four copies in one batch work better than one each (Gidaris et al. 2018, section 3.1).

    Source: Gidaris, Singh, Komodakis (2018), equation 2.

    Raises:
        ValueError: when the pictures are not square.
    """
    _need_squares(images)
    rotated = [torch.rot90(images, k, dims=(2, 3)) for k in range(ROTATIONS)]
    labels = torch.arange(ROTATIONS, device=images.device).repeat_interleave(len(images))
    return torch.cat(rotated), labels


def rotation_loss(logits: Float[Tensor, "n 4"], turns: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """Returns the mean cross-entropy ``-log p(turn)`` of the four-way classification, in nats.

    Source: Gidaris et al. (2018), equation 3 (there a mean over the four copies).

    Raises:
        ValueError: when there are not four logits a picture or not one turn for each.
    """
    if logits.ndim != 2 or logits.shape[1] != ROTATIONS or turns.shape != logits.shape[:1]:
        raise ValueError(
            f"expected logits (n, 4) and turns (n,), got {tuple(logits.shape)} "
            f"and {tuple(turns.shape)}"
        )
    return F.cross_entropy(logits, turns)


# -------------------------------------------------------------------- image completion


def central_mask(
    height: int, width: int, fraction: float = 0.5
) -> Bool[Tensor, "1 1 height width"]:
    """Returns a mask that is True on the missing central block, ``fraction`` of each side.

    Source: Pathak et al. (2016), figure 3a: a quarter of the area.

    Raises:
        ValueError: when ``fraction`` is not between 0 and 1, or leaves no pixel missing or none.
    """
    rows, columns = round(fraction * height), round(fraction * width)
    if not 0 < fraction < 1 or rows in (0, height) or columns in (0, width):
        raise ValueError(f"a fraction of {fraction} leaves nothing to fill or nothing to see")
    mask = torch.zeros(1, 1, height, width, dtype=torch.bool)
    top, left = (height - rows) // 2, (width - columns) // 2
    mask[..., top : top + rows, left : left + columns] = True
    return mask


def block_masks(
    count: int,
    size: tuple[int, int],
    side: int,
    blocks: int = 3,
    generator: Generator = None,
) -> Bool[Tensor, "n 1 height width"]:
    """Returns masks that are True on ``blocks`` random squares, which may overlap.

    A network that always fills the centre learns the border of the centre; random blocks have
    no border that it could know beforehand (Pathak et al. 2016, figure 3b).

    Raises:
        ValueError: when a block is empty or larger than the picture.
    """
    height, width = size
    if not 1 <= side <= min(size) or blocks < 1:
        raise ValueError(f"blocks of side {side} do not fit in a picture of {height} x {width}")
    device = generator.device if generator is not None else "cpu"
    place = torch.rand(2, count, blocks, generator=generator, device=device)
    top = (place[0] * (height - side + 1)).long()[..., None]
    left = (place[1] * (width - side + 1)).long()[..., None]
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    in_rows = (rows >= top) & (rows < top + side)  # (n, blocks, height)
    in_columns = (columns >= left) & (columns < left + side)
    return (in_rows[..., :, None] & in_columns[..., None, :]).any(dim=1, keepdim=True)


def erase(images: Images, missing: Bool[Tensor, "#n 1 height width"], fill: float = 0.5) -> Images:
    """Returns the pictures with their missing pixels painted with one constant."""
    return torch.where(missing.to(images.device), fill, images)


def completion_loss(
    predicted: Images, images: Images, missing: Bool[Tensor, "#n 1 height width"]
) -> Float[Tensor, ""]:
    """Returns the mean squared error over the missing pixels only, ``|M (x - F(x))|^2 / |M|``.

    Source: Pathak et al. (2016), equation 1, as a mean and without the adversarial term.

    Raises:
        ValueError: when the shapes differ or no pixel is missing.
    """
    if predicted.shape != images.shape:
        raise ValueError(
            f"predicted {tuple(predicted.shape)} and pictures {tuple(images.shape)} must agree"
        )
    weights = missing.to(images).expand_as(images)
    if not bool(missing.any()):
        raise ValueError("no pixel is missing, so there is nothing to complete")
    return (weights * (predicted - images) ** 2).sum() / weights.sum()


class ContextEncoder(nn.Module):
    """Encoder, narrow middle, decoder: fills in what is missing (Pathak et al. 2016, figure 2).

    The ``encoder`` is what a probe reads afterwards; it saw only pictures with holes.
    """

    def __init__(self, width: int = 16, channels: int = 3) -> None:
        super().__init__()
        self.encoder = ConvEncoder(width, channels)
        self.decoder = BottleneckDecoder(width, channels)

    def forward(self, erased: Images) -> Images:
        """Returns whole pictures in (0, 1); only the missing part is asked to be right.

        Raises:
            ValueError: when the sides are not multiples of 8.
        """
        if erased.shape[2] % 8 or erased.shape[3] % 8:
            raise ValueError(f"sides must be multiples of 8, got {tuple(erased.shape[2:])}")
        return torch.sigmoid(self.decoder(self.encoder.maps(erased).third))


def complete(
    predicted: Images, images: Images, missing: Bool[Tensor, "#n 1 height width"]
) -> Images:
    """Returns the pictures with the prediction pasted into their missing pixels."""
    return torch.where(missing.to(images.device), predicted, images)
