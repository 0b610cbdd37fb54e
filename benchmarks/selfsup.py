"""What a few seconds of self-supervision are worth: linear probes, trained against random.

Rotation prediction and colourisation are trained without labels on real pictures; then the
same layer of the trained and of an untrained encoder is read by the same linear probe.

Give the pictures as the argument or in the environment variable COURSE_BENCH_IMAGES: a path or a
name that ``load_images`` knows. The targets are those for CIFAR-10; without pictures the toy
world is used.

The budgets are seconds of training on a quiet machine with two cores: a trial first measures how
many steps they hold. On a busy machine give the steps, for example
``--steps "rotation w16=4200"``; then only the seconds that are printed depend on the load.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_utils.core import steps
from course_utils.core.encoders import Classifier, ConvEncoder, features_of, settle_batch_statistics
from course_utils.core.training import Minibatches, fit
from course_utils.data import ImageSet, load_images
from course_utils.selfsup import color, colorize, pretext, probe, views

BATCH = 128
READINGS = {"global pool": (3, 1), "8x8 block": (2, 1), "last block 2x2": (3, 2)}


@dataclass(frozen=True)
class Trial:
    """One line of the table: what is trained, for how long, and what it must reach (%)."""

    name: str
    make: Callable[[ImageSet], "Task"]
    seconds: float
    reading: str
    margin: float | None = None
    level: float | None = None


class Task(NamedTuple):
    """A network to train, the encoder inside it, its losses, and what the encoder is shown."""

    network: nn.Module
    encoder: ConvEncoder
    losses: Callable[[Tensor, torch.Generator], dict]
    look: Callable[[Tensor], Tensor]


def rotation(width: int) -> Callable[[ImageSet], Task]:
    """Four-way rotation prediction; crops and flips are drawn before the turn."""

    def make(pictures: ImageSet) -> Task:
        network = Classifier(ConvEncoder(width), pretext.ROTATIONS)
        fast = steps.fast_precision(network)

        def losses(images: Tensor, generator: torch.Generator) -> dict:
            images = views.random_views(images, views.GEOMETRY_ONLY, generator)
            turns = torch.randint(pretext.ROTATIONS, (len(images),), generator=generator)
            logits = fast(pretext.rotate_each(images, turns))
            right = (logits.argmax(dim=1) == turns).float().mean()
            return {"loss": pretext.rotation_loss(logits, turns), "accuracy": right.item()}

        return Task(network, network.encoder, losses, lambda images: images)

    return make


def colourisation(width: int, grid: float = 20.0) -> Callable[[ImageSet], Task]:
    """Classification of ab from L with rebalanced bins."""

    def make(pictures: ImageSet) -> Task:
        task = colorize.colour_task(pictures.train_x[:2000], grid)
        network = colorize.Colouriser(width, len(task.bins))
        fast = steps.fast_precision(network)

        def losses(images: Tensor, generator: torch.Generator) -> dict:
            images = views.random_views(images, views.GEOMETRY_ONLY, generator)
            return {"loss": colorize.colourisation_loss(fast, images, task)}

        def look(images: Tensor) -> Tensor:
            return color.normalise_lab(color.rgb_to_lab(images))[0]

        return Task(network, network.encoder, losses, look)

    return make


TRIALS = (
    Trial("rotation w16", rotation(16), 55, "8x8 block", margin=10),
    Trial("rotation w32", rotation(32), 170, "8x8 block", level=48),
    Trial("colourisation w16", colourisation(16), 85, "global pool", margin=12),
)


def steps_in(trial: Trial, pictures: ImageSet, seconds: float) -> int:
    """How many steps fit into the budget, by the median time of a few of them after a warm-up."""
    step, batches = prepared(trial.make(pictures), pictures, 1000, 0)
    records = list(fit(step, batches, steps=40))
    each = statistics.median(b.seconds - a.seconds for a, b in pairwise(records[10:]))
    count = max(20, int(0.95 * seconds / each))
    print(f"  {trial.name}: {1000 * each:.1f} ms a step, so {count} steps in {seconds:.0f} s")
    return count


def prepared(task: Task, pictures: ImageSet, count: int, seed: int) -> tuple[Callable, Minibatches]:
    """The step and the batches of a training of ``count`` steps."""
    generator = torch.Generator().manual_seed(seed)
    optimiser, schedule = steps.one_cycle([task.network], count)

    def losses(images: Tensor) -> dict:
        return task.losses(images, generator)

    step = steps.gradient_step(losses, optimiser, schedule)
    return step, Minibatches(pictures.train_x, BATCH, generator)


def read_all(task: Task, pictures: ImageSet, seed: int) -> dict[str, float]:
    """Probe accuracy in % at each reading; the penalty is chosen within the training set."""
    classes = int(pictures.train_y.max()) + 1
    train, test = task.look(pictures.train_x), task.look(pictures.test_x)
    scores = {}
    for name, (layer, pool) in READINGS.items():
        result = probe.linear_probe(
            (features_of(task.encoder, train, layer, pool), pictures.train_y),
            (features_of(task.encoder, test, layer, pool), pictures.test_y),
            classes,
            penalties=(1e-3, 1e-2),
            generator=torch.Generator().manual_seed(seed),
        )
        scores[name] = 100 * result.score
    return scores


class Outcome(NamedTuple):
    """Accuracies in % of the untrained and of the trained encoder, one per reading."""

    random: dict[str, float]
    trained: dict[str, float]


def once(trial: Trial, pictures: ImageSet, count: int, seed: int) -> Outcome:
    """Trains one seed; prints the last loss and what the training took."""
    torch.manual_seed(seed)
    task = trial.make(pictures)
    settle_batch_statistics(task.encoder, task.look(pictures.train_x[:2000]))
    random = read_all(task, pictures, seed)
    step, batches = prepared(task, pictures, count, seed)
    busy, begin = time.process_time(), time.perf_counter()
    *_, last = fit(step, batches, steps=count)
    busy, seconds = time.process_time() - busy, time.perf_counter() - begin
    print(
        f"    seed {seed}: {count} steps, loss {last.values['loss']:.3f}, {seconds:.0f} s by the "
        f"clock, {busy / torch.get_num_threads():.0f} CPU-seconds per thread"
    )
    return Outcome(random, read_all(task, pictures, seed))


def judge(trial: Trial, random: list[float], trained: list[float]) -> bool:
    """Whether the mean over seeds reaches the target; says so."""
    gain = statistics.mean(trained) - statistics.mean(random)
    reached = gain >= trial.margin if trial.margin else statistics.mean(trained) >= trial.level
    target = f"random + {trial.margin:.0f}" if trial.margin else f"{trial.level:.0f} %"
    print(f"    target at {trial.reading}: {target}: {'reached' if reached else 'MISSED'}")
    return reached


def run_trial(trial: Trial, pictures: ImageSet, count: int, seeds: list[int]) -> bool:
    """Trains one line of the table for each seed and prints mean and deviation over seeds."""
    print(f"  {trial.name}: {count} steps on batches of {BATCH}", flush=True)
    runs = [once(trial, pictures, count, seed) for seed in seeds]
    for name in READINGS:
        before, after = ([run[k][name] for run in runs] for k in (0, 1))
        spread = statistics.stdev(after) if len(seeds) > 1 else 0.0
        each = " ".join(f"{b - a:+.1f}" for a, b in zip(before, after, strict=True))
        print(
            f"    {name:15s} trained {statistics.mean(after):5.1f} +- {spread:3.1f} %   "
            f"random {statistics.mean(before):5.1f} %   "
            f"gain {statistics.mean(after) - statistics.mean(before):+5.1f}   ({each})",
            flush=True,
        )
    random, trained = ([run[k][trial.reading] for run in runs] for k in (0, 1))
    return judge(trial, random, trained)


def asked_steps(pairs: list[str]) -> dict[str, int]:
    """Reads ``NAME=COUNT`` given on the command line.

    Raises:
        SystemExit: for a name that no trial has, or a count that is no number above 0.
    """
    counts = {}
    for pair in pairs:
        name, _, count = pair.partition("=")
        if name not in {trial.name for trial in TRIALS} or not count.isdigit() or int(count) < 1:
            known = ", ".join(trial.name for trial in TRIALS)
            raise SystemExit(f"--steps takes NAME=COUNT with a NAME of {known}; got {pair!r}")
        counts[name] = int(count)
    return counts


def read_options(arguments: list[str]) -> argparse.Namespace:
    """The pictures, the seeds, the trials, and steps or share of the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", default=os.environ.get("COURSE_BENCH_IMAGES"))
    parser.add_argument("--seeds", type=int, default=3, help="how many, counted from --first")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--share", type=float, default=1.0, help="share of each time budget")
    parser.add_argument("--steps", action="append", default=[], metavar="NAME=COUNT")
    parser.add_argument("--only", default="", help="trials whose name holds this")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> bool:
    """Prints the table; returns whether every target was reached."""
    options = read_options(arguments or [])
    fixed = asked_steps(options.steps)
    seeds = list(range(options.first, options.first + options.seeds))
    pictures = load_images(options.path or "toy")
    print(f"{options.path or 'toy world'}: {len(pictures.train_x)} pictures to train on")
    print(f"{torch.get_num_threads()} threads, batches of {BATCH}, seeds {seeds}")
    reached = []
    for trial in TRIALS:
        if options.only in trial.name:
            count = fixed.get(trial.name) or steps_in(
                trial, pictures, trial.seconds * options.share
            )
            reached.append(run_trial(trial, pictures, count, seeds))
    return all(reached)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
