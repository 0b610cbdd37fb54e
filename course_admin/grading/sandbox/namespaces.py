"""The inner wall: every fork enters namespaces of its own.

User, process, mount, network and IPC namespaces with fresh temporary folders, an empty /proc and
no capabilities (`bubblewrap` is the outer wall).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096
MS_MOVE, MS_REC, MS_PRIVATE = 8192, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
HOME = "/tmp/home"
FIRST_USER = 61_000  # user ids of forks, where the fork server is root

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
