"""An exercise is declared claim by claim, and says what its room's words.toml says."""

import pytest
import torch

from course_utils import checks
from course_utils.checks import engine, rooms
from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.core import metrics
from course_utils.exercises.a0_practice.psnr import psnr
from course_utils.gan import minimax

WORDS = {
    "title": "Sums",
    "claims": {"values": "adds up", "form": "gives a tensor", "inputs": "leaves them alone"},
    "mistakes": {"doubled": {"cause": "It is doubled.", "hint": "Once is enough."}},
}


def declared():
    exercise = Declared(minimax.game_value, arguments=("real_logits", "fake_logits"))

    @exercise.claim(3, "value")
    def values(seed):
        return [Case(f"seed {seed}", lambda: (torch.ones(2), torch.zeros(2)))]

    exercise.form(values)
    return exercise


def test_claims_become_properties_in_order_with_the_words_of_the_room():
    built = declared().built("a9_sums", "sums", WORDS)
    rows = [(p.name, p.claim, p.weight, p.watch, p.formal) for p in built.properties]
    assert rows == [
        ("values", "adds up", 3, ("value",), False),
        ("form", "gives a tensor", 1, ("form",), True),
        ("inputs", "leaves them alone", 1, ("inputs",), True),
    ]
    assert built.misconception("doubled").hint == "Once is enough."
    assert (built.name, built.assignment, built.title) == ("sums", "a9_sums", "Sums")
    assert built.lesson is minimax


@pytest.mark.parametrize("claims", [{"values": "adds up"}, {**WORDS["claims"], "more": "?"}, {}])
def test_words_about_other_claims_are_refused(claims):
    with pytest.raises(ValueError, match=r"a9_sums/words\.toml says .* of sums, which declares"):
        declared().built("a9_sums", "sums", {**WORDS, "claims": claims})


def test_an_adapter_must_say_whose_answer_it_is():
    with pytest.raises(ValueError, match=r"a0_practice\.psnr: say which `lesson` holds the answer"):
        Declared(psnr)
    assert Declared(psnr, lesson=metrics).arguments == ("picture", "truth")


def test_a_changed_sentence_is_one_line_of_the_room(tmp_path, monkeypatch):
    """The report of a mistake, from a copy of the words in which one line differs."""
    text = (rooms.FOLDER / "a0_practice" / "words.toml").read_text("utf-8")
    cause = 'cause = "The logarithm is the natural one."'
    assert text.count(cause) == 1
    (tmp_path / "a0_practice").mkdir()
    changed = text.replace(cause, 'cause = "Base e it is."')
    (tmp_path / "a0_practice" / "words.toml").write_text(changed, "utf-8")
    known = checks.exercise("psnr")
    monkeypatch.setattr(rooms, "FOLDER", tmp_path)
    words = rooms.words.__wrapped__("a0_practice")["psnr"]
    monkeypatch.undo()
    changed = Declared(known.reference, lesson=known.lesson)
    changed._claims = [
        (p.name, p.weight, p.cases, p.watch, p.formal, p.fixed) for p in known.properties
    ]
    exercise = changed.built("a0_practice", "psnr", words)
    report = engine.visible_report(exercise, lambda x, y: -10 * (x - y).square().mean().log())
    assert report.misconception == "natural_logarithm" and report.cause == "Base e it is."


def test_every_room_has_a_module_for_each_exercise_and_no_exercise_twice():
    names = [name for each in rooms.assignments().values() for name in each]
    assert len(names) == len({*names})
    for assignment, exercises in rooms.assignments().items():
        for name in exercises:
            assert (rooms.FOLDER / assignment / f"{name}.py").is_file()
            assert checks.exercise(name).assignment == assignment


def test_folders_that_are_left_over_are_no_assignments(tmp_path, monkeypatch):
    """What a `git pull` leaves of a room that is gone: a folder with compiled files."""
    (tmp_path / "a7_gone" / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr(rooms, "FOLDER", tmp_path)
    assert rooms.assignments.__wrapped__() == {}
