"""The small Mesh R-CNN: its truth, its pieces together, and that it learns what it is shown."""

import inspect

import pytest
import torch

from course_utils.core import steps
from course_utils.core.training import Minibatches, fit
from course_utils.data import toy
from course_utils.data.detection_meshes import LEAST, make_shape_scenes
from course_utils.vision3d.cameras import project_points
from course_utils.vision3d.meshes import center_net, mesh_heads, mesh_losses, mesh_rcnn
from course_utils.vision3d.meshes.meshes import is_watertight
from course_utils.vision3d.meshes.roi_align import frame_from_grid
from course_utils.vision3d.shapes.conversions import voxel_centres
from course_utils.vision3d.shapes.voxels import voxel_iou


@pytest.fixture(scope="module")
def scenes():
    return make_shape_scenes(12, seed=5, points=300)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(seed: int = 0) -> mesh_rcnn.MeshRCNN:
    torch.manual_seed(seed)
    return mesh_rcnn.MeshRCNN(width=16)


# ------------------------------------------------------------------------------ the pictures


def test_surface_points_are_seen_in_their_box_and_reach_its_sides(scenes):
    uv, depth = project_points(scenes.frames, scenes.points)
    assert bool((depth > 0).all())
    assert bool((uv >= scenes.box[:, None, :2] - 0.1).all())
    assert bool((uv <= scenes.box[:, None, 2:] + 0.1).all())
    reach = torch.cat([uv.amin(1) - scenes.box[:, :2], scenes.box[:, 2:] - uv.amax(1)], 1)
    assert float(reach.mean()) < 1.5
    lengths = scenes.normals.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=2e-3, rtol=0)
    span = scenes.points[..., 2].amax(1) - scenes.points[..., 2].amin(1)
    assert bool((span <= scenes.extent + 2e-3).all()) and bool((span > 0.8 * scenes.extent).all())


def test_full_voxels_lie_inside_the_surface(scenes):
    """Along its normal, a surface point is nearer to an empty voxel than against it."""
    shares = voxel_centres(24, side=1.0).flatten(0, 2)
    centres = frame_from_grid(
        scenes.frames, scenes.box, scenes.extent, shares.expand(len(scenes.box), -1, 3)
    )
    agree = []
    for middle, full, points, normals in zip(
        centres, scenes.occupancy.flatten(1), scenes.points, scenes.normals, strict=True
    ):
        for step, expected in ((0.06, False), (-0.06, True)):
            moved = points[:60] + step * normals[:60]
            agree.append(full[torch.cdist(moved, middle).argmin(1)] == expected)
    assert float(torch.cat(agree).float().mean()) > 0.8


def test_every_object_can_be_seen_and_masks_name_its_row(scenes):
    seen = torch.stack([(scenes.instance == row).sum() for row in range(len(scenes.kind))])
    assert int(seen.min()) >= LEAST
    for row, picture in enumerate(scenes.picture.tolist()):
        pictures = (scenes.instance == row).nonzero()[:, 0].unique().tolist()
        assert pictures == [picture]
    assert scenes.classes == toy.KINDS and int(scenes.kind.min()) >= 0


def test_a_longer_set_begins_like_a_shorter_one_and_some_can_be_chosen(scenes):
    short = make_shape_scenes(5, seed=5, points=300)
    assert torch.equal(short.images, scenes.images[:5])
    count = len(short.kind)
    assert torch.equal(short.occupancy, scenes.occupancy[:count])
    chosen = scenes[torch.tensor([7, 2])]
    assert torch.equal(chosen.images[1], scenes.images[2])
    rows = (scenes.picture == 7).nonzero()[:, 0]
    assert torch.equal(chosen.kind[chosen.picture == 0], scenes.kind[rows])
    for own, theirs in enumerate(rows.tolist()):
        assert torch.equal(chosen.instance[0] == own, scenes.instance[7] == theirs)


# ------------------------------------------------------------------------------ truth and start


def test_true_voxels_give_watertight_meshes_near_the_true_surface(scenes):
    truth = mesh_rcnn.coarse_occupancy(scenes.occupancy, 12)
    logits = torch.where(truth, 9.0, -9.0)
    meshes = mesh_rcnn.meshes_from_voxels(logits, 0.5, scenes.frames, scenes.box, scenes.extent)
    assert all(is_watertight(faces) for _, faces in meshes)
    drawn = mesh_losses.sample_meshes(meshes, 1000, generator=dice())
    gaps = mesh_losses.chamfer_distance(drawn.points, scenes.points)
    voxel = float(scenes.extent.max()) / 12
    assert float(gaps.max()) < 2 * voxel**2


def test_without_a_probable_voxel_the_most_probable_one_is_taken(scenes):
    logits = torch.full((len(scenes.box), 12, 12, 12), -5.0)
    logits[:, 3, 4, 5] = -4.0
    meshes = mesh_rcnn.meshes_from_voxels(logits, 0.5, scenes.frames, scenes.box, scenes.extent)
    assert meshes.vertex_counts.tolist() == [8] * len(scenes.box)
    with pytest.raises(ValueError, match="between 0 and 1"):
        mesh_rcnn.meshes_from_voxels(logits, 1.0, scenes.frames, scenes.box, scenes.extent)


def test_coarser_grids_keep_thin_parts():
    fine = torch.zeros(1, 4, 4, 4, dtype=torch.bool)
    fine[0, 0, 0, :] = True  # a rod, one voxel of 1/4 wide
    coarse = mesh_rcnn.coarse_occupancy(fine, 2)
    assert coarse[0].nonzero().tolist() == [[0, 0, 0], [0, 0, 1]]
    with pytest.raises(ValueError, match="does not divide"):
        mesh_rcnn.coarse_occupancy(fine, 3)


# ------------------------------------------------------------------------------ the network


def test_answers_have_the_shapes_of_their_truths(scenes):
    net = network()
    maps, centres = net.detect(scenes.images)
    assert [m.stride for m in maps] == [2, 4] and centres.heat.shape == (12, 16, 16)
    pooled = net.pooled(maps, scenes.picture, scenes.box)
    answers = net.heads(pooled)
    count = len(scenes.box)
    assert answers.voxels.shape == (count, 12, 12, 12) and answers.kind.shape == (count, 10)
    assert answers.mask.shape == mesh_rcnn.box_masks(scenes, 24).shape == (count, 24, 24)
    assert mesh_heads.VoxelHead(16, 48)(pooled).shape == (count, 48, 48, 48)


def test_the_voxels_of_a_head_stand_behind_their_pixels():
    """What is pooled at one place changes columns near it, not those far from it."""
    torch.manual_seed(0)
    head = mesh_heads.VoxelHead(16, 24).eval()
    pooled = torch.randn(1, 16, 12, 12, generator=dice())
    changed = pooled.clone()
    changed[..., 2, 9] += 5  # row 2 from the top, column 9 from the left
    # Normalisation couples all places a little; the place itself must stand out.
    gap = (head(changed) - head(pooled)).abs().amax(-1)[0]  # (u, v)
    u, v = divmod(int(gap.argmax()), 24)
    assert abs(u - 18.5) < 4 and abs(v - 4.5) < 4


@pytest.mark.slow
def test_the_whole_network_learns_two_pictures_by_heart(scenes):
    two, net, throw = scenes[:2], network(), dice()
    optimiser, schedule = steps.one_cycle([net], 60, rate=4e-3)

    def losses(_):
        look = mesh_rcnn.look_at_boxes(net, two)
        found = mesh_rcnn.answer_losses(look, two)
        stages = mesh_rcnn.refined(net, look, two, 0.5)[1:]
        mesh = mesh_rcnn.refinement_losses(stages, two, mesh_rcnn.Weights(), generator=throw)
        return found | mesh | {"loss": sum(found.values()) + mesh["mesh"]}

    records = list(fit(steps.gradient_step(losses, optimiser, schedule), [0] * 60, steps=60))
    first, last = records[0].values, records[-1].values
    for name in ("heat", "sides", "kind", "extent", "mask", "voxels", "mesh", "last"):
        assert last[name] < 0.75 * first[name], name
    found = mesh_rcnn.find_shapes(net, two, 0.5)
    assert len(found.found.boxes) == len(two.box)
    assert found.answers.kind.argmax(1).sort().values.tolist() == two.kind.sort().values.tolist()
    assert all(is_watertight(faces) for meshes in found.stages for _, faces in meshes)
    given = center_net.Detections(two.box, two.picture, torch.ones(len(two.box)))
    shapes = mesh_rcnn.shapes_in_boxes(net, two, given, 0.5)
    truth = mesh_rcnn.coarse_occupancy(two.occupancy, 12)
    assert float(voxel_iou(shapes.answers.voxels.sigmoid(), truth).mean()) > 0.5


def test_nothing_found_and_impossible_networks_are_told(scenes):
    net = network()
    with pytest.raises(ValueError, match="no box"):
        mesh_rcnn.find_shapes(net, scenes[:1], 0.5, least=0.99)
    with pytest.raises(ValueError, match="multiple of 8"):
        mesh_heads.FeaturePyramid(12)
    with pytest.raises(ValueError, match="resolution"):
        mesh_heads.VoxelHead(16, 20)
    for options in ({"count": 0}, {"count": 1, "grid": 1}):
        with pytest.raises(ValueError, match="need count"):
            inspect.unwrap(make_shape_scenes)(**options)


@pytest.mark.slow
def test_refining_true_voxels_lowers_the_distance_of_unseen_objects(scenes):
    """Three seeds: from the cubified truth, the surface between the voxels is found again."""
    known = make_shape_scenes(40, seed=6, points=300)
    weights = mesh_rcnn.Weights()

    def refined(net, some):
        truth = mesh_rcnn.coarse_occupancy(some.occupancy, 12)
        logits = torch.where(truth, 9.0, -9.0)
        start = mesh_rcnn.meshes_from_voxels(logits, 0.5, some.frames, some.box, some.extent)
        with torch.no_grad():
            maps, _ = net.detect(some.images)
        return [start, *net.refiner(maps, some.picture, some.frames, start)]

    ratios = []
    for seed in range(3):
        net, throw = network(seed), dice(seed)
        optimiser, schedule = steps.one_cycle([net.refiner], 40, rate=5e-3)

        def losses(rows, net=net, throw=throw):
            some = known[rows]
            after = refined(net, some)[1:]
            found = mesh_rcnn.refinement_losses(after, some, weights, generator=throw)
            return found | {"loss": found["mesh"]}

        batches = Minibatches(torch.arange(len(known)), 4, throw)
        step = steps.gradient_step(losses, optimiser, schedule)
        for _ in fit(step, batches, steps=40):
            pass
        with torch.no_grad():
            stages = refined(net, scenes)
        gaps = []
        for meshes in (stages[0], stages[-1]):
            drawn = mesh_losses.sample_meshes(meshes, 1000, generator=dice(9))
            gaps.append(mesh_losses.chamfer_distance(drawn.points, scenes.points).mean())
        ratios.append(float(gaps[1] / gaps[0]))
    print("refined / cubified Chamfer distance, three seeds:", [f"{r:.3f}" for r in ratios])
    assert max(ratios) < 0.95
