"""Labelled pictures from one's own files: a folder of class folders, or an .npz."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.data.raw_images import RawImages, labels_and_classes, pictures_from_array

__all__ = ["load_folder", "load_npz"]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".ppm", ".tif", ".tiff")
SPLITS = (("train", "training"), ("test", "val", "valid", "validation"))
# Names under which pictures and labels are usually kept; compared in lower case.
WHOLE = (
    ("x", "y"),
    ("images", "labels"),
    ("data", "labels"),
    ("data", "targets"),
    ("pictures", "labels"),
)
SPLIT = tuple(
    tuple(pattern.format(part, word) for part in ("train", "test") for word in words)
    for words in WHOLE
    for pattern in ("{0}_{1}", "{1}_{0}")
)
CLASSES = ("classes", "class_names", "label_names", "names")


def load_npz(path: Path) -> RawImages:
    """Pictures and labels of an .npz, under any usual names, with or without a split.

    Keys: ``train_x``, ``train_y``, ``test_x``, ``test_y`` (or ``x_train`` ..., ``train_images``
    ...), else ``x`` and ``y``, ``images`` and ``labels`` (and the like); optionally ``classes``,
    the names.

    Raises: ValueError if the file is missing or damaged, lacks such keys, or they do not fit.
    """
    arrays = _read_npz(path)
    classes = next((arrays[key].tolist() for key in CLASSES if key in arrays), None)
    for keys in SPLIT:
        if all(key in arrays for key in keys):
            return _from_arrays(arrays, keys, classes)
    for keys in WHOLE:
        if all(key in arrays for key in keys):
            return _from_arrays(arrays, keys, classes)
    raise ValueError(
        f"{path.name} holds {sorted(arrays)}; wanted train_x, train_y, test_x, test_y, "
        "or x, y, or images, labels"
    )


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path.name} is no .npz file, or is damaged")
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key.lower(): stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        if "pickle" in str(error):
            raise ValueError(
                f"{path.name} holds Python objects, which are not loaded because they can run "
                "code; store plain arrays, all pictures of one size"
            ) from error
        raise ValueError(f"{path.name} is no .npz file, or is damaged ({error})") from error


def _from_arrays(
    arrays: Mapping[str, np.ndarray], keys: tuple[str, ...], classes: list[str] | None
) -> RawImages:
    """keys: pictures, labels; once, or first for training and then for test."""
    pictures = [pictures_from_array(arrays[key], key) for key in keys[::2]]
    labels, names = labels_and_classes([arrays[key] for key in keys[1::2]], keys[1::2], classes)
    for x, y, key in zip(pictures, labels, keys[::2], strict=True):
        if len(x) != len(y):
            raise ValueError(f"{key} holds {len(x)} pictures, but there are {len(y)} labels")
    if len({x.shape[1:] for x in pictures}) > 1 or len({x.dtype for x in pictures}) > 1:
        raise ValueError(f"{keys[0]} and {keys[2]} differ in the shape or type of their pictures")
    train_count = len(pictures[0]) if len(pictures) > 1 else None
    return RawImages(
        torch.cat(pictures), torch.from_numpy(np.concatenate(labels)), names, train_count
    )


def load_folder(path: Path, size: int | None) -> RawImages:
    """Pictures of a folder that holds one folder per class, or train/ and test/ that each do.

    With ``size`` every picture is cropped to a centred square and resampled; without, all must
    have one size. Turned as their camera says, read as RGB, in the order of their names.

    Raises: ValueError for fewer than two classes, an empty class, an unreadable picture, or
    several sizes.
    """
    parts = [_child(path, names) for names in SPLITS]
    folders = parts if all(parts) else [path]
    classes = _class_names(folders[0])
    for folder in folders[1:]:
        if _class_names(folder) != classes:
            raise ValueError(f"{folder} has other classes than {folders[0]}")
    pictures, labels, counts = [], [], []
    for folder in folders:
        for label, name in enumerate(classes):
            files = _picture_files(folder / name)
            pictures += [_read_picture(file, size) for file in files]
            labels += [label] * len(files)
        counts.append(len(labels))
    shapes = {picture.shape[:2] for picture in pictures}
    if len(shapes) > 1:
        raise ValueError(
            f"the pictures have {len(shapes)} different sizes; say size=, for example 64"
        )
    array = np.stack(pictures).transpose(0, 3, 1, 2)
    train_count = counts[0] if len(counts) > 1 else None
    return RawImages(torch.from_numpy(array.copy()), torch.tensor(labels), classes, train_count)


def _child(path: Path, names: tuple[str, ...]) -> Path | None:
    return next((path / name for name in names if (path / name).is_dir()), None)


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(
        sorted(
            p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))
        )
    )
    if len(names) < 2:
        raise ValueError(
            f"{folder} holds {len(names)} folders; wanted one folder of pictures for each class"
        )
    return names


def _picture_files(folder: Path) -> list[Path]:
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in PICTURES and not file.name.startswith(".")
    ]
    if not files:
        raise ValueError(f"class folder {folder} holds no pictures ({', '.join(PICTURES)})")
    return files


def _read_picture(file: Path, size: int | None) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file} cannot be read as a picture ({error})") from error
    if size is not None:
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)
