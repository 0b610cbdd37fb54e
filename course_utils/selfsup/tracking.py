"""Tracking that emerges from colouring: carry masks and keypoints along a clip by pointing.

Labels of the first frame are copied to the second by the attention that was trained on colour,
from there to the third, and so on; nothing is trained for it.

Source: Vondrick et al. (2018), section 4; the measures are those of DAVIS (Perazzi et al. 2016,
region similarity J) and PCK (Yang and Ramanan 2013). Points are (x right, y down) in pixels,
(0, 0) is the top-left corner of the top-left pixel and pixel centres lie at half-integers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.selfsup import pointers

Frames = Float[Tensor, "frames features height width"]
LabelMaps = Float[Tensor, "frames labels height width"]


class TrackingSettings(NamedTuple):
    """How labels are carried.

    Attributes:
        memory: how many of the last frames are pointed into, besides the first.
        radius: cells around its own place that a cell may point to; ``None`` is no limit. Nor has
            the first frame one, once it is longer ago than ``memory``.
        top: how many reference cells are mixed.
        temperature: of the softmax.
    """

    memory: int = 3
    radius: float | None = 6.0
    top: int = 5
    temperature: float = 1.0


@torch.no_grad()
def propagate(
    features: Frames,
    first: Float[Tensor, "labels height width"],
    settings: TrackingSettings | None = None,
) -> LabelMaps:
    """Carries label maps from the first frame to all others, one frame after the next.

    ``L_t = sum_i A_it L_i`` over the cells of the first frame and of the last ``memory`` frames,
    with the labels that were found there.

    Args:
        first: soft labels of frame 0, one map a label, at the resolution of the features.

    Raises:
        ValueError: when the resolutions differ, ``memory`` or ``top`` is below 1, or the
            temperature is not positive.
    """
    settings = settings or TrackingSettings()
    if features.ndim != 4 or first.ndim != 3 or features.shape[2:] != first.shape[1:]:
        raise ValueError(
            f"features {tuple(features.shape)} and first labels {tuple(first.shape)} must have "
            "one resolution"
        )
    if settings.memory < 1 or settings.top < 1 or settings.temperature <= 0:
        raise ValueError(
            f"need memory and top of at least 1 and a positive temperature, got {settings}"
        )
    maps = [first]
    for frame in range(1, len(features)):
        known = sorted({0, *range(max(0, frame - settings.memory), frame)})
        index, weights = _strongest(features, known, frame, settings)
        labels = torch.stack([maps[k] for k in known], dim=1).flatten(start_dim=1)
        maps.append((labels[:, index] * weights).sum(dim=-1).view(first.shape))
    return torch.stack(maps)


def _strongest(
    features: Frames, known: list[int], frame: int, settings: TrackingSettings
) -> tuple[Int[Tensor, "target top"], Float[Tensor, "target top"]]:
    """For each cell of a frame the known cells that it points to, and its weights of them.

    The ``top`` largest weights of a softmax, made to sum to 1 again, are the softmax of the
    ``top`` largest inner products. So the whole A, of which most is thrown away, is never built.
    """
    reference = features[known].flatten(start_dim=2).transpose(0, 1).flatten(start_dim=1)
    similarity = features[frame].flatten(start_dim=1).T @ reference  # (target, reference)
    if settings.radius is not None:
        near = pointers.window(*features.shape[2:], settings.radius).to(features.device)
        recent = range(frame - settings.memory, frame)
        far = torch.cat([~near if k in recent else torch.zeros_like(near) for k in known], dim=1)
        similarity = similarity.masked_fill(far, float("-inf"))
    strongest = similarity.topk(min(settings.top, similarity.shape[1]), dim=1)
    return strongest.indices, torch.softmax(strongest.values / settings.temperature, dim=1)


# -------------------------------------------------------------------------------- masks


def one_hot_masks(
    mask: Bool[Tensor, "height width"], size: tuple[int, int]
) -> Float[Tensor, "2 height_cells width_cells"]:
    """Returns background and object as shares of each cell's pixels: two maps that sum to 1."""
    share = F.adaptive_avg_pool2d(mask[None, None].float(), size)[0, 0]
    return torch.stack([1 - share, share])


def masks_from_maps(
    maps: Float[Tensor, "frames 2 height_cells width_cells"], size: tuple[int, int]
) -> Bool[Tensor, "frames height width"]:
    """Returns where the object's map, enlarged bilinearly to pixels, beats the background's."""
    enlarged = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
    return enlarged[:, 1] > enlarged[:, 0]


def propagate_mask(
    features: Frames,
    mask: Bool[Tensor, "height width"],
    settings: TrackingSettings | None = None,
) -> Bool[Tensor, "frames height width"]:
    """Carries the mask of the first frame along a clip, at the resolution of the mask."""
    first = one_hot_masks(mask, tuple(features.shape[2:])).to(features)
    return masks_from_maps(propagate(features, first, settings), tuple(mask.shape))


def region_similarity(
    predicted: Bool[Tensor, "*any height width"], truth: Bool[Tensor, "*any height width"]
) -> Float[Tensor, "*any"]:
    """Returns J, intersection over union, of each mask; two empty masks agree, J = 1.

    Source: Perazzi et al. (2016), section 4.

    Raises:
        ValueError: when the shapes differ.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"masks {tuple(predicted.shape)} and {tuple(truth.shape)} do not agree")
    both = (predicted & truth).sum(dim=(-2, -1)).float()
    either = (predicted | truth).sum(dim=(-2, -1)).float()
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


# ---------------------------------------------------------------------------- keypoints


def heat_maps(
    points: Float[Tensor, "points 2"], size: tuple[int, int], stride: float, spread: float = 0.7
) -> Float[Tensor, "points height_cells width_cells"]:
    """Returns a Gaussian bump at each point on a grid of cells; the bump's peak is 1.

    Args:
        stride: pixels a cell.
        spread: the bump's standard deviation in cells.
    """
    height, width = size
    rows = torch.arange(height, device=points.device) + 0.5
    columns = torch.arange(width, device=points.device) + 0.5
    down = rows - points[:, 1:] / stride  # (points, height)
    right = columns - points[:, :1] / stride
    return torch.exp(-(down[:, :, None] ** 2 + right[:, None, :] ** 2) / (2 * spread**2))


def points_from_heat(
    heat: Float[Tensor, "*any height_cells width_cells"], stride: float, reach: int = 1
) -> Float[Tensor, "*any 2"]:
    """Returns the centre of mass of the cells within ``reach`` of each map's peak, in pixels.

    The peak alone would be right to one cell; the mean over the whole map is drawn by far blobs.
    """
    height, width = heat.shape[-2:]
    flat = heat.flatten(end_dim=-3) if heat.ndim > 2 else heat[None]
    peak = flat.flatten(start_dim=1).argmax(dim=1)
    row, column = peak // width, peak % width
    rows, columns = (
        torch.arange(height, device=heat.device),
        torch.arange(width, device=heat.device),
    )
    near_rows = (rows - row[:, None]).abs() <= reach
    near_columns = (columns - column[:, None]).abs() <= reach
    mass = flat.clamp(min=0) * near_rows[:, :, None] * near_columns[:, None, :]
    # A map without any heat keeps its (arbitrary) peak instead of dividing by 0.
    at_peak = torch.zeros_like(flat).flatten(start_dim=1).scatter(1, peak[:, None], 1e-12)
    mass = mass + at_peak.view_as(mass)
    total = mass.sum(dim=(1, 2))
    x = (mass.sum(dim=1) * (columns + 0.5)).sum(dim=1) / total
    y = (mass.sum(dim=2) * (rows + 0.5)).sum(dim=1) / total
    return (torch.stack([x, y], dim=1) * stride).view(*heat.shape[:-2], 2)


def propagate_points(
    features: Frames,
    points: Float[Tensor, "points 2"],
    stride: float,
    settings: TrackingSettings | None = None,
) -> Float[Tensor, "frames points 2"]:
    """Carries keypoints of the first frame along a clip, as heat maps, and reads them off."""
    first = heat_maps(points, tuple(features.shape[2:]), stride).to(features)
    return points_from_heat(propagate(features, first, settings), stride)


def pck(
    predicted: Float[Tensor, "*any points 2"],
    truth: Float[Tensor, "*any points 2"],
    visible: Bool[Tensor, "*any points"],
    reach: float,
) -> float:
    """Returns the share of visible keypoints found within ``reach`` pixels of the truth.

    Raises:
        ValueError: when shapes differ, no point is visible, or ``reach`` is not positive.
    """
    if predicted.shape != truth.shape or visible.shape != truth.shape[:-1]:
        raise ValueError(
            f"points {tuple(predicted.shape)}, truth {tuple(truth.shape)} and visible "
            f"{tuple(visible.shape)} do not agree"
        )
    if reach <= 0 or not bool(visible.any()):
        raise ValueError("need a positive reach and at least one visible point")
    found = (predicted - truth).norm(dim=-1) <= reach
    return found[visible].float().mean().item()


# ---------------------------------------------------------------------------- baselines


def stay(first: Float[Tensor, "labels height width"], frames: int) -> LabelMaps:
    """Returns the first frame's labels for every frame: the baseline of not moving at all."""
    return first.expand(frames, *first.shape).clone()


def fetch_by_flow(
    first: Float[Tensor, "labels height width"],
    to_first: Float[Tensor, "steps 2 height width"],
    visible: Bool[Tensor, "steps height width"],
) -> LabelMaps:
    """Fetches labels straight from frame 0 by known flow; a point hidden there gets no label.

    Args:
        to_first: for each pixel of frame t = 1, 2 ... the (x, y) shift in pixels to where the
            same point of the world was in frame 0.
        visible: whether it could be seen there. Elsewhere all maps are 0.

    Raises:
        ValueError: when the resolutions differ.
    """
    _check_flow(first, to_first)
    if visible.shape != (len(to_first), *first.shape[1:]):
        raise ValueError(
            f"visible {tuple(visible.shape)} does not fit flow {tuple(to_first.shape)}"
        )
    fetched = [_fetched(first, flow) * seen for flow, seen in zip(to_first, visible, strict=True)]
    return torch.stack([first, *fetched])


def _check_flow(first: Tensor, flow: Tensor) -> None:
    if flow.ndim != 4 or flow.shape[1:] != (2, *first.shape[1:]):
        raise ValueError(
            f"flow must be (steps, 2, height, width) like the labels {tuple(first.shape)}, "
            f"got {tuple(flow.shape)}"
        )


def _fetched(maps: Tensor, flow: Tensor) -> Tensor:
    """Each pixel's labels, read bilinearly where ``flow`` says that it comes from."""
    height, width = maps.shape[1:]
    y, x = torch.meshgrid(
        torch.arange(height, device=maps.device) + 0.5,
        torch.arange(width, device=maps.device) + 0.5,
        indexing="ij",
    )
    grid = torch.stack([2 * (x + flow[0]) / width - 1, 2 * (y + flow[1]) / height - 1], dim=-1)
    return F.grid_sample(
        maps[None], grid[None].to(maps), padding_mode="border", align_corners=False
    )[0]
