"""Plausible mistakes with the masks that say which Gaussians are cloned, and which split.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

DENSIFY_MASK = (
    Misconception(
        "mean_before_length",
        "The gradients were averaged first, and their length taken then.",
        "A Gaussian pulled left by one picture and right by the next is pulled hard, not at all "
        "little.",
    ),
    Misconception(
        "unseen_counted",
        "Steps that did not see a Gaussian count as steps that did not pull at it.",
        "Divide by the number of steps in which its gradient was not zero.",
    ),
    Misconception(
        "sum_not_mean",
        "The lengths are added up over the steps, not averaged.",
        "Twice as many steps should not make every Gaussian look pulled.",
    ),
    Misconception(
        "strongest_step",
        "The strongest step decides alone.",
        "One odd picture is no reason to grow. The mean is asked for.",
    ),
    Misconception(
        "components_added",
        "The two components were added as numbers, not as the sides of a right angle.",
        "The length of (3, 4) is 5.",
    ),
    Misconception(
        "larger_component",
        "Only the larger of the two components counts.",
        "The length of (3, 4) is 5, not 4.",
    ),
    Misconception(
        "length_squared",
        "The root is missing: squared lengths are compared with the limit.",
        "The limit is a length.",
    ),
    Misconception(
        "half_length",
        "The two components were averaged where their squares should be added.",
        "The length of (3, 4) is 5: no division by 2.",
    ),
    Misconception(
        "limit_reversed",
        "Those that are pulled less than the limit grow.",
        "Where nothing pulls, enough Gaussians are there.",
    ),
    Misconception(
        "clone_and_split_swapped",
        "Large ones are cloned and small ones split.",
        "A large Gaussian covers too much, a small one too little. Which needs a twin?",
    ),
    Misconception(
        "split_whoever_is_large",
        "Large Gaussians are split even where nothing pulls at them.",
        "A large Gaussian that fits well, a piece of the sky, is just right.",
    ),
    Misconception(
        "large_ones_cloned_too",
        "Large Gaussians that are pulled are both split and cloned.",
        "Each Gaussian gets one treatment.",
    ),
    Misconception(
        "shortest_axis",
        "The shortest axis decides about the size.",
        "A long needle covers too much, however thin it is.",
    ),
    Misconception(
        "mean_axis",
        "The mean of the three axes decides about the size.",
        "A long needle covers too much, however thin it is: look at its longest axis.",
    ),
    Misconception(
        "volume_or_diagonal",
        "The three axes were multiplied, or put together to one length.",
        "The limit is for the longest axis alone.",
    ),
    Misconception(
        "one_mask",
        "It gives a single mask.",
        "Two are asked for: (clone, split).",
    ),
    Misconception(
        "numbers_not_masks",
        "The right Gaussians, but not as masks of True and False.",
        "`a[mask]` picks rows only with True and False; with 0 and 1 it picks rows 0 and 1.",
    ),
)
