"""Pictures of one pixel."""

import torch
from torch import Tensor


def pixel(*channels: float) -> Tensor:
    """A picture of this one pixel, (1, channels, 1, 1)."""
    return torch.tensor(channels, dtype=torch.float32, device="cpu").view(1, -1, 1, 1)
