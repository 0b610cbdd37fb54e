"""MoCo's queue, live: step through the ring, see its keys grow old while the encoder learns.

The ring shows how old each key is. Beside it: the same views, encoded again now, compared with
what the queue still holds. The faster the key encoder moves, the less old keys are worth.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core import steps
from course_utils.core.encoders import ConvEncoder
from course_utils.core.training import Minibatches
from course_utils.lessons.simclr_moco.figures import queue_ring
from course_utils.live.canvas import Canvas
from course_utils.live.explore import pixels_of
from course_utils.live.trainer import Trainer
from course_utils.selfsup import moco, simclr
from course_utils.selfsup.views import ViewRecipe

__all__ = ["QueueLab", "WatchedQueue", "drawn_anew"]

FEATURES, WIDTH = 32, 8


def drawn_anew(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """The network with weights drawn from a generator of its own, as wide as torch draws them."""
    for name, weight in network.named_parameters():
        if weight.ndim > 1:
            scale = math.sqrt(1 / (3 * weight[0].numel()))
            weight.data = scale * torch.randn(weight.shape, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(weight)
    return network


class WatchedQueue:
    """MoCo at work on small batches, remembering the views that its queued keys were made of.

    Args:
        images: pictures without labels.
        momentum: of the key encoder. keys: rows of the queue. batch: pictures of one step.
        seed: of the starting weights and of the views.

    Raises:
        ValueError: when the queue is no whole number of batches.
    """

    def __init__(
        self,
        images: Float[Tensor, "n 3 height width"],
        momentum: float = 0.99,
        keys: int = 256,
        batch: int = 32,
        seed: int = 0,
    ) -> None:
        if keys < batch or keys % batch:
            raise ValueError(f"a queue of {keys} keys is no whole number of batches of {batch}")
        self.momentum, self.steps = momentum, 0
        self.dice = torch.Generator().manual_seed(seed)
        network = drawn_anew(simclr.ProjectedEncoder(ConvEncoder(WIDTH), FEATURES), self.dice)
        self.model = moco.MomentumContrast(network, moco.KeyQueue(keys, FEATURES, self.dice))
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
        self._step = steps.gradient_step(self._losses, optimiser)
        self._batches = iter(Minibatches(images, batch, self.dice))
        # For each batch still in the queue, newest first: its views, and where its keys lie.
        self._kept: deque[tuple[Tensor, slice]] = deque(maxlen=keys // batch)

    def step(self, count: int = 1, which: Any = None) -> None:
        """Train for ``count`` batches; each writes its keys over the oldest."""
        for _ in range(count):
            self._step(next(self._batches))
            self.steps += 1

    def set(self, momentum: float) -> None:
        """Take another momentum from the next step on."""
        self.momentum = momentum

    def _losses(self, images: Tensor) -> dict[str, float | Tensor]:
        views = simclr.two_views(images, ViewRecipe(area=(0.5, 1.0)), self.dice)
        place = int(self.model.queue.place)
        self._kept.appendleft((views.chunk(2)[1], slice(place, place + len(images))))
        return moco.moco_losses(self.model, views, self.momentum)

    @torch.no_grad()
    def likeness(self) -> list[float]:
        """Returns for age 1, 2, ...: the mean cosine of stored keys and the same keys made now.

        Made as they were, with the statistics of their batch; nothing of the model moves.
        """
        queue, found = self.model.queue.keys, []
        kept = [(buffer, buffer.clone()) for buffer in self.model.key.buffers()]
        for views, rows in self._kept:
            now = F.normalize(self.model.key(views), dim=1)
            found.append(float((queue[rows] * now).sum(dim=1).mean()))
        for buffer, before in kept:
            buffer.copy_(before)
        return found

    def figure(self) -> Figure:
        """The ring now, and how alike old keys still are."""
        apart = moco.drift(self.model.key, self.model.query)
        title = f"step {self.steps}, the copy is {apart:.1%} behind"
        return queue_ring(self.model.queue.ages(), self.likeness(), title)


class QueueLab:
    """The instrument: *Step* moves the ring by one batch, *Play* goes on; momentum is a menu.

    Args:
        images: pictures without labels to train on. seed: of weights and views.
    """

    def __init__(self, images: Float[Tensor, "n 3 height width"], seed: int = 0) -> None:
        def make(momentum: float = 0.99, keys: int = 256, **_: Any) -> WatchedQueue:
            return WatchedQueue(images, momentum, keys, seed=seed)

        first = pixels_of(make().figure())
        self.canvas = Canvas(*first.shape[:2], description="MoCo's queue as a ring, its keys' ages")
        controls = {"momentum": [0.99, 0.0, 0.9, 0.999], "keys": [256, 64, 512]}
        self.trainer = Trainer(
            make,
            self.draw,
            controls,
            views=[self.canvas],
            steps={"Step": None},
            restart=["keys"],
            pace=1,
        )

    def draw(self, watched: WatchedQueue) -> None:
        """One frame."""
        self.canvas.show(pixels_of(watched.figure()))

    def _ipython_display_(self) -> None:
        self.trainer.show()
