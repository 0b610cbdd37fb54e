"""Training voxel fields: the plan, what Adam remembers, and that scenes come out of pictures."""

import statistics

import pytest
import torch

from course_utils.core.metrics import image_psnr
from course_utils.core.training import Minibatches, fit
from course_utils.data import posed_scenes, toy
from course_utils.vision3d.fields import nerf, voxel_fit, voxel_march
from tests.vision3d.fields.test_nerf import ball_views
from tests.vision3d.fields.test_voxel_field import random_field

SHORT = voxel_fit.Plan(steps=40, resolutions=(8, 15), stages=(0.5,), forget=10)


def ball_rays():
    images, views = ball_views(12)
    return nerf.rays_of_views(images, views)


def trained(plan=SHORT, steps=None, seed=0):
    g = torch.Generator().manual_seed(seed)
    fitting = voxel_fit.VoxelFit(torch.zeros(3), 0.7, plan, generator=g)
    batches = Minibatches(ball_rays().tensors(), 400, g)
    records = list(fit(fitting.step, batches, steps=steps or plan.steps))
    return fitting, records


def test_the_plan_is_followed():
    fitting, records = trained()
    assert fitting.field.resolution == 15
    assert records[0].values["corners"] == 8**3
    assert records[19].values["corners"] <= 8**3 < records[20].values["corners"]
    assert len(fitting.field) < 15**3  # emptied where the ball is not
    rate = fitting.optimiser.param_groups[0]["lr"]
    assert rate == pytest.approx(0.3 * 0.05 ** (39 / 40))
    losses = [r.values["loss"] for r in records]
    assert statistics.mean(losses[-10:]) < 0.3 * statistics.mean(losses[:5])


def test_the_same_generator_gives_the_same_bits():
    (one, _), (two, _), (other, _) = trained(), trained(), trained(seed=1)
    assert torch.equal(one.field.values, two.field.values)
    assert torch.equal(one.field.cells, two.field.cells)
    assert not (
        len(one.field) == len(other.field) and torch.equal(one.field.values, other.field.values)
    )


def test_adam_remembers_each_corner_when_others_are_forgotten():
    fitting, _ = trained(steps=15)
    state = fitting.optimiser.state[fitting._field.values]
    links, before = fitting.field.links, state["exp_avg"].clone()
    fitting.forget_empty()
    after = fitting.optimiser.state[fitting._field.values]
    both = (links >= 0) & (fitting.field.links >= 0)
    assert both.sum() > 20
    old, new = links[both].long(), fitting.field.links[both].long()
    assert torch.equal(before[old], after["exp_avg"][new])
    assert after["step"] == state["step"]


def test_the_background_is_part_of_what_rays_see():
    """Rays that pass by the cube see the background alone, and the loss says how wrong it is."""
    o, d = torch.tensor([[0.0, 0.0, 9.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    fitting = voxel_fit.VoxelFit(torch.zeros(3), 1.0, SHORT, torch.tensor([1.0, 0.0, 0.0]))
    loss = fitting.step((o, d, torch.tensor([[0.0, 0.0, 0.0]])))["loss"]
    assert loss.item() == pytest.approx(1 / 3)


def test_smoothness_is_the_mean_square_between_neighbours():
    """By a loop over every pair of corners; and its gradient by differences."""
    field = random_field(4, kept=0.2)
    assert 0 < len(field) < 64
    at = {tuple(c): r for r, c in enumerate(torch.nonzero(field.links >= 0).tolist())}
    total = 0.0
    for (x, y, z), row in at.items():
        for other in ((x + 1, y, z), (x, y + 1, z), (x, y, z + 1)):
            if other in at:
                gap = field.values[row] - field.values[at[other]]
                total += float((gap * gap).sum())
    pairs = voxel_fit.neighbours(field)
    found = voxel_fit.roughness(field.values, pairs)
    assert found.item() == pytest.approx(total / len(field), rel=1e-12)
    values = field.values.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: voxel_fit.roughness(v, pairs), (values,))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: voxel_fit.Plan(resolutions=(8, 16, 32)), "one stage fewer"),
        (lambda: voxel_fit.Plan(resolutions=(8, 16), stages=(1.5,)), "stages must grow"),
        (lambda: voxel_fit.Plan(steps=0), "stages must grow"),
        (lambda: voxel_fit.VoxelFit(torch.zeros(3), -1.0), "radius"),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_toy_scene_is_learnt_from_twenty_views(seed):
    g = torch.Generator().manual_seed(seed)
    world = toy.sample_scenes(1, generator=g, gloss=0.0)
    cameras = posed_scenes.sphere_cameras(world, 24, 64, generator=g)
    pictures = posed_scenes.posed_views(world, cameras)
    held_out = torch.arange(24) % 6 == 2
    centre, radius = (x[0].float() for x in toy.scene_ball(world))
    plan = voxel_fit.Plan(steps=200, resolutions=(24, 48))
    fitting = voxel_fit.VoxelFit(centre, radius.item(), plan, generator=g)
    rays = nerf.rays_of_views(pictures[~held_out].images, pictures[~held_out].cameras)
    for _ in fit(fitting.step, Minibatches(rays.tensors(), 4096, g), steps=plan.steps):
        pass
    judges = pictures[held_out]
    seen = torch.stack([voxel_march.render_view(fitting.field, c) for c in judges.cameras])
    found = image_psnr(seen, judges.images)
    print(f"seed {seed}: {found:.1f} dB on 4 unseen views, {fitting.field.bytes / 1e6:.1f} MB")
    assert found > 24
