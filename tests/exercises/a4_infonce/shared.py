"""What the answers to several exercises of the assignment share."""

import math

import torch
from torch.nn import functional as F


def chosen(x, labels):
    return x[torch.arange(len(x)), labels]


def hot(s, labels):
    return F.one_hot(labels, s.shape[1]).to(s)


def diagonal(s):
    return torch.arange(len(s))


def first(s):
    return torch.zeros(len(s), dtype=torch.long)


def negatives_only(s, labels):
    """log sum over the negatives alone."""
    return s.masked_fill(hot(s, labels).bool(), -math.inf).logsumexp(1)


def naive(s, labels):
    powers = s.exp()
    return -(chosen(powers, labels) / powers.sum(1)).log()


def detached(answer):
    """The right number in three ways that no gradient survives."""

    def no_grad(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    return [
        lambda *inputs: answer(*inputs).item(),
        lambda *inputs: answer(*inputs).detach(),
        no_grad,
        lambda *inputs: torch.tensor(answer(*inputs).item()),
    ]
