"""What the GANs of lesson 02 reach: digits that a judge recognises, classes on demand, truncation.

The players of the lesson are trained on MNIST's digits for a fixed number of rounds, and judged by
a classifier of real digits that they never see. The CPU-seconds printed are those of all threads
together: on two cores that are otherwise idle they take somewhat more than half as long by the
clock.

Trials: ``dcgan`` (a judge trained on real digits is sure of the samples, and all classes appear),
``classes and truncation`` (it sees the class that was asked for; precision up and recall down over
the slider), ``guidelines`` (each of the five broken).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.data import load_images
from course_utils.gan import dcgan, evaluator, measures
from course_utils.gan.class_game import ClassGame
from course_utils.gan.dcgan import Recipe
from course_utils.gan.image_game import PictureGame, Rates

THRESHOLDS = (0.1, 0.3, 0.6, 1.0, 1.5, 2.5)
MANY = 1000
SLACK = 0.01  # of a share: measured on 1,000 pictures, nothing finer can be told apart


class Digits(NamedTuple):
    """Real digits in [-1, 1], shuffled, and the judge with the features of some of them."""

    train: Tensor
    labels: Tensor
    referee: evaluator.Classifier
    reference: Tensor

    def look(self, pictures: Tensor) -> Tensor:
        """The judge's features."""
        return evaluator.judged_features(self.referee, pictures)


def prepared(size: int, steps: int = 400) -> Digits:
    """Loads the digits, trains the judge, and says how it does on digits that it never saw."""
    digits = load_images("mnist5k")
    dice = torch.Generator().manual_seed(0)
    order = torch.randperm(len(digits.train_x), generator=dice)
    train, test = (
        resized(F.pad(2 * x - 1, (2, 2, 2, 2), value=-1), size)
        for x in (digits.train_x[order], digits.test_x)
    )
    labels = digits.train_y[order]
    torch.manual_seed(0)
    referee = evaluator.new_judge()
    evaluator.trained_judge(referee, train, labels, steps, dice)
    evaluator.calibrate(referee, test, digits.test_y)
    verdict = evaluator.verdict_on(referee, test)
    right = (verdict.labels == digits.test_y).float().mean()
    print(
        f"judge at {size} x {size}: right on {right:.1%} of new real digits, "
        f"sure (> 0.9) of {verdict.sure():.1%}"
    )
    return Digits(train, labels, referee, evaluator.judged_features(referee, train[:MANY]))


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures of that many pixels each way."""
    if pictures.shape[2] == size:
        return pictures
    return F.interpolate(pictures, (size, size), mode="bilinear", antialias=True).clamp(-1, 1)


def timed(step: Callable[[int], object], rounds: int) -> float:
    """CPU-seconds of all threads that so many rounds took."""
    begin = time.process_time()
    step(rounds)
    return time.process_time() - begin


def dcgan_trial(digits: Digits, rounds: int, seed: int) -> bool:
    """The judge labels at least 80 % of the samples with confidence > 0.9; ten classes appear."""
    game = PictureGame(digits.train, RECIPE, Rates(d_rate=1e-3), seed=seed)
    before = evaluator.verdict_on(digits.referee, game.samples(MANY)).sure()
    busy = timed(game.step, rounds)
    made = game.samples(MANY)
    verdict = evaluator.verdict_on(digits.referee, made)
    distance = measures.frechet_distance(digits.reference, digits.look(made))
    print(
        f"  dcgan seed {seed}: {rounds} rounds, {busy:.0f} CPU-s: sure of {verdict.sure():.1%} "
        f"(untrained {before:.1%}), rarest class {verdict.shares.min():.1%}, "
        f"distance {distance:.2f}",
        flush=True,
    )
    return verdict.sure() >= 0.8 and verdict.classes_seen() == 10


def class_trial(digits: Digits, rounds: int, seed: int) -> bool:
    """Asked and seen classes agree in 80 %; precision falls and recall rises with the threshold."""
    game = ClassGame(digits.train, digits.labels, WITH_CLASSES, seed=seed)

    def cooled(count: int) -> None:
        for done in range(count):
            game.cool(done / count)
            game.step()

    busy = timed(cooled, rounds)
    asked = torch.arange(10).repeat(MANY // 10)
    verdict = evaluator.verdict_on(digits.referee, game.samples(asked))
    agree = float((verdict.labels == asked).float().mean())
    print(
        f"  classes seed {seed}: {rounds} rounds, {busy:.0f} CPU-s: agrees in {agree:.1%}, "
        f"sure of {verdict.sure():.1%}",
        flush=True,
    )
    found = [
        measures.coverage_measures(digits.reference, digits.look(game.samples(asked, t)))
        for t in THRESHOLDS
    ]
    precision, recall = [m.precision for m in found], [m.recall for m in found]
    for name, values in (("precision", precision), ("recall", recall)):
        print(f"    {name:9s} " + "  ".join(f"{v:.3f}" for v in values))
    falls, rises = steps_of(precision), steps_of(recall)
    print(
        f"    largest rise of precision {max(falls):+.3f}, largest fall of recall {min(rises):+.3f}"
    )
    return agree >= 0.8 and max(falls) <= SLACK and min(rises) >= -SLACK


def guideline_trial(digits: Digits, rounds: int, seed: int) -> dict[str, float]:
    """Distances of the whole recipe and of each with one guideline broken, at 16 x 16."""
    whole = Recipe(size=16, width=8)
    recipes = {"all five": whole, **{name: whole.without(name) for name in dcgan.GUIDELINES}}
    found = {}
    begin = time.process_time()
    for name, recipe in recipes.items():
        game = PictureGame(digits.train, recipe, Rates(g_rate=2e-3, d_rate=2e-3), seed=seed)
        game.step(rounds)
        made = digits.look(game.samples(MANY))
        found[name] = float(measures.frechet_distance(digits.reference, made))
    told = "  ".join(f"{name} {value:.1f}" for name, value in found.items())
    print(f"  guidelines seed {seed} ({time.process_time() - begin:.0f} CPU-s): {told}", flush=True)
    return found


def guideline_table(runs: list[dict[str, float]]) -> None:
    """Mean and deviation over seeds; whether a difference exceeds both deviations."""
    whole = [run["all five"] for run in runs]
    for name in runs[0]:
        values = [run[name] for run in runs]
        gaps = [value - base for value, base in zip(values, whole, strict=True)]
        same = name == "all five" or max(gaps) > 0 > min(gaps)
        word = "" if same else "worse with every seed" if gaps[0] > 0 else "better with every seed"
        print(f"    {name:14s} {statistics.mean(values):6.2f}   {word}")


def steps_of(values: list[float]) -> list[float]:
    """Differences between neighbours."""
    return [b - a for a, b in pairwise(values)]


RECIPE = Recipe(size=32, latent=6, width=24)
WITH_CLASSES = Recipe(size=32, latent=8, width=24)  # few latents: their middle is well trained
ROUNDS = {"dcgan": 2800, "classes": 800, "guidelines": 400}


def read_options(arguments: list[str]) -> argparse.Namespace:
    """The seeds, the trials, and the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many, counted from --first")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="trials whose name holds this")
    parser.add_argument("--share", type=float, default=1.0, help="share of the rounds")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> bool:
    """Prints every trial; returns whether every target was reached."""
    options = read_options(arguments or [])
    seeds = range(options.first, options.first + options.seeds)
    rounds = {name: max(1, round(options.share * count)) for name, count in ROUNDS.items()}
    print(f"MNIST's digits, {torch.get_num_threads()} threads, seeds {list(seeds)}")
    reached = []
    for name, trial in (("dcgan", dcgan_trial), ("classes and truncation", class_trial)):
        if options.only in name:
            digits = prepared(32)
            reached += [trial(digits, rounds[name.split()[0]], seed) for seed in seeds]
            print(f"    target: {'reached' if all(reached[-len(seeds) :]) else 'MISSED'}")
    if options.only in "guidelines":
        small = prepared(16)
        guideline_table([guideline_trial(small, rounds["guidelines"], seed) for seed in seeds])
    return all(reached)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
