"""Wrong and right answers to psnr."""

import math

import torch
from torch.nn import functional as F


def error(x, y):
    return (x - y).square().mean()


WRONG = {
    "natural_logarithm": [
        lambda x, y: -10 * error(x, y).log(),
        lambda x, y: -10 * torch.log(F.mse_loss(x, y)),
    ],
    "twenty_for_ten": [
        lambda x, y: -20 * error(x, y).log10(),
        lambda x, y: -20 * torch.log10(F.mse_loss(x, y)),
    ],
    "sign_missing": [
        lambda x, y: 10 * error(x, y).log10(),
        lambda x, y: 20 * error(x, y).sqrt().log10(),
    ],
}

RIGHT = {
    "formula": lambda x, y: -10 * error(x, y).log10(),
    "of the root": lambda x, y: -20 * torch.log10(error(x, y).sqrt()),
    "by the natural logarithm": lambda x, y: -10 * F.mse_loss(x, y).log() / math.log(10),
    "as a quotient": lambda x, y: 10 * torch.log10(1 / error(x, y)),
}

# What the first variant of each mistake earns.
MARKS = {
    "natural_logarithm": 0.75,
    "twenty_for_ten": 0.75,
    "sign_missing": 0,
}
