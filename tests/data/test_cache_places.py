"""Where pictures and compiled code are kept when there is no home that can be written."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bootstrap.environment import inside
from course_utils import places
from course_utils.data import cache
from tests.course_admin.grading.sandbox.test_isolation import USER, as_ordinary_user, home  # noqa: F401 (fixture)

NOWHERE = "/proc/nowhere"  # not even root can make a folder there
SAID = re.compile(r"Your home folder cannot be written: .* goes to (\S+)\. ")
STRANGER = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0,
    reason="needs root, to run a program as a user whom the system does not know",
)
PROGRAM = """
import sys
import numpy as np
from course_utils.data.cache import load_or_build
from course_utils.data.toy.kernels_light import smoothstep

def build():
    print("built")
    return {"x": np.arange(3)}

assert load_or_build({"name": "thing"}, build)["x"].tolist() == [0, 1, 2]
print(smoothstep(0.0, 1.0, 0.5), sum(smoothstep.stats.cache_hits.values()))
print(smoothstep.stats.cache_path)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, and a home that cannot be written."""
    for name in ("COURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", NOWHERE)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places.private_folder.cache_clear()
    yield tmp_path
    places.private_folder.cache_clear()


def mode_of(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_a_home_that_cannot_be_written_is_told_once(temporary, capsys):
    folder = cache.cache_folder()
    assert folder == cache.cache_folder() and folder.parent == temporary
    assert mode_of(folder) == 0o700
    assert SAID.findall(capsys.readouterr().err) == [str(folder)]
    places.private_folder.cache_clear()
    assert cache.cache_folder() == folder  # the next process finds the same


def test_a_home_that_can_be_written_is_used(temporary, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(temporary))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.cache_folder() == temporary / ".cache" / "course_kit"
    assert not capsys.readouterr().err


def test_programs_of_ours_get_a_home_that_can_be_written(temporary, monkeypatch):
    assert inside()["HOME"] == places.private_folder()
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for an unknown user
    assert inside()["HOME"] == places.private_folder()


def test_a_home_of_the_usual_kind_stays(temporary, monkeypatch):
    monkeypatch.setenv("HOME", str(temporary))
    assert inside()["HOME"] == str(temporary)


@pytest.mark.parametrize("planted", ["open to others", "a link", "not ours"])
def test_a_folder_that_others_may_have_filled_is_not_used(temporary, monkeypatch, planted):
    usual = cache.cache_folder()
    places.private_folder.cache_clear()
    if planted == "open to others":
        usual.chmod(0o755)
    elif planted == "a link":
        usual.rename(temporary / "elsewhere")
        usual.symlink_to(temporary / "elsewhere")
    else:
        owner = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
        usual.rename(usual.with_name(f"course_kit-{owner + 1}"))
    found = cache.cache_folder()
    assert found != usual and found.parent == temporary and mode_of(found) == 0o700
    assert not list(found.iterdir())


@STRANGER
@pytest.mark.slow
@pytest.mark.parametrize("known", [f"HOME={NOWHERE}", "-uHOME"])
def test_a_stranger_without_a_home_compiles_once_and_keeps_it(home, known):  # noqa: F811
    subprocess.run(["chown", f"{USER}:{USER}", str(home)], check=True)
    names = ("COURSE_CACHE", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    command = ["env", *(f"-u{name}" for name in names), known, f"PYTHONPATH={ROOT}"]
    runs = [as_ordinary_user([*command, sys.executable, "-c", PROGRAM], home) for _ in range(2)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    first, second = (run.stdout.split() for run in runs)
    folder = str(home / f"course_kit-{USER}")
    assert first[:3] == ["built", "0.5", "0"] and first[3].startswith(folder)
    assert second[:2] == ["0.5", "1"]  # neither built nor compiled again
    assert [SAID.findall(run.stderr) for run in runs] == [[folder], [folder]]
    assert not (home / "~").exists()  # the working folder


ROOT = Path(__file__).resolve().parents[2]
