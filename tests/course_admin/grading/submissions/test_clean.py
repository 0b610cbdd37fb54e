"""Pages with students' output are safe to open: in theory here, in Chromium below."""

# ruff: noqa: E501  (attacks are easier to read on their own lines)

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.submissions import clean
from course_admin.grading.submissions.course import open_course
from tests.course_admin.grading.synthetic import HW, RIGHT, hand_in, student_notebook

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


RUN = "document.title='owned'"
LINKS = [
    f"[go][1]\n\n[1]: jav&#x61;script:{RUN}",
    f"[go](jav&#x61;script:{RUN}\n\"t\")",
    f"[go](jav&#x61;script:{RUN}\n'a title')",
    f"[go](<jav&#x61;script:{RUN}\n>)",
    f"[go]\n\n[go]: JaVaScRiPt&colon;{RUN}",
    f"[go][a]\n\n[a]:\n   javascript:{RUN}\n   'over lines'",
    f"[go][a]\n\n> [a]: jav&Tab;ascript:{RUN}",
    f"[go](java&#10;script:{RUN})", f"[go](java&#13;script:{RUN})", f"[go](&#1;javascript:{RUN})",
    f"[go](\tjavascript:{RUN})", f"[go][b]\n\n[b]: &#32;javascript:{RUN}",
    f"[go](vbscript:{RUN})", f"[go][v]\n\n[v]: VBScript:{RUN}",
    "[go][d]\n\n[d]: data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "[go](data:text/html,<script>alert(1)</script>)",
    f"[go][f]\n\n[f]: files/javascript:{RUN}", f"[go](files/javascript:{RUN})",
    f"<javascript:{RUN}>", f"<JAVASCRIPT:{RUN}>", f"<a href=javascript:{RUN}>go</a>",
    f"<a\nhref='jav&#x61;script:{RUN}'>go</a>", f"![go](javascript:{RUN})",
    f"![go][p]\n\n[p]: jav&#x61;script:{RUN}", "![go][p]\n\n[p]: http://evil.invalid/x.png",
    f"[![go](http://evil.invalid/x.png)](jav&#x61;script:{RUN}\n't')",
    f"text[^1]\n\n[^1]: jav&#x61;script:{RUN}", f"<base href='javascript:{RUN}//'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<svg><a xlink:href='javascript:{RUN}'><text y=20>go</text></a></svg>",
    f"<math><a xlink:href='javascript:{RUN}'>go</a></math>",
    f"<math><maction actiontype='statusline#http://evil.invalid' xlink:href='javascript:{RUN}'>go</maction></math>",
    f"<form action='javascript:{RUN}'><input type=submit value=go></form>",
    f"<details open ontoggle=\"{RUN}\">x</details>", f"<button formaction='javascript:{RUN}'>go</button>",
    f"\\(\\hr&#101;f{{javascript:{RUN}}}{{x}}\\)", f"&#36;\\hr&#101;f{{javascript:{RUN}}}{{x}}&#36;",
    f"$\\mmlToken{{mi}}[href=\"javascript:{RUN}\"]{{x}}$", "```mermaid\nclick A href \"javascript:alert(1)\"\n```",
    "- [ ] a\n- [x] b <img src=x onerror=alert(1)>", "> " * 200 + f"[go](jav&#x61;script:{RUN}\n't')",
    f"[![go]]\n\n[![go]]: javascript:{RUN}", "x\n" * 12_000 + f"[go](jav&#x61;script:{RUN}\n't')",
]  # fmt: skip
ALLOWED = re.compile(r"(https?://|mailto:|#)")
OF_RENDERER = {"class", "id"}


class Elements(HTMLParser):
    """Every element and attribute of a piece of HTML, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def nothing_runs(page: str) -> None:
    """No element outside the allow-list, no handler, no address but harmless ones."""
    for tag, name, value in Elements(page).found:
        assert tag in clean.TAGS, (tag, page)
        assert not name.startswith("on") and name not in ("srcdoc", "action", "formaction")
        if name in ("href", "xlink:href"):
            assert ALLOWED.match(value), value
        if name == "src":
            assert value.startswith(("data:image/png;", "data:image/jpeg;", "data:image/gif;"))
        if name == "style":
            assert "url(" not in value and "javascript" not in value
        assert name != "class" or "mermaid" not in value


@pytest.mark.parametrize("text", [*ATTACKS, *LINKS])
def test_html_cannot_run_anything(text: str) -> None:
    nothing_runs(clean.html(text))


@pytest.mark.parametrize("text", [*ATTACKS, *LINKS])
def test_markdown_cannot_run_anything_as_the_formgrader_renders_it(text: str) -> None:
    rendered = markdown2html(clean.markdown(text))
    nothing_runs(rendered)
    for tex in ("href", "mmlToken"):  # what MathJax would read on the page
        outside_code = re.sub(r"(?s)<(code|pre)\b.*?</\1>", "", rendered)
        shown = Elements(outside_code)
        assert f"\\{tex}" not in "".join(shown.text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["[go]", "(", ")", "[", "]", "]:", "<", ">", "!", "\n", "\n\n", " ", "`", "```", "~~~", "$", "$$", "|",
             "\\", "javascript:x", "jav&#x61;script:x", "&#x3a;", "&lt;", "a", "<a href=", "*", "#", "'t'", "- ", "> ",
             "    ", "\\begin{a}", "\\end{a}", "<!--", "-->", "http://x", "[1]: ", "[1]", "\t", "&#10;"]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_no_markdown_runs_anything(text: str) -> None:
    nothing_runs(markdown2html(clean.markdown(text)))


def test_the_attacks_would_run_where_nothing_is_cleaned() -> None:
    """Else the tests above would hold for any text."""
    for text in LINKS[:2]:
        hrefs = [v for _, name, v in Elements(markdown2html(text)).found if name == "href"]
        assert hrefs == [f"javascript:{RUN.replace(chr(39), '%27')}"] or "javascript:" in hrefs[0]


def test_links_say_where_they_go_and_hand_nothing_on() -> None:
    for page in (
        clean.html("<a title='a bank' href='https://x.org/a?b&c'>go</a>"),
        clean.page_part(markdown2html("[go](https://x.org/a?b&c 'a bank')")),
    ):
        found = {name: value for tag, name, value in Elements(page).found if tag == "a"}
        assert found == {
            "href": "https://x.org/a?b&c", "title": "https://x.org/a?b&c", "rel": "noopener noreferrer"
        }  # fmt: skip


def test_pictures_in_html_stay_where_they_are_part_of_it() -> None:
    kept = '<img src="data:image/png;base64,iVBO" alt="a plot">'
    assert clean.html(kept) == kept
    for source in ("http://x.org/a.png", "cid:1", "data:image/svg+xml;base64,AAAA", "x.png"):
        assert "src" not in clean.html(f"<img src='{source}'>")


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
        "[by mail](mailto:a@b.c) [there][1]\n\n[1]: https://x.org 'a title'", "<https://x.org>",
        "`x<y` and `List<int>`\n\n```cpp\n#include <iostream>\n```\n\n```\n<b>\n```", "## Head\n\n- a\n  - b\n\n> said",
        "$$\\sum_i x_i < 1$$ and \\begin{align}a &= b\\\\ c &< d\\end{align}", "the data: javascript: a language; ~~no~~",
    ],
)  # fmt: skip
def test_ordinary_markdown_stays_as_written(text: str) -> None:
    assert clean.markdown(text) == text


def test_what_cannot_be_a_link_stays_readable() -> None:
    for written, words in (
        ("see[^1]\n\n[^1]: my source", ["see", "my source"]),
        ("- [ ] to do\n- [x] done", ["☐ to do", "☑ done"]),
        ("![a plot](attachment:plot.png) of it", ["a plot", "of it"]),
        (f"**bold**\n\n{LINKS[1]}", ["bold", "[go](jav&#x61;script:"]),
        ("a <b>word</b> in `x<y`", ["<b>word</b>"]),
    ):
        shown = "".join(Elements(markdown2html(clean.markdown(written))).text)
        assert all(word in shown for word in words), shown


def test_very_long_text_is_shown_without_being_rendered() -> None:
    text = "\\begin{a}" * 20_000
    assert clean.markdown(text) == f"```\n{text}\n```"


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


# A click on an ordinary link would leave the page that is looked at; all others take their course.
STAY_HERE = """document.addEventListener("click", event => {
    const link = event.target.closest("a");
    if (link && ["http:", "https:", "mailto:"].includes(link.protocol)) event.preventDefault();
}, true)"""
# After it a script that the click had started would have run.
NEXT_TASK = "() => new Promise(go => requestAnimationFrame(() => setTimeout(go, 0)))"


def text_of_harmless_page(path: Path) -> str:
    """Opens a page in Chromium, clicks every link and button: no script may have run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(180_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route("http*://**", lambda route: route.abort())
        page.on("dialog", lambda dialog: asked.append("dialog"))
        page.goto(path.as_uri())
        title = page.title()
        assert page.locator("button, form, iframe, object, embed, svg script").count() == 0
        page.wait_for_function("() => [...document.images].every(image => image.complete)")
        page.evaluate(NEXT_TASK)  # nor did one on loading a picture, or failing to
        assert page.title() == title == HW
        assert page.evaluate("getComputedStyle(document.body).display") != "none"
        assert not [url for url in asked if "evil.invalid" in url]
        visible = page.inner_text("body")
        assert page.locator("a").count() > 0
        page.evaluate(STAY_HERE)
        for index in range(page.locator("a").count()):
            page.locator("a").nth(index).dispatch_event("click")
            page.evaluate(NEXT_TASK)
            assert page.title() == HW and page.url.startswith(path.as_uri())
        assert "dialog" not in asked
        browser.close()
    return str(visible)


@pytest.mark.slow
@pytest.mark.browser
def test_feedback_page_runs_no_script_of_a_students(course_folder: Path) -> None:
    attacks = [*ATTACKS, *LINKS[:-1]]
    shown = "\n".join(
        f"display(HTML({text!r})); display(Markdown({text!r})); print({text!r})" for text in attacks
    )
    extra = f"from IPython.display import HTML, Markdown, Javascript, display\n{shown}\n" \
            "display(Javascript(\"document.title='owned'\"))"  # fmt: skip
    liar = "class Liar:\n    def _repr_html_(self): return \"<script>document.title='owned'</script>\"\nLiar()"
    essay = "\n\n".join(ATTACKS)
    answers = {**RIGHT, "essay": essay, "square": f"{RIGHT['square']}\n{liar}"}
    book = student_notebook(answers, extra=extra)
    book.cells += [nbformat.v4.new_markdown_cell(text) for text in attacks]
    hand_in(course_folder, "ann", book)
    for k, text in enumerate(LINKS[:2]):
        hand_in(course_folder, f"bob{k}", student_notebook({**RIGHT, "essay": text}))
    run(open_course(course_folder, HW), Settings(workers=1), lambda *_: None)
    for student in ("ann", "bob0", "bob1"):
        page_path = course_folder / "feedback" / student / HW / f"{HW}.html"
        # In a thread of its own: a browser of another test may hold this one's event loop.
        with ThreadPoolExecutor(max_workers=1) as thread:
            visible = thread.submit(text_of_harmless_page, page_path).result()
        assert "Score:" in visible and "test_square" in visible
        assert student == "ann" or "javascript" in visible or "jav&#x61;script" in visible
    for path in sorted((course_folder / "autograded").rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                nothing_runs(markdown2html(cell.source))
