"""Walking round a learnt scene: pictures per second that the page shows while the mouse drags.

    python -m benchmarks.orbit_rate [--seconds 4]

A toy scene is fitted briefly by voxels, by Gaussians and by a small network, and shown in a real
JupyterLab by the widget of lessons 15 and 16. The mouse turns it without pause; the page counts
the animation frames in which the picture has changed. Server, kernel and browser share the machine.
Budget: 10 pictures a second at 100 x 100, for voxels and Gaussians.
"""

from __future__ import annotations

import argparse
import math
import time

from playwright.sync_api import Page

from benchmarks.live_latency import opened, output_area

BUDGET, SIZE = 10.0, 100

START = """
import torch
from benchmarks import radiance_fields
from course_utils import live, plots
from course_utils.vision3d.cameras import orbit_camera
plots.use_style()
torch.set_num_threads(1)
scene = radiance_fields.toy_scene(0)
def eye_at(azimuth, elevation, distance, size=200):
    return orbit_camera(azimuth, elevation, distance, scene.centre.tolist(), size=size)
def shown(method, seconds):
    task = radiance_fields.METHODS[method](scene, 0, seconds)
    print(radiance_fields.trace(scene, task, seconds)[-1])
    def render(camera):
        with torch.no_grad():
            return task.picture(camera).movedim(0, -1).clamp(0, 1)
    start = (0.6, 0.35, 3.1 * scene.radius)
    live.orbit(render, eye_at, start=start, drag_size=SIZE, rest_size=SIZE)
""".replace("SIZE", str(SIZE))

METHODS = {"voxels": 5, "splats": 10, "network": 5}  # CPU-seconds of fitting

COUNT = """canvas => {
    window.shown = []; window.counting = true;
    const small = new OffscreenCanvas(50, 50), pen = small.getContext('2d', {
        willReadFrequently: true });
    let last = null;
    const look = () => {
        pen.drawImage(canvas, 0, 0, 50, 50);
        const now = pen.getImageData(0, 0, 50, 50).data;
        if (last && now.some((value, i) => value !== last[i])) window.shown.push(performance.now());
        last = now.slice();
        if (window.counting) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def rate(page: Page, method: str, seconds: float) -> float:
    """Changed pictures per second while the mouse goes round and round on the picture."""
    canvas = output_area(page, f"shown({method!r}").locator("canvas").first
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 80, y)
    page.mouse.down()
    canvas.evaluate(COUNT)
    begin = time.perf_counter()
    while (past := time.perf_counter() - begin) < seconds:
        angle = 2 * math.pi * past / 3  # a turn in three seconds
        page.mouse.move(x + 80 * math.cos(angle), y + 80 * math.sin(angle))
        page.wait_for_timeout(8)
    times = page.evaluate("() => { window.counting = false; return window.shown }")
    page.mouse.up()
    if len(times) < 2:
        return len(times) / seconds
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


def main(arguments: list[str] | None = None) -> bool:
    """Print the table; whether voxels and Gaussians are within the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of dragging")
    seconds = parser.parse_args(arguments).seconds
    rates = {}
    with opened([START, *(f"shown({name!r}, {cost})" for name, cost in METHODS.items())]) as page:
        for name in METHODS:
            rates[name] = rate(page, name, seconds)
            print(f"{name:8s} {rates[name]:6.1f} pictures a second at {SIZE} x {SIZE}", flush=True)
    kept = min(rates["voxels"], rates["splats"]) >= BUDGET
    print(f"budget {BUDGET:.0f} a second for voxels and splats: {'kept' if kept else 'missed'}")
    return kept


if __name__ == "__main__":
    import sys

    sys.exit(not main(sys.argv[1:]))
