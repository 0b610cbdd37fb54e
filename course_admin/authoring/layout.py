"""Where the sources stand and where the generated notebooks go."""

from dataclasses import dataclass
from pathlib import Path

import course_utils


@dataclass(frozen=True)
class Layout:
    """The folders of one copy of the course, under `root`."""

    root: Path

    @property
    def lesson_sources(self) -> Path:
        """Text of the lessons, `01_gan_minimax.py` and so on."""
        return self.root / "sources" / "notebooks"

    @property
    def solution_sources(self) -> Path:
        """Text of the solved assignments, `a1_gan_minimax.py` and so on."""
        return self.root / "sources" / "solutions"

    @property
    def lessons(self) -> Path:
        """Generated lessons, with their stored outputs."""
        return self.root / "notebooks"

    @property
    def solutions(self) -> Path:
        """Generated solved assignments: what nbgrader calls the source directory."""
        return self.root / "solutions"

    @property
    def assignments(self) -> Path:
        """Generated student versions: what nbgrader calls the release directory."""
        return self.root / "assignments"

    def lesson(self, source: Path) -> Path:
        """Notebook generated from the lesson `source`."""
        return self.lessons / f"{source.stem}.ipynb"

    def solution(self, source: Path) -> Path:
        """Solved notebook generated from the assignment `source`."""
        return self.solutions / source.stem / f"{source.stem}.ipynb"

    def assignment(self, source: Path) -> Path:
        """Student notebook derived from the assignment `source`."""
        return self.assignments / source.stem / f"{source.stem}.ipynb"


def this_course() -> Layout:
    """Layout of the copy from which `course_utils` is imported.

    Raises:
        ValueError: when `course_utils` was installed without its sources.
    """
    layout = Layout(Path(course_utils.__file__).resolve().parents[1])
    if not layout.lesson_sources.is_dir():
        raise ValueError(f"no sources/notebooks in {layout.root}: work in a clone of the course")
    return layout


def select(folder: Path, names: list[str]) -> list[Path]:
    """Sources of `folder` in order; with names, those that start with one of them.

    Raises:
        ValueError: when a name fits no source.
    """
    sources = sorted(folder.glob("*.py"))
    if not names:
        return sources
    for name in names:
        if not any(source.stem.startswith(name) for source in sources):
            known = ", ".join(source.stem for source in sources) or "none"
            raise ValueError(
                f"no source in {folder.name}/ starts with {name!r}; there are: {known}"
            )
    return [source for source in sources if source.stem.startswith(tuple(names))]
