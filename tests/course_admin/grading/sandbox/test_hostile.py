"""Submissions that cheat, spy and break things: nothing gained, nothing read, nobody disturbed.

All are graded in one run, between four honest ones. What isolation cannot prevent is listed in
INSTRUCTORS.md ("What remains possible").
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.sandbox.bubblewrap import bubblewrap
from course_admin.grading.sandbox.limits import MIB, Limits
from course_admin.grading.submissions.collect import safe_id
from course_admin.grading.submissions.course import open_course
from tests.course_admin.grading.broken import BROKEN
from tests.course_admin.grading.conftest import marks_of, results_of
from tests.course_admin.grading.hostile import DISRUPTIONS, FORGERIES, THEFTS
from tests.course_admin.grading.synthetic import (
    FULL,
    HIDDEN,
    HW,
    RIGHT,
    SOLVED,
    hand_in,
    make_course,
    student_notebook,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap cannot make namespaces here"),
]
SECRET = "environment-secret-5518"
LISTENING = "socket-secret-2207"
HONEST = [f"control-{k}" for k in range(4)]
WRONG = "def square(x):\n    return x + 1"
ATTACKS = {**FORGERIES, **THEFTS, **DISRUPTIONS}
LIMITS = replace(
    Limits(), cell_seconds=4.0, call_seconds=4.0, test_seconds=15.0, total_seconds=60.0,
    memory=600 * MIB, cpu_seconds=30,
)  # fmt: skip


def student(name: str) -> str:
    """A student id from an attack's name."""
    return safe_id(f"x-{name}")


@dataclass
class Outcome:
    """What the run left behind."""

    course: Path
    results: dict[str, Result]
    connections: int


def submission(code: str) -> object:
    """The attack in a cell of its own, or as the answer where it defines one."""
    if "def square" in code:
        return student_notebook({**RIGHT, "square": code})
    return student_notebook({**RIGHT, "square": WRONG}, extra=code)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Everything graded once, in one run with two workers."""
    root = make_course(tmp_path_factory.mktemp("hostile") / "course")
    for name in HONEST:
        hand_in(root, name, student_notebook(RIGHT))
    met: list[object] = []
    with _listener(met) as port, _environment():
        for name, code in ATTACKS.items():
            for word, value in (("{port}", port), ("{course}", root), ("{home}", Path.home())):
                code = code.replace(word, str(value))
            hand_in(root, student(name), submission(code))
        for name, write in BROKEN.items():
            write(root, student(name))
        course = open_course(root, HW)
        settings = Settings(workers=2, feedback=False, limits=LIMITS)
        run(course, settings, lambda *_: None)
        return Outcome(root, results_of(course), len(met))


@contextlib.contextmanager
def _listener(met: list[object]):
    """A local server that would tell its secret to anybody who connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, address = server.accept()
                    met.append(address)
                    peer.sendall(LISTENING.encode())
                    peer.close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


@contextlib.contextmanager
def _environment():
    os.environ["COURSE_TEST_SECRET"] = SECRET
    try:
        yield
    finally:
        del os.environ["COURSE_TEST_SECRET"]


def test_there_are_at_least_sixty_hostile_submissions() -> None:
    assert len(ATTACKS) + len(BROKEN) >= 60


def test_attacks_on_our_own_code_find_it() -> None:
    """One that names a module which is not there fails by itself, and says nothing of us."""
    code = "\n".join(ATTACKS.values())
    imports = re.findall(r"^from course_admin.* import .*", code, re.MULTILINE)
    names = re.findall(r"'(course_admin\..+?)'", code)
    assert imports and names
    for line in imports:
        exec(line, {})
    assert all(map(importlib.util.find_spec, names))


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_gains_no_mark_and_costs_nobody_else(outcome: Outcome, name: str) -> None:
    marks = marks_of(outcome.results[student(name)])
    assert marks["test_square"] == 0.0
    for test, points in FULL.items():
        assert 0.0 <= marks[test] <= points
    # an attack may break its own notebook; otherwise the honest part of the work still counts
    if name in FORGERIES or name in THEFTS:
        harmed = {"torch replaced", "patched builtins", "shadowed module", "patched course code"}
        expected = {test: points for test, points in FULL.items() if test != "test_square"}
        if name not in harmed:
            assert {test: marks[test] for test in expected} == expected


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_secret_reaches_an_output(outcome: Outcome, name: str) -> None:
    text = outcome.results[student(name)].notebooks.get(HW, "{}")
    shown = []
    for cell in json.loads(text).get("cells", []):
        hidden_test = cell["metadata"].get("nbgrader", {}).get("locked")
        shown += [] if hidden_test else [json.dumps(cell.get("outputs", []))]
    printed = "\n".join(shown)
    for secret in (SECRET, LISTENING, HIDDEN, SOLVED):
        assert secret not in printed


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_gets_what_can_be_read_of_it(outcome: Outcome, name: str) -> None:
    result = outcome.results[student(name)]
    marks = {test: marks_of(result)[test] for test in FULL}
    if name.startswith("readable: "):
        assert marks == FULL
        assert result.status == "graded"
    else:
        assert marks == dict.fromkeys(FULL, 0.0)
        assert result.status == "unreadable"
        assert result.flags, "a person must be told"


@pytest.mark.parametrize("name", HONEST)
def test_honest_marks_are_unchanged(outcome: Outcome, name: str) -> None:
    result = outcome.results[name]
    assert {test: marks_of(result)[test] for test in FULL} == FULL
    assert not result.flags


def test_nobody_reached_the_local_server(outcome: Outcome) -> None:
    assert outcome.connections == 0


def test_everybody_is_in_the_gradebook_with_the_same_marks(outcome: Outcome) -> None:
    with Gradebook(f"sqlite:///{outcome.course / 'gradebook.db'}") as book:
        for name, result in outcome.results.items():
            for test in FULL:
                assert book.find_grade(test, HW, HW, name).score == marks_of(result)[test]
    assert len(outcome.results) == len(HONEST) + len(ATTACKS) + len(BROKEN)


def test_no_process_survives(outcome: Outcome) -> None:
    ps = shutil.which("ps")
    assert ps, "the test needs `ps` (Debian package procps)"
    listing = subprocess.run([ps, "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "-c while True: pass" not in listing
