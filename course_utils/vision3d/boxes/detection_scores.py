"""How good detected boxes are in space and on the picture, and which of their numbers is to blame.

A box in space and its picture are judged by the same rule, average precision over IoU
(``average_precision``), and the same detections. What is to blame is asked by putting the truth
in the place of one number at a time, and judging again (Hoiem et al. 2012, "Diagnosing error in
object detectors"; Simonelli et al. 2019 for monocular 3D: distance is the bottleneck).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.vision3d.boxes.average_precision import average_precision_of, rectangle_iou
from course_utils.vision3d.boxes.box_overlap import pairwise_iou
from course_utils.vision3d.boxes.boxes import full_boxes
from course_utils.vision3d.boxes.detector import Detections
from course_utils.vision3d.boxes.frustums import crop_rectangles, project_boxes
from course_utils.vision3d.cameras import Camera

PARTS = ("distance", "direction", "size", "yaw")
SAME = 0.3  # IoU on the picture from which a detection is taken to mean an object
Boxes = Float[Tensor, "pictures slots 7"]
Kinds = Int[Tensor, "pictures slots"]
Tables = list[Float[Tensor, "_ _"]]


def _check(detections: Sequence[Detections], boxes: Tensor) -> None:
    if len(detections) != len(boxes):
        raise ValueError(f"detections of {len(detections)} pictures, but boxes of {len(boxes)}")


def space_tables(detections: Sequence[Detections], boxes: Boxes, kind: Kinds) -> Tables:
    """Exact 3D IoU of each picture's detections with its objects. kind: -1 for empty slots.

    Raises: ValueError if the numbers of pictures differ.
    """
    _check(detections, boxes)
    return [
        pairwise_iou(full_boxes(d.boxes), full_boxes(b[k >= 0]))
        for d, b, k in zip(detections, boxes, kind, strict=True)
    ]


def rectangles_of(camera: Camera, boxes: Float[Tensor, "boxes 7"]) -> Float[Tensor, "boxes 4"]:
    """The 2D boxes around the pictures of 3D boxes, cut at the picture's edges, in pixels."""
    return crop_rectangles(camera, project_boxes(camera, full_boxes(boxes))[0])


def picture_tables(
    detections: Sequence[Detections], boxes: Boxes, kind: Kinds, cameras: Camera
) -> Tables:
    """IoU of the rectangles around the same boxes, projected.

    Raises: ValueError if the numbers of pictures differ.
    """
    _check(detections, boxes)
    return [
        rectangle_iou(rectangles_of(c, d.boxes), rectangles_of(c, b[k >= 0]))
        for d, b, k, c in zip(detections, boxes, kind, cameras, strict=True)
    ]


def ap_of_kinds(
    tables: Tables,
    detections: Sequence[Detections],
    kind: Kinds,
    threshold: float | int,
    classes: int,
) -> list[float]:
    """Average precision of each class by itself: what it calls a car has to overlap a car.

    Raises: ValueError if there is no object of a class, or as ``average_precision_of``.
    """
    found = []
    for one in range(classes):
        rows = [d.kind == one for d in detections]
        mine = [
            table[row][:, k[k >= 0] == one]
            for table, row, k in zip(tables, rows, kind, strict=True)
        ]
        scores = [d.scores[row] for d, row in zip(detections, rows, strict=True)]
        found.append(average_precision_of(mine, scores, threshold))
    return found


def with_truth(
    detections: Sequence[Detections], boxes: Boxes, kind: Kinds, cameras: Camera, part: str
) -> list[Detections]:
    """The same detections with one part of each box put right, where it means an object.

    part: "distance" of its middle from the pinhole, "direction" there, "size" or "yaw". A
    detection means the object whose rectangle it overlaps most, if by ``SAME`` or more.

    Raises: ValueError for another part, or if the numbers of pictures differ.
    """
    if part not in PARTS:
        raise ValueError(f"unknown part {part!r}; choose one of {', '.join(PARTS)}")
    tables = picture_tables(detections, boxes, kind, cameras)
    put_right = []
    for d, b, k, c, table in zip(detections, boxes, kind, cameras, tables, strict=True):
        told = d.boxes
        if table.numel():
            overlap, which = table.max(1)
            right = _put_right(told, b[k >= 0][which], c, part)
            told = torch.where((overlap >= SAME)[:, None], right, told)
        put_right.append(d._replace(boxes=told))
    return put_right


def _put_right(told: Tensor, true: Tensor, camera: Camera, part: str) -> Tensor:
    """Boxes with one part taken from the true ones, row by row."""
    if part == "size":
        return torch.cat([told[:, :3], true[:, 3:6], told[:, 6:]], 1)
    if part == "yaw":
        return torch.cat([told[:, :6], true[:, 6:]], 1)
    offsets = [x[:, :3] - camera.centre for x in (told, true)]
    far = [x.norm(dim=1, keepdim=True) for x in offsets]
    if part == "distance":
        middle = camera.centre + offsets[0] * far[1] / far[0]
    else:
        middle = camera.centre + offsets[1] * far[0] / far[1]
    return torch.cat([middle, told[:, 3:]], 1)
