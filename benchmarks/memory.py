"""How much memory a process needed."""

from __future__ import annotations

import re
import resource
from pathlib import Path


def peak_of_this_process() -> float:
    """The most memory that it has held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # the usual count starts with that of the process that started this one
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text()).group(1)) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes
