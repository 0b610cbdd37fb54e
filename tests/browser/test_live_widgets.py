"""The live views in a real JupyterLab: pixels answer, errors are told, nothing is flooded."""

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_admin.authoring.convert import KERNEL
from tests.browser.helpers import (
    difference,
    drag,
    pixels,
    wait_for_change,
    wait_for_rest,
    wait_until,
)

pytestmark = pytest.mark.browser

IMPORTS = """
import time
import ipywidgets
import numpy as np
from course_utils import live, plots
"""

STAGE = """
stage = live.Stage((0, 4), (0, 2), 480, 300, xlabel="x", title="A stage")
x = np.linspace(0, 1, 32)
stage.set("field", "field", values=np.tile(x, (8, 1)), stops=["#ff0000", "#0000ff"], smooth=False)
def put(at=1.0):
    stage.set("dot", "points", xy=[[at, 1.0]], size=60, colour="#00ff00", alpha=1.0, label="dot")
    stage.flush()
put()
strokes = []
stage.on_pointer(lambda kind, x, y: strokes.append((kind, x, y)), every=True)
slider = ipywidgets.FloatSlider(1.0, min=0, max=4, step=0.1, description="place")
slider.observe(lambda change: put(change["new"]), "value")
ipywidgets.VBox([slider, stage.widget])
"""

EXPLORE = """
def wave(frequency=2.0, kind="sine"):
    if kind == "broken":
        raise ValueError("this kind is broken")
    fig, ax = plots.figure(6, 3)
    t = np.linspace(0, 1, 200)
    ax.plot(t, np.sin(2 * np.pi * frequency * t))
    return fig
live.explore(wave, frequency=(1.0, 9.0), kind=["sine", "broken"])
"""

TRAINER = """
class Walk:
    def __init__(self, speed):
        self.angle, self.speed = 0.0, speed
    def set(self, speed):
        self.speed = speed
    def step(self, count, which):
        if which == "crash":
            raise ArithmeticError("the loss is not finite")
        self.angle += 0.02 * self.speed * count
        np.linalg.svd(np.ones((30, 30)))
view = live.Stage((-1, 1), (-1, 1), 240, 240, axes=False)
losses = live.Traces(["loss"], width=300, height=240)
drawn = []
def draw(walk):
    drawn.append(time.perf_counter())
    place = 0.7 * np.array([[np.cos(walk.angle), np.sin(walk.angle)]])
    view.set("dot", "points", xy=place, size=60)
    view.flush()
    losses.append(len(drawn), {"loss": np.exp(-len(drawn) / 20)})
def make(speed=1.0):
    return Walk(speed)
trainer = live.Trainer(make, draw, {"speed": (0.0, 5.0)}, views=[view, losses],
                       steps={"Step": "one", "Crash": "crash"})
trainer
"""

ORBIT = """
sizes = []
def render(camera):
    sizes.append(camera.width)
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width] / camera.width
    a, b, _ = camera.centre.tolist()
    return np.stack([np.sin(6 * columns + a), np.cos(6 * rows + b), rows], -1) / 2 + 0.5
orbiter = live.orbit(render, width=300)
"""

ASK = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    let text = '';
    const future = kernel.requestExecute({code: `print(${code})`});
    future.onIOPub = message => { text += message.content.text ?? message.content.evalue ?? ''; };
    await future.done;
    return text.trim();
}"""


@pytest.fixture
def opened(lab, open_notebook):
    """Function from code cells to a notebook in which they have run."""

    def run(*sources):
        cells = [new_code_cell(source.strip()) for source in (IMPORTS, *sources)]
        notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(KERNEL))
        nbformat.write(notebook, lab.folder / "live.ipynb")
        shown = open_notebook("live.ipynb")
        shown.run_all()
        return shown

    return run


def ask(notebook, code):
    """Value of a Python expression in the kernel, as text."""
    return notebook.page.evaluate(ASK, code)


def wait_for_value(notebook, code, expected):
    """Poll the kernel until an expression has the expected value."""
    wait_until(
        notebook.page,
        lambda: ask(notebook, code) == expected,
        lambda: f"{code} is {ask(notebook, code)}, not {expected}",
    )


def where(picture, colour):
    """Mean position (x, y) of the pixels of nearly that colour, in fractions of the picture."""
    near = np.abs(picture - np.array(colour)).sum(-1) < 60
    assert near.any(), "colour not found"
    rows, columns = np.nonzero(near)
    return columns.mean() / picture.shape[1], rows.mean() / picture.shape[0]


def test_a_stage_draws_follows_the_slider_and_takes_strokes(opened):
    notebook = opened(STAGE)
    output = notebook.output("live.Stage")
    canvas = output.locator("canvas")
    before = wait_for_rest(canvas)
    left, middle = where(before, (0, 255, 0))
    red, _ = where(before, (255, 0, 0))
    blue, _ = where(before, (0, 0, 255))
    assert red < left < blue and 0.35 < middle < 0.55
    assert "dot" in output.inner_text() and "A stage" in output.inner_text()
    drag(output.locator(".noUi-handle"), 90)
    wait_for_change(canvas, before)
    after = wait_for_rest(canvas)
    assert where(after, (0, 255, 0))[0] > left + 0.1

    # A stroke with the pen reaches the kernel in data units.
    drag(canvas, 60, 40, steps=10)
    wait_for_value(notebook, "strokes[-1][0]", "up")
    assert ask(notebook, "strokes[0][0], len([s for s in strokes if s[0] == 'move'])") == "down 10"
    (x0, y0), (x1, y1) = (
        eval(ask(notebook, f"[round(float(v), 6) for v in strokes[{k}][1:]]")) for k in (0, -1)
    )
    box = canvas.bounding_box()
    # The pointer went 60 pixels right and 40 down: so many data units on the axes' scale.
    assert x1 - x0 == pytest.approx(60 * 4 / (box["width"] - 60), rel=0.02)
    assert y1 - y0 == pytest.approx(-40 * 2 / (box["height"] - 62), rel=0.02)


def test_explore_redraws_and_tells_errors_in_plain_words(opened):
    notebook = opened(EXPLORE)
    output = notebook.output("live.explore")
    canvas = output.locator("canvas")
    before = wait_for_rest(canvas)
    assert before.std() > 10
    drag(output.locator(".noUi-handle"), 120)
    wait_for_change(canvas, before)
    kept = wait_for_rest(canvas)
    output.locator("select").select_option("broken")
    alert = output.get_by_role("alert")
    alert.wait_for()
    assert "ValueError: this kind is broken (line 3 of wave)" in alert.inner_text()
    assert difference(kept, pixels(canvas)) == 0
    output.locator("select").select_option("sine")
    alert.wait_for(state="detached")


def test_a_trainer_plays_steps_changes_pauses_and_resets(opened):
    notebook = opened(TRAINER)
    output = notebook.output("live.Trainer")
    canvas = output.locator("canvas").first
    still = wait_for_rest(canvas)
    output.get_by_role("button", name="Step").click()
    wait_for_change(canvas, still, least=0.05)
    assert ask(notebook, "trainer.background.steps") == "1"
    output.get_by_role("button", name="Play").click()
    before = pixels(canvas)
    wait_for_change(canvas, before)
    handle = output.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    wait_for_value(notebook, "trainer.state.speed > 1 and trainer.running", "True")
    wait_for_value(notebook, "len(drawn) > 40", "True")
    output.get_by_role("button", name="Pause").click()
    wait_for_rest(canvas)
    wait_for_value(notebook, "trainer.running", "False")
    gaps = "min(b - a for a, b in zip(drawn[2:], drawn[3:]))"
    assert float(ask(notebook, gaps)) > 0.001
    assert float(ask(notebook, "len(drawn) / (drawn[-1] - drawn[1])")) < 16
    output.get_by_role("button", name="Reset").click()
    wait_for_value(notebook, "trainer.background.steps", "0")
    assert "paused · step 0" in output.get_by_role("status").inner_text()


def test_a_training_that_fails_is_run_again_or_interrupted_leaves_no_thread(opened):
    notebook = opened(TRAINER)
    output = notebook.output("live.Trainer")
    output.get_by_role("button", name="Crash").click()
    alert = output.get_by_role("alert")
    alert.wait_for()
    assert "ArithmeticError: the loss is not finite" in alert.inner_text()
    output.get_by_role("button", name="Play").click()
    wait_for_value(notebook, "trainer.running", "True")
    notebook.run_all()
    names = "[t.name for t in __import__('threading').enumerate() if t.name == 'course-trainer']"
    wait_for_value(notebook, names, "[]")

    # Between two cells the interrupt button pauses it too.
    output.get_by_role("button", name="Play").click()
    wait_for_value(notebook, "trainer.running", "True")
    # What the kernel does about an interrupt when no cell runs: at first, nothing.
    waits = "__import__('signal').SIG_IGN is not get_ipython().kernel.saved_sigint_handler"
    wait_for_value(notebook, waits, "True")
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
    )
    wait_for_value(notebook, "trainer.running", "False")


def test_orbit_turns_small_while_dragged_and_sharp_at_rest(opened):
    notebook = opened(ORBIT)
    canvas = notebook.output("live.orbit").locator("canvas")
    before = wait_for_rest(canvas)
    drag(canvas, 80, 20, steps=12)
    wait_for_change(canvas, before)
    wait_for_value(notebook, "sizes[-1]", "200")
    assert ask(notebook, "sizes[0], 100 in sizes, len(sizes) < 20") == "200 True True"
    azimuth = float(ask(notebook, "orbiter.azimuth"))
    assert azimuth == pytest.approx((0.6 - np.pi * 80 / 300) % (2 * np.pi), abs=0.03)
    canvas.focus()
    turned = wait_for_rest(canvas)
    canvas.press("ArrowLeft")
    wait_for_change(canvas, turned)
    canvas.hover()
    notebook.page.mouse.wheel(0, -200)
    wait_for_value(notebook, "orbiter.distance < 3.5", "True")


def test_a_page_that_is_loaded_again_shows_the_same_picture(opened):
    notebook = opened(STAGE)
    before = wait_for_rest(notebook.output("live.Stage").locator("canvas"))
    notebook.page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('docmanager:save') }"
    )
    notebook.page.reload()
    canvas = notebook.page.locator(".jp-Notebook canvas")
    canvas.wait_for()
    notebook.wait_idle()
    canvas.scroll_into_view_if_needed()
    after = wait_for_rest(canvas)
    assert difference(before, after) < 1
