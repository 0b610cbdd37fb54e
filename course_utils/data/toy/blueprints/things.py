"""Blueprints of the things that stand still: house, chair, lamp."""

from __future__ import annotations

import torch

from course_utils.data.toy.blueprints.base import DARK, METAL, Blueprint
from course_utils.data.toy.primitives import ELLIPSOID, FRUSTUM, PRISM

SUNK = 0.012  # parts reach a little into each other, so that no two faces coincide


def house(count: int, generator: torch.Generator) -> Blueprint:
    """Walls under a gable roof, a door, four windows and mostly a chimney."""
    colours = {"white": 3, "yellow": 2, "pink": 1, "blue": 1, "green": 1, "red": 1, "orange": 1}
    b = Blueprint(count, generator, colours | {"turquoise": 1, "grey": 1})
    x, y, h = b.uniform(0.34, 0.44), b.uniform(0.40, 0.54), b.uniform(0.22, 0.30)
    rise = b.uniform(0.15, 0.23)
    _, tiles = b.choose({"red": 2, "brown": 3, "grey": 2, "purple": 1})
    walls = b.part("walls", PRISM, (0, 0, h), (x, y, h), colour=0.75 * b.main + 0.22)
    roof = b.part(
        "roof", PRISM, (0, 0, 2 * h + rise - SUNK), (x * 1.18, y * 1.10, rise), taper=0.0,
        colour=0.85 * tiles,
    )  # fmt: skip
    chimney = (-x * 0.45, y * 0.55, 2 * h + rise * 1.45)
    b.part(
        "chimney", PRISM, chimney, (0.065, 0.065, rise * 0.75), colour=(0.55, 0.30, 0.24),
        present=b.chance(0.75),
    )  # fmt: skip
    door = b.part("door", PRISM, (x, 0, h * 0.62), (0.02, 0.085, h * 0.62), colour="brown")
    glass, frame = {"colour": (0.45, 0.62, 0.74), "gloss": 0.6}, {"colour": "white"}
    for side in (1, -1):
        at = (x, side * y * 0.58, h * 1.15)
        b.part("frame", PRISM, at, (0.014, 0.108, h * 0.39), **frame)
        b.part("window", PRISM, at, (0.022, 0.088, h * 0.31), **glass)
        at = (0, side * y, h * 1.15)
        b.part("frame", PRISM, at, (0.122, 0.014, h * 0.39), **frame)
        b.part("window", PRISM, at, (0.100, 0.022, h * 0.31), **glass)
    b.keypoint("ridge left", roof, (0, 1, 1))
    b.keypoint("ridge right", roof, (0, -1, 1))
    b.keypoint("front left corner", walls, (1, 1, -1))
    b.keypoint("front right corner", walls, (1, -1, -1))
    b.keypoint("back left corner", walls, (-1, 1, -1))
    b.keypoint("door", door, (1, 0, 0.6))
    return b


def chair(count: int, generator: torch.Generator) -> Blueprint:
    """A seat with a cushion on four legs, a slatted back, sometimes armrests."""
    colours = {"brown": 4, "red": 1, "blue": 1, "white": 2, "green": 1, "turquoise": 1}
    b = Blueprint(count, generator, colours | {"yellow": 1, "purple": 1, "grey": 1})
    s, h, back = b.uniform(0.26, 0.34), b.uniform(0.38, 0.48), b.uniform(0.28, 0.40)
    leg = b.uniform(0.028, 0.042)
    paint = {"colour": b.main, "gloss": 0.15}
    seat = b.part("seat", PRISM, (0, 0, h), (s, s, 0.035), **paint)
    _, cloth = b.choose({"white": 2, "red": 1, "yellow": 1, "blue": 1, "green": 1, "grey": 1})
    cushion = (s * 0.86, s * 0.86, 0.05)
    b.part("cushion", ELLIPSOID, (0.02, 0, h + 0.035), cushion, colour=cloth)
    feet = {}
    for i, front in (("front", 1), ("back", -1)):
        for j, side in (("left", 1), ("right", -1)):
            at = (front * (s - 0.05), side * (s - 0.05), h / 2)
            feet[i, j] = b.part(
                "leg", FRUSTUM, at, (leg * 0.8, leg * 0.8, h / 2), taper=1.3, **paint
            )
    tops = []
    for side in (1, -1):
        at = (-s + 0.03, side * (s - 0.04), h + back)
        tops.append(b.part("back", PRISM, at, (0.03, 0.035, back), **paint))
    for height, wide in ((0.62, 0.13), (1.55, 0.22)):
        size = (0.022, s - 0.05, back * wide * 1.6)
        b.part("back", PRISM, (-s + 0.03, 0, h + back * height), size, **paint)
    arms = b.chance(0.35)
    for side in (1, -1):
        at = (-0.02, side * (s - 0.03), h + back * 0.8)
        b.part("armrest", PRISM, at, (s - 0.02, 0.035, 0.022), present=arms, **paint)
        at = (s - 0.09, side * (s - 0.03), h + back * 0.4)
        b.part("armrest", PRISM, at, (0.025, 0.025, back * 0.4), present=arms, **paint)
    b.keypoint("back left", tops[0], (0, 0, 1))
    b.keypoint("back right", tops[1], (0, 0, 1))
    b.keypoint("seat front", seat, (1, 0, 0))
    b.keypoint("front left foot", feet["front", "left"], (1, 0, -1))
    b.keypoint("front right foot", feet["front", "right"], (1, 0, -1))
    b.keypoint("back right foot", feet["back", "right"], (-1, 0, -1))
    return b


def lamp(count: int, generator: torch.Generator) -> Blueprint:
    """A standing lamp: foot, pole, glowing shade, and a cord to pull on its front."""
    colours = {"yellow": 3, "orange": 2, "white": 2, "pink": 1, "red": 1, "turquoise": 1}
    b = Blueprint(count, generator, colours | {"green": 1, "purple": 1, "blue": 1})
    h, r, s = b.uniform(0.78, 1.05), b.uniform(0.24, 0.33), b.uniform(0.15, 0.21)
    _, metal = b.choose({"grey": 3, "brown": 2, "white": 1})
    metal = {"colour": 0.6 * metal, "gloss": 0.5}
    foot_r = b.uniform(0.17, 0.23)
    foot = b.part("foot", FRUSTUM, (0, 0, 0.03), (foot_r, foot_r, 0.03), taper=0.8, **metal)
    b.part("foot", ELLIPSOID, (0, 0, 0.06), (foot_r * 0.5, foot_r * 0.5, 0.05), **metal)
    pole = b.part("pole", FRUSTUM, (0, 0, h / 2), (0.026, 0.026, h / 2), **metal)
    shade = b.part(
        "shade", FRUSTUM, (0, 0, h), (r, r, s), taper=b.uniform(0.35, 0.7), colour=b.main, glow=0.35
    )
    warm = (1.0, 0.93, 0.70)
    b.part("bulb", ELLIPSOID, (0, 0, h - s), (0.09, 0.09, 0.07), colour=warm, glow=1.2)
    knob = b.part("foot", ELLIPSOID, (0, 0, h + s), (0.03, 0.03, 0.045), **metal)
    drop = b.uniform(0.10, 0.2)
    at = (r * 0.72, 0, h - s - drop / 2)
    b.part("cord", FRUSTUM, at, (0.010, 0.010, drop / 2), colour=METAL)
    ball = (0.034, 0.034, 0.034)
    cord = b.part("cord", ELLIPSOID, (r * 0.72, 0, h - s - drop), ball, colour=DARK, gloss=0.4)
    b.keypoint("top", knob, (0, 0, 1))
    b.keypoint("shade front", shade, (1, 0, -1))
    b.keypoint("shade back", shade, (-1, 0, -1))
    b.keypoint("cord", cord, (0, 0, -1))
    b.keypoint("pole", pole, (1, 0, 0))
    b.keypoint("foot", foot, (1, 0, -1))
    return b


THINGS = {"house": house, "chair": chair, "lamp": lamp}
