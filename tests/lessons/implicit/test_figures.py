"""Figures of implicit functions: what they draw is what the function says."""

import numpy as np
import pytest
import torch

from course_utils.lessons.implicit import figures
from course_utils.vision3d.cameras import orbit_camera
from course_utils.vision3d.shapes import csg
from course_utils.vision3d.shapes.sphere_tracing import render_surface
from tests.figures import drawn

BALL = csg.sphere(0.6, (0.3, 0.0, -0.2))
CAMERA = orbit_camera(0.7, 0.35, 3.0, size=60)


def title_of(ax):
    """In the middle or at the left, as the style in use has it."""
    return ax.get_title() or ax.get_title("left")


@pytest.mark.parametrize(("axis", "order"), [("x", "_xy"), ("y", "x_y"), ("z", "xy_")])
def test_a_plane_holds_the_values_of_its_own_places(axis, order):
    """Cell (row, column) of four is at y = -0.75 + 0.5 row and x = -0.75 + 0.5 column."""
    values = figures.plane_values(BALL, axis, 0.1, cells=4)
    for row in range(4):
        for column in range(4):
            flat = {"_": 0.1, "x": -0.75 + 0.5 * column, "y": -0.75 + 0.5 * row}
            place = torch.tensor([[flat[name] for name in order]])
            assert values[row, column].item() == pytest.approx(BALL(place).item(), abs=1e-6)
    with pytest.raises(ValueError, match="axis"):
        figures.plane_values(BALL, "w")


def test_slices_draw_the_surface_where_the_function_is_zero():
    fig = figures.slices({"ball": BALL, "nothing": lambda p: p[:, 0] + 5})
    zero = fig.axes[0].collections[-1].get_paths()[0].vertices
    assert np.hypot(zero[:, 0] - 0.3, zero[:, 1] + 0.2) == pytest.approx(0.6, abs=0.01)
    assert [title_of(ax) for ax in fig.axes] == ["ball", "nothing"]
    assert drawn(fig).std() > 10
    with pytest.raises(ValueError, match="no function"):
        figures.slices({})


def test_a_cut_takes_away_what_lies_beyond():
    whole = figures.surface_picture(BALL, CAMERA)
    none = figures.slice_panel(BALL, CAMERA, "x", -0.9)
    half = figures.slice_panel(BALL, CAMERA, "x", 0.3)

    def painted(fig):
        return (fig.axes[1].images[0].get_array() < 250).any(-1).sum()

    assert painted(none) == 0 < painted(half) < (whole < 250).any(-1).sum()


def test_the_number_of_questions_is_shown():
    fig = figures.step_panel(BALL, CAMERA, most=20)
    steps = torch.from_numpy(fig.axes[1].images[0].get_array().data)
    assert torch.equal(steps, render_surface(BALL, CAMERA, most=20).steps)
    assert steps[CAMERA.height // 2].max() > 4 and steps.max() <= 20


def test_a_walk_has_a_ball_at_each_stop():
    fig = figures.walk_panel(csg.sphere(0.5), (-1.0, 0.0), (0.0, 0.0))
    assert fig.axes[0].patches[0].get_radius() == pytest.approx(0.5, abs=1e-6)
    # Straight at its middle, the second question is asked on the surface.
    assert title_of(fig.axes[0]) == "2 questions to the function"
    with pytest.raises(ValueError, match="aim"):
        figures.walk_panel(BALL, (0.0, 0.0), (0.0, 0.0))


def test_rows_of_surfaces_have_one_length():
    fig = figures.surface_grid({"a": [BALL, BALL], "b": [BALL, BALL]}, CAMERA, ["1", "2"])
    assert len(fig.axes) == 4 and drawn(fig).std() > 10
    with pytest.raises(ValueError, match="same length"):
        figures.surface_grid({"a": [BALL], "b": []}, CAMERA)
