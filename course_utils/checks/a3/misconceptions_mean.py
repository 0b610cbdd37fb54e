"""Plausible mistakes with many bins: `rebalancing_weights` and `annealed_mean`."""

from course_utils.checks.exercise import Misconception

REBALANCING_WEIGHTS = (
    Misconception(
        "shares_swapped",
        "λ and 1 − λ have changed places.",
        "λ (`uniform`) is the share of the uniform distribution: λ = 1 ignores the pixels.",
    ),
    Misconception(
        "uniform_ignored",
        "λ has no influence: it is always 1/2 here.",
        "Use the argument `uniform`.",
    ),
    Misconception(
        "no_uniform_part",
        "The uniform part is missing: the weight is 1/p, infinite for an empty bin.",
        "Mix p with the uniform distribution 1/Q before you take the inverse.",
    ),
    Misconception(
        "uniform_not_divided",
        "The uniform part is λ, not λ/Q: it outweighs p.",
        "A uniform distribution over Q bins gives each of them 1/Q.",
    ),
    Misconception(
        "epsilon_for_uniform",
        "A small epsilon stands where λ/Q should: rare bins get enormous weights.",
        "How much a rare bin may weigh is what λ decides.",
    ),
    Misconception(
        "not_inverted",
        "The mixture is not inverted: common colours get the large weights.",
        "Rare colours should count more, so the weight falls where the mixture grows.",
    ),
    Misconception(
        "inverted_before_mixing",
        "The inverses are mixed, (1 − λ)/p + λQ, not the distributions.",
        "First mix p and 1/Q, then take one inverse.",
    ),
    Misconception(
        "logarithm_for_inverse",
        "The weights fall like a logarithm or a square root of the mixture, not like its inverse.",
        "Equation 4 takes the inverse itself.",
    ),
    Misconception(
        "not_normalised",
        "The weights are not scaled: their mean over the pixels is not 1.",
        "Divide by Σ p w, so that the loss keeps its size.",
    ),
    Misconception(
        "sum_is_one",
        "The weights are scaled to sum to 1, as if they were probabilities.",
        "Not Σ w, but the mean weight of a random pixel must be 1.",
    ),
    Misconception(
        "plain_mean_is_one",
        "The mean over the bins is 1, every bin counted alike.",
        "A random pixel falls in bin q with probability p_q: weigh the mean with it.",
    ),
    Misconception(
        "mean_under_the_mixture",
        "The mean weight is 1 under the mixture, not under the distribution of the pixels.",
        "The pixels that will be weighed follow p, not (1 − λ)p + λ/Q.",
    ),
    Misconception(
        "largest_is_one",
        "The weights are scaled so that the largest (or the smallest) is 1.",
        "The mean weight of a random pixel must be 1: Σ p w = 1.",
    ),
    Misconception(
        "softmax_of_weights",
        "A softmax was taken of the weights.",
        "Nothing is exponentiated here: invert, then divide by Σ p w.",
    ),
)

ANNEALED_MEAN = (
    Misconception(
        "temperature_multiplied",
        "The logits are multiplied by the temperature; they should be divided by it.",
        "A low temperature must sharpen: large differences between logits become larger.",
    ),
    Misconception(
        "temperature_ignored",
        "The temperature has no influence: this is the plain mean.",
        "Divide the logits by T before the softmax.",
    ),
    Misconception(
        "temperature_after_softmax",
        "The probabilities are divided by T: this only makes the colour longer or shorter.",
        "The temperature belongs inside of the softmax, where it changes the ratios.",
    ),
    Misconception(
        "temperature_on_probabilities",
        "The temperature is applied to probabilities without their logarithm: a softmax of a "
        "softmax.",
        "f_T(z) = softmax(log z / T). The logits are log z already, up to a constant.",
    ),
    Misconception(
        "mode_for_mean",
        "This is the colour of the likeliest bin: the mode, not a mean.",
        "Every bin counts with its annealed probability; T → 0 is the only case with one winner.",
    ),
    Misconception(
        "softmax_over_the_pixels",
        "The softmax runs over the wrong axis: over pixels or pictures, not over the bins.",
        "Each pixel has its own distribution over bins, and bins are axis 1.",
    ),
    Misconception(
        "not_normalised",
        "The weights of the bins do not sum to 1: they are exponentials without their sum, or "
        "the logits themselves.",
        "A mean needs weights that sum to 1 for each pixel.",
    ),
    Misconception(
        "mean_over_bins",
        "The weighted colours are averaged over the bins: divided by their number once more.",
        "The weights sum to 1 already: add, do not average.",
    ),
    Misconception(
        "overflow",
        "Exponentials are taken by hand: for large logits they overflow, and ∞/∞ is NaN.",
        "A softmax does not change when the largest logit is subtracted from all; torch's does so.",
    ),
    Misconception(
        "powers_underflow",
        "p^(1/T) is right on paper, but at a low T it rounds to 0 for every bin: 0/0 is NaN.",
        "Stay with logarithms: the power becomes a division inside of the softmax.",
    ),
    Misconception(
        "a_and_b_swapped",
        "a and b have changed places.",
        "Channel 0 of the result is a, as is column 0 of the bins.",
    ),
    Misconception(
        "channels_last",
        "The colours are right, but the channels are the last axis.",
        "The result is a picture again: (n, 2, height, width).",
    ),
    Misconception(
        "scaled_to_one",
        "The colours were divided by 110 on the way out.",
        "The result is in ab units, as the bins are.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the logits.",
        "Stay with torch functions: no `.detach()`, `.item()`, NumPy or `torch.no_grad()`.",
    ),
    Misconception(
        "temperature_not_refused",
        "The colours are right, but a temperature of 0 or below is accepted.",
        "Test for it first, and `raise ValueError(...)` with a sentence that says why.",
    ),
    Misconception(
        "zero_temperature_accepted",
        "Negative temperatures are refused, but T = 0 is not.",
        "Nothing can be divided by 0 either.",
    ),
    Misconception(
        "wrong_exception",
        "A temperature of 0 or below is refused by another exception than ValueError.",
        "`assert` is for your own mistakes; bad input deserves `raise ValueError(...)`.",
    ),
)
