"""Looking after numba's cache: find a place, drop what is stale, say when compiling takes a moment.

Numba notices when a function's own file changes, but not when a file does from which that
function takes others or constants. So a stamp beside the cached code holds a digest of all
of them, and code under another stamp is thrown away.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from course_utils.cores import available_cores
from course_utils.places import can_write, private_folder


def options(**more: object) -> dict[str, object]:
    """What ``numba.njit`` is to be given, so that compiled code is kept for the next process."""
    find_place()
    return {"cache": True, "error_model": "numpy", "nogil": True, **more}


@cache
def find_place() -> None:
    """Name a folder for numba where it would find none itself, and refuse to compile at all.

    It tries the folder NUMBA_CACHE_DIR, the one beside the sources, and the user's for caches. The
    variable is set, too: processes that this one starts will use the same folder.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    if (named and can_write(named)) or _numba_finds_one():
        return
    from numba.core import config

    os.environ["NUMBA_CACHE_DIR"] = os.path.join(private_folder(), "compiled")
    config.reload_config()


def _numba_finds_one() -> bool:
    from numba import njit

    if os.path.expanduser("~") == "~":  # else numba makes a folder of that name where it stands
        return can_write(Path(__file__).with_name("__pycache__"))
    try:
        njit(lambda: None, cache=True)
    except RuntimeError:  # cannot cache function: no locator available
        return False
    return True


@cache
def prepare(kernel, sources: tuple[str, ...], what: str) -> None:
    """Check a compiled function's cache once per process; announce a compilation on stderr.

    kernel: a numba dispatcher made with ``cache=True``. sources: names of the files beside
    its own, or paths from there, without ".py", that its code or constants come from.
    """
    source = Path(kernel.py_func.__code__.co_filename)
    folder = Path(kernel.stats.cache_path)
    stamp = folder / f"{source.stem}.sources"
    names = sorted({source.stem, *sources})
    digest = digest_of([source.parent / f"{name}.py" for name in names])
    if _read(stamp) != digest:
        for old in (p for name in names for p in folder.glob(f"{Path(name).name}.*.nb?")):
            old.unlink(missing_ok=True)
        _write(stamp, digest)
    if not any(folder.glob(f"{source.stem}.{kernel.py_func.__name__}-*.nbi")):
        print(f"Compiling {what}, once on this machine (about 20 s) …", file=sys.stderr)


@cache
def worker_threads() -> ThreadPoolExecutor:
    """Threads for compiled code, which lets go of Python's lock: as many as cores may be used."""
    return ThreadPoolExecutor(available_cores(), "compiled")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=worker_threads.cache_clear)


def digest_of(paths: Iterable[Path]) -> str:
    """One digest for the text of some files."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Best effort: without a stamp the cache is merely rebuilt next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError:
        pass
