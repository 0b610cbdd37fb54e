"""The run's memory: one small file per submission, replaced in one step.

A run that is killed at any moment finds, when started again, every submission either finished
or not begun. An entry counts only for the same submission and the same assignment (its `key`), so
that a changed test or a new upload is graded again by itself.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from course_admin.grading.judging.verdicts import Result


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by a rename, after its bytes have reached the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one submission."""

    key: str
    result: Result
    recorded: bool  # in the gradebook
    sent_back: bool  # feedback written
    aside: str = ""  # why neither could be done

    def seen(self) -> Result:
        """The result as people see it: also with what went wrong after the grading."""
        if not self.aside:
            return self.result
        flags = [*self.result.flags, self.aside]
        return replace(self.result, status="quarantined", flags=flags)


class Journal:
    """The journal of one assignment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, student: str) -> Path:
        """Where a student's entry lies."""
        return self.folder / f"{student}.json"

    def read(self, student: str) -> Entry | None:
        """A student's entry; None where there is none, or it cannot be read."""
        data = _load(self.path(student))
        if data is None:
            return None
        try:
            result = Result.from_dict(data["result"])
            steps = bool(data["recorded"]), bool(data["sent_back"])
            return Entry(data["key"], result, *steps, str(data.get("aside", "")))
        except (KeyError, TypeError):
            return None

    def finished(self, student: str, key: str) -> Entry | None:
        """The entry, if it is about this very submission and not a failure of ours."""
        entry = self.read(student)
        good = entry is not None and entry.key == key and entry.result.status != "failed"
        return entry if good else None

    def write(
        self,
        key: str,
        result: Result,
        *,
        recorded: bool = False,
        sent_back: bool = False,
    ) -> None:
        """Remember a result; forget how often it was tried."""
        data = {
            "key": key, "recorded": recorded, "sent_back": sent_back, "result": result.as_dict()
        }  # fmt: skip
        write_atomically(self.path(result.student), json.dumps(data))
        self.forget_attempts(result.student)

    def put_aside(self, key: str, result: Result, why: str) -> None:
        """Remember a result that could not be written down, and why; the tries stay counted."""
        data = {
            "key": key, "recorded": False, "sent_back": False, "aside": why,
            "result": result.as_dict(),
        }  # fmt: skip
        write_atomically(self.path(result.student), json.dumps(data))

    def attempts(self, student: str, key: str) -> int:
        """How often this submission was tried."""
        data = _load(self._attempts_path(student)) or {}
        return int(data.get("count", 0)) if data.get("key") == key else 0

    def attempt(self, student: str, key: str) -> int:
        """Count one more try of this submission, before it is made; how many there were."""
        count = self.attempts(student, key)
        write_atomically(self._attempts_path(student), json.dumps({"key": key, "count": count + 1}))
        return count

    def _attempts_path(self, student: str) -> Path:
        return self.folder / f".{student}.attempts"

    def forget_attempts(self, student: str) -> None:
        """Begin to count the tries anew."""
        self._attempts_path(student).unlink(missing_ok=True)

    def forget(self, student: str) -> None:
        """Make the next run grade this student again."""
        self.path(student).unlink(missing_ok=True)
        self.forget_attempts(student)

    def entries(self) -> list[Entry]:
        """All readable entries, by student."""
        names = sorted(path.stem for path in self.folder.glob("*.json") if path.name[0] != ".")
        return [entry for entry in map(self.read, names) if entry is not None]


def _load(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
