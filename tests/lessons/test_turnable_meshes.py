"""Meshes side by side for plotly: what is stored is what was given, in the picture's view."""

import base64
import io
import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from nbformat.v4 import new_output
from PIL import Image

from course_admin.authoring.outputs import FIGURE_LIMIT, clean_outputs
from course_utils.lessons.mesh_rcnn.figures import ask_camera
from course_utils.lessons.turnable_meshes import PLOTLY, mesh_figure
from course_utils.vision3d.meshes.meshes import cubify
from tests.figures import words

MEANING = "distance to the truth, in sides of the box"


def two():
    """A small and a large cube beside the origin, and a value for each vertex."""
    full = torch.ones(1, 1, 1, 1, dtype=torch.bool)
    meshes = {"small": cubify(full, side=0.3)[0], "large": cubify(full, side=0.8)[0]}
    meshes = {name: (v + torch.tensor([0.1, 0.2, 0.3]), f) for name, (v, f) in meshes.items()}
    return meshes, [torch.linspace(0, 0.2, 8), torch.linspace(0.1, 0.5, 8)]


def array(packed: dict) -> np.ndarray:
    """What plotly packed as base64."""
    kinds = {"f4": np.float32, "u2": np.uint16}
    return np.frombuffer(base64.b64decode(packed["bdata"]), kinds[packed["dtype"]])


def stored(shown):
    return shown._repr_mimebundle_()[0]


def test_each_scene_has_its_mesh_and_all_have_one_scale_of_colours():
    meshes, values = two()
    figure = stored(mesh_figure(meshes, values, MEANING))[PLOTLY]
    assert [trace["scene"] for trace in figure["data"]] == ["scene", "scene2"]
    for trace, (vertices, faces), value in zip(
        figure["data"], meshes.values(), values, strict=True
    ):
        assert trace["type"] == "mesh3d" and trace["coloraxis"] == "coloraxis"
        found = np.stack([array(trace[axis]) for axis in "xyz"], 1)
        np.testing.assert_array_equal(found, vertices.numpy())
        found = np.stack([array(trace[corner]) for corner in "ijk"], 1)
        np.testing.assert_array_equal(found, faces.numpy())
        np.testing.assert_array_equal(array(trace["intensity"]), value.numpy())
    colours = figure["layout"]["coloraxis"]
    assert (colours["cmin"], colours["cmax"]) == (0.0, 0.5)
    assert colours["colorbar"]["title"]["text"] == MEANING
    titles = [note["text"] for note in figure["layout"]["annotations"]]
    assert all("8 vertices<br>12 faces" in title for title in titles)
    assert "small" in titles[0] and "large" in titles[1]


def test_colours_grow_darker_with_the_value():
    meshes, values = two()
    stops = stored(mesh_figure(meshes, values, MEANING))[PLOTLY]["layout"]["coloraxis"][
        "colorscale"
    ]
    channels = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in stops]
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in channels]
    assert all(a > b + 5 for a, b in pairwise(light))


def plotly_pixels(scene: dict, points: np.ndarray) -> np.ndarray:
    """By plotly's rules: the ranges fill a cube of side 1, the lens is 45 degrees high."""
    ranges = np.array([scene[f"{axis}axis"]["range"] for axis in "xyz"])
    inside = (points - ranges.mean(1)) / (ranges[:, 1] - ranges[:, 0])
    eye = np.array([scene["camera"]["eye"][axis] for axis in "xyz"])
    forward = -eye / np.linalg.norm(eye)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    depth = (inside - eye) @ forward
    flat = np.stack([(inside - eye) @ right, -(inside - eye) @ up], 1)
    return 0.5 + flat / depth[:, None] / math.tan(math.pi / 8) / 2


@pytest.mark.parametrize(("turn", "tilt"), [(0.7, 0.3), (-2.0, 0.0), (3.0, 1.2)])
def test_picture_and_scenes_are_seen_by_the_same_camera(turn, tilt):
    meshes, values = two()
    shown = mesh_figure(meshes, values, MEANING, turn=turn, tilt=tilt)
    layout = shown.to_plotly()["layout"]
    panels = [ax for ax in shown.to_figure().axes if ax.get_images()]
    for scene, panel, (vertices, _) in zip(
        (layout["scene"], layout["scene2"]), panels, meshes.values(), strict=True
    ):
        expected = plotly_pixels(scene, vertices.numpy())
        assert (expected > 0).all() and (expected < 1).all()
        picture = panel.get_images()[0].get_array()
        rows, columns = (picture < 250).any(-1).nonzero()
        size = picture.shape[0]
        found = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
        low, high = expected.min(0) * size, expected.max(0) * size
        assert found == pytest.approx([low[0], high[0], low[1], high[1]], abs=2)
        place = panel.get_position()
        domain = scene["domain"]
        assert [place.x0, place.x1, place.y0, place.y1] == pytest.approx(
            [*domain["x"], *domain["y"]], abs=1e-6
        )
        assert scene["aspectmode"] == "cube"


def test_the_first_view_is_from_where_the_cameras_of_the_course_look():
    meshes, values = two()
    scene = mesh_figure(meshes, values, MEANING, turn=0.4, tilt=0.1).to_plotly()["layout"]["scene2"]
    eye = np.array([scene["camera"]["eye"][axis] for axis in "xyz"])
    expected = ask_camera(0.4, 0.1).centre.numpy()
    np.testing.assert_allclose(
        eye / np.linalg.norm(eye), expected / np.linalg.norm(expected), atol=1e-5
    )


def test_each_face_of_the_picture_has_the_colour_of_its_corners():
    meshes, _ = two()
    values = [torch.zeros(8), torch.full((8,), 0.5)]
    panels = mesh_figure(meshes, values, MEANING).to_figure().axes[:2]
    light, dark = (np.asarray(ax.get_images()[0].get_array()).astype(int) for ax in panels)
    none, most = (picture[(picture < 250).any(-1)].mean(0) for picture in (light, dark))
    assert none[1] > 0.9 * none[0] and most[1] < 0.2 * most[0]  # yellow, and dark red


def test_bundle_has_a_picture_of_the_same_size_and_words():
    meshes, values = two()
    photograph = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    data, metadata = mesh_figure(meshes, values, MEANING, photograph=photograph)._repr_mimebundle_()
    assert set(data) == {PLOTLY, "image/png", "text/plain"}
    layout = data[PLOTLY]["layout"]
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.size == (layout["width"], layout["height"]) and layout["width"] <= 850
    said = data["text/plain"]
    assert said == metadata["image/png"]["alt"]
    assert "photograph" in said and MEANING in said
    assert "large with 8 vertices and 12 faces, on average 0.300, at most 0.500" in said
    inside = layout["images"][0]["source"].split(",")[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(inside)))) / 255
    np.testing.assert_allclose(pixels, photograph.permute(1, 2, 0).numpy(), atol=0.5 / 255 + 1e-6)


def test_words_of_the_picture():
    meshes, values = two()
    said = words(mesh_figure(meshes, values, MEANING).to_figure())
    assert all(part in said for part in ("small", "large", "8 vertices\n12 faces", MEANING))


def test_same_meshes_have_the_same_name_and_the_same_json():
    meshes, values = two()
    one, other = (mesh_figure(meshes, values, MEANING) for _ in range(2))
    assert json.dumps(one.to_plotly()) == json.dumps(other.to_plotly())
    assert one.to_plotly()["layout"]["meta"]["name"] == one.name
    vertices, faces = meshes["small"]
    assert mesh_figure({"small": (vertices + 1, faces)}, values[:1], MEANING).name != one.name


def test_thousands_of_faces_stay_below_the_limit():
    ball = torch.linspace(-1, 1, 24)
    full = (ball[:, None, None] ** 2 + ball[:, None] ** 2 + ball**2 < 0.9)[None]
    mesh = cubify(full, side=1.0)[0]
    assert len(mesh[1]) > 3500
    meshes = dict.fromkeys(["one", "two", "three"], mesh)
    data = stored(mesh_figure(meshes, [torch.rand(len(mesh[0]))] * 3, MEANING))
    assert len(json.dumps(data[PLOTLY])) < FIGURE_LIMIT
    assert clean_outputs([new_output("display_data", data=data)], 1)


def test_wrong_meshes_are_refused_in_words():
    meshes, values = two()
    with pytest.raises(ValueError, match="2 meshes, but values for 1"):
        mesh_figure(meshes, values[:1], MEANING)
    with pytest.raises(ValueError, match="0 meshes"):
        mesh_figure({}, [], MEANING)
    with pytest.raises(ValueError, match="large: each vertex needs a value"):
        mesh_figure(meshes, [values[0], values[1][:5]], MEANING)
    with pytest.raises(ValueError, match="small: each vertex needs a value"):
        mesh_figure(meshes, [values[0] - 1, values[1]], MEANING)
    with pytest.raises(ValueError, match="no face"):
        mesh_figure({"none": (torch.zeros(3, 3), torch.zeros(0, 3).long())}, [values[0]], MEANING)
