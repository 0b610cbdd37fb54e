"""Text about the toy world: labels through templates, twisted captions, pairs that are held out.

A label, such as (car, red), becomes text by a template ("a red car on the left"), and several
templates become one classifier: prompt ensembling of CLIP (Radford et al. 2021, section 3.1.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from course_utils.data.toy import COLOURS, KINDS
from course_utils.data.toy.captions import object_phrase
from course_utils.selfsup.tokenizer import Vocabulary, tokenise, words_of

Pair = tuple[int, int]  # of a kind and a colour, indices into toy.KINDS and toy.COLOURS

PLACES = ("on the left", "in the middle", "on the right")
TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "only the words": ("{bare}",),
    "with an article": ("{thing}",),
    "with a place": ("{thing} in the middle",),
    "three places": tuple(f"{{thing}} {place}" for place in PLACES),
    "sizes and places": tuple(
        f"{{{size}}} {place}" for size in ("small", "thing", "large") for place in PLACES
    ),
}


def label_text(pair: Pair, template: str) -> str:
    """Returns a template filled with a kind and a colour.

    ``{thing}`` is "a red car", ``{small}`` and ``{large}`` are "a small red car" and "a large red
    car", ``{bare}`` is "red car". A snowman wears its colour: "a snowman with a red scarf".

    Raises:
        ValueError: when the kind or the colour is unknown, or the template has another field.
    """
    kind, colour = pair
    if not (0 <= kind < len(KINDS) and 0 <= colour < len(COLOURS)):
        raise ValueError(f"there is no kind {kind} or no colour {colour}")
    thing = object_phrase(kind, colour, 1.0)
    phrases = {
        "thing": thing,
        "bare": " ".join(word for word in thing.split() if word not in ("a", "an")),
        "small": object_phrase(kind, colour, 0.8),
        "large": object_phrase(kind, colour, 1.25),
    }
    try:
        return template.format(**phrases)
    except (KeyError, IndexError) as error:
        raise ValueError(f"the template {template!r} may name {sorted(phrases)} only") from error


def prompt_tokens(
    pairs: Sequence[Pair], templates: Sequence[str], vocabulary: Vocabulary, length: int = 20
) -> Int[Tensor, "labels templates length"]:
    """Returns the tokens of each label in each template.

    Raises:
        ValueError: when there is no label or no template.
    """
    if len(pairs) == 0 or len(templates) == 0:
        raise ValueError(f"{len(pairs)} labels and {len(templates)} templates make no prompt")
    texts = [label_text(pair, template) for pair in pairs for template in templates]
    return tokenise(texts, vocabulary, length).unflatten(0, (len(pairs), len(templates)))


OPPOSITE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "in front of": "behind",
    "behind": "in front of",
}


def twisted(sentence: str) -> dict[str, str]:
    """Returns wrong captions of two things made of nearly the same words as the right one.

    Of "A to the left of B": the things swapped, the relation reversed, the colours swapped.

    Source: Yuksekgonul et al. (2023), "When and why vision-language models behave like
    bags-of-words".

    Raises:
        ValueError: when the sentence does not say how two things stand.
    """
    found = [relation for relation in OPPOSITE if f" {relation} " in sentence]
    if len(found) != 1:
        raise ValueError(f"no relation of two things in {sentence!r}")
    first, second = sentence.split(f" {found[0]} ")
    tints = [next(w for w in words_of(thing) if w in COLOURS) for thing in (first, second)]
    other = [
        thing.replace(own, new)
        for thing, own, new in ((first, tints[0], tints[1]), (second, tints[1], tints[0]))
    ]
    return {
        "things swapped": f"{second} {found[0]} {first}",
        "relation reversed": f"{first} {OPPOSITE[found[0]]} {second}",
        "colours swapped": f"{other[0]} {found[0]} {other[1]}",
    }


# ----------------------------------------------------------------- pairs never seen together


def pairs_shown(
    kind: Int[Tensor, "n slots"], colour: Int[Tensor, "n slots"], least: int = 1
) -> list[Pair]:
    """Returns the (kind, colour) pairs that at least ``least`` objects have, sorted."""
    there = kind >= 0
    pairs = torch.stack([kind[there], colour[there]], dim=1)
    found, counts = pairs.unique(dim=0, return_counts=True)
    return [(k, c) for k, c in found[counts >= least].tolist()]


def untypical_pairs(
    pairs: Sequence[Pair],
    kind: Int[Tensor, "n slots"],
    colour: Int[Tensor, "n slots"],
    share: float = 1 / 3,
) -> list[Pair]:
    """Returns the pairs that make up at most ``share`` of their kind's and their colour's objects.

    Where two trees of three are green, a world without green trees does not only lack a pair: it
    teaches that *tree* means *not green*, and has hardly a tree left to learn the word from.

    Raises:
        ValueError: when ``share`` is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    kept = []
    for k, c in pairs:
        both = ((kind == k) & (colour == c)).sum().item()
        least = min((kind == k).sum().item(), ((kind >= 0) & (colour == c)).sum().item())
        if both <= share * least:
            kept.append((k, c))
    return kept


def hold_out_pairs(
    pairs: Sequence[Pair], count: int, generator: torch.Generator | None = None, most: int = 2
) -> list[Pair]:
    """Returns ``count`` random pairs to keep out of training, sorted.

    At most ``most`` of them share a kind or a colour, and each kind and each colour stays in at
    least as many others, so that every *word* is still learned; only these two words are never
    met together.

    Raises:
        ValueError: when so many pairs cannot be held out.
    """
    held: list[Pair] = []
    for place in torch.randperm(len(pairs), generator=generator).tolist():
        pair = pairs[place]
        out = [sum(other[i] == pair[i] for other in held) for i in (0, 1)]
        all_of = [sum(other[i] == pair[i] for other in pairs) for i in (0, 1)]
        left = [total - gone - 1 for total, gone in zip(all_of, out, strict=True)]
        if len(held) < count and max(out) < most and min(left) >= most:
            held.append(pair)
    if len(held) < count:
        raise ValueError(f"only {len(held)} of {count} pairs can be held out of {len(pairs)}")
    return sorted(held)


def shows_any(
    kind: Int[Tensor, "n slots"], colour: Int[Tensor, "n slots"], pairs: Sequence[Pair]
) -> Bool[Tensor, " n"]:
    """Returns where any object of a picture is one of the pairs."""
    found = torch.zeros_like(kind, dtype=torch.bool)
    for k, c in pairs:
        found |= (kind == k) & (colour == c)
    return found.any(dim=1)
