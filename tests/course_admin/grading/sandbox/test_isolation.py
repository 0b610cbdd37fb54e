"""Grading as an ordinary user, and where bubblewrap is missing: the marks stay, the words change.

Run as root, the first of these tests becomes another user, in a mount namespace where that user
may read the Python that runs them; run by anybody else it is simply that user.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_admin.grading import actions
from course_admin.grading.cli import main
from course_admin.grading.doctor import PROBES
from course_admin.grading.sandbox.bubblewrap import bubblewrap, python_folders
from course_admin.grading.submissions.course import open_course
from tests.course_admin.grading.conftest import marks_of, results_of
from tests.course_admin.grading.synthetic import FULL, HW, RIGHT, hand_in, student_notebook

pytestmark = pytest.mark.slow
USER = 21_739
ROOT = Path(__file__).resolve().parents[4]
LIMITS = ["--cell-seconds", "10", "--memory-mb", "600"]
TOGETHER = """\
import os, time
for _ in range(6):  # each within the limit, all together beyond it
    if os.fork() == 0:
        held = bytearray(200 * 2**20)
        for i in range(0, len(held), 4096):
            held[i] = 1
        time.sleep(30)
        os._exit(0)
time.sleep(8)  # ended long before, together with them
"""
BECOME_USER = """\
mount --make-rprivate /
for folder in $CLOSED; do  # hide what is closed to others, but for the parts that are needed
    hold=$(mktemp -d); number=0
    for part in $NEEDED; do case $part in $folder/*)
        number=$((number + 1)); mkdir $hold/$number; mount --bind $part $hold/$number;; esac; done
    mount -t tmpfs -o mode=755 none $folder
    number=0
    for part in $NEEDED; do case $part in $folder/*)
        number=$((number + 1)); mkdir -p $part; mount --bind $hold/$number $part;; esac; done
done
exec setpriv --reuid=$AS --regid=$AS --clear-groups "$@"
"""


def as_ordinary_user(command: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody who is not root."""
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home)}
    if os.getuid() == 0:
        needed = sorted({*python_folders(), ROOT})
        parents = {p for folder in needed for p in folder.parents}
        closed = {p for p in parents if p.stat().st_mode & 0o005 != 0o005}
        outermost = [p for p in closed if not any(q in closed for q in p.parents)]
        environment |= {
            "AS": str(USER), "NEEDED": " ".join(map(str, needed)),
            "CLOSED": " ".join(map(str, outermost)),
        }  # fmt: skip
        command = ["unshare", "--mount", "sh", "-ec", BECOME_USER, "sh", *command]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)


@pytest.fixture
def home() -> Path:
    """A folder that the ordinary user owns; pytest's are closed to others."""
    made = subprocess.run(
        ["mktemp", "-d", "/tmp/course-user-XXXXXX"], capture_output=True, text=True
    )
    folder = Path(made.stdout.strip())
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap cannot make namespaces here")
def test_ordinary_user_grades_with_every_wall_up(home: Path, course_folder: Path) -> None:
    hand_in(course_folder, "honest", student_notebook(RIGHT))
    hand_in(course_folder, "greedy", student_notebook(RIGHT, extra=TOGETHER))
    subprocess.run(["cp", "-r", str(course_folder), str(home / "course")], check=True)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", f"{USER}:{USER}", str(home)], check=True)
    python = [sys.executable, "-m", "course_admin.grading"]
    doctor = as_ordinary_user([*python, "doctor", "--json"], home)
    found = json.loads(doctor.stdout)
    assert found["bubblewrap"]["as_root"] is False
    assert {f["name"]: f["holds"] for f in found["findings"]} == dict.fromkeys(PROBES, True)
    graded = as_ordinary_user([*python, "run", HW, "--course", str(home / "course"), *LIMITS], home)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    assert "WARNING" not in graded.stderr
    results = results_of(open_course(home / "course", HW))
    assert {test: marks_of(results["honest"])[test] for test in FULL} == FULL
    assert any("MiB of memory" in flag for flag in results["greedy"].flags), results["greedy"]


def test_memory_of_all_processes_together_is_limited(course_folder: Path) -> None:
    hand_in(course_folder, "greedy", student_notebook(RIGHT, extra=TOGETHER))
    assert main(["run", HW, "--course", str(course_folder), "--no-feedback", *LIMITS]) == 0
    flags = results_of(open_course(course_folder, HW))["greedy"].flags
    assert any("MiB of memory" in flag for flag in flags), flags


def test_without_bubblewrap_the_limits_hold_and_it_says_so(
    course_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course_folder, "honest", student_notebook(RIGHT))
    hand_in(course_folder, "endless", student_notebook(RIGHT, extra="while True: pass"))
    hand_in(course_folder, "greedy", student_notebook(RIGHT, extra=TOGETHER))
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert main(["run", HW, "--course", str(course_folder), "--no-feedback", *LIMITS]) == 0
    assert actions.WARNING in capsys.readouterr().err
    results = results_of(open_course(course_folder, HW))
    assert {test: marks_of(results["honest"])[test] for test in FULL} == FULL
    assert not results["honest"].flags
    assert any("MiB of memory" in flag for flag in results["greedy"].flags)
    assert {test: marks_of(results["endless"])[test] for test in FULL} == FULL  # interrupted
