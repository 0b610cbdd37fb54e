"""Colouring a video by pointing: copy each pixel's colour from where it was in another frame.

    A_ij = exp(f_i . f_j) / sum_k exp(f_k . f_j)        i in the reference, j in the target
    y_j  = sum_i A_ij c_i

No colour is ever predicted, only a place to copy it from, so the features must learn to find
the same thing again. ``tracking`` uses the same A to carry masks and keypoints.

Source: Vondrick et al. (2018), "Tracking emerges by colorizing videos", equations 1 to 3.
Frames are flattened row by row: cell ``i = row * width + column``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import convolution
from course_utils.selfsup import color

Attention = Float[Tensor, "n reference target"]
Generator = torch.Generator | None

PALETTE_SIZE = 16


# ---------------------------------------------------------------------------- attention


def flatten_cells(
    frames: Float[Tensor, "n frames features height width"],
) -> Float[Tensor, "n features cells"]:
    """Lists the cells of one or more frames, frame after frame: a memory to point into.

    Raises:
        ValueError: if ``frames`` has no axis of frames.
    """
    if frames.ndim != 5:
        raise ValueError(f"expected (n, frames, features, h, w), got {tuple(frames.shape)}")
    return frames.transpose(1, 2).flatten(start_dim=2)


def pointer_attention(
    reference: Float[Tensor, "n features reference"],
    target: Float[Tensor, "n features target"],
    temperature: float = 1.0,
) -> Attention:
    """Returns A: for each target cell j a distribution over the reference cells i.

    ``A_ij = softmax over i of f_i . f_j / temperature``; every column ``A[:, :, j]`` sums to 1.
    With several reference frames the softmax runs over all their cells together.

    Source: Vondrick et al. (2018), equation 1, temperature 1.

    Raises:
        ValueError: when the features differ in size or the temperature is not positive.
    """
    if reference.ndim != 3 or target.ndim != 3 or reference.shape[:2] != target.shape[:2]:
        raise ValueError(
            "reference and target must be (n, features, cells) with equal n and features, got "
            f"{tuple(reference.shape)} and {tuple(target.shape)}"
        )
    if temperature <= 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    similarity = torch.einsum("ndi,ndj->nij", reference, target)
    return torch.softmax(similarity / temperature, dim=1)


def window(height: int, width: int, radius: float) -> Bool[Tensor, "reference target"]:
    """Returns which reference cells lie within ``radius`` cells of a target cell.

    The distance is the larger of that along rows and that along columns.
    """
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    apart = torch.maximum(
        (rows[:, None] - rows[None]).abs(), (columns[:, None] - columns[None]).abs()
    )
    return apart <= radius


def copy_colours(
    attention: Attention, colours: Float[Tensor, "n channels reference"]
) -> Float[Tensor, "n channels target"]:
    """Returns ``y_j = sum_i A_ij c_i``: each target cell's mixture of reference colours.

    The "colour" can be ab, a distribution over a palette, a mask or a heat map.

    Source: Vondrick et al. (2018), equation 2.

    Raises:
        ValueError: when there is not one colour for each reference cell.
    """
    if colours.ndim != 3 or colours.shape[::2] != attention.shape[:2]:
        raise ValueError(
            f"colours {tuple(colours.shape)} must give one for each of the reference cells of "
            f"attention {tuple(attention.shape)}"
        )
    return torch.einsum("nij,nci->ncj", attention, colours)


# ------------------------------------------------------------------------------ palette


def kmeans(
    points: Float[Tensor, "points axes"],
    count: int,
    iterations: int = 20,
    generator: Generator = None,
) -> Float[Tensor, "count axes"]:
    """Returns ``count`` centres by Lloyd's algorithm from a k-means++ start.

    Each next starting centre is a point drawn with chance proportional to its squared distance
    from the nearest centre so far, so rare saturated colours get a centre too. A centre that
    loses all its points stays where it was.

    Source: Arthur and Vassilvitskii (2007).

    Raises:
        ValueError: when there are fewer points than centres.
    """
    if not 1 <= count <= len(points):
        raise ValueError(f"cannot find {count} centres among {len(points)} points")
    device = generator.device if generator is not None else points.device
    first = torch.randint(len(points), (1,), generator=generator, device=device)
    centres = points[first.to(points.device)]
    distance = ((points - centres) ** 2).sum(dim=1)
    while len(centres) < count:
        chance = (distance + 1e-12).to(device)
        chosen = torch.multinomial(chance, 1, generator=generator).to(points.device)
        centres = torch.cat([centres, points[chosen]])
        distance = torch.minimum(distance, ((points - points[chosen]) ** 2).sum(dim=1))
    for _ in range(iterations):
        nearest = torch.cdist(points, centres).argmin(dim=1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        members = torch.bincount(nearest, minlength=count).to(points)[:, None]
        centres = torch.where(members > 0, sums / members.clamp(min=1), centres)
    return centres


def palette_of(
    frames: Float[Tensor, "n 3 height width"],
    count: int = PALETTE_SIZE,
    sample: int = 20_000,
    generator: Generator = None,
) -> Float[Tensor, "count 2"]:
    """Returns ``count`` ab colours of RGB frames by k-means over a random sample of pixels.

    Source: Vondrick et al. (2018), section 3.3: 16 clusters.
    """
    points = color.ab_points(color.rgb_to_lab(frames)[:, 1:])
    device = generator.device if generator is not None else "cpu"
    rows = torch.randperm(len(points), generator=generator, device=device)[:sample]
    return kmeans(points[rows.to(points.device)], count, generator=generator)


def palette_labels(
    frames: Float[Tensor, "n 3 height width"],
    palette: Float[Tensor, "colours 2"],
    size: tuple[int, int],
) -> Int[Tensor, "n height_cells width_cells"]:
    """Returns the nearest palette colour of each cell; ab is averaged over a cell's pixels."""
    chroma = F.adaptive_avg_pool2d(color.rgb_to_lab(frames)[:, 1:], size)
    return color.quantise_ab(chroma, palette)


def pointing_loss(
    copied: Float[Tensor, "n colours target"], labels: Int[Tensor, "n target"]
) -> Float[Tensor, ""]:
    """Returns ``-mean_j log y_j[c_j]`` in nats: cross-entropy of the copied palette shares.

    Source: Vondrick et al. (2018), equation 3. ``copied`` is already a distribution, hence no
    softmax; it is kept above 1e-6 for cells whose colour no reference cell has.

    Raises:
        ValueError: when there is not one label for each target cell.
    """
    if copied.ndim != 3 or labels.shape != copied.shape[::2]:
        raise ValueError(
            f"labels {tuple(labels.shape)} must give one colour for each target cell of "
            f"{tuple(copied.shape)}"
        )
    return F.nll_loss(copied.clamp(min=1e-6).log(), labels)


# ----------------------------------------------------------------------------- learning


class PointerEncoder(nn.Module):
    """Grey frames in, one feature vector of fixed length per cell out.

    All vectors have the length ``sqrt(sharpness)``, so inner products are cosines times
    ``sharpness``. Without it some cells grow long vectors, which have a large inner product with
    everything: they draw all pointers, and a track is lost after a few frames. (It also keeps
    the smallest weights of A above the denormal numbers, on which a CPU is ten times slower.)

    Args:
        stride: pixels a cell, 2 or 4.
        features: length of the vectors whose inner products point.
        sharpness: the largest inner product.

    Raises:
        ValueError: when ``stride`` is not 2 or 4 or the sharpness is not positive.
    """

    def __init__(
        self, width: int = 16, features: int = 32, stride: int = 4, sharpness: float = 20.0
    ) -> None:
        super().__init__()
        if stride not in (2, 4) or sharpness <= 0:
            raise ValueError(f"need stride 2 or 4 and sharpness > 0, got {stride}, {sharpness}")
        self.stride, self.sharpness = stride, sharpness
        self.body = nn.Sequential(
            convolution(1, width, stride=2),
            convolution(width, 2 * width, stride=stride // 2),
            convolution(2 * width, 2 * width),
            convolution(2 * width, 4 * width),
            nn.Conv2d(4 * width, features, 3, padding=1),
        )
        self.to(memory_format=torch.channels_last)

    def forward(
        self, frames: Float[Tensor, "n 3 height width"]
    ) -> Float[Tensor, "n features height_cells width_cells"]:
        """Returns the features of RGB frames, of which only the lightness is looked at."""
        lightness, _ = color.normalise_lab(color.rgb_to_lab(frames))
        return self.sharpness**0.5 * F.normalize(self.body(2 * lightness), dim=1)


def pointing_losses(
    encoder: Callable[[Tensor], Tensor],
    clips: Float[Tensor, "n frames 3 height width"],
    palette: Float[Tensor, "colours 2"],
    temperature: float = 1.0,
) -> dict[str, float | Tensor]:
    """Returns the loss of colouring the last frame of each clip from all the frames before it.

    ``"accuracy"`` is the share of cells whose strongest copied colour is right.

    Raises:
        ValueError: when a clip has fewer than two frames.
    """
    if clips.ndim != 5 or clips.shape[1] < 2:
        raise ValueError(f"clips need two frames or more, got {tuple(clips.shape)}")
    count, frames = clips.shape[:2]
    flat = clips.flatten(end_dim=1)
    features = encoder(flat)
    size = tuple(features.shape[2:])
    labels = palette_labels(flat, palette, size).view(count, frames, -1)
    features = features.view(count, frames, *features.shape[1:])
    attention = pointer_attention(
        flatten_cells(features[:, :-1]), features[:, -1].flatten(start_dim=2), temperature
    )
    known = F.one_hot(labels[:, :-1].flatten(start_dim=1), len(palette)).to(attention)
    copied = copy_colours(attention, known.transpose(1, 2))
    right = (copied.argmax(dim=1) == labels[:, -1]).float().mean()
    return {"loss": pointing_loss(copied, labels[:, -1]), "accuracy": right.item()}
