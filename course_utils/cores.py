"""How many cores this process may use; asked without importing anything large."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["available_cores"]


def available_cores(groups: Path = Path("/sys/fs/cgroup"), own: Path | None = None) -> int:
    """Cores this process may use, which in a container or a batch job is fewer than the machine
    has: those it may run on, and no more than its group's share of processor time, rounded up.

    groups: where Linux tells about control groups. own: the file that says to which ones this
    process belongs.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    share = min(_shares(groups, own or Path("/proc/self/cgroup")), default=math.inf)
    return max(1, min(cores, math.ceil(share))) if share < math.inf else cores


def _shares(groups: Path, own: Path) -> Iterator[float]:
    """Processor time per time that this process's groups, and those above them, may use."""
    try:
        lines = own.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, kinds, place = line.split(":", 2)
        inner = Path(place.lstrip("/"))
        for folder in (inner, *inner.parents):  # inside a container only the outermost is there
            if not kinds:
                yield from _share((groups / folder / "cpu.max",))
            elif "cpu" in kinds.split(","):
                at = groups / "cpu" / folder
                yield from _share((at / "cpu.cfs_quota_us", at / "cpu.cfs_period_us"))


def _share(files: tuple[Path, ...]) -> Iterator[float]:
    """Quota by period, from one file with both numbers or from two; nothing without a limit."""
    try:
        quota, period = " ".join(path.read_text() for path in files).split()
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return
