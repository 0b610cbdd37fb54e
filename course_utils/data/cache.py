"""Keeping what is slow to make: arrays built once, then read from disk.

- ``cache_folder()``: where; the environment variable COURSE_CACHE overrides it.
- ``load_or_build(key, build)``: the arrays that ``build()`` returns, from disk if possible.

An entry is written beside its final name and renamed into place, so that an interrupted or
concurrent run never leaves half a file under the right name. Reading checks the zip format's
checksums and the stored key; whatever fails is thrown away and built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from course_utils.places import can_write, private_folder

Arrays = dict[str, np.ndarray]


def cache_folder() -> Path:
    """COURSE_CACHE if set, else ``course_kit`` in the platform's folder for caches.

    Where that cannot be written, or nobody knows where the user's home is, a private folder among
    the temporary files.
    """
    chosen = os.environ.get("COURSE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    try:
        usual = _usual_folder()
    except RuntimeError:  # no HOME, and a user whom the system does not know
        return Path(private_folder())
    return usual if can_write(usual) else Path(private_folder())


def _usual_folder() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "course_kit"


def load_or_build(key: Mapping[str, object], build: Callable[[], Arrays]) -> Arrays:
    """The arrays for ``key``, read from the cache or else built and stored there.

    key: a JSON-like mapping that determines the arrays, with a readable "name"; put a version
    number of the code that builds them in it. build: called only if there is no sound entry.

    Raises: ValueError if the key has no usable name or cannot be written as JSON.
    """
    path, text = _entry(key)
    found = _read(path, text)
    if found is not None:
        return found
    arrays = build()
    try:
        _write(path, text, arrays)
    except OSError as error:
        warnings.warn(f"could not keep {path.name} for next time: {error}", stacklevel=2)
    return arrays


def _entry(key: Mapping[str, object]) -> tuple[Path, str]:
    name = str(key.get("name", ""))
    if not name or not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"a cache key needs a name of letters, digits, - and _, got {name!r}")
    try:
        text = json.dumps(dict(key), sort_keys=True)
    except TypeError as error:
        raise ValueError(f"a cache key must be JSON-like: {error}") from error
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache_folder() / f"{name}-{digest}.npz", text


def _read(path: Path, text: str) -> Arrays | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {k: stored[k] for k in stored.files}
        if str(arrays.pop("__key__")) != text:
            raise ValueError("it belongs to another key")
        return arrays
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
    ) as why:
        warnings.warn(f"{path.name} in the cache is damaged ({why}); making it again", stacklevel=3)
        return None


def _write(path: Path, text: str, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, __key__=np.array(text), **arrays)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
