"""Renderers of splats: the dense one against a loop in plain Python, all others against it."""

import math

import numpy as np
import pytest
import torch

from course_utils.vision3d.splats.gaussians import Gaussians, gaussians_from_points
from course_utils.vision3d.splats.projection import project_gaussians
from course_utils.vision3d.splats.rasterize import autograd, triton_tiles
from course_utils.vision3d.splats.rasterize.torch_tiles import rasterise_tiles
from course_utils.vision3d.splats.splatting import (
    front_to_back,
    gaussian_footprint,
    over,
    rasterise_dense,
    render_depth,
    render_gaussians,
    renderer,
)
from tests.references import splats_by_loop
from tests.references.cameras import stack_cameras
from tests.vision3d.splats.splat_scenes import (
    GRADIENT,
    IMAGE,
    SCENES,
    SIZE,
    camera,
    doubtful_pixels,
    scene,
)

ROW, COLUMN = SIZE[0] // 2, SIZE[1] // 2
GREY = torch.tensor([0.2, 0.3, 0.4])
NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "harmonics")


def compiled(gaussians, view):
    splats = autograd.project_compiled(gaussians, view)
    return autograd.rasterise_compiled(splats, view, early_stop=0.0)


def tiled(gaussians, view):
    """Projected in float64: what is tested is the rasteriser."""
    splats = project_gaussians(gaussians.map(lambda x: x.double()), view.to(torch.float64))
    return rasterise_tiles(splats, view)


def dense(gaussians, view):
    return rasterise_dense(project_gaussians(gaussians, view), view)


def with_gradients(render, gaussians, view, weight):
    """The picture, and the gradients of a random linear function of colour and transmittance."""
    leaves = gaussians.map(lambda x: x.clone().requires_grad_())
    seen = torch.cat([(r := render(leaves, view))[0], r[1][None]])
    (seen * weight.to(seen)).sum().backward()
    return seen.detach(), [
        torch.zeros_like(x) if x.grad is None else x.grad for x in leaves.tensors()
    ]


@pytest.mark.parametrize("render", [compiled, tiled], ids=["numba", "torch"])
@pytest.mark.parametrize("name", SCENES)
def test_pictures_and_gradients_are_those_of_dense_float64(name, render):
    gaussians, view = SCENES[name](), camera(torch.float32)
    exact, exact_view = gaussians.map(lambda x: x.double()), view.to(torch.float64)
    doubtful = doubtful_pixels(project_gaussians(exact, exact_view), exact_view)
    assert doubtful.double().mean() < 0.02
    g = torch.Generator().manual_seed(1)
    weight = torch.randn(4, view.height, view.width, generator=g) * ~doubtful
    expected, expected_gradients = with_gradients(dense, exact, exact_view, weight)
    image, gradients = with_gradients(render, gaussians, view, weight)
    difference = ((image - expected).abs() * ~doubtful).max().item()
    assert difference < IMAGE, f"image off by {difference:.1e}"
    for name, got, want in zip(NAMES, gradients, expected_gradients, strict=True):
        assert torch.isfinite(got).all()
        scale = max(1.0, want.abs().max().item()) if want.numel() else 1.0
        off = (got - want).abs().max().item() / scale if want.numel() else 0.0
        assert off < GRADIENT, f"gradient of {name} off by {off:.1e} of {scale:.1e}"


def test_dense_is_the_paper_pixel_by_pixel():
    gaussians = scene(7, degree=0).map(lambda x: x.double())
    view = camera(size=(9, 12))
    expected = splats_by_loop.picture(gaussians, view, GREY.tolist())
    image = render_gaussians(gaussians, view, GREY.double(), backend="dense")
    np.testing.assert_allclose(image, expected, atol=1e-9)


def test_dense_gradients_are_those_of_finite_differences():
    gaussians = scene(4, degree=1).map(lambda x: x.double())
    view = camera(size=(6, 7))

    def picture(*tensors):
        return render_gaussians(Gaussians(*tensors), view, GREY.double(), backend="dense")

    leaves = [x.requires_grad_() for x in gaussians.tensors()]
    assert torch.autograd.gradcheck(picture, leaves, atol=1e-5, fast_mode=True)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bit_for_bit_from_run_to_run_and_for_any_threads(threads, monkeypatch):
    weight = torch.randn(4, *SIZE, generator=torch.Generator().manual_seed(2))
    gaussians, view = SCENES["huge"](), camera(torch.float32)
    first = with_gradients(compiled, gaussians, view, weight)
    monkeypatch.setattr(autograd, "SMALL", 0)
    torch.set_num_threads(threads)
    for _ in range(3):
        again = with_gradients(compiled, gaussians, view, weight)
        assert torch.equal(first[0], again[0])
        assert all(torch.equal(a, b) for a, b in zip(first[1], again[1], strict=True))


def test_stopping_early_changes_next_to_nothing():
    gaussians, view = SCENES["opaque"](), camera(torch.float32)
    splats = autograd.project_compiled(gaussians, view)
    whole, behind = autograd.rasterise_compiled(splats, view, early_stop=0.0)
    stopped, _ = autograd.rasterise_compiled(splats, view)
    brightest = splats.colours.max().item()
    assert (whole - stopped).abs().max().item() <= 1e-4 * brightest
    assert behind.min() >= 0


def test_one_splat_by_hand():
    """A round Gaussian straight ahead: its alpha at the middle is its opacity, and 1/e^(1/2) of
    it one standard deviation away.
    """
    view = camera(torch.float32, size=(65, 65))
    point = gaussians_from_points(torch.zeros(1, 3), torch.ones(1, 3), radius=0.3, opacity=0.5)
    image = render_gaussians(point, view, torch.zeros(3))
    assert image[0, 32, 32].item() == pytest.approx(0.5, abs=1e-6)
    variance = (0.3 * view.focal.item() / 3.0) ** 2 + 0.3
    expected = 0.5 * math.exp(-0.5 * 10**2 / variance)
    assert image[1, 32, 42].item() == pytest.approx(expected, abs=1e-5)
    assert image[2, 22, 32].item() == pytest.approx(expected, abs=1e-5)


def test_the_nearer_one_covers_the_farther_one_whatever_their_order():
    view = camera(torch.float32)
    toward = -0.5 * view.forward
    means = torch.stack([torch.zeros(3), toward])
    colours = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for order in ([0, 1], [1, 0]):
        pair = gaussians_from_points(means[order], colours[order], radius=0.5, opacity=0.999)
        image = render_gaussians(pair, view, torch.zeros(3))
        assert image[1, ROW, COLUMN] > 0.98 and image[0, ROW, COLUMN] < 0.02


def test_depth_and_opacity():
    view = camera(torch.float32)
    point = gaussians_from_points(torch.zeros(1, 3), torch.ones(1, 3), radius=0.1, opacity=0.9)
    depth, opacity = render_depth(point, view)
    assert depth[ROW, COLUMN].item() == pytest.approx(3.0, abs=1e-4)
    variance = (0.1 * view.focal.item() / 3.0) ** 2 + 0.3  # half a pixel off in u and in v
    assert opacity[ROW, COLUMN].item() == pytest.approx(0.9 * math.exp(-0.25 / variance), abs=1e-4)
    assert depth[0, 0] == 0 and opacity[0, 0] == 0


def test_gradients_reach_the_background():
    background = GREY.clone().requires_grad_()
    render_gaussians(scene(20), camera(torch.float32), background).sum().backward()
    _, opacity = render_depth(scene(20), camera(torch.float32))
    torch.testing.assert_close(background.grad, (1 - opacity).sum().expand(3))


def test_a_picture_can_be_the_background():
    picture = torch.rand(3, *SIZE)
    assert torch.equal(over(torch.zeros(3, *SIZE), torch.ones(*SIZE), picture), picture)


def test_footprint_by_hand():
    conic = torch.tensor([1.0, 0.0, 0.25])
    offsets = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    expected = torch.tensor([1.0, math.exp(-0.5), math.exp(-0.5)])
    torch.testing.assert_close(gaussian_footprint(offsets, conic), expected)


def test_equal_depths_keep_their_order():
    depths = torch.tensor([2.0, 1.0, 2.0, -1.0, 1.0])
    assert front_to_back(depths).tolist() == [3, 1, 4, 0, 2]
    kernels = autograd._kernels("numba_binning")
    many = torch.randint(0, 50, (3000,), generator=torch.Generator().manual_seed(0)).double()
    many = torch.cat([many - 25, 1e-9 * many, 1e9 * many])
    assert kernels.depth_order(many.numpy()).tolist() == front_to_back(many).tolist()


def test_the_backend_follows_the_device():
    assert renderer("cpu") == renderer("cpu", "numba")
    assert renderer("cuda")[1] in (rasterise_tiles, triton_tiles.rasterise_triton)
    assert renderer("mps") == renderer("cpu", "torch")


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "bad",
    [
        lambda: renderer("cpu", "metal"),
        lambda: renderer("cuda", "numba"),
        lambda: renderer("cpu", "triton"),
        lambda: render_gaussians(scene(2), stack_cameras([camera(torch.float32)]), GREY),
        lambda: autograd.project_compiled(scene(2).to("meta"), camera(torch.float32)),
    ],
)
def test_nonsense_is_refused_in_words(bad):
    with pytest.raises(ValueError, match=" "):
        bad()
