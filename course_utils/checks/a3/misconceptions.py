"""Plausible mistakes in assignment 3, and the sentences that help, by exercise.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.a3.misconceptions_colour import NORMALISE_LAB, QUANTISE_AB
from course_utils.checks.a3.misconceptions_mean import ANNEALED_MEAN, REBALANCING_WEIGHTS
from course_utils.checks.a3.misconceptions_pointing import COPY_COLOURS, POINTER_ATTENTION

MISCONCEPTIONS = {
    "normalise_lab": NORMALISE_LAB,
    "quantise_ab": QUANTISE_AB,
    "rebalancing_weights": REBALANCING_WEIGHTS,
    "annealed_mean": ANNEALED_MEAN,
    "pointer_attention": POINTER_ATTENTION,
    "copy_colours": COPY_COLOURS,
}
