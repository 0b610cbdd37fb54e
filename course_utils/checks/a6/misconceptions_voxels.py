"""Plausible mistakes with voxels, and the sentence that helps with each."""

from course_utils.checks.exercise import Misconception

VOXELISE = (
    Misconception(
        "z_first",
        "The axes are in the order z, y, x (or z, x, y).",
        "grid[i, j, k]: i along x, j along y, k along z.",
    ),
    Misconception(
        "x_and_y_swapped",
        "The axes of x and y are swapped.",
        "Pictures are indexed row first, grids are not: grid[i, j, k] for x, y, z.",
    ),
    Misconception(
        "y_and_z_swapped",
        "The axes of y and z are swapped.",
        "k, the last index, runs along z, upwards; j along y.",
    ),
    Misconception(
        "axis_flipped",
        "One axis runs backwards.",
        "The index grows with the coordinate, along all three.",
    ),
    Misconception(
        "truncated",
        "Points just outside fall into the first voxel: −0.3 was cut to 0.",
        "`.long()` rounds towards 0. Take `floor` first: −0.3 becomes −1.",
    ),
    Misconception(
        "rounded",
        "The place is rounded to the nearest whole number.",
        "Voxel i reaches from i to i + 1: `floor`.",
    ),
    Misconception(
        "rounded_up",
        "The place is rounded up.",
        "A point just above −side / 2 is in voxel 0: `floor`, not `ceil`.",
    ),
    Misconception(
        "one_voxel_fewer",
        "The cube is cut into one voxel too few.",
        "There are `resolution` voxels along a side, not resolution − 1.",
    ),
    Misconception(
        "middle_forgotten",
        "The cube is taken to begin at 0.",
        "It reaches from −side / 2 to side / 2: move by half a side first.",
    ),
    Misconception(
        "half_a_unit_for_half_a_side",
        "The points are moved by 1/2, not by half a side.",
        "First divide by the side, then add 1/2; or add side / 2 first.",
    ),
    Misconception(
        "side_ignored",
        "The side of the cube plays no part.",
        "Divide by it: a voxel is side / resolution long.",
    ),
    Misconception(
        "side_taken_for_half",
        "The cube is taken to be twice as large.",
        "`side` is the whole length of an edge, from −side / 2 to side / 2.",
    ),
    Misconception(
        "stretched_to_fit",
        "The points are stretched until they fill the grid.",
        "The cube is given: the same point always falls into the same voxel.",
    ),
    Misconception(
        "outside_clamped",
        "Points outside are pushed into the border.",
        "They are in no voxel: leave them out.",
    ),
    Misconception(
        "outside_wrapped",
        "Points outside come in again on the other side.",
        "A negative index counts from the end. Leave such points out first.",
    ),
    Misconception(
        "only_upper_border_tested",
        "Points beyond the lower border are let in.",
        "Test both: 0 ≤ index and index < resolution.",
    ),
    Misconception(
        "only_lower_border_tested",
        "Points beyond the upper border are let in.",
        "The largest index is resolution − 1: test index < resolution as well.",
    ),
    Misconception(
        "one_axis_suffices",
        "A point is let in when one of its coordinates is inside.",
        "All three must be: `.all(-1)`.",
    ),
    Misconception(
        "outside_raises",
        "A point outside makes it fail.",
        "Leave such points out: keep the rows whose three indices are inside.",
    ),
    Misconception(
        "border_voxels_lost",
        "Points in the outermost voxels are lost.",
        "Index 0 and index resolution − 1 are inside.",
    ),
    Misconception(
        "counts_returned",
        "It counts the points in each voxel.",
        "Full or empty: True where there is at least one.",
    ),
    Misconception(
        "numbers_for_booleans",
        "The right voxels, but as numbers.",
        "Return True and False: `dtype=torch.bool`.",
    ),
    Misconception(
        "toggled",
        "A second point in a voxel empties it again.",
        "Set it to True, however often.",
    ),
    Misconception(
        "lonely_points_only",
        "Voxels with several points stay empty.",
        "At least one point, not exactly one.",
    ),
    Misconception(
        "every_combination",
        "Every x index is combined with every y and z index.",
        "One voxel for each point: grid[i, j, k] with three index tensors of the same length.",
    ),
    Misconception(
        "opposite",
        "Full and empty are swapped.",
        "True where there is a point.",
    ),
    Misconception(
        "indices_returned",
        "A list of indices came, not a grid.",
        "Start from a grid of False, and set the voxels of these indices.",
    ),
    Misconception(
        "flat",
        "The grid has one axis only.",
        "(resolution, resolution, resolution).",
    ),
)

BALANCED_OCCUPANCY_LOSS = (
    Misconception(
        "every_voxel_alike",
        "Every voxel counts the same: the many empty ones decide.",
        "Average over the full and over the empty voxels separately.",
    ),
    Misconception(
        "weights_inverted",
        "The sums are divided by the wrong counts.",
        "The full voxels by the number of full ones, the empty ones by that of empty ones.",
    ),
    Misconception(
        "weighted_by_share",
        "Each kind is weighted by its share: the rare one counts even less.",
        "The other way round: each kind is averaged, so that both count the same.",
    ),
    Misconception(
        "full_counted_up_only",
        "The full voxels are counted up, but the empty ones are averaged over all voxels.",
        "Both kinds get the same weight: each its own mean, then half of both.",
    ),
    Misconception(
        "balanced_over_the_batch",
        "Full and empty are counted over the whole batch.",
        "Every object by itself, then the mean over the objects.",
    ),
    Misconception(
        "not_halved",
        "The two means are added, not averaged.",
        "Half of each: where nothing is known the loss is log 2.",
    ),
    Misconception(
        "full_only",
        "Only the full voxels count.",
        "A network that fills everything would be perfect. The empty ones are the other half.",
    ),
    Misconception(
        "empty_only",
        "Only the empty voxels count.",
        "A network that fills nothing would be perfect. The full ones are the other half.",
    ),
    Misconception(
        "summed_over_voxels",
        "The voxels are added up.",
        "A mean over the full voxels, and one over the empty ones.",
    ),
    Misconception(
        "summed_over_objects",
        "The objects are added up.",
        "Their mean: the loss must not grow with the batch.",
    ),
    Misconception(
        "one_loss_per_object",
        "It gives one loss for each object.",
        "One number: the mean over the batch.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: this is the log probability.",
        "A loss gets smaller when things get better: −log p.",
    ),
    Misconception(
        "full_and_empty_swapped",
        "Full and empty are swapped.",
        "A large logit says full: there the cost is softplus(−logit).",
    ),
    Misconception(
        "sigmoid_twice",
        "A sigmoid was taken before a function that takes one itself.",
        "`..._with_logits`, `logsigmoid` and `softplus` want the logits.",
    ),
    Misconception(
        "bits",
        "The logarithm has base 2.",
        "Use the natural one: nats.",
    ),
    Misconception(
        "squared_error",
        "This is a squared error of the probabilities.",
        "Cross-entropy: −log p where full, −log(1 − p) where empty.",
    ),
    Misconception(
        "no_logarithm",
        "The logarithm is missing.",
        "−log p where full, −log(1 − p) where empty.",
    ),
    Misconception(
        "dice",
        "This is another loss (Dice), made of sums over both kinds.",
        "Cross-entropy, averaged over each kind.",
    ),
    Misconception(
        "overflow",
        "A logarithm is taken of a rounded sigmoid: sure answers give infinity or NaN.",
        "−log sigmoid(a) is `softplus(−a)`: never take the sigmoid first.",
    ),
    Misconception(
        "epsilon_in_log",
        "A small number is added inside the logarithm: sure mistakes cost too little.",
        "−log sigmoid(a) is `softplus(−a)`, exact for any a.",
    ),
    Misconception(
        "one_kind_accepted",
        "An object that is all empty or all full is accepted.",
        "Its mean over nothing has no value: `raise ValueError(...)` for any such object.",
    ),
    Misconception(
        "wrong_exception",
        "Such an object is refused, but not with a ValueError.",
        "`raise ValueError(...)`; an `assert` is for your own mistakes.",
    ),
    Misconception(
        "gradient_cut",
        "The number is right, but no gradient reaches the logits.",
        "Stay with torch functions: no `.item()`, `.detach()` or `no_grad`.",
    ),
)

VOXEL_IOU = (
    Misconception(
        "soft",
        "The probabilities themselves are compared.",
        "First decide: full is what is above the threshold. Then count.",
    ),
    Misconception(
        "threshold_ignored",
        "The threshold is 0.5, whatever is given.",
        "Use the argument.",
    ),
    Misconception(
        "everything_counted_full",
        "Everything above 0 counts as full.",
        "Full is what is above the *threshold*.",
    ),
    Misconception(
        "threshold_on_logits",
        "A sigmoid was taken of what are probabilities already.",
        "Compare them as they are.",
    ),
    Misconception(
        "below_the_threshold",
        "What is below the threshold counts as full.",
        "Above: predicted > threshold.",
    ),
    Misconception(
        "equal_counted_full",
        "What equals the threshold counts as full.",
        "Above means >, not ≥.",
    ),
    Misconception(
        "sum_for_union",
        "The sizes of both were added: what they share counts twice.",
        "Union: what is in the one or the other, `|`.",
    ),
    Misconception(
        "dice",
        "This is the Dice score, 2 |P ∩ T| / (|P| + |T|).",
        "Intersection over *union*.",
    ),
    Misconception(
        "recall",
        "It is divided by the truth alone: filling everything would be perfect.",
        "Divide by the union: what is full in the one or the other.",
    ),
    Misconception(
        "precision",
        "It is divided by the prediction alone: one safe voxel would be perfect.",
        "Divide by the union, so that what was missed counts too.",
    ),
    Misconception(
        "smaller_for_union",
        "It is divided by the smaller (or larger) of the two sizes.",
        "Divide by the union: it is larger than either.",
    ),
    Misconception(
        "union_over_intersection",
        "The fraction is upside down.",
        "Intersection over union: never above 1.",
    ),
    Misconception(
        "over_the_whole_grid",
        "It is divided by the number of all voxels.",
        "Divide by the union: air that both leave empty says nothing.",
    ),
    Misconception(
        "accuracy",
        "This is the share of voxels that agree, air included.",
        "Only voxels that are full in one of the two count.",
    ),
    Misconception(
        "one_minus",
        "This is 1 − IoU, a distance.",
        "1 where both are the same.",
    ),
    Misconception(
        "empty_voxels_compared",
        "The empty voxels are compared.",
        "Intersection and union of what is *full*.",
    ),
    Misconception(
        "pooled_over_the_batch",
        "The voxels of all objects are counted together.",
        "One number for each object.",
    ),
    Misconception(
        "mean_returned",
        "It gives one number for the whole batch.",
        "One for each object; whoever calls takes the mean.",
    ),
    Misconception(
        "slices_judged",
        "Slices are judged one by one, and averaged.",
        "Count over all three axes of an object, then divide.",
    ),
    Misconception(
        "nan_for_empty",
        "Where both are empty, 0 is divided by 0.",
        "Two empty grids are the same: 1, with `torch.where`.",
    ),
    Misconception(
        "zero_for_empty",
        "Where both are empty it gives 0.",
        "Two empty grids are the same: 1.",
    ),
    Misconception(
        "one_added_to_both",
        "1 is added above and below the line.",
        "It helps when both are empty, but changes all other values. Treat that case by itself.",
    ),
    Misconception(
        "numbers_for_tensor",
        "Python numbers came, not a tensor.",
        "Return a tensor (objects,).",
    ),
)
