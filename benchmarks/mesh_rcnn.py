"""Refined meshes against cubified voxels, and against finer voxels of the same memory.

Mesh R-CNN learns on pictures of one to three toy objects and is judged on others. Beside it, on the
same features and for as many steps, a rival predicts a finer grid. Chamfer distances, in 1/1000 of
the squared longer side of an object's box, are means over held-out objects in their true boxes, so
that shapes alone are judged; boxes are judged by average precision. Each grid is made a surface at
the level that is best on training objects.
"""

import argparse
import statistics
import time
from typing import NamedTuple

import torch

from course_utils.core import steps
from course_utils.core.training import Minibatches, fit
from course_utils.data.detection_meshes import make_shape_scenes
from course_utils.vision3d.boxes.average_precision import average_precision_of, rectangle_iou
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.meshes import mesh_heads, mesh_losses, mesh_rcnn, meshes
from course_utils.vision3d.meshes.center_net import Detections, find_boxes
from course_utils.vision3d.meshes.roi_align import frame_from_grid
from course_utils.vision3d.meshes.targets import ShapeScenes
from course_utils.vision3d.shapes import voxels
from course_utils.vision3d.shapes.conversions import mesh_from_occupancy

BATCH = 8


class Run(NamedTuple):
    """A trained network, its rival, and the levels from which their voxels are full."""

    network: mesh_rcnn.MeshRCNN
    rival: mesh_heads.VoxelHead
    level: float
    rival_level: float


class Row(NamedTuple):
    """What one seed has reached on held-out pictures."""

    boxes: float
    cubified: float
    refined: float
    rival: float
    smooth_rival: float
    mesh_bytes: float
    watertight: float


def train(scenes: ShapeScenes, first: int, second: int, finer: int, seed: int) -> Run:
    """Everything but the refinement first, then all together."""
    torch.manual_seed(seed)
    throw = torch.Generator().manual_seed(seed)
    network, rival = mesh_rcnn.MeshRCNN(), mesh_heads.VoxelHead(64, finer)
    level = 0.5

    def judged(batch: ShapeScenes) -> tuple[mesh_rcnn.Look, dict]:
        look = mesh_rcnn.look_at_boxes(network, batch)
        full = mesh_rcnn.coarse_occupancy(batch.occupancy, finer)
        loss = voxels.balanced_occupancy_loss(rival(look.answers.features), full)
        return look, mesh_rcnn.answer_losses(look, batch) | {"rival": loss}

    def before(rows: torch.Tensor) -> dict:
        _, losses = judged(scenes[rows])
        return losses | {"loss": sum(losses.values())}

    def after(rows: torch.Tensor) -> dict:
        look, losses = judged(batch := scenes[rows])
        stages = mesh_rcnn.refined(network, look, batch, level)[1:]
        mesh = mesh_rcnn.refinement_losses(stages, batch, mesh_rcnn.Weights(), generator=throw)
        return losses | mesh | {"loss": sum(losses.values()) + mesh["mesh"]}

    cpu = time.process_time()
    for losses, count, rate in ((before, first, 2e-3), (after, second, 1e-3)):
        optimiser, schedule = steps.one_cycle([network, rival], count, rate)
        step = steps.gradient_step(losses, optimiser, schedule)
        *_, last = fit(step, Minibatches(torch.arange(len(scenes)), BATCH, throw), steps=count)
        level = best_level(network, scenes, None)
    print(
        f"    seed {seed}: {first} + {second} steps of {BATCH} pictures, "
        f"loss {last.values['loss']:.2f}, {time.process_time() - cpu:.0f} CPU-s",
        flush=True,
    )
    return Run(network, rival, level, best_level(network, scenes, rival))


@torch.no_grad()
def best_level(network, scenes: ShapeScenes, rival: mesh_heads.VoxelHead | None) -> float:
    """The probability at which voxels of training objects overlap the truth best."""
    some = scenes[:60]
    answers = mesh_rcnn.look_at_boxes(network, some).answers
    logits = answers.voxels if rival is None else rival(answers.features)
    truth = mesh_rcnn.coarse_occupancy(some.occupancy, logits.shape[-1])
    return voxels.best_threshold(logits.sigmoid(), truth)


@torch.no_grad()
def judge(run: Run, test: ShapeScenes) -> Row:
    """Boxes by average precision, shapes in true boxes by Chamfer distance."""
    dice = torch.Generator().manual_seed(0)

    def distance(mesh: meshes.Meshes) -> float:
        drawn = mesh_losses.sample_meshes(mesh, test.points.shape[1], generator=dice)
        return 1000 * float(mesh_losses.chamfer_distance(drawn.points, test.points).mean())

    given = Detections(test.box, test.picture, torch.ones(len(test.box)))
    shapes = mesh_rcnn.shapes_in_boxes(run.network, test, given, run.level)
    finer = run.rival(shapes.answers.features)
    place = shapes.frames, test.box, shapes.extent
    rival = mesh_rcnn.meshes_from_voxels(finer, run.rival_level, *place)
    last = shapes.stages[-1]
    tight = [meshes.is_watertight(faces) for _, faces in last]
    return Row(
        boxes_precision(run.network, test),
        distance(shapes.stages[0]),
        distance(last),
        distance(rival),
        distance(by_marching_cubes(finer, run.rival_level, *place)),
        statistics.mean(meshes.mesh_bytes(*mesh) for mesh in last),
        100 * statistics.mean(tight),
    )


def by_marching_cubes(
    logits: torch.Tensor, level: float, frames: Camera, boxes: torch.Tensor, extent: torch.Tensor
) -> meshes.Meshes:
    """The rival's surface through its probabilities, which would take four bytes each."""
    found = []
    for row, values in enumerate(logits.sigmoid()):
        least = min(level, 0.99 * float(values.max()))
        vertices, faces = mesh_from_occupancy(values, side=1.0, level=least)
        here = frames[[row]], boxes[[row]], extent[[row]]
        found.append((frame_from_grid(*here, vertices[None])[0], faces))
    return meshes.pack_meshes(found)


def boxes_precision(network: mesh_rcnn.MeshRCNN, test: ShapeScenes) -> float:
    """Average precision at an IoU of 0.5."""
    maps, centres = network.detect(test.images)
    found = find_boxes(centres, maps[1].stride, 0.05)
    on = [found.picture == i for i in range(len(test))]
    tables = [
        rectangle_iou(found.boxes[rows], test.box[test.picture == i]) for i, rows in enumerate(on)
    ]
    return average_precision_of(tables, [found.score[rows] for rows in on], 0.5)


def main(arguments: list[str] | None = None) -> bool:
    """Prints the table; returns whether every target was reached by every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=500, help="steps before refining")
    parser.add_argument("--second", type=int, default=200, help="steps with refining")
    parser.add_argument("--pictures", type=int, default=800)
    parser.add_argument("--finer", type=int, default=24, help="voxels along a side of the rival")
    parser.add_argument("--bits", type=int, default=8, help="that a voxel takes: 8 or 1")
    options = parser.parse_args(arguments or [])
    grid = max(24, options.finer)
    scenes = make_shape_scenes(options.pictures, seed=1, grid=grid)
    test = make_shape_scenes(100, seed=2, points=1000, grid=grid)
    rows = []
    for seed in range(options.seeds):
        run = train(scenes, options.first, options.second, options.finer, seed)
        rows.append(judge(run, test))
        print(
            "      " + ", ".join(f"{k} {v:.2f}" for k, v in rows[-1]._asdict().items()), flush=True
        )
    memory = options.finer**3 * options.bits / 8
    mesh_memory = statistics.mean(row.mesh_bytes for row in rows)
    print(
        f"    {len(test.box)} held-out objects; {options.finer}^3 voxels take {memory:,.0f} bytes, "
        f"a mesh {mesh_memory:,.0f}"
    )
    for name in Row._fields:
        values = [getattr(row, name) for row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"    {name:10s} {statistics.mean(values):9.2f} +- {spread:.2f}")
    reached = {
        "refined below cubified": max(row.refined / row.cubified for row in rows),
        "refined below voxels of at least its memory": max(
            row.refined / min(row.rival, row.smooth_rival) for row in rows
        ),
    }
    for name, ratio in reached.items():
        print(f"    {name}: worst seed x {ratio:.2f}")
    fits = max(row.mesh_bytes for row in rows) <= memory
    tight = min(row.watertight for row in rows) == 100
    good = max(reached.values()) < 1 and fits and tight
    print(f"    meshes take no more memory: {fits}; all watertight: {tight}")
    print(f"  every target reached: {'yes' if good else 'NO'}")
    return good


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
