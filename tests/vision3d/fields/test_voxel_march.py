"""Marching voxel fields: compiled against plain torch in float64, and against differences."""

import math
from dataclasses import replace

import pytest
import torch

from course_utils.vision3d.cameras import orbit_camera
from course_utils.vision3d.fields import voxel_field, voxel_march
from tests.vision3d.fields.test_voxel_field import directions, random_field

DOUBLE = torch.float64
LONGEST = 0.6  # voxels


def rays_at(field, count: int, seed: int = 3):
    """Rays from all around through and past the cube, from inside of it, and along its axes."""
    g = torch.Generator().manual_seed(seed)
    origins = field.centre + 3 * field.radius * directions(count, seed)
    inside = field.radius * (2 * torch.rand(count, 3, generator=g, dtype=DOUBLE) - 1)
    origins[::5] = field.centre + inside[::5]
    target = field.centre + 1.3 * inside.flip(0)
    d = torch.nn.functional.normalize(target - origins, dim=-1)
    d[1::7] = torch.eye(3, dtype=DOUBLE)[torch.arange(len(d[1::7])) % 3]
    origins[1::7] = field.centre + inside[1::7] - 4 * d[1::7]
    return origins, d, torch.rand(count, generator=g, dtype=DOUBLE)


def single(field):
    """The field in float32, its numbers ready for gradients."""
    values = field.values.float().requires_grad_()
    return replace(field, values=values, centre=field.centre.float())


def loss_of(seen, seed: int = 4):
    g = torch.Generator().manual_seed(seed)
    by_colour = torch.randn(seen.colour.shape, generator=g, dtype=DOUBLE)
    by_opacity = torch.randn(seen.opacity.shape, generator=g, dtype=DOUBLE)
    return (seen.colour * by_colour).sum() + (seen.opacity * by_opacity).sum()


@pytest.mark.parametrize(("degree", "kept"), [(0, 1.0), (0, 0.3), (0, 0.02), (1, 0.4)])
def test_compiled_equals_torch_in_float64(degree, kept):
    field = random_field(18, degree, kept=kept)
    field.values[:, 0] -= 1.5
    o, d, shares = rays_at(field, 300)
    exact = replace(field, values=field.values.clone().requires_grad_())
    truth = voxel_march.march_torch(exact, o, d, shares, LONGEST)
    loss_of(truth).backward()
    fast = single(field)
    seen = voxel_march.march_compiled(fast, o, d, shares, LONGEST, early_stop=0.0)
    loss_of(seen).backward()
    assert 0.05 < truth.opacity.mean() < 0.99
    for ours, expected in zip(seen[:2], truth[:2], strict=True):
        torch.testing.assert_close(ours.double(), expected, rtol=0, atol=3e-6)
    clear = truth.opacity > 0.01
    torch.testing.assert_close(
        seen.distance[clear].double(), truth.distance[clear], rtol=1e-4, atol=1e-5
    )
    scale = exact.values.grad.abs().max()
    assert (fast.values.grad - exact.values.grad).abs().max() < 1e-5 * scale


def test_gradients_equal_finite_differences():
    field = random_field(3, kept=0.9)
    o, d, shares = rays_at(field, 8)

    def seen(values):
        return voxel_march.march_torch(replace(field, values=values), o, d, shares, 1.1)[:2]

    values = field.values.clone().requires_grad_()
    assert torch.autograd.gradcheck(seen, (values,), eps=1e-6, atol=1e-6)


def test_the_compiled_gradient_equals_differences_of_its_own_pictures():
    """Along 20 random directions; float32 leaves differences few digits."""
    field = single(random_field(9, kept=0.5))
    o, d, shares = rays_at(field, 200)
    g = torch.Generator().manual_seed(5)

    def loss(values):
        moved = replace(field, values=values)
        return loss_of(voxel_march.march_compiled(moved, o, d, shares, LONGEST, 0.0))

    (gradient,) = torch.autograd.grad(loss(field.values), field.values)
    slack = 0.02 * gradient.norm().item()
    for _ in range(20):
        way = torch.randn(field.values.shape, generator=g)
        with torch.no_grad():
            rise = loss(field.values + 0.01 * way) - loss(field.values - 0.01 * way)
        expected = (gradient * way).double().sum()
        assert rise.item() / 0.02 == pytest.approx(expected.item(), abs=slack)


def test_the_cube_of_uniform_fog_in_closed_form():
    field = voxel_field.thin_fog(9, torch.tensor([1.0, 2.0, 3.0]), 0.5)
    field.values[:, 0], field.values[:, 2] = -2.0, 1.0
    sigma = 20 / 0.5 * math.log1p(math.exp(-2.0))
    for d in (torch.eye(3), torch.nn.functional.normalize(torch.ones(1, 3), dim=-1)):
        seen = voxel_march.march_rays(field, field.centre - 2 * d, d)
        chord = 1.0 if len(d) == 3 else math.sqrt(3)
        opacity = 1 - math.exp(-sigma * chord)
        torch.testing.assert_close(seen.opacity, torch.full((len(d),), opacity), rtol=0, atol=1e-3)
        exact = voxel_march.march_compiled(
            field, field.centre - 2 * d, d, torch.full((len(d),), 0.5), 0.5, 0.0
        )
        torch.testing.assert_close(exact.opacity, torch.full((len(d),), opacity), rtol=2e-6, atol=0)
        green = torch.full((len(d),), opacity / (1 + math.exp(-1.0)))
        torch.testing.assert_close(exact.colour[:, 1], green, rtol=2e-6, atol=0)


def test_an_early_stop_costs_no_more_than_the_light_it_gives_up():
    field = single(random_field(12))
    o, d, shares = rays_at(field, 300)
    full = voxel_march.march_compiled(field, o, d, shares, LONGEST, 0.0)
    for stop in (1e-3, 0.1):
        cut = voxel_march.march_compiled(field, o, d, shares, LONGEST, stop)
        given_up = (full.opacity - cut.opacity).detach()
        assert 0 < given_up.max() <= stop
        assert (full.colour - cut.colour).abs().max() <= stop


def test_rays_that_meet_nothing_see_nothing_and_pull_at_nothing():
    field = single(random_field(6))
    empty = replace(
        field,
        values=field.values[:0].detach().requires_grad_(),
        links=torch.full_like(field.links, -1),
        cells=torch.zeros_like(field.cells),
    )
    o = torch.tensor([[0.0, 0.0, 5.0], [3.0, 0.0, 0.0], [0.0, 5.0, 0.1]])
    d = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    for some, past, way in ((field, o, d), (empty, o, -d), (field, o[:0], d[:0])):
        for backend in ("numba", "torch"):
            seen = voxel_march.march_rays(some, past, way, backend=backend)
            assert seen.colour.shape == past.shape
            assert not any(bool((x != 0).any()) for x in seen)
            if len(past):
                (pull,) = torch.autograd.grad(seen.colour.sum(), some.values)
                assert float(pull.abs().sum()) == 0


def test_the_same_bits_again_and_the_same_picture_on_two_threads():
    field = single(random_field(14, kept=0.6))
    o, d, shares = rays_at(field, 2 * voxel_march.SMALL)

    def once(threads):
        torch.set_num_threads(threads)
        seen = voxel_march.march_compiled(field, o, d, shares, LONGEST)
        return *seen, torch.autograd.grad(loss_of(seen), field.values)[0]

    one, again, two, two_again = once(1), once(1), once(2), once(2)
    for a, b, c, e in zip(one, again, two, two_again, strict=True):
        assert torch.equal(a, b) and torch.equal(c, e)
    assert all(torch.equal(a, c) for a, c in zip(one[:3], two[:3], strict=True))
    torch.testing.assert_close(one[3], two[3], rtol=1e-4, atol=1e-5)


def test_a_view_is_its_rays_before_a_background():
    field = single(random_field(10, kept=0.3))
    camera = orbit_camera(0.5, 0.4, 5.0, (0.1, -0.2, 0.3), size=(12, 16))
    seen = voxel_march.march_view(field, camera)
    assert seen.opacity.shape == (12, 16)
    red = torch.tensor([1.0, 0.0, 0.0])
    picture = voxel_march.render_view(field, camera, red)
    expected = seen.colour + (1 - seen.opacity)[..., None] * red
    torch.testing.assert_close(picture, expected.movedim(-1, 0))
    white = voxel_march.render_view(field, camera)
    assert white.shape == (3, 12, 16)
    assert (white - picture)[1].max() > 0.5  # where nothing is, the background shows
    slow = voxel_march.render_view(field, camera, backend="torch")
    torch.testing.assert_close(white, slow, rtol=0, atol=1.1 * voxel_march.EARLY_STOP)


def test_the_distance_of_a_wall_is_where_it_stands():
    """Thick fog in the half of the cube with x > 0, seen from -x and from +x."""
    field = voxel_field.thin_fog(41, torch.zeros(3), 1.0)
    x = torch.nonzero(field.links >= 0)[:, 0]
    field.values[:, 0] = torch.where(x >= 20, 30.0, -30.0)
    o = torch.tensor([[-3.0, 0.1, 0.2], [3.0, 0.1, 0.2]])
    d = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    seen = voxel_march.march_rays(field, o, d)
    assert bool((seen.opacity > 0.998).all())
    torch.testing.assert_close(seen.distance, torch.tensor([3.0, 2.0]), rtol=0, atol=field.voxel)


def test_where_a_ray_enters_and_leaves_the_cube():
    field = voxel_field.thin_fog(3, torch.tensor([0.0, 0.0, 1.0]), 1.0)
    o = torch.tensor([[-3.0, 0.0, 1.0], [0.5, 0.0, 0.5], [0.0, 4.0, 1.0], [0.0, 0.0, 5.0]])
    d = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    near, far = voxel_march.distances_in_cube(field, o, d)
    torch.testing.assert_close(near[:2], torch.tensor([2.0, 0.0]))
    torch.testing.assert_close(far[:2], torch.tensor([4.0, 1.5]))
    assert not (near[2:].any() or far[2:].any())  # one passes by, one leaves it behind


UNIT = torch.tensor([[0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: voxel_march.march_rays(f, UNIT, 2 * UNIT), "length one"),
        (lambda f: voxel_march.march_rays(f, UNIT, UNIT, longest=0.0), "longer than zero"),
        (lambda f: voxel_march.march_rays(f, UNIT, UNIT, backend="cuda"), "unknown backend"),
        (
            lambda f: voxel_march.march_rays(
                replace(f, values=f.values.double(), centre=f.centre.double()),
                UNIT.double(),
                UNIT.double(),
                backend="numba",
            ),
            "float32 on the CPU",
        ),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call(voxel_field.thin_fog(3, torch.zeros(3), 1.0))


def test_rays_that_do_not_fit_each_other_are_refused(as_shipped):
    field = voxel_field.thin_fog(3, torch.zeros(3), 1.0)
    with pytest.raises(ValueError, match="every ray"):
        voxel_march.march_rays(field, UNIT.expand(2, 3), UNIT)
