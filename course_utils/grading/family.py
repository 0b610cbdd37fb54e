"""Who descends from a process, and how much memory of its own each one holds (Linux's /proc)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def parents() -> dict[int, int]:
    """The parent of every process in sight."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                text = Path(f"/proc/{entry}/stat").read_text()
                found[int(entry)] = int(text.rsplit(")", 1)[1].split()[1])
    return found


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
    return descendants(pid, parents())


def private_bytes(pid: int) -> int:
    """Resident anonymous memory of a process beyond what it shares with the fork server."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) * 1024
    except (OSError, IndexError, ValueError):
        return 0
    return 0
