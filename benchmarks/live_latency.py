"""From the slider to the pixels: how long until a live picture has answered, in a real JupyterLab.

    python -m benchmarks.live_latency [--presses 40]

A slider is moved by its arrow key. The page itself measures from the key event until the
first animation frame in which the picture looks different. The last row does so while a
training runs in the background. Budget: a median below 100 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, sync_playwright

from bootstrap.machine import is_root
from bootstrap.server import stop, wait_until_up
from bootstrap.testing import find_chromium
from course_admin.authoring.convert import KERNEL

BUDGET = 100.0

START = (
    "import numpy as np, ipywidgets, torch\nfrom course_utils import live, plots\nplots.use_style()"
)

# A heat field, 600 samples, 100 arrows and a grid: what the GAN instrument shows.
STAGE = """
stage = live.Stage((-2, 2), (-2, 2))
def scene(angle=0.0):
    x, y = np.meshgrid(np.linspace(-2, 2, 64), np.linspace(-2, 2, 64))
    stage.set("field", "field", values=0.5 + 0.5 * np.sin(2 * x + angle) * np.cos(y - angle))
    points = np.random.default_rng(0).normal(size=(600, 2)) @ np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    stage.set("points", "points", xy=points)
    stage.set("arrows", "arrows", xy=points[:100], vector=-0.2 * points[:100])
    stage.set("grid", "lines", lines=points.reshape(30, 20, 2))
    stage.flush()
scene()
slider = ipywidgets.FloatSlider(min=0, max=100, step=0.5)
slider.observe(lambda change: scene(change["new"]), "value")
ipywidgets.VBox([slider, stage.widget])
"""

CANVAS = """
canvas = live.Canvas(300, 300)
y, x = np.mgrid[0:200, 0:200] / 20
def picture(angle=0.0):
    return np.stack([np.sin(x + angle), np.cos(y - angle), np.sin(x * y + angle)], -1) / 2 + 0.5
canvas.show(picture())
slider2 = ipywidgets.FloatSlider(min=0, max=100, step=0.5)
slider2.observe(lambda change: canvas.show(picture(change["new"])), "value")
ipywidgets.VBox([slider2, canvas.widget])
"""

EXPLORE = """
def wave(angle=0.0):
    fig, ax = plots.figure(8, 4)
    x = np.linspace(0, 10, 400)
    ax.plot(x, np.sin(x + angle))
    ax.plot(x, np.cos(2 * x + angle))
    ax.set(xlabel="x", ylabel="y", title="two waves")
    return fig
live.explore(wave, angle=(0.0, 100.0, 0.5))
"""

TRAINER = """
class Net:
    def __init__(self):
        parts = torch.nn.Linear(2, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)
        self.net, self.angle = torch.nn.Sequential(*parts), 0.0
        self.adam = torch.optim.Adam(self.net.parameters())
    def set(self, angle):
        self.angle = angle
    def step(self, count, which):
        x = torch.randn(128, 2)
        loss = ((self.net(x)[:, 0] - x.prod(1)) ** 2).mean()
        self.adam.zero_grad(); loss.backward(); self.adam.step()
stage2 = live.Stage((-2, 2), (-2, 2))
def draw(net):
    a = net.angle
    stage2.set("dot", "points", xy=[[np.cos(a), np.sin(a)]], size=150)
    stage2.flush()
def make(angle=0.0):
    return Net()
live.Trainer(make, draw, {"angle": (0.0, 100.0, 0.5)}, views=[stage2])
"""

CASES = {
    "Stage": ("scene(angle", STAGE),
    "Canvas, raw 200x200": ("picture(angle", CANVAS),
    "explore, matplotlib 800x400": ("wave(angle", EXPLORE),
    "Trainer while it trains": ("class Net", TRAINER),
}

# Watches the picture of the output: on every animation frame it is shrunk to 48 x 48 and compared.
WATCH = """(area) => {
    const canvas = area.querySelector('canvas');
    const small = document.createElement('canvas');
    small.width = small.height = 48;
    const context = small.getContext('2d', {willReadFrequently: true});
    const look = () => {
        context.clearRect(0, 0, 48, 48);
        context.drawImage(canvas, 0, 0, 48, 48);
        return context.getImageData(0, 0, 48, 48).data;
    };
    window.latencies = [];
    area.addEventListener('keydown', () => {
        const began = performance.now(), before = look();
        const watch = () => {
            const now = look();
            let sum = 0;
            for (let i = 0; i < now.length; i++) sum += Math.abs(now[i] - before[i]);
            if (sum > 300) window.latencies.push(performance.now() - began);
            else if (performance.now() - began < 3000) requestAnimationFrame(watch);
            else window.latencies.push(3000);
        };
        requestAnimationFrame(watch);
    }, true);
}"""

ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .flatMap(cell => cell.model.sharedModel.outputs)
    .filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}`)"""

READY = """() => {
    const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
    const kernel = context?.session?.kernel;
    return Boolean(context?.isReady && kernel?.connectionStatus === 'connected' && kernel.status
    === 'idle');
}"""
DONE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    return panel.content.widgets.every(cell => cell.model.sharedModel.execution_count)
        && panel.sessionContext.session.kernel.status === 'idle';
}"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A JupyterLab on ``folder`` with settings of its own: its address and its token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token, base = secrets.token_hex(12), f"http://127.0.0.1:{port}"
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
    ]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
    command += ["--LabApp.extension_manager=readonly"] + (["--allow-root"] if is_root() else [])
    environment = dict(
        os.environ, JUPYTER_TOKEN=token, JUPYTERLAB_SETTINGS_DIR=str(folder / "settings")
    )
    for name in ("JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        environment[name] = str(folder / name.lower())
    environment.pop("COURSE_STATIC", None)
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until_up(server, base, token)
            yield base, token
        finally:
            stop(server)


def measure(page: Page, text: str, presses: int, training: bool) -> list[float]:
    """Milliseconds from each key press on the slider to the changed picture."""
    area = output_area(page, text)
    if training:
        area.get_by_role("button", name="Play").click()
        page.wait_for_timeout(1000)
    handle = area.locator(".noUi-handle").first
    handle.focus()
    page.wait_for_timeout(600)
    area.evaluate(WATCH)
    for press in range(presses):
        handle.press("ArrowRight")
        page.wait_for_function("count => window.latencies.length > count", arg=press)
        page.wait_for_timeout(120 + 13 * (press % 7))  # not in step with anything
    if training:
        area.get_by_role("button", name="Pause").click()
    return page.evaluate("() => window.latencies")


@contextlib.contextmanager
def opened(cells: list[str]) -> Iterator[Page]:
    """A JupyterLab in headless Chromium in which a notebook of these cells has been run.

    Raises: RuntimeError when a cell failed.
    """
    notebook = new_notebook(cells=[new_code_cell(cell.strip()) for cell in cells], metadata=KERNEL)
    options = ["--disable-dev-shm-usage", "--disable-gpu"] + (["--no-sandbox"] if is_root() else [])
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as (base, token):
        nbformat.write(notebook, Path(home) / "measured.ipynb")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
            page = browser.new_page(viewport={"width": 1280, "height": 960})
            page.goto(f"{base}/lab/workspaces/measured/tree/measured.ipynb?token={token}")
            page.wait_for_function(READY, timeout=60_000)
            page.evaluate(
                "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); return 0 }"
            )
            page.wait_for_function(DONE, timeout=120_000)
            page.wait_for_timeout(1000)
            if errors := page.evaluate(ERRORS):
                raise RuntimeError(f"a cell failed: {errors}")
            yield page


def output_area(page: Page, text: str) -> Locator:
    """What stands below the cell whose source holds that text, scrolled into view."""
    index = page.evaluate(
        "text => window.jupyterapp.shell.currentWidget.content.widgets"
        ".findIndex(cell => cell.model.sharedModel.source.includes(text))",
        text,
    )
    area = page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")
    area.scroll_into_view_if_needed()
    return area


def run(presses: int) -> dict[str, list[float]]:
    """Latencies of every case, in ms."""
    with opened([START, *(source for _, source in CASES.values())]) as page:
        return {
            name: measure(page, text, presses, training="Trainer" in name)
            for name, (text, _) in CASES.items()
        }


def main(arguments: list[str] | None = None) -> bool:
    """Print the table; whether every median is within the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=40)
    presses = parser.parse_args(arguments).presses
    print(f"{'slider to pixels, ms':30} {'median':>8} {'p90':>8} {'n':>5}")
    worst = 0.0
    for name, times in run(presses).items():
        median = statistics.median(times)
        print(
            f"{name:30} {median:8.1f} {statistics.quantiles(times, n=10)[-1]:8.1f} {len(times):5d}"
        )
        worst = max(worst, median)
    print(f"budget {BUDGET:.0f} ms: {'kept' if worst < BUDGET else 'missed'}")
    return worst < BUDGET


if __name__ == "__main__":
    sys.exit(not main())
