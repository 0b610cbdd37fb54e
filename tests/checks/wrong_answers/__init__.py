"""Wrong answers on purpose: `WRONG[exercise][misconception]` is a list of variants.

They never ship; only the numbers by which they are recognised do.
"""

import importlib

from course_utils import checks

BY_ASSIGNMENT = {
    assignment: importlib.import_module(f"{__name__}.{assignment}").WRONG
    for assignment in checks.ASSIGNMENTS
}
WRONG = {name: mistakes for each in BY_ASSIGNMENT.values() for name, mistakes in each.items()}
