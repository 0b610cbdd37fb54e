"""Questions with their answers in the clear: the source of the locked file that ships."""

QUESTIONS = {
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
    "value_at_equilibrium": {
        "question": "What is V(D, G) when p_G = p_data and D is optimal? (two decimals)",
        "answer": -1.386294,
        "decimals": 2,
        "reason": "D = 1/2 everywhere, so V = log(1/2) + log(1/2) = −log 4.",
        "hints": {"": "What does the optimal D say everywhere, when nothing tells the two apart?"},
    },
}
