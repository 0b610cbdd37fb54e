"""The generator's two losses: the saturating one, and the one that does not saturate."""

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, log_sigmoid, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a1_gan_minimax.logits import SURE, mean
from course_utils.gan import minimax


def generator_losses(fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Both losses of the lesson, as a pair."""
    return (
        minimax.generator_loss_saturating(fake_logits),
        minimax.generator_loss_nonsaturating(fake_logits),
    )


_observe = observe_outputs(("fake_logits",), ("saturating", "non_saturating"))
exercise = Declared(generator_losses, _observe, lesson=minimax)


@exercise.claim(3, "saturating")
def saturating(seed: int) -> list[Case]:
    return [
        Case("one logit", fresh(normal(seed, (1,))))
        if seed
        else Case("three logits of generated samples", listed([1.0, -3.0, 0.0])),
        Case("8 logits", fresh(normal(seed + 2, (8,), 2.0))),
        Case("a column of logits, shape (5, 1)", fresh(normal(seed + 4, (5, 1), 3.0))),
        Case("logits in float64", fresh(normal(seed + 6, (4,), 2.0, torch.float64))),
    ]


exercise.claim(3, "non_saturating", name="non_saturating")(saturating)


@exercise.claim(2, "gradient of saturating by fake_logits")
def slope(seed: int) -> list[Case]:
    fooled = "early in training, D(G(z)) near 0.01: gradients"
    return [
        Case(fooled, listed([-4.6, -4.0, -5.0]), mode="gradient"),
        Case("gradients", fresh(normal(seed + 12, (6, 1), 2.0)), mode="gradient"),
    ]


exercise.claim(2, "gradient of non_saturating by fake_logits", name="slope_ns")(slope)


@exercise.claim(4, fixed=True)
def extreme(_: int) -> list[Case]:
    cases = []
    for logits in ([-200.0, 1.0], [150.0, -2.0, 0.0]):
        pair = {
            "saturating": number(mean([log_sigmoid(-a) for a in logits])),
            "non_saturating": number(-mean([log_sigmoid(a) for a in logits])),
        }
        cases.append(Case(SURE, listed(logits), pair))
    return cases


exercise.form(saturating)
