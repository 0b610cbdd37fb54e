"""Gaussian splatting on a CPU: against other renderers, memory, and fits of toy scenes.

Times are CPU time of one thread, everything measured in turns on the same splats, median of the
rounds: forward and backward of the rasterisation, from projected splats to their gradients.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from benchmarks import splat_peers
from course_utils.vision3d.cameras import Camera, look_at
from course_utils.vision3d.fields.harmonics import harmonics_from_colours
from course_utils.vision3d.splats.gaussians import Gaussians
from course_utils.vision3d.splats.projection import Splats
from course_utils.vision3d.splats.rasterize.autograd import project_compiled, rasterise_compiled

CASES = ((10_000, 256), (50_000, 512), (50_000, 128))
TARGETS = {"OpenSplat": (6, 6, 3), "gsplat": (30, 30, 30)}
ROUNDS = 5
MEMORY_TARGET = 50  # MB


def ball(count: int, seed: int = 0) -> Gaussians:
    """A unit ball of Gaussians, smaller the more there are, so that they fill it alike."""
    g = torch.Generator().manual_seed(seed)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=g), dim=-1)
    spread = math.log(0.6 * count ** (-1 / 3)) + 0.4 * torch.randn(count, 3, generator=g)
    return Gaussians(
        means=direction * torch.rand(count, 1, generator=g) ** (1 / 3),
        log_scales=spread,
        quaternions=torch.randn(count, 4, generator=g),
        opacity_logits=torch.logit(0.1 + 0.8 * torch.rand(count, generator=g)),
        harmonics=harmonics_from_colours(torch.rand(count, 3, generator=g)),
    )


def view(size: int) -> Camera:
    """A camera that sees the whole ball."""
    return look_at((2.6, 1.2, 1.2), (0.0, 0.0, 0.0), field_of_view=math.pi / 4, size=size)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def course(splats: Splats, camera: Camera, gradient: torch.Tensor) -> list[torch.Tensor]:
    """Our rasterisation, forward and backward: picture and gradients."""
    leaves = [x.detach().requires_grad_(x is not splats.depths) for x in splats.tensors()]
    colour, _ = rasterise_compiled(Splats(*leaves), camera)
    colour.backward(gradient)
    return [colour.detach(), *(x.grad for x in leaves if x.requires_grad)]


def compare(count: int, size: int, peers: dict[str, splat_peers.Peer]) -> dict[str, float]:
    """CPU seconds of each renderer on one case, and how much their pictures differ from ours."""
    camera = view(size)
    with torch.no_grad():
        splats = project_compiled(ball(count), camera)
    shape = (3, size, size)
    gradient = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    theirs = gradient.permute(1, 2, 0).contiguous()
    work = {"course": lambda: course(splats, camera, gradient)}
    if "OpenSplat" in peers:
        work["OpenSplat"] = lambda: peers["OpenSplat"](splats, size, theirs)
    if "gsplat" in peers:
        pairs = splat_peers.touched_pixels(splats, size)
        work["gsplat"] = lambda: peers["gsplat"](splats, size, theirs, pairs)
    ours = work["course"]()[0]
    for name in [n for n in work if n != "course"]:
        other = work[name]()[0].permute(2, 0, 1)
        print(
            f"  {name}: its picture differs from ours by {(other - ours).abs().mean():.1e} (mean)"
        )
    rounds = [{name: cpu_seconds(call) for name, call in work.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(r[name] for r in rounds) for name in work}


def against_peers() -> bool:
    """Print the table of times; whether every ratio reaches its target."""
    peers, reached = {}, True
    for name, get in (
        ("OpenSplat", splat_peers.opensplat),
        ("gsplat", splat_peers.gsplat_reference),
    ):
        try:
            peers[name] = get()
        except (OSError, ImportError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"  {name} cannot be had here: {str(error).splitlines()[-1]}")
    for case, (count, size) in enumerate(CASES):
        found = compare(count, size, peers)
        line = f"  {count:6,} at {size}²: course {found['course'] * 1e3:7.1f} ms"
        for name in peers:
            ratio, target = found[name] / found["course"], TARGETS[name][case]
            line += f"   {name} {found[name] * 1e3:8.1f} ms = {ratio:5.1f}x (target {target}x)"
            reached &= ratio >= target
        print(line, flush=True)
    return reached


MEASURE = """
import torch
from benchmarks import splatting
from benchmarks.memory import peak_of_this_process
from course_utils.vision3d.splats.rasterize import autograd
torch.set_num_threads(1)
autograd.warm_up()
scene, camera = splatting.ball(50_000), splatting.view(512)
splatting.course(splatting.project_compiled(splatting.ball(100), splatting.view(32)),
                 splatting.view(32), torch.ones(3, 32, 32))
parameters = scene.map(lambda x: x.requires_grad_())
before = peak_of_this_process()
colour, _ = splatting.rasterise_compiled(splatting.project_compiled(parameters, camera), camera)
colour.sum().backward()
print(peak_of_this_process() - before)
"""


def peak_memory() -> float:
    """MB that forward and backward of 50,000 Gaussians at 512², projection included, add to a
    fresh process at its highest.
    """
    return float(subprocess.check_output([sys.executable, "-c", MEASURE], text=True))


def main() -> None:
    """Print all figures; end with status 1 if one misses its target."""
    torch.set_num_threads(1)
    print("rasterisation, forward and backward, CPU time of one thread")
    reached = against_peers()
    memory = peak_memory()
    print(f"peak memory, 50,000 at 512²: {memory:.0f} MB (target at most {MEMORY_TARGET})")
    if not reached or memory > MEMORY_TARGET:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
