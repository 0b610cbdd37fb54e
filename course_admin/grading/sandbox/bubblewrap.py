"""The outer wall: bubblewrap around the fork server.

It gives the fork server a file system that holds Python, the two packages that are needed and
nothing else of the course, no network and an empty environment (`namespaces` are the inner wall).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from course_admin.grading.packages import COURSE, PACKAGES
from course_admin.grading.sandbox.namespaces import FIRST_USER, HOME


@dataclass(frozen=True)
class Wall:
    """How bubblewrap can be used here.

    Attributes:
        program: path of bubblewrap.
        as_root: it runs as root, and gives every fork a user id of its own; else it makes a
            user namespace, in which every fork makes another.
    """

    program: str
    as_root: bool

    @property
    def start(self) -> list[str]:
        """The first words of the command line."""
        words = [self.program, "--die-with-parent", "--new-session"]
        if not self.as_root:
            return [
                *words,
                "--unshare-all",
                "--unshare-user",
                "--uid",
                "1000",
                "--gid",
                "1000",
            ]
        words += [f"--unshare-{name}" for name in ("ipc", "pid", "net", "uts", "cgroup-try")]
        words += ["--cap-drop", "ALL"]
        for name in ("SETUID", "SETGID", "KILL", "SYS_PTRACE"):  # the last to see memory in use
            words += ["--cap-add", f"CAP_{name}"]
        return words


def bubblewrap() -> Wall | None:
    """Bubblewrap, where it is installed and allowed to make namespaces here."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    walls = [Wall(program, as_root=False)]
    if os.getuid() == 0 and _has_user(FIRST_USER):
        walls.insert(0, Wall(program, as_root=True))
    return next((wall for wall in walls if _works(wall)), None)


def _works(wall: Wall) -> bool:
    command = [
        *wall.start,
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "true",
    ]
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _has_user(number: int) -> bool:
    """Whether a user id exists in this user namespace (in a rootless container it may not)."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return False
    ranges = [tuple(map(int, line.split())) for line in lines]
    return any(first <= number < first + count for first, _, count in ranges)


def wrapped(command: list[str], wall: Wall, assignment: Path | None) -> list[str]:
    """Command line that runs `command` with only Python and our two packages in sight."""
    arguments = [*wall.start, "--clearenv", "--perms", "0755", "--dir", "/etc"]
    for folder in _system_folders():
        arguments += folder
    arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", HOME]
    for folder in folders_in_sight():
        arguments += _bound(folder, str(folder))
    if assignment is not None:
        arguments += _bound(assignment, "/srv/assignment")
    if (cache := _cache_folder()).is_dir():  # pictures that lessons have made, read-only
        arguments += [
            *_bound(cache, "/srv/cache"),
            "--setenv",
            "COURSE_CACHE",
            "/srv/cache",
        ]
    for name, value in environment().items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", "/", "--", *command]


def _cache_folder() -> Path:
    """Where lessons keep pictures; asked of the module alone, for its package imports torch."""
    spec = importlib.util.spec_from_file_location("_cache", COURSE / "data" / "cache.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cache_folder()


def _bound(folder: Path, target: str) -> list[str]:
    """Bind a folder read-only; its parents can be entered by every user and hold nothing else."""
    arguments = []
    for parent in reversed(Path(target).parents[:-1]):
        arguments += ["--perms", "0755", "--dir", str(parent)]
    return [*arguments, "--ro-bind", str(folder), target]


def _system_folders() -> list[list[str]]:
    found = []
    for name in ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin"):
        path = Path(name)
        if path.is_symlink():
            found.append(["--symlink", os.readlink(path), name])
        elif path.is_dir():
            found.append(["--ro-bind", name, name])
    for name in (
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "fonts",
        "alternatives",
        "localtime",
    ):
        found.append(["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"])
    return found


def python_folders() -> list[Path]:
    """Folders that Python and its packages need, outermost only, each with its real path."""
    wanted = {
        Path(sys.prefix),
        Path(sys.base_prefix),
        *map(Path, site.getsitepackages()),
    }
    wanted |= {path.resolve() for path in wanted} | {Path(sys.executable).resolve().parent.parent}
    usual = (Path("/usr"), Path("/lib"), Path("/bin"))
    kept = {p for p in wanted if p.is_dir() and not any(p.is_relative_to(u) for u in usual)}
    return sorted(p for p in kept if not any(p != q and p.is_relative_to(q) for q in kept))


def folders_in_sight() -> list[Path]:
    """What a process that runs students' code reads: Python, and the packages not inside it."""
    python = python_folders()
    inside = {p for p in PACKAGES if any(p.is_relative_to(folder) for folder in python)}
    return [*python, *(p for p in PACKAGES if p not in inside)]


def environment() -> dict[str, str]:
    """The whole environment of a process that runs students' code."""
    path = dict.fromkeys(str(package.parent) for package in PACKAGES)
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": HOME, "TMPDIR": "/tmp", "LANG": "C.UTF-8", "USER": "student",
        "PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        "COURSE_STATIC": "1", "COURSE_SCALE": "test",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{HOME}/matplotlib", "IPYTHONDIR": f"{HOME}/ipython",
    }  # fmt: skip
