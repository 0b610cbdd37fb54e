"""Who descends from a process, and how much memory of its own each one holds."""

from __future__ import annotations

import psutil


def parents() -> dict[int, int]:
    """The parent of every process in sight: one look serves all forks of a fork server.

    `Process.children` would look at every process once for each of them.
    """
    return {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}


def descendants(pid: int, parent_of: dict[int, int]) -> list[int]:
    """A process and all that descend from it."""
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parent_of.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found)


def family(pid: int) -> list[int]:
    """A process and all that descend from it, now."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    return sorted({pid, *(child.pid for child in children)})


def private_bytes(pid: int) -> int:
    """Resident memory of a process beyond what it shares with others, such as the fork server."""
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:  # it has ended, or its memory is hidden from us
        return 0
