"""Networks for shapes: gradients against differences, losses by hand, trainings on three seeds."""

import math

import pytest
import torch

from course_utils.core import steps
from course_utils.core.training import Minibatches, fit
from course_utils.data.unit_shapes import unit_shapes
from course_utils.vision3d.fields import light_field
from course_utils.vision3d.shapes import csg, implicit
from course_utils.vision3d.shapes.conversions import occupancy_from_function


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_new_network_is_about_a_ball():
    """Theorem 1 of Atzmon and Lipman holds for wide networks; so wide, and averaged over seeds."""
    points = 2 * torch.rand(2000, 3, generator=dice()) - 1
    for seed in range(3):
        torch.manual_seed(seed)
        network = implicit.ImplicitNetwork(512, 3, radius=0.5)
        off = (network(points) - csg.sphere(0.5)(points)).abs().mean().item()
        print(f"seed {seed}: a new network is off by {off:.3f} on average")
        assert off < 0.15
        assert network(torch.zeros(1, 3)).item() < 0 < network(torch.ones(1, 3)).item()


def test_the_gradient_is_that_of_differences_and_can_be_differentiated_again():
    torch.manual_seed(0)
    network = implicit.ImplicitNetwork(16, 2).double()
    points = (2 * torch.rand(20, 3, generator=dice()) - 1).double()
    gradient = implicit.field_gradient(network, points)
    for axis in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[axis] = 1e-6
        slope = (network(points + step) - network(points - step)) / 2e-6
        assert torch.allclose(gradient[:, axis], slope, atol=1e-5)
    loss = implicit.eikonal_loss(gradient)
    weight = network.layers[0].weight
    by_autograd = torch.autograd.grad(loss, weight)[0][0, 0].item()
    values = []
    for move in (1e-6, -2e-6):
        with torch.no_grad():
            weight[0, 0] += move
        values.append(implicit.eikonal_loss(implicit.field_gradient(network, points)).item())
    assert by_autograd == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-3, abs=1e-7)


def test_losses_by_hand():
    gradient = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]])
    assert implicit.eikonal_loss(gradient).item() == pytest.approx((4**2 + 0) / 2)
    normals = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert implicit.normal_loss(gradient, normals).item() == pytest.approx(math.sqrt(4 + 16) / 2)
    values, inside = torch.tensor([-2.0, 1.0]), torch.tensor([True, True])
    by_hand = (math.log(1 + math.exp(-2.0)) + math.log(1 + math.exp(1.0))) / 2
    assert implicit.occupancy_loss(values, inside).item() == pytest.approx(by_hand)


def test_samples_are_half_near_and_half_anywhere():
    surface = torch.nn.functional.normalize(torch.randn(500, 3, generator=dice()), dim=1) * 0.5
    points = implicit.near_and_far(surface, 20_000, 0.05, generator=dice(1))
    gap = csg.sphere(0.5)(points)
    assert gap[:10_000].std().item() == pytest.approx(0.05, rel=0.1)
    far = points[10_000:]
    assert far.abs().max() <= 1 and far.mean(0).abs().max() < 0.03
    assert far.var(0).tolist() == pytest.approx([1 / 3] * 3, rel=0.05)
    with pytest.raises(ValueError, match="cannot draw"):
        implicit.near_and_far(surface[:0], 10)


def test_codes_choose_the_shape():
    torch.manual_seed(0)
    family = implicit.ShapeFamily(3, codes=4, width=16)
    points, shape = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    together = family(points, shape)
    for k in range(3):
        alone = family.solid(family.table[k])(points[shape == k])
        assert torch.allclose(together[shape == k], alone, atol=1e-6)
    by_hand = sum(sum(x * x for x in row) for row in family.table.tolist()) / 3
    assert family.code_penalty().item() == pytest.approx(by_hand)


def test_unit_shapes_fill_the_cube_and_agree_with_their_surface():
    shapes = unit_shapes(("duck", "chair"), 4, seed=5)
    for shape in shapes:
        points, normals = shape.surface(2000, generator=dice())
        longest = (points.amax(0) - points.amin(0)).max().item()
        assert longest == pytest.approx(1.6, abs=0.08) and points.abs().max() < 0.85
        assert shape.distance(points).abs().max() < 1e-4
        assert torch.allclose(normals.norm(dim=1), torch.ones(2000), atol=1e-5)
        grid = occupancy_from_function(shape.distance, 24)
        assert 0.005 < grid.float().mean() < 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: implicit.ImplicitNetwork(width=0), "needs a width"),
        (lambda: implicit.ShapeFamily(0), "needs shapes"),
        (lambda: implicit.ImplicitNetwork(8, 1)(torch.zeros(2, 2)), "expected points"),
        (
            lambda: implicit.ImplicitNetwork(8, 1)(torch.zeros(2, 3), torch.zeros(2, 4)),
            "codes of 0",
        ),
        (lambda: light_field.ViewFunction(layers=0), "needs a width"),
        (lambda: light_field.picture_places(0), "at least one pixel"),
    ],
)
def test_what_cannot_be_is_refused(as_shipped, call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_places_in_a_picture():
    places = light_field.picture_places(2)
    assert places.tolist() == [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]
    torch.manual_seed(0)
    function = light_field.ViewFunction(8, 2, frequencies=2)
    viewpoint = torch.tensor([1.0, 0.0, 0.0])
    picture = light_field.show_from(function, viewpoint, 2)
    alone = function(viewpoint[None], places[1][None])[0]
    assert torch.allclose(picture[:, 0, 1], alone, atol=1e-6)


def train(losses, module, batches, count):
    optimiser, schedule = steps.one_cycle([module], count, 3e-3, decay=0.0)
    for _ in fit(steps.gradient_step(losses, optimiser, schedule), batches, steps=count):
        pass


@pytest.mark.slow
def test_a_network_becomes_a_signed_distance():
    """A short training, over three seeds and as many shapes; the lesson trains longer."""
    for seed in range(3):
        shape = unit_shapes(("duck",), 1, seed=seed)[0]
        surface, normals = shape.surface(10_000, generator=dice(seed))
        places = implicit.near_and_far(surface, 60_000, 0.08, generator=dice(seed))
        torch.manual_seed(seed)
        network, throw = implicit.ImplicitNetwork(64), dice(seed)

        def losses(batch, network=network, surface=surface, normals=normals, throw=throw):
            where, distance = batch
            rows = torch.randint(len(surface), (256,), generator=throw)
            on = surface[rows].requires_grad_()
            slope = implicit.field_gradient(network, on)
            apart = (network(where) - distance).abs().mean() + network(on).abs().mean()
            normal = implicit.normal_loss(slope, normals[rows])
            return {"loss": apart + 0.2 * normal + 0.05 * implicit.eikonal_loss(slope)}

        train(losses, network, Minibatches((places, shape.distance(places)), 1024, throw), 500)
        cube = 2 * torch.rand(10_000, 3, generator=throw) - 1
        error = implicit.distance_error(network, shape.distance, cube)
        slope = implicit.field_gradient(network, surface[:2000]).norm(dim=1)
        off = (slope - 1).abs().mean().item()
        print(f"duck {seed}: error {error:.4f} in the cube, |grad| off 1 by {off:.3f}")
        assert error < 0.01 and off < 0.08


@pytest.mark.slow
def test_nothing_but_points_gives_a_flat_function_and_the_eikonal_term_forbids_it():
    surface, _ = unit_shapes(("duck",), 1)[0].surface(4000, generator=dice())
    cube = 2 * torch.rand(2000, 3, generator=dice(1)) - 1
    for seed in range(3):
        lengths = []
        for weight in (0.0, 0.1):
            torch.manual_seed(seed)
            network, throw = implicit.ImplicitNetwork(48, 3), dice(seed)

            def losses(on, network=network, weight=weight, throw=throw):
                free = 2 * torch.rand(256, 3, generator=throw) - 1
                slope = implicit.field_gradient(network, free)
                return {"loss": network(on).abs().mean() + weight * implicit.eikonal_loss(slope)}

            train(losses, network, Minibatches(surface, 256, throw), 250)
            lengths.append(implicit.field_gradient(network, cube).norm(dim=1).mean().item())
        print(f"seed {seed}: |grad| {lengths[0]:.2f} with points alone, {lengths[1]:.2f} with both")
        assert lengths[0] < 0.8 < lengths[1] < 1.2
