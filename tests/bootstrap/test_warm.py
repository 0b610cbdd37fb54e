"""What `make warm` fills: every cache of the course, found by the function that fills it."""

import importlib
import inspect
from pathlib import Path

import course_utils
from bootstrap import warm


def test_caches_are_found_by_the_function_that_fills_them(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "slow.py").write_text("import os\n\n\ndef warm_up():\n    pass\n")
    (package / "fast.py").write_text("def other():\n    pass\n")
    assert warm.modules_with_caches(package) == ["package.slow"]


def test_what_the_course_warms_takes_no_arguments():
    """The installation calls them all; one that wants something would end it in a traceback."""
    names = warm.modules_with_caches(Path(course_utils.__file__).parent)
    assert {
        "course_utils.data.toy.render",
        "course_utils.vision3d.fields.voxel_march",
        "course_utils.vision3d.splats.rasterize.autograd",
    } <= set(names)
    for name in names:
        assert not inspect.signature(importlib.import_module(name).warm_up).parameters, name
