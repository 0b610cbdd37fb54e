"""Submissions that resemble each other, by winnowed fingerprints of their tokens.

Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for Document Fingerprinting" (SIGMOD
2003): hash every run of `K` tokens, keep the smallest hash of every window of `WINDOW`. Names
become one token and comments none, so that renaming hides nothing. What the instructor gave
out, and what very many submissions share, does not count.

Likeness is not guilt. Short functions with one natural solution look alike when two people
write them independently; the report is a reading list for a person, nothing more.
"""

from __future__ import annotations

import hashlib
import io
import keyword
import token
import tokenize
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from course_admin.grading.submissions.collect import submissions
from course_admin.grading.submissions.course import Course, sources
from course_admin.grading.submissions.find_notebook import find_notebook
from course_admin.grading.submissions.read import Unreadable, read_cells
from course_admin.grading.submissions.rebuild import Source, rebuild

K, WINDOW = 12, 8
COMMON = 0.4  # shared by more of the class than this: everybody's way of writing it
SMALL_CLASS = 5
NOTE = """\
Likeness is not guilt: short functions with one natural solution look alike when written
independently. Read both submissions before you think anything of it."""
_SILENT = {
    token.NEWLINE,
    token.INDENT,
    token.DEDENT,
    token.ENDMARKER,
    tokenize.COMMENT,
    tokenize.NL,
}


@dataclass(frozen=True)
class Pair:
    """Two submissions; `share` is the part of the smaller one's fingerprints found in both."""

    first: str
    second: str
    share: float
    common: int


def tokens(text: str) -> list[str]:
    """A cell's tokens: keywords and signs as they are, every name `n`, number `0`, text `s`."""
    found = []
    try:
        for part in tokenize.generate_tokens(io.StringIO(text).readline):
            if part.type in _SILENT:
                continue
            if part.type == token.NAME:
                found.append(part.string if keyword.iskeyword(part.string) else "n")
            elif part.type == token.NUMBER:
                found.append("0")
            elif part.type == token.STRING:
                found.append("s")
            else:
                found.append(part.string)
    except (tokenize.TokenError, SyntaxError):
        return found
    return found


def fingerprints(text: str, k: int = K, window: int = WINDOW) -> set[int]:
    """The winnowed hashes of a text: any shared run of k + window - 1 tokens is found."""
    words = tokens(text)
    hashes = [_hash(words[i : i + k]) for i in range(len(words) - k + 1)]
    if not hashes:
        return set()
    return {min(hashes[i : i + window]) for i in range(max(1, len(hashes) - window + 1))}


def _hash(words: list[str]) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(words).encode(), digest_size=8).digest())


def similar_pairs(texts: dict[str, str], given: str = "", above: float = 0.5) -> list[Pair]:
    """Pairs that share more than `above` of the smaller one's fingerprints, most alike first."""
    known = fingerprints(given)
    prints = {name: fingerprints(text) - known for name, text in texts.items()}
    counts = Counter(mark for marks in prints.values() for mark in marks)
    if len(texts) > SMALL_CLASS:
        usual = {mark for mark, count in counts.items() if count > COMMON * len(texts)}
        prints = {name: marks - usual for name, marks in prints.items()}
    pairs = []
    for (a, first), (b, second) in combinations(sorted(prints.items()), 2):
        smaller = min(len(first), len(second))
        common = len(first & second)
        if smaller and common >= 3 and common / smaller > above:
            pairs.append(Pair(a, b, common / smaller, common))
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.common, pair.first, pair.second))


def report(course: Course, above: float = 0.5) -> str:
    """The pairs worth reading, in words."""
    books = sources(course)
    texts = {}
    for submission in submissions(course):
        texts[submission.student] = "\n".join(
            _answers(source, submission.files) for source in books
        )
    given = "\n".join(c.source for s in books for c in s.notebook.cells if c.cell_type == "code")
    given += "\n" + "\n".join(text for source in books for text in source.given.values())
    pairs = similar_pairs(texts, given, above)
    head = (
        f"{course.assignment}: {len(texts)} submissions, {len(pairs)} pairs share over {above:.0%}"
    )
    lines = [f"  {p.share:4.0%}  {p.first}  {p.second}  ({p.common} fingerprints)" for p in pairs]
    return "\n".join([head, *lines, "", NOTE])


def _answers(source: Source, files: tuple) -> str:
    """The code that a student wrote: answers that differ from what was given, and added cells."""
    try:
        rebuilt = rebuild(source, read_cells(find_notebook(files, source.name).data))
    except Unreadable:
        return ""
    own = [p.cell for p in rebuilt.pieces if p.role in ("answer", "extra")]
    return "\n".join(cell.source for cell in own if cell.source not in source.given.values())
