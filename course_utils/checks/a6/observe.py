"""What is seen of cameras and voxels: numbers, where rays come back to, which voxels are full."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import form, observe_outputs, unevenly
from course_utils.checks.plain import Plain, copy_out, is_tensor, text

CAMERA = ("rotation", "centre", "focal", "principal")
FLAT = 1e-6  # depth of what lies in the plane of the camera's centre
EACH_SIDE = 4  # points beyond each plane of a frustum
_tensor, _double, _cat, _linspace = torch.tensor, torch.float64, torch.cat, torch.linspace
_stack = torch.stack
_pixels = observe_outputs(("points", *CAMERA), ("pixels", "depth"))
_rays = observe_outputs(("pixels", *CAMERA), ("origins", "directions"))
_planes = observe_outputs(("rectangle", *CAMERA), ("normals", "offsets"))
_loss = observe_outputs(("logits", "occupancy"))
_slope = observe_outputs(("logits",))
_iou = observe_outputs(("predicted", "truth"))


def observe_projection(function: Callable[..., Any], case: Case) -> Seen:
    """Sees pixels and depths, and the gradients by points and camera."""
    if case.mode == "gradient":
        return _pixels(lambda *inputs: unevenly(function(*inputs)), case)
    return _pixels(function, case)


def observe_rays(function: Callable[..., Any], case: Case) -> Seen:
    """Sees origins, directions and their lengths; mode "back": where the rays are seen again.

    In that mode a point on every ray is projected: it must come out at the ray's own pixel.
    """
    if case.mode == "gradient":
        return _rays(lambda *inputs: unevenly(function(*inputs)), case)
    seen = _rays(function, case)
    origins, directions = (_rows(seen[name], 3) for name in ("origins", "directions"))
    if case.mode == "back":
        found = _seen_again(origins, directions, case)
        return {"pixels of points on the rays": found}
    seen["lengths"] = _lengths(directions)
    return seen


def _rows(plain: Plain, width: int) -> Tensor | None:
    """The numbers as rows in float64, or None where there are no such rows."""
    if not plain.numeric or plain.shape[-1:] != (width,) or len(plain.shape) > 2:
        return None
    return _tensor(plain.values, dtype=_double).view(-1, width)


def _seen_again(origins: Tensor | None, directions: Tensor | None, case: Case) -> Plain:
    pixels, rotation, centre, focal, principal = (item.double() for item in case.make())
    shapes = [len(rows) for rows in (origins, directions) if rows is not None]
    if len(shapes) < 2 or not {*shapes} <= {1, len(pixels)}:
        return text("there is no origin and direction for each pixel")
    x, y, z = ((origins + 3.0 * directions - centre) @ rotation).unbind(-1)
    if bool((z.abs() < FLAT).any()):  # the quotients would be of rounding errors alone
        return text("a point on a ray lies beside the camera, at depth 0")
    return copy_out(focal * _stack([x / z, y / z], -1) + principal)


def _lengths(directions: Tensor | None) -> Plain:
    if directions is None:
        return text("there is no direction for each pixel")
    even = float((directions.norm(dim=-1) - 1).abs().max()) < 1e-4
    return text("length 1" if even else "other lengths than 1")


# ------------------------------------------------------------------------- frustum_planes


def observe_planes(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the planes; mode "points": on which side of them points in and around a frustum are."""
    seen = _planes(function, case)
    normals, offsets = _rows(seen["normals"], 3), seen["offsets"]
    fits = normals is not None and offsets.numeric and len(offsets.values) == len(normals)
    if case.mode != "points":
        return seen | {"lengths": _lengths(normals)}
    if not fits:
        return {"points": text("there is not one normal and one offset for each plane")}
    inside, outside = _sorted_points(case)
    sides = [points @ normals.T <= _tensor(offsets.values, dtype=_double) for points in
             (inside, outside)]  # fmt: skip
    within, without = int(sides[0].all(-1).sum()), int((~sides[1].all(-1)).sum())
    words = f"{within} of {len(inside)} points of the frustum are inside, "
    return {"points": text(words + f"{without} of {len(outside)} others are outside")}


def _sorted_points(case: Case) -> tuple[Tensor, Tensor]:
    """World points within the frustum, and some beyond each of its planes."""
    rectangle, rotation, centre, focal, principal = (item.double() for item in case.make())
    left, top, right, bottom = rectangle.unbind()
    share, depth = _linspace(0.1, 0.9, EACH_SIDE, dtype=_double), _tensor([0.6, 3.0], dtype=_double)
    u, v = left + share * (right - left), top + share * (bottom - top)
    beyond = 0.1 * (right - left), 0.1 * (bottom - top)
    columns = [u, u, u, left - beyond[0], right + beyond[0]]
    rows = [v.flip(0), top - beyond[1], bottom + beyond[1], v, v]

    def placed(column: Tensor, row: Tensor, sign: float) -> Tensor:
        offset = _stack([*(x.expand(EACH_SIDE) for x in (column, row))], -1) - principal
        local = _cat([offset / focal, offset.new_ones(EACH_SIDE, 1)], -1)
        return _cat([centre + sign * z * (local @ rotation.T) for z in depth])

    inside = placed(columns[0], rows[0], 1.0)
    others = [placed(c, r, 1.0) for c, r in zip(columns[1:], rows[1:], strict=True)]
    return inside, _cat([*others, placed(columns[0], rows[0], -1.0)])


# --------------------------------------------------------------------------------- voxels


def observe_grid(function: Callable[..., Any], case: Case) -> Seen:
    """Sees which voxels are full, by their indices; the form says what kind of grid came."""
    points, resolution, side = case.make()
    before = copy_out(points)
    result = function(points, resolution, side)
    same = before == copy_out(points)
    return {
        "full voxels": _full(result, resolution),
        "form": text(form(result)),
        "inputs": text("left as they were" if same else "changed in place: points"),
    }


def _full(result: object, resolution: int) -> Plain:
    plain = copy_out(result)
    if not is_tensor(result) or plain.shape != (resolution,) * 3:
        return text(f"no grid of {resolution} × {resolution} × {resolution}: {form(result)}")
    square = resolution**2
    cells = [k for k, value in enumerate(plain.values) if value]
    names = [f"({k // square}, {k // resolution % resolution}, {k % resolution})" for k in cells]
    most = max(plain.values, default=0)
    counted = f", up to {most:g} times" if most > 1 else ""
    return text(
        (" ".join(names) or "none") + counted if len(names) < 20 else f"{len(names)} voxels"
    )


def observe_loss(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the loss, and its gradient by the logits."""
    if case.mode != "gradient":
        return _loss(function, case)
    logits, occupancy = case.make()
    return _slope(lambda x: function(x, occupancy), replace(case, make=lambda: (logits,)))


def observe_iou(function: Callable[..., Any], case: Case) -> Seen:
    """Sees one number for each object."""
    predicted, truth, threshold = case.make()
    bound = replace(case, make=lambda: (predicted, truth))
    return _iou(lambda p, t: function(p, t, threshold), bound)
