"""What a person does in JupyterLab, for the browser tests: open, run, look, drag.

    def test_slider(open_notebook):
        notebook = open_notebook("01_gan_minimax.ipynb")
        notebook.run_all()
        picture = notebook.output("live.explore").locator("img")
        before = pixels(picture)
        drag(notebook.output("live.explore").locator(".noUi-handle"), 80)
        wait_for_change(picture, before)

Fixtures (conftest.py): `lab` the server, `page` a fresh browser page, `open_notebook` a
function from the name of a notebook to `Notebook`. A page error, or a request to anywhere but
this machine, fails the test that caused it without being asked for.
"""

import io
import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")

KERNEL_READY = """() => {
    const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
    const kernel = context?.session?.kernel;
    return Boolean(context?.isReady && kernel?.connectionStatus === 'connected'
                   && kernel.status === 'idle');
}"""
ALL_DONE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const code = panel.content.widgets.filter(cell => cell.model.type === 'code');
    const done = code.filter(cell => cell.model.sharedModel.execution_count !== null
                             || cell.model.sharedModel.source.trim() === '');
    return done.length === code.length && panel.sessionContext.session.kernel.status === 'idle';
}"""
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .flatMap(cell => cell.model.sharedModel.outputs
        .filter(output => output.output_type === 'error')
        .map(output => output.ename + ': ' + output.evalue))"""
FINISHED = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .filter(cell => cell.model.sharedModel.execution_count !== null).length"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, the folder it serves, its log."""

    base: str
    token: str
    folder: Path
    log: Path

    def api(self, path: str, method: str = "GET") -> object:
        """Answer of the server's REST interface."""
        request = urllib.request.Request(f"{self.base}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def shut_kernels(self) -> None:
        """End all kernels, so that the next test has the machine to itself."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")


@dataclass(frozen=True)
class Notebook:
    """A notebook open in JupyterLab."""

    page: Page
    name: str

    def run_all(self, timeout: float = 120.0) -> None:
        """Run every cell and wait; an error in any cell is an `AssertionError` that quotes it."""
        # Not awaited: the command's promise only resolves when all is done, and blocks the page.
        self.page.evaluate(
            "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); return 0 }"
        )
        deadline = time.monotonic() + timeout
        while not self.page.evaluate(ALL_DONE):
            assert not self.errors(), self.errors()
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self.name}: {self.page.evaluate(FINISHED)} cells done after {timeout:.0f} s"
                )
            self.page.wait_for_timeout(100)
        assert not self.errors(), self.errors()

    def errors(self) -> list[str]:
        """Errors shown below the cells."""
        return self.page.evaluate(ERRORS)

    def cell(self, text: str) -> Locator:
        """The code cell whose source contains `text` (the first of several)."""
        index = self.page.evaluate(
            """text => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(
                cell => cell.model.type === 'code'
                        && cell.model.sharedModel.source.includes(text))""",
            text,
        )
        assert index >= 0, f"no code cell of {self.name} contains {text!r}"
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, text: str) -> Locator:
        """The output below the code cell whose source contains `text`."""
        area = self.cell(text).locator(".jp-Cell-outputArea")
        area.scroll_into_view_if_needed()
        return area

    def wait_idle(self, timeout: float = 30.0) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(KERNEL_READY, timeout=timeout * 1000)


def pixels(locator: Locator) -> np.ndarray:
    """What is seen of an element now, as an array (height, width, 3) of whole numbers 0 to 255."""
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(picture).astype(np.int32)


def difference(before: np.ndarray, after: np.ndarray) -> float:
    """Mean absolute difference of two pictures in grey levels; infinite when sizes differ."""
    return float(np.abs(before - after).mean()) if before.shape == after.shape else float("inf")


def wait_for_change(
    locator: Locator, before: np.ndarray, least: float = 1.0, timeout: float = 10.0
) -> np.ndarray:
    """Poll until an element looks different by `least` grey levels on average; returns that look.

    Raises AssertionError, with the largest difference seen, when `timeout` seconds pass.
    """
    deadline, largest = time.monotonic() + timeout, 0.0
    while time.monotonic() < deadline:
        after = pixels(locator)
        largest = max(largest, difference(before, after))
        if largest >= least:
            return after
        locator.page.wait_for_timeout(50)
    raise AssertionError(f"the picture did not change: {largest:.2f} of {least} grey levels")


def wait_for_rest(locator: Locator, timeout: float = 10.0) -> np.ndarray:
    """Poll until two looks in a row are equal; returns that look."""
    deadline, before = time.monotonic() + timeout, pixels(locator)
    while time.monotonic() < deadline:
        locator.page.wait_for_timeout(150)
        after = pixels(locator)
        if difference(before, after) == 0:
            return after
        before = after
    raise AssertionError("the picture does not come to rest")


def drag(locator: Locator, right: float, down: float = 0.0, steps: int = 20) -> None:
    """Press the mouse in the middle of an element, move it by so many pixels, and let go."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None, "cannot drag what is not visible"
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = locator.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + right, y + down, steps=steps)
    mouse.up()
