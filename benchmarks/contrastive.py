"""Contrastive learning against its budgets: the loss, and what training is worth.

1. `nt_xent` against lightly's `NTXentLoss`: agreement in float64, time per step in float32.
2. SimCLR and MoCo, trained without labels on real pictures; a linear probe on the global mean of
   the last map, against the same probe on the untrained encoder.
3. MoCo v2's ablation in miniature on the toy world, and MoCo's gain over random weights there. (In
   the paper, on ImageNet: 60.6, 66.2, 63.4, 67.3, 67.5 %; Chen et al. 2020, table 1.)

Give the pictures of 2 as the argument or in the environment variable COURSE_BENCH_IMAGES (a path
or a name that `load_images` knows; the targets are those for CIFAR-10). The number of steps is
what fits into the budget on this machine; `--steps simclr_w16=400` fixes it, so that accuracies
can be measured on a machine that is busy with other things.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from course_utils.core import steps
from course_utils.core.encoders import ConvEncoder, features_of, settle_batch_statistics
from course_utils.core.training import Minibatches, fit
from course_utils.data import ImageSet, load_images
from course_utils.selfsup import moco, probe, simclr, views

RECIPE = views.ViewRecipe(area=(0.2, 1.0))
QUEUE, FEATURES, TEMPERATURE, MOMENTUM = 2048, 64, 0.2, 0.99
FASTER = 1.3  # target: times lightly's speed


@dataclass(frozen=True)
class Trial:
    """One training: its method, sizes, budget in seconds on two cores, and target in %."""

    name: str
    method: str
    width: int
    batch: int
    seconds: float
    margin: float | None = None
    level: float | None = None


TRIALS = (
    Trial("simclr_w16", "simclr", 16, 256, 57, margin=12),
    Trial("moco_w16", "moco", 16, 128, 57, margin=12),
    Trial("simclr_w32", "simclr", 32, 256, 172, level=49),
    Trial("moco_w32", "moco", 32, 128, 172, level=49),
)


# ------------------------------------------------------------------------------- the loss


def one_step(loss: Callable[[Tensor], Tensor], projections: Tensor) -> tuple[Tensor, Tensor]:
    """The value of a loss and its gradient by the projections."""
    projections = projections.detach().requires_grad_()
    value = loss(projections)
    return value, torch.autograd.grad(value, projections)[0]


def against_lightly(pictures: int = 1024, features: int = 128, rounds: int = 9) -> bool:
    """Prints agreement and the ratio of times of loss and gradient, measured alternately."""
    from lightly.loss import NTXentLoss

    peer = NTXentLoss(temperature=0.5)

    def theirs(projections: Tensor) -> Tensor:
        return peer(*projections.chunk(2))

    generator = torch.Generator().manual_seed(0)
    single = torch.randn(2 * pictures, features, generator=generator)
    pairs = [one_step(loss, single.double()) for loss in (simclr.nt_xent, theirs)]
    gaps = [((a - b).norm() / b.norm()).item() for a, b in zip(*pairs, strict=True)]
    times: dict[Callable, list[float]] = {simclr.nt_xent: [], theirs: []}
    for _ in range(rounds):
        for loss, taken in times.items():
            begin = time.perf_counter()
            one_step(loss, single)
            taken.append(time.perf_counter() - begin)
    ours, other = (1000 * statistics.median(taken) for taken in times.values())
    print(f"nt_xent of {pictures} pictures, {features} features, loss and gradient")
    print(f"  difference from lightly in float64: value {gaps[0]:.1e}, gradient {gaps[1]:.1e}")
    print(f"  course {ours:.1f} ms, lightly {other:.1f} ms, median of {rounds} alternate runs")
    print(f"  ratio {other / ours:.2f} (target at least {FASTER})", flush=True)
    return other / ours >= FASTER and max(gaps) <= 1e-12


# ------------------------------------------------------------------------------ training


class Task:
    """A network with its losses; both methods draw the same views."""

    def __init__(self, trial: Trial, generator: torch.Generator) -> None:
        self.network = simclr.ProjectedEncoder(ConvEncoder(trial.width), FEATURES)
        self.encoder, self.generator = self.network.encoder, generator
        if trial.method == "moco":
            queue = moco.KeyQueue(QUEUE, FEATURES, generator)
            self.model = moco.MomentumContrast(self.network, queue)
        self.losses = {"simclr": self.simclr, "moco": self.moco}[trial.method]

    def simclr(self, images: Tensor) -> dict:
        """SimCLR's loss on two new views of each picture."""
        drawn = simclr.two_views(images, RECIPE, self.generator)
        return simclr.simclr_losses(steps.fast_precision(self.network), drawn, TEMPERATURE)

    def moco(self, images: Tensor) -> dict:
        """MoCo's loss on two new views of each picture."""
        drawn = simclr.two_views(images, RECIPE, self.generator)
        return moco.moco_losses(self.model, drawn, MOMENTUM, TEMPERATURE, steps.fast_precision)


def prepared(
    trial: Trial, pictures: ImageSet, count: int, seed: int
) -> tuple[Task, Callable, Minibatches]:
    """The task, its step and its batches for a training of ``count`` steps."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    task = Task(trial, generator)
    optimiser, schedule = steps.one_cycle([task.network], count)
    step = steps.gradient_step(task.losses, optimiser, schedule)
    return task, step, Minibatches(pictures.train_x, trial.batch, generator)


def steps_in(trial: Trial, pictures: ImageSet, seconds: float) -> int:
    """How many steps fit into the budget, by the time of a few of them after a warm-up."""
    _, step, batches = prepared(trial, pictures, 1000, 0)
    records = list(fit(step, batches, steps=15))
    each = statistics.median(b.seconds - a.seconds for a, b in pairwise(records[4:]))
    return max(20, int(0.95 * seconds / each))


def read(encoder: ConvEncoder, pictures: ImageSet, seed: int) -> float:
    """Linear probe on the global mean of the last map, accuracy in %."""
    result = probe.linear_probe(
        (features_of(encoder, pictures.train_x), pictures.train_y),
        (features_of(encoder, pictures.test_x), pictures.test_y),
        int(pictures.train_y.max()) + 1,
        penalties=(1e-3, 1e-2),
        generator=torch.Generator().manual_seed(seed),
    )
    return 100 * result.score


def once(trial: Trial, pictures: ImageSet, count: int, seed: int) -> tuple[float, float]:
    """Random and trained accuracy of one seed."""
    task, step, batches = prepared(trial, pictures, count, seed)
    untrained = ConvEncoder(trial.width)
    untrained.load_state_dict(task.encoder.state_dict())
    settle_batch_statistics(untrained, pictures.train_x[:2000])
    begin, cpu = time.perf_counter(), time.process_time()
    *_, last = fit(step, batches, steps=count)
    spent, cpu = time.perf_counter() - begin, time.process_time() - cpu
    scores = read(untrained, pictures, seed), read(task.encoder, pictures, seed)
    print(
        f"    seed {seed}: {count} steps, loss {last.values['loss']:.3f}, "
        f"random {scores[0]:.1f} %, trained {scores[1]:.1f} %, {spent:.0f} s, {cpu:.0f} CPU-s",
        flush=True,
    )
    return scores


def run_trial(trial: Trial, pictures: ImageSet, seeds: int, count: int) -> bool:
    """Trains for each seed; prints mean and deviation, and whether the target is reached."""
    print(f"  {trial.name}, batches of {trial.batch}", flush=True)
    random, trained = zip(
        *(once(trial, pictures, count, seed) for seed in range(seeds)), strict=True
    )
    before, after = statistics.mean(random), statistics.mean(trained)
    spread = statistics.stdev(trained) if seeds > 1 else 0.0
    reached = after - before >= trial.margin if trial.margin else after >= trial.level
    target = f"random + {trial.margin:.0f}" if trial.margin else f"{trial.level:.0f} %"
    print(f"    trained {after:.1f} +- {spread:.1f} %, random {before:.1f} %", end=", ")
    print(f"gain {after - before:+.1f}; target {target}: {'reached' if reached else 'MISSED'}")
    return reached


# ---------------------------------------------------------------------- MoCo v2, by its parts


def by_stairs(modules: list, count: int) -> tuple:
    """MoCo's first schedule: a constant rate, divided by ten after 60 % and again after 80 %."""
    optimiser = torch.optim.AdamW(modules[0].parameters(), lr=2e-3, weight_decay=0.01)
    places = [int(0.6 * count), int(0.8 * count)]
    return optimiser, torch.optim.lr_scheduler.MultiStepLR(optimiser, places)


CROPS = views.ViewRecipe(area=(0.5, 1.0))
BLURRED = replace(CROPS, blur=0.5)
PARTS = {
    "MoCo": ("linear", CROPS, by_stairs),
    "+ MLP": ("non-linear", CROPS, by_stairs),
    "+ aug+": ("linear", BLURRED, by_stairs),
    "+ MLP, aug+": ("non-linear", BLURRED, by_stairs),
    "+ MLP, aug+, cos": ("non-linear", BLURRED, steps.one_cycle),
}


def train_parts(pictures: ImageSet, parts: tuple, seen: int, seed: int) -> ConvEncoder:
    """MoCo with batches of 64 and 512 keys, as in lesson 08."""
    head, recipe, rates = parts
    torch.manual_seed(seed)
    dice, count = torch.Generator().manual_seed(seed), seen // 64
    network = simclr.ProjectedEncoder(ConvEncoder(16), 64, head)
    model = moco.MomentumContrast(network, moco.KeyQueue(512, 64, dice))
    optimiser, schedule = rates([network], count)

    def losses(images: Tensor) -> dict:
        drawn = simclr.two_views(images, recipe, dice)
        return moco.moco_losses(model, drawn, 0.99, TEMPERATURE, steps.fast_precision)

    for _ in fit(
        steps.gradient_step(losses, optimiser, schedule),
        Minibatches(pictures.train_x, 64, dice),
        steps=count,
    ):
        pass
    return network.encoder


def ablation(seeds: int, seen: int = 24_000, margin: float = 12.0) -> bool:
    """Prints the table; whether MoCo v2 gains so many points over random weights."""
    from course_utils.data import toy

    world = toy.make_images(4000, backdrop="pattern", seed=1)
    test = toy.make_images(1000, backdrop="pattern", seed=2)
    pictures = ImageSet(world.images, world.label, test.images, test.label, tuple(toy.KINDS))
    print(f"MoCo v2 by its parts, toy world, {seen} pictures seen, {seeds} seeds")
    never = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        encoder = ConvEncoder(16)
        settle_batch_statistics(encoder, world.images[:1000])
        never.append(read(encoder, pictures, seed))
    rows, cpu = {"random weights": never}, time.process_time()
    for name, parts in PARTS.items():
        trained = (train_parts(pictures, parts, seen, seed) for seed in range(seeds))
        rows[name] = [read(encoder, pictures, k) for k, encoder in enumerate(trained)]
    for name, scores in rows.items():
        print(f"  {name:17s} {statistics.mean(scores):5.1f} %  ", *(f"{s:5.1f}" for s in scores))
    gain = statistics.mean(rows["+ MLP, aug+, cos"]) - statistics.mean(never)
    each = (time.process_time() - cpu) / seeds / len(PARTS)
    print(f"  MoCo v2 over random {gain:+.1f} (target {margin:+.0f}); {each:.0f} CPU-s a training")
    return gain >= margin


def main(arguments: list[str] | None = None) -> bool:
    """Prints the three parts; returns whether every target was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", default=os.environ.get("COURSE_BENCH_IMAGES"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="trainings whose name holds this, or moco_v2")
    parser.add_argument("--steps", action="append", default=[], metavar="NAME=COUNT")
    options = parser.parse_args(arguments or [])
    fixed = {name: int(count) for name, count in (item.split("=") for item in options.steps)}
    reached = [] if options.only else [against_lightly()]
    if options.only in ("", "moco_v2"):
        reached.append(ablation(options.seeds))
    if options.only == "moco_v2":
        return all(reached)
    pictures = load_images(options.path or "toy")
    print(f"{options.path or 'toy world'}: {len(pictures.train_x)} pictures to train on")
    print(f"{torch.get_num_threads()} threads, {options.seeds} seeds, probe on the global mean")
    for trial in [trial for trial in TRIALS if options.only in trial.name]:
        count = fixed.get(trial.name) or steps_in(trial, pictures, trial.seconds)
        reached.append(run_trial(trial, pictures, options.seeds, count))
    return all(reached)


if __name__ == "__main__":
    main(sys.argv[1:])
