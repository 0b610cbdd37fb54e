import subprocess
import sys

import pytest
import torch
from torch import nn

from course_utils.selfsup import distributed, simclr

# Each process computes its half; process 0 compares with one process that has the whole batch.
WORKER = """
import copy, torch
import torch.distributed as dist
from torch import nn
from course_utils.selfsup import distributed, simclr

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, processes = dist.get_rank(), dist.get_world_size()
torch.manual_seed(100 + rank)
network = nn.Sequential(nn.Linear(7, 12), nn.Tanh(), nn.Linear(12, 5)).to({dtype})
distributed.broadcast_network(network)
data = torch.Generator().manual_seed(5)
first, second = (torch.randn(6, 7, generator=data, dtype={dtype}) for _ in range(2))

alone = copy.deepcopy(network)
expected = simclr.nt_xent(alone(torch.cat([first, second])), 0.3)
expected.backward()

own = slice(6 // processes * rank, 6 // processes * (rank + 1))
views = torch.cat([first[own], second[own]])
{compute}
whole = loss.detach().clone()
dist.all_reduce(whole)
assert abs(whole / processes - expected) <= {close} * abs(expected), (whole, expected, loss)
for mine, other in zip(network.parameters(), alone.parameters(), strict=True):
    gap = (mine.grad - other.grad).norm()
    assert gap <= {close} * other.grad.norm(), (gap, other.grad.norm())

try:
    distributed.gather_with_gradient(torch.zeros(2 + rank, 3))
except ValueError as problem:
    assert "as many rows" in str(problem)
else:
    raise AssertionError("unequal parts were accepted")
dist.destroy_process_group()
print(f"process {{rank}}: equal")
"""
BY_HAND = """
loss = distributed.global_nt_xent(network(views), 0.3)
loss.backward()
distributed.average_gradients(network.parameters())
"""
BY_WRAPPER = """
wrapped = nn.parallel.DistributedDataParallel(network)
loss = distributed.global_nt_xent(wrapped(views), 0.3)
loss.backward()
"""


def torchrun(*arguments, processes=2):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


CASES = [
    pytest.param("torch.float32", BY_HAND, 1e-6, 2, id="float32"),
    pytest.param("torch.float64", BY_HAND, 1e-13, 3, id="three in float64", marks=pytest.mark.slow),
    pytest.param("torch.float64", BY_WRAPPER, 1e-13, 2, id="wrapper", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("dtype", "compute", "close", "processes"), CASES)
def test_processes_together_equal_one_with_the_whole_batch(
    tmp_path, dtype, compute, close, processes
):
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(dtype=dtype, compute=compute, close=close))
    said = torchrun(str(script), processes=processes)
    assert all(f"process {rank}: equal" in said for rank in range(processes))


@pytest.mark.slow
def test_the_training_runs_under_torchrun_and_process_0_reports():
    said = torchrun("-m", "course_utils.selfsup.distributed", "--steps", "5", "--batch", "16")
    losses = [line for line in said.splitlines() if "loss" in line]
    assert len(losses) == 5 and all("over 64 views" in line for line in losses)


def test_without_a_process_group_it_says_so():
    with pytest.raises(ValueError, match="torchrun"):
        distributed.gather_with_gradient(torch.randn(2, 3))
    with pytest.raises(ValueError, match="torchrun"):
        distributed.global_nt_xent(torch.randn(4, 3))


@pytest.fixture
def single_process(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


def test_one_process_alone_is_nt_xent(single_process):
    ours, theirs = (torch.randn(8, 4, dtype=torch.float64).requires_grad_() for _ in range(2))
    theirs.data.copy_(ours.data)
    distributed.global_nt_xent(ours, 0.2).backward()
    simclr.nt_xent(theirs, 0.2).backward()
    assert torch.allclose(ours.grad, theirs.grad)
    network = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="backward"):
        distributed.average_gradients(network.parameters())
