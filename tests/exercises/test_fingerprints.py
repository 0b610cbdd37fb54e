"""The generated numbers are what wrong answers give, here and elsewhere, and tell them apart."""

import itertools
import json
import os
import subprocess
import sys

import pytest
import torch

from course_utils import checks
from course_utils.checks import fingerprints, predictions, rooms
from course_utils.checks.plain import Plain, error, number
from tests.sources import ROOT

from . import WRONG
from .make_fingerprints import exercise_fingerprints, fixed, questions_file
from .other_rounding import OtherRounding

EXERCISES = [(a, name) for a, names in checks.assignments().items() for name in names]
HERE, ELSEWHERE = (None,), (99,)  # roundings; the files were made with others


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_the_fingerprints_have_not_drifted(assignment, name):
    fresh = exercise_fingerprints(name, WRONG[name], most=1, roundings=HERE)
    assert_fresh_ones_are_known(assignment, name, fresh)


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_the_fingerprints_are_those_of_a_processor_that_rounds_otherwise(assignment, name):
    fresh = exercise_fingerprints(name, WRONG[name], most=1, roundings=ELSEWHERE)
    assert_fresh_ones_are_known(assignment, name, fresh)


@pytest.mark.slow
@pytest.mark.parametrize("capability", ["default", None])
@pytest.mark.parametrize("assignment", checks.assignments())
def test_no_variant_of_any_fingerprint_has_drifted(assignment, capability):
    """With the instructions that torch chooses here, and with those that every processor has."""
    environment = {k: v for k, v in os.environ.items() if k != "ATEN_CPU_CAPABILITY"}
    if capability:
        environment["ATEN_CPU_CAPABILITY"] = capability
    command = [sys.executable, "-m", "tests.exercises.make_fingerprints", "--here", assignment]
    printed = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
    fresh, stored = json.loads(printed), fingerprints.load(assignment)
    assert list(stored) == list(fresh) == list(checks.assignments()[assignment])
    for name, entry in fresh.items():
        assert_fresh_ones_are_known(assignment, name, entry)
        for mistake, variants in stored[name]["misconceptions"].items():
            for known in variants:
                now = entry["misconceptions"][mistake]
                assert any(fits(f, known, entry["reference"]) for f in now), f"{name}: {mistake}"


def assert_fresh_ones_are_known(assignment: str, name: str, fresh: dict) -> None:
    stored = fingerprints.load(assignment)[name]
    reference = stored["reference"]
    assert fits(fresh["reference"], reference, {})
    assert stored["misconceptions"].keys() == fresh["misconceptions"].keys()
    for mistake, variants in fresh["misconceptions"].items():
        known = stored["misconceptions"][mistake]
        for variant in variants:
            assert any(fits(variant, other, reference) for other in known), f"{name}: {mistake}"


def fits(a: dict, b: dict, reference: dict) -> bool:
    """Whether two fingerprints agree; what one does not mention is as the reference has it."""
    whole = [{**reference, **each} for each in (a, b)]
    return whole[0].keys() == whole[1].keys() and all(
        fingerprints.same(whole[0][key], whole[1][key]) for key in whole[0]
    )


@pytest.mark.parametrize("assignment", checks.assignments())
def test_the_questions_have_not_drifted(assignment):
    stored = rooms.FOLDER / assignment / predictions.FILE
    assert stored.read_text("utf-8") == questions_file(assignment)


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_no_two_misconceptions_share_a_fingerprint(assignment, name):
    known = fingerprints.load(assignment)[name]["misconceptions"]
    for (one, variants), (other, others) in itertools.combinations(known.items(), 2):
        for a, b in itertools.product(variants, others):
            assert fingerprints.likeness(a, b, {*a, *b}) < 1.0, f"{one} looks like {other}"


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_no_fingerprint_is_empty(assignment, name):
    for mistake, variants in fingerprints.load(assignment)[name]["misconceptions"].items():
        assert variants and all(variants), mistake


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_most_numbers_of_a_fingerprint_are_fixed_by_arithmetic(assignment, name):
    entry = fingerprints.load(assignment)[name]
    assert None not in [x for row in entry["reference"].values() for x in _numbers(row)]
    for mistake, variants in entry["misconceptions"].items():
        for variant in variants:
            numbers = [x for row in variant.values() for x in _numbers(row)]
            words = [row for row in variant.values() if not isinstance(row, list)]
            assert words or numbers.count(None) <= len(numbers) / 2, mistake


def _numbers(row: fingerprints.Encoded) -> list:
    return row if isinstance(row, list) else []


@pytest.mark.parametrize("assignment", checks.assignments())
def test_the_shipped_file_holds_numbers_and_no_code(assignment):
    text = (rooms.FOLDER / assignment / fingerprints.FILE).read_text("utf-8")
    for word in ("lambda", "logsigmoid", "torch.sigmoid", "rot90", "randperm", "import", "def "):
        assert word not in text


def test_likeness_counts_what_agrees_among_what_differs():
    seen = {"a": [1.0], "b": [2.0], "c": "!ValueError: no"}
    assert fingerprints.likeness(seen, seen, seen) == 1.0
    assert fingerprints.likeness(seen, {"a": [1.0]}, seen) == pytest.approx(1 / 3)
    assert fingerprints.likeness(seen, {"a": [1.0], "d": [0.0]}, "abcd") == pytest.approx(1 / 4)
    assert fingerprints.likeness(seen, {"a": [1.0], "d": [0.0]}, "abc") == pytest.approx(1 / 3)
    assert fingerprints.likeness({}, {}, "abc") == 0.0


def test_the_short_form_keeps_what_tells_answers_apart():
    values = [fingerprints.encode(number(*v)) for v in ((1.0,), (float("nan"),), (float("inf"),))]
    assert values == [[1.0], ["nan"], ["inf"]]
    assert fingerprints.same(["nan"], ["nan"]) and not fingerprints.same(["nan"], [1.0])
    assert not fingerprints.same(["inf"], ["-inf"]) and not fingerprints.same([1.0], [1.0, 1.0])
    assert fingerprints.same([None, 2.0], ["inf", 2.0])
    assert not fingerprints.same([None, 2.0], [1.0, 3.0])
    assert fingerprints.encode(Plain("none")) is None
    sizes = [error("RuntimeError", f"size {n} of tensor a ({n}) must match") for n in (3, 7)]
    assert fingerprints.encode(sizes[0]) == fingerprints.encode(sizes[1])
    assert fingerprints.encode(sizes[0]) != fingerprints.encode(error("RuntimeError", "other"))


def test_numbers_agree_to_half_of_the_digits_of_float32():
    assert fingerprints.same([1.0], [1.0009]) and not fingerprints.same([1.0], [1.0011])
    # Beside a thousand, a hundredth may be left of terms that cancelled; alone it may not.
    assert fingerprints.same([1000.0, 0.01], [1000.0, 0.0])
    assert not fingerprints.same([1.0, 0.01], [1.0, 0.0])


def test_a_number_that_roundings_disagree_about_is_left_open():
    runs = [{"a": [1.0, 8e17], "b": "words"}, {"a": [1.0001, "-inf"], "b": "words"}]
    assert fixed(runs, "here") == {"a": [1.0, None], "b": "words"}
    for other in ("another word", [1.0, 2.0, 3.0], None):
        with pytest.raises(ValueError, match="here, a: rounding decides"):
            fixed([{"a": [1.0, 2.0]}, {"a": other}], "here")


def test_another_rounding_moves_the_last_bit_and_nothing_that_is_exact():
    x = torch.linspace(-3, 3, 1000)
    exact = torch.arange(64.0).reshape(8, 8)
    plain, product = x.exp(), exact @ exact
    with OtherRounding(1):
        moved, again, kept = x.exp(), x.exp(), exact @ exact
        added = x + x
    with OtherRounding(2):
        other = x.exp()
    steps = moved.view(torch.int32) - plain.view(torch.int32)
    assert sorted(set(steps.tolist())) == [-1, 0, 1]
    assert all((steps == step).sum() > 250 for step in (-1, 0, 1))
    assert torch.equal(moved, again) and not torch.equal(moved, other)
    assert torch.equal(kept, product) and torch.equal(added, 2 * x)


def test_another_rounding_reaches_gradients():
    x = torch.linspace(-3, 3, 100, requires_grad=True)
    (plain,) = torch.autograd.grad(x.softmax(0).square().sum(), x)
    with OtherRounding(1):
        (moved,) = torch.autograd.grad(x.softmax(0).square().sum(), x)
    assert not torch.equal(plain, moved)
    assert torch.allclose(plain, moved, rtol=1e-4, atol=1e-7)
