"""The two packages that processes of grading import, and the folders that they lie in.

The course is what students call; grading itself is what they must not be taken for.
"""

import os
from pathlib import Path

import course_utils

COURSE = Path(course_utils.__file__).resolve().parent
ADMIN = Path(__file__).resolve().parents[1]
PACKAGES = (COURSE, ADMIN)


def inside(*folders: Path) -> tuple[str, ...]:
    """How the names of files in these folders begin, for `str.startswith`."""
    return tuple(f"{folder}{os.sep}" for folder in folders)
