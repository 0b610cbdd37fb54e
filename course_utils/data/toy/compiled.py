"""Looking after numba's cache: drop what is stale, say when compiling takes a moment.

Numba notices when a function's own file changes, but not when a file does from which that
function takes others or constants. So a stamp beside the cached code holds a digest of all
of them, and code under another stamp is thrown away.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def prepare(kernel, sources: tuple[str, ...], what: str) -> None:
    """Check a compiled function's cache once per process; announce a compilation on stderr.

    kernel: a numba dispatcher made with ``cache=True``. sources: names of the files beside
    its own, without ".py", that its code or constants come from.
    """
    source = Path(kernel.py_func.__code__.co_filename)
    folder = Path(kernel.stats.cache_path)
    stamp = folder / f"{source.stem}.sources"
    names = sorted({source.stem, *sources})
    digest = digest_of([source.with_name(f"{name}.py") for name in names])
    if _read(stamp) != digest:
        for old in (p for name in names for p in folder.glob(f"{name}.*.nb?")):
            old.unlink(missing_ok=True)
        _write(stamp, digest)
    if not any(folder.glob(f"{source.stem}.{kernel.py_func.__name__}-*.nbi")):
        print(f"Compiling {what}, once on this machine (about 20 s) …", file=sys.stderr)


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
