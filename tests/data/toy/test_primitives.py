"""The primitives: where rays hit, how far points are, areas and meshes, against slow oracles."""

import math

import pytest
import torch

from course_utils.data.toy.distance import (
    ellipsoid_closest_point,
    ellipsoid_distance,
    frustum_distance,
    prism_distance,
)
from course_utils.data.toy.intersect import ray_hits
from course_utils.data.toy.primitives import (
    ELLIPSOID,
    EMPTY,
    FRUSTUM,
    PRISM,
    is_inside,
    on_surface,
    pick,
)

DOUBLE = torch.float64


def signed_distance(shape, size, taper, points):
    """From each local point to its part's surface; +infinity for an empty part."""
    e = ellipsoid_distance(size, points)
    p, f = prism_distance(size, taper, points), frustum_distance(size, taper, points)
    return pick(shape, e, p, f, torch.full_like(e, torch.inf))


def random_shapes(count: int, seed: int = 0):
    """Shape, size and taper of many primitives, with cones, wedges, boxes and cylinders."""
    g = torch.Generator().manual_seed(seed)
    shape = torch.arange(count) % 3
    size = 0.1 + 0.9 * torch.rand(count, 3, generator=g, dtype=DOUBLE)
    size[shape == FRUSTUM, 1] = size[shape == FRUSTUM, 0]
    taper = 1.5 * torch.rand(count, generator=g, dtype=DOUBLE)
    taper[::5], taper[::7] = 1.0, 0.0
    return shape, size, taper, g


def random_rays(count: int, g: torch.Generator):
    origin = 3 * torch.randn(count, 3, generator=g, dtype=DOUBLE)
    target = torch.rand(count, 3, generator=g, dtype=DOUBLE) - 0.5
    return origin, torch.nn.functional.normalize(target - origin, dim=-1)


def inside_by_hand(shape, size, taper, p) -> bool:
    """The definition in ``primitives``, in plain floats."""
    x, y, z = size
    if shape == ELLIPSOID:
        return (p[0] / x) ** 2 + (p[1] / y) ** 2 + (p[2] / z) ** 2 <= 1
    if abs(p[2]) > z:
        return False
    width = x + (taper * x - x) * (p[2] + z) / (2 * z)
    if shape == PRISM:
        return abs(p[1]) <= y and abs(p[0]) <= width
    return math.hypot(p[0], p[1]) <= width


def test_inside_by_hand():
    shape, size, taper, g = random_shapes(900)
    points = 2 * torch.rand(900, 3, generator=g, dtype=DOUBLE) - 1
    got = is_inside(shape, size, taper, points)
    for i in range(900):
        expected = inside_by_hand(shape[i], size[i].tolist(), float(taper[i]), points[i].tolist())
        assert bool(got[i]) == expected
    assert 0.1 < got.double().mean() < 0.9


def test_distance_is_zero_at_the_hit_and_positive_before_it():
    shape, size, taper, g = random_shapes(1500)
    o, d = random_rays(1500, g)
    outside = ~is_inside(shape, size, taper, o)
    t, normal = ray_hits(shape, size, taper, o, d)
    hit = t.isfinite() & outside
    assert hit.sum() > 500
    on = (shape[hit], size[hit], taper[hit])
    at = o[hit] + t[hit, None] * d[hit]
    assert signed_distance(*on, at).abs().max() < 1e-9
    for share in torch.linspace(0, 0.999, 8):
        assert (signed_distance(*on, o[hit] + share * t[hit, None] * d[hit]) > 0).all()
    assert ((normal[hit] * d[hit]).sum(-1) <= 1e-12).all()  # it enters
    assert signed_distance(*on, at + 1e-3 * normal[hit]).sub(1e-3).abs().max() < 1e-9


def test_a_ray_that_misses_never_comes_inside():
    shape, size, taper, g = random_shapes(600, seed=1)
    o, d = random_rays(600, g)
    t, _ = ray_hits(shape, size, taper, o, d)
    missed = t.isinf() & ~is_inside(shape, size, taper, o)
    assert missed.sum() > 100
    on = (shape[missed], size[missed], taper[missed])
    for s in torch.linspace(0, 12, 100):
        points = o[missed] + s * d[missed]
        assert (signed_distance(*on, points) > -1e-9).all()


def test_empty_parts_are_never_hit_and_infinitely_far():
    size, taper = torch.ones(1, 3), torch.ones(1)
    o, d = torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([[-1.0, 0.0, 0.0]])
    shape = torch.tensor([EMPTY])
    assert ray_hits(shape, size, taper, o, d)[0].isinf().all()
    assert signed_distance(shape, size, taper, o).isinf().all()
    assert not is_inside(shape, size, taper, 0 * o).any()


@pytest.mark.parametrize("direction", [(0.0, 0.0, -1.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)])
@pytest.mark.parametrize("shape", [ELLIPSOID, PRISM, FRUSTUM])
def test_rays_along_the_axes_hit_the_unit_shapes_at_distance_two(shape, direction):
    d = torch.tensor([direction])
    t, n = ray_hits(torch.tensor([shape]), torch.ones(1, 3), torch.ones(1), -3 * d, d)
    torch.testing.assert_close(t, torch.tensor([2.0]))
    torch.testing.assert_close(n, -d)


def test_distance_has_a_gradient_of_length_one():
    shape, size, taper, g = random_shapes(3000, seed=2)
    points = (2.4 * torch.rand(3000, 3, generator=g, dtype=DOUBLE) - 1.2).requires_grad_()
    distance = signed_distance(shape, size, taper, points)
    (gradient,) = torch.autograd.grad(distance.sum(), points)
    torch.testing.assert_close(gradient.norm(dim=-1), torch.ones(3000, dtype=DOUBLE))
    step = 1e-6 * torch.nn.functional.normalize(torch.randn(3000, 3, generator=g, dtype=DOUBLE))
    ahead = signed_distance(shape, size, taper, points + step)
    slope = (ahead - distance) / 1e-6
    expected = (gradient * step).sum(-1) / 1e-6
    agree = ((slope - expected).abs() < 1e-4).double().mean()
    assert agree > 0.995  # all but those within a step of the medial axis


def surface_samples(shape: int, size, taper: float, n: int):
    """A fine net of surface points, made from unit coordinates."""
    line = torch.linspace(-1, 1, n, dtype=DOUBLE)
    a, b = (x.flatten() for x in torch.meshgrid(line, line, indexing="ij"))
    one = torch.ones_like(a)
    angle = math.pi * a
    if shape == ELLIPSOID:
        c = math.pi / 2 * b
        unit = torch.stack([angle.cos() * c.cos(), angle.sin() * c.cos(), c.sin()], -1)
    elif shape == PRISM:
        faces = [(s, a, b) for s in (one, -one)]
        unit = torch.cat([torch.stack(f[i:] + f[:i], -1) for f in faces for i in range(3)])
    else:
        ring = torch.stack([angle.cos(), angle.sin(), b], -1)
        r = (b + 1) / 2
        caps = [torch.stack([r * angle.cos(), r * angle.sin(), s], -1) for s in (one, -one)]
        unit = torch.cat([ring, *caps])
    count = len(unit)
    full = torch.full((count,), shape)
    return on_surface(full, size.expand(count, 3), torch.full((count,), taper, dtype=DOUBLE), unit)


@pytest.mark.parametrize("shape", [ELLIPSOID, PRISM, FRUSTUM])
@pytest.mark.parametrize("taper", [0.0, 0.6, 1.0, 1.4])
def test_distance_against_the_nearest_of_many_surface_points(shape, taper):
    size = torch.tensor([0.7, 0.7 if shape == FRUSTUM else 0.3, 0.45], dtype=DOUBLE)
    net = surface_samples(shape, size, taper, 120)
    g = torch.Generator().manual_seed(3)
    points = 2.4 * torch.rand(60, 3, generator=g, dtype=DOUBLE) - 1.2
    points[:6] = torch.tensor([0.2, 0.1, 0.0]) * torch.arange(6)[:, None]  # in a symmetry plane
    nearest = torch.cdist(points, net).amin(1)
    full = torch.full((60,), shape)
    tapers = torch.full((60,), taper, dtype=DOUBLE)
    got = signed_distance(full, size.expand(60, 3), tapers, points)
    assert ((nearest - got.abs()) > -1e-9).all()  # no sample is nearer than the distance
    assert (nearest - got.abs()).max() < 0.03  # and the net is fine enough to come close
    inside = is_inside(full, size.expand(60, 3), tapers, points)
    assert torch.equal(got < 0, inside)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_closest_point_of_an_ellipsoid_where_it_is_known(dtype):
    size = torch.tensor([1.0, 0.6, 0.2], dtype=dtype)
    points = torch.tensor([[0.0, 0.0, 0.0], [2.0, 0, 0], [0, 0, 0.1], [0, -3, 0]], dtype=dtype)
    closest = ellipsoid_closest_point(size, points)
    expected = torch.tensor([[0.0, 0.0, 0.2], [1, 0, 0], [0, 0, 0.2], [0, -0.6, 0]], dtype=dtype)
    torch.testing.assert_close(closest, expected, atol=1e-5, rtol=0)


def test_an_ellipsoid_that_is_a_ball():
    g = torch.Generator().manual_seed(4)
    points = torch.randn(100, 3, generator=g, dtype=DOUBLE)
    shape, size = torch.full((100,), ELLIPSOID), torch.full((100, 3), 0.8, dtype=DOUBLE)
    got = signed_distance(shape, size, torch.ones(100, dtype=DOUBLE), points)
    torch.testing.assert_close(got, points.norm(dim=-1) - 0.8, atol=1e-12, rtol=0)
