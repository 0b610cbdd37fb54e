"""Plausible mistakes with pointers: `pointer_attention` and `copy_colours`."""

from course_utils.checks.exercise import Misconception

POINTER_ATTENTION = (
    Misconception(
        "softmax_over_the_target",
        "The softmax runs over the target cells j: each reference cell decides where it goes.",
        "Each target cell j asks where it came from: for every j the weights over i sum to 1.",
    ),
    Misconception(
        "transposed",
        "The weights are right, but A is transposed: its rows are target cells.",
        "A_ij has the reference cell i first: (n, reference, target).",
    ),
    Misconception(
        "softmax_over_everything",
        "One softmax runs over all pairs (i, j) together.",
        "Every target cell has a distribution of its own.",
    ),
    Misconception(
        "softmax_over_the_clips",
        "The softmax runs over the batch: clips compete with each other.",
        "Axis 0 counts clips. Which axis counts the reference cells?",
    ),
    Misconception(
        "features_normalised",
        "The features are scaled to length 1 first: this compares angles (a cosine).",
        "Equation 1 uses the plain inner product. A longer vector may point more sharply.",
    ),
    Misconception(
        "scaled_by_dimension",
        "The inner products are divided by √d (or by d), as in a transformer.",
        "Equation 1 has no such factor: temperature 1.",
    ),
    Misconception(
        "no_softmax",
        "These are inner products: the softmax is missing.",
        "Weights must be positive and sum to 1 for every target cell.",
    ),
    Misconception(
        "not_normalised",
        "The exponentials are not divided by their sum over i.",
        "A_ij = exp(f_i · f_j) / Σ_k exp(f_k · f_j).",
    ),
    Misconception(
        "divided_without_exponential",
        "The inner products are divided by their sum, without the exponential: negative ones "
        "give negative weights.",
        "First exp, then divide by the sum.",
    ),
    Misconception(
        "distance_for_inner_product",
        "The softmax is taken of (negative) distances between features.",
        "Equation 1 has the inner product f_i · f_j.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: the least similar cell gets the largest weight.",
        "A large inner product means similar: no minus.",
    ),
    Misconception(
        "sigmoid_for_softmax",
        "A sigmoid judges each pair by itself; the weights over i do not sum to 1.",
        "The reference cells compete with each other: a softmax.",
    ),
    Misconception(
        "cells_summed",
        "The inner product runs over cells, not over features.",
        "f_i · f_j adds over the features; one axis of cells of each frame is left.",
    ),
    Misconception(
        "overflow",
        "Exponentials are taken by hand: for long vectors they overflow, and ∞/∞ is NaN.",
        "`torch.softmax` subtracts the largest first.",
    ),
    Misconception(
        "hard_pointing",
        "Each target cell points to one cell only: an argmax, which teaches nothing.",
        "A softmax is soft, so that every weight has a gradient.",
    ),
    Misconception(
        "reference_detached",
        "The features of the reference are detached: only the target's learn.",
        "Both frames go through the same network, and both should learn.",
    ),
    Misconception(
        "target_detached",
        "The features of the target are detached: only the reference's learn.",
        "No `.detach()` is needed here, for either frame.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the features.",
        "Stay with torch functions: no `.detach()`, NumPy or `torch.no_grad()`.",
    ),
)

COPY_COLOURS = (
    Misconception(
        "attention_transposed",
        "A is used the wrong way round: y_i = Σ_j A_ij c_j.",
        "The sum runs over the reference i, the first of A's two axes of cells.",
    ),
    Misconception(
        "attention_renormalised",
        "A is divided by its sums over i: that is another formula where they are not 1.",
        "y_j is a plain weighted sum: use A as it is given.",
    ),
    Misconception(
        "normalised_over_the_target",
        "A is divided by its sums over j.",
        "What a reference cell gives in total does not matter: use A as it is given.",
    ),
    Misconception(
        "softmax_again",
        "A softmax was taken of A: it is one already.",
        "The weights are given. Multiply and add.",
    ),
    Misconception(
        "hard_copy",
        "Only the strongest reference cell is copied: an argmax, which cuts the gradient.",
        "y_j is a mixture: every reference cell counts with its weight.",
    ),
    Misconception(
        "mean_for_sum",
        "The weighted colours are averaged over the reference cells, not added.",
        "The weights sum to 1 already.",
    ),
    Misconception(
        "weights_ignored",
        "Every target cell gets the same mixture: A plays no part, or only its sum.",
        "Each target cell j has its own column of weights.",
    ),
    Misconception(
        "channels_last",
        "The colours are right, but the channels are the last axis.",
        "The result is (n, channels, target), as the colours were (n, channels, reference).",
    ),
    Misconception(
        "reshaped_for_transposed",
        "The numbers are in the wrong places: axes were exchanged by `reshape` or `view`.",
        "`reshape` reads the same numbers in the same order; `transpose` exchanges axes.",
    ),
    Misconception(
        "clips_mixed",
        "The clips of the batch are mixed, or all use the colours of one of them.",
        "Clip n has its own A and its own colours.",
    ),
    Misconception(
        "channels_mixed",
        "The channels are added or averaged: they should stay apart.",
        "The same weights mix each channel by itself.",
    ),
    Misconception(
        "clamped",
        "The copied colours are clamped, but a and b can be negative and large.",
        "A weighted sum of colours needs no limits.",
    ),
    Misconception(
        "attention_detached",
        "The numbers are right, but no gradient reaches A: the features could never learn.",
        "The error of the copied colours must flow back through A: no `.detach()`, `.item()`, "
        "NumPy or `torch.no_grad()`.",
    ),
)
