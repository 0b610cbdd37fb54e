"""What a person does in JupyterLab, for the browser tests: open, run, look, drag.

    def test_slider(open_notebook):
        notebook = open_notebook("01_gan_minimax.ipynb")
        notebook.run_all()
        picture = notebook.output("live.explore").locator("img")
        before = pixels(picture)
        drag(notebook.output("live.explore").locator(".noUi-handle"), 80)
        wait_for_change(picture, before)

Fixtures (conftest.py): `lab` the server, `page` a fresh browser page, `open_notebook` a
function from the name of a notebook to `Notebook`; `shared_page` and `open_shared` are the same
for all tests of a file, which then need not run the notebook again. A page error, or a request
to anywhere but this machine, fails the test that caused it without being asked for.

Everything here waits for a state, never for a time: however slow the machine, a test sees the
same. ``timeout`` only ends a test that hangs.
"""

import io
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

PATIENCE = 180.0  # seconds until what does not happen is given up
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
# Listens to what page and kernel say to each other about widgets: how many messages there were,
# which of the page's the kernel is still at work on, which views have a frame yet to be painted.
WATCH = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    if (window.courseWatch?.kernel === kernel) return;
    const watch = {kernel, count: 0, asked: new Set(), views: new Set(), unpainted: new Map()};
    window.courseWatch = watch;
    kernel.anyMessage.connect((_, {msg, direction}) => {
        const {msg_type: type, msg_id: id} = msg.header;
        if (type === 'status' && msg.content.execution_state === 'idle')
            watch.asked.delete(msg.parent_header.msg_id);
        if (!type.startsWith('comm_')) return;
        watch.count++;
        if (direction === 'send') watch.asked.add(id);
        const comm = msg.content.comm_id;
        const told = msg.content.data?.content;
        if (type === 'comm_close') watch.unpainted.delete(comm);
        if (told?.kind === 'ready' || told?.kind === 'ack') watch.views.add(comm);
        if (told?.kind === 'frame' && watch.views.has(comm)) watch.unpainted.set(comm, told.frame);
        if (told?.kind === 'ack' && told.frame >= watch.unpainted.get(comm))
            watch.unpainted.delete(comm);
    });
}"""
# A training that was told to pause ends its step, and may show it.
SETTLE = """
def _settle():
    import sys
    module = sys.modules.get("course_utils.live.background_training")
    for training in list(getattr(module, "_NAMED", {}).values()):
        if training.stop.is_set() and training._thread is not None:
            training._thread.join()
_settle()
del _settle
"""
# Number of messages so far if no more are to come, else -1.
QUIET = """async settle => {
    const {kernel, asked, unpainted, count} = window.courseWatch;
    await kernel.requestExecute({code: settle, silent: true, store_history: false}).done;
    const frame = () => new Promise(go => requestAnimationFrame(go));
    await frame();
    await frame();
    const rests = window.courseWatch.count === count && !asked.size && !unpainted.size
        && !document.querySelector('canvas[aria-busy=true]')
        && [...document.images].every(image => image.complete);
    return rests ? count : -1;
}"""
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
        with opener.open(request, timeout=PATIENCE) as answer:
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

    def run_all(self, timeout: float = 1200.0) -> None:
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

    def wait_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(KERNEL_READY)


def pixels(locator: Locator) -> np.ndarray:
    """What is seen of an element now, as an array (height, width, 3) of whole numbers 0 to 255."""
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(picture).astype(np.int32)


def difference(before: np.ndarray, after: np.ndarray) -> float:
    """Mean absolute difference of two pictures in grey levels; infinite when sizes differ."""
    return float(np.abs(before - after).mean()) if before.shape == after.shape else float("inf")


def wait_until(page: Page, happened: Callable[[], object], words: Callable[[], str]) -> None:
    """Poll until ``happened()`` is true.

    Raises AssertionError with ``words()`` when that does not come about.
    """
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, words()
        page.wait_for_timeout(50)


def wait_for_change(
    locator: Locator, before: np.ndarray, least: float = 1.0, timeout: float = PATIENCE
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


def wait_for_rest(locator: Locator) -> np.ndarray:
    """Wait until nothing more is to come from the kernel or the page; returns the look then.

    Kernel and page have answered each other's messages, every frame is painted, and no sharper
    picture is going to be asked for.
    """
    page, looks = locator.page, []
    page.evaluate(WATCH)

    def rests() -> bool:
        count = page.evaluate(QUIET, SETTLE)
        if count >= 0:
            looks.append(pixels(locator))
        return count >= 0 and page.evaluate("window.courseWatch.count") == count

    wait_until(page, rests, lambda: "the picture does not come to rest")
    return looks[-1]


def wait_for_faults(page: Page, count: int) -> list[str]:
    """Wait until so many faults were noticed on a page of the fixture `page`; returns them."""
    wait_until(page, lambda: len(page.faults) >= count, lambda: f"only {page.faults}")
    return page.faults


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
