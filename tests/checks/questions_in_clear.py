"""Questions with their answers in the clear: the source of the locked file that ships."""

QUESTIONS = {
    "all_the_same": {
        "question": "A network has collapsed: every picture gets the same projection. A batch has "
        "256 pictures, so 512 views. What is SimCLR's loss, in nats?",
        "choices": {
            "a": "0: the two views of every picture agree perfectly",
            "b": "log 2, about 0.69",
            "c": "log 256, about 5.55",
            "d": "log 511, about 6.24",
        },
        "answer": "d",
        "reason": "All scores are the same, so each of the 511 candidates of a view (all views but "
        "itself) gets probability 1/511, whatever the temperature: −log(1/511). The loss asks to "
        "tell pictures apart, so a collapsed network pays the price of guessing.",
        "hints": {
            "a": "The views agree, but so do those of all other pictures. Who is the partner?",
            "b": "Each view chooses among more than two candidates.",
            "c": "Count the candidates of one view: views, not pictures.",
        },
    },
    "early_gradient": {
        "question": "Early in training D is sure: D(G(z)) = 0.01. How many times larger is the "
        "gradient of the non-saturating loss (by the logit) than that of the saturating one?",
        "choices": {
            "a": "the same",
            "b": "about 2 times",
            "c": "about 10 times",
            "d": "about 100 times",
        },
        "answer": "d",
        "reason": "By the logit the saturating loss has slope −D = −0.01, the non-saturating one "
        "−(1 − D) = −0.99: 99 times as much, exactly when G needs it.",
        "hints": {
            "a": "The two losses agree at D = 1/2 only. Differentiate log(1 − sigmoid(a)) by a.",
            "b": "Differentiate both by the logit a; put D = 0.01 in.",
            "c": "Differentiate both by the logit a; put D = 0.01 in.",
        },
    },
    "how_much_can_be_shown": {
        "question": "Two views share 10 nats of information, and the score is the best there is. "
        "Each query chooses among 64 candidates. What does log N − L come to?",
        "choices": {
            "a": "10 nats, since the score is the best there is",
            "b": "log 64, about 4.2 nats",
            "c": "10 − log 64, about 5.8 nats",
            "d": "anything: it depends on luck",
        },
        "answer": "b",
        "reason": "The loss is an average of −log p and cannot fall below 0, so log N − L cannot "
        "rise above log N. With 10 nats nearly every choice among 64 is sure and right: L is "
        "almost 0. The bound holds, but it is loose; 10 nats need e¹⁰ candidates, about 22,000.",
        "hints": {
            "a": "What is the smallest value that L can take?",
            "c": "Nothing is subtracted from the truth. What is L when every choice is right?",
            "d": "With so much information, how often is the choice among 64 wrong?",
        },
    },
    "letter_n": {
        "question": "A letter N looks the same after a half turn. A batch holds its four turns. "
        "What is the smallest mean loss that any network can reach on it, in nats?",
        "choices": {
            "a": "0, if it is large enough",
            "b": "half of log 2, about 0.35",
            "c": "log 2, about 0.69",
            "d": "log 4, about 1.39",
        },
        "answer": "c",
        "reason": "Turns 0 and 2 are one picture, and so are 1 and 3. One picture gets one answer, "
        "and the best for two equally frequent labels is 1/2 each: −log 1/2 = log 2, four times.",
        "hints": {
            "a": "The same picture comes with two labels. Can one answer be right for both?",
            "b": "How many of the four copies are undecided: two of them, or all?",
            "d": "Some turns can be told: a lying N does not look like a standing one.",
        },
    },
    "torn_between_two": {
        "question": "For one pixel a network gives red and blue exactly 1/2 each. The temperature "
        "of the annealed mean falls from 1 to 0.01. What happens to the colour?",
        "choices": {
            "a": "it turns into the vivid red or blue",
            "b": "it turns grey",
            "c": "nothing: it stays the purple between the two",
            "d": "it jumps at random between red and blue",
        },
        "answer": "c",
        "reason": "A temperature turns the ratio r of two probabilities into r^(1/T), and 1 to any "
        "power is 1: equal bins stay equal, and their mean stays where it is.",
        "hints": {
            "a": "Which of the two would it be? Put two equal logits in softmax(logits / T).",
            "b": "Grey is one more bin, and its probability is still 0.",
            "d": "Nothing random is drawn: the same logits always give the same colour.",
        },
    },
    "value_at_equilibrium": {
        "question": "What is V(D, G) when p_G = p_data and D is optimal? (two decimals)",
        "answer": -1.386294,
        "decimals": 2,
        "reason": "D = 1/2 everywhere, so V = log(1/2) + log(1/2) = −log 4.",
        "hints": {"": "What does the optimal D say everywhere, when nothing tells the two apart?"},
    },
}
