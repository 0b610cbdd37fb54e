"""Which device to compute on, and with how many threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from course_utils.cores import available_cores


def pick_device(prefer: str | torch.device | None = None) -> torch.device:
    """The fastest device there is: CUDA, then Apple's MPS, then the CPU; or the one preferred.

    Raises: ValueError if the preferred device is unknown or not on this machine.
    """
    if prefer is not None:
        try:
            device = torch.device(prefer)
        except RuntimeError as error:
            raise ValueError(f"{prefer!r} is no device; say 'cpu', 'cuda' or 'mps'") from error
        if not _present(device):
            raise ValueError(
                f"this machine has no {device}; leave prefer out to take the fastest there is"
            )
        return device
    return next(device for name in ("cuda", "mps", "cpu") if _present(device := torch.device(name)))


def _present(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


@contextlib.contextmanager
def torch_threads_kept() -> Iterator[None]:
    """Leave torch's number of threads as it was, whatever runs inside.

    For compiled (numba) kernels: where both use one OpenMP library, a kernel's first start sets
    the number of threads for torch as well.
    """
    before = torch.get_num_threads()
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def use_threads(count: int | None = None) -> int:
    """Let torch use ``count`` threads on the CPU; return it.

    None: all cores this process may use, or fewer where OMP_NUM_THREADS says so, by which a user
    or a batch system shares a machine among processes.

    Raises: ValueError if the count is below 1.
    """
    count = allowed_threads() if count is None else count
    if count < 1:
        raise ValueError(f"threads must be at least 1, got {count}")
    torch.set_num_threads(count)
    return count


def allowed_threads() -> int:
    """Cores this process may run on, or the number in OMP_NUM_THREADS where that is smaller."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    limit = int(asked) if asked.isdecimal() else 0  # what is no number says nothing
    return min(limit or available_cores(), available_cores())


# Steps per second of `training_speed`, and what else the machine has on which the budgets of the
# course were set: two server cores, no GPU. Sizes in GB.
