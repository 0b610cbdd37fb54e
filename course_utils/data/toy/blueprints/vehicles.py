"""Blueprints of the vehicles: car, aeroplane, boat."""

from __future__ import annotations

import torch

from course_utils.data.toy.blueprints.base import DARK, GLASS, METAL, QUARTER, Blueprint
from course_utils.data.toy.primitives import ELLIPSOID, FRUSTUM, PRISM

ANY_HUE = {"red": 2, "blue": 2, "yellow": 1, "green": 1, "orange": 1, "turquoise": 1, "white": 1}
FORWARD = (("y", QUARTER),)  # turns a part's own z axis to the front
SIDEWAYS = {1: (("x", -QUARTER),), -1: (("x", QUARTER),)}  # to the left, to the right
SUNK = 0.01  # parts reach a little into each other, so that no two faces coincide


def car(count: int, generator: torch.Generator) -> Blueprint:
    """A body on four wheels, a glass cabin under a roof, two headlights, two tail lights."""
    b = Blueprint(count, generator, ANY_HUE | {"purple": 1, "grey": 1, "pink": 0.5})
    length, width = b.uniform(0.56, 0.70), b.uniform(0.25, 0.30)
    r, h, cab = b.uniform(0.125, 0.16), b.uniform(0.10, 0.14), b.uniform(0.11, 0.15)
    shift, deck = b.uniform(-0.16, -0.04), r + 2 * h - SUNK
    paint = {"colour": b.main, "gloss": 0.9}
    body = b.part("body", PRISM, (0, 0, r + h), (length, width, h), taper=0.93, **paint)
    size = (length * 0.60, width * 0.88, cab)
    slope = b.uniform(0.55, 0.75)
    b.part("cabin", PRISM, (shift, 0, deck + cab), size, taper=slope, colour=GLASS, gloss=1.0)
    top = (shift, 0, deck + 2 * cab + 0.018)
    roof = b.part(
        "roof", PRISM, top, (length * 0.60 * slope * 1.02, width * 0.90, 0.022), taper=0.9, **paint
    )
    hubs = {}
    for i, front in (("front", 1), ("back", -1)):
        for j, side in (("left", 1), ("right", -1)):
            at = (front * length * 0.60, side * (width - 0.03), r)
            b.part(
                "wheel", FRUSTUM, at, (r, r, 0.055), turns=SIDEWAYS[side], colour=DARK, gloss=0.1
            )
            hubs[i, j] = b.part(
                "wheel", FRUSTUM, at, (r * 0.5, r * 0.5, 0.065), turns=SIDEWAYS[side], colour=METAL,
                gloss=0.6,
            )  # fmt: skip
    for side in (1, -1):
        at = (length * 0.975, side * width * 0.66, r + h * 1.15)
        b.part("headlight", ELLIPSOID, at, (0.035, 0.058, 0.05), colour=(1.0, 0.96, 0.8), glow=0.5)
        at = (-length * 0.97, side * width * 0.68, r + h * 1.2)
        b.part("tail light", ELLIPSOID, at, (0.03, 0.055, 0.04), colour=(0.8, 0.05, 0.05), glow=0.3)
    for place, hub in hubs.items():
        b.keypoint(" ".join(place) + " wheel", hub, (0, 0, 1))
    b.keypoint("nose", body, (1, 0, 0))
    b.keypoint("roof", roof, (0, 0, 1))
    return b


def aeroplane(count: int, generator: torch.Generator) -> Blueprint:
    """A propeller plane in low flight: fuselage, two wings, tail, cockpit, two engines."""
    b = Blueprint(count, generator, ANY_HUE | {"white": 3, "grey": 2, "pink": 0.5})
    length, r, span = b.uniform(0.58, 0.70), b.uniform(0.105, 0.14), b.uniform(0.30, 0.38)
    z, chord = b.uniform(0.50, 0.80), b.uniform(0.13, 0.18)
    _, accent = b.choose({"red": 2, "orange": 2, "blue": 2, "white": 2, "yellow": 1})
    paint, trim = {"colour": b.main, "gloss": 0.6}, {"colour": accent, "gloss": 0.4}
    body = b.part("fuselage", ELLIPSOID, (0, 0, z), (length, r, r * 1.08), **paint)
    tips = []
    for side in (1, -1):
        size = (chord, 0.022, span)
        at = (0.05, side * (span + r * 0.5), z - r * 0.25)
        turns = (*SIDEWAYS[side], ("z", -0.10 * side))
        tips.append(b.part("wing", PRISM, at, size, taper=0.6, turns=turns, **trim))
        size = (chord * 0.55, 0.016, span * 0.36)
        at = (-length * 0.86, side * span * 0.36, z + r * 0.25)
        b.part("tail", PRISM, at, size, taper=0.6, turns=SIDEWAYS[side], **trim)
        at = (0.11, side * span * 1.05, z - r * 0.45)
        b.part("engine", ELLIPSOID, at, (0.13, 0.055, 0.055), colour=METAL, gloss=0.6)
    fin_h = b.uniform(0.11, 0.15)
    at = (-length * 0.86, 0, z + r * 0.35 + fin_h)
    fin = b.part("fin", PRISM, at, (chord * 0.62, 0.016, fin_h), taper=0.55, **trim)
    at = (length * 0.42, 0, z + r * 0.62)
    b.part("cockpit", ELLIPSOID, at, (0.17, r * 0.62, r * 0.62), colour=GLASS, gloss=1.0)
    at = (length + 0.01, 0, z)
    nose = b.part(
        "propeller",
        FRUSTUM,
        at,
        (0.05, 0.05, 0.05),
        taper=0.15,
        turns=FORWARD,
        colour=DARK,
        gloss=0.5,
    )
    turns = (("x", b.uniform(0, 3.14)),)
    b.part("propeller", PRISM, at, (0.010, 0.024, r * 1.7), turns=turns, colour=DARK, gloss=0.3)
    b.keypoint("nose", nose, (0, 0, 1))
    b.keypoint("left wing tip", tips[0], (0, 0, 1))
    b.keypoint("right wing tip", tips[1], (0, 0, 1))
    b.keypoint("fin", fin, (0, 0, 1))
    b.keypoint("belly", body, (0, 0, -1))
    b.keypoint("tail end", body, (-1, 0, 0))
    return b


def boat(count: int, generator: torch.Generator) -> Blueprint:
    """A sailing boat: hull with a pointed bow, rim, deck, cabin, mast, sail, pennant."""
    b = Blueprint(count, generator, ANY_HUE | {"purple": 1, "brown": 1, "pink": 0.5})
    length, width, h = b.uniform(0.36, 0.44), b.uniform(0.19, 0.25), b.uniform(0.11, 0.15)
    bow, stern = b.uniform(0.14, 0.19), -0.14
    paint = {"colour": b.main, "gloss": 0.5}
    hull = b.part("hull", PRISM, (stern, 0, h), (length, width, h), **paint)
    pointed = (("z", QUARTER), *FORWARD)
    tip = (stern + length + bow - SUNK, 0, h)
    prow = b.part("hull", PRISM, tip, (width, h, bow), taper=0.0, turns=pointed, **paint)
    rim = {"colour": "white", "gloss": 0.3}
    b.part("rim", PRISM, (stern, 0, 2 * h), (length + 0.015, width + 0.015, 0.022), **rim)
    rim_tip = b.part(
        "rim", PRISM, (tip[0], 0, 2 * h), (width + 0.015, 0.022, bow + 0.01), taper=0.0,
        turns=pointed, **rim,
    )  # fmt: skip
    at = (stern, 0, 2 * h + 0.012)
    b.part("deck", PRISM, at, (length - 0.02, width - 0.02, 0.016), colour=(0.72, 0.52, 0.32))
    cabin = b.uniform(0.07, 0.10)
    at = (stern - length * 0.45, 0, 2 * h + cabin)
    b.part("cabin", PRISM, at, (length * 0.34, width * 0.58, cabin), taper=0.85, **rim)
    size = (length * 0.36 * 0.85, width * 0.60, cabin * 0.33)
    at = (at[0], 0, 2 * h + cabin * 1.15)
    b.part("cabin", PRISM, at, size, colour=GLASS, gloss=0.8)
    mast_h, mast_x = b.uniform(0.42, 0.52), stern + length * 0.55
    mast = b.part(
        "mast", FRUSTUM, (mast_x, 0, 2 * h + mast_h), (0.022, 0.022, mast_h), colour="brown"
    )
    sail_h, foot = mast_h * 0.68, b.uniform(0.17, 0.22)
    lean = torch.atan2(foot, 2 * sail_h)  # makes the leading edge of the triangle upright
    cloth = {"colour": b.shade((0.97, 0.95, 0.88), 0.03), "turns": (("y", lean),), "glow": 0.15}
    boom = 2 * h + 2 * cabin + 0.02
    at = (
        mast_x - 0.03 - sail_h * lean.sin(),
        0,
        boom + sail_h * lean.cos() + foot * lean.sin(),
    )
    sail = b.part("sail", PRISM, at, (foot, 0.014, sail_h), taper=0.0, **cloth)
    at = (mast_x - 0.07, 0, 2 * (h + mast_h) - 0.055)
    flag = {"turns": (("y", -QUARTER),), "colour": b.main}
    b.part("pennant", PRISM, at, (0.04, 0.008, 0.075), taper=0.0, **flag)
    b.keypoint("bow", rim_tip, (0, 1, 1))
    b.keypoint("stern left", hull, (-1, 1, -1))
    b.keypoint("stern right", hull, (-1, -1, -1))
    b.keypoint("keel", prow, (0, -1, 1))
    b.keypoint("mast top", mast, (0, 0, 1))
    b.keypoint("sail corner", sail, (-1, 0, -1))
    return b


VEHICLES = {"car": car, "aeroplane": aeroplane, "boat": boat}
