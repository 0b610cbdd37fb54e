"""Plausible mistakes with the choice among N: the loss, the bound, the gradient."""

from course_utils.checks.exercise import Misconception

INFO_NCE = (
    Misconception(
        "temperature_multiplied",
        "The scores are multiplied by the temperature.",
        "A low temperature makes the choice sharper: the scores are divided by it.",
    ),
    Misconception(
        "temperature_ignored",
        "The temperature plays no part.",
        "exp(s / τ): it stands below every score.",
    ),
    Misconception(
        "temperature_after_softmax",
        "The temperature is applied after the softmax, or to the whole loss.",
        "It belongs inside the exponential: softmax(s / τ).",
    ),
    Misconception(
        "softmax_over_the_queries",
        "The softmax runs down the columns: the queries compete for each key.",
        "Each query chooses among the keys: which axis counts the keys?",
    ),
    Misconception(
        "labels_ignored",
        "The positives are taken from the diagonal: the labels play no part.",
        "The positive of query i is key labels[i].",
    ),
    Misconception(
        "positive_always_first",
        "The positive is taken to be the first key of every row.",
        "That holds where rows are made as (positive, negatives). Here the labels say where it is.",
    ),
    Misconception(
        "positive_left_out",
        "The sum below the fraction runs over the negatives alone.",
        "The positive is one of the N candidates: it stands below the line too.",
    ),
    Misconception(
        "mean_below_the_fraction",
        "The exponentials are averaged over the keys, not added: every loss is log N too small.",
        "Below the line stands a sum over all candidates.",
    ),
    Misconception(
        "sum_instead_of_mean",
        "The losses of the queries are added up, not averaged.",
        "E is an expectation: over a batch, a mean.",
    ),
    Misconception(
        "one_loss_per_query",
        "It gives one loss for each query.",
        "Average them: one number.",
    ),
    Misconception(
        "mean_over_all_scores",
        "The mean runs over all the scores: the loss is too small by the number of keys.",
        "Only the positive of each row counts; divide by the number of queries.",
    ),
    Misconception(
        "logarithm_of_the_mean",
        "The logarithm is taken of the mean probability: mean and log are exchanged.",
        "First −log for each query, then the mean.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is missing: this is the log probability, never above 0.",
        "A loss gets smaller when things get better: −log p.",
    ),
    Misconception(
        "no_logarithm",
        "The logarithm is missing: these are probabilities.",
        "L = −E[log(...)].",
    ),
    Misconception(
        "softmax_twice",
        "A softmax was taken before cross-entropy, which takes one itself.",
        "`cross_entropy` wants scores, not probabilities.",
    ),
    Misconception(
        "yes_or_no_for_each_key",
        "Each key is judged by itself, with a sigmoid.",
        "The keys compete: one choice among N, a softmax.",
    ),
    Misconception(
        "log_base_2",
        "The logarithm has base 2: these are bits.",
        "Use the natural logarithm: nats.",
    ),
    Misconception(
        "overflow",
        "Exponentials are taken by hand: at a low temperature they overflow, or leave log 0.",
        "`logsumexp`, `log_softmax` and `cross_entropy` subtract the largest score first.",
    ),
    Misconception(
        "epsilon_in_log",
        "A small number is added inside the logarithm: sure mistakes cost too little.",
        "Take the logarithm and the softmax together (`log_softmax`); then nothing is 0.",
    ),
    Misconception(
        "minus_infinity_times_zero",
        "A score of −inf gives NaN: it was multiplied by 0.",
        "Pick the positive's entry by its index instead of multiplying by a one-hot row.",
    ),
    Misconception(
        "gradient_cut",
        "The number is right, but no gradient reaches the scores.",
        "Stay with torch functions: no `.item()`, `.detach()` or `torch.no_grad()`.",
    ),
)

MUTUAL_INFORMATION_BOUND = (
    Misconception(
        "loss_returned",
        "This is the loss L itself.",
        "A small loss means much information: I ≥ log N − L.",
    ),
    Misconception(
        "minus_loss_returned",
        "This is −L: log N is missing.",
        "Without log N nothing could be above 0, and guessing would not come out as 0.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: this is L − log N.",
        "A perfect choice has L = 0 and shows the most: log N.",
    ),
    Misconception(
        "added",
        "Loss and log N are added.",
        "What the loss costs is taken off log N.",
    ),
    Misconception(
        "queries_counted",
        "N was taken to be the number of queries, the rows.",
        "N is how many candidates a query chooses among.",
    ),
    Misconception(
        "negatives_counted",
        "N was taken to be the number of negatives: one too few.",
        "The positive is a candidate too: 1 + (N − 1).",
    ),
    Misconception(
        "all_scores_counted",
        "N was taken to be the number of all scores.",
        "N is how many candidates one query chooses among.",
    ),
    Misconception(
        "logarithm_forgotten",
        "N itself stands where log N should.",
        "Guessing among N costs log N nats, and must come out as 0.",
    ),
    Misconception(
        "bits_and_nats_mixed",
        "log N is in bits, or everything is.",
        "The loss is in nats: natural logarithms throughout.",
    ),
    Misconception(
        "divided",
        "This is a ratio of L and log N.",
        "log N − L: a difference, in nats.",
    ),
    Misconception(
        "clamped",
        "Values below 0 are cut off.",
        "A mean over many batches must count the bad ones too, or it is no bound any more.",
    ),
    Misconception(
        "positive_left_out",
        "The positive is missing in the sum over the candidates: this can exceed log N.",
        "L is the cross-entropy over all N candidates.",
    ),
    Misconception(
        "labels_ignored",
        "The positives are taken from the diagonal or the first column, not from the labels.",
        "The positive of query i is key labels[i].",
    ),
    Misconception(
        "softmax_over_the_queries",
        "The softmax runs over the queries, not over the keys.",
        "Each row is a choice: which axis counts the candidates?",
    ),
    Misconception(
        "sum_instead_of_mean",
        "The losses of the queries are added up, not averaged.",
        "L is a mean over the queries.",
    ),
    Misconception(
        "one_bound_per_query",
        "It gives one value for each query.",
        "Average over the queries: one number.",
    ),
    Misconception(
        "overflow",
        "Exponentials are taken by hand, and overflow for steep scores.",
        "`cross_entropy` and `log_softmax` subtract the largest score first.",
    ),
    Misconception(
        "gradient_cut",
        "The number is right, but no gradient reaches the scores.",
        "An encoder can be trained to raise the bound: no `.item()`, `.detach()` or `no_grad`.",
    ),
)

TEMPERATURE_GRADIENT = (
    Misconception(
        "factor_forgotten",
        "The factor 1/τ in front is missing.",
        "The scores reach the softmax as s / τ: the chain rule brings out 1/τ.",
    ),
    Misconception(
        "temperature_ignored",
        "The temperature plays no part.",
        "It stands inside the softmax and, by the chain rule, in front.",
    ),
    Misconception(
        "softmax_without_temperature",
        "The factor in front is there, but the softmax is taken of the plain scores.",
        "p_j = softmax(s / τ).",
    ),
    Misconception(
        "temperature_multiplied",
        "The temperature is multiplied where it should divide.",
        "Colder is sharper and harder: both places divide by τ.",
    ),
    Misconception(
        "temperature_squared",
        "It is divided by τ twice.",
        "One factor of 1/τ comes out of the chain rule, no more.",
    ),
    Misconception(
        "not_averaged",
        "The loss is a mean over the queries; this is the gradient of their sum.",
        "Divide by the number of queries.",
    ),
    Misconception(
        "averaged_over_the_keys",
        "It is divided by the number of keys, or of all scores.",
        "The mean in L runs over the queries.",
    ),
    Misconception(
        "sign_flipped",
        "The sign is flipped: this is the way a step of descent goes, not the gradient.",
        "Raising the positive's score lowers the loss: its slope is negative.",
    ),
    Misconception(
        "positive_not_pulled",
        "This is the softmax alone: the −1 at the positive is missing.",
        "The loss has −s_label too. What is its slope?",
    ),
    Misconception(
        "no_negatives",
        "Only the positives get a gradient.",
        "The logarithm of the sum depends on every key: that is the push on the negatives.",
    ),
    Misconception(
        "positive_set_to_zero",
        "The positive's own slope is 0.",
        "It is p − 1: what is missing to being sure.",
    ),
    Misconception(
        "labels_ignored",
        "The positives are taken from the diagonal or the first column.",
        "The positive of query i is key labels[i].",
    ),
    Misconception(
        "softmax_over_the_queries",
        "The softmax runs over the queries.",
        "Each row is one choice, and its slopes add up to 0.",
    ),
    Misconception(
        "gradient_of_the_probability",
        "This is the slope of the probability itself, with a factor p (1 − p) or the like.",
        "Take the logarithm first: log p_label = s_label / τ − log Σ exp(s / τ).",
    ),
    Misconception(
        "slope_by_the_temperature",
        "One number came: the slope by the temperature.",
        "Asked for is the slope by every score, a matrix.",
    ),
    Misconception(
        "overflow",
        "Exponentials are taken by hand, and overflow when it is cold.",
        "`torch.softmax` subtracts the largest score first.",
    ),
)
