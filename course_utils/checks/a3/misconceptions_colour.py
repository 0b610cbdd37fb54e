"""Plausible mistakes with Lab and its bins: `normalise_lab` and `quantise_ab`."""

from course_utils.checks.exercise import Misconception

NORMALISE_LAB = (
    Misconception(
        "lightness_not_centred",
        "L is scaled but not centred: black is not at −1, or middle grey is not at 0.",
        "L runs from 0 to 100. Which L must become 0, which −1 and which 1?",
    ),
    Misconception(
        "lightness_half_range",
        "L is centred, but fills only [−0.5, 0.5]: it is divided by the whole range.",
        "From middle grey it is 50 units to black and 50 to white.",
    ),
    Misconception(
        "lightness_standardised",
        "L (or ab) is shifted and scaled by the mean and spread, or the extremes, of this batch.",
        "The same colour must give the same numbers in every batch: use the fixed range of Lab.",
    ),
    Misconception(
        "lightness_unscaled",
        "L is still in [0, 100] (or only shifted): it was not scaled.",
        "A network reads numbers of about 1: divide as well as shift.",
    ),
    Misconception(
        "chroma_unscaled",
        "a and b are not scaled at all.",
        "They reach about ±110; the network should see about ±1.",
    ),
    Misconception(
        "chroma_scale_of_lightness",
        "a and b are divided as L is, by 50 or 100.",
        "L and ab have different ranges. How far from grey can a and b be?",
    ),
    Misconception(
        "chroma_scale_of_bytes",
        "a and b are divided by 128 (or 127, or 255), the range of a byte.",
        "Here the scale is 110, about the largest |a| or |b| of any screen colour.",
    ),
    Misconception(
        "chroma_shifted",
        "a and b are shifted, as if they began at 0: grey no longer has ab = 0.",
        "a and b are centred already: negative is green or blue, positive is red or yellow.",
    ),
    Misconception(
        "order_swapped",
        "The two parts have changed places: ab came first.",
        "Return lightness first, then chroma.",
    ),
    Misconception(
        "split_in_the_wrong_place",
        "The picture is split after the second channel, so that a is treated as lightness (or "
        "b as the lightness).",
        "Channel 0 is L; channels 1 and 2 are a and b.",
    ),
    Misconception(
        "channels_last",
        "The last axis is taken for the channels.",
        "Pictures are (n, 3, height, width): the channels are axis 1.",
    ),
    Misconception(
        "first_picture_only",
        "The first axis is taken for the channels, but it counts pictures.",
        "Pictures come in batches, (n, 3, height, width): leave axis 0 alone.",
    ),
    Misconception(
        "lightness_axis_lost",
        "The numbers are right, but the lightness has lost its axis of channels.",
        "`lab[:, 0]` drops the axis, `lab[:, :1]` keeps it.",
    ),
    Misconception(
        "joined_again",
        "One tensor came, where a pair was expected.",
        "The network reads one part and predicts the other: return `lightness, chroma`.",
    ),
)

QUANTISE_AB = (
    Misconception(
        "farthest_bin",
        "This is the farthest bin: the largest distance was chosen.",
        "`argmax` of a distance, `argmin` of a similarity: which way round is it here?",
    ),
    Misconception(
        "distance_returned",
        "This is the distance to the nearest bin, not which bin it is.",
        "`min` gives the value, `argmin` the place.",
    ),
    Misconception(
        "colour_returned",
        "This is the nearest bin's colour, not its number.",
        "The network is a classifier over bins: its label is a whole number.",
    ),
    Misconception(
        "one_hot_returned",
        "This is a one-hot vector for each pixel, not the number of the bin.",
        "Cross-entropy takes the number itself, and so do we.",
    ),
    Misconception(
        "inner_product_for_distance",
        "The largest inner product was chosen: bins far from grey win too often.",
        "|x − c|² = |x|² − 2 x·c + |c|²: which of the three terms can you leave out?",
    ),
    Misconception(
        "norm_weighed_wrongly",
        "The expanded square has a wrong factor: |c|² counts twice or half as much as it should.",
        "|x − c|² = |x|² − 2 x·c + |c|²; without |x|² and halved, it is |c|²/2 − x·c.",
    ),
    Misconception(
        "hue_only",
        "Only the hue is compared (the angle, a cosine): how colourful a pixel is plays no part.",
        "Dark red and grey have the same hue. Compare the points of the plane, not directions.",
    ),
    Misconception(
        "manhattan_distance",
        "|Δa| + |Δb| is not the distance meant here.",
        "Euclid's distance in the ab plane, the square root of Δa² + Δb² (or its square).",
    ),
    Misconception(
        "largest_difference",
        "max(|Δa|, |Δb|) is not the distance meant here: the smaller difference counts too.",
        "In the ab plane use the straight line, √(Δa² + Δb²), or its square.",
    ),
    Misconception(
        "difference_without_square",
        "The differences in a and b are added with their signs, so they cancel.",
        "Square each difference before you add the two.",
    ),
    Misconception(
        "one_axis_only",
        "Only a (or only b) is compared.",
        "A bin is a point of the plane: both coordinates count.",
    ),
    Misconception(
        "different_units",
        "Pixels and bins are compared in different units: one of them was divided by 110.",
        "Both arrive in ab units. Leave them as they are, or divide both.",
    ),
    Misconception(
        "a_and_b_swapped",
        "a of the pixel is compared with b of the bin.",
        "Channel 0 is a and channel 1 is b; columns 0 and 1 of the bins likewise.",
    ),
    Misconception(
        "pixels_scrambled",
        "The picture was reshaped to (pixels, 2) although its channels are not the last axis: a "
        "and b of different pixels were paired.",
        "Move the axis of channels to the end first (`permute` or `movedim`), then reshape.",
    ),
    Misconception(
        "nearest_pixel_of_a_bin",
        "For each bin the nearest pixel was sought, not for each pixel the nearest bin.",
        "One answer per pixel: `argmin` must run over the axis of bins.",
    ),
    Misconception(
        "flat_result",
        "The bins are right, but the shape of the picture is lost.",
        "Give the result the shape (n, height, width).",
    ),
    Misconception(
        "float_labels",
        "The bins are right, but the labels are floating-point numbers.",
        "A label is an index: keep the int64 that `argmin` returns.",
    ),
)
