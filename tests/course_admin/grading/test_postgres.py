"""The gradebook in PostgreSQL: a real server, started here, gets the same marks as SQLite."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_admin.grading import gradebook
from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.submissions.course import open_course

from .synthetic import FULL, HW, RIGHT, hand_in, student_notebook

pytestmark = pytest.mark.slow


def program(name: str) -> str:
    """A PostgreSQL program, on the path or where Debian keeps the servers."""
    found = shutil.which(name) or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[::-1]), None
    )
    assert found, f"the test needs PostgreSQL's {name} (Debian package postgresql)"
    return found


def as_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: then it is run as `postgres`, else `nobody`."""
    if os.getuid() != 0:
        return command
    known = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()}
    user = "postgres" if "postgres" in known else "nobody"
    return ["setpriv", f"--reuid={user}", "--clear-groups", "--regid=" + user_group(user), *command]


def user_group(user: str) -> str:
    """The primary group of a user."""
    return subprocess.run(
        ["id", "-gn", user], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def server() -> Iterator[str]:
    """URL of an empty database in a cluster of its own."""
    # not in pytest's folder, which is closed to other users
    folder = Path(
        subprocess.run(
            ["mktemp", "-d", "/tmp/course-pg-XXXXXX"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    folder.chmod(0o777)
    data = folder / "data"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def call(*command: str) -> None:
        subprocess.run(
            as_user(list(command)), check=True, capture_output=True, cwd=folder, env=environment
        )

    call(program("initdb"), "-D", str(data), "-U", "course", "--auth=trust", "--no-sync")
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    )
    call(
        program("pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start"
    )
    try:
        call(program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "course", "grades")
        yield f"postgresql+psycopg://course@127.0.0.1:{port}/grades"
    finally:
        call(program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_postgres_and_sqlite_hold_the_same_marks(
    course_folder: Path, tmp_path: Path, server: str
) -> None:
    hand_in(course_folder, "ann", student_notebook(RIGHT))
    hand_in(
        course_folder, "bob", student_notebook({**RIGHT, "mean": "def mean(x):\n    return 0.0"})
    )
    hand_in(course_folder, "cut", b"{")
    books = {}
    for name, url in (("sqlite", None), ("postgres", server)):
        course = open_course(course_folder, HW, out=tmp_path / name, database=url)
        run(course, Settings(workers=2), lambda *_: None)
        books[name] = gradebook.scores(course)
        assert (tmp_path / name / "feedback" / "ann" / HW / f"{HW}.html").is_file()
    assert books["sqlite"] == books["postgres"]
    assert books["postgres"]["ann"]["score"] == sum(FULL.values())
    assert books["postgres"]["bob"]["cells"]["test_mean"] == 1.0
    assert not (tmp_path / "postgres" / "gradebook.db").exists()
