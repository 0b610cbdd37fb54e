"""Plausible mistakes in assignment 2, and the sentences that help.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

_ROTATE_BATCH = (
    Misconception(
        "labels_tiled",
        "The labels run 0, 1, 2, 3, 0, 1, 2, 3, ... while the pictures come in blocks: most labels "
        "belong to another picture.",
        "All copies of one turn stand together, so each label is repeated as often as there are "
        "pictures before the next begins (`repeat_interleave`, not `repeat`).",
    ),
    Misconception(
        "labels_in_blocks",
        "The pictures run turn by turn within each picture, while the labels come in blocks: most "
        "labels belong to another picture.",
        "Join four whole batches, one for each turn, with `torch.cat`.",
    ),
    Misconception(
        "picture_by_picture",
        "Pictures and labels fit together, but in another order: all four turns of the first "
        "picture come first.",
        "Asked for are blocks: the whole batch upright, then the whole batch turned once, ...",
    ),
    Misconception(
        "clockwise",
        "The turns run clockwise: label 1 stands on a picture that was turned three times.",
        "Counter-clockwise, the last column of a picture becomes its first row. Which way does "
        "`torch.rot90` turn for k = 1, and for its two axes swapped?",
    ),
    Misconception(
        "wrong_axes",
        "Other axes than height and width are turned: pictures are mixed up with channels, or "
        "channels with rows.",
        "A batch has the axes (n, channels, height, width). Without `dims`, `rot90` takes the "
        "first two.",
    ),
    Misconception(
        "flipped_not_turned",
        "The pictures are mirrored instead of turned.",
        "A mirrored R cannot be laid on an R. Two flips make a half turn; a quarter turn needs a "
        "transpose and a flip.",
    ),
    Misconception(
        "transposed_not_turned",
        "Rows and columns are swapped where a quarter turn was asked for: the picture is mirrored "
        "along its diagonal.",
        "A transpose is half of a quarter turn: a flip is missing, and which axis is flipped "
        "decides the direction.",
    ),
    Misconception(
        "turned_once_only",
        "Labels 1, 2 and 3 all stand on pictures that were turned once.",
        "The number of turns is an argument: `torch.rot90(images, k, ...)`.",
    ),
    Misconception(
        "not_turned",
        "The batch is repeated four times, but nothing is turned.",
        "Four copies with four labels: copy k needs k quarter turns.",
    ),
    Misconception(
        "turned_twice_as_far",
        "The steps are half turns: labels 0 and 2 look the same, and so do 1 and 3.",
        "A quarter turn is 90 degrees, which `rot90` counts as 1.",
    ),
    Misconception(
        "labels_from_one",
        "The labels run from 1 to 4.",
        "Cross-entropy numbers its classes from 0, and an upright picture has 0 quarter turns.",
    ),
    Misconception(
        "labels_in_degrees",
        "The labels are degrees (0, 90, 180, 270).",
        "The label is the class, the number of quarter turns: 0, 1, 2 or 3.",
    ),
    Misconception(
        "upright_left_out",
        "Only three copies came: the upright pictures are missing.",
        "Upright is one of the four classes. Without it the network cannot learn what upright is.",
    ),
    Misconception(
        "labels_one_hot",
        "The labels are one-hot rows of four numbers.",
        "One whole number for each picture is enough: its class.",
    ),
    Misconception(
        "labels_not_whole",
        "The labels are right, but they are floating-point numbers.",
        "Class labels are whole numbers (int64); cross-entropy takes floats for something else.",
    ),
    Misconception(
        "stacked_not_joined",
        "The four copies are stacked along a new axis.",
        "The result is one batch of 4n pictures with the same four axes: `torch.cat`, not `stack`.",
    ),
    Misconception(
        "pictures_only",
        "Only the pictures came back; the labels are missing.",
        "Return a pair: `return pictures, labels`.",
    ),
)

_ROTATION_LOSS = (
    Misconception(
        "softmax_before_cross_entropy",
        "The softmax is applied twice: by hand, and again inside the cross-entropy.",
        "`F.cross_entropy` takes raw logits. Given probabilities, it can never fall below 0.74.",
    ),
    Misconception(
        "log_of_softmax",
        "The logarithm is taken of a softmax that has already rounded to 0 (or of an exponential "
        "that has overflowed).",
        "For a very sure network p is 0 in float32, yet log p is simply −200. Which torch function "
        "gives the logarithm of the softmax in one go?",
    ),
    Misconception(
        "epsilon_in_log",
        "A small epsilon (or a clamp) keeps the logarithm finite, but also stops it: where the "
        "network is surely wrong, the value is too small.",
        "Work with the logits themselves: log softmax has an exact form that needs no epsilon.",
    ),
    Misconception(
        "sum_instead_of_mean",
        "The losses are summed over the batch, not averaged.",
        "A batch of twice as many pictures must not have twice the loss.",
    ),
    Misconception(
        "one_loss_per_picture",
        "One loss for each picture came back; the mean is missing.",
        "An optimiser needs one number: average over the batch.",
    ),
    Misconception(
        "mean_over_all_logits",
        "The mean runs over all four logits of each picture, three of which count as 0: exactly a "
        "quarter came.",
        "Pick the logarithm of the right turn first (or sum over the turns), then average over the "
        "pictures.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: descending this makes the right turn less likely.",
        "log p is never positive, a loss never negative here.",
    ),
    Misconception(
        "logits_taken_for_log_probabilities",
        "The logits are taken for logarithms of probabilities: nothing makes the four sum to 1.",
        "First `log_softmax`, then pick the right turn. `nll_loss` does only the second step.",
    ),
    Misconception(
        "no_logarithm",
        "The logarithm is missing: this is the probability of the right turn itself.",
        "The loss is −log p: it grows without bound when the network is surely wrong.",
    ),
    Misconception(
        "softmax_over_the_batch",
        "The softmax runs over the batch: the pictures compete with each other.",
        "The four turns of *one* picture are the alternatives. Which axis are they on?",
    ),
    Misconception(
        "squared_error",
        "This is a squared distance to the one-hot label, a loss for numbers.",
        "For classes, the loss is −log of the probability of the right one.",
    ),
    Misconception(
        "four_yes_or_no_questions",
        "Each turn is judged by itself, as in four yes-or-no questions.",
        "Exactly one of the four turns is right, so their probabilities share one softmax.",
    ),
    Misconception(
        "share_of_errors",
        "This is the share of wrong answers; it has no slope that an optimiser could follow.",
        "A loss must change when the network becomes a little surer: use its probabilities.",
    ),
    Misconception(
        "labels_smoothed",
        "The labels are smoothed: a known trick, but another loss.",
        "Here the right turn has probability 1 and the others 0.",
    ),
    Misconception(
        "log_base_2",
        "The logarithm has base 2: the loss is in bits, not in nats.",
        "Use the natural logarithm: four equal logits give log 4 = 1.386.",
    ),
    Misconception(
        "gradient_cut",
        "The number is right, but no gradient reaches the logits: the loss was turned into a plain "
        "number, or detached.",
        "A loss must stay a tensor with its history: no `.item()`, `float()`, `.detach()` or "
        "`torch.no_grad()`.",
    ),
)

_FREEZE_FIRST_BLOCKS = (
    Misconception(
        "batch_norm_still_updating",
        "The weights of the first blocks are frozen, but their batch norm is not: in training its "
        "running mean and variance go on changing.",
        "They are no parameters, so no gradient is needed to change them. What switches batch norm "
        "from the batch's statistics to the stored ones?",
    ),
    Misconception(
        "eval_mode_only",
        "The first blocks are in evaluation mode, but their weights still take gradients.",
        "`eval()` concerns batch norm and dropout only. `requires_grad` decides who learns.",
    ),
    Misconception(
        "last_instead_of_first",
        "The last blocks are frozen instead of the first.",
        "The first blocks, near the picture, know edges and parts; the last ones adapt to the new "
        "task.",
    ),
    Misconception(
        "others_frozen",
        "It is the wrong way round: the first blocks learn, and all others are frozen.",
        "`network[:count]` are the first blocks, `network[count:]` the others.",
    ),
    Misconception(
        "one_block_too_many",
        "One block too many is frozen.",
        "`count` blocks have the indices 0 to count − 1.",
    ),
    Misconception(
        "one_block_too_few",
        "One block too few is frozen.",
        "A slice ends before its second number: `network[:count]` has `count` blocks.",
    ),
    Misconception(
        "that_block_only",
        "Only one block is frozen; those before it learn on.",
        "`count` says how many blocks rest, from the first on, not which one.",
    ),
    Misconception(
        "whole_network_frozen",
        "The whole network is frozen: nothing can learn.",
        "Freeze a part of it: what does `network[:count]` give?",
    ),
    Misconception(
        "whole_network_in_eval",
        "The whole network is in evaluation mode: the batch statistics of the blocks that learn "
        "rest too.",
        "Only the first blocks rest; the others train as always.",
    ),
    Misconception(
        "attribute_of_the_block",
        "`requires_grad` was set on a block. A block is no parameter: it got a new attribute, and "
        "nothing else happened.",
        "Set it on each of the block's `parameters()`, or call the block's method "
        "`requires_grad_(False)`.",
    ),
    Misconception(
        "batch_norm_left_out",
        "Only the linear layers are frozen: batch norm has a scale and a shift of its own, and "
        "they learn on.",
        "Freeze all parameters of a block, whichever layer they belong to.",
    ),
    Misconception(
        "weights_only",
        "Only parameters called weight are frozen; the biases learn on.",
        "A block's `parameters()` are all that it learns.",
    ),
    Misconception(
        "batch_statistics_still_used",
        "The running statistics rest, but batch norm still divides by those of the batch: what "
        "the frozen blocks see in a picture depends on the others in its batch.",
        "Batch norm needs to be told that it is not training; then it uses what it stored.",
    ),
    Misconception(
        "hands_over_everything",
        "All parameters are handed over, frozen ones too.",
        "An optimiser should hold only what it may change: keep those that still take gradients.",
    ),
    Misconception(
        "hands_over_the_frozen",
        "The frozen parameters are handed over: the optimiser would have nothing to do.",
        "Hand over the others, those that still take gradients.",
    ),
    Misconception(
        "hands_over_nothing",
        "The freezing is done, but nothing is returned for the optimiser.",
        "End with a `return` of the list of parameters that still learn.",
    ),
    Misconception(
        "hands_over_blocks",
        "Blocks came back where parameters were expected.",
        "An optimiser takes tensors: each block's `parameters()`.",
    ),
    Misconception(
        "hands_over_copies",
        "What came back are copies of the parameters: an optimiser would change the copies, and "
        "the network would stay as it is.",
        "Hand over the very objects that `parameters()` gives.",
    ),
)

_LABEL_BUDGET = (
    Misconception(
        "drawn_from_all",
        "The right number of rows in all, but drawn from the whole set: some classes get more, "
        "some fewer, some none.",
        "Draw within each class: first the rows of one class, then a few of those.",
    ),
    Misconception(
        "so_many_in_all",
        "`per_class` rows came in all, not of each class.",
        "Draw that many from every class, and join what was drawn.",
    ),
    Misconception(
        "first_of_each_class",
        "It always takes the first rows of each class: nothing is random.",
        "Data files are often sorted (by date, by author). Shuffle the rows of a class first.",
    ),
    Misconception(
        "global_generator",
        "It draws from torch's global generator, not from the one that was given.",
        "Torch's random functions take `generator=`; without it, the result depends on whatever "
        "else was drawn before.",
    ),
    Misconception(
        "other_dice",
        "It draws with NumPy or Python's random module: the generator that was given has no say.",
        "Draw with torch, and pass `generator=generator`.",
    ),
    Misconception(
        "seed_of_its_own",
        "It sets a seed of its own: whatever generator comes, the rows are the same.",
        "Who calls decides the seed. Draw from the generator that was given, as it is.",
    ),
    Misconception(
        "generator_started_again",
        "It starts the generator again at its first seed: a second draw gives the same rows.",
        "Just draw. The generator remembers by itself where it is.",
    ),
    Misconception(
        "numbered_within_the_class",
        "The numbers say where a picture stands within its class, not in the data set.",
        "Keep the rows of a class, `(labels == label).nonzero()`, and shuffle *those*.",
    ),
    Misconception(
        "drawn_with_replacement",
        "Rows are drawn with replacement: some picture comes twice, so there are fewer labels than "
        "the budget says.",
        "A shuffle (`torch.randperm`) and its first few entries never repeat one.",
    ),
    Misconception(
        "classes_counted_from_0",
        "The classes are taken to be 0, 1, 2, ...; here they are called otherwise.",
        "`labels.unique()` says which classes there are.",
    ),
    Misconception(
        "ten_classes_assumed",
        "Ten classes are taken for granted.",
        "How many there are, and what they are called, `labels.unique()` says.",
    ),
    Misconception(
        "labels_instead_of_rows",
        "Labels came back, not the rows of the pictures that carry them.",
        "With row numbers one can pick pictures *and* labels: `images[rows]`, `labels[rows]`.",
    ),
    Misconception(
        "mask_instead_of_rows",
        "A mask of yes and no came back where row numbers were expected.",
        "`mask.nonzero().flatten()` turns one into the other.",
    ),
    Misconception(
        "list_instead_of_tensor",
        "The rows are right, but they came as a Python list.",
        "Join the rows of all classes into one tensor: `torch.cat`.",
    ),
    Misconception(
        "too_few_accepted",
        "A class with fewer labels than asked for is accepted without a word.",
        "A slice past the end gives less and says nothing. Test for it, and "
        "`raise ValueError(...)` with a sentence that says why.",
    ),
    Misconception(
        "wrong_exception",
        "A class that is too small is refused by another exception than ValueError.",
        "`assert` is for your own mistakes (and can be switched off); bad input deserves "
        "`raise ValueError(...)`.",
    ),
)

_RELATIVE_PATCH_PAIR = (
    Misconception(
        "centre_counted",
        "The centre is counted as a place: from place 4 on, the neighbour is one too early, and "
        "place 4 is the centre itself.",
        "Nine cells, but eight neighbours: after place 3 (left) the numbering skips the centre.",
    ),
    Misconception(
        "numbered_from_one",
        "The places are numbered from 1: each neighbour is the one before.",
        "Place 0 is the upper left, place 7 the lower right.",
    ),
    Misconception(
        "column_by_column",
        "The places are numbered column by column.",
        "Row by row: places 0, 1, 2 are above the centre, 3 and 4 beside it.",
    ),
    Misconception(
        "numbered_clockwise",
        "The places are numbered round the centre, like the hours of a clock.",
        "Row by row: 0, 1, 2 above, 3 and 4 beside the centre, 5, 6, 7 below.",
    ),
    Misconception(
        "upside_down",
        "Above and below have changed places.",
        "In a picture, row numbers grow downwards: above means a smaller row.",
    ),
    Misconception(
        "opposite_place",
        "Each neighbour is on the opposite side.",
        "The place says where the neighbour lies as seen from the centre, not the other way round.",
    ),
    Misconception(
        "gap_ignored",
        "The neighbour touches the centre: the gap is missing.",
        "Without a gap, lines that run across the border give the answer away. From corner to "
        "corner it is one patch *and* one gap.",
    ),
    Misconception(
        "gap_counted_twice",
        "The gap is counted twice.",
        "There is one gap between the two patches; from corner to corner it is side + gap.",
    ),
    Misconception(
        "side_forgotten",
        "The two patches overlap: the neighbour is moved by the gap alone.",
        "The gap lies between the *edges*; from corner to corner it is side + gap.",
    ),
    Misconception(
        "shift_ignored",
        "The neighbour is not shifted.",
        "Add the shift to the neighbour's corner, (down, right), in pixels.",
    ),
    Misconception(
        "shift_turned_round",
        "The neighbour is shifted the other way.",
        "A shift of (1, 0) moves it one pixel *down*: a larger row.",
    ),
    Misconception(
        "shift_axes_swapped",
        "The two numbers of the shift have changed places.",
        "Rows come first: (down, right).",
    ),
    Misconception(
        "both_shifted",
        "Both patches are shifted, so their distance does not change at all.",
        "The centre stays at its corner; the neighbour alone is shifted.",
    ),
    Misconception(
        "centre_shifted_instead",
        "The centre is shifted instead of the neighbour.",
        "The centre stays at its corner: the shift belongs to the other patch.",
    ),
    Misconception(
        "corner_axes_swapped",
        "The two numbers of the corner have changed places.",
        "Rows come first: (top, left), and a picture is (channels, height, width).",
    ),
    Misconception(
        "corner_taken_for_middle",
        "The corner is taken for the middle of the centre patch.",
        "(top, left) is the patch's first pixel: it reaches from `top` to `top + side − 1`.",
    ),
    Misconception(
        "neighbour_first",
        "The two patches have changed places: the neighbour comes first.",
        "Return the centre first: the place is where the *second* lies, as seen from the first.",
    ),
    Misconception(
        "same_patch_twice",
        "The centre patch came twice.",
        "The second patch is cut at the neighbour's own corner.",
    ),
    Misconception(
        "channels_last",
        "The patches have their channels last.",
        "A picture here is (channels, height, width), and so is each patch.",
    ),
    Misconception(
        "outside_accepted",
        "A neighbour that leaves the picture is accepted.",
        "Slicing never complains: a negative start counts from the other end, and past the end "
        "there is simply less. Test for it, and `raise ValueError(...)`.",
    ),
    Misconception(
        "pushed_back_inside",
        "A neighbour that would leave the picture is pushed back inside, where its label is wrong.",
        "A pair with a wrong label is worse than none: `raise ValueError(...)`.",
    ),
    Misconception(
        "edge_refused",
        "A neighbour at the very edge is refused, though it fits.",
        "Row 0 is inside, and a patch may end with the last row: top + side = height is fine.",
    ),
    Misconception(
        "wrong_exception",
        "A neighbour outside is refused by another exception than ValueError.",
        "`assert` is for your own mistakes (and can be switched off); bad input deserves "
        "`raise ValueError(...)`.",
    ),
)

MISCONCEPTIONS = {
    "rotate_batch": _ROTATE_BATCH,
    "rotation_loss": _ROTATION_LOSS,
    "freeze_first_blocks": _FREEZE_FIRST_BLOCKS,
    "label_budget": _LABEL_BUDGET,
    "relative_patch_pair": _RELATIVE_PATCH_PAIR,
}
