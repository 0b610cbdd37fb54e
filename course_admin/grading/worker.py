"""What a worker does, here or on another machine: one submission in, one `Result` out."""

from __future__ import annotations

import ast
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from course_admin.grading.judging.examination import Examination, Rooms
from course_admin.grading.judging.fork_client import ForkServerClient, ForkServerLost
from course_admin.grading.judging.outcomes import graded_outputs
from course_admin.grading.judging.verdicts import CellMark, Result
from course_admin.grading.packages import COURSE
from course_admin.grading.sandbox.bubblewrap import bubblewrap
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.collect import Submission
from course_admin.grading.submissions.find_notebook import Found, find_notebook
from course_admin.grading.submissions.read import Unreadable, read_cells
from course_admin.grading.submissions.rebuild import Rebuilt, Source, grading, rebuild

OPTIMISERS = "torch._dynamo"  # which the first optimiser imports, in a second
USUAL_MODULES = ("numpy", "torch", "matplotlib.pyplot", "course_utils")


@dataclass(frozen=True)
class Bundle:
    """Everything a worker needs to know about an assignment; travels by pickle."""

    assignment: str
    sources: tuple[Source, ...]
    files: tuple[tuple[str, bytes], ...]
    limits: Limits
    isolate: bool
    fingerprint: str


@dataclass(frozen=True)
class Task:
    """One submission: for each notebook, the file found or the reason why there is none."""

    student: str
    found: dict[str, Found | str] = field(default_factory=dict)


def task_for(submission: Submission, names: list[str]) -> Task:
    """Find a submission's notebooks; never raises."""
    found: dict[str, Found | str] = {}
    for name in names:
        try:
            found[name] = find_notebook(submission.files, name)
        except Unreadable as error:
            found[name] = str(error)
        except Exception as error:
            found[name] = f"the files cannot be read ({type(error).__name__})"
    return Task(submission.student, found)


def modules_of(sources: Iterable[Source]) -> list[str]:
    """Modules that the instructor's notebooks import, for the fork server to import once."""
    wanted = dict.fromkeys(USUAL_MODULES)
    for source in sources:
        for cell in source.notebook.cells:
            if cell.cell_type == "code":
                wanted |= dict.fromkeys(_imports(cell.source))
                if "optim" in cell.source:
                    wanted[OPTIMISERS] = None
    return list(wanted)


def _imports(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("%", "!", "?"))]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
            if node.module == "course_utils":
                found += [f"course_utils.{a.name}" for a in node.names if _is_module(a.name)]
    return found


def _is_module(name: str) -> bool:
    return (COURSE / name).is_dir() or (COURSE / f"{name}.py").is_file()


class Workshop:
    """A worker's fork servers for one assignment; starts them when first needed."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.lock = threading.Lock()
        self.rooms: Rooms | None = None
        self.checked: Rooms | None = None  # whose forks are known to come up
        self.folder: Path | None = None
        self.closed = False

    def prepare(self) -> None:
        """Start early, from a thread that lives on: bubblewrap ends with the thread it is from."""
        with self.lock:
            self.rooms = self.rooms or self._start()

    def open(self) -> Rooms:
        """The running fork servers; new ones where they have ended."""
        with self.lock:
            if self.closed:
                raise ForkServerLost("the run is over")
            if self.rooms is not None and not self._alive(self.rooms):
                self.rooms.close()
                self.rooms = None
            self.rooms = self.rooms or self._start()
            if self.rooms is not self.checked:
                self.rooms.students.check(self.bundle.limits)
                self.checked = self.rooms
            return self.rooms

    @staticmethod
    def _alive(rooms: Rooms) -> bool:
        return rooms.students.process.poll() is None and rooms.judges.process.poll() is None

    def _start(self) -> Rooms:
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="course-files-"))
            self.folder.chmod(0o755)
            for name, data in self.bundle.files:
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        wall = bubblewrap() if self.bundle.isolate else None
        modules = modules_of(self.bundle.sources)
        usual = list(dict.fromkeys([*modules, OPTIMISERS]))
        ahead = wall is not None  # without a wall, one's code could reach the next one's fork
        students = ForkServerClient("student", usual, wall=wall, folder=self.folder, ahead=ahead)
        judges = ForkServerClient("judge", modules, folder=self.folder, ahead=ahead)
        return Rooms(students, judges)

    def close(self) -> None:
        """End the fork servers; remove the copied files."""
        with self.lock:
            self.closed = True
            if self.rooms is not None:
                self.rooms.close()
                self.rooms = None
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder = None

    def grade(self, task: Task) -> Result:
        """Grade one submission.

        Raises:
            ForkServerLost: the fork servers end again and again.
        """
        start = time.monotonic()
        for attempt in range(3):
            try:
                result = _grade(self.bundle, task, self.open())
                break
            except ForkServerLost:
                if attempt == 2:
                    raise
        result.seconds = round(time.monotonic() - start, 3)
        return result


def _grade(bundle: Bundle, task: Task, rooms: Rooms) -> Result:
    result = Result(task.student, bundle.assignment)
    readable = 0
    for source in bundle.sources:
        found = task.found.get(source.name, "no such notebook")
        try:
            if isinstance(found, str):
                raise Unreadable(found)
            rebuilt = rebuild(source, read_cells(found.data))
        except Unreadable as error:
            enter_unreadable(result, source, str(error))
            continue
        readable += 1
        result.notes += [*found.notes, *rebuilt.notes]
        if rebuilt.untouched:
            result.notes.append("nothing was answered")
        _examine(result, source, rebuilt, rooms, bundle.limits)
    if not readable:
        result.status = "unreadable"
    return result


def _examine(
    result: Result, source: Source, rebuilt: Rebuilt, rooms: Rooms, limits: Limits
) -> None:
    examination = Examination(rooms, rebuilt, limits)
    meet = {
        grading(cell)["grade_id"]: cell.source
        for cell in source.notebook.cells
        if grading(cell).get("solution") and cell.cell_type == "code"
    }
    book = examination.run(meet)
    result.notebooks[source.name] = nbformat.writes(book, version=4)
    result.marks += examination.marks
    result.flags += examination.flags
    result.notes += examination.notes
    result.flags += [note for note in examination.notes if "process was lost" in note]


def enter_unreadable(result: Result, source: Source, why: str) -> None:
    """Zero for every test, with the reason; the notebook as the student got it."""
    rebuilt = rebuild(source, [])
    book = nbformat.v4.new_notebook(metadata=source.notebook.metadata)
    for piece in rebuilt.pieces:
        ours = grading(piece.cell)
        if ours.get("grade"):
            hand = piece.role != "test"
            mark = CellMark(
                ours["grade_id"],
                source.name,
                float(ours.get("points", 0)),
                None if hand else 0.0,
                why,
            )
            result.marks.append(mark)
            if not hand:
                piece.cell.outputs = graded_outputs(mark, [])
        book.cells.append(piece.cell)
    result.notebooks[source.name] = nbformat.writes(book, version=4)
    result.flags.append(f"{source.name}: {why}")
