"""The command line of the benchmark of self-supervision; its measurements take minutes."""

import pytest

from benchmarks import selfsup


def test_steps_are_asked_for_by_the_name_of_a_trial():
    asked = selfsup.asked_steps(["rotation w16=4200", "colourisation w16=7"])
    assert asked == {"rotation w16": 4200, "colourisation w16": 7}
    assert selfsup.asked_steps([]) == {}


@pytest.mark.parametrize("pair", ["rotation w16", "rotation=5", "rotation w16=0", "rotation w16=x"])
def test_other_steps_are_refused_and_the_names_told(pair):
    with pytest.raises(SystemExit, match="NAME of rotation w16, rotation w32, colourisation w16"):
        selfsup.asked_steps([pair])


def test_a_target_is_a_gain_over_random_or_a_level(capsys):
    trials = {trial.name: trial for trial in selfsup.TRIALS}
    assert selfsup.judge(trials["rotation w16"], [33.0, 35.0], [44.0, 44.0])
    assert not selfsup.judge(trials["rotation w16"], [33.0, 35.0], [44.0, 43.0])
    assert not selfsup.judge(trials["rotation w32"], [10.0], [47.9])
    assert capsys.readouterr().out.count("MISSED") == 2
