"""Pages with students' output are safe to open: in theory here, in Chromium below."""

# ruff: noqa: E501  (attacks are easier to read on their own lines)

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from course_utils.grading import clean
from course_utils.grading.course import open_course
from course_utils.grading.run import Settings, run

from .synthetic import HW, RIGHT, hand_in, student_notebook

ATTACKS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg onload=\"document.title='owned'\"><script>document.title='owned'</script></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "<details open ontoggle=\"document.title='owned'\">x</details>",
    "<a href=\"javascript:document.title='owned'\" class=go>go</a>",
    "<a href=\"&#106;avascript:document.title='owned'\" class=go>go</a>",
    "<form action=\"javascript:document.title='owned'\"><button class=go>go</button></form>",
    "<style>@import 'javascript:0'; body{display:none}</style>",
    "<div style=\"background:url(javascript:document.title='owned')\">x</div>",
    "<math><mtext></mtext><style><img src=x onerror=\"document.title='owned'\"></style></math>",
    "<input autofocus onfocus=\"document.title='owned'\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:document.title='owned'\">",
    "<base href='http://evil.invalid/'><link rel=stylesheet href=x>",
    "</div></div></body><script>document.title='owned'</script>",
    "<scr<script>ipt>document.title='owned'</scr</script>ipt>",
    "<noscript><p title=\"</noscript><img src=x onerror=document.title='owned'>\">",
    "<object data=\"data:text/html,<script>alert(1)</script>\"></object><embed src='data:image/svg+xml,x'>",
    "$\\href{javascript:document.title='owned'}{\\style{color:red}{x}}$",
    "[go](javascript:document.title='owned')",
    "[go](&#x6A;avascript:document.title='owned')",
    "![x](http://evil.invalid/x.png)",
    "```\n</code></pre><script>document.title='owned'</script>\n```",
]


class Elements(HTMLParser):
    """Every element and attribute of a piece of HTML, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]


@pytest.mark.parametrize("text", ATTACKS)
def test_html_cannot_run_anything(text: str) -> None:
    for tag, name, value in Elements(clean.html(text)).found:
        assert tag in clean.TAGS
        assert not name.startswith("on") and name not in ("srcdoc", "action", "formaction")
        if name in ("href", "src"):
            assert value.startswith(
                ("http://", "https://", "#", "data:image/png;", "data:image/jpeg;")
            )
        if name == "style":
            assert "url(" not in value and "javascript" not in value


def test_reports_keep_their_looks() -> None:
    from course_utils.checks.report import Line, Report

    report = Report("f", "title", "wrong", "not yet", tried="x = 1", came="2", cause="a `b` c",
                    lines=(Line("holds", True, 1, 1), Line("fails", False, 0, 1)), score=1.0, points=2.0)  # fmt: skip
    before, after = report._repr_html_(), clean.html(report._repr_html_())
    for style in (
        "display:flex",
        "grid-template-columns",
        "border-radius",
        "background",
        "font-weight",
    ):
        assert before.count(style) == after.replace(": ", ":").count(style), style


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d, so `x < y`", "**bold** and $\\frac{1}{2} < 1$", "1. one\n2. two", "x & y &amp; z",
        "[a link](https://docs.pytorch.org)", "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)  # fmt: skip
def test_ordinary_markdown_stays_as_written(text: str) -> None:
    assert clean.markdown(text) == text


def test_outputs_of_unknown_shape_are_dropped() -> None:
    odd = [
        None, 5, {"output_type": "widget"}, {"output_type": "display_data", "data": {"application/javascript": "x"}},
        {"output_type": "display_data", "data": {"image/png": "bm90IGEgcGljdHVyZQ=="}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=x>"}},
        {"output_type": "stream", "name": "x", "text": 5}, {"output_type": "error", "traceback": "x"},
    ]  # fmt: skip
    kept = clean.outputs(odd)
    assert [output["output_type"] for output in kept] == ["stream", "error"]
    assert clean.outputs("none") == []


def text_of_harmless_page(path: Path) -> str:
    """Opens a feedback page in Chromium, clicks what can be clicked: no script may have run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route("http*://**", lambda route: route.abort())
        page.on("dialog", lambda dialog: asked.append("dialog"))
        page.goto(path.as_uri())
        title = page.title()
        for index in range(page.locator("a:text-is('go')").count()):
            page.locator("a:text-is('go')").nth(index).dispatch_event("click")
            page.wait_for_timeout(100)
            assert page.title() == HW
        assert page.locator("button, form, iframe, object, embed, svg script").count() == 0
        page.wait_for_timeout(300)
        assert page.title() == title == HW
        assert page.evaluate("getComputedStyle(document.body).display") != "none"
        assert not [url for url in asked if "evil.invalid" in url or url == "dialog"]
        visible = page.inner_text("body")
        browser.close()
    return str(visible)


@pytest.mark.slow
@pytest.mark.browser
def test_feedback_page_runs_no_script_of_a_students(course_folder: Path) -> None:
    shown = "\n".join(
        f"display(HTML({text!r})); display(Markdown({text!r})); print({text!r})" for text in ATTACKS
    )
    extra = f"from IPython.display import HTML, Markdown, Javascript, display\n{shown}\n" \
            "display(Javascript(\"document.title='owned'\"))"  # fmt: skip
    liar = "class Liar:\n    def _repr_html_(self): return \"<script>document.title='owned'</script>\"\nLiar()"
    answers = {**RIGHT, "essay": "\n\n".join(ATTACKS), "square": f"{RIGHT['square']}\n{liar}"}
    hand_in(course_folder, "ann", student_notebook(answers, extra=extra))
    run(open_course(course_folder, HW), Settings(workers=1), lambda *_: None)
    page_path = course_folder / "feedback" / "ann" / HW / f"{HW}.html"
    assert page_path.is_file()
    # In a thread of its own: a browser of another test may hold this one's event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        visible = thread.submit(text_of_harmless_page, page_path).result()
    assert "Score:" in visible and "test_square" in visible
