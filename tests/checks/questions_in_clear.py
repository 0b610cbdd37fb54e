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
    "one_bin_or_a_hundred": {
        "question": "A ray goes through fog of density 2, the same everywhere, for a length of 1. "
        "You render it with one bin, then with 100 bins. How much of the light do 100 bins stop "
        "together?",
        "choices": {
            "a": "more than the one bin: every bin stops something",
            "b": "exactly as much as the one bin",
            "c": "less than the one bin: short bins stop next to nothing",
            "d": "nearly as much; the one bin was only a rough estimate",
        },
        "answer": "b",
        "reason": "A bin lets exp(−2/100) through, and 100 of them the product exp(−2): what one "
        "bin lets through. The exponential is the integral over a bin of constant density, so it "
        "does not matter into how many such a fog is cut.",
        "hints": {
            "a": "Each of the 100 bins is also a hundred times shorter.",
            "c": "Each stops little, but there are 100. Multiply what they let through.",
            "d": "Multiply exp(−2/100) a hundred times by itself. What comes?",
        },
    },
    "ten_percent_too_large": {
        "question": "The truth is a ball. A network predicts a ball at the right place, but its "
        "radius is 10 % too large. What is the IoU?",
        "choices": {
            "a": "about 0.91",
            "b": "about 0.83",
            "c": "about 0.75",
            "d": "about 0.55",
        },
        "answer": "c",
        "reason": "The true ball lies within the predicted one, so the IoU is the ratio of their "
        "volumes: 1 / 1.1³ = 0.75. In three dimensions a small error at the skin costs much, since "
        "so much of a shape is close to its surface.",
        "hints": {
            "a": "That would be a ratio of lengths. What is counted in a grid?",
            "b": "That would be a ratio of areas: right for a disc.",
            "d": "The true ball lies within the predicted one. What is the ratio of the volumes?",
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
    "twice_as_far": {
        "question": "A Gaussian is much smaller than a pixel: its ellipse is nothing but the "
        "low-pass. It moves to twice the distance, with its opacity as it was. What becomes of the "
        "light that it adds to the picture, its α summed over all pixels?",
        "choices": {
            "a": "it hardly changes",
            "b": "it halves",
            "c": "it falls to a quarter, like the area of anything that is twice as far away",
            "d": "it vanishes: so small a thing slips between the pixel centres",
        },
        "answer": "a",
        "reason": "Its ellipse is 0.3 times the identity near and far, and its opacity is what it "
        "was: it covers the same pixels as before. Small things far away come out too fat. To be "
        "right, the opacity would have to fall as the blur makes the ellipse larger, as in "
        "Mip-Splatting (Yu et al. 2024).",
        "hints": {
            "b": "Which of the numbers that make α depend on the distance, when Σ is almost 0?",
            "c": "So it would be without the low-pass. What does Σ′ come to when Σ is almost 0?",
            "d": "That is what the low-pass prevents. How wide is the ellipse at the least?",
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
