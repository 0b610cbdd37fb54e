"""Corners of boxes by three rotations, one after the other, and a product for each."""

import torch
from torch import Tensor

from course_utils.data.toy.blueprints.base import turn_about


def rotation(angles: Tensor) -> Tensor:
    """Rz(yaw) Ry(pitch) Rx(roll)."""
    yaw, pitch, roll = angles.unbind(-1)
    return turn_about("z", yaw) @ turn_about("y", pitch) @ turn_about("x", roll)


def box_corners(boxes: Tensor) -> Tensor:
    """Bit 2, 1, 0 of a corner's number is set on the front, left and upper side."""
    bits = torch.tensor([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    corners = (2 * bits - 1).to(boxes) / 2 * boxes[..., None, 3:6]
    return corners @ rotation(boxes[..., 6:9]).transpose(-1, -2) + boxes[..., None, :3]
