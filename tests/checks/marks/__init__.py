"""What mistakes earn: `MARKS[exercise][misconception]`, of the first variant of each."""

import importlib
import pkgutil

MARKS = {
    name: marks
    for module in pkgutil.iter_modules(__path__)
    for name, marks in importlib.import_module(f"{__name__}.{module.name}").MARKS.items()
}
