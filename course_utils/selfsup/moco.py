"""MoCo: contrast against a queue of keys that a slowly moving copy of the encoder made.

A query is compared with its own key and with thousands of keys of earlier batches. No gradient
reaches any key: the key encoder follows the query encoder by momentum, so that keys of different
ages still live in almost the same space. Memory and time per step do not grow with the number of
negatives, apart from one matrix product.

Source: He et al. (2020), "Momentum contrast for unsupervised visual representation learning",
Algorithm 1; Chen et al. (2020b), "Improved baselines with momentum contrastive learning"
(MoCo v2) for the non-linear head, stronger augmentation and cosine schedule.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

Keys = Float[Tensor, "n d"]
Queue = Float[Tensor, "k d"]
Generator = torch.Generator | None


# ------------------------------------------------------------------------------ the loss


def moco_logits(
    queries: Keys, keys: Keys, queue: Queue, temperature: float = 0.2
) -> Float[Tensor, "n candidates"]:
    """Returns ``[q . k+ | q . queue] / T``: one row per query, its own key in column 0.

    All vectors must have length 1; the other keys of the batch are not among the negatives.
    Keys are constants: only the queries receive a gradient.

    Source: He et al. (2020), Algorithm 1: the lines ``l_pos``, ``l_neg`` and ``logits``.

    Raises:
        ValueError: when the shapes do not fit or the temperature is not positive.
    """
    if queries.shape != keys.shape or queries.ndim != 2:
        raise ValueError(
            f"each query needs its own key, got {tuple(queries.shape)} and {tuple(keys.shape)}"
        )
    if queue.ndim != 2 or queue.shape[1] != queries.shape[1]:
        raise ValueError(f"the queue holds keys {tuple(queue.shape)}, queries {queries.shape[1]}")
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    own = (queries * keys.detach()).sum(dim=1, keepdim=True)
    return torch.cat([own, queries @ queue.detach().T], dim=1) / temperature


def moco_loss(logits: Float[Tensor, "n candidates"]) -> Float[Tensor, ""]:
    """Returns the mean cross-entropy with candidate 0 as the right one, in nats."""
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))


# --------------------------------------------------------------------- queue and momentum


@torch.no_grad()
def enqueue_dequeue(queue: Queue, place: int, keys: Keys) -> tuple[Queue, int]:
    """Returns the queue with its oldest keys replaced by new ones, and where the oldest is now.

    A ring: rows ``place, place + 1, ... (mod k)`` are the oldest. The queue that went in stays
    as it was: ``backward`` may still need it, and fails if it was written over.

    Raises:
        ValueError: when the keys do not fit into the queue, or ``place`` is not one of its rows.
    """
    if keys.ndim != 2 or keys.shape[1:] != queue.shape[1:] or len(keys) > len(queue):
        raise ValueError(f"keys {tuple(keys.shape)} do not fit a queue {tuple(queue.shape)}")
    if not 0 <= place < len(queue):
        raise ValueError(f"place must be one of the {len(queue)} rows, got {place}")
    rows = (place + torch.arange(len(keys), device=queue.device)) % len(queue)
    renewed = queue.index_copy(0, rows, keys.to(queue))
    return renewed, (place + len(keys)) % len(queue)


class KeyQueue(nn.Module):
    """The last ``size`` keys, oldest overwritten first, and the batch that each came from.

    It starts with random directions, which are easy negatives until they are overwritten.

    Raises:
        ValueError: when ``size`` or ``features`` is below 1.
    """

    def __init__(self, size: int, features: int, generator: Generator = None) -> None:
        super().__init__()
        if min(size, features) < 1:
            raise ValueError(f"size and features must be at least 1, got {size} and {features}")
        device = generator.device if generator is not None else None
        start = torch.randn(size, features, generator=generator, device=device)
        self.register_buffer("keys", F.normalize(start, dim=1))
        self.register_buffer("born", torch.full((size,), -1, device=device))
        self.register_buffer("place", torch.tensor(0, device=device))
        self.register_buffer("batches", torch.tensor(0, device=device))

    def __len__(self) -> int:
        return len(self.keys)

    def enqueue(self, keys: Keys) -> None:
        """Takes the keys of one batch in; safe before and after ``backward``."""
        place = int(self.place)
        self.keys, after = enqueue_dequeue(self.keys, place, keys)
        rows = (place + torch.arange(len(keys), device=self.born.device)) % len(self)
        self.born = self.born.index_fill(0, rows, int(self.batches))
        self.place, self.batches = torch.full_like(self.place, after), self.batches + 1

    def ages(self) -> Int[Tensor, " k"]:
        """Returns how many batches ago each key was made, 1 for the newest; -1 if never."""
        return torch.where(self.born < 0, -1, self.batches - self.born)


@torch.no_grad()
def momentum_update(key_encoder: nn.Module, query_encoder: nn.Module, momentum: float) -> None:
    """Moves every parameter of the key encoder: ``key <- m key + (1 - m) query``, in place.

    Batch statistics are not parameters: each encoder measures its own.

    Source: He et al. (2020), equation 2; m = 0.999 there, for 200 epochs of ImageNet.

    Raises:
        ValueError: when the momentum lies outside [0, 1] or the encoders differ.
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"the momentum lies in [0, 1], got {momentum}")
    keys, queries = list(key_encoder.parameters()), list(query_encoder.parameters())
    if [key.shape for key in keys] != [query.shape for query in queries]:
        raise ValueError("the two encoders must have the same parameters")
    for key, query in zip(keys, queries, strict=True):
        key.lerp_(query, 1 - momentum)


def drift(key_encoder: nn.Module, query_encoder: nn.Module) -> float:
    """Returns how far the copy is behind: ``|key - query| / |query|`` over all parameters."""
    with torch.no_grad():
        pairs = zip(key_encoder.parameters(), query_encoder.parameters(), strict=True)
        gaps = [((key - query).square().sum(), query.square().sum()) for key, query in pairs]
        apart, length = (torch.stack(column).sum() for column in zip(*gaps, strict=True))
        return (apart / length).sqrt().item()


# ------------------------------------------------------------------------------- the step


class MomentumContrast(nn.Module):
    """The query encoder, its slowly following copy, and the queue of keys.

    Give only ``query.parameters()`` to the optimiser. ``forward`` changes nothing.
    """

    def __init__(self, query: nn.Module, queue: KeyQueue) -> None:
        super().__init__()
        self.query, self.queue = query, queue
        self.key = copy.deepcopy(query).requires_grad_(False)

    def forward(self, images: Float[Tensor, "n 3 height width"]) -> Keys:
        """Returns the queries of pictures, with length 1."""
        return F.normalize(self.query(images), dim=1)


def moco_losses(
    model: MomentumContrast,
    views: Float[Tensor, "views 3 height width"],
    momentum: float = 0.99,
    temperature: float = 0.2,
    precision: Callable[[nn.Module], Callable[[Tensor], Tensor]] = lambda network: network,
) -> dict[str, float | Tensor]:
    """Algorithm 1 up to the loss: move the copy, make queries and keys, compare, renew the queue.

    The rows of ``views`` are two halves, as ``simclr.two_views`` draws them: queries are made of
    the first half, keys of the second.

    Args:
        precision: how to compute with the two networks, such as ``steps.fast_precision``.

    Returns:
        The loss, and how often a query's own key is the nearest of all (``found``).

    Raises:
        ValueError: when the views are not two halves.
    """
    if len(views) % 2:
        raise ValueError(f"expected two views of each picture, got {len(views)} in all")
    momentum_update(model.key, model.query, momentum)
    query_of, key_of = precision(model.query), precision(model.key)
    first, second = views.chunk(2)
    queries = F.normalize(query_of(first), dim=1)
    with torch.no_grad():
        keys = F.normalize(key_of(second), dim=1)
    logits = moco_logits(queries, keys, model.queue.keys, temperature)
    model.queue.enqueue(keys)  # a new tensor: the one in `logits` is left alone
    found = (logits.detach().argmax(dim=1) == 0).float().mean().item()
    return {"loss": moco_loss(logits), "found": found}
