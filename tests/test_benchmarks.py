"""The runner of the benchmarks; what they measure is their own affair."""

import pytest

from benchmarks import __main__ as runner


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder `benchmarks` of which one measures, one fails, and one is only a helper."""
    place = tmp_path / "benchmarks"
    place.mkdir()
    (place / "__init__.py").write_text("")
    (place / "good.py").write_text("VALUE = 1\n\n\ndef main():\n    print('figure', VALUE)\n")
    (place / "bad.py").write_text("VALUE = 1\n\n\ndef main():\n    raise SystemExit(3)\n")
    (place / "helper.py").write_text("def measure():\n    return 1\n")
    monkeypatch.setattr(runner, "FOLDER", place)
    return place


def test_modules_with_a_main_are_benchmarks(folder):
    assert runner.names() == ["bad", "good"]


def test_a_failure_is_reported_and_stops_nothing(folder, capfd):
    assert runner.main([]) == 1
    said = capfd.readouterr().out
    assert "cores; Python 3." in said
    assert "FAILED" in said
    assert "figure 1" in said


def test_one_can_be_chosen(folder, capfd):
    assert runner.main(["good"]) == 0
    assert "bad" not in capfd.readouterr().out


def test_an_unknown_name_lists_the_known(folder, capsys):
    with pytest.raises(SystemExit):
        runner.main(["best"])
    assert "there are: bad, good" in capsys.readouterr().err
