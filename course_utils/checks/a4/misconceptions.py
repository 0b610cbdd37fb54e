"""Plausible mistakes in assignment 4, and the sentences that help, by exercise.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.a4.misconceptions_choice import (
    INFO_NCE,
    MUTUAL_INFORMATION_BOUND,
    TEMPERATURE_GRADIENT,
)
from course_utils.checks.exercise import Misconception

_COSINE_SCORES = (
    Misconception(
        "not_normalised",
        "These are inner products: nothing is divided by the lengths.",
        "A long vector would score high with everything. Which lengths stand below the fraction?",
    ),
    Misconception(
        "one_side_normalised",
        "Only the queries, or only the keys, are brought to length 1.",
        "The fraction has two lengths below it: |u| and |v|.",
    ),
    Misconception(
        "normalised_over_the_batch",
        "The division is by the lengths of columns: each feature is normalised over the batch.",
        "One vector is one row. Over which axis does its length add up?",
    ),
    Misconception(
        "one_length_for_all",
        "Everything is divided by one number, such as the norm of the whole matrix.",
        "Each vector has a length of its own: keep the axis (`keepdim=True`).",
    ),
    Misconception(
        "squared_lengths",
        "The division is by squared lengths: a root is missing.",
        "|u| is the root of the sum of squares.",
    ),
    Misconception(
        "other_norm",
        "The lengths are sums of absolute values, or largest entries, not Euclidean.",
        "|u|² = u · u, so that a vector has cosine 1 with itself.",
    ),
    Misconception(
        "centred_first",
        "The mean is taken off first: this is a correlation.",
        "A cosine compares directions from the origin; nothing is subtracted.",
    ),
    Misconception(
        "transposed",
        "The numbers are right, but rows are keys and columns are queries.",
        "s_ij has the query i first: (queries, keys).",
    ),
    Misconception(
        "pairs_only",
        "Query i is compared with key i alone: these are the scores of pairs.",
        "Every query meets every key: a whole matrix.",
    ),
    Misconception(
        "mean_over_features",
        "The products are averaged over the features, not added.",
        "An inner product is a sum.",
    ),
    Misconception(
        "scaled_by_dimension",
        "The scores are divided by √d, as in a transformer.",
        "A cosine of a vector with itself is 1, in any dimension.",
    ),
    Misconception(
        "distance_for_cosine",
        "These are distances, or 1 − cosine: large where a score should be small.",
        "What belongs together scores high: 1 for the same direction.",
    ),
    Misconception(
        "only_positive",
        "Negative cosines are cut off, squared away or made positive.",
        "Opposite directions have cosine −1, and that is the best a negative can do.",
    ),
    Misconception(
        "softmax_taken",
        "A softmax was taken already.",
        "The scores come first; the loss takes the softmax.",
    ),
    Misconception(
        "angle_for_cosine",
        "These are angles (in radians), not their cosines.",
        "No `acos` is needed: the fraction is the cosine.",
    ),
    Misconception(
        "zero_over_zero",
        "A vector of zeros gives 0/0 = NaN.",
        "The length must not be 0 below the fraction: keep it above a tiny number, or use a "
        "function of torch that does.",
    ),
    Misconception(
        "keys_detached",
        "The numbers are right, but no gradient reaches the keys.",
        "Both views go through the same encoder here, and both learn: no `.detach()`.",
    ),
    Misconception(
        "queries_detached",
        "The numbers are right, but no gradient reaches the queries.",
        "Which of the two did you detach, and why?",
    ),
    Misconception(
        "lengths_detached",
        "The numbers are right, but the lengths were detached: the gradient is another one.",
        "The length depends on the vector too; let the gradient pass through it.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the vectors.",
        "Stay with torch functions: no `.item()`, NumPy or `torch.no_grad()`.",
    ),
)

_POSITIVES_AS_LABELS = (
    Misconception(
        "self_pair_kept",
        "Views are their own positives: a view was compared with itself, and found equal.",
        "Every view equals itself. Take the diagonal out before you search.",
    ),
    Misconception(
        "picture_number_returned",
        "The picture's number came back, not the place of its other view.",
        "A label counts positions in the batch, 0 to n − 1.",
    ),
    Misconception(
        "halves_assumed",
        "The other view is looked for half a batch away, whatever the numbers say.",
        "The views come in any order: find equal picture numbers.",
    ),
    Misconception(
        "neighbours_assumed",
        "The other view is taken to be the neighbour (0 with 1, 2 with 3).",
        "That is one order of many. Where else in the batch does the same picture number stand?",
    ),
    Misconception(
        "counted_without_itself",
        "The label counts the columns without the view's own: it is 1 too small to its right.",
        "Here the column of the view itself stays in place (its score becomes −inf).",
    ),
    Misconception(
        "order_returned",
        "This is a sorting order, not the partner of each view.",
        "After sorting, partners stand side by side; their places must still be written back.",
    ),
    Misconception(
        "mask_returned",
        "A matrix of equal pairs came: which views belong together, but not as labels.",
        "Each row has exactly one 1. In which column does it stand?",
    ),
    Misconception(
        "pairs_returned",
        "A list of pairs came, not one label for each view.",
        "Both views of a pair need a label: n labels in all.",
    ),
    Misconception(
        "labels_from_one",
        "The labels are 1 too large: they count from 1.",
        "Cross-entropy numbers its classes from 0.",
    ),
    Misconception(
        "float_labels",
        "The labels are no whole numbers of type int64.",
        "Cross-entropy wants classes as int64: `.long()`, or a function that gives indices.",
    ),
    Misconception(
        "list_returned",
        "The labels came as a Python list.",
        "Cross-entropy wants a tensor.",
    ),
    Misconception(
        "positive_always_first",
        "All labels are 0, as if the positive always came first.",
        "That is right for a row made as (positive, negatives). Here every row holds the batch.",
    ),
    Misconception(
        "unpaired_accepted",
        "A picture with one, three or four views was accepted.",
        "`argmax` finds something even in a row of zeros. Count the equal ones first.",
    ),
    Misconception(
        "too_many_accepted",
        "A picture with one view was refused, one with three or four was not.",
        "Exactly two: count the equal ones in each row.",
    ),
    Misconception(
        "wrong_exception",
        "It does refuse, but not with a ValueError.",
        'Write `raise ValueError("what is wrong")`; an `assert` raises something else.',
    ),
)

MISCONCEPTIONS = {
    "cosine_scores": _COSINE_SCORES,
    "positives_as_labels": _POSITIVES_AS_LABELS,
    "info_nce": INFO_NCE,
    "mutual_information_bound": MUTUAL_INFORMATION_BOUND,
    "temperature_gradient": TEMPERATURE_GRADIENT,
}
