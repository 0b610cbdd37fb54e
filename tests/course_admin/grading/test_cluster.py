"""Grading on a Dask cluster: same marks, workers killed, a submission that kills workers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from course_admin.grading import cluster
from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.submissions.course import open_course

from .conftest import Grade, marks_of, results_of
from .synthetic import FULL, HW, RIGHT, hand_in, student_notebook

pytestmark = pytest.mark.slow
HALF = {**RIGHT, "square": "def square(x):\n    return 2 * x", "guess": 'guess = "a"'}
LOST = 2


def class_of(root: Path, size: int) -> dict[str, dict[str, float]]:
    """Hand in `size` submissions; the marks that they must get."""
    expected = {}
    for k in range(size):
        answers = RIGHT if k % 2 else HALF
        hand_in(root, f"s{k:02d}", student_notebook(answers))
        expected[f"s{k:02d}"] = FULL if k % 2 else {**FULL, "test_square": 0.0, "test_guess": 0.0}
    return expected


def test_cluster_of_four_loses_two_workers_and_gives_the_same_marks(course_folder: Path) -> None:
    expected = class_of(course_folder, 16)
    course = open_course(course_folder, HW)
    lost: list[int] = []

    def kill_one(client: object) -> None:
        workers = client.run(os.getpid)  # type: ignore[attr-defined]
        pid = sorted(pid for pid in workers.values() if pid not in lost)[0]
        lost.append(pid)
        os.kill(pid, signal.SIGKILL)

    def tell(count: int, *_: object) -> None:
        if count in (3, 7):
            from distributed import default_client

            kill_one(default_client())

    run(course, Settings(workers=4, scheduler="local", feedback=False), tell)
    assert len(set(lost)) == LOST
    found = results_of(course)
    assert not [flag for result in found.values() for flag in result.flags]
    assert {s: {t: marks_of(r)[t] for t in FULL} for s, r in found.items()} == expected


def test_scheduler_address(course_folder: Path, grade: Grade) -> None:
    from distributed import LocalCluster

    expected = class_of(course_folder, 4)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as there:
        found = grade(scheduler=there.scheduler_address)
    assert {s: {t: marks_of(r)[t] for t in FULL} for s, r in found.items()} == expected


def test_submission_that_kills_workers_is_put_aside(
    course_folder: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = class_of(course_folder, 4)
    hand_in(course_folder, "killer", student_notebook(RIGHT))
    monkeypatch.setattr(cluster, "grade_there", _dies_on_killer)
    found = grade(scheduler="local")
    assert found["killer"].status == "quarantined"
    assert "put aside" in found["killer"].flags[0]
    assert {t: marks_of(found["killer"])[t] for t in FULL} == dict.fromkeys(FULL, 0.0)
    del found["killer"]
    assert {s: {t: marks_of(r)[t] for t in FULL} for s, r in found.items()} == expected


def _dies_on_killer(mark: str, task: cluster.Task) -> object:
    """Stands for a submission that takes its worker's machine down."""
    if task.student == "killer":
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return _real(mark, task)


_real = cluster.grade_there
