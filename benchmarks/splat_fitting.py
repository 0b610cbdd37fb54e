"""Fits of toy scenes by Gaussian splatting: steps per CPU-second, and PSNR on held-out views.

20 views of 128 x 128 are fitted and 4 others judged, for three scenes. Seconds are CPU time of
one thread, judging left out.
"""

from __future__ import annotations

import time

import torch

from course_utils.core.metrics import image_psnr
from course_utils.data import posed_scenes, toy
from course_utils.vision3d.splats.gaussians import Gaussians
from course_utils.vision3d.splats.rasterize.autograd import warm_up
from course_utils.vision3d.splats.splat_fit import Rates, SplatFit, random_start
from course_utils.vision3d.splats.splatting import render_gaussians

SEEDS = (0, 1, 2)
SIZE, VIEWS = 128, 24
FIXED = {"count": 2000, "seconds": 10, "rate": 200, "psnr": 27}
GROWN = {"count": 1000, "most": 5000, "seconds": 20, "psnr": 31}
PULL, LARGE, TRANSPARENT = 2e-4, 0.02, 0.01  # limits of growth; LARGE in radii of the scene


def views(seed: int):
    """Views to fit, views to judge by, centre and radius of the scene."""
    generator = torch.Generator().manual_seed(seed)
    world = toy.sample_scenes(1, generator=generator, gloss=0.0)
    cameras = posed_scenes.sphere_cameras(world, VIEWS, SIZE, generator=generator)
    pictures = posed_scenes.posed_views(world, cameras)
    held_out = torch.arange(VIEWS) % 6 == 2
    centre, radius = (x[0].float() for x in toy.scene_ball(world))
    return pictures[~held_out], pictures[held_out], centre, radius.item()


def judged(scene: Gaussians, held_out) -> float:
    """PSNR on the held-out views together."""
    seen = [render_gaussians(scene, camera, torch.ones(3)) for camera in held_out.cameras]
    return image_psnr(torch.stack(seen), held_out.images)


def fitted(seed: int, count: int, seconds: float, most: int | None = None):
    """The fit after some CPU-seconds, growing up to ``most``; with its scene's held-out views."""
    pictures, held_out, centre, radius = views(seed)
    generator = torch.Generator().manual_seed(seed)
    start = random_start(count, centre, radius, generator=generator)
    fitting = SplatFit(start, Rates(means=0.004 * radius))
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        if fitting.steps % len(pictures) == 0:
            order = torch.randperm(len(pictures), generator=generator).tolist()
        view = order[fitting.steps % len(pictures)]
        fitting.step((pictures.cameras[view], pictures.images[view]))
        if most and 200 <= fitting.steps <= 1500 and fitting.steps % 100 == 0:
            fitting.grow(PULL, LARGE * radius, most, generator=generator)
            fitting.prune(TRANSPARENT)
    return fitting, held_out


def main() -> None:
    """Print both tables; end with status 1 if one misses its target."""
    torch.set_num_threads(1)
    warm_up()
    reached = True
    for seed in SEEDS:
        fitting, held_out = fitted(seed, FIXED["count"], FIXED["seconds"])
        rate, found = fitting.steps / FIXED["seconds"], judged(fitting.gaussians, held_out)
        reached &= rate >= FIXED["rate"] and found >= FIXED["psnr"]
        print(
            f"  scene {seed}, {FIXED['count']:,} Gaussians, {FIXED['seconds']} CPU-s: {rate:.0f} "
            f"steps per CPU-s (target {FIXED['rate']}), {found:.1f} dB (target {FIXED['psnr']})",
            flush=True,
        )
    for seed in SEEDS:
        fitting, held_out = fitted(seed, GROWN["count"], GROWN["seconds"], GROWN["most"])
        found = judged(fitting.gaussians, held_out)
        reached &= found >= GROWN["psnr"]
        print(
            f"  scene {seed}, grown from {GROWN['count']:,} to {len(fitting.gaussians):,}, "
            f"{GROWN['seconds']} CPU-s: {found:.1f} dB (target {GROWN['psnr']})",
            flush=True,
        )
    if not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
