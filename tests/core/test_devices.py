"""What devices says about this machine, against what Python itself says."""

import os
import platform
import shutil

import pytest
import torch

from course_utils.core import devices
from course_utils.core.devices import pick_device, use_threads
from course_utils.lessons.start_here.machine import machine, training_speed


def test_the_device_is_the_fastest_there_is():
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"
    assert pick_device().type == expected
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match=r"no device|has no"):
        pick_device(name)


@pytest.fixture
def threads_restored():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads_restored")
def test_threads():
    assert use_threads(1) == torch.get_num_threads() == 1
    assert use_threads() == torch.get_num_threads() <= os.cpu_count()
    with pytest.raises(ValueError, match="at least 1"):
        use_threads(0)


@pytest.mark.usefixtures("threads_restored")
@pytest.mark.parametrize(
    ("asked", "most"), [(None, 3), ("1", 1), ("2,1", 2), ("64", 3), ("many", 3), ("0", 3)]
)
def test_without_a_number_threads_keep_to_the_cores_and_to_what_the_environment_allows(
    monkeypatch, asked, most
):
    monkeypatch.setattr(devices, "available_cores", lambda: 3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert use_threads() == torch.get_num_threads() == most


def test_machine_tells_the_truth(tmp_path):
    found = machine(tmp_path)
    assert found.python == platform.python_version()
    assert found.versions["torch"] == torch.__version__.split("+")[0]
    assert found.disk_free == pytest.approx(shutil.disk_usage(tmp_path).free / 1e9, abs=1.0)
    assert 1 <= found.cores <= os.cpu_count()
    assert found.threads == torch.get_num_threads()
    assert found.memory is None or found.memory > 0.2
    text = str(found)
    assert found.device_name in text and f"{found.cores}" in text and "torch " in text


def test_speed_is_measured_and_leaves_the_generator_alone():
    torch.set_num_threads(1)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert training_speed("cpu", seconds=0.05) > 0
    assert torch.equal(torch.rand(2), expected)
