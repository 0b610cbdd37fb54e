"""Cameras one by one, put into the one batched camera that functions of the course take."""

from collections.abc import Iterable
from dataclasses import replace

import torch

from course_utils.vision3d.cameras import Camera


def stack_cameras(cameras: Iterable[Camera]) -> Camera:
    """All of one image size."""
    cameras = list(cameras)
    names = ("focal", "rotation", "centre", "principal")
    return replace(cameras[0], **{k: torch.stack([getattr(c, k) for c in cameras]) for k in names})
