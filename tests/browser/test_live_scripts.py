"""A picture's script by itself, on an empty page: the test plays the kernel and the decoder."""

import base64
import io

import pytest
from PIL import Image

from course_utils.live.frames import script_text
from tests.browser.helpers import wait_for_faults

pytestmark = pytest.mark.browser

RED, BLUE = (255, 0, 0), (0, 0, 255)
# A model as the script sees it: it keeps what is sent, and hands on what the kernel says. Decoders
# that are put in the browser's place wait in `decoders` until the test lets them go on.
VIEW = """async script => {
    const url = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
    const module = await import(url);
    const traits = {width: 40, height: 20, smooth: true, description: '', hint: '', pointer: ''};
    const hearers = new Set();
    const sent = [];
    const model = {
        get: name => traits[name],
        on: (name, hear) => { if (name === 'msg:custom') hearers.add(hear) },
        off: (name, hear) => hearers.delete(hear),
        send: message => sent.push(message),
    };
    const close = module.default.render({model, el: document.body});
    const say = (frame, text, draft, others) => {
        const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
        const sizes = [bytes.length];
        const content = {kind: 'frame', frame, sizes, shape: [20, 40], format: 'png', draft};
        const parts = others.length ? others.map(part => new TextEncoder().encode(part)) : [bytes];
        const buffers = parts.map(part => new DataView(part.buffer));
        for (const hear of [...hearers]) hear(content, buffers);
    };
    window.view = {sent, close, say, decoders: []};
}"""
DECODE_WHEN_TOLD = """() => {
    const real = window.createImageBitmap;
    window.createImageBitmap = blob => new Promise(resolve => {
        window.view.decoders.push(async () => resolve(await real(blob)));
    });
}"""
REFUSE = """() => {
    window.createImageBitmap = async () => {
        throw new DOMException('The source image could not be decoded.', 'InvalidStateError');
    };
}"""
TWO_FRAMES = "() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
ACKNOWLEDGED = "frame => view.sent.some(told => told.kind === 'ack' && told.frame === frame)"
COLOUR = """() => [...document.querySelector('canvas').getContext('2d')
    .getImageData(20, 10, 1, 1).data.slice(0, 3)]"""


@pytest.fixture
def view(page):
    """The page, with one picture on it."""
    page.set_content("<body></body>")
    page.evaluate(VIEW, script_text("canvas"))
    return page


def png(colour) -> str:
    """A picture of one colour as the kernel sends it, in base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def say(view, frame: int, text: str, draft: bool = False, others: tuple[str, ...] = ()) -> None:
    """The kernel sends a frame, or ``others`` in place of its picture."""
    view.evaluate("([...words]) => window.view.say(...words)", [frame, text, draft, list(others)])


def test_a_picture_that_the_browser_cannot_keep_is_decoded_by_the_page(view):
    view.evaluate(REFUSE)
    for frame, colour in ((1, RED), (2, BLUE)):
        say(view, frame, png(colour))
        view.wait_for_function(ACKNOWLEDGED, arg=frame)
        assert tuple(view.evaluate(COLOUR)) == colour
    # and no error was thrown, which `page` would tell


def test_a_picture_that_is_decoded_late_does_not_replace_a_newer_one(view):
    view.evaluate(DECODE_WHEN_TOLD)
    say(view, 1, png(RED))
    view.wait_for_function("view.decoders.length === 1")
    say(view, 2, png(BLUE))
    view.evaluate(TWO_FRAMES)
    while not view.evaluate(ACKNOWLEDGED, 2) or view.evaluate("view.decoders.length"):
        view.evaluate("async () => { for (const go of view.decoders.splice(0).reverse()) go() }")
        view.evaluate(TWO_FRAMES)
    view.wait_for_function(ACKNOWLEDGED, arg=1)
    assert tuple(view.evaluate(COLOUR)) == BLUE


def test_a_view_that_is_taken_away_while_it_decodes_says_no_more(view):
    view.evaluate(DECODE_WHEN_TOLD)
    say(view, 1, png(RED), draft=True)
    view.wait_for_function("view.decoders.length === 1")
    view.evaluate("() => { view.timers = 0; window.setTimeout = () => { view.timers++ } }")
    view.evaluate("async () => { view.close(); await view.decoders[0]() }")
    view.evaluate(TWO_FRAMES)
    assert view.evaluate("view.sent.map(told => told.kind)") == ["ready"]
    assert view.evaluate("view.timers") == 0  # nor will it ask for a sharper picture


def test_bytes_that_are_no_picture_are_an_error_and_the_next_picture_is_shown(view):
    say(view, 1, base64.b64encode(b"no picture").decode())
    view.wait_for_function(ACKNOWLEDGED, arg=1)
    assert "a picture of 10 bytes cannot be decoded" in wait_for_faults(view, 1)[0]
    view.faults.clear()
    say(view, 2, png(BLUE))
    view.wait_for_function(ACKNOWLEDGED, arg=2)
    assert tuple(view.evaluate(COLOUR)) == BLUE


@pytest.mark.parametrize("others", [("stream.stdout",), ("stream.stdout", "<IDS|MSG>", "{}")])
def test_a_frame_that_came_with_the_parts_of_another_message_is_not_taken(view, others):
    """As a kernel sends it that is shutting down; the next frame is shown."""
    say(view, 1, png(RED), draft=True, others=others)
    view.evaluate(TWO_FRAMES)
    assert view.evaluate("view.sent.map(told => told.kind)") == ["ready"]  # and no error was thrown
    say(view, 2, png(BLUE))
    view.wait_for_function(ACKNOWLEDGED, arg=2)
    assert tuple(view.evaluate(COLOUR)) == BLUE


def test_a_draft_is_busy_until_the_sharp_picture_is_asked_for(view):
    busy = "document.querySelector('canvas').getAttribute('aria-busy') === 'true'"
    view.evaluate("() => { window.setTimeout = act => { view.act = act; return 1 } }")
    say(view, 1, png(RED), draft=True)
    view.wait_for_function(ACKNOWLEDGED, arg=1)
    assert view.evaluate(busy) and view.evaluate("view.sent.at(-1).kind") == "ack"
    view.evaluate("view.act()")  # time has passed, and no newer draft has come
    assert not view.evaluate(busy) and view.evaluate("view.sent.at(-1).kind") == "settled"
    say(view, 2, png(BLUE))
    view.wait_for_function(ACKNOWLEDGED, arg=2)
    assert not view.evaluate(busy)
