"""NeRF: its encoding by hand, its network's dependences, its rays, its loss, and that it learns."""

import math

import pytest
import torch

from course_utils.core import metrics
from course_utils.core.training import Minibatches, fit
from course_utils.vision3d import cameras
from course_utils.vision3d.fields import encodings, nerf, ray_sampling, volume_rendering

DOUBLE = torch.float64


def test_positional_encoding_by_hand():
    p = torch.tensor([[0.25, -0.5]], dtype=DOUBLE)
    code = encodings.positional_encoding(p, 2)
    s = math.sqrt(0.5)
    # octave 0: phases pi/4, -pi/2; octave 1: pi/2, -pi
    expected = [[s, -1.0, s, 0.0, 1.0, 0.0, 0.0, -1.0]]
    torch.testing.assert_close(code, torch.tensor(expected, dtype=DOUBLE), atol=1e-12, rtol=0)


def test_positional_encoding_equals_a_loop_in_float64():
    p = 2 * torch.rand(7, 3, generator=torch.Generator().manual_seed(0), dtype=DOUBLE) - 1
    code = encodings.positional_encoding(p, 5).view(7, 5, 2, 3)
    for n in range(7):
        for octave in range(5):
            for axis in range(3):
                phase = 2**octave * math.pi * p[n, axis].item()
                assert code[n, octave, 0, axis].item() == pytest.approx(math.sin(phase), abs=1e-12)
                assert code[n, octave, 1, axis].item() == pytest.approx(math.cos(phase), abs=1e-12)


def test_no_frequency_is_no_encoding():
    p = torch.rand(4, 3)
    assert encodings.positional_encoding(p, 0) is p


def points_and_directions(count: int = 50):
    g = torch.Generator().manual_seed(1)
    points = 1.1 * torch.rand(count, 3, generator=g) - 0.55  # within the ball of radius one
    directions = torch.nn.functional.normalize(torch.randn(count, 3, generator=g), dim=-1)
    return points, directions


@pytest.mark.parametrize("seed", range(5))
def test_density_is_alive_everywhere_at_birth_and_blind_to_direction(seed):
    torch.manual_seed(seed)
    field = nerf.RadianceField()
    points, directions = points_and_directions()
    points.requires_grad_()
    density, _ = field(points, directions)
    assert bool((density > 0).all())
    (slope,) = torch.autograd.grad(density.sum(), field.density.bias)
    assert slope.item() > 0.1 * len(points)  # softplus' slope: no point is dead
    assert torch.equal(density, field(points, -directions)[0])


def test_nothing_is_outside_of_the_ball():
    torch.manual_seed(0)
    field = nerf.RadianceField(radius=2.0, centre=(1.0, 0.0, 0.0))
    points = torch.tensor([[2.9, 0.0, 0.0], [3.1, 0.0, 0.0], [1.0, -1.99, 0.0], [1.0, 1.5, 1.5]])
    density, _ = field(points, torch.zeros(4, 3))
    assert (density > 0).tolist() == [True, False, True, False]


def test_colour_depends_on_direction_only_where_asked():
    points, directions = points_and_directions()
    for frequencies, differs in ((2, True), (0, True), (None, False)):
        torch.manual_seed(0)
        field = nerf.RadianceField(direction_frequencies=frequencies)
        same = torch.equal(field(points, directions)[1], field(points, -directions)[1])
        assert same is not differs


def test_a_scene_twice_as_large_is_the_same_scene():
    torch.manual_seed(0)
    small = nerf.RadianceField(radius=1.0, centre=(0.0, 0.0, 0.0))
    large = nerf.RadianceField(radius=2.0, centre=(1.0, 0.0, -3.0))
    weights = {k: v for k, v in small.state_dict().items() if k != "centre"}
    large.load_state_dict(weights, strict=False)
    points, directions = points_and_directions()
    moved = 2 * points + torch.tensor([1.0, 0.0, -3.0])
    density, colour = small(points, directions)
    twice, same = large(moved, directions)
    # Half as dense per length that is twice as long: the same light is stopped.
    torch.testing.assert_close(2 * twice, density, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(same, colour, rtol=1e-4, atol=1e-6)


def test_rays_of_views_are_in_the_order_of_the_pixels():
    views = cameras.orbit_camera(torch.tensor([0.0, 1.0]), 0.3, 3.0, size=(4, 5))
    images = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).view(2, 3, 4, 5)
    rays = nerf.rays_of_views(images, views)
    assert len(rays) == 40
    index = 20 + 2 * 5 + 3  # second view, third row, fourth pixel
    assert torch.equal(rays.colour[index], images[1, :, 2, 3])
    o, d = cameras.pixels_to_rays(views[1], torch.tensor([[3.5, 2.5]]))
    torch.testing.assert_close(rays.origins[index], o[0])
    torch.testing.assert_close(rays.directions[index], d[0])


def test_loss_and_psnr_by_hand():
    seen = volume_rendering.Rendered(
        torch.tensor([[0.25, 0.0, 0.0]]), torch.tensor([0.5]), torch.ones(1), torch.ones(1, 1)
    )
    # Half transparent in front of white: 0.25 + 0.5, 0.5, 0.5 against 0.5, 0.5, 0.5
    loss = nerf.photometric_loss(seen, torch.full((1, 3), 0.5), torch.ones(3))
    assert loss.item() == pytest.approx(0.25**2 / 3)
    assert metrics.psnr(0.01) == pytest.approx(20.0)
    assert metrics.psnr(0.0) == math.inf


def test_both_looks_are_judged_and_both_fields_are_trained():
    torch.manual_seed(0)
    fields = nerf.RadianceField(16, 2), nerf.RadianceField(16, 2)
    origins = torch.tensor([[-3.0, 0.0, 0.0]]).expand(6, 3)
    directions = torch.tensor([[1.0, 0.0, 0.0]]).expand(6, 3)
    batch = (origins, directions, torch.rand(6, 3))
    edges = ray_sampling.regular_edges(2.0, 4.0, 8)
    losses = nerf.hierarchical_loss(fields, batch, edges, 8, torch.ones(3))
    (losses[0]).backward(retain_graph=True)
    assert fields[0].density.weight.grad is not None and fields[1].density.weight.grad is None
    fields[0].zero_grad()
    losses[1].backward()  # where to look carries no gradient to the coarse field
    assert fields[0].density.weight.grad is None
    assert fields[1].density.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encodings.positional_encoding(torch.zeros(1, 3), -1), "negative"),
        (lambda: nerf.RadianceField(radius=0.0), "positive radius"),
        (lambda: nerf.RadianceField(layers=1), "two layers"),
        (lambda: metrics.psnr(-1.0), "not negative"),
        (
            lambda: nerf.rays_of_views(
                torch.zeros(2, 3, 4, 4), cameras.orbit_camera(torch.zeros(2), 0.1, 3.0, size=5)
            ),
            "as many cameras",
        ),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def ball_views(count: int, size: int = 20):
    """Views of a hard, patterned ball before white, in closed form.

    A plain ball would leave its depth open: fog in front of it could have the same colour.
    """
    turn = torch.arange(count)
    views = cameras.orbit_camera(2.4 * turn, 1.2 * (turn / count - 0.4), 3.0, size=size)
    o, d = cameras.pixels_to_rays(views, cameras.pixel_centres(views).flatten(0, 1))
    along = (o * d).sum(-1)
    inside = along**2 - (o * o).sum(-1) + 0.5**2
    hit = o + (-along - inside.clamp_min(0).sqrt())[..., None] * d
    colour = 0.5 + 0.4 * torch.sin(8 * hit)
    colour = torch.where((inside > 0)[..., None], colour, torch.ones(3))
    return colour.view(count, size, size, 3).permute(0, 3, 1, 2), views


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_field_learns_a_ball_and_its_depth_on_every_seed(seed):
    images, views = ball_views(13)
    rays = nerf.rays_of_views(images[:12], views[:12])
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed)
    field = nerf.RadianceField(32, 3, position_frequencies=4)
    optimiser = torch.optim.Adam(field.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=500)
    edges, white = ray_sampling.regular_edges(2.2, 3.8, 24), torch.ones(3)

    def step(batch):
        origins, directions, colour = batch
        at = ray_sampling.stratified_distances(edges, (len(origins),), g)
        loss = nerf.photometric_loss(
            volume_rendering.render_rays(field, origins, directions, edges, at), colour, white
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        return {"loss": loss.detach()}

    for _ in fit(step, Minibatches(rays.tensors(), 200, g), steps=500):
        pass
    unseen = nerf.rays_of_views(images[12:], views[12:])
    with torch.no_grad():
        seen = volume_rendering.render_rays(field, unseen.origins, unseen.directions, edges)
        quality = metrics.psnr(nerf.photometric_loss(seen, unseen.colour, white))
    middle = seen.distance.view(20, 20)[9:11, 9:11].mean().item()
    print(f"seed {seed}: {quality:.1f} dB on an unseen view, middle at {middle:.2f} (truth 2.50)")
    assert quality > 20
    assert abs(middle - 2.5) < 0.1
