"""Plausible mistakes with a Gaussian's covariance in space, and with its ellipse on the picture.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

COVARIANCE_3D = (
    Misconception(
        "order_xyzw",
        "The quaternion was read as (x, y, z, w).",
        "Here the real part comes first: (1, 0, 0, 0) turns nothing.",
    ),
    Misconception(
        "not_normalised",
        "The quaternion was used as it came, whatever its length.",
        "The matrix is a rotation only for quaternions of length 1. A fit does not keep them so.",
    ),
    Misconception(
        "normalised_over_the_batch",
        "The quaternions were divided by a length taken over all Gaussians, not each by its own.",
        "Along which axis are the four numbers of one quaternion?",
    ),
    Misconception(
        "rotation_transposed",
        "The Gaussians are turned backwards: Rᵀ diag(s)² R.",
        "Read the product from the right: a vector is turned back, stretched, turned forth.",
    ),
    Misconception(
        "scale_not_squared",
        "This is R diag(s) Rᵀ: standard deviations where variances belong.",
        "An axis of length 2 has variance 4. Where does the second factor s come from?",
    ),
    Misconception(
        "scale_squared_twice",
        "The axes come in to the fourth power.",
        "In (R S)(R S)ᵀ each S counts once: it holds s, not s².",
    ),
    Misconception(
        "scale_exponentiated",
        "The axes went through an exponential first.",
        "The stored numbers of a scene are logarithms, but this function is given the lengths.",
    ),
    Misconception(
        "rotation_lost",
        "The rotation has cancelled: the result is diag(s)² for every quaternion.",
        "S R Rᵀ S is S². Which matrix has to touch the vector first, stretching or turning?",
    ),
    Misconception(
        "turned_twice",
        "The last factor is R where its transpose belongs: the vector is turned on, not back.",
        "A covariance is symmetric. Is R diag(s)² R?",
    ),
    Misconception(
        "not_turned_back",
        "One rotation is missing: R diag(s)² is not symmetric, and no covariance.",
        "The covariance of A z, with z normal, is A Aᵀ.",
    ),
    Misconception(
        "inverse_returned",
        "This is the inverse of the covariance.",
        "Long axes have large variances: multiply by s², do not divide.",
    ),
    Misconception(
        "two_forgotten",
        "The factors 2 in the rotation matrix are missing.",
        "Put (0, 1, 0, 0), half a turn about x, into your matrix. Is it a rotation?",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches axes or quaternions.",
        "A fit moves both: stay with torch functions, no `.item()`, `.tolist()` or `.detach()`.",
    ),
)

PROJECT_COVARIANCE = (
    Misconception(
        "rotation_transposed",
        "The camera's rotation and its transpose are confused.",
        "`rotation` turns camera axes into world axes. Which way do you have to go?",
    ),
    Misconception(
        "rotation_forgotten",
        "The covariance was not turned into the camera's axes.",
        "J is written in the camera's axes, the covariance in the world's: W stands between them.",
    ),
    Misconception(
        "mean_not_turned",
        "The mean is taken relative to the camera, but not in its axes.",
        "z in J is the depth: the third coordinate in the camera's axes, not in the world's.",
    ),
    Misconception(
        "centre_forgotten",
        "The camera is taken to stand at the origin.",
        "A point in camera axes is Rᵀ (m − centre).",
    ),
    Misconception(
        "centre_added",
        "The camera's centre is added to the mean.",
        "Seen from the camera, the camera itself is at the origin.",
    ),
    Misconception(
        "low_pass_forgotten",
        "The low-pass is missing: nothing is added to the two variances.",
        "What does a Gaussian thinner than a pixel look like between the pixel centres?",
    ),
    Misconception(
        "low_pass_everywhere",
        "0.3 was added to all four entries: that makes the ellipse slant.",
        "A blur that is the same in all directions has a covariance of 0.3 times the identity.",
    ),
    Misconception(
        "low_pass_squared",
        "The blur was taken for a standard deviation and squared.",
        "0.3 is a variance already, in squared pixels.",
    ),
    Misconception(
        "low_pass_in_space",
        "The blur was added in space, before the projection.",
        "It belongs to the pixels, which are equally wide near and far.",
    ),
    Misconception(
        "third_column_forgotten",
        "The third column of J is missing: moving along the depth seems to change nothing.",
        "What does x / z do when z grows, for a point that is not on the axis?",
    ),
    Misconception(
        "third_column_sign",
        "The third column of J has the wrong sign.",
        "A point that moves away moves towards the middle of the picture.",
    ),
    Misconception(
        "depth_not_squared",
        "In the third column of J the depth is not squared.",
        "Differentiate x / z by z.",
    ),
    Misconception(
        "no_division",
        "The depth plays no part in the first two columns of J.",
        "Twice as far away, a thing looks half as large: where is the division by z?",
    ),
    Misconception(
        "focal_forgotten",
        "The focal length is missing: these are not pixels.",
        "Pixels come from f x / z, so every entry of J has a factor f.",
    ),
    Misconception(
        "focal_once",
        "The focal length comes in once, but covariances are squared lengths.",
        "J stands on both sides of the covariance.",
    ),
    Misconception(
        "distance_not_depth",
        "The distance from the camera was taken where the depth belongs.",
        "The picture is flat: z is measured along the optical axis.",
    ),
    Misconception(
        "axes_swapped",
        "u and v are exchanged.",
        "u goes with x, the first axis, v with y, the second.",
    ),
    Misconception(
        "inverse_returned",
        "This is the inverse of the covariance, which comes only with the next function.",
        "Near things are large on the picture: their covariance grows.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient reaches the means or the covariances.",
        "A fit moves both: stay with torch functions, no `.item()`, no `torch.tensor([...])`.",
    ),
)
