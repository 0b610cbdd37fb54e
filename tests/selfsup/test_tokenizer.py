import inspect

import pytest
import torch

from course_utils.data import prompting, toy
from course_utils.data.captioned import make_captioned
from course_utils.selfsup import tokenizer

RED, BLUE = toy.COLOURS.index("red"), toy.COLOURS.index("blue")
CAR, SNOWMAN = toy.KINDS.index("car"), toy.KINDS.index("snowman")
WORDS = tokenizer.vocabulary_of(["a red car", "an orange duck on the left"])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_sentence_comes_back_from_its_tokens():
    sentence = "a red duck on the car"
    row = tokenizer.tokenise([sentence], WORDS, 10)[0].tolist()
    end = row.index(tokenizer.END)
    assert " ".join(WORDS.words[number] for number in row[:end]) == sentence
    assert set(row[end + 1 :]) == {tokenizer.PADDING}


def test_case_and_punctuation_do_not_matter_and_the_order_does():
    same = tokenizer.tokenise(["A red CAR.", "a red car"], WORDS)
    assert torch.equal(same[0], same[1])
    other = tokenizer.tokenise(["car red a"], WORDS)
    assert not torch.equal(same[0], other[0])
    assert torch.equal(same[0].sort().values, other[0].sort().values)


def test_unknown_words_are_named_and_none_passes_for_a_special_token():
    assert tokenizer.unknown_words("a green car padding", WORDS) == ["green", "padding"]
    assert tokenizer.tokenise(["end"], WORDS)[0, 0] == tokenizer.UNKNOWN
    assert WORDS.number("<end>") == tokenizer.UNKNOWN
    assert [WORDS.number(word) for word in WORDS.words[3:]] == list(range(3, len(WORDS.words)))


def test_sentences_that_cannot_be_tokenised():
    for wrong in ([], ["?!"], ["a " * 20]):
        with pytest.raises(ValueError, match="sentence"):
            tokenizer.tokenise(wrong, WORDS, 20)
    tokenizer.tokenise(["a " * 19], WORDS, 20)
    with pytest.raises(ValueError, match="no word"):
        tokenizer.vocabulary_of(["...", ""])


def test_templates_say_what_the_toy_world_says():
    assert prompting.label_text((CAR, RED), "{thing} on the left") == "a red car on the left"
    assert prompting.label_text((CAR, RED), "{bare}") == "red car"
    assert prompting.label_text((CAR, RED), "{small}") == "a small red car"
    assert prompting.label_text((SNOWMAN, BLUE), "{large}") == "a large snowman with a blue scarf"
    with pytest.raises(ValueError, match="may name"):
        prompting.label_text((CAR, RED), "{colour} car")
    with pytest.raises(ValueError, match="no kind 99"):
        prompting.label_text((99, RED), "{thing}")


def test_full_templates_are_sentences_of_the_toy_world():
    """Every way the toy world speaks of a single object is one of the nine."""
    scenes, camera = toy.all_toy_scenes(60, seed=3)
    said = toy.captions(scenes, camera)
    kinds, colours = scenes.objects.kind[:, 0].tolist(), scenes.objects.colour[:, 0].tolist()
    nine = prompting.TEMPLATES["sizes and places"]
    for sentence, kind, colour in zip(said, kinds, colours, strict=True):
        assert sentence in [prompting.label_text((kind, colour), text) for text in nine]


def test_prompts_are_the_tokens_of_each_label_in_each_template():
    words = tokenizer.vocabulary_of(["a red blue car on the left right small"])
    pairs, templates = [(CAR, RED), (CAR, BLUE)], ["{thing}", "{small} on the left"]
    tokens = prompting.prompt_tokens(pairs, templates, words, 9)
    for i, pair in enumerate(pairs):
        for j, template in enumerate(templates):
            text = prompting.label_text(pair, template)
            assert torch.equal(tokens[i, j], tokenizer.tokenise([text], words, 9)[0])
    with pytest.raises(ValueError, match="0 templates"):
        prompting.prompt_tokens(pairs, [], words)


def test_what_is_typical_of_a_word_is_told_apart():
    """Six trees: four green, one red, one of a colour that nothing else has; six red cars."""
    kind = torch.tensor([[0, 1]] * 6 + [[1, -1]])
    colour = torch.tensor([[3, 0]] * 4 + [[0, 0], [5, 0], [3, 0]])
    pairs = [(0, 0), (0, 3), (0, 5), (1, 0), (1, 3)]
    assert prompting.untypical_pairs(pairs, kind, colour, 1 / 4) == [(0, 0), (1, 3)]
    assert prompting.untypical_pairs(pairs, kind, colour, 1.0) == pairs
    with pytest.raises(ValueError, match="share"):
        prompting.untypical_pairs(pairs, kind, colour, 0.0)


def test_held_out_pairs_leave_every_word():
    pairs = [(kind, colour) for kind in range(5) for colour in range(6)]
    for seed in range(5):
        held = prompting.hold_out_pairs(pairs, 8, generator(seed), most=2)
        kept = set(pairs) - set(held)
        assert len(held) == len(set(held)) == 8 and held == sorted(held)
        for axis, names in ((0, range(5)), (1, range(6))):
            for name in names:
                assert sum(pair[axis] == name for pair in held) <= 2
                assert sum(pair[axis] == name for pair in kept) >= 2
    assert prompting.hold_out_pairs(pairs, 8, generator(0)) != prompting.hold_out_pairs(
        pairs, 8, generator(1)
    )
    with pytest.raises(ValueError, match="only 0 of 1"):
        prompting.hold_out_pairs([(0, 0), (0, 1), (1, 0)], 1, generator())


def test_pairs_are_found_in_every_slot():
    kind = torch.tensor([[0, 3], [2, -2], [0, -2]])
    colour = torch.tensor([[1, 1], [1, 0], [4, 0]])
    assert prompting.pairs_shown(kind, colour) == [(0, 1), (0, 4), (2, 1), (3, 1)]
    assert prompting.pairs_shown(
        torch.cat([kind, kind[:1]]), torch.cat([colour, colour[:1]]), 2
    ) == [
        (0, 1),
        (3, 1),
    ]
    assert prompting.shows_any(kind, colour, [(3, 1), (2, 1)]).tolist() == [True, True, False]
    # the colour of an empty slot is no colour of anything
    assert not prompting.shows_any(kind, colour, [(-1, 0), (3, 0)]).any()


def test_twisted_sentences_have_other_meanings_and_nearly_the_same_words():
    twists = prompting.twisted("a small red car to the left of a snowman with a blue scarf")
    assert twists == {
        "things swapped": "a snowman with a blue scarf to the left of a small red car",
        "relation reversed": "a small red car to the right of a snowman with a blue scarf",
        "colours swapped": "a small blue car to the left of a snowman with a red scarf",
    }
    assert "in front of" in prompting.twisted("a red car behind a red boat")["relation reversed"]
    with pytest.raises(ValueError, match="no relation"):
        prompting.twisted("a red car on the left")


# ------------------------------------------------------------------- pictures with captions


def test_captioned_pictures_show_what_they_say():
    pictures = make_captioned(60, seed=5)
    assert pictures.images.shape == (60, 3, 32, 32) and len(pictures.captions) == 60
    assert 0.3 < pictures.alone.float().mean() < 0.7
    places = set()
    for i, sentence in enumerate(pictures.captions):
        kind, colour = int(pictures.kind[i, 0]), int(pictures.colour[i, 0])
        assert toy.KINDS[kind] in sentence and toy.COLOURS[colour] in sentence
        alone = any(sentence.endswith(place) for place in prompting.PLACES)
        assert alone == bool(pictures.alone[i])
        places |= {place for place in prompting.PLACES if sentence.endswith(place)}
    assert places == set(prompting.PLACES)


def test_longer_sets_begin_like_shorter_ones_and_rows_stay_together():
    short, long = make_captioned(20, seed=5), make_captioned(60, seed=5)
    assert torch.equal(short.images, long.images[:20]) and short.captions == long.captions[:20]
    some = long[long.alone]
    assert len(some) == int(long.alone.sum()) and bool(some.alone.all())
    row = long.alone.nonzero()[1, 0]
    assert some.captions[1] == long.captions[row] and torch.equal(some.images[1], long.images[row])
    with pytest.raises(ValueError, match="at least 1"):
        inspect.unwrap(make_captioned)(0)
