"""Radiance fields on a CPU: how good after how many seconds; voxels, splats and a network.

Toy scenes: 20 views of 128 x 128 are learnt, and 4 others judged. With the path of an ``.npz`` of
posed pictures (``images``, RGBA premultiplied by opacity; ``poses``, camera to world with the
camera looking along -z; ``focal``), as the argument or in COURSE_BENCH_LEGO, also those: one
picture in ten, chosen by the seed, is held out. The targets are those of the NeRF-synthetic lego
at 100 x 100.

Seconds are CPU time, summed over threads; looking at held-out pictures is left out. A target must
be reached on every seed by the best method.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_utils.core.metrics import image_psnr
from course_utils.core.training import Minibatches
from course_utils.data import posed_scenes, toy
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.fields import voxel_march
from course_utils.vision3d.fields.nerf import RadianceField, rays_of_views
from course_utils.vision3d.fields.nerf_fit import NerfFit, edges_of_ball
from course_utils.vision3d.fields.voxel_fit import Plan, VoxelFit
from course_utils.vision3d.splats.rasterize import autograd
from course_utils.vision3d.splats.splat_fit import Rates, SplatFit, random_start
from course_utils.vision3d.splats.splatting import render_gaussians

MARKS = (2, 5, 10, 20, 60, 120, 240)  # CPU-seconds at which a training is judged
TOY_PLAN = Plan(steps=500)
LEGO_PLAN = Plan(steps=1200, resolutions=(32, 64, 96), stages=(0.15, 0.4))


class Scene(NamedTuple):
    """Views to learn from, views to judge by, and the ball that holds the scene."""

    images: Tensor
    cameras: Camera
    judged_images: Tensor
    judged_cameras: Camera
    centre: Tensor
    radius: float


class Task(NamedTuple):
    """A training: one step, what it is fed, and the picture that a camera sees at the moment."""

    step: Callable[[Any], Any]
    batches: Iterable[Any]
    picture: Callable[[Camera], Tensor]
    steps: int | None


class Target(NamedTuple):
    """Least PSNR (dB) after so many CPU-seconds."""

    seconds: float
    image_psnr: float


class Contest(NamedTuple):
    """One kind of scene: how to get it, who learns it for how many CPU-seconds, and targets."""

    scene: Callable[[int], Scene]
    seconds: dict[str, float]
    targets: tuple[Target, ...]


def split(images: Tensor, cameras: Camera, held_out: Tensor, ball: tuple[Tensor, float]) -> Scene:
    """Pictures and cameras apart: to learn, and to judge by."""
    kept = ~held_out
    return Scene(images[kept], cameras[kept], images[held_out], cameras[held_out], *ball)


def toy_scene(seed: int) -> Scene:
    """A matt object of the toy world; every sixth of 24 views is held out."""
    generator = torch.Generator().manual_seed(seed)
    world = toy.sample_scenes(1, generator=generator, gloss=0.0)
    cameras = posed_scenes.sphere_cameras(world, 24, 128, generator=generator)
    centre, radius = (x[0].float() for x in toy.scene_ball(world))
    images = posed_scenes.posed_views(world, cameras).images
    return split(images, cameras, torch.arange(24) % 6 == 2, (centre, radius.item()))


def lego_scene(path: str) -> Callable[[int], Scene]:
    """Real pictures before white; a tenth of them, chosen by the seed, is held out."""
    with np.load(path) as stored:
        rgba = torch.from_numpy(stored["images"]).float() / 255
        poses, focal = torch.from_numpy(stored["poses"]).float(), float(stored["focal"])
    images = (rgba[..., :3] + 1 - rgba[..., 3:]).clamp(0, 1).movedim(-1, 1).contiguous()
    turned = poses[:, :3, :3] * torch.tensor([1.0, -1.0, -1.0])  # from (right, up, back)
    count, _, height, width = images.shape
    cameras = Camera(torch.full((count,), focal), width, height, turned, poses[:, :3, 3])

    def scene(seed: int) -> Scene:
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
        held_out = torch.zeros(count, dtype=torch.bool)
        held_out[order[: count // 10]] = True
        return split(images, cameras, held_out, (torch.zeros(3), 1.3))

    return scene


# ------------------------------------------------------------------ methods


def voxels(scene: Scene, seed: int, seconds: float) -> Task:
    """A voxel field; the plan for real pictures is finer."""
    generator = torch.Generator().manual_seed(seed)
    plan = LEGO_PLAN if len(scene.images) > 50 else TOY_PLAN
    fitting = VoxelFit(scene.centre, scene.radius, plan, generator=generator)
    rays = rays_of_views(scene.images, scene.cameras)
    batches = Minibatches(rays.tensors(), 4096, generator)
    picture = lambda camera: voxel_march.render_view(fitting.field, camera)  # noqa: E731
    return Task(fitting.step, batches, picture, plan.steps)


def splats(scene: Scene, seed: int, seconds: float) -> Task:
    """Gaussians that grow from 2,000 to 8,000 in the first half of the time."""
    generator = torch.Generator().manual_seed(seed)
    start = random_start(2000, scene.centre, 0.8 * scene.radius, generator=generator)
    planned = int(100 * seconds)
    fitting = SplatFit(start, Rates(means=0.004 * scene.radius, steps=planned))

    def step(view: int) -> None:
        fitting.step((scene.cameras[view], scene.images[view]))
        if 300 <= fitting.steps <= planned // 2 and fitting.steps % 200 == 0:
            fitting.grow(2e-4, 0.02 * scene.radius, 8000, generator=generator)
            fitting.prune(0.01)

    def batches() -> Iterator[int]:
        while True:
            yield from torch.randperm(len(scene.images), generator=generator).tolist()

    def picture(camera: Camera) -> Tensor:
        return render_gaussians(fitting.gaussians, camera, torch.ones(3))

    return Task(step, batches(), picture, None)


def network(scene: Scene, seed: int, seconds: float) -> Task:
    """NeRF's two networks, 4 layers of 64, at the settings of lesson 15."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    centre = tuple(scene.centre.tolist())
    fields = tuple(RadianceField(64, 4, centre=centre, radius=scene.radius) for _ in range(2))
    edges = edges_of_ball(scene.cameras, scene.centre, scene.radius, 32)
    fitting = NerfFit(fields, edges, 32, steps=int(8 * seconds), generator=generator)
    rays = rays_of_views(scene.images, scene.cameras)
    batches = Minibatches(rays.tensors(), 512, generator)
    return Task(fitting.step, batches, lambda camera: fitting.picture(camera), None)


METHODS = {"voxels": voxels, "splats": splats, "network": network}


# ------------------------------------------------------------------ running and judging


def judged(scene: Scene, picture: Callable[[Camera], Tensor]) -> float:
    """PSNR on the held-out views together."""
    with torch.no_grad():
        seen = torch.stack([picture(camera) for camera in scene.judged_cameras])
    return image_psnr(seen, scene.judged_images)


def trace(scene: Scene, task: Task, seconds: float) -> list[tuple[float, float]]:
    """Trains; pairs of CPU-seconds and held-out PSNR, at the marks and at the end."""
    used, found, marks, steps = 0.0, [], [m for m in MARKS if m <= seconds], 0
    batches = iter(task.batches)
    while used < seconds and steps != task.steps:
        begin = time.process_time()
        task.step(next(batches))
        cost = time.process_time() - begin
        if marks and used + cost > marks[0]:  # this step ends beyond the mark: judge with it
            marks.pop(0)
            found.append((used + cost, judged(scene, task.picture)))
        used, steps = used + cost, steps + 1
    if not found or found[-1][0] < used:
        found.append((used, judged(scene, task.picture)))
    print(f"{steps:6,} steps:", end="")
    return found


def best_within(found: list[tuple[float, float]], seconds: float) -> float:
    """Highest PSNR of a trace up to some CPU-seconds (a step may end 2 % later)."""
    return max((value for at, value in found if at <= 1.02 * seconds), default=0.0)


def hold(name: str, contest: Contest, seeds: list[int], only: str) -> bool:
    """Runs all methods on all seeds of one contest; whether every target is reached."""
    traces: dict[str, list] = {}
    for method, seconds in contest.seconds.items():
        for seed in seeds if only in f"{name} {method}" else ():
            scene = contest.scene(seed)
            print(f"  {name:5s} {method:8s} seed {seed}: ", end="", flush=True)
            found = trace(scene, METHODS[method](scene, seed, seconds), seconds)
            print("".join(f"  {value:.1f} dB @ {at:.0f} s" for at, value in found), flush=True)
            traces.setdefault(method, []).append(found)
    compare(name, traces)
    reached = [meets(name, target, traces) for target in contest.targets if traces]
    return all(reached)


def meets(name: str, target: Target, traces: dict[str, list]) -> bool:
    """Whether the best method reaches a target on its worst seed; says which it is."""
    worst = {m: min(best_within(f, target.seconds) for f in runs) for m, runs in traces.items()}
    best = max(worst, key=worst.get)
    reached = worst[best] >= target.psnr
    print(
        f"  {name}: {target.psnr} dB within {target.seconds:g} CPU-s on every seed: {best}, "
        f"{worst[best]:.1f} dB on its worst: {'reached' if reached else 'MISSED'}"
    )
    return reached


def compare(name: str, traces: dict[str, list]) -> None:
    """How much sooner than the network another method is as good as it is at its end."""
    for method in [m for m in traces if m != "network" and "network" in traces]:
        for run, network_run in zip(traces[method], traces["network"], strict=True):
            at, level = network_run[-1]
            sooner = [s for s, value in run if value >= level]
            ratio = f"at least {at / sooner[0]:.0f}x sooner" if sooner else "not as good"
            equal = best_within(run, at) - level
            print(f"  {name}: {method} against network at {at:.0f} s: {equal:+.1f} dB, {ratio}")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """The path, the seeds and the trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", default=os.environ.get("COURSE_BENCH_LEGO"))
    parser.add_argument("--seeds", type=int, default=3, help="how many, counted from --first")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="trials whose name, e.g. 'toy voxels', has this")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print all trials; end with status 1 if a target is missed."""
    options = read_options(arguments or [])
    torch.set_num_threads(options.threads)
    voxel_march.warm_up()
    autograd.warm_up()
    contests = {
        "toy": Contest(toy_scene, {"voxels": 20, "network": 20}, (Target(5, 25), Target(20, 28)))
    }
    if options.path:
        seconds = {"voxels": 240, "splats": 240, "network": 240}
        targets = (Target(120, 25), Target(240, 27))
        contests["lego"] = Contest(lego_scene(options.path), seconds, targets)
    else:
        print("  no real pictures: give their path, or set COURSE_BENCH_LEGO")
    seeds = list(range(options.first, options.first + options.seeds))
    print(f"  {options.threads} threads, CPU-seconds summed over them, seeds {seeds}")
    reached = [hold(name, contest, seeds, options.only) for name, contest in contests.items()]
    if not all(reached):
        raise SystemExit(1)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
