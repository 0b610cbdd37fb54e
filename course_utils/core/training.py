"""The training loop, in sight: ``fit(step, batches)`` hands back one record per step.

    for record in fit(step, batches, seconds=20):
        ...                                  # plot, print, stop: it is your loop

``step(batch)`` does the forward pass, the backward pass and the update, and returns the
numbers worth looking at. Nothing here knows about models, losses or devices.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_utils.core.checkpoint import Checkpoint
from course_utils.core.progress import progress

__all__ = ["Checkpoint", "Minibatches", "Record", "fit", "progress"]

Step = Callable[[Any], Mapping[str, "float | Tensor"]]


@dataclass(frozen=True)
class Record:
    """What one training step left behind.

    step: steps done since the very first start; seconds: training time since then;
    values: what ``step`` returned, as plain numbers; left: seconds to go by the nearer
    budget (None without a budget); samples: pictures, points or pairs seen so far.
    """

    step: int
    seconds: float
    values: dict[str, float]
    left: float | None = None
    samples: int = 0


class Minibatches:
    """Endless shuffled minibatches of tensors that share their first axis, each epoch a new order.

    ``Minibatches((x, y), 128, generator)`` yields ``(x[i], y[i])``; a single tensor yields
    ``x[i]``. The last, smaller batch of an epoch is dropped. It remembers its place, so that a
    checkpoint that names it resumes with the very next batch.

    Raises: ValueError for no tensors, unequal lengths, or a batch larger than the data.
    """

    def __init__(self, tensors: Tensor | tuple[Tensor, ...], size: int, generator: torch.Generator):
        self._single = isinstance(tensors, Tensor)
        self.tensors = (tensors,) if self._single else tuple(tensors)
        lengths = {len(tensor) for tensor in self.tensors}
        if len(lengths) != 1:
            raise ValueError(
                f"minibatches need tensors of one length, got {sorted(lengths) or 'none'}"
            )
        self.length = lengths.pop()
        if not 1 <= size <= self.length:
            raise ValueError(f"batch size {size} does not fit {self.length} samples")
        self.size, self.generator = size, generator
        self._order, self._place = None, 0

    def __iter__(self) -> Iterator[Any]:
        while True:
            if self._order is None or self._place + self.size > self.length:
                draw_on = self.generator.device
                self._order = torch.randperm(self.length, generator=self.generator, device=draw_on)
                self._place = 0
            chosen = self._order[self._place : self._place + self.size]
            self._place += self.size
            batch = tuple(tensor[chosen.to(tensor.device)] for tensor in self.tensors)
            yield batch[0] if self._single else batch

    def state_dict(self) -> dict[str, Any]:
        """The order of this epoch, the place in it, and the generator."""
        return {"order": self._order, "place": self._place, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken. Raises: ValueError for other data."""
        if state["order"] is not None and len(state["order"]) != self.length:
            raise ValueError(
                f"it was saved with {len(state['order'])} samples, here are {self.length}"
            )
        self.generator.set_state(state["generator"])
        self._order, self._place = state["order"], state["place"]


def fit(
    step: Step,
    batches: Iterable[Any],
    *,
    seconds: float | int | None = None,
    steps: int | None = None,
    stop: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Record]:
    """Call ``step(batch)`` for batch after batch and yield a `Record` after each.

    Ends with the first of: ``batches`` used up, ``seconds`` of this call, ``steps`` in all
    (counted from the first start, over resumes), or ``stop`` set. Only time inside the loop
    counts, not what the caller does between two records. With a ``checkpoint`` it
    resumes from the file if there is one, and saves now and then and at the end, also when
    the loop is left early. A keyboard interrupt waits for the running step, so that what is saved
    is whole; a second one does not wait.

    Raises: ValueError for a budget that is not positive, no budget with endless
    ``Minibatches``, or values that are not numbers.
    """
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds}")
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if isinstance(batches, Minibatches) and seconds is None and steps is None and stop is None:
        raise ValueError("these batches never end: give fit() seconds=, steps= or a stop event")
    return _run(step, batches, _Budget(seconds, steps, stop), checkpoint)


@dataclass
class _Budget:
    seconds: float | int | None
    steps: int | None
    stop: threading.Event | None
    used: float = 0.0
    done_here: int = 0

    def over(self, step: int) -> bool:
        return (
            (self.stop is not None and self.stop.is_set())
            or (self.seconds is not None and self.used >= self.seconds)
            or (self.steps is not None and step >= self.steps)
        )

    def left(self, step: int) -> float | None:
        estimates = []
        if self.seconds is not None:
            estimates.append(max(self.seconds - self.used, 0.0))
        if self.steps is not None and self.done_here:
            estimates.append((self.steps - step) * self.used / self.done_here)
        return min(estimates, default=None)


def _run(
    step: Step, batches: Iterable, budget: _Budget, checkpoint: Checkpoint | None
) -> Iterator[Record]:
    count, before, samples = checkpoint.load() if checkpoint else (0, 0.0, 0)
    source, whole = iter(batches), True
    try:
        while not budget.over(count):
            began = time.perf_counter()
            with _finish_before_interrupt():
                whole = False
                batch = next(source, _END)
                if batch is _END:
                    whole = True
                    break
                values = _numbers(step(batch))
                count, samples, whole = count + 1, samples + _size(batch), True
            budget.done_here += 1
            budget.used += time.perf_counter() - began
            total = before + budget.used
            if checkpoint and total - checkpoint.saved_at >= checkpoint.every:
                checkpoint.save(count, total, samples)
            yield Record(count, total, values, budget.left(count), samples)
    finally:
        if checkpoint and whole and budget.done_here:
            checkpoint.save(count, before + budget.used, samples)


_END = object()


def _numbers(values: Any) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise ValueError(
            "step(batch) must return a dict of numbers such as {'loss': loss}, "
            f"got {type(values).__name__}"
        )
    try:
        return {name: _number(value) for name, value in values.items()}
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"step(batch) must return single numbers, got {values!r:.200}") from error


def _number(value: Any) -> float:
    return float(value.detach() if isinstance(value, Tensor) else value)


def _size(batch: Any) -> int:
    first = batch
    while isinstance(first, tuple | list) and first:
        first = first[0]
    return len(first) if isinstance(first, Tensor) and first.ndim else 1


@contextlib.contextmanager
def _finish_before_interrupt():
    """Hold the first keyboard interrupt back until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = False

    def hold(signum, frame):
        nonlocal waiting
        if waiting:
            raise KeyboardInterrupt
        waiting = True

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # someone else's handler: leave it alone
        yield
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt
