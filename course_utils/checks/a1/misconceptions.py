"""Plausible mistakes in assignment 1, and the sentences that help.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

_NAIVE = Misconception(
    "naive_log_sigmoid",
    "The logarithm is taken of a probability that has already rounded to 0: `log(sigmoid(a))`.",
    "For a = −200 the sigmoid is 0 in float32, yet log D is simply −200. Which torch function "
    "computes `log(sigmoid(a))` in one go?",
)
_EPSILON = Misconception(
    "epsilon_in_log",
    "A small epsilon (or a clamp) keeps the logarithm finite, but also stops it: for very sure "
    "discriminators the value is wrong and the gradient is 0.",
    "Work with the logit itself: log(sigmoid(a)) has an exact form that needs no epsilon.",
)
_SUM = Misconception(
    "sum_instead_of_mean",
    "The logarithms are summed over the batch, not averaged.",
    "E[...] is an expectation: doubling the batch must not double it.",
)
_PROBABILITIES = Misconception(
    "logits_taken_for_probabilities",
    "The logarithm is taken of the logits themselves, as if they were probabilities.",
    "The discriminator's last layer has no sigmoid here: D(x) = sigmoid(logit).",
)
_TWICE = Misconception(
    "sigmoid_twice",
    "The sigmoid is applied twice: once by hand, and again in a function that expects logits.",
    "`logsigmoid` and `..._with_logits` take raw logits.",
)
_NO_GRADIENT = Misconception(
    "gradient_cut",
    "The numbers are right, but no gradient reaches the logits: the tensor was turned into a "
    "plain number, or detached.",
    "A loss must stay a tensor with its history: no `.item()`, `float()`, `.detach()`, NumPy or "
    "`torch.no_grad()`.",
)
_LOG_OF_MEAN = Misconception(
    "log_of_mean",
    "The mean is inside the logarithm: log(mean D) instead of mean(log D).",
    "Take the logarithm for each sample first, then average.",
)
_PAIRED = Misconception(
    "paired_batches",
    "Real and generated logits are added one by one, which needs two batches of one size (or "
    "broadcasts them against each other).",
    "These are two expectations over two different batches: average each by itself, then add.",
)
_ONE_AXIS = Misconception(
    "mean_over_one_axis",
    "The mean runs along one axis only, so that more than one number can be left.",
    "Average over all the elements, whatever the shape.",
)

_GAME_VALUE = (
    _NAIVE,
    _EPSILON,
    _SUM,
    _PROBABILITIES,
    _TWICE,
    _NO_GRADIENT,
    _LOG_OF_MEAN,
    _PAIRED,
    _ONE_AXIS,
    Misconception(
        "sign_flipped",
        "The sign is flipped: this is −V, a loss that D would descend.",
        "V itself is what D climbs. It is never positive.",
    ),
    Misconception(
        "players_swapped",
        "Real and generated logits have changed places.",
        "log D(x) belongs to the real samples, log(1 − D) to the generated ones.",
    ),
    Misconception(
        "fake_term_not_flipped",
        "The second term is log D(G(z)), not log(1 − D(G(z))).",
        "For a generated sample, D is rewarded for saying no. And 1 − sigmoid(a) = sigmoid(−a).",
    ),
    Misconception(
        "one_minus_outside",
        "The second term is 1 − log D(G(z)): the 1 − ... has slipped out of the logarithm.",
        'First the probability of "generated", 1 − D, then its logarithm.',
    ),
    Misconception(
        "halved",
        "The two terms are averaged, not added: exactly half the value came.",
        "V is a sum of two expectations; at D = 1/2 it is −log 4, not −log 2.",
    ),
    Misconception(
        "joined_batch",
        "Both batches are joined and averaged together, so the larger one weighs more.",
        "Average each batch by itself, then add the two.",
    ),
    Misconception(
        "log_base_2",
        "The logarithm has base 2 (or 10): the value is not in nats.",
        "Use the natural logarithm.",
    ),
    Misconception(
        "real_term_only",
        "Only the real samples are counted; the generated ones are missing.",
        "V has a second term, for the samples of the generator.",
    ),
    Misconception(
        "fake_term_only",
        "Only the generated samples are counted; the real ones are missing.",
        "V has a first term, log D(x), for the real samples.",
    ),
)

_DISCRIMINATOR_LOSS = (
    _NAIVE,
    _EPSILON,
    _SUM,
    _PROBABILITIES,
    _TWICE,
    _NO_GRADIENT,
    _ONE_AXIS,
    _PAIRED,
    Misconception(
        "value_instead_of_loss",
        "This is V itself, which D wants to climb; an optimiser descends.",
        "Ascent on V is descent on ... ?",
    ),
    Misconception(
        "labels_swapped",
        "The labels are swapped: D is taught to call real samples generated.",
        "Real samples carry the label 1, generated ones 0.",
    ),
    Misconception(
        "all_labels_real",
        "Generated samples carry the label 1 here, as they do in the generator's loss.",
        "The discriminator wants its own answer to be right: 0 for generated samples.",
    ),
    Misconception(
        "halved",
        "The two cross-entropies are averaged: exactly half the loss came.",
        "The loss is −V, the sum of the two.",
    ),
    Misconception(
        "joined_batch",
        "Both batches are joined before the mean, so the larger one weighs more.",
        "One cross-entropy for each batch, then add them.",
    ),
    Misconception(
        "fake_logits_detached",
        "The generated logits are detached: D never learns from the generator's samples.",
        "Detach the samples (in the training step), not the logits: the gradient must still "
        "reach D's own parameters.",
    ),
    Misconception(
        "real_term_only",
        'Only the real samples are counted: D could win by always saying "real".',
        "Add the cross-entropy of the generated samples, with label 0.",
    ),
    Misconception(
        "fake_term_only",
        'Only the generated samples are counted: D could win by always saying "generated".',
        "Add the cross-entropy of the real samples, with label 1.",
    ),
    Misconception(
        "labels_smoothed",
        "The labels are smoothed (0.9 for 1, say): a known trick, but another loss.",
        "Here real samples carry exactly 1 and generated ones exactly 0.",
    ),
    Misconception(
        "cross_entropy_on_logits",
        "`binary_cross_entropy` received logits; it expects probabilities between 0 and 1.",
        "There is a version of it made for logits, and it is exact at both ends.",
    ),
    Misconception(
        "hinge_or_critic",
        "This is another GAN's loss (hinge, or Wasserstein's difference of means).",
        "Here D is a classifier: the loss is a cross-entropy, made of logarithms.",
    ),
)

_GENERATOR_LOSSES = (
    _NAIVE,
    _EPSILON,
    _SUM,
    _PROBABILITIES,
    _TWICE,
    _NO_GRADIENT,
    _LOG_OF_MEAN,
    Misconception(
        "order_swapped",
        "The two losses have changed places.",
        "Return the saturating loss first, then the non-saturating one.",
    ),
    Misconception(
        "saturating_sign_flipped",
        "The saturating loss has its sign flipped: G would lose by descending it.",
        "G descends mean log(1 − D(G(z))), which is negative: no minus here.",
    ),
    Misconception(
        "non_saturating_sign_flipped",
        "The non-saturating loss has its sign flipped: descending it makes D(G(z)) smaller.",
        "G wants log D(G(z)) to be large; an optimiser makes its loss small.",
    ),
    Misconception(
        "both_the_same",
        "Both losses are the saturating one, but for the sign.",
        "The second loss uses D where the first uses 1 − D: it changes the gradient, not only "
        "the sign.",
    ),
    Misconception(
        "both_signs_flipped",
        "Both signs are flipped.",
        "Both are losses: the better G fools D, the smaller they must be.",
    ),
    Misconception(
        "one_minus_outside",
        "The saturating loss is 1 − log D: the 1 − ... has slipped out of the logarithm.",
        "First the probability 1 − D, then its logarithm. And 1 − sigmoid(a) = sigmoid(−a).",
    ),
    Misconception(
        "summed_into_one",
        "One thing came where a pair was expected.",
        "Return a pair: `return saturating, non_saturating`.",
    ),
)

_OPTIMAL_DISCRIMINATOR = (
    Misconception(
        "density_ratio",
        "This is the ratio p / q of the densities, not a probability.",
        "D(x) is the probability that a sample at x is real: it lies between 0 and 1.",
    ),
    Misconception(
        "share_of_the_model",
        "This is q / (p + q): the share of the generator, not of the data.",
        "D is near 1 where real samples are far more likely.",
    ),
    Misconception(
        "nan_where_both_zero",
        "Where both densities are 0, 0/0 gave NaN.",
        "No sample ever falls there, so any answer is optimal; we ask for 1/2 (`torch.where`).",
    ),
    Misconception(
        "zero_where_both_zero",
        'Where both densities are 0 it gives 0 ("surely generated"), not 1/2 ("cannot tell").',
        "Choose the value there on purpose, with `torch.where`.",
    ),
    Misconception(
        "epsilon_in_denominator",
        "An epsilon is added to the denominator. It outweighs tiny densities: in the tails D "
        "falls to 0 instead of keeping the ratio.",
        "Nothing needs an epsilon except the points where both are exactly 0: treat those apart.",
    ),
    Misconception(
        "threshold_for_zero",
        "Small densities are treated as if they were 0.",
        "Compare with exactly 0: 1e-20 against 3e-20 is still a clear answer.",
    ),
    Misconception(
        "hard_decision",
        "This says which density is larger, yes or no; D is a probability.",
        "At p = 0.2 and q = 0.6, one sample in four is real: D = 1/4.",
    ),
    Misconception(
        "log_ratio",
        "This is log p − log q, the logit of the optimal D.",
        "Take the sigmoid of it, or better, never take the logarithm.",
    ),
    Misconception(
        "softmax_of_densities",
        "This is a softmax (or sigmoid of the difference) of densities: they were exponentiated.",
        "Densities are positive already: divide them, do not exponentiate.",
    ),
    Misconception(
        "normalised_over_the_grid",
        "The densities are first normalised over the grid, or the share is.",
        "Each point is judged by itself: what happens elsewhere does not matter.",
    ),
    Misconception(
        "negative_accepted",
        "The formula is right, but a negative density is accepted.",
        "Test for it first, and `raise ValueError(...)` with a sentence that says why.",
    ),
    Misconception(
        "wrong_exception",
        "A negative density is refused by another exception than ValueError.",
        "`assert` is for your own mistakes (and can be switched off); bad input deserves "
        "`raise ValueError(...)`.",
    ),
)

_ALTERNATING_STEP = (
    Misconception(
        "generator_not_frozen",
        "In D's half the gradient runs on into G: the generated samples were not detached.",
        "D needs the samples, not how they were made: `.detach()` or `torch.no_grad()`.",
    ),
    Misconception(
        "discriminator_not_frozen",
        "In G's half the gradient also lands on D's parameters, and stays there.",
        "The gradient must pass through D to G, but not be collected on D: see the `inputs=` "
        "of `backward`, or `requires_grad_(False)` for a while.",
    ),
    Misconception(
        "neither_frozen",
        "Neither player is frozen: each half leaves gradients on the other player.",
        "In D's half detach the samples; in G's half collect gradients on G alone.",
    ),
    Misconception(
        "discriminator_keeps_old_gradients",
        "D's gradients are never cleared: each round adds to those of the one before.",
        "`d_optimiser.zero_grad()` before D's `backward()`.",
    ),
    Misconception(
        "generator_keeps_old_gradients",
        "G's gradients are never cleared: each round adds to those of the one before.",
        "`g_optimiser.zero_grad()` before G's `backward()`.",
    ),
    Misconception(
        "no_gradient_is_cleared",
        "No gradient is ever cleared: each round adds to those of the one before.",
        "Each half begins with its own optimiser's `zero_grad()`.",
    ),
    Misconception(
        "generator_cut_off",
        "G does not learn: its samples are detached (or made under `no_grad`) in G's own half.",
        "In D's half G is cut off; in G's half the gradient must flow back through D into G.",
    ),
    Misconception(
        "frozen_for_good",
        "A player is frozen by `requires_grad_(False)` and never thawed.",
        "Whatever is switched off for one half must be switched on again at its end.",
    ),
    Misconception(
        "saturating_generator_loss",
        "G descends the saturating loss, mean log(1 − D).",
        "This step uses the non-saturating loss, −mean log D: the second of your two.",
    ),
    Misconception(
        "generator_sign_flipped",
        "G moves the wrong way: it helps D instead of fooling it.",
        "What must become large when G gets better, and what does an optimiser do to a loss?",
    ),
    Misconception(
        "discriminator_sign_flipped",
        "D moves the wrong way: it descends V instead of climbing it.",
        "D descends `discriminator_loss`, which is −V.",
    ),
    Misconception(
        "generator_first",
        "G moves before D: the order is reversed.",
        "Algorithm 1: first D climbs, then G answers the new D.",
    ),
    Misconception(
        "same_noise_twice",
        "Both halves use the same noise (or the same samples).",
        "G's half draws its own: `noise_g`.",
    ),
    Misconception(
        "both_move_at_once",
        "Both losses are computed before either player moves: G answers the old D.",
        "Finish D's half, step included, before G's samples go through D.",
    ),
    Misconception(
        "optimisers_swapped",
        "The two optimisers have changed places.",
        "`d_optimiser` holds D's parameters, `g_optimiser` those of G.",
    ),
    Misconception(
        "discriminator_moves_twice",
        "D's optimiser also steps in G's half: D helps to fool itself.",
        "In G's half, only `g_optimiser.step()`.",
    ),
    Misconception(
        "no_step",
        "Gradients are computed, but nobody moves: an optimiser's `step()` is missing.",
        "`backward()` only fills `.grad`; `step()` moves the parameters.",
    ),
    Misconception(
        "losses_not_by_name",
        "The step is right, but the two losses are not returned by name.",
        'Return {"discriminator_loss": ..., "generator_loss": ...}.',
    ),
    Misconception(
        "joined_losses",
        "Both losses are added and sent back together: each player also learns the other's goal.",
        "Two halves: each with its own loss, `backward()` and `step()`.",
    ),
)

MISCONCEPTIONS = {
    "game_value": _GAME_VALUE,
    "discriminator_loss": _DISCRIMINATOR_LOSS,
    "generator_losses": _GENERATOR_LOSSES,
    "optimal_discriminator": _OPTIMAL_DISCRIMINATOR,
    "alternating_step": _ALTERNATING_STEP,
}
