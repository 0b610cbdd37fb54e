"""Plausible mistakes with the alpha of Gaussians on the pixels, and with their picture.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

GAUSSIAN_FOOTPRINT = (
    Misconception(
        "inverse_forgotten",
        "The covariance itself stands in the exponent, not its inverse.",
        "A wide Gaussian has a large covariance, and should fall off slowly.",
    ),
    Misconception(
        "half_forgotten",
        "The factor 1/2 in the exponent is missing.",
        "One standard deviation away a Gaussian has fallen to e^(−1/2).",
    ),
    Misconception(
        "pixel_corners",
        "The pixels are asked at their upper left corners.",
        "The first pixel reaches from 0 to 1. Where is its centre?",
    ),
    Misconception(
        "counted_from_one",
        "The pixels are asked at 1, 2, 3, ...: at their far corners.",
        "The first pixel reaches from 0 to 1. Its centre is at neither end.",
    ),
    Misconception(
        "pixel_squeezed",
        "The pixels were spread from 0 to the picture's far border, or from −1 to 1.",
        "Means and covariances are in pixels: neighbouring pixels lie exactly 1 apart.",
    ),
    Misconception(
        "rows_and_columns_swapped",
        "u and v are exchanged: a mean's first number was compared with the row.",
        "u counts to the right, along a row; v counts down.",
    ),
    Misconception(
        "picture_transposed",
        "The result is (gaussians, width, height): the picture lies on its side.",
        "Rows come first. Mind `indexing` in `torch.meshgrid`.",
    ),
    Misconception(
        "not_clamped",
        "Alphas above 0.99 are left as they are.",
        "At alpha 1 everything behind loses its gradient for good.",
    ),
    Misconception(
        "threshold_forgotten",
        "Alphas below 1/255 are kept.",
        "They cannot change an 8-bit picture, and count as 0.",
    ),
    Misconception(
        "lifted_to_threshold",
        "Alphas below 1/255 were lifted to 1/255: every Gaussian now covers every pixel.",
        "What is too faint to be seen becomes 0.",
    ),
    Misconception(
        "density_not_footprint",
        "It was divided by 2π √det: that is a probability density.",
        "At its mean a Gaussian should reach its opacity, however wide it is.",
    ),
    Misconception(
        "sign_flipped",
        "The sign in the exponent is missing: the Gaussian grows with the distance.",
        "Where should a Gaussian be largest?",
    ),
    Misconception(
        "opacity_forgotten",
        "The opacity plays no part.",
        "At its mean a Gaussian covers its opacity, not everything.",
    ),
    Misconception(
        "opacity_in_exponent",
        "The opacity stands inside the exponential.",
        "alpha = opacity × footprint: twice as opaque covers twice as much.",
    ),
    Misconception(
        "distance_not_squared",
        "The exponent is linear in the distance: a square root too many.",
        "dᵀ Σ⁻¹ d is the squared distance, and stays one.",
    ),
    Misconception(
        "slant_ignored",
        "Only the two variances were used: slanted ellipses come out upright.",
        "The inverse of a matrix is not the inverse of its diagonal.",
    ),
    Misconception(
        "slant_counted_once",
        "The mixed term du dv is counted once.",
        "It stands twice in dᵀ A d: at (1, 2) and at (2, 1).",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the means or the opacities.",
        "Stay with torch functions: no `.item()`, `.tolist()` or `.detach()`.",
    ),
)

SORT_AND_COMPOSITE = (
    Misconception(
        "back_to_front",
        "The Gaussians are sorted from far to near: the farthest hides the others.",
        "Nothing stands before the nearest one. Which end of the sorted list is that?",
    ),
    Misconception(
        "not_sorted",
        "The Gaussians are taken in the order in which they are listed.",
        "A list of Gaussians has no order; their depths say who is in front.",
    ),
    Misconception(
        "colours_left_behind",
        "The alphas are sorted, the colours are not: each Gaussian wears another's colour.",
        "Whatever belongs to a Gaussian has to move with it.",
    ),
    Misconception(
        "alpha_left_behind",
        "The colours are sorted, the alphas are not.",
        "The order decides who hides whom, and that is a matter of the alphas.",
    ),
    Misconception(
        "ranks_for_order",
        "Places in the sorted list (ranks) were used where the list of indices belongs.",
        "`x[argsort]` takes indices: which Gaussian comes first, which second, and so on.",
    ),
    Misconception(
        "inclusive",
        "A Gaussian hides itself: its own 1 − α is in the product already.",
        "What reaches Gaussian i was let through by those before i. The first one gets everything.",
    ),
    Misconception(
        "transmittance_forgotten",
        "Nobody hides anybody: the colours are added with their alphas as they are.",
        "Light reaches a Gaussian only as far as those in front let it through.",
    ),
    Misconception(
        "shares_subtracted",
        "The alphas in front are subtracted from 1, one after the other.",
        "Two sheets that let half through leave a quarter, not nothing.",
    ),
    Misconception(
        "alpha_as_density",
        "exp(−Σα) was taken for what gets through: as if alpha were the density of a fog.",
        "A sheet of alpha 1/2 lets exactly 1/2 through.",
    ),
    Misconception(
        "background_forgotten",
        "The background is missing.",
        "What gets through all Gaussians sees something too.",
    ),
    Misconception(
        "background_unweighted",
        "The background is added in full, also where Gaussians hide it.",
        "Behind an opaque Gaussian there should be nothing of it. How much gets through?",
    ),
    Misconception(
        "background_where_covered",
        "The background shows where something is in front of it, and not where nothing is.",
        "Its weight is what is left, not what was taken.",
    ),
    Misconception(
        "last_one_lets_all_through",
        "The background ignores the last Gaussian, which stands before it.",
        "The weight of the last Gaussian and that of the background share what is left.",
    ),
    Misconception(
        "weights_stretched",
        "The weights were divided by their sum: thin veils turn opaque.",
        "With the background's weight they sum to 1 without any division.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches alphas, colours or background.",
        "A fit needs them all: no `.item()`, `.detach()` or `torch.no_grad()`.",
    ),
)
