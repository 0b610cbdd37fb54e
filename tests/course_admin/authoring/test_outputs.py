"""Stored outputs: only static, only small, only of the code that stands there."""

import base64
import io

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from course_admin.authoring.outputs import (
    FIGURE_LIMIT,
    PICTURE_LIMIT,
    PLOTLY,
    WIDGET_VIEW,
    adopt_outputs,
    clean_outputs,
    has_current_outputs,
    settle_lines,
    smaller_png,
    store_outputs,
)
from course_admin.authoring.syntax import code_of

BEHIND = {"figures": "0", "below": "1"}


def png(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", **options)
    return buffer.getvalue()


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def executed(*sources: str):
    cells = [new_code_cell(s, outputs=[new_output("stream", text=s)]) for s in sources]
    return new_notebook(cells=[new_markdown_cell("words"), *cells])


def bare(*sources: str):
    return new_notebook(cells=[new_markdown_cell("words"), *map(new_code_cell, sources)])


def test_outputs_are_kept_while_the_code_is_the_same():
    stored = bare("a = 1", "a")
    store_outputs(stored, executed("a = 1", "a"), BEHIND)
    assert has_current_outputs(stored)
    fresh = bare("a = 1", "a")
    fresh.cells[0].source = "other words"
    assert adopt_outputs(fresh, stored)
    assert fresh.cells[2].outputs[0].text == "a"
    assert [cell.execution_count for cell in fresh.cells[1:]] == [1, 2]


@pytest.mark.parametrize("code", [("a = 2", "a"), ("a", "a = 1"), ("a = 1",), ("a = 1", "a", "a")])
def test_outputs_of_other_code_are_dropped(code):
    stored = bare("a = 1", "a")
    store_outputs(stored, executed("a = 1", "a"), BEHIND)
    fresh = bare(*code)
    assert not adopt_outputs(fresh, stored)
    assert not has_current_outputs(fresh)
    assert all(not cell.outputs for cell in fresh.cells[1:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1", "a=1  # one"),
        ("f(1, 2)", "# both\nf(\n    1,\n    2,\n)\n"),
        ('x = "a"', "x = ('a')"),
        ('f"{x:>{w}} long text"', 'f"{x:>{w}} long "  "text"'),
        ("if a:\n    b\nc", "if a:\n  # maybe\n  b\n\n\nc"),
        ("a\nb", "a; b"),
        ("a;", "a ;  # silent"),
        ("", "# nothing"),
    ],
)
def test_outputs_are_kept_when_comments_or_layout_change(before, after):
    stored, fresh = bare(before, "last"), bare(after, "last")
    store_outputs(stored, executed(before, "last"), BEHIND)
    assert adopt_outputs(fresh, stored)
    assert fresh.cells[1].outputs[0].text == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1", "a = 2"),
        ("a = 1", "a = 1.0"),
        ("a = 1", "a = True"),
        ("a = 1", "b = 1"),
        ("a = 1", "a: int = 1"),
        ("a\nb", "b\na"),
        ("a - b", "b - a"),
        ("a - b - c", "a - (b - c)"),
        ("x = 'a'", "x = 'b'"),
        ("x = 'a'", "x = b'a'"),
        ("f'{x}'", "f'{x!r}'"),
        ("f'{x}'", "f'{x} '"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"),
        ("def f(x): pass", "def f(*, x): pass"),
        ("def f(x=None): pass", "def f(x): pass"),
        ("def f():\n    '''One.'''", "def f():\n    '''Two.'''"),
        ("{**a}", "{None: a}"),
        ("a", "a;"),
        ("%time a", "%time b"),
        ("%time a", "a"),
    ],
)
def test_outputs_are_dropped_when_the_code_says_something_else(before, after):
    stored, fresh = bare(before, "last"), bare(after, "last")
    store_outputs(stored, executed(before, "last"), BEHIND)
    assert not adopt_outputs(fresh, stored)


def test_code_moved_to_another_cell_is_other_code():
    stored = bare("a", "b\nc")
    store_outputs(stored, executed("a", "b\nc"), BEHIND)
    assert not adopt_outputs(bare("a\nb", "c"), stored)


def test_what_is_digested_depends_on_no_version_of_python():
    """Versions differ in the empty fields of a syntax tree, in nested formats and in Unicode."""
    text = (
        "JoinedStr([FormattedValue(value=Name(id='x'), conversion=-1, format_spec=JoinedStr(["
        "Constant(value='>'), FormattedValue(value=Name(id='w'), conversion=-1)])), "
        r"Constant(value='\U0001faea')])"
    )
    arguments = "arguments(args=[arg(arg='x')])"
    function = f"FunctionDef(name='f', args={arguments}, body=[Return(value={text})])"
    assert code_of("def f(x):\n    return f'{x:>{w}}\U0001faea'") == f"Module(body=[{function}])"
    part = "Subscript(value=Name(id='a'), slice=Slice(upper=Constant()))"
    assert code_of("a[:None]") == f"Module(body=[Expr(value={part})])"


def test_a_notebook_that_never_ran_has_no_outputs_to_keep():
    assert not has_current_outputs(bare("a = 1"))
    assert not adopt_outputs(bare("a = 1"), bare("a = 1"))


def test_widgets_and_stderr_are_dropped_and_streams_joined():
    outputs = [
        new_output("stream", name="stdout", text="one "),
        new_output("stream", name="stderr", text="warning"),
        new_output("stream", name="stdout", text="two"),
        new_output("display_data", data={WIDGET_VIEW: {}, "text/plain": "Slider()"}),
        new_output("execute_result", data={"text/plain": "3"}, execution_count=17),
    ]
    kept = clean_outputs(outputs, number=4)
    assert [output.output_type for output in kept] == ["stream", "execute_result"]
    assert kept[0].text == "one two"
    assert kept[1].execution_count == 4


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("10 %\r50 %\r100 %\ndone\n", "100 %\ndone\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("\rstep 1   \rstep 2", "step 2"),
        ("plain\n\n  indented  \n", "plain\n\n  indented  \n"),
        ("\x1b[2Kcleared", "cleared"),
    ],
)
def test_progress_lines_are_stored_as_last_seen(printed, seen):
    assert settle_lines(printed) == seen


def test_a_picture_loses_comments_and_not_a_pixel():
    array = np.zeros((64, 64, 4), np.uint8)
    array[..., 3], array[8:20, 8:20, 0] = 255, 200
    info = PngInfo()
    info.add_text("Software", "a plotting library and its version")
    small = smaller_png(png(array, pnginfo=info))
    assert b"plotting library" not in small
    seen = np.asarray(Image.open(io.BytesIO(small)).convert("RGB"))
    assert (seen == array[..., :3]).all()


def test_resolution_and_transparency_survive():
    array = np.zeros((10, 10, 4), np.uint8)
    small = Image.open(io.BytesIO(smaller_png(png(array, dpi=(192, 192)))))
    assert round(small.info["dpi"][0]) == 192
    assert np.asarray(small.convert("RGBA"))[..., 3].max() == 0


def test_a_large_picture_is_reduced_to_256_colours_that_look_alike():
    rows = np.linspace(0, 255, 500)[:, None]
    smooth = np.stack(np.broadcast_arrays(rows, rows.T, 128 + 0 * rows), -1)
    grain = np.random.default_rng(0).normal(0, 6, smooth.shape)
    array = (smooth + grain).clip(0, 255).astype(np.uint8)
    before = png(array)
    assert len(before) > PICTURE_LIMIT
    small = smaller_png(before)
    assert len(small) <= PICTURE_LIMIT
    seen = np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).astype(float)
    assert np.abs(seen - array).mean() < 12
    blocks = (seen - array).reshape(50, 10, 50, 10, 3).mean((1, 3))
    assert np.abs(blocks).mean() < 3  # dithered: averages over 10x10 pixels stay


def test_a_picture_that_stays_too_large_names_its_cell():
    stored = bare("a = 1", "show(noise)")
    ran = executed("a = 1", "show(noise)")
    picture = base64.b64encode(png(noise(600))).decode()
    ran.cells[2].outputs = [new_output("display_data", data={"image/png": picture})]
    with pytest.raises(ValueError, match=r"code cell 2 \(show\(noise\)\): its picture \(600×600"):
        store_outputs(stored, ran, BEHIND)


def test_endless_text_names_its_cell():
    ran = executed("a", "b")
    ran.cells[1].outputs[0].text = "x" * 60_000
    with pytest.raises(ValueError, match=r"code cell 1 \(a\): printed text has 60000"):
        store_outputs(bare("a", "b"), ran, BEHIND)


@pytest.mark.parametrize(("kind", "most"), [("image/svg+xml", 400_000), ("text/html", 50_000)])
def test_text_outputs_have_limits_of_their_kind(kind, most):
    for length, fits in ((most, True), (most + 1, False)):
        ran = executed("a", "b")
        ran.cells[1].outputs = [new_output("display_data", data={kind: "x" * length})]
        stored = bare("a", "b")
        if fits:
            store_outputs(stored, ran, BEHIND)
            assert stored.cells[1].outputs[0].data[kind] == "x" * length
        else:
            with pytest.raises(ValueError, match=f"code cell 1 .a.: its .* has {length}"):
                store_outputs(stored, ran, BEHIND)


def plotly_output(length: int = 1000, **changes: str):
    """A figure of so many characters, with a picture and words unless they are changed."""
    empty = len('{"data":[],"x":""}')
    figure = {"data": [], "x": "x" * (length - empty)}
    picture = base64.b64encode(png(noise(8))).decode()
    data = {PLOTLY: figure, "image/png": picture, "text/plain": "Two meshes, side by side."}
    data = {kind: content for kind, content in (data | changes).items() if content is not None}
    return new_output("display_data", data=data)


@pytest.mark.parametrize(("length", "fits"), [(FIGURE_LIMIT, True), (FIGURE_LIMIT + 1, False)])
def test_a_plotly_figure_may_have_300_000_characters(length, fits):
    ran, kept = executed("a", "b"), bare("a", "b")
    ran.cells[2].outputs = [plotly_output(length)]
    if fits:
        store_outputs(kept, ran, BEHIND)
        assert set(kept.cells[2].outputs[0].data) == {PLOTLY, "image/png", "text/plain"}
    else:
        with pytest.raises(ValueError, match=f"code cell 2 .b.: its plotly figure has {length}"):
            store_outputs(kept, ran, BEHIND)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"image/png": None}, "no picture"),
        ({"image/png": ""}, "no picture"),
        ({"text/plain": None}, "no words"),
        ({"text/plain": " "}, "no words"),
        ({"text/plain": "Figure({'data': []})"}, "no words"),
        ({"text/plain": "<a.Thing object at 0x7f>"}, "no words"),
        ({"text/html": "<div></div><SCRIPT>plot()</SCRIPT>"}, "brings a script"),
    ],
)
def test_a_plotly_figure_that_some_could_not_see_is_refused(changes, fault):
    with pytest.raises(ValueError, match=fault):
        clean_outputs([plotly_output(**changes)], 1)
