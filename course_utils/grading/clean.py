"""Make what a student's code displays, and what a student writes, safe to open.

The executed notebook is cleaned, so that nbgrader's feedback, its formgrader and any other
viewer are all safe: no script, no frame, no remote picture, no form, no link but http(s).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer

_TAGS = (
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 "
    "h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup "
    "table tbody td tfoot th thead tr tt u ul var"
)
TAGS = frozenset(_TAGS.split())
ATTRIBUTES = {
    "*": [
        "style",
        "title",
        "align",
        "valign",
        "colspan",
        "rowspan",
        "scope",
        "role",
        "aria-label",
    ],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "details": ["open"],
    "ol": ["start"],
}
_PROPERTIES = (
    "color background-color background border border-left border-right border-top border- "
    "bottom border-radius border-collapse border-color border-spacing border-style "
    "border-width display flex flex-direction flex-wrap gap grid-template-columns align- "
    "items justify-content font font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style list-style-type margin margin-bottom margin- "
    "left margin-right margin-top max-height max-width min-height min-width opacity "
    "overflow overflow-x overflow-y padding padding-bottom padding-left padding-right "
    "padding-top text-align text-decoration text-transform vertical-align white-space "
    "width word-break overflow-wrap"
)
STYLES = CSSSanitizer(allowed_css_properties=_PROPERTIES.split())
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_TEXT = 200_000
MAX_OUTPUTS = 200
# MathJax turns these into links, identifiers and style sheets of the page
TEX_COMMANDS = re.compile(
    r"\\(href|url|style|class|cssId|require|unicode|html\w*|data)\b", re.IGNORECASE
)


def html(text: str) -> str:
    """HTML without anything that can run, load or imitate the page around it."""
    text = re.sub(
        r"(?is)<(script|style|template|iframe|svg|math)\b.*?(</\1\s*>|$)",
        "",
        text[:MAX_TEXT],
    )
    cleaned = bleach.clean(
        text, tags=TAGS, attributes=_attribute, protocols={"http", "https", "data"},
        css_sanitizer=STYLES, strip=True, strip_comments=True,
    )  # fmt: skip
    return _plain_tex(cleaned)


def _attribute(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and value.strip().lower().startswith(("http://", "https://", "#"))
    if name == "src":
        return tag == "img" and value.strip().lower().startswith(
            ("data:image/png;base64,", "data:image/jpeg;base64,")
        )
    if name == "style" and re.search(r"url\s*\(|expression|@import|\\", value, re.IGNORECASE):
        return False
    return name in ATTRIBUTES.get(tag, []) or name in ATTRIBUTES["*"]


def _plain_tex(text: str) -> str:
    return TEX_COMMANDS.sub(r"\\text{\1}", text)


def markdown(text: str) -> str:
    """A student's Markdown: raw HTML is cleaned, links that run something are cut off."""
    if re.search(r"[<&]", text):
        # a tag is what starts with a letter, / or !; a < b stays as it is written
        text = re.sub(r"<(?=[a-zA-Z/!?])", "\x00", text).replace("\x00", "&lt;")
    text = re.sub(
        r"(?i)(javascript|vbscript|data|file)\s*(:|&colon;|&#0*58;|&#x0*3a;)",
        r"\1 :",
        text,
    )
    text = re.sub(r"!\[", "[", text)  # no remote pictures
    text = re.sub(r"\]\(\s*(?!https?://|#)[^)\n]*\)", "](#)", text)
    return _plain_tex(text)[:MAX_TEXT]


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
        kept["text/latex"] = _plain_tex(bleach.clean(_text(data["text/latex"]), tags=set()))
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
