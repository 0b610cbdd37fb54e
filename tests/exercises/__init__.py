"""Answers to every exercise, in a room for each assignment: a module an exercise.

`WRONG[misconception]` is a list of variants of one mistake, `RIGHT[way]` a right answer in other
words, `MARKS[misconception]` what the first variant of a mistake earns. They never ship; only the
numbers by which the wrong ones are recognised do.
"""

import importlib

from course_utils.checks import rooms

_MODULES = {
    name: importlib.import_module(f"{__name__}.{assignment}.{name}")
    for assignment, names in rooms.assignments().items()
    for name in names
}
NAMES = tuple(_MODULES)
WRONG = {name: module.WRONG for name, module in _MODULES.items()}
RIGHT = {name: module.RIGHT for name, module in _MODULES.items()}
MARKS = {name: module.MARKS for name, module in _MODULES.items()}
