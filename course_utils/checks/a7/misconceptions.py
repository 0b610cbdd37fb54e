"""Plausible mistakes in assignment 7, and the sentence that helps with each."""

from course_utils.checks.a7.misconceptions_encoding import POSITIONAL_ENCODING
from course_utils.checks.a7.misconceptions_samples import SAMPLE_PDF, STRATIFIED_DISTANCES
from course_utils.checks.exercise import Misconception

ALPHA_FROM_DENSITY = (
    Misconception(
        "exp_forgotten",
        "This is density times length; the exponential is missing.",
        "In thick fog the product is above 1. What a bin stops of the light never is.",
    ),
    Misconception(
        "transmittance_returned",
        "This is the share that gets through the bin, not the one it stops.",
        "Empty space stops nothing: for density 0 the result must be 0.",
    ),
    Misconception(
        "sign_in_exponent",
        "The minus sign in the exponent is missing.",
        "exp of something positive grows without end: 1 − exp(σδ) is below 0.",
    ),
    Misconception(
        "turned_round",
        "The difference is the wrong way round: this is exp(−σδ) − 1, never above 0.",
        "A share is not negative: 1 − exp(−σδ). `expm1` gives exp(x) − 1: mind its sign.",
    ),
    Misconception(
        "lengths_ignored",
        "The lengths play no part.",
        "A bin twice as long stops more: density times length stands in the exponent.",
    ),
    Misconception(
        "density_ignored",
        "The densities play no part.",
        "Thicker fog stops more: density times length stands in the exponent.",
    ),
    Misconception(
        "divided",
        "Density is divided by length.",
        "Density is per length; times a length it becomes a pure number.",
    ),
    Misconception(
        "added",
        "Density and length are added.",
        "They have different units. Which operation makes a pure number of them?",
    ),
    Misconception(
        "summed_along_the_ray",
        "Densities are summed along the ray: this is what all bins up to here stop together.",
        "Each bin by itself here. What lies in front comes in with the next function.",
    ),
    Misconception(
        "one_length_for_all",
        "All bins are given the same length.",
        "Bin i has length lengths[..., i]: multiply element by element.",
    ),
    Misconception(
        "one_number_per_ray",
        "It gives one number for each ray: what all its bins stop together.",
        "One share for each bin: nothing is summed here.",
    ),
    Misconception(
        "squared",
        "Something is squared: the density, the length, or their product.",
        "One factor of each: σ times δ.",
    ),
    Misconception(
        "other_squashing",
        "Another function that ends at 1 stands in place of 1 − exp(−σδ).",
        "Only with the exponential do two half bins stop exactly what one whole bin stops.",
    ),
    Misconception(
        "squashed_before_length",
        "The length is multiplied after the exponential.",
        "It belongs into the exponent, next to the density.",
    ),
    Misconception(
        "digits_lost",
        "Right, but thin fog loses its digits: 1 − exp(−x) is rounded near 1.",
        "`torch.expm1(x)` gives exp(x) − 1 without that rounding. Mind the sign.",
    ),
    Misconception(
        "negative_accepted",
        "A negative density or length is accepted, or quietly changed.",
        "Look at both arguments: if any number is below 0, `raise ValueError(...)`.",
    ),
    Misconception(
        "wrong_exception",
        "A negative number is refused, but not with a ValueError.",
        '`raise ValueError("...")`; an `assert` is for your own mistakes, not for inputs.',
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches density and lengths.",
        "Stay with torch functions: no `.item()`, `.tolist()`, `.detach()` or `no_grad`.",
    ),
    Misconception(
        "lengths_detached",
        "Only one of the two arguments receives a gradient.",
        "Take away the `.detach()`: both are part of the computation.",
    ),
)

WEIGHTS_FROM_ALPHA = (
    Misconception(
        "inclusive_product",
        "The product includes the sample itself: every bin hides itself.",
        "Only what lies in front: the first factor is 1, and a wall has weight 1, not 0.",
    ),
    Misconception(
        "transmittance_returned",
        "This is what gets through to each sample; its own share is not multiplied.",
        "w = T · alpha: of what arrives, the sample adds what it stops.",
    ),
    Misconception(
        "alpha_returned",
        "These are the shares themselves: nothing stands in front of anything.",
        "Multiply each by the product of (1 − alpha) over all samples in front.",
    ),
    Misconception(
        "product_of_alpha",
        "The shares themselves are multiplied along the ray.",
        "What gets through a sample is 1 − alpha.",
    ),
    Misconception(
        "sum_instead_of_product",
        "What is stopped is added up along the ray, where it should be multiplied.",
        "Two bins that stop a half each let a quarter through, not nothing: `cumprod`.",
    ),
    Misconception(
        "alpha_taken_for_density",
        "alpha is treated like density · length: it goes through an exponential once more.",
        "It is a share already: 1 − alpha gets through.",
    ),
    Misconception(
        "from_behind",
        "The order is turned round: the last sample is taken for the nearest.",
        "Samples run from near to far; the first one is seen without anything in front.",
    ),
    Misconception(
        "nearest_neighbour_only",
        "Only the sample just in front is looked at.",
        "Everything in front hides: the product runs over all j < i.",
    ),
    Misconception(
        "first_sample_lost",
        "The first weight is always 0: the first factor was set to 0.",
        "In front of the first sample there is nothing: all light gets through, T = 1.",
    ),
    Misconception(
        "shifted_round",
        "The products were rolled round: the first sample gets the product over the whole ray.",
        "After a shift by one the first entry must be 1.",
    ),
    Misconception(
        "all_factors_for_all",
        "Every sample is multiplied by the same factors, or by its own alone.",
        "Sample i takes the factors of 1, ..., i − 1, and of no other.",
    ),
    Misconception(
        "one_too_few_or_many",
        "The number of weights is not the number of samples.",
        "Shift the products: put a 1 in front *and* leave the last one out.",
    ),
    Misconception(
        "normalised",
        "The weights are made to sum to 1.",
        "What gets through all samples is missing from the sum: it belongs to the background.",
    ),
    Misconception(
        "last_bin_endless",
        "The last sample is taken to stop everything that is left.",
        "Take alpha as it is; what gets through belongs to the background.",
    ),
    Misconception(
        "over_the_rays",
        "The product runs along the first axis: over rays, not over samples.",
        "Samples are the last axis, also when there is only one: `dim=-1`.",
    ),
    Misconception(
        "all_rays_in_a_row",
        "All rays are taken for one long ray.",
        "Each ray begins anew with T = 1. Do not flatten: use `dim=-1`.",
    ),
    Misconception(
        "divided_by_zero",
        "The own factor is divided out again; behind a wall that is 0/0.",
        "Do not multiply it in the first place: shift the product by one.",
    ),
    Misconception(
        "epsilon_too_large",
        "So large a number is added to 1 − alpha that it shows.",
        "A product needs none at all: 0 is a fine factor.",
    ),
    Misconception(
        "transmittance_detached",
        "The numbers are right, but part of the gradient is missing.",
        "A bin changes what is seen of all behind it: no `.detach()` in between.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the shares.",
        "No `.detach()`, `.tolist()` or `no_grad`: a field could never learn through it.",
    ),
    Misconception(
        "written_in_place",
        "The weights are written into the argument.",
        "Collect them in a new tensor: whoever called you still needs alpha.",
    ),
)

COMPOSITE = (
    Misconception(
        "background_missing",
        "The background is missing.",
        "What the samples do not stop, 1 − Σ w, comes from behind.",
    ),
    Misconception(
        "background_added_whole",
        "The background is added in full.",
        "Only the share that gets through to it is seen: 1 − Σ w.",
    ),
    Misconception(
        "background_by_opacity",
        "The background is weighted by the opacity Σ w, the wrong way round.",
        "Where the ray meets a wall, nothing of the background is seen: 1 − Σ w.",
    ),
    Misconception(
        "background_by_product",
        "What is left was computed as a product of 1 − w.",
        "That would be right for alpha. The weights have been reduced already: they add up.",
    ),
    Misconception(
        "background_by_last_weight",
        "What is left was computed from the last weight alone.",
        "All samples take from the light: 1 − Σ w, over all of them.",
    ),
    Misconception(
        "background_by_mean_weight",
        "What is left was computed from the mean or the largest weight.",
        "The weights add up: 1 − Σ w.",
    ),
    Misconception(
        "background_per_sample",
        "The background comes in once for every sample.",
        "It is behind all of them: add it once, after the sum.",
    ),
    Misconception(
        "background_alone",
        "The samples' own light is missing, or weighted as if it were the background.",
        "First Σ w c over the samples, then add (1 − Σ w) of the background.",
    ),
    Misconception(
        "divided_by_opacity",
        "The samples' light is divided by the sum of the weights.",
        "Thin fog is faint: nothing is divided, the rest comes from behind.",
    ),
    Misconception(
        "weights_not_used",
        "The colours are added up or averaged without their weights.",
        "Multiply each sample's colour by its weight: `weights[..., None] * values`.",
    ),
    Misconception(
        "mean_colour_mixed",
        "The samples' plain mean colour is mixed with the background.",
        "Each colour has its own weight: Σ w c.",
    ),
    Misconception(
        "mean_over_samples",
        "The weighted colours are averaged, not added up.",
        "The weights are shares of the light already: sum over the samples.",
    ),
    Misconception(
        "weights_taken_for_alpha",
        "The weights are treated as alpha: what is in front is taken off a second time.",
        "weights_from_alpha has done that: here they are only summed.",
    ),
    Misconception(
        "strongest_sample_only",
        "Only the sample with the largest weight is seen.",
        "A ray sees through fog: sum over all samples.",
    ),
    Misconception(
        "summed_over_the_rays",
        "The sum runs over the first axis, the rays.",
        "In (..., samples, channels) the samples are axis −2.",
    ),
    Misconception(
        "summed_over_the_channels",
        "The sum runs over the channels.",
        "Red stays red: sum over the samples, axis −2, and keep the channels.",
    ),
    Misconception(
        "not_summed",
        "The samples are still there: they were weighted, but not summed.",
        "One colour for each ray: sum over axis −2.",
    ),
    Misconception(
        "clipped",
        "Colours are cut off at 1.",
        "Light has no upper end, and a clipped colour has no gradient. Clip when you show it.",
    ),
    Misconception(
        "weights_squared",
        "The weights are multiplied in twice.",
        "One factor w for each colour.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient gets through.",
        "Stay with torch functions: no `.detach()`, `.tolist()` or `no_grad`.",
    ),
    Misconception(
        "weights_detached",
        "Part of the gradient by the weights is missing.",
        "They count twice: in the samples' light and in what is left for the background.",
    ),
)

MISCONCEPTIONS = {
    "alpha_from_density": ALPHA_FROM_DENSITY,
    "weights_from_alpha": WEIGHTS_FROM_ALPHA,
    "composite": COMPOSITE,
    "stratified_distances": STRATIFIED_DISTANCES,
    "sample_pdf": SAMPLE_PDF,
    "positional_encoding": POSITIONAL_ENCODING,
}
