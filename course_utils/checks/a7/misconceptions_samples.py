"""Plausible mistakes with random distances, and the sentence that helps with each."""

from course_utils.checks.exercise import Misconception

STRATIFIED_DISTANCES = (
    Misconception(
        "one_jitter_for_all_rays",
        "All rays share the same random places.",
        "Draw a number for every ray: the shape of the draw is (*rays, bins).",
    ),
    Misconception(
        "one_jitter_for_all_bins",
        "All bins of a ray share one random number.",
        "Draw a number for every bin: the shape of the draw is (*rays, bins).",
    ),
    Misconception(
        "one_jitter_for_everything",
        "A single random number is used for all rays and bins.",
        "The shape of the draw is (*rays, bins).",
    ),
    Misconception(
        "over_the_whole_ray",
        "The places are drawn over the whole ray, not each within its bin.",
        "Begin at the near edge of the bin, and go a random share of *its* length.",
    ),
    Misconception(
        "middles_returned",
        "These are the middles of the bins: nothing is random.",
        "near edge + u · length, with a u drawn from `generator` for every ray and bin.",
    ),
    Misconception(
        "edges_returned",
        "These are edges of the bins: nothing is random.",
        "Add a random share of the length: `torch.rand(..., generator=generator)`.",
    ),
    Misconception(
        "length_forgotten",
        "The random number is added without the length of the bin.",
        "u is a *share* of the bin, between 0 and 1: multiply it by the length.",
    ),
    Misconception(
        "bins_taken_for_equal",
        "All bins are taken to have the same length.",
        "Bin i has length edges[i + 1] − edges[i].",
    ),
    Misconception(
        "half_a_bin_early",
        "The places may lie before the near edge of their bin.",
        "From the near edge u runs from 0 to 1; `torch.rand` is like that already.",
    ),
    Misconception(
        "half_a_bin_late",
        "The places may lie beyond the far edge of their bin: they begin in its middle.",
        "Begin at the near edge.",
    ),
    Misconception(
        "from_the_far_edge",
        "The places lie one bin too far.",
        "Begin at the near edges, edges[:-1].",
    ),
    Misconception(
        "half_of_the_bin",
        "Only a part of each bin is ever looked at.",
        "u runs from 0 to 1, so that no place of the ray is left out.",
    ),
    Misconception(
        "not_uniform",
        "Some parts of the bins are looked at more often than others.",
        "Use `torch.rand` as it is: all places of a bin are equally likely.",
    ),
    Misconception(
        "normal_draws",
        "The random numbers are normal, not uniform: they leave the bin.",
        "`torch.rand`, not `torch.randn`.",
    ),
    Misconception(
        "generator_ignored",
        "The numbers are not drawn from `generator`.",
        "Pass it on: `torch.rand(..., generator=generator)`.",
    ),
    Misconception(
        "seeded_inside",
        "The function sets a seed of its own: every draw is the same.",
        "Draw from `generator` as it comes; whoever calls you decides on the seed.",
    ),
    Misconception(
        "edges_moved",
        "There is one number too many: the edges themselves are moved about.",
        "n bins have n + 1 edges, and get n distances.",
    ),
    Misconception(
        "bins_first",
        "The axes are in the wrong order.",
        "The bins come last: (*rays, bins).",
    ),
    Misconception(
        "one_per_ray",
        "It gives one distance for each ray.",
        "One for each ray *and* bin: the shape of the draw is (*rays, bins).",
    ),
)

SAMPLE_PDF = (
    Misconception(
        "weights_ignored",
        "The weights play no part: the samples are spread evenly.",
        "Step 1: what is the share of each bin? It replaces the lengths in all that follows.",
    ),
    Misconception(
        "not_normalised",
        "The running sum of the weights does not end at 1.",
        "Divide by the sum of the ray's weights first: u runs from 0 to 1.",
    ),
    Misconception(
        "normalised_over_the_rays",
        "The weights are divided by a sum over several rays.",
        "Each ray by itself: `sum(-1, keepdim=True)`.",
    ),
    Misconception(
        "softmax_taken",
        "A softmax was taken of the weights.",
        "They are shares, not logits: divide by their sum.",
    ),
    Misconception(
        "weights_per_length",
        "The weights are multiplied or divided by the lengths of the bins.",
        "A weight belongs to its whole bin; the interpolation takes care of the length.",
    ),
    Misconception(
        "weights_squared",
        "The weights are squared.",
        "A bin with twice the weight gets twice the samples.",
    ),
    Misconception(
        "distribution_without_zero",
        "The running sum has no 0 in front: everything slips by one bin.",
        "n bins have n + 1 borders, from 0 to 1: put a 0 before the `cumsum`.",
    ),
    Misconception(
        "one_bin_late",
        "The right place in the table, but one bin too far (or too near).",
        "`searchsorted(..., right=True)` gives the border above u: the bin begins one before.",
    ),
    Misconception(
        "not_interpolated",
        "All samples lie on edges of bins.",
        "Go on within the bin: by the share of it that u has used up.",
    ),
    Misconception(
        "middles_of_bins",
        "All samples lie in the middles of bins.",
        "Go on from the near edge, by (u − Pᵢ) / (Pᵢ₊₁ − Pᵢ) of the bin.",
    ),
    Misconception(
        "interpolated_backwards",
        "Within the bins the samples run from far to near.",
        "Just above the lower border, u is at the *near* edge.",
    ),
    Misconception(
        "level_taken_for_share",
        "Within the bins the samples are spread unevenly.",
        "Density is constant in a bin, so the inverse is a straight line there.",
    ),
    Misconception(
        "independent_draws",
        "Each sample is drawn by itself: some parts of the weight get several, some none.",
        "Stratify u as you did the distances: one in each of `count` equal bins of [0, 1].",
    ),
    Misconception(
        "independent_and_unsorted",
        "Each sample is drawn by itself, and they come in no order.",
        "Stratify u as you did the distances: then they also come sorted.",
    ),
    Misconception(
        "shuffled",
        "The right samples, but not in order.",
        "From near to far: a larger u lies farther away.",
    ),
    Misconception(
        "one_draw_for_all_rays",
        "All rays share the same u.",
        "Draw (rays, count) numbers, not count.",
    ),
    Misconception(
        "one_draw_for_a_ray",
        "All samples of a ray share one random number.",
        "Draw (rays, count) numbers, not one for each ray.",
    ),
    Misconception(
        "not_random",
        "Nothing is random: u is a regular grid.",
        "One u at a random place in each of `count` equal bins of [0, 1].",
    ),
    Misconception(
        "empty_ray_nan",
        "A ray without any weight divides 0 by 0.",
        "Where the weights sum to 0, take the lengths of the bins as weights (`torch.where`).",
    ),
    Misconception(
        "evenly_over_bins_when_empty",
        "A ray without weight gets as many samples in each *bin*, however long it is.",
        "Evenly along the ray: where the weights sum to 0, use the lengths as weights.",
    ),
    Misconception(
        "too_much_added",
        "So much is added to all weights that it shows: samples fall where nothing is.",
        "Weights are small. Treat the ray without any weight by itself, with `torch.where`.",
    ),
    Misconception(
        "middles_for_edges",
        "The middles of the bins are taken for their edges.",
        "The weight i belongs to the bin from edges[i] to edges[i + 1].",
    ),
    Misconception(
        "one_distribution_for_all_rays",
        "All rays get the samples of one ray, or of the mean ray.",
        "Every row of `weights` has its own distribution: work along the last axis.",
    ),
    Misconception(
        "gradient_kept",
        "The samples still hang on the weights.",
        "Where to look is a choice, not a thing to be learned: `weights.detach()`.",
    ),
    Misconception(
        "generator_ignored",
        "The numbers are not drawn from `generator`.",
        "Pass it on, to your `stratified_distances` or to `torch.rand`.",
    ),
    Misconception(
        "seeded_inside",
        "The function sets a seed of its own: every draw is the same.",
        "Draw from `generator` as it comes; whoever calls you decides on the seed.",
    ),
    Misconception(
        "levels_returned",
        "These are the levels u, not distances along the ray.",
        "Carry them through the inverse: find the bin, then go on within it.",
    ),
)
