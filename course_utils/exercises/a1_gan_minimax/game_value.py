"""The value of the game, by the logits of real and of generated samples."""

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.exercises.a1_gan_minimax import logits
from course_utils.gan.minimax import game_value

exercise = Declared(game_value)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    return logits.batches(seed)


@exercise.claim(2, fixed=True)
def undecided(_: int) -> list[Case]:
    return logits.undecided(1.0)


@exercise.claim(2)
def extreme(seed: int) -> list[Case]:
    return logits.extreme(seed, 1.0)


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return logits.gradients(seed)


exercise.form(values)
