"""From the hand to the pixels in the GAN laboratory: a button pressed, a slider moved.

    python -m benchmarks gan_lab

In a real JupyterLab, as in `benchmarks.live_latency`: from the key event to the first frame in
which the picture looks different. Also told: how many frames a second it shows while it plays.
Budget: a median below 100 ms, and at least 10 frames a second.
"""

import statistics

from playwright.sync_api import Locator, Page

from benchmarks.live_latency import WATCH, opened, output_area

BUDGET, LEAST_FRAMES = 100.0, 10.0
PRESSES = 30
CELLS = {
    "the plane": "from course_utils.core import devices\n"
    "from course_utils.lessons.gan_minimax.instrument import *\n"
    "devices.use_threads(1)\nplane = PlaneLab()\nplane",
    "the line": "line = LineLab()\nline",
}
# One move shifts the points by less than the made-up scenes of the other benchmark move theirs.
WATCH_CLOSELY = WATCH.replace("sum > 300", "sum > 25")
COUNT_FRAMES = """(area) => new Promise(done => {
    const context = area.querySelector('canvas').getContext('2d');
    const clear = context.clearRect.bind(context);
    let frames = 0;
    context.clearRect = (...box) => { frames += 1; clear(...box); };
    setTimeout(() => { context.clearRect = clear; done(frames / 4); }, 4000);
})"""


def times_of(page: Page, area: Locator, target: Locator, keys: tuple[str, ...]) -> list[float]:
    """Milliseconds from each press of a key on the target to the changed picture."""
    target.focus()
    page.wait_for_timeout(600)
    for press in range(PRESSES):
        target.press(keys[press % len(keys)])
        page.wait_for_function("() => window.latencies.length > 0")
        area.evaluate("() => (window.kept = window.kept || []).push(window.latencies.pop())")
        page.wait_for_timeout(150 + 13 * (press % 7))  # not in step with anything
    return page.evaluate("() => window.kept.splice(0)")


def measure(page: Page, source: str) -> dict[str, float]:
    """Median latencies in ms, and frames a second while it plays."""
    area = output_area(page, source)
    area.evaluate(WATCH_CLOSELY)
    row = {}
    button = area.locator("button", has_text="Step both")
    row["step"] = statistics.median(times_of(page, area, button, ("Enter",)))
    slider = area.locator(".widget-inline-hbox", has_text="noise dimension").locator(".noUi-handle")
    if slider.count():  # the one slider that changes the picture while the game is paused
        keys = ("ArrowRight", "ArrowLeft")
        row["slider"] = statistics.median(times_of(page, area, slider, keys))
    area.locator("button", has_text="Play").click()
    page.wait_for_timeout(1500)
    row["frames"] = area.evaluate(COUNT_FRAMES)
    area.locator("button", has_text="Pause").click()
    return row


def main() -> None:
    """Print a row for each instrument, and whether the budgets are kept."""
    with opened(list(CELLS.values())) as page:
        rows = {name: measure(page, source) for name, source in CELLS.items()}
    kept = True
    for name, row in rows.items():
        frames = row.pop("frames")
        kept &= frames >= LEAST_FRAMES and max(row.values()) < BUDGET
        delays = ", ".join(f"{hand} to pixels {delay:.0f} ms" for hand, delay in row.items())
        print(f"{name:10s} {delays} (medians); {frames:.1f} frames a second while it plays")
    print(f"{BUDGET:.0f} ms, {LEAST_FRAMES:.0f} frames a second: {'kept' if kept else 'NOT KEPT'}")


if __name__ == "__main__":
    main()
