"""One picture to 32^3 voxels: is a minute of training worth more than looking the answer up?

A network of 2D convolutions and 3D transposed convolutions is trained on pictures of toy objects,
then judged on unseen ones by intersection over union (IoU) and by the F-score of the surfaces. Its
rivals see the same training objects: the nearest picture's object, the mean shape, and the mean
shape of the class, which is told the class. Thresholds are chosen on held-out training objects.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.core import steps
from course_utils.core.training import Minibatches, fit
from course_utils.data.image_voxels import ShapePictures, toy_shapes
from course_utils.vision3d.shapes import voxel_net, voxels

BATCH = 16
HELD_OUT = 200  # training objects that only choose thresholds
LOSSES = {"plain": voxels.plain_occupancy_loss, "balanced": voxels.balanced_occupancy_loss}
Answers = Callable[[ShapePictures], Tensor]


def train(shapes: ShapePictures, loss: Callable, count: int, seed: int) -> torch.nn.Module:
    """A network trained for so many steps; prints what it took."""
    torch.manual_seed(seed)
    resolution, size = shapes.occupancy.shape[1], shapes.images.shape[-1]
    network = voxel_net.VoxelPredictor(size, resolution)
    fast = steps.fast_precision(network)
    optimiser, schedule = steps.one_cycle([network], count, rate=4e-3)

    def losses(batch: tuple[Tensor, Tensor]) -> dict:
        return {"loss": loss(fast(batch[0]), batch[1])}

    step = steps.gradient_step(losses, optimiser, schedule)
    generator = torch.Generator().manual_seed(seed)
    batches = Minibatches((shapes.images, shapes.occupancy), BATCH, generator)
    busy, begin = time.process_time(), time.perf_counter()
    *_, last = fit(step, batches, steps=count)
    print(
        f"    seed {seed}: {count} steps, loss {last.values['loss']:.4f}, "
        f"{time.process_time() - busy:.0f} CPU-seconds, "
        f"{time.perf_counter() - begin:.0f} s by the clock",
        flush=True,
    )
    return network


def rivals(known: ShapePictures) -> dict[str, Answers]:
    """The answers that need no training."""
    classes = len(known.names)
    mean = voxel_net.mean_shapes(known.occupancy, known.label, classes)

    def nearest(asked: ShapePictures) -> Tensor:
        return known.occupancy[voxel_net.nearest_pictures(asked.images, known.images)].float()

    return {
        "mean shape": lambda asked: mean.mean(0).expand(len(asked), *mean.shape[1:]),
        "nearest picture": nearest,
        "class mean, class told": lambda asked: mean[asked.label],
    }


def judge(answer: Answers, held_out: ShapePictures, unseen: ShapePictures) -> tuple[float, float]:
    """Mean IoU and F-score on unseen objects, at the threshold best on held-out ones."""
    level = voxels.best_threshold(answer(held_out), held_out.occupancy)
    guess = answer(unseen)
    iou = voxels.voxel_iou(guess, unseen.occupancy, level).mean()
    score = voxels.surface_f_score(guess, unseen.occupancy, level).mean()
    return float(iou), float(score)


def run(options: argparse.Namespace, known: ShapePictures, unseen: ShapePictures) -> bool:
    """Trains each loss for each seed, prints the table; whether one of them won with every seed."""
    held_out, known = known[:HELD_OUT], known[HELD_OUT:]
    table = {name: judge(answer, held_out, unseen) for name, answer in rivals(known).items()}
    for name, (iou, score) in table.items():
        print(f"  {name:24s} IoU {iou:.3f}   F-score {score:.3f}", flush=True)
    best = max(iou for iou, _ in table.values())
    won = []
    for name, loss in LOSSES.items():
        if options.only not in name:
            continue
        print(f"  {name} loss, batches of {BATCH}", flush=True)
        found = []
        for seed in range(options.first, options.first + options.seeds):
            network = train(known, loss, options.steps, seed)
            found.append(
                judge(
                    lambda asked, network=network: voxel_net.predict_occupancy(
                        network, asked.images
                    ),
                    held_out,
                    unseen,
                )
            )
            print(f"      IoU {found[-1][0]:.3f}   F-score {found[-1][1]:.3f}", flush=True)
        ious, scores = zip(*found, strict=True)
        print(
            f"  {name + ' loss':24s} IoU {statistics.mean(ious):.3f}   F-score "
            f"{statistics.mean(scores):.3f}   margin over the best rival {min(ious) - best:+.3f} "
            f"(worst seed): {'won' if min(ious) > best else 'LOST'}",
            flush=True,
        )
        won.append(min(ious) > best)
    return any(won)


def shuffled(shapes: ShapePictures) -> ShapePictures:
    """In another order, the same each time: kinds mixed, so that the first are of every kind."""
    order = torch.randperm(len(shapes), generator=torch.Generator().manual_seed(0))
    return shapes[order]


def main(arguments: list[str] | None = None) -> bool:
    """Prints the table; returns whether a loss made the network beat all rivals with every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many, counted from --first")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=1200, help="training steps")
    parser.add_argument("--only", default="", help="losses whose name holds this")
    parser.add_argument("--objects", type=int, default=2000, help="toy objects to train on")
    options = parser.parse_args(arguments or [])
    known = toy_shapes(options.objects, seed=1, backdrop="studio")
    unseen = toy_shapes(500, seed=2, backdrop="studio")
    full = float(known.occupancy.float().mean())
    print(
        f"{len(known)} objects to train on, {len(unseen)} unseen, of {len(known.names)} kinds; "
        f"{full:.1%} of the voxels are full; {torch.get_num_threads()} threads"
    )
    return run(options, shuffled(known), unseen)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
