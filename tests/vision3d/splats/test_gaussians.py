"""Gaussians, their harmonics and their projection: closed forms, finite differences, quadrature."""

import math

import numpy as np
import pytest
import torch

from course_utils.vision3d.cameras import project_points
from course_utils.vision3d.fields.harmonics import (
    colours_from_harmonics,
    harmonics_basis,
    harmonics_from_colours,
)
from course_utils.vision3d.splats.gaussians import (
    Gaussians,
    covariance_3d,
    gaussians_from_points,
    join_gaussians,
    rotation_from_quaternion,
)
from course_utils.vision3d.splats.projection import (
    BLUR,
    conic_from_covariance,
    half_extents,
    perspective_jacobian,
    project_covariance,
    project_gaussians,
)
from course_utils.vision3d.splats.rasterize.autograd import project_compiled
from tests.references.cameras import stack_cameras
from tests.references.splats_by_loop import jacobian, rotation_matrix
from tests.vision3d.splats.splat_scenes import camera, scene

DOUBLE = torch.float64


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def test_quarter_turns_by_hand():
    half = math.sqrt(0.5)
    about_z = rotation_from_quaternion(torch.tensor([half, 0.0, 0.0, half]))
    expected = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(about_z, expected, atol=1e-6, rtol=0)
    about_x = rotation_from_quaternion(torch.tensor([3.0, 3.0, 0.0, 0.0]))
    expected = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    torch.testing.assert_close(about_x, expected, atol=1e-6, rtol=0)


def test_rotations_are_those_of_axis_and_angle():
    q = draw(10, 4)
    expected = np.stack([rotation_matrix(x.numpy()) for x in q])
    np.testing.assert_allclose(rotation_from_quaternion(q), expected, atol=1e-12)


def test_covariance_is_that_of_samples():
    """Points drawn as R diag(s) z have the covariance; its eigenvalues are the squared scales."""
    scales, q = torch.tensor([[0.5, 1.0, 2.0]], dtype=DOUBLE), draw(1, 4)
    covariance = covariance_3d(scales, q)[0]
    turned = (scales * draw(200_000, 3, seed=1)) @ torch.from_numpy(rotation_matrix(q[0].numpy())).T
    torch.testing.assert_close(turned.T.cov(), covariance, atol=0.03, rtol=0)
    values = torch.linalg.eigvalsh(covariance)
    torch.testing.assert_close(values, torch.tensor([0.25, 1.0, 4.0], dtype=DOUBLE))


def test_the_jacobian_is_that_of_finite_differences():
    view, points = camera(), 0.3 * draw(5, 3)
    local = (points - view.centre) @ view.rotation
    ours = perspective_jacobian(view, local) @ view.rotation.T
    for i, point in enumerate(points):
        np.testing.assert_allclose(ours[i], jacobian(view, point.numpy()), atol=1e-6)


def test_the_projected_covariance_is_that_of_projected_samples():
    """A small Gaussian, drawn and projected point by point: perspective is nearly linear there."""
    view, mean = camera(), torch.tensor([0.2, -0.1, 0.1], dtype=DOUBLE)
    scales, q = torch.tensor([[0.01, 0.02, 0.03]], dtype=DOUBLE), draw(1, 4, seed=2)
    points = mean + (scales * draw(100_000, 3)) @ rotation_from_quaternion(q)[0].T
    uv, _ = project_points(view, points)
    ours = project_covariance(view, mean[None], covariance_3d(scales, q))[0]
    torch.testing.assert_close(uv.T.cov(), ours, rtol=0.02, atol=0.002)


def test_outside_the_picture_the_jacobian_is_held():
    view = camera()
    local = torch.tensor([[50.0, 0.0, 1.0], [500.0, 0.0, 1.0]], dtype=DOUBLE)
    near, far = perspective_jacobian(view, local)
    assert torch.equal(near, far)
    limit = 1.3 * (view.width / 2) / view.focal
    assert near[0, 2].item() == pytest.approx(-(view.focal * limit).item())


def test_the_conic_is_the_inverse_of_the_blurred_covariance():
    half = draw(6, 2, 2)
    covariance = half @ half.transpose(-1, -2)
    expected = torch.linalg.inv(covariance + BLUR * torch.eye(2, dtype=DOUBLE))
    a, b, c = conic_from_covariance(covariance).unbind(-1)
    torch.testing.assert_close(torch.stack([a, b, b, c], -1).view(-1, 2, 2), expected)


def test_the_conic_of_a_long_thin_splat_stays_positive_in_single_precision():
    direction = torch.nn.functional.normalize(torch.tensor([1.0, 1.0001]), dim=0)
    covariance = (1e8 * torch.outer(direction, direction))[None]
    a, b, c = conic_from_covariance(covariance).double().unbind(-1)
    assert (a > 0).all() and (c > 0).all() and torch.isfinite(b).all()


def test_the_box_is_where_alpha_reaches_its_smallest_value():
    """A fine grid of offsets: alpha >= 1/255 reaches as far as the box says, and no farther."""
    conic = torch.tensor([[0.5, 0.3, 0.4]], dtype=DOUBLE)
    opacity = torch.tensor([0.7], dtype=DOUBLE)
    step = torch.linspace(-12, 12, 2401, dtype=DOUBLE)
    du, dv = torch.meshgrid(step, step, indexing="xy")
    power = 0.25 * du**2 + 0.3 * du * dv + 0.2 * dv**2
    inside = 0.7 * torch.exp(-power) >= 1 / 255
    half = half_extents(conic, opacity)[0]
    assert du[inside].max().item() == pytest.approx(half[0].item(), abs=0.011)
    assert dv[inside].max().item() == pytest.approx(half[1].item(), abs=0.011)
    assert half_extents(conic, torch.tensor([0.001], dtype=DOUBLE)).tolist() == [[0, 0]]


def test_the_compiled_projection_is_the_other_one():
    gaussians, view = scene(50), camera()
    expected = project_gaussians(gaussians.map(lambda x: x.double()), view)
    found = project_compiled(gaussians, view.to(torch.float32).to(DOUBLE))
    exact = project_compiled(gaussians.map(lambda x: x.double()), view)
    for want, close, same in zip(*(s.tensors() for s in (expected, found, exact)), strict=True):
        torch.testing.assert_close(close.double(), want, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(same, want, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_gradient_of_the_compiled_projection(seed):
    """Against autograd through the other one, some Gaussians far outside the picture."""
    view, weights = camera(), [draw(30, k, seed=9 + k) for k in (2, 3, 1)]
    found = []
    for project in (project_compiled, project_gaussians):
        leaves = scene(30, seed).map(lambda x: x.double())
        leaves.means[::4] *= 4
        leaves = leaves.map(lambda x: x.requires_grad_())
        splats = project(leaves, view)
        parts = (splats.means, splats.conics, splats.opacities[:, None])
        sum((p * w).sum() for p, w in zip(parts, weights, strict=True)).backward()
        found.append([x.grad for x in leaves.tensors()[:4]])
    for got, want in zip(*found, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-8 * want.abs().max().item())


def test_harmonics_are_orthonormal_on_the_sphere():
    """Integrated exactly: Gauss-Legendre in z, equal steps in azimuth."""
    z, weight = np.polynomial.legendre.leggauss(8)
    angle = 2 * np.pi * np.arange(16) / 16
    ring = np.sqrt(1 - z**2)[:, None]
    points = np.stack(
        np.broadcast_arrays(ring * np.cos(angle), ring * np.sin(angle), z[:, None]), -1
    )
    basis = harmonics_basis(torch.from_numpy(points), 3)
    area = torch.from_numpy(weight)[:, None] * (2 * math.pi / 16)
    gram = torch.einsum("ija,ijb,ij->ab", basis, basis, area.expand(8, 16))
    torch.testing.assert_close(gram, torch.eye(16, dtype=DOUBLE), atol=1e-12, rtol=0)


def test_harmonics_are_those_of_scipy():
    """Order and signs: m from -l to l, real parts of the complex ones with Condon and Shortley."""
    from scipy.special import sph_harm_y

    d = torch.nn.functional.normalize(draw(20, 3), dim=-1)
    polar, azimuth = torch.acos(d[:, 2]).numpy(), torch.atan2(d[:, 1], d[:, 0]).numpy()
    ours, k = harmonics_basis(d, 3).numpy(), 0
    for degree in range(4):
        for m in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(m), polar, azimuth)
            part = value.real if m >= 0 else value.imag
            expected = part if m == 0 else math.sqrt(2) * part
            np.testing.assert_allclose(ours[:, k], expected, atol=1e-12)
            k += 1


def test_a_colour_without_higher_harmonics_is_the_same_from_everywhere():
    colours = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    for degree in range(4):
        harmonics = harmonics_from_colours(colours, degree)
        seen = colours_from_harmonics(harmonics, torch.randn(5, 3), torch.ones(3))
        torch.testing.assert_close(seen, colours)


def test_colours_follow_the_viewing_direction():
    """One coefficient of Y_1^0 = c z: brighter seen from below, where the direction points up."""
    harmonics = torch.zeros(1, 4, 3)
    harmonics[0, 2] = 0.5
    mean = torch.zeros(1, 3)
    up = colours_from_harmonics(harmonics, mean, torch.tensor([0.0, 0.0, -3.0]))
    down = colours_from_harmonics(harmonics, mean, torch.tensor([0.0, 0.0, 3.0]))
    share = 0.5 * math.sqrt(3 / (4 * math.pi))
    assert up[0, 0].item() == pytest.approx(0.5 + share)
    assert down[0, 0].item() == pytest.approx(0.5 - share)


def test_joining_indexing_and_counting():
    whole = scene(7)
    again = join_gaussians([whole[:3], whole[3:]])
    assert all(torch.equal(a, b) for a, b in zip(whole.tensors(), again.tensors(), strict=True))
    assert len(again) == 7 and again.degree == 1 and again.bytes_stored == 7 * 23 * 4
    assert again.to(DOUBLE).means.dtype == DOUBLE
    assert again.opacities.max() < 1 and again.scales.min() > 0


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "bad",
    [
        lambda: Gaussians(
            *(torch.zeros(2, k) for k in (3, 3, 3)), torch.zeros(2), torch.zeros(2, 1, 3)
        ),
        lambda: gaussians_from_points(torch.zeros(1, 3), torch.zeros(1, 3), radius=0.0),
        lambda: gaussians_from_points(torch.zeros(1, 3), torch.zeros(1, 3), 0.1, opacity=1.0),
        lambda: join_gaussians([]),
        lambda: harmonics_basis(torch.zeros(1, 3), 4),
        lambda: harmonics_from_colours(torch.zeros(1, 3), -1),
        lambda: colours_from_harmonics(torch.zeros(1, 5, 3), torch.zeros(1, 3), torch.zeros(3)),
        lambda: project_gaussians(scene(2), stack_cameras([camera(torch.float32)])),
    ],
)
def test_nonsense_is_refused_in_words(bad):
    with pytest.raises(ValueError, match=" "):
        bad()
