"""The link between meshes that turn, without a browser: it has no view, and one link each."""

import torch

from course_utils.lessons.turnable_meshes import PLOTLY, mesh_figure
from course_utils.live import turn
from course_utils.vision3d.meshes.meshes import cubify


def shown(shift: float = 0.0):
    vertices, faces = cubify(torch.ones(1, 1, 1, 1, dtype=torch.bool), side=0.8)[0]
    return mesh_figure({"cube": (vertices + shift, faces)}, [torch.zeros(len(vertices))], "metres")


class Link:
    closed = False

    def close(self):
        self.closed = True


def test_without_a_kernel_the_meshes_are_shown_and_nothing_is_linked(monkeypatch):
    monkeypatch.setattr(turn, "_LINKS", {})
    meshes = shown()
    assert turn.turn_together(meshes) is meshes
    assert turn._LINKS == {}


def test_with_a_kernel_the_output_is_the_same_and_a_link_knows_the_drawing(monkeypatch):
    made = []

    def make(script, traits):
        made.append((script, traits))
        return Link()

    monkeypatch.setattr(turn, "_LINKS", {})
    monkeypatch.setattr(turn, "is_live", lambda: True)
    monkeypatch.setattr(turn, "make_widget", make)
    meshes = turn.turn_together(shown())
    data, _ = meshes._repr_mimebundle_()
    assert set(data) == {PLOTLY, "image/png", "text/plain"}
    assert made == [("turn", {"name": data[PLOTLY]["layout"]["meta"]["name"]})]
    first = turn._LINKS[meshes.name]
    turn.turn_together(shown())  # the cell is run again
    turn.turn_together(shown(1.0))
    assert first.closed and len(turn._LINKS) == 2
    assert not any(link.closed for link in turn._LINKS.values())
