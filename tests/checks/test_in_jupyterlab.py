"""A report in a real JupyterLab: readable in light and dark, and harmless."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.conftest import browser, lab, open_notebook, page  # noqa: F401 (fixtures)
from tests.browser.helpers import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "browser"
WRONG = """\
import torch
from course_utils import checks

def game_value(real_logits, fake_logits):
    print("<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>")
    real = torch.log(torch.sigmoid(real_logits)).mean()
    return real + torch.log(1 - torch.sigmoid(fake_logits)).mean()
"""
RIGHT = """\
from torch.nn.functional import logsigmoid

def game_value(real_logits, fake_logits):
    return logsigmoid(real_logits).mean() + logsigmoid(-fake_logits).mean()

checks.game_value(game_value)
"""
MARK = "checks.grade('game_value', lambda r, f: game_value(r, f).detach(), 3)"
CONTRAST = """() => {
    const light = colour => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const text = light(getComputedStyle(document.querySelector('.course-check')).color);
    let box = document.querySelector('.course-check');
    while (/^rgba\\(.*, 0\\)$/.test(getComputedStyle(box).backgroundColor)) box = box.parentElement;
    const paper = light(getComputedStyle(box).backgroundColor);
    return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
}"""


@pytest.fixture
def reports(lab, open_notebook):  # noqa: F811
    """The notebook of this test, open in JupyterLab, every cell run."""
    cells = [WRONG, "checks.game_value(game_value)", RIGHT, MARK]
    cells = [new_code_cell(source) for source in cells]
    cells[1].metadata["tags"] = ["raises-exception"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), lab.folder / "report.ipynb")
    notebook = open_notebook("report.ipynb")
    notebook.page.evaluate(
        "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); return 0 }"
    )
    notebook.page.wait_for_function("() => document.querySelectorAll('.course-check').length === 3")
    return notebook


def test_a_report_is_readable_and_harmless_in_both_themes(reports):
    found = reports.page
    failing = found.locator(".course-check").first
    assert failing.get_attribute("data-misconception") == "naive_log_sigmoid"
    for label in ("tried", "expected", "came", "likely cause", "next", "it printed"):
        assert failing.get_by_text(label, exact=True).is_visible()
    assert "<script>window.hacked" in failing.inner_text()
    assert found.evaluate("() => window.hacked") is None
    assert reports.errors() == ["CheckFailed: game_value: not right yet"]
    traceback = reports.output("checks.game_value(game_value)").locator(".jp-RenderedText").last
    assert len(traceback.inner_text().strip().splitlines()) == 1
    assert found.locator(".course-check").nth(1).get_attribute("data-verdict") == "right"
    assert "2.5 of 3" in found.locator(".course-check").nth(2).inner_text()
    SHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        found.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        found.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=theme)
        wait_until(
            found,
            lambda: found.evaluate(CONTRAST) > 7,
            lambda theme=theme: f"{theme}: contrast {found.evaluate(CONTRAST)}",
        )
        found.screenshot(path=SHOTS / f"check-{theme.split()[1].lower()}.png")
