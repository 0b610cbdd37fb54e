"""Plausible mistakes with the two views, SimCLR's loss and its linear evaluation.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

TWO_VIEWS_INDEX = (
    Misconception(
        "neighbours_taken_for_pairs",
        "Rows 0 and 1, 2 and 3, ... are taken for pairs, as the paper numbers its views.",
        "Here the first views of all pictures come first. Where is the second view of picture 0?",
    ),
    Misconception(
        "each_view_itself",
        "Every view gets its own row: it would only have to recognise itself.",
        "A view's cosine with itself is 1, whatever the network does. Which other row shows the "
        "same picture?",
    ),
    Misconception(
        "first_half_only",
        "Only the first views get an answer; the second views are views as well.",
        "There are 2n rows, and each needs its partner.",
    ),
    Misconception(
        "second_half_points_to_itself",
        "The second views point to the second half too, hence to themselves.",
        "The partner of the partner is the view itself: row n points back to row 0.",
    ),
    Misconception(
        "no_way_back",
        "The rows run past the end: n is added to the second half as well.",
        "After the last row comes row 0 again: think of a clock with 2n hours.",
    ),
    Misconception(
        "picture_numbers",
        "These are the numbers of the pictures, not the rows of the other views.",
        "The cross-entropy will look up this number as a column of the similarities. Which column "
        "belongs to the other view?",
    ),
    Misconception(
        "next_row",
        "Each view points to the row beside it, which shows another picture.",
        "How far apart are the two views of a picture, when all first views come first?",
    ),
    Misconception(
        "mirrored",
        "The second half is read backwards: row 0 is paired with the last row.",
        "Both halves hold the pictures in the same order.",
    ),
    Misconception(
        "table_instead_of_rows",
        "It gives a table of which views belong together; asked for is one row number per view.",
        "Which column of each row of that table is set?",
    ),
    Misconception(
        "counted_from_one",
        "The rows are counted from 1.",
        "The first row of a tensor is row 0.",
    ),
    Misconception(
        "not_whole_numbers",
        "The right rows, but as numbers with a decimal point: no tensor takes them as an index.",
        "Which dtype does `torch.arange` give for whole numbers, and which step changed it?",
    ),
    Misconception(
        "list_instead_of_tensor",
        "The right rows, but not in a tensor.",
        "`F.cross_entropy` wants a tensor of whole numbers.",
    ),
)

NT_XENT = (
    Misconception(
        "self_pair_kept",
        "Each view is kept as a candidate for itself, with a cosine of 1.",
        "Take the diagonal out before the softmax. Which number has the exponential 0?",
    ),
    Misconception(
        "diagonal_set_to_zero",
        "The diagonal is set to 0, but exp(0) = 1: every view still competes with itself.",
        "The score that leaves no trace in a softmax is not 0.",
    ),
    Misconception(
        "other_view_masked",
        "The other view is missing among the candidates: the denominator holds negatives only.",
        "The sum runs over all k except i; the positive is one of them.",
    ),
    Misconception(
        "not_normalised",
        "Dot products of the raw vectors are compared, not cosines.",
        "Longer vectors should not win. What must each row be divided by?",
    ),
    Misconception(
        "normalised_over_the_batch",
        "Each feature is divided by its length over the batch; each view must have length 1.",
        "Along which axis do the entries of one vector lie?",
    ),
    Misconception(
        "temperature_forgotten",
        "The temperature is not used.",
        "Cosines lie between −1 and 1. What makes the softmax sharper?",
    ),
    Misconception(
        "temperature_multiplied",
        "The scores are multiplied by the temperature.",
        "A low temperature makes differences larger.",
    ),
    Misconception(
        "temperature_squared",
        "The scores are divided by the temperature twice.",
        "Are both vectors divided by it before the product, or the scores once more after?",
    ),
    Misconception(
        "neighbours_taken_for_pairs",
        "Rows 0 and 1, 2 and 3, ... are taken for pairs.",
        "All first views come first; row k and row n + k belong together.",
    ),
    Misconception(
        "first_views_only",
        "Only the first views ask; the loss is the mean over all 2n views.",
        "Each pair is counted in both orders.",
    ),
    Misconception(
        "other_half_only",
        "Each view is compared with the views of the other half only: n candidates, not 2n − 1.",
        "The first views of other pictures are negatives as well. Compare all rows with all rows.",
    ),
    Misconception(
        "sum_instead_of_mean",
        "The losses of the views are added up, or divided by n, not averaged over all 2n.",
        "How many losses are there?",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: descending it would push the two views of a picture apart.",
        "A probability has a negative logarithm; a loss is positive.",
    ),
    Misconception(
        "no_logarithm",
        "The probability itself is used, without the logarithm.",
        "log(2n − 1) should come when all views look alike.",
    ),
    Misconception(
        "softmax_before_cross_entropy",
        "A softmax is taken before the cross-entropy, which takes another.",
        "`F.cross_entropy` wants scores, not probabilities.",
    ),
    Misconception(
        "overflow",
        "Right in the middle, but the exponential overflows at low temperatures.",
        "exp(1 / 0.004) is beyond float32. `logsumexp` and `F.cross_entropy` know how to avoid it.",
    ),
    Misconception(
        "masked_too_weakly",
        "The diagonal is lowered by too little: the view still competes with itself.",
        "Scores can be as low as −1/T. What is below any of them?",
    ),
    Misconception(
        "gradient_cut",
        "The value is right, but no gradient, or not all of it, reaches the projections.",
        "`.item()`, `.detach()` and `torch.no_grad()` end a gradient. Both sides learn.",
    ),
)

LINEAR_PROBE_STEP = (
    Misconception(
        "encoder_trained_too",
        "The gradient goes on into the encoder, and the optimiser moves its weights.",
        "What is judged must not change while it is judged. How are features made without a graph?",
    ),
    Misconception(
        "batch_statistics_move",
        "No gradient reaches the encoder, but its batch norm is in training mode: it uses the "
        "statistics of this batch and changes its own.",
        "`no_grad` does not stop running averages. Which mode does?",
    ),
    Misconception(
        "whole_network_trained",
        "The encoder trains along: in training mode, with its gradient.",
        "Two things must rest: weights and batch statistics.",
    ),
    Misconception(
        "gradient_not_cleared",
        "The second step adds its gradient to that of the first.",
        "`backward` adds to `.grad`. Who empties it?",
    ),
    Misconception(
        "nothing_learnt",
        "The classifier does not move: there is no step, or no gradient when it comes.",
        "`backward` only fills `.grad`; the step comes after it, and before it is emptied.",
    ),
    Misconception(
        "step_before_backward",
        "The optimiser steps before the gradient of this batch is there, with that of the last.",
        "Clear, backward, step: in this order.",
    ),
    Misconception(
        "uphill",
        "The step goes up: the loss is maximised.",
        "Which sign has the loss?",
    ),
    Misconception(
        "softmax_before_cross_entropy",
        "A softmax is taken before the cross-entropy, which takes another.",
        "`F.cross_entropy` wants logits.",
    ),
    Misconception(
        "sum_instead_of_mean",
        "The losses of the pictures are added up instead of averaged.",
        "The rate should not depend on the size of the batch.",
    ),
    Misconception(
        "accuracy_returned",
        "It returns something other than the loss: an accuracy, or logits.",
        "The classifier may be right; the function's value is the cross-entropy before the step.",
    ),
    Misconception(
        "loss_after_the_step",
        "The loss is measured again after the step.",
        "Return the loss whose gradient was used.",
    ),
    Misconception(
        "graph_returned",
        "The loss still holds its graph; a list of such losses fills the memory.",
        "What turns it into a plain number for the record?",
    ),
    Misconception(
        "features_normalised",
        "The features are brought to length 1 first, which was not asked.",
        "The classifier reads the encoder's output as it is.",
    ),
)
