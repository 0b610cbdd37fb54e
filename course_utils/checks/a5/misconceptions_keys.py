"""Plausible mistakes with the key encoder, the queue and the logits against it.

The names are matched by fingerprints; `cause` says what was probably done, `hint` what to
think about next, without giving the line away.
"""

from course_utils.checks.exercise import Misconception

MOMENTUM_UPDATE = (
    Misconception(
        "momentum_swapped",
        "m and 1 − m are swapped: at m = 0.99 the key encoder is almost a copy of the other.",
        "A momentum near 1 means moving slowly. Which encoder has the larger share?",
    ),
    Misconception(
        "query_moved_instead",
        "The query encoder moves towards the key encoder: the optimiser's work is undone.",
        "Who follows whom?",
    ),
    Misconception(
        "both_moved",
        "Both encoders move; the query encoder belongs to the optimiser alone.",
        "Only the key encoder's parameters may be written.",
    ),
    Misconception(
        "copied",
        "The key encoder becomes a copy of the query encoder; the momentum is not used.",
        "That is momentum 0. What share of the old key encoder stays?",
    ),
    Misconception(
        "nothing_written",
        "Nothing changes: a new value was computed, and only a local name points to it.",
        "`k = m * k + ...` makes a new tensor and forgets it. Write into the parameter: `copy_`, "
        "`mul_` and `add_`, or `lerp_`.",
    ),
    Misconception(
        "query_added",
        "The query encoder's share is added, but the key encoder was not shrunk by m first.",
        "The two shares must add up to 1.",
    ),
    Misconception(
        "shrunk_only",
        "The key encoder is multiplied by m, and nothing is added.",
        "Where does the share 1 − m come from?",
    ),
    Misconception(
        "query_added_whole",
        "The query encoder is added whole, not its share 1 − m.",
        "Two equal encoders should stay as they are. Do they?",
    ),
    Misconception(
        "plain_average",
        "The two are averaged half and half, whatever the momentum is.",
        "Where does m enter?",
    ),
    Misconception(
        "wrong_direction",
        "The key encoder moves away from the query encoder.",
        "Look at the sign of the difference.",
    ),
    Misconception(
        "weights_only",
        "The weight matrices move, the biases stay behind.",
        "`parameters()` has both.",
    ),
    Misconception(
        "first_layer_only",
        "Only the first layer moves.",
        "Does the loop end early, or return inside?",
    ),
    Misconception(
        "graph_kept",
        "The update became a part of the graph: the key encoder now hangs on the query encoder, "
        "and the graph grows with every step.",
        "Updates like this are no part of the computation. What did the optimisers of torch do "
        "around theirs?",
    ),
    Misconception(
        "memory_shared",
        "The key encoder shares memory with the query encoder: when one moves, so does the other.",
        "Assigning a tensor does not copy it. Copy the numbers.",
    ),
)

ENQUEUE_DEQUEUE = (
    Misconception(
        "queue_grows",
        "The keys are appended and none is dropped: the queue grows.",
        "Its number of rows stays the same. Which rows make place?",
    ),
    Misconception(
        "shifted",
        "All rows move up and the new keys come last; here a row stays where it is until it is "
        "overwritten.",
        "The queue is a ring: `place` says which row is the oldest, and only those are written.",
    ),
    Misconception(
        "always_from_the_start",
        "The keys are always written from row 0 on, whatever `place` is.",
        "Where is the oldest key?",
    ),
    Misconception(
        "place_not_moved",
        "The keys are in, but the place is returned as it was: the next batch will overwrite them.",
        "After n keys, which row is the oldest?",
    ),
    Misconception(
        "place_moved_by_one",
        "The place moves on by 1, where as many rows were written as there are keys.",
        "How many of the oldest rows are gone?",
    ),
    Misconception(
        "place_past_the_end",
        "The place runs past the end of the queue.",
        "After the last row comes row 0: a remainder.",
    ),
    Misconception(
        "place_back_to_zero",
        "After the end the place is 0, but some keys were already written at the start.",
        "Not 0, but as far beyond 0 as the keys reached.",
    ),
    Misconception(
        "lost_at_the_end",
        "Keys that do not fit before the end of the queue are lost.",
        "They go on at row 0.",
    ),
    Misconception(
        "stopped_at_the_end",
        "It fails where the keys reach past the last row.",
        "Take the remainder of the row numbers by the length of the queue.",
    ),
    Misconception(
        "started_again_when_full",
        "Where the keys do not fit before the end, it starts at row 0 and leaves old keys.",
        "Fill the rows up to the end first, then go on at row 0.",
    ),
    Misconception(
        "keys_reversed",
        "The keys are written in reverse order.",
        "The first key of the batch goes to the first free row.",
    ),
    Misconception(
        "written_one_late",
        "The keys are written one row too late.",
        "The first row to be written is `place` itself.",
    ),
    Misconception(
        "added_not_replaced",
        "The new keys are added to the old ones.",
        "The old numbers must go.",
    ),
    Misconception(
        "newest_replaced",
        "The rows just before `place` are overwritten: those are the newest keys.",
        "`place` is the oldest row, and the ones after it are the next oldest.",
    ),
    Misconception(
        "gradient_kept",
        "The queue holds keys that still hang on their encoder: no graph is ever freed.",
        "What cuts a tensor from its graph?",
    ),
    Misconception(
        "written_in_place",
        "The queue that went in was written over. The logits still need it: `backward` would fail.",
        "Write into a copy and return that.",
    ),
    Misconception(
        "queue_only",
        "Only the queue is returned.",
        "Return two things: the queue and the place.",
    ),
)

MOCO_LOGITS = (
    Misconception(
        "all_keys_of_the_batch",
        "Each query is compared with all keys of its batch: the own key is no longer column 0.",
        "The products are taken row by row: one number per query.",
    ),
    Misconception(
        "own_key_last",
        "The own key stands in the last column.",
        "The loss will take column 0 for the right answer.",
    ),
    Misconception(
        "own_key_missing",
        "The own key is missing; the queue holds negatives only.",
        "The right answer must be among the candidates.",
    ),
    Misconception(
        "queue_missing",
        "Only the own key is compared; without others the choice is no choice.",
        "1 + K columns are asked for.",
    ),
    Misconception(
        "summed_over_the_batch",
        "The products are summed over the batch, not over the features.",
        "A dot product runs along the entries of one vector. Which axis is that?",
    ),
    Misconception(
        "mean_instead_of_sum",
        "The products are averaged where a dot product sums.",
        "Two equal vectors of length 1 have the dot product 1.",
    ),
    Misconception(
        "temperature_forgotten",
        "The temperature is not used.",
        "Divide the logits by it.",
    ),
    Misconception(
        "temperature_multiplied",
        "The logits are multiplied by the temperature.",
        "A low temperature makes differences larger.",
    ),
    Misconception(
        "temperature_on_one_part",
        "Only one of the two parts is divided by the temperature.",
        "Own key and queue must be comparable.",
    ),
    Misconception(
        "softmax_taken",
        "These are probabilities; logits were asked for.",
        "The cross-entropy will take the softmax.",
    ),
    Misconception(
        "exponential_taken",
        "These are exponentials of the logits.",
        "The cross-entropy will take the exponential.",
    ),
    Misconception(
        "keys_compared_with_queue",
        "The keys, not the queries, are compared with the queue.",
        "Who asks, and who answers?",
    ),
    Misconception(
        "gradient_into_keys",
        "A gradient reaches the key, or the queue: both are constants.",
        "What cuts a tensor from its graph?",
    ),
    Misconception(
        "queries_detached",
        "No gradient, or only a part of it, reaches the queries: nothing would learn.",
        "Keys are constants, queries are not.",
    ),
    Misconception(
        "distance_for_dot_product",
        "Distances are used in place of dot products.",
        "At right angles the logit is 0.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: the best match gets the lowest logit.",
        "Agreement should be rewarded.",
    ),
)
