"""Frames of boxes: the same pixels as the world's camera, whatever the distance."""

import inspect

import pytest
import torch
from torch.nn import functional as F

from course_utils.vision3d.cameras import look_at, project_points, unproject
from course_utils.vision3d.meshes import roi_align
from tests.references.cameras import stack_cameras

EYES = ((4.0, 1.0, 1.5), (-3.0, 2.0, 0.5))
CAMERAS = stack_cameras(
    [look_at(torch.tensor(eye).double(), (0.1, 0.2, 0.3), size=64) for eye in EYES]
)
BOXES = torch.tensor([[10.0, 20.0, 40.0, 60.0], [30.0, 5.0, 62.0, 25.0]], dtype=torch.float64)
DEPTH = torch.tensor([3.5, 6.0], dtype=torch.float64)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames():
    return roi_align.frame_cameras(CAMERAS.focal, CAMERAS.principal, BOXES, 64)


def some_points() -> torch.Tensor:
    return torch.randn(2, 30, 3, generator=dice(), dtype=torch.float64)


def test_a_point_is_seen_at_the_same_pixel_in_the_frame_and_in_the_world():
    points = some_points()
    local = roi_align.frame_from_world(CAMERAS, BOXES, DEPTH, points)
    torch.testing.assert_close(
        project_points(frames(), local)[0], project_points(CAMERAS, points)[0]
    )


def test_the_origin_is_behind_the_middle_and_a_unit_spans_the_longer_side():
    middle, side = (BOXES[:, :2] + BOXES[:, 2:]) / 2, torch.tensor([40.0, 32.0]).double()
    world = unproject(CAMERAS, middle[:, None], DEPTH[:, None])
    local = roi_align.frame_from_world(CAMERAS, BOXES, DEPTH, world)
    torch.testing.assert_close(local, torch.zeros_like(local), atol=1e-12, rtol=0)
    ends = torch.tensor([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]], dtype=torch.float64)
    uv, _ = project_points(frames(), ends)
    torch.testing.assert_close(uv[:, 1, 0] - uv[:, 0, 0], side)


def test_twice_as_far_and_as_large_is_the_same_shape():
    points = some_points()
    local = roi_align.frame_from_world(CAMERAS, BOXES, DEPTH, points)
    farther = CAMERAS.centre[:, None] + 2 * (points - CAMERAS.centre[:, None])
    again = roi_align.frame_from_world(CAMERAS, BOXES, 2 * DEPTH, farther)
    torch.testing.assert_close(again, local)


def test_the_grid_fills_the_box_and_the_extent():
    extent = torch.tensor([0.7, 1.2], dtype=torch.float64)
    corners = torch.tensor([[-0.5, -0.5, -0.5], [0.5, 0.5, 0.5], [-0.5, 0.5, 0.0]]).double()
    points = roi_align.frame_from_grid(frames(), BOXES, extent, corners.expand(2, 3, 3))
    uv, _ = project_points(frames(), points)
    torch.testing.assert_close(uv[:, 0], BOXES[:, :2])
    torch.testing.assert_close(uv[:, 1], BOXES[:, 2:])
    torch.testing.assert_close(uv[:, 2], BOXES[:, [0, 3]])
    torch.testing.assert_close(points[:, 1, 2] - points[:, 0, 2], extent)
    torch.testing.assert_close(points[:, 2, 2], torch.zeros(2).double(), atol=1e-12, rtol=0)


def test_pooled_boxes_of_a_linear_picture_are_the_places_of_their_cells():
    u = torch.arange(32, dtype=torch.float64) * 2 + 1  # centres of cells of two pixels
    features = torch.stack([u.expand(32, 32), u[:, None].expand(32, 32)])[None]
    boxes = torch.tensor([[9.0, 13.0, 33.0, 49.0]], dtype=torch.float64)
    pooled = roi_align.pool_boxes(features, torch.tensor([0]), boxes, 2, 6)
    across = 9 + 24 * (torch.arange(6).double() + 0.5) / 6
    down = 13 + 36 * (torch.arange(6).double() + 0.5) / 6
    torch.testing.assert_close(pooled[0, 0], across.expand(6, 6))
    torch.testing.assert_close(pooled[0, 1], down[:, None].expand(6, 6))


@pytest.mark.parametrize("shape", [(7, 5), (1, 6), (4, 1)])
def test_pooled_pixels_equal_grid_sample_with_gradients(shape):
    features = torch.randn(3, 4, *shape, generator=dice(1), dtype=torch.float64)
    pictures = torch.randint(0, 3, (20,), generator=dice(2))
    wide = torch.tensor([shape[1] * 4.0, shape[0] * 4.0]).double()
    uv = (torch.rand(20, 2, generator=dice(3), dtype=torch.float64) * 1.4 - 0.2) * wide
    features, uv = features.requires_grad_(), uv.requires_grad_()
    found = roi_align.pool_pixels(features, pictures, uv, 4)
    at = (2 * uv / wide - 1)[:, None, None]
    expected = F.grid_sample(features[pictures], at, padding_mode="border", align_corners=False)[
        ..., 0, 0
    ]
    torch.testing.assert_close(found, expected)
    weight = torch.randn(found.shape, generator=dice(4), dtype=torch.float64)
    mine = torch.autograd.grad((found * weight).sum(), (features, uv))
    theirs = torch.autograd.grad((expected * weight).sum(), (features, uv))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="left < right"):
        roi_align.check_rectangles(torch.tensor([[3.0, 0.0, 3.0, 5.0]]))
    with pytest.raises(ValueError, match="boxes, 4"):
        inspect.unwrap(roi_align.check_rectangles)(torch.zeros(4))
    shares = torch.zeros(2, 1, 3).double()
    for extent in (torch.tensor([0.0, 1.0]), torch.tensor([1.0, 500.0])):
        with pytest.raises(ValueError, match="pinhole"):
            roi_align.frame_from_grid(frames(), BOXES, extent.double(), shares)
    features = torch.zeros(1, 2, 4, 4)
    with pytest.raises(ValueError, match="at least one cell"):
        roi_align.pool_boxes(features, torch.tensor([0]), torch.tensor([[0.0, 0, 4, 4]]), 2, 0)
    with pytest.raises(ValueError, match="do not fit"):
        inspect.unwrap(roi_align.pool_pixels)(features, torch.tensor([0]), torch.zeros(2, 2), 2)
