"""Training a NeRF: what a step is, what a picture is, and what the ablations cost."""

from dataclasses import replace

import pytest
import torch

from course_utils.core import metrics
from course_utils.core.training import Minibatches, fit
from course_utils.data import posed_scenes, toy
from course_utils.vision3d import cameras
from course_utils.vision3d.fields import nerf, nerf_fit, volume_rendering

CENTRE = torch.zeros(3)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def started(seed: int = 0, octaves: int = 4, directions: int | None = 2, **settings):
    """A small run around a ball at the origin, seen from three radii."""
    torch.manual_seed(seed)
    ball = {"centre": (0.0, 0.0, 0.0), "radius": 1.0} | settings
    fine = nerf.RadianceField(32, 3, octaves, directions, **ball)
    coarse = nerf.RadianceField(16, 2, octaves, None, **ball)
    edges = nerf_fit.regular_edges(2.0, 4.0, 8)
    return nerf_fit.NerfFit((coarse, fine), edges, 8, steps=20, generator=dice(seed))


def rays(count: int = 40):
    views = cameras.orbit_camera(torch.tensor([0.0, 1.0, 2.0]), 0.3, 3.0, size=8)
    pixels = torch.rand(3, 3, 8, 8, generator=dice(2))
    made = nerf.rays_of_views(pixels, views)
    return tuple(x[:count] for x in made.tensors())


def test_edges_span_the_ball_and_refuse_other_cameras():
    views = cameras.orbit_camera(torch.tensor([0.0, 1.0, 2.0]), 0.3, 3.0, size=8)
    edges = nerf_fit.edges_of_ball(views, CENTRE, 0.5, 10)
    torch.testing.assert_close(edges, torch.linspace(2.5, 3.5, 11), atol=1e-5, rtol=0)
    uneven = cameras.orbit_camera(0.3, 0.3, torch.tensor([3.0, 4.0]), size=8)
    for some, radius in ((uneven, 0.5), (views, 3.0)):
        with pytest.raises(ValueError, match="outside of the ball"):
            nerf_fit.edges_of_ball(some, CENTRE, radius, 10)


def test_a_step_is_one_step_of_adam_on_both_losses():
    run, other = started(), started()
    other.fields[0].load_state_dict(run.fields[0].state_dict())
    other.fields[1].load_state_dict(run.fields[1].state_dict())
    batch = rays()
    told = run.step(batch)
    parameters = [p for field in other.fields for p in field.parameters()]
    adam = torch.optim.Adam(parameters, lr=5e-3 / nerf_fit.WARM, betas=(0.9, 0.99))
    losses = nerf.hierarchical_loss(other.fields, batch, other.edges, 8, torch.ones(3), dice())
    sum(losses).backward()
    adam.step()
    assert told["coarse"].item() == pytest.approx(losses[0].item())
    assert told["training dB"] == pytest.approx(metrics.psnr(losses[1]))
    mine = [p for field in run.fields for p in field.parameters()]
    for a, b in zip(mine, parameters, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_rate_rises_and_then_falls_to_a_twentieth():
    run, rates = started(), []
    for steps in (0, nerf_fit.WARM - 1, nerf_fit.WARM, 20 * 10):
        run.steps, run.planned = steps, 200
        run._set_rate()
        rates.append(run.adam.param_groups[0]["lr"])
    assert rates[0] == pytest.approx(5e-3 / nerf_fit.WARM)
    assert rates[3] == pytest.approx(5e-3 / 20)
    assert max(rates) < 5e-3


def test_a_picture_is_its_rays_before_white():
    run = started()
    camera = cameras.orbit_camera(0.4, 0.3, 3.0, size=(6, 9))
    seen = run.look(camera, generator=dice())
    assert seen.colour.shape == (6, 9, 3) and seen.weights.shape == (6, 9, 16)
    expected = (seen.colour + 1 - seen.opacity[..., None]).movedim(-1, 0)
    torch.testing.assert_close(run.picture(camera, generator=dice()), expected)
    uv = cameras.pixel_centres(camera).flatten(0, 1)
    origins, directions = cameras.pixels_to_rays(camera, uv)
    _, second = volume_rendering.render_hierarchical(
        *run.fields, origins, directions, run.edges, run.more, dice()
    )
    torch.testing.assert_close(seen.opacity.flatten(), second.opacity)


def test_bytes_are_four_for_every_weight():
    run = started()
    count = sum(p.numel() for field in run.fields for p in field.parameters())
    assert run.bytes_stored == 4 * count


def glossy_views(count: int, size: int):
    """Views of a mushroom with a clear coat: its spots are fine detail, its shine moves."""
    generator = dice()
    world = toy.sample_scenes(1, generator=generator, kinds=("mushroom",))
    parts = world.objects.parts
    shiny = replace(parts, gloss=torch.where(parts.gloss > 0, 0.9, 0.0))
    world = replace(world, objects=replace(world.objects, parts=shiny))
    wide, edge = (
        posed_scenes.sphere_cameras(world, count, 7 * size // 5, generator=generator),
        size // 5,
    )
    views = posed_scenes.posed_views(world, cameras.crop_camera(wide, edge, edge, size, size))
    centre, radius = (x[0] for x in toy.scene_ball(world))
    judges = torch.arange(count) % 6 == 2
    return views[~judges], views[judges], centre, 0.7 * float(radius)


@pytest.mark.slow
def test_without_encoding_the_pictures_are_worse_on_every_seed():
    """NeRF 2020, table 2: the whole model in miniature, rays, both looks and all."""
    views, judges, centre, radius = glossy_views(24, 24)
    lit = nerf.rays_of_views(views.images, views.cameras)
    edges = nerf_fit.edges_of_ball(views.cameras, centre, radius, 12)
    for seed in range(3):
        quality = []
        for octaves, directions in ((5, 2), (0, 0)):
            torch.manual_seed(seed)
            ball = {"centre": tuple(centre.tolist()), "radius": radius}
            fine = nerf.RadianceField(40, 3, octaves, directions, **ball)
            coarse = nerf.RadianceField(16, 2, octaves, None, **ball)
            run = nerf_fit.NerfFit((coarse, fine), edges, 12, steps=250, generator=dice(seed))
            for _ in fit(run.step, Minibatches(lit.tensors(), 192, dice(seed)), steps=250):
                pass
            thrown = dice()
            drawn = [run.picture(camera, generator=thrown) for camera in judges.cameras]
            error = ((torch.stack(drawn) - judges.images) ** 2).mean()  # over every pixel of all
            quality.append(metrics.psnr(error))
        print(f"seed {seed}: complete {quality[0]:.2f} dB, no encoding {quality[1]:.2f} dB")
        assert quality[0] > quality[1] + 0.5


def seen_surface(views):
    """Places, directions and colours of the surface: what every pixel inside of it shows."""
    lit, distance = nerf.rays_of_views(views.images, views.cameras), views.distance.flatten()
    inside = (views.opacity.flatten() > 0.99) & distance.isfinite()
    places = lit.origins[inside] + distance[inside, None] * lit.directions[inside]
    return places, lit.directions[inside], lit.colour[inside]


@pytest.mark.slow
def test_without_view_dependence_a_glossy_surface_is_worse_on_every_seed():
    """The colour alone, on the true surface: so that no error of the shape comes in between."""
    views, judges, centre, radius = glossy_views(96, 40)
    told, asked = seen_surface(views), seen_surface(judges)
    for seed in range(3):
        quality = []
        for directions in (2, None):
            torch.manual_seed(seed)
            ball = {"centre": tuple(centre.tolist()), "radius": radius}
            field = nerf.RadianceField(40, 3, 5, directions, **ball)
            adam = torch.optim.Adam(field.parameters(), lr=5e-3, fused=True)
            slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 1500)
            for (places, ways, colour), _ in zip(
                Minibatches(told, 512, dice(seed)), range(1500), strict=False
            ):
                loss = torch.nn.functional.mse_loss(field(places, ways)[1], colour)
                adam.zero_grad()
                loss.backward()
                adam.step()
                slower.step()
            with torch.no_grad():
                error = torch.nn.functional.mse_loss(field(*asked[:2])[1], asked[2])
            quality.append(metrics.psnr(error))
        print(f"seed {seed}: complete {quality[0]:.2f} dB, no view dependence {quality[1]:.2f} dB")
        assert quality[0] > quality[1] + 0.4
