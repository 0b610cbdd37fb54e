"""What every submission gets: the same limits, and the same random numbers."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MIB = 1 << 20
SEED = 20_250_219  # of every submission's random numbers


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell_seconds: wall time of one cell.
        call_seconds: wall time of one call of a student's function by a hidden test.
        test_seconds: wall time of one hidden test.
        total_seconds: wall time of the whole submission.
        cpu_seconds: processor time of any one process.
        memory: bytes of private memory of all its processes together.
        processes: processes and threads at a time.
        file_bytes: size of any one file, and of each of its temporary folders.
        open_files: descriptors per process.
        output_bytes: size of all cells' outputs together.
    """

    cell_seconds: float = 60.0
    call_seconds: float = 10.0
    test_seconds: float = 90.0
    total_seconds: float = 300.0
    cpu_seconds: int = 300
    memory: int = 2048 * MIB
    processes: int = 64
    file_bytes: int = 64 * MIB
    open_files: int = 256
    output_bytes: int = 10 * MIB

    def as_dict(self) -> dict[str, Any]:
        """The limits as JSON."""
        return asdict(self)


def set_limits(limits: dict[str, Any], *, count_processes: bool) -> None:
    """Per-process limits on processor time, data, files, descriptors and processes."""
    # Not by psutil: in a new process namespace our number there is not ours in the old /proc.
    now = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize() \
        if Path("/proc/self/statm").exists() else MIB * 512  # fmt: skip
    cpu = int(limits["cpu_seconds"])
    pairs = [
        (resource.RLIMIT_CPU, cpu, cpu + 2),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_DATA, now + limits["memory"], now + limits["memory"]),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ]
    if count_processes:  # with room above the limit: who passes it is seen there, and ended
        most = int(limits["processes"]) + 16
        pairs.append((resource.RLIMIT_NPROC, most, most))
    for which, soft, hard in pairs:
        _, ceiling = resource.getrlimit(which)
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(which, (soft, hard))
