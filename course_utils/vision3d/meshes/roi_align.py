"""The space of one detected box: what a rectangle on the picture can know of the shape behind it.

How far away an object is, and so how large, a rectangle does not tell (the lecture: a 2D box is a
frustum). So shapes are predicted in units of the box itself, in its *frame*: axes as the camera's
(x right, y down, z forward), the origin on the ray through the box's middle, at the depth of the
object's middle, and as a unit the length that the box's longer side spans at that depth. Seen in
these units the pinhole is always f / side away, wherever the object may be.

A voxel grid fills the part of the box's frustum between the object's nearest and farthest depth,
so that each column of voxels lies behind one place of the picture (Gkioxari et al. 2019, "Mesh
R-CNN", section 3.2). Rectangles are (left, top, right, bottom) in pixels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.vision3d.cameras import Camera, unproject

Boxes = Float[Tensor, "boxes 4"]


def check_rectangles(boxes: Boxes) -> None:
    """Nothing if these are rectangles with an area.

    Raises: ValueError if they are not (boxes, 4), or right <= left or bottom <= top.
    """
    if boxes.ndim != 2 or boxes.shape[-1] != 4:
        raise ValueError(f"boxes must be (boxes, 4), got {tuple(boxes.shape)}")
    if not bool((boxes[:, 2:] > boxes[:, :2]).all()):
        raise ValueError("a box is (left, top, right, bottom) with left < right and top < bottom")


def frame_cameras(
    focal: Float[Tensor, "boxes"], principal: Float[Tensor, "boxes 2"], boxes: Boxes, size: int
) -> Camera:
    """The camera of each box's picture, in the frame of that box.

    With side = max(width, height) of the box and its middle (u, v), the pinhole lies at
    -(f / side) ((u - u0) / f, (v - v0) / f, 1), looking along z.

    focal, principal: of the camera that took the picture, pixels. size: of the picture, pixels.

    Raises: ValueError as ``check_rectangles``.
    """
    check_rectangles(boxes)
    middle, side = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).amax(1)
    ray = torch.cat([(middle - principal) / focal[:, None], torch.ones_like(side)[:, None]], 1)
    turn = torch.eye(3).to(boxes).expand(len(boxes), 3, 3)
    return Camera(focal, size, size, turn, -ray * (focal / side)[:, None], principal)


def frame_from_world(
    camera: Camera,
    boxes: Boxes,
    depth: Float[Tensor, "boxes"],
    points: Float[Tensor, "boxes points 3"],
) -> Float[Tensor, "boxes points 3"]:
    """World points in the frame of each box; one camera a box.

    depth: of each object's middle, world units. Normals go by ``camera.rotation`` alone.

    Raises: ValueError as ``check_rectangles``.
    """
    frames = frame_cameras(camera.focal, camera.principal, boxes, camera.height)
    local = (points - camera.centre[:, None]) @ camera.rotation
    distance = -frames.centre[:, 2]  # of the pinhole from the frame's origin
    return local * (distance / depth)[:, None, None] + frames.centre[:, None]


def frame_from_grid(
    frames: Camera,
    boxes: Boxes,
    extent: Float[Tensor, "boxes"],
    shares: Float[Tensor, "boxes points 3"],
) -> Float[Tensor, "boxes points 3"]:
    """Points of each box's frustum in its frame, from shares in [-1/2, 1/2] of the way across.

    shares: along u, v, and depth. extent: from the object's nearest to its farthest depth, in the
    units of the frame. Planes stay planes, so that a closed mesh stays closed.

    Raises: ValueError if some extent is not positive, or reaches behind the pinhole.
    """
    distance = -frames.centre[:, 2]
    if not bool(((extent > 0) & (extent < 2 * distance)).all()):
        raise ValueError("the extents must be positive, and end in front of the pinhole")
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    uv = middle[:, None] + shares[..., :2] * size[:, None]
    return unproject(frames, uv, distance[:, None] + extent[:, None] * shares[..., 2])


def pool_boxes(
    features: Float[Tensor, "pictures channels height width"],
    pictures: Int[Tensor, "boxes"],
    boxes: Boxes,
    stride: int,
    cells: int,
) -> Float[Tensor, "boxes channels cells cells"]:
    """The features under each box, on a grid of ``cells`` by ``cells``: RoIAlign with one sample.

    He et al. (2017), "Mask R-CNN", section 3: bilinear at the cells' centres, nothing is rounded.

    pictures: which picture each box lies on. stride: pixels from one feature to the next.

    Raises: ValueError if there is no cell, or as ``check_rectangles``.
    """
    check_rectangles(boxes)
    if cells < 1:
        raise ValueError(f"a box is pooled into at least one cell, got {cells}")
    share = (torch.arange(cells, dtype=boxes.dtype, device=boxes.device) + 0.5) / cells
    at = boxes[:, None, :2] + share[:, None] * (boxes[:, None, 2:] - boxes[:, None, :2])
    wide = boxes.new_tensor([features.shape[-1] * stride, features.shape[-2] * stride])
    u, v = (2 * at / wide - 1).unbind(-1)  # (boxes, cells) each, [-1, 1] across the picture
    grid = torch.stack(torch.broadcast_tensors(u[:, None, :], v[:, :, None]), -1)
    chosen = features[pictures]
    return F.grid_sample(chosen, grid, padding_mode="border", align_corners=False)


def pool_pixels(
    features: Float[Tensor, "pictures channels height width"],
    pictures: Int[Tensor, "points"],
    uv: Float[Tensor, "points 2"],
    stride: int,
) -> Float[Tensor, "points channels"]:
    """The features at places of pictures, bilinear between the four nearest: VertAlign.

    Gkioxari et al. (2019), section 3.3, after Wang et al. (2018), "Pixel2Mesh". Differentiable in
    the features and in the places. Beyond the picture's edge the nearest feature counts.

    pictures: which picture each place lies on. uv: pixels. stride: as in ``pool_boxes``.

    Raises: ValueError if places and pictures do not fit.
    """
    if uv.shape != (*pictures.shape, 2):
        raise ValueError(f"{tuple(uv.shape)} places do not fit {tuple(pictures.shape)} pictures")
    _, channels, height, width = features.shape
    flat = features.permute(0, 2, 3, 1).reshape(-1, channels)
    most = uv.new_tensor([width - 1, height - 1])
    at = (uv / stride - 0.5).clamp(min=torch.zeros_like(most), max=most)
    low = at.detach().floor().minimum((most - 1).clamp(min=0))
    right, down = (at - low).unbind(-1)
    x, y = low.long().unbind(-1)
    first = (pictures * height + y) * width + x
    one, line = min(1, width - 1), width if height > 1 else 0
    index = torch.stack([first, first + one, first + line, first + line + one], -1)
    weights = [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down]
    # One weighted sum of four rows for each place, without a copy of the rows.
    return F.embedding_bag(
        index, flat, mode="sum", per_sample_weights=torch.stack(weights, -1).to(flat.dtype)
    )
