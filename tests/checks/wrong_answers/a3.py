"""Wrong answers to assignment 3: `WRONG[exercise][misconception]` is a list of variants."""

from .a3_colour import NORMALISE_LAB, QUANTISE_AB
from .a3_mean import ANNEALED_MEAN, REBALANCING_WEIGHTS
from .a3_pointing import COPY_COLOURS, POINTER_ATTENTION

WRONG = {
    "normalise_lab": NORMALISE_LAB,
    "quantise_ab": QUANTISE_AB,
    "rebalancing_weights": REBALANCING_WEIGHTS,
    "annealed_mean": ANNEALED_MEAN,
    "pointer_attention": POINTER_ATTENTION,
    "copy_colours": COPY_COLOURS,
}
