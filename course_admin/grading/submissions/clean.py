"""Make what a student's code displays, and what a student writes, safe to open.

The executed notebook is cleaned, so that nbgrader's feedback, its formgrader and any other
viewer are all safe: no script, no frame, no remote picture, no form, no link but to http, https
and mailto. An allow-list goes over HTML as a browser's parser reads it (nh3, which is Rust's
ammonia on html5ever). For Markdown, the HTML that counts is what nbgrader's renderer makes of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from html import escape
from html.parser import HTMLParser
from typing import Any

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.token import STANDARD_TYPES

_TAGS = (
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 "
    "h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup "
    "table tbody td tfoot th thead tr tt u ul var"
)
TAGS = frozenset(_TAGS.split())
# with all that is in them: not text that a reader is meant to see
_DROPPED = (
    "script style template iframe svg math noscript noembed noframes object xmp title "
    "textarea select"
)
DROPPED = frozenset(_DROPPED.split())
_COMMON = "style title align valign colspan rowspan scope role aria-label"
_EVERYWHERE = frozenset(_COMMON.split())
ATTRIBUTES = {
    **{tag: set(_EVERYWHERE) for tag in TAGS - {"a", "br"}},
    "a": {"href"},
    "img": {*_EVERYWHERE, "src", "alt", "width", "height"},
    "details": {*_EVERYWHERE, "open"},
    "ol": {*_EVERYWHERE, "start"},
}
# what nbconvert's renderer itself makes of a heading and of code with a language
_RENDERED = {**{f"h{level}": {"id"} for level in range(1, 7)}, "a": {"class"}, "span": {"class"},
             "div": {"class"}, "code": {"class"}}  # fmt: skip
_RENDERED_CLASSES = {*STANDARD_TYPES.values(), "highlight", "anchor-link"}
_PROPERTIES = (
    "color background-color background border border-left border-right border-top "
    "border-bottom border-radius border-collapse border-color border-spacing border-style "
    "border-width display flex flex-direction flex-wrap gap grid-template-columns "
    "align-items justify-content font font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style list-style-type margin margin-bottom "
    "margin-left margin-right margin-top max-height max-width min-height min-width opacity "
    "overflow overflow-x overflow-y padding padding-bottom padding-left padding-right "
    "padding-top text-align text-decoration text-transform vertical-align white-space "
    "width word-break overflow-wrap"
)
LINKS = ("http://", "https://", "mailto:", "#")
INLINE_PICTURES = (
    "data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,"
)  # fmt: skip
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_TEXT = 200_000
MAX_MARKDOWN = 20_000  # beyond, shown as text: the renderer's time grows with the square of it
MAX_OUTPUTS = 200
# MathJax turns these into links, identifiers and style sheets of the page
TEX_COMMANDS = re.compile(
    r"\\(href|url|style|class|cssId|require|unicode|html[a-z]*|data|mmlToken|bbox"
    r"|includegraphics)(?![a-z])",
    re.IGNORECASE,
)


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value that an allowed attribute may keep; None to drop the attribute."""
    kept = True
    if (tag, name) == ("a", "title"):
        kept = False  # `_with_addresses` writes it
    elif name == "href":
        kept = value.strip().lower().startswith(LINKS)
    elif name == "src":
        kept = value.strip().lower().startswith(INLINE_PICTURES)
    elif name == "style":
        kept = not re.search(r"url\s*\(|image|expression|@import|\\", value, re.IGNORECASE)
    elif name == "class":
        kept = all(w in _RENDERED_CLASSES or w.startswith("language-") for w in value.split())
    return value if kept else None


def _cleaner(attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS), clean_content_tags=set(DROPPED), attributes=attributes,
        attribute_filter=_attribute, url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=set(_PROPERTIES.split()), link_rel="noopener noreferrer",
    )  # fmt: skip


_OF_STUDENTS = _cleaner(ATTRIBUTES)
_OF_RENDERER = _cleaner(
    {tag: ATTRIBUTES.get(tag, set()) | _RENDERED.get(tag, set()) for tag in TAGS}
)


def html(text: str) -> str:
    """HTML without anything that can run, load or imitate the page around it."""
    return _finished(_OF_STUDENTS.clean(text[:MAX_TEXT]))


def page_part(rendered: str) -> str:
    """The same for what nbconvert rendered, whose headings and coloured code stay as they are."""
    return _finished(_OF_RENDERER.clean(rendered))


def _finished(cleaned: str) -> str:
    # entities have become characters: what MathJax would read is there to be seen
    return _with_addresses(_plain_tex(cleaned))


def _with_addresses(cleaned: str) -> str:
    """Every link says where it goes, also to who only points at it."""
    return re.sub(r'<a ([^<>]*\b)?href="(?!#)([^"]*)"', r'<a \1href="\2" title="\2"', cleaned)


def _plain_tex(text: str) -> str:
    return TEX_COMMANDS.sub(r"\\text{\1}", text)


def markdown(text: str) -> str:
    """A student's Markdown, such that its renderer makes nothing of it that is not allowed.

    It stays as it was written where it renders to allowed elements only. Else raw HTML is shown
    as text and pictures and odd links lead nowhere; where that is not enough, all is shown as text.
    """
    text = _plain_tex(text[:MAX_TEXT])
    if len(text) <= MAX_MARKDOWN:
        for written in (text, _plain_links(_plain_tags(text))):
            if renders_safely(written):
                return written
    return _literal(text)


def _plain_tags(text: str) -> str:
    # a tag is what starts with a letter, / or !; a < b stays as it is written
    return re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", text)


def _plain_links(text: str) -> str:
    text = re.sub(r"!\[", "[", text)  # no remote pictures
    text = re.sub(r"\]\(\s*(?!https?://|mailto:|#)[^)\n]*\)", "](#)", text)
    text = re.sub(r"(?m)^([ \t>]*)\[(?=[^\]\n]+\]:)", r"\1\\[", text)  # footnotes, link targets
    return re.sub(r"(?m)^([ \t>]*(?:[-*+]|\d+[.)])[ \t]+)\[([ xX])\]", _box, text)


def _box(item: re.Match[str]) -> str:
    """An item of a list of tasks, whose box would be a form's."""
    return f"{item[1]}{'☐' if item[2] == ' ' else '☑'}"


def _literal(text: str) -> str:
    """A code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


class _RawHtml(ValueError):
    """The Markdown holds HTML of its own."""


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, which nbgrader's pages and its formgrader use, without raw HTML."""

    def block_html(self, html: str) -> str:
        raise _RawHtml

    def inline_html(self, html: str) -> str:
        raise _RawHtml


def renders_safely(text: str) -> bool:
    """Whether nbconvert's renderer makes of Markdown what the allow-list leaves unchanged."""
    try:
        rendered = MarkdownWithMath(renderer=_Renderer(escape=False)).render(text)
    except Exception:  # raw HTML, a picture that is not there, nesting without end
        return False
    before, after = _Elements(rendered), _Elements(_OF_RENDERER.clean(rendered))
    return before.found == after.found and not TEX_COMMANDS.search("".join(before.text))


class _Elements(HTMLParser):
    """Elements and text of rendered Markdown, in order, without what cleaning may add."""

    def __init__(self, rendered: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.text: list[str] = []
        self.feed(rendered)
        self.close()
        self.found.append(("text", "".join("".join(self.text).split())))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        added = ("rel", "title") if tag == "a" else ()
        kept = sorted(f"{name}={value}" for name, value in attrs if name not in added)
        self.found.append((tag, *kept))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


def outputs(found: Any) -> list[dict[str, Any]]:
    """A cell's outputs, rebuilt from scratch: whatever is not of a known shape is dropped."""
    if not isinstance(found, list):
        return []
    kept = [_output(output) for output in found[:MAX_OUTPUTS] if isinstance(output, dict)]
    return [output for output in kept if output]


def _output(output: dict[str, Any]) -> dict[str, Any] | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {
            "output_type": "stream",
            "name": name,
            "text": _text(output.get("text")),
        }
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": _text(output.get("ename"))[:200],
            "evalue": _text(output.get("evalue"))[:4000],
            "traceback": [_text(line)[:4000] for line in lines[:60]]
            if isinstance(lines, list)
            else [],
        }
    if kind in ("display_data", "execute_result"):
        data = _bundle(output.get("data"))
        if data:
            extra = {"execution_count": None} if kind == "execute_result" else {}
            return {"output_type": kind, "data": data, "metadata": {}, **extra}
    return None


def _bundle(data: Any) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    kept: dict[str, str] = {}
    for kind, start in PICTURES.items():
        if kind in data and (picture := _picture(data[kind], start)):
            kept[kind] = picture
    if "text/html" in data:
        kept["text/html"] = html(_text(data["text/html"]))
    if "text/markdown" in data:
        kept["text/markdown"] = markdown(_text(data["text/markdown"]))
    if "text/latex" in data:
        kept["text/latex"] = _plain_tex(escape(_text(data["text/latex"]), quote=False))
    if "text/plain" in data:
        kept["text/plain"] = _text(data["text/plain"])
    return kept


def _picture(value: Any, start: bytes) -> str | None:
    text = "".join(_text(value, 8 << 20).split())
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return text if data.startswith(start) else None


def _text(value: Any, limit: int = MAX_TEXT) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", errors="replace").decode()[:limit]
