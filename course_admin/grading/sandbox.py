"""Isolation of a student's process: bubblewrap around the fork server, namespaces per fork.

Two walls. Bubblewrap (`wall`) gives the fork server a file system that holds Python, the course's
two packages and nothing else, no network and an empty environment. Every fork then enters its own
user, process, mount, network and IPC namespaces with fresh temporary folders, an empty /proc and
no capabilities, so that it sees neither the fork server nor other submissions.
Where bubblewrap or user namespaces are missing, only the limits of `Limits` remain.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MIB = 1 << 20
SEED = 20_250_219  # of every submission's random numbers
NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096
MS_MOVE, MS_REC, MS_PRIVATE = 8192, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
HOME = "/tmp/home"
FIRST_USER = 61_000  # user ids of forks, where the fork server is root


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


_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    options = data.encode() if data else None
    _check(_libc.mount(*texts, flags, options), f"mount {target}")


def enter_namespaces(user: int | None) -> None:
    """Leave the fork server's namespaces; the next fork is process 1 of the new ones.

    Args:
        user: real user id to take first, where the fork server runs as root.
    """
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self/uid_map stays root's
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(NAMESPACES), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")


def cover_folders(file_bytes: int, needed: Sequence[Path] = ()) -> None:
    """Fresh temporary folders; nothing under /proc. Called in the new mount namespace.

    Args:
        file_bytes: size of each temporary folder.
        needed: folders that stay in sight (still read-only) where they lie below /tmp.
    """
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    size = f"size={file_bytes},mode=0755"
    _mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, size)
    held = {folder: f"/dev/shm/held{i}" for i, folder in enumerate(needed) if below_tmp(folder)}
    for folder, place in held.items():
        os.mkdir(place)
        _mount(str(folder), place, None, MS_BIND | MS_REC)
    _mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size)
    for folder, place in held.items():
        os.makedirs(folder)
        _mount(place, str(folder), None, MS_MOVE)
        os.rmdir(place)
    _mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "size=4096,mode=0555")
    for folder in (HOME, "/tmp/work"):
        os.makedirs(folder)


def below_tmp(folder: Path) -> bool:
    """Whether fresh temporary folders would hide it."""
    return folder.is_relative_to("/tmp")


def drop_capabilities() -> None:
    """Give up every capability in the new user namespace, for good."""
    for capability in range(64):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


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
