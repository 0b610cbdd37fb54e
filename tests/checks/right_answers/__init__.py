"""Right answers, written differently: `RIGHT[exercise][way]`, of all assignments."""

import importlib

from course_utils import checks

RIGHT = {
    name: ways
    for assignment in checks.ASSIGNMENTS
    for name, ways in importlib.import_module(f"{__name__}.{assignment}").RIGHT.items()
}
