"""Sliders, menus and boxes from plain values."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Log",
    "accepts",
    "defaults_of",
    "in_columns",
    "make_control",
    "only_known",
    "starting_values",
]


@dataclass(frozen=True)
class Log:
    """A slider whose ticks multiply: from ``low`` to ``high``, ``steps`` of them per decade.

    Raises: ValueError unless 0 < low < high.
    """

    low: float
    high: float
    steps: int = 10

    def __post_init__(self):
        if not 0 < self.low < self.high:
            raise ValueError(
                f"a logarithmic slider needs 0 < low < high, got {self.low}, {self.high}"
            )


def defaults_of(function: Callable) -> dict[str, Any]:
    """The default values in a function's signature."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def accepts(function: Callable, name: str) -> bool:
    """Whether a function takes the keyword ``name`` (True where it cannot be known)."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    return name in parameters or open_ended


def only_known(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse settings that an instrument does not have.

    Raises: ValueError that names them, and those that it has.
    """
    if unknown := set(given) - set(known):
        raise ValueError(f"there is no {sorted(unknown)}; there are {list(known)}")


def starting_values(controls: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Value with which each control starts: the default if it has one, else the middle, the
    first, or itself.

    Raises: ValueError for a control that is none of (low, high[, step]), `Log`, list, bool, str,
    or a default outside of it.
    """
    return {name: _start(name, spec, defaults.get(name)) for name, spec in controls.items()}


def _start(name: str, spec: Any, default: Any) -> Any:
    if isinstance(spec, bool | str):
        return spec if default is None else default
    if isinstance(spec, list) and spec:
        choices = [choice[1] if _is_pair(choice) else choice for choice in spec]
        start = choices[0] if default is None else default
        if not any(start is choice or start == choice for choice in choices):
            raise ValueError(f"{name}={start!r} is not among its choices {choices}")
        return start
    low, high, _ = _range(name, spec)
    if default is None:
        middle = (low * high) ** 0.5 if isinstance(spec, Log) else (low + high) / 2
        default = int(middle) if _whole(spec) else middle
    if not low <= default <= high:
        raise ValueError(f"{name}={default!r} lies outside of its range {low} to {high}")
    return default


def _is_pair(choice: Any) -> bool:
    return isinstance(choice, tuple) and len(choice) == 2 and isinstance(choice[0], str)


def _range(name: str, spec: Any) -> tuple[float, float, float]:
    if isinstance(spec, Log):
        return spec.low, spec.high, 1 / spec.steps
    numbers = (
        isinstance(spec, tuple)
        and len(spec) in (2, 3)
        and all(isinstance(v, int | float) for v in spec)
    )
    if not numbers or not spec[0] < spec[1] or (len(spec) == 3 and not spec[2] > 0):
        raise ValueError(
            f"{name}={spec!r} is no control. Give (low, high) or (low, high, step) for a slider, "
            "a list for a menu, True or False for a box, a string for a text field, "
            "or live.Log(low, high)."
        )
    step = spec[2] if len(spec) == 3 else 1 if _whole(spec) else _round_step(spec[1] - spec[0])
    return spec[0], spec[1], step


def _round_step(span: float) -> float:
    """At least a hundred steps of 1, 2 or 5 times a power of ten: a slider then holds round values
    such as 0.3, and does not show 0.28 in their stead.
    """
    power = 10.0 ** math.floor(math.log10(span / 100) + 1e-9)
    return max(f * power for f in (1, 2, 5) if f * power <= span / 100 * (1 + 1e-9))


def _whole(spec: Any) -> bool:
    return isinstance(spec, tuple) and all(isinstance(value, int) for value in spec)


def in_columns(controls: Iterable[Any]) -> Any:
    """Controls side by side where the cell is wide enough, so that they and what they change fit
    on one screen.
    """
    import ipywidgets

    return ipywidgets.Box(list(controls), layout={"flex_flow": "row wrap", "width": "100%"})


def make_control(name: str, spec: Any, value: Any) -> Any:
    """The ipywidget for one control, labelled with the name in plain words."""
    import ipywidgets

    common = {
        "description": name.replace("_", " "),
        "style": {"description_width": "10em"},
        "layout": {"width": "100%", "max_width": "480px", "min_height": "32px"},
    }
    if isinstance(spec, bool):
        return ipywidgets.Checkbox(value=value, **common)
    if isinstance(spec, str):
        return ipywidgets.Text(value=value, continuous_update=False, **common)
    if isinstance(spec, list):
        return ipywidgets.Dropdown(options=spec, value=value, **common)
    low, high, step = _range(name, spec)
    if isinstance(spec, Log):
        return ipywidgets.FloatLogSlider(
            value,
            base=10,
            min=math.log10(low),
            max=math.log10(high),
            step=step,
            readout_format=".2g",
            **common,
        )
    if _whole(spec):
        return ipywidgets.IntSlider(value, min=low, max=high, step=step, **common)
    return ipywidgets.FloatSlider(
        value, min=low, max=high, step=step, readout_format=".3g", **common
    )
