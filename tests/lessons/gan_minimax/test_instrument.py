"""The laboratories without a browser, and the figures: what they are made of is what was asked."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from course_utils.gan import toy_distributions
from course_utils.gan.game import Game
from course_utils.gan.game_view import Onlooker
from course_utils.gan.learning_process import learning_picture
from course_utils.gan.players import Settings
from course_utils.lessons.gan_minimax import figures
from course_utils.lessons.gan_minimax.instrument import (
    DRAWN,
    SETTINGS,
    LineLab,
    PlaneLab,
    line_settings,
)

SMALL = Settings(width=8, batch=16)


@pytest.fixture
def plane() -> PlaneLab:
    return PlaneLab(settings=SMALL)


def xy_of(lab, name: str) -> np.ndarray:
    return lab.stage._layers[name].arrays["xy"]


def test_buttons_move_whom_they_name(plane):
    for which, expected in (
        ("1 D", (1, 0)),
        ("25 G", (1, 25)),
        ("1 both", (2, 26)),
        ("25 D", (27, 26)),
    ):
        plane.trainer.step(1, which)
        assert (plane.game.d_moves, plane.game.g_moves) == expected


def test_every_slider_reaches_the_game(plane):
    values = {
        "loss": "minimax",
        "optimiser": "SGD",
        "G_learning_rate": 0.02,
        "D_learning_rate": 0.03,
        "G_moves_per_round": 4,
        "D_moves_per_round": 2,
        "Adam_beta_1": 0.3,
        "Adam_beta_2": 0.7,
        "batch_size": 64,
        "noise": "uniform",
        "noise_dimension": 3,
        "width": 16,
        "depth": 3,
    }
    assert values.keys() == SETTINGS.keys()
    for name, value in values.items():
        plane.trainer.set(**{name: value})
        plane.trainer.result()
        assert getattr(plane.game.settings, SETTINGS[name]) == value
    plane.trainer.step(1, "1 both")
    assert (plane.game.d_moves, plane.game.g_moves) == (2, 4)


def test_what_is_hidden_leaves_an_empty_layer_in_its_place(plane):
    order = plane.stage.layers
    assert len(xy_of(plane, "grid")) > 0
    assert len(xy_of(plane, "pull")) > 0
    plane.trainer.set(grid_of_G=False)
    plane.trainer.set(pull_on_G=False)
    assert len(xy_of(plane, "grid")) == len(xy_of(plane, "pull")) == 0
    plane.trainer.set(grid_of_G=True)
    assert len(xy_of(plane, "grid")) > 0
    assert plane.stage.layers == order


def test_the_best_field_replaces_the_field(plane):
    as_it_is = plane.stage._layers["field"].arrays["values"].copy()
    plane.trainer.set(field="best D possible")
    best = plane.stage._layers["field"].arrays["values"]
    assert best.std() > 3 * as_it_is.std()  # a fresh D hardly has an opinion


def test_a_stroke_becomes_the_data(plane):
    plane._pen("down", -1.0, 0.5)
    for x in np.linspace(-1, 1, 9):
        plane._pen("move", float(x), 0.5)
    assert "pen" in plane.stage.layers
    plane._pen("up", 1.0, 0.5)
    assert "pen" not in plane.stage.layers
    assert plane.trainer.settings["data"] == DRAWN
    real = xy_of(plane, "real")
    assert np.abs(real[:, 1] - 0.5).max() < 0.4
    assert real[:, 0].min() < -0.7
    assert real[:, 0].max() > 0.7
    # A second stroke joins the first; another choice of data forgets both.
    plane._pen("down", 0.0, -2.0)
    plane._pen("up", 1.0, -2.0)
    assert xy_of(plane, "real")[:, 1].min() < -1.5
    plane.trainer.set(data="spiral")
    plane._pen("down", 0.0, 0.0)
    plane._pen("up", 0.0, 0.0)
    assert len(plane.strokes) == 1


def test_without_strokes_a_face_stands_for_the_drawing(plane):
    plane.trainer.set(data=DRAWN)
    plane.trainer.result()
    assert len(plane.game.distribution.starts) > 60


def test_the_line_shows_the_exact_picture():
    lab = LineLab(Settings(noise_dim=1, width=8, batch=16))
    lab.trainer.step(3, "1 both")
    picture = learning_picture(lab.game)
    assert np.allclose(xy_of(lab, "D")[:, 1], picture.d, atol=1e-6)
    assert np.allclose(xy_of(lab, "p_data")[:, 1], picture.p_data, atol=1e-6)
    ends = xy_of(lab, "G") + lab.stage._layers["G"].arrays["vector"]
    assert np.allclose(ends[:, 0], picture.landed.clamp(-4, 4), atol=1e-5)
    history = lab.divergence.history()
    assert history[-1, 1] == pytest.approx(picture.js)
    for name in ("one bump", "three bumps", "far away"):
        lab.trainer.set(data=name)
        lab.trainer.result()


def test_unknown_data_is_refused():
    with pytest.raises(ValueError, match="ring of 8"):
        PlaneLab("circle")


def test_the_default_line_sends_z_without_mirroring_it():
    game = Game(toy_distributions.two_bumps(), line_settings())
    game.step(30)
    with torch.no_grad():
        left, right = game.generator(torch.tensor([[-1.5], [1.5]])).flatten().tolist()
    assert left < right


def test_figures_show_what_was_asked():
    game = Game(toy_distributions.ring(), SMALL)
    look = Onlooker(game, points=20, arrows=5).look()
    fig = figures.planes({"a": look, "b": look}, grid=True)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["a", "b"]
    line = Game(toy_distributions.two_bumps(), Settings(noise_dim=1, width=8))
    assert len(figures.learning_panels({"t": learning_picture(line)}).axes) == 1
    assert isinstance(figures.coverage({"r": [(1, look.measures)]}, 8), Figure)
    for call in (lambda: figures.planes({}), lambda: figures.learning_panels({})):
        with pytest.raises(ValueError, match="no picture"):
            call()
    with pytest.raises(ValueError, match="positive"):
        figures.pull_from_afar(1.0, 0.0)


def test_arrows_keep_their_order_and_a_saturated_one_stays_small():
    pull = torch.tensor([[1e-4, 0.0], [1.0, 0.0], [2.0, 0.0], [1e4, 0.0]])
    lengths = figures.arrow_lengths(pull, longest=0.5).norm(dim=1)
    assert bool((lengths.diff() > 0).all())
    assert float(lengths[0]) == pytest.approx(0.5e-4, rel=1e-3)
    assert float(lengths[-1]) < 0.5
