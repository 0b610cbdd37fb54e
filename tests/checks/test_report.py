"""What is read: in the terminal, in the notebook, by nbgrader."""

import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import pytest

from course_utils import checks
from course_utils.checks import engine, html, report, terminal
from course_utils.checks.report import CheckFailed, Line, Mark, Report
from tests.exercises import RIGHT, WRONG

VALUE = checks.exercise("game_value")
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def wrong_report():
    return engine.visible_report(VALUE, WRONG["game_value"]["naive_log_sigmoid"][0])


def tags_of(text):
    """All tags and attribute names in a piece of HTML."""
    found, attributes = set(), set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.add(tag)
            attributes.update(name for name, _ in attrs)

    Reader().feed(text)
    return found, attributes


def test_a_failing_report_says_everything():
    found = wrong_report()
    assert found.verdict == "wrong" and not found.passed
    words = str(found)
    for label in ("tried", "expected", "came", "likely cause", "next"):
        assert f"  {label}" in words
    assert "real_logits=[-200, 1]" in words and "-inf" in words and "-101.13" in words


def test_a_passing_report_says_what_was_verified():
    found = checks.game_value(RIGHT["game_value"]["loop"])
    assert isinstance(found, Report) and found.passed
    assert str(found).count("✓") == 1 + len(VALUE.properties)


def test_terminal_text_is_aligned_and_narrow():
    rows = str(wrong_report()).splitlines()
    assert max(map(len, rows)) <= 88
    labels = ("tried", "expected", "came", "likely cause", "next")
    starts = {
        row.index(row[4:].split("  ")[-1].strip()) for row in rows if row[2:].startswith(labels)
    }
    assert len(starts) == 1


def test_terminal_text_falls_back_to_ascii():
    text = terminal.render(wrong_report(), "ascii")
    assert text.isascii() and text.startswith("x game_value") and "?" not in text.replace("go?", "")


def test_a_terminal_without_unicode_is_written_to(tmp_path):
    script = (
        "from course_utils import checks\n"
        "try: checks.game_value(lambda r, f: r.mean())\n"
        "except checks.CheckFailed: print('raised')"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.isascii() and run.stdout.rstrip().endswith(b"raised")


def test_html_escapes_all_that_comes_from_a_student():
    def hostile(r, f):
        print(NASTY)
        raise ValueError(NASTY)

    found = engine.visible_report(VALUE, hostile)
    assert NASTY in str(found)  # it is there,
    tags, attributes = tags_of(found._repr_html_())
    assert tags <= {"div", "span", "code", "br"}  # and is no tag,
    assert attributes <= {"class", "style", "data-exercise", "data-verdict", "data-misconception"}
    assert "<script" not in found._repr_html_()


@pytest.mark.parametrize(
    "field", ["name", "headline", "tried", "call", "expected", "came", "cause"]
)
def test_html_escapes_every_field(field):
    fields = {"name": "n", "title": "t", "verdict": "wrong", "headline": "h", field: NASTY}
    text = html.render(Report(**fields, lines=(Line(NASTY, True),)))
    tags, attributes = tags_of(text)
    assert tags <= {"div", "span", "code", "br"} and "onerror" not in attributes


def test_html_stands_alone():
    text = wrong_report()._repr_html_()
    for word in ("http", "<style", "<script", "url("):
        assert word not in text
    assert text.count("<div") == text.count("</div>") and text.count("<span") == text.count(
        "</span>"
    )


def test_the_check_shows_its_report_and_raises_shortly(capsys):
    with pytest.raises(CheckFailed) as caught:
        checks.game_value(WRONG["game_value"]["halved"][0])
    assert str(caught.value.report) in capsys.readouterr().out
    assert caught.value.report.misconception == "halved"
    assert len(caught.value._render_traceback_()) == 1
    assert len(str(caught.value)) < 120


def test_a_mark_is_a_plain_number_to_nbgrader():
    from nbgrader.utils import determine_grade

    mark = engine.grade(VALUE, WRONG["game_value"]["naive_log_sigmoid"][0], 3)
    assert (repr(mark), float(mark)) == ("2.5", 2.5)
    bundle = mark._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", bundle, execution_count=1)
    cell = nbformat.v4.new_code_cell(outputs=[output])
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": 3}
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert determine_grade(cell) == (2.5, 3.0)


def test_a_mark_gives_its_reasons_as_data_too():
    mark = engine.grade(VALUE, WRONG["game_value"]["naive_log_sigmoid"][0], 3)
    data = mark._repr_mimebundle_()[Mark.MIME]
    assert data["misconception"] == "naive_log_sigmoid" and data["score"] == 2.5
    assert {p["claim"] for p in data["properties"] if not p["holds"]} == {
        "stays finite and exact for logits of ±200"
    }
    assert sum(p["earned"] for p in data["properties"]) == data["score"]
    assert "2.5 of 3" in mark._repr_mimebundle_()["text/html"]


def test_a_preview_is_worth_the_visible_part():
    assert float(checks.preview("game_value", RIGHT["game_value"]["loop"], 3)) == 3
    assert float(checks.preview("game_value", WRONG["game_value"]["halved"][0], 3)) == 0


def test_names_that_do_not_exist_are_refused_in_plain_words():
    with pytest.raises(ValueError, match="There is no exercise 'game_valve'; there are: "):
        checks.grade("game_valve", len, 3)
    with pytest.raises(AttributeError):
        checks.game_valve  # noqa: B018
    assert set(checks.assignments()["a1_gan_minimax"]) <= set(dir(checks))


def test_show_prints_where_there_is_no_notebook(capsys):
    report.show(wrong_report())
    assert "likely cause" in capsys.readouterr().out
