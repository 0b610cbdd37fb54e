"""Cores by affinity and by control group, against files as Linux writes them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_admin.grading.cli import parser
from course_admin.grading.plan import Settings
from course_utils.cores import available_cores

MANY = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def asked(tmp_path: Path, groups: str, files: dict[str, str]) -> int:
    """The answer where this process belongs to ``groups``, and these files tell of them."""
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    own = tmp_path / "own"
    own.write_text(groups)
    return available_cores(tmp_path / "groups", own)


@pytest.mark.parametrize(
    ("limit", "cores"),
    [
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("110000 100000", min(2, MANY)),
        ("max 100000", MANY),
    ],
)
def test_a_share_of_processor_time_counts_as_whole_cores(tmp_path, limit, cores):
    assert asked(tmp_path, "0::/\n", {"cpu.max": limit + "\n"}) == cores


def test_the_group_above_counts_too(tmp_path):
    files = {"cpu.max": "max 100000", "a/cpu.max": "40000 100000", "a/b/cpu.max": "900000 100000"}
    assert asked(tmp_path, "0::/a/b\n", files) == 1


@pytest.mark.parametrize(("quota", "cores"), [("50000", 1), ("-1", MANY)])
def test_the_older_files_are_read(tmp_path, quota, cores):
    folder = "cpu/docker/c1/"
    files = {folder + "cpu.cfs_quota_us": quota, folder + "cpu.cfs_period_us": "100000"}
    assert asked(tmp_path, "5:cpu,cpuacct:/docker/c1\n2:memory:/docker/c1\n", files) == cores


@pytest.mark.parametrize("text", ["", "nonsense", "1 0"])
def test_what_cannot_be_read_is_no_limit(tmp_path, text):
    assert asked(tmp_path, "0::/\n", {"cpu.max": text}) == MANY
    assert available_cores(tmp_path / "none", tmp_path / "none") == MANY


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_grading_starts_no_more_workers_than_it_has_cores():
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from course_admin.grading.cli import parser\n"
        "from course_admin.grading.plan import Settings\n"
        "print(parser().parse_args(['run', 'a1']).workers, Settings().workers)"
    )
    said = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert said.split() == ["1", "1"]
    assert parser().parse_args(["run", "a1"]).workers == Settings().workers == available_cores()
