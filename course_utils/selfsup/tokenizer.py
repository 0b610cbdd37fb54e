"""Sentences for a network: each whole word is a number.

CLIP cuts words into byte pairs (Radford et al. 2021, section 2.4); captions of a few dozen words do
not need that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

PADDING, UNKNOWN, END = 0, 1, 2  # the first three tokens of every vocabulary
SPECIAL = ("<padding>", "<unknown>", "<end>")


class Vocabulary(NamedTuple):
    """The words that have a number of their own; the first three are not words."""

    words: tuple[str, ...]

    def number(self, word: str) -> int:
        """Returns the word's token, ``UNKNOWN`` for a word that was never seen."""
        return self.words.index(word) if word in self.words[len(SPECIAL) :] else UNKNOWN


def words_of(sentence: str) -> list[str]:
    """Returns the words in lower case, without punctuation."""
    return re.findall(r"[a-z]+", sentence.lower())


def vocabulary_of(sentences: Iterable[str]) -> Vocabulary:
    """Returns the vocabulary of all words in the sentences, in alphabetical order.

    Raises:
        ValueError: when there is no word.
    """
    words = {word for sentence in sentences for word in words_of(sentence)}
    if not words:
        raise ValueError("there is no word in these sentences")
    return Vocabulary((*SPECIAL, *sorted(words)))


def unknown_words(sentence: str, vocabulary: Vocabulary) -> list[str]:
    """Returns the words of a sentence that the vocabulary does not have."""
    return [word for word in words_of(sentence) if vocabulary.number(word) == UNKNOWN]


def tokenise(
    sentences: Sequence[str], vocabulary: Vocabulary, length: int = 20
) -> Int[Tensor, "n length"]:
    """Returns one row of tokens a sentence: its words, then ``END``, then ``PADDING``.

    Args:
        length: tokens a row; the longest caption has 18 words.

    Raises:
        ValueError: when there is no sentence, one has no word, or is too long.
    """
    if len(sentences) == 0:
        raise ValueError("there is no sentence to tokenise")
    known = {word: number for number, word in enumerate(vocabulary.words) if number > END}
    tokens = torch.full((len(sentences), length), PADDING)
    for row, sentence in zip(tokens, sentences, strict=True):
        numbers = [known.get(word, UNKNOWN) for word in words_of(sentence)]
        if not 1 <= len(numbers) < length:
            raise ValueError(
                f"a sentence needs 1 to {length - 1} words, got {len(numbers)}: {sentence!r}"
            )
        row[: len(numbers) + 1] = torch.tensor([*numbers, END])
    return tokens


def mirrored_words(vocabulary: Vocabulary) -> Int[Tensor, " words"]:
    """Returns, for each token, what it becomes when the picture is mirrored: left is right."""
    table = torch.arange(len(vocabulary.words))
    left, right = vocabulary.number("left"), vocabulary.number("right")
    table[left], table[right] = right, left
    return table
