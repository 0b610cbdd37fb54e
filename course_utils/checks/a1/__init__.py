"""The exercises of assignment 1, the GAN minimax game."""

from course_utils.checks.a1.densities import DENSITY_PROPERTIES
from course_utils.checks.a1.losses import GENERATOR_PROPERTIES, PAIR, two_batch_properties
from course_utils.checks.a1.misconceptions import MISCONCEPTIONS
from course_utils.checks.a1.step import STEP_PROPERTIES
from course_utils.checks.duel import observe_duel
from course_utils.checks.exercise import declaring
from course_utils.checks.observe import observe_outputs
from course_utils.gan import minimax

LOGITS = ("real_logits", "fake_logits")
DENSITIES = ("p_data", "p_model")
STEP = ("generator", "discriminator", "g_optimiser", "d_optimiser", "real", "noise_d", "noise_g")


def _generator_losses(fake_logits):
    return (
        minimax.generator_loss_saturating(fake_logits),
        minimax.generator_loss_nonsaturating(fake_logits),
    )


_exercise = declaring("a1", MISCONCEPTIONS, lesson=minimax)

EXERCISES = (
    _exercise(
        "game_value",
        "The value of the game",
        3,
        arguments=LOGITS,
        reference=minimax.game_value,
        observe=observe_outputs(LOGITS),
        properties=two_batch_properties(1.0, "−log 4 when D says 1/2 everywhere"),
    ),
    _exercise(
        "discriminator_loss",
        "The discriminator's loss",
        3,
        arguments=LOGITS,
        reference=minimax.discriminator_loss,
        observe=observe_outputs(LOGITS),
        properties=two_batch_properties(-1.0, "log 4 when D says 1/2 everywhere"),
    ),
    _exercise(
        "generator_losses",
        "The generator's two losses",
        4,
        arguments=LOGITS[1:],
        reference=_generator_losses,
        observe=observe_outputs(LOGITS[1:], PAIR),
        properties=GENERATOR_PROPERTIES,
    ),
    _exercise(
        "optimal_discriminator",
        "The optimal discriminator",
        3,
        arguments=DENSITIES,
        reference=minimax.optimal_discriminator,
        observe=observe_outputs(DENSITIES),
        properties=DENSITY_PROPERTIES,
    ),
    _exercise(
        "alternating_step",
        "One alternating step",
        5,
        arguments=STEP,
        reference=minimax.alternating_step,
        observe=observe_duel,
        properties=STEP_PROPERTIES,
    ),
)
