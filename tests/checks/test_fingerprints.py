"""The generated numbers are what the wrong answers give now, and tell them apart."""

import itertools
import json

import pytest

from course_utils import checks
from course_utils.checks import fingerprints, predictions
from course_utils.checks.plain import Plain, error, number

from .make_fingerprints import WRONG, exercise_fingerprints, fingerprint_file, questions_file

EXERCISES = [(a, name) for a, names in checks.ASSIGNMENTS.items() for name in names]


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_the_fingerprints_have_not_drifted(assignment, name):
    stored = fingerprints.load(assignment)[name]
    fresh = exercise_fingerprints(name, WRONG[assignment][name], most=1)
    assert _alike(stored["reference"], fresh["reference"])
    assert stored["misconceptions"].keys() == fresh["misconceptions"].keys()
    for mistake, (variant,) in fresh["misconceptions"].items():
        assert _alike(stored["misconceptions"][mistake][0], variant), mistake


@pytest.mark.slow
@pytest.mark.parametrize("assignment", checks.ASSIGNMENTS)
def test_no_variant_of_any_fingerprint_has_drifted(assignment):
    stored, fresh = fingerprints.load(assignment), json.loads(fingerprint_file(assignment))
    assert list(stored) == list(fresh) == list(checks.ASSIGNMENTS[assignment])
    for name, entry in fresh.items():
        for mistake, variants in entry["misconceptions"].items():
            known = stored[name]["misconceptions"][mistake]
            # Not byte for byte: another processor may round the last digit another way.
            assert len(known) == len(variants), f"{name}: {mistake}"
            assert all(map(_alike, known, variants)), f"{name}: {mistake}"


def test_the_questions_have_not_drifted():
    assert predictions.FILE.read_text("utf-8") == questions_file()


def _alike(a, b):
    return a.keys() == b.keys() and all(fingerprints.same(a[key], b[key]) for key in a)


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


@pytest.mark.parametrize("assignment", checks.ASSIGNMENTS)
def test_the_shipped_file_holds_numbers_and_no_code(assignment):
    text = (fingerprints.FOLDER / f"{assignment}.json").read_text("utf-8")
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
    assert fingerprints.encode(Plain("none")) is None
    sizes = [error("RuntimeError", f"size {n} of tensor a ({n}) must match") for n in (3, 7)]
    assert fingerprints.encode(sizes[0]) == fingerprints.encode(sizes[1])
    assert fingerprints.encode(sizes[0]) != fingerprints.encode(error("RuntimeError", "other"))
