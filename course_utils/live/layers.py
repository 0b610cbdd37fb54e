"""The layers of a `Stage`: checked arrays and plain settings, ready to be packed for the
browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from torch import Tensor

from course_utils.plots import FIELD_STOPS, INK, MUTED, REAL

__all__ = ["LAYERS", "Layer"]


@dataclass(frozen=True)
class Layer:
    """kind; settings sent as JSON; arrays sent as buffers (float32 or uint8)."""

    kind: str
    settings: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def field_layer(
    values: Any,
    stops: Sequence[str] = FIELD_STOPS,
    extent: Sequence[float] | None = None,
    alpha: float = 1.0,
    smooth: bool = True,
    label: str = "",
) -> Layer:
    """A heat map: values (rows, columns) in [0, 1], row 0 at the BOTTOM; ``stops`` are colours
    from 0 to 1.

    extent: (x0, x1, y0, y1) of the outer edges, default the whole stage.
    """
    values = _array(values, "values")
    if values.ndim != 2 or not values.size:
        raise ValueError(f"a field needs values of shape (rows, columns), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("the field holds NaN or infinite values")
    if values.min() < -1e-4 or values.max() > 1 + 1e-4:
        raise ValueError(
            f"a field needs values in [0, 1], got {values.min():.3g} to {values.max():.3g}"
        )
    if len(stops) < 2:
        raise ValueError("a field needs at least two colour stops")
    settings = {
        "stops": [to_hex(stop) for stop in stops],
        "extent": None if extent is None else [float(edge) for edge in extent],
        "shape": list(values.shape),
        "smooth": bool(smooth),
        "alpha": _unit(alpha, "alpha"),
        "label": label,
    }
    return Layer("field", settings, {"values": np.rint(values.clip(0, 1) * 255).astype(np.uint8)})


def points_layer(
    xy: Any,
    colour: Any = REAL,
    size: float = 6.0,
    alpha: Any = 0.8,
    outline: bool = False,
    label: str = "",
) -> Layer:
    """Discs: xy (n, 2); colour one or (n, 3) in [0, 1]; size = diameter in pixels; alpha one or
    (n,).
    """
    xy = _pairs(xy, "xy")
    settings: dict[str, Any] = {
        "size": _positive(size, "size"),
        "outline": bool(outline),
        "label": label,
    }
    arrays = {"xy": xy}
    _put_colour(settings, arrays, colour, len(xy))
    _put_alpha(settings, arrays, alpha, len(xy))
    return Layer("points", settings, arrays)


def lines_layer(
    lines: Any,
    colour: Any = INK,
    width: float = 2.0,
    alpha: float = 1.0,
    dash: Sequence[float] = (),
    label: str = "",
) -> Layer:
    """Polylines: one (n, 2), many (k, n, 2), or a list of (n_i, 2); NaN makes a gap; colour one
    or (k, 3).
    """
    xy, lengths = _paths(lines, "lines")
    settings: dict[str, Any] = {
        "lengths": lengths,
        "width": _positive(width, "width"),
        "dash": [float(part) for part in dash],
        "alpha": _unit(alpha, "alpha"),
        "label": label,
    }
    arrays = {"xy": xy}
    _put_colour(settings, arrays, colour, len(lengths))
    return Layer("lines", settings, arrays)


def polygons_layer(polygons: Any, colour: Any = MUTED, alpha: Any = 0.3, label: str = "") -> Layer:
    """Filled outlines: like lines; colour one or (k, 3); alpha one or (k,)."""
    xy, lengths = _paths(polygons, "polygons")
    settings: dict[str, Any] = {"lengths": lengths, "label": label}
    arrays = {"xy": xy}
    _put_colour(settings, arrays, colour, len(lengths))
    _put_alpha(settings, arrays, alpha, len(lengths))
    return Layer("polygons", settings, arrays)


def arrows_layer(
    xy: Any, vector: Any, colour: Any = INK, width: float = 1.6, alpha: float = 0.9, label: str = ""
) -> Layer:
    """Arrows from xy (n, 2) to xy + vector (n, 2), both in data units; colour one or (n, 3)."""
    xy, vector = _pairs(xy, "xy"), _pairs(vector, "vector")
    if xy.shape != vector.shape:
        raise ValueError(f"{len(xy)} arrow feet but {len(vector)} vectors")
    settings: dict[str, Any] = {
        "width": _positive(width, "width"),
        "alpha": _unit(alpha, "alpha"),
        "label": label,
    }
    arrays = {"xy": xy, "vector": vector}
    _put_colour(settings, arrays, colour, len(xy))
    return Layer("arrows", settings, arrays)


def text_layer(
    xy: Any,
    text: Any,
    colour: str | None = None,
    size: float = 15.0,
    align: str = "center",
    bold: bool = False,
) -> Layer:
    """Words centred at xy: (2,) with one string, or (n, 2) with n; colour None follows the
    theme.
    """
    xy = _pairs(np.atleast_2d(_array(xy, "xy")), "xy")
    words = [text] if isinstance(text, str) else [str(word) for word in text]
    if len(words) != len(xy):
        raise ValueError(f"{len(xy)} places but {len(words)} texts")
    if align not in ("left", "center", "right"):
        raise ValueError(f"align must be 'left', 'center' or 'right', got {align!r}")
    settings = {
        "text": words,
        "colour": None if colour is None else to_hex(colour),
        "size": _positive(size, "size"),
        "align": align,
        "weight": 600 if bold else 400,
        "label": "",
    }
    return Layer("text", settings, {"xy": xy})


LAYERS: dict[str, Callable[..., Layer]] = {
    "field": field_layer,
    "polygons": polygons_layer,
    "lines": lines_layer,
    "arrows": arrows_layer,
    "points": points_layer,
    "text": text_layer,
}


def _array(value: Any, name: str) -> np.ndarray:
    try:
        value = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        return np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers ({error})") from error


def _pairs(value: Any, name: str) -> np.ndarray:
    array = _array(value, name)
    if array.size == 0:
        return np.zeros((0, 2), np.float32)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"{name} must have shape (n, 2), got {array.shape}")
    return np.ascontiguousarray(array)


def _paths(value: Any, name: str) -> tuple[np.ndarray, list[int]]:
    if isinstance(value, np.ndarray | Tensor):
        array = _array(value, name)
        if array.ndim not in (2, 3):
            raise ValueError(
                f"{name} must be (n, 2), (k, n, 2) or a list of (n, 2), got {array.shape}"
            )
        parts = list(array) if array.ndim == 3 else [array]
    else:
        parts = list(value)
    parts = [_pairs(part, name) for part in parts]
    joined = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
    return joined, [len(part) for part in parts]


def _put_colour(settings: dict, arrays: dict, colour: Any, count: int) -> None:
    try:
        settings["colour"] = to_hex(colour)
        return
    except ValueError:
        pass
    if isinstance(colour, Tensor):
        colour = colour.detach().cpu().numpy()
    try:
        rows = (
            colour if isinstance(colour, np.ndarray) else np.array([to_rgb(one) for one in colour])
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{colour!r:.80} is no colour, nor a list of colours") from error
    if rows.shape != (count, 3):
        raise ValueError(f"colours must be one, or of shape ({count}, 3), got {rows.shape}")
    scale = 1 if rows.dtype == np.uint8 else 255
    settings["colour"] = None
    arrays["colours"] = np.rint(np.clip(rows * float(scale), 0, 255)).astype(np.uint8)


def _put_alpha(settings: dict, arrays: dict, alpha: Any, count: int) -> None:
    if np.ndim(alpha) == 0:
        settings["alpha"] = _unit(alpha, "alpha")
        return
    alphas = _array(alpha, "alpha")
    if alphas.shape != (count,):
        raise ValueError(f"alpha must be one number, or of shape ({count},), got {alphas.shape}")
    settings["alpha"] = 1.0
    arrays["alphas"] = alphas.clip(0, 1)


def _unit(value: Any, name: str) -> float:
    if not 0 <= float(value) <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return float(value)


def _positive(value: Any, name: str) -> float:
    if not float(value) > 0:
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)
