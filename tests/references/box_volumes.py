"""What turned boxes have in common, by two programs that share nothing with the one of the course.

In the plane: Sutherland & Hodgman's polygon clipper in plain Python, for boxes that stand upright.
In space: the vertices of an intersection of half spaces and their convex hull, by scipy (Qhull).
"""

import math

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, HalfspaceIntersection
from scipy.spatial.transform import Rotation


def footprint(box) -> list[tuple[float, float]]:
    """The four corners of an upright box from above, anticlockwise."""
    x, y, _, length, width, _, yaw, *_ = box
    c, s = math.cos(yaw), math.sin(yaw)
    around = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    offsets = [(i * length / 2, j * width / 2) for i, j in around]
    return [(x + c * u - s * v, y + s * u + c * v) for u, v in offsets]


def clip_polygon(subject: list, clipper: list) -> list:
    """The part of one convex polygon in another, both anticlockwise."""
    kept = subject
    for (x1, y1), (x2, y2) in zip(clipper, clipper[1:] + clipper[:1], strict=True):
        given, kept = kept, []
        sides = [(x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for x, y in given]
        for i, (x, y) in enumerate(given):
            (px, py), before, here = given[i - 1], sides[i - 1], sides[i]
            if (before < 0) != (here < 0):
                t = before / (before - here)
                kept.append((px + t * (x - px), py + t * (y - py)))
            if here >= 0:
                kept.append((x, y))
    return kept


def polygon_area(polygon: list) -> float:
    """The shoelace formula."""
    after = polygon[1:] + polygon[:1]
    return sum(x * v - u * y for (x, y), (u, v) in zip(polygon, after, strict=True)) / 2


def upright_volume(a, b) -> float:
    """Common area from above, times the common height."""
    tops, bottoms = ([box[2] + sign * box[5] / 2 for box in (a, b)] for sign in (1, -1))
    height = max(0.0, min(tops) - max(bottoms))
    return height * polygon_area(clip_polygon(footprint(a), footprint(b)))


def hull_volume(a, b) -> float:
    """The volume of the convex hull of all vertices; 0 if no ball fits into both boxes."""
    rows = []
    for box in (a, b):
        axes = Rotation.from_euler("ZYX", box[6:9]).as_matrix().T
        for axis, side in zip(axes, box[3:6], strict=True):
            middle = axis @ np.asarray(box[:3])
            rows += [[*axis, -middle - side / 2], [*-axis, middle - side / 2]]
    rows = np.array(rows)
    ball = linprog(  # the largest ball: its centre is well inside
        (0, 0, 0, -1), np.c_[rows[:, :3], np.ones(12)], -rows[:, 3], bounds=[(None, None)] * 4
    )
    if ball.x[3] < 1e-9:
        return 0.0
    return ConvexHull(HalfspaceIntersection(rows, ball.x[:3]).intersections).volume
