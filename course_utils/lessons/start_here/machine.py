"""What this machine has, how fast it trains, and what that means for the course."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from course_utils.core.devices import pick_device
from course_utils.cores import available_cores

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "matplotlib",
    "numba",
    "ipywidgets",
    "anywidget",
    "jupyterlab",
    "nbgrader",
)


@dataclass(frozen=True)
class Machine:
    """What the course needs to know of the computer it runs on. Sizes in GB (1e9 bytes)."""

    system: str
    python: str
    device: str
    device_name: str
    cores: int
    threads: int
    memory: float | None
    disk_free: float
    versions: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        memory = "unknown" if self.memory is None else f"{self.memory:.0f} GB"
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        lines = [
            f"device    {self.device} ({self.device_name})",
            f"cores     {self.cores}, torch uses {self.threads}",
            f"memory    {memory}",
            f"disk      {self.disk_free:.0f} GB free here",
            f"system    {self.system}, Python {self.python}",
            textwrap.fill(f"packages  {versions}", 76, subsequent_indent=" " * 10),
        ]
        return "\n".join(lines)


def machine(folder: str | os.PathLike = ".") -> Machine:
    """Describe this machine; ``folder`` says on which disk to look for space."""
    device = pick_device()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=".".join(str(part) for part in sys.version_info[:3]),
        device=str(device),
        device_name=_device_name(device),
        cores=available_cores(),
        threads=torch.get_num_threads(),
        memory=_memory(),
        disk_free=shutil.disk_usage(folder).free / 1e9,
        versions={name: version for name in PACKAGES if (version := _version(name))},
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


EXPECTED_SPEED = 150.0
NEEDED_MEMORY, NEEDED_DISK = 4.0, 2.0


def verdict(here: Machine, speed: float) -> str:
    """What a machine and its `training_speed` mean for the course, in a few plain lines.

    speed: steps per second. Lines that ask for something start with "!".
    """
    ratio = speed / EXPECTED_SPEED
    against = f"{speed:.0f} training steps per second, expected about {EXPECTED_SPEED:.0f}"
    if ratio >= 0.7:
        lines = [f"✓ speed: {against}. The minutes that the notebooks promise hold here."]
    else:
        lines = [
            f"! speed: {against}. Things take about {1 / ratio:.1f} times as long as promised.",
            "  Close what else is running, then run this cell again. If it stays slow, put",
            '  scale("test") into the first cell of a notebook: smaller, but every cell runs.',
        ]
    if here.memory is not None and here.memory < NEEDED_MEMORY:
        lines.append(
            f"! memory: {here.memory:.1f} GB; below {NEEDED_MEMORY:.0f} GB, close other programs."
        )
    if here.disk_free < NEEDED_DISK:
        lines.append(
            f"! disk: {here.disk_free:.1f} GB free; make room, pictures are kept for reuse."
        )
    else:
        lines.append(
            f"✓ disk: {here.disk_free:.0f} GB free, enough for every picture the course keeps."
        )
    if here.device == "cpu":
        lines.append("✓ no GPU: none is needed.")
    else:
        lines.append(f'✓ {here.device_name}: put scale("gpu") into the first cell for larger runs.')
    return "\n".join(lines)


def training_speed(device: torch.device | str = "cpu", seconds: float = 1.0) -> float:
    """Training steps per second of a small convolutional network (64 pictures of 32x32, Adam).

    The first steps, which allocate memory and pick kernels, are not counted. Draws from its own
    generator and leaves the global one as it was.
    """
    device = torch.device(device)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(64, 3, 32, 32, generator=generator).to(device)
    labels = torch.randint(10, (64,), generator=generator).to(device)
    with torch.random.fork_rng(devices=[]):
        network = _small_network().to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step():
        loss = nn.functional.cross_entropy(network(pictures), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()  # waits for the device

    began, count = time.perf_counter(), 0
    while count < 3 and (not count or time.perf_counter() - began < seconds):
        step()
        count += 1
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds or not count:
        step()
        count += 1
    return count / passed


def _small_network() -> nn.Module:
    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(
        *block(3, 16), *block(16, 32), *block(32, 64), nn.Flatten(), nn.Linear(64 * 16, 10)
    )
