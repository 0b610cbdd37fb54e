"""What the answers to several exercises of the assignment share."""

import torch


def right_rows(n):
    return torch.arange(2 * n).roll(n)
