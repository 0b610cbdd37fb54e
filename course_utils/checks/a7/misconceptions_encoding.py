"""Plausible mistakes in the positional encoding, and the sentence that helps with each."""

from course_utils.checks.exercise import Misconception

POSITIONAL_ENCODING = (
    Misconception(
        "pi_missing",
        "The factor π is missing.",
        "sin(2ᵏ π x): from −1 to 1 the slowest sine runs through exactly one wave.",
    ),
    Misconception(
        "twice_pi",
        "All waves are one octave too fast: 2π in place of π, or 2¹ as the first power.",
        "The powers begin with 2⁰ = 1, and the factor is π.",
    ),
    Misconception(
        "linear_frequencies",
        "The frequencies grow as 1, 2, 3, 4, ... (or 0, 1, 2, ...), not as 1, 2, 4, 8, ...",
        "Every wave is twice as fast as the one before: 2 ** k, not k.",
    ),
    Misconception(
        "squares_for_powers",
        "The frequencies are squares: k ** 2 stands in place of 2 ** k.",
        "The 2 is the base, k the exponent.",
    ),
    Misconception(
        "other_base",
        "The frequencies are powers of another number than 2.",
        "Octaves: 2 ** k. The base of `torch.exp` is e.",
    ),
    Misconception(
        "slower_and_slower",
        "The waves get slower instead of faster: it is divided by 2 ** k.",
        "Fine detail needs fast waves: multiply by 2 ** k.",
    ),
    Misconception(
        "points_kept_too",
        "The points themselves are among the features.",
        "Some codes keep them; here there are 2 L D features and no more.",
    ),
    Misconception(
        "axis_by_axis",
        "The features run coordinate by coordinate.",
        "The octave comes first: all coordinates at k = 0, then all at k = 1, and so on.",
    ),
    Misconception(
        "sine_and_cosine_in_pairs",
        "Sine and cosine alternate for every coordinate.",
        "Within an octave first the sines of all coordinates, then their cosines.",
    ),
    Misconception(
        "all_sines_first",
        "All sines of all octaves come first, then all cosines.",
        "Octave by octave: sines and cosines of k = 0, then of k = 1, and so on.",
    ),
    Misconception(
        "cosine_first",
        "The cosines stand before the sines.",
        "Within an octave the sines come first.",
    ),
    Misconception(
        "fast_waves_first",
        "The fastest wave comes first.",
        "Begin with k = 0, the slowest.",
    ),
    Misconception(
        "sines_only",
        "The cosines are missing.",
        "A sine alone does not tell x = 1/4 from 3/4: each octave has both.",
    ),
    Misconception(
        "cosines_only",
        "The sines are missing.",
        "A cosine alone does not tell x from −x: each octave has both.",
    ),
    Misconception(
        "sine_and_cosine_in_turn",
        "Even octaves have a sine only, odd ones a cosine only.",
        "Both for every octave.",
    ),
    Misconception(
        "last_octave_only",
        "Only the fastest octave is there.",
        "All of them: k = 0, ..., L − 1. Is the list made anew in every turn of the loop?",
    ),
    Misconception(
        "one_octave_too_many",
        "There is one octave too many.",
        "k runs from 0 to L − 1.",
    ),
    Misconception(
        "one_octave_too_few",
        "There is one octave too few.",
        "k runs from 0 to L − 1; `range(L)` stops before L by itself.",
    ),
    Misconception(
        "added_up",
        "The octaves are added up or averaged.",
        "Put them side by side: a network needs each by itself.",
    ),
    Misconception(
        "axes_added_first",
        "The coordinates are added first: places with the same sum get the same code.",
        "Each coordinate has waves of its own.",
    ),
    Misconception(
        "not_flattened",
        "Octaves and coordinates are still axes of their own.",
        "One axis of 2 L D features: `.flatten(...)` the last ones, in the right order.",
    ),
    Misconception(
        "points_flattened_too",
        "The points were flattened as well.",
        "Leading axes stay as they are; only the last one grows.",
    ),
    Misconception(
        "nothing_for_none",
        "L = 0 gives no features at all, or an error.",
        "No encoding means the coordinates themselves: return the points.",
    ),
    Misconception(
        "gradient_cut",
        "The features are right, but no gradient reaches the points.",
        "No `.detach()`, no `no_grad`: some methods move the points.",
    ),
)
