"""What a stage sends, decoded as the browser does; its errors."""

import json

import numpy as np
import pytest
import torch

from course_utils import plots
from course_utils.live import Stage
from course_utils.live.layers import LAYERS
from tests.live.test_frames import Wire


def opened(stage):
    stage.widget = Wire()
    return stage


def decode(message):
    """Layers by name, their arrays as the front end reads them."""
    content, buffers = message
    json.dumps(content)  # must be plain
    layers = {}
    for layer in content["layers"]:
        arrays = {
            key: np.frombuffer(buffers[entry["buffer"]], dtype=entry["type"])
            for key, entry in layer["arrays"].items()
        }
        layers[layer["name"]] = {**layer, **arrays}
    return layers


def full(stage):
    generator = np.random.default_rng(0)
    stage.set("field", "field", values=generator.random((5, 7)), label="D(x)")
    stage.set("area", "polygons", polygons=[[[0, 0], [1, 0], [0, 1]]], alpha=[0.4])
    stage.set("grid", "lines", lines=[[[0, 0], [1, 1], [2, 0]], [[0, 1], [1, 0]]], dash=(4, 4))
    stage.set("arrows", "arrows", xy=[[0, 0]], vector=[[1, 0.5]], label="gradient")
    stage.set("real", "points", xy=generator.random((9, 2)), colour=plots.REAL, label="real")
    stage.set("word", "text", xy=(0.5, 0.5), text="D = 1/2")
    return stage


def test_arrays_arrive_as_they_were_given():
    stage = full(opened(Stage((0, 2), (-1, 1))))
    stage.flush()
    layers = decode(stage.widget.sent[0])
    expected = np.random.default_rng(0).random((5, 7))
    assert layers["field"]["shape"] == [5, 7] and layers["field"]["extent"] == [0, 2, -1, 1]
    np.testing.assert_allclose(layers["field"]["values"] / 255, expected.ravel(), atol=0.5 / 255)
    assert layers["grid"]["lengths"] == [3, 2]
    assert layers["grid"]["xy"].tolist() == [0, 0, 1, 1, 2, 0, 0, 1, 1, 0]
    assert layers["arrows"]["vector"].tolist() == [1, 0.5]
    assert layers["area"]["alphas"].tolist() == pytest.approx([0.4])
    assert layers["word"]["text"] == ["D = 1/2"]
    assert stage.widget.sent[0][0]["order"] == list(stage.layers)


def test_only_what_changed_is_sent():
    stage = full(opened(Stage((0, 2), (-1, 1))))
    stage.flush()
    stage._gate.acknowledge(1)
    stage.set("real", "points", xy=torch.ones(3, 2), colour=np.eye(3))
    stage.remove("area", "never there")
    stage.flush()
    content, _ = stage.widget.sent[1]
    layers = decode(stage.widget.sent[1])
    assert list(layers) == ["real"] and content["removed"] == ["area"] and not content["whole"]
    assert layers["real"]["colours"].reshape(3, 3).tolist() == (255 * np.eye(3)).tolist()
    assert "area" not in content["order"]


def test_a_layer_that_returns_is_not_removed():
    stage = full(opened(Stage((0, 2), (-1, 1))))
    stage.flush()
    stage._gate.acknowledge(1)
    stage.remove("real")
    stage.set("real", "points", xy=[[0, 0]])
    stage.flush()
    assert stage.widget.sent[1][0]["removed"] == []


def test_pointer_positions_reach_the_handler_in_data_units():
    stage, seen = opened(Stage((0, 2), (-1, 1))), []
    stage.on_pointer(lambda *event: seen.append(event), every=True)
    assert stage.widget.pointer == "every"
    message = {"kind": "pointer", "phase": "move", "xy": [[0.5, 0.25], [0.75, 0.5]]}
    stage._receive(stage.widget, message, [])
    assert seen == [("move", 0.5, 0.25), ("move", 0.75, 0.5)]
    assert stage.widget.sent[-1][0] == {"kind": "handled"}


def test_empty_layers_are_sent_empty():
    stage = opened(Stage((0, 1), (0, 1), axes=False))
    stage.set("none", "points", xy=[])
    stage.set("lines", "lines", lines=[])
    stage.set("arrows", "arrows", xy=np.zeros((0, 2)), vector=np.zeros((0, 2)))
    stage.set("areas", "polygons", polygons=[])
    stage.flush()
    layers = decode(stage.widget.sent[0])
    assert len(layers) == 4
    assert all(layer["xy"].size == 0 for layer in layers.values())


GOOD = {
    "field": {"values": np.zeros((2, 2))},
    "points": {"xy": [[0, 0]]},
    "lines": {"lines": [[[0, 0], [1, 1]]]},
    "polygons": {"polygons": [[[0, 0], [1, 1], [0, 1]]]},
    "arrows": {"xy": [[0, 0]], "vector": [[1, 1]]},
    "text": {"xy": (0, 0), "text": "a"},
}


def test_every_kind_has_a_good_example():
    assert set(GOOD) == set(LAYERS)
    stage = Stage((0, 1), (0, 1))
    for kind, settings in GOOD.items():
        stage.set(kind, kind, **settings)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("cloud", {}, "unknown kind"),
        ("points", {"color": "red"}, "unexpected keyword argument 'color'"),
        ("points", {"xy": [[0, 0, 0]]}, r"shape \(n, 2\)"),
        ("points", {"xy": "here"}, "array of numbers"),
        ("points", {"size": 0}, "size must be positive"),
        ("points", {"alpha": 2}, "alpha must lie"),
        ("points", {"alpha": [0.1, 0.2]}, r"of shape \(1,\)"),
        ("points", {"colour": "reddish"}, "no colour"),
        ("points", {"colour": np.zeros((3, 3))}, r"of shape \(1, 3\)"),
        ("field", {"values": np.zeros(3)}, "rows, columns"),
        ("field", {"values": np.full((2, 2), np.nan)}, "NaN"),
        ("field", {"values": np.full((2, 2), 1.5)}, r"in \[0, 1\]"),
        ("field", {"stops": ["red"]}, "two colour stops"),
        ("arrows", {"vector": [[0, 0], [1, 1]]}, "1 arrow feet but 2 vectors"),
        ("text", {"text": ["a", "b"]}, "1 places but 2 texts"),
        ("text", {"align": "middle"}, "align must be"),
        ("lines", {"lines": np.zeros((2, 2, 2, 2))}, "list of"),
    ],
)
def test_bad_layers_are_told_with_their_name(kind, changes, words):
    stage = Stage((0, 1), (0, 1))
    with pytest.raises(ValueError, match=words):
        stage.set("mine", kind, **{**GOOD.get(kind, {}), **changes})
    assert stage.layers == ()


@pytest.mark.parametrize("limits", [(1, 0), (0, 0), (0, float("nan")), (0, float("inf"))])
def test_bad_limits_are_told(limits):
    with pytest.raises(ValueError, match="xlim"):
        Stage(limits, (0, 1))


def test_nothing_is_displayed_where_nothing_is_live(capsys):
    stage = full(Stage((0, 1), (0, 1)))
    stage.flush()
    stage.show()
    stage._ipython_display_()
    assert stage.widget is None and not stage.busy
    assert capsys.readouterr().out == ""
