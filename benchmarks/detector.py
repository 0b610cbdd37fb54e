"""The monocular 3D detector on pictures that it has not seen: three seeds, and its floor.

The floor is the same detector with random features: an encoder that stays as it was initialised.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import torch

from course_utils.core.encoders import settle_batch_statistics
from course_utils.core.steps import gradient_step, one_cycle
from course_utils.core.training import Minibatches, fit
from course_utils.data import driving
from course_utils.vision3d.boxes import detection_scores as scores
from course_utils.vision3d.boxes import detector as d
from course_utils.vision3d.boxes.average_precision import average_precision_of
from course_utils.vision3d.boxes.proposals import grid_of_distances, ground_proposals

SEEDS, STEPS, PICTURES, TEST = 3, 500, 1500, 200
BUDGET, GOAL = 90.0, 0.6  # seconds of training, AP at a 3D IoU of 0.25


class Lesson(NamedTuple):
    """What is learned from: proposals, and for each picture what is seen and to be said."""

    proposals: torch.Tensor
    tensors: tuple[torch.Tensor, ...]


def lesson(pictures: int, seed: int = 1) -> Lesson:
    """Pictures and their mirror images, with targets."""
    distances, bearings = grid_of_distances(3.0, 8.8, 14), torch.linspace(-0.41, 0.41, 13)
    proposals = ground_proposals(distances, bearings, torch.tensor([0.9, 0.9, 1.0]))
    road = driving.with_mirror_images(driving.make_road(pictures, seed=seed))
    seen = d.place_rectangles(road.cameras, proposals)
    targets = d.make_targets(proposals, road.boxes, road.kind)
    return Lesson(proposals, (road.images, seen, *targets))


def train(given: Lesson, steps: int, seed: int, frozen: bool = False) -> d.Detector:
    """A detector after ``steps`` steps; ``frozen``: of random features."""
    torch.manual_seed(seed)
    network = d.Detector(len(driving.KINDS))
    if frozen:
        network.encoder.requires_grad_(False)
        settle_batch_statistics(network.encoder, given.tensors[0][:512])
    optimiser, schedule = one_cycle([network], steps)

    def losses(batch):
        images, seen, kind, code = batch
        return d.detection_losses(network(images, seen), d.Targets(kind, code))

    batches = Minibatches(given.tensors, 16, torch.Generator().manual_seed(seed))
    for _ in fit(gradient_step(losses, optimiser, schedule), batches, steps=steps):
        pass
    return network.eval()


def judge(network: d.Detector, given: Lesson, test: driving.RoadPictures) -> dict[str, float]:
    """AP of boxes in space and of their rectangles on the picture, and the mean over kinds."""
    with torch.no_grad():
        answers = network(test.images, d.place_rectangles(test.cameras, given.proposals))
    found = d.detections_from_answers(given.proposals, answers)
    space = scores.space_tables(found, test.boxes, test.kind)
    flat = scores.picture_tables(found, test.boxes, test.kind, test.cameras)
    sure = [f.scores for f in found]
    row = {}
    for t in (0.25, 0.5):
        each = scores.ap_of_kinds(space, found, test.kind, t, len(driving.KINDS))
        row[f"3D {t}"] = average_precision_of(space, sure, t)
        row[f"3D {t} by kind"] = sum(each) / len(each)
        row[f"2D {t}"] = average_precision_of(flat, sure, t)
    row["3D 0.7"], row["2D 0.7"] = (average_precision_of(x, sure, 0.7) for x in (space, flat))
    return row


def main() -> bool:
    """Prints APs of trained detectors and of floors; whether all reach the goal in time."""
    torch.set_num_threads(1)
    given, test = lesson(PICTURES), driving.make_road(TEST, seed=2)
    good = True
    for frozen in (False, True):
        for seed in range(SEEDS):
            wall, cpu = time.perf_counter(), time.process_time()
            network = train(given, STEPS, seed, frozen)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            row = judge(network, given, test)
            name = "random features" if frozen else "trained"
            words = ", ".join(f"{key} {value:.3f}" for key, value in row.items())
            print(f"  {name}, seed {seed}: {wall:.0f} s ({cpu:.0f} CPU-s); AP {words}", flush=True)
            good &= frozen or (row["3D 0.25"] >= GOAL and wall <= BUDGET)
    return good


if __name__ == "__main__":
    main()
