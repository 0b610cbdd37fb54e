"""Blueprints of what grows, quacks or melts: tree, mushroom, snowman, duck."""

from __future__ import annotations

import math

import torch

from course_utils.data.toy.blueprints.base import DARK, QUARTER, Blueprint
from course_utils.data.toy.primitives import ELLIPSOID, FRUSTUM, PRISM

FORWARD = (("y", QUARTER),)


def tree(count: int, generator: torch.Generator) -> Blueprint:
    """A trunk with three cones (a conifer) or three round crowns, and a nest box in front."""
    colours = {"green": 7, "orange": 1, "yellow": 1, "red": 0.6, "pink": 0.6}
    b = Blueprint(count, generator, colours)
    conifer = b.chance(0.6) & (b.colour == 3)  # only green trees are conifers
    trunk, r = b.uniform(0.30, 0.42), b.uniform(0.30, 0.38)
    leaf = torch.where(conifer[:, None], b.main * 0.72, b.main * 0.95)
    shape = torch.where(conifer, FRUSTUM, ELLIPSOID)
    thick = b.uniform(0.06, 0.085)
    stem = b.part(
        "trunk",
        FRUSTUM,
        (0, 0, trunk * 0.75),
        (thick, thick, trunk * 0.75),
        taper=0.75,
        colour="brown",
    )
    crowns = []
    for i in range(3):
        wide = r * (1 - 0.24 * i)
        high = torch.where(conifer, r * (0.66 - 0.06 * i), wide * 0.86)
        lift = torch.where(conifer, 0.44 * r + 0.60 * r * i, 0.62 * r + 0.56 * r * i)
        shake = torch.where(conifer, 0.0, 0.07)
        dx, dy = b.uniform(-1, 1) * shake, b.uniform(-1, 1) * shake
        if i == 0:
            dx, dy = 0 * dx, 0 * dy
        centre = (dx, dy, trunk + lift)
        tip = torch.where(conifer, 0.12, 1.0)
        tone = leaf * (0.9 + 0.1 * i)
        crowns.append(
            b.part("crown", shape, centre, (wide, wide, high), taper=tip, colour=tone.clamp(0, 1))
        )
    box = b.part(
        "nest box", PRISM, (thick + 0.02, 0, trunk * 0.62), (0.05, 0.055, 0.065), colour="orange"
    )
    hole = (thick + 0.07, 0, trunk * 0.62 + 0.015)
    b.part("nest box", ELLIPSOID, hole, (0.008, 0.022, 0.022), colour=DARK)
    b.keypoint("top", crowns[2], (0, 0, 1))
    b.keypoint("nest box left", box, (0, 1, 0))
    b.keypoint("nest box right", box, (0, -1, 0))
    b.keypoint("foot", stem, (1, 0, -1))
    return b


def mushroom(count: int, generator: torch.Generator) -> Blueprint:
    """A toadstool: a pale stem with a ring and a door, and a spotted cap."""
    b = Blueprint(count, generator, {"red": 5, "orange": 2, "brown": 2, "purple": 1, "pink": 1})
    h, r = b.uniform(0.34, 0.50), b.uniform(0.36, 0.48)
    flat, thick = b.uniform(0.55, 0.72), b.uniform(0.11, 0.15)
    cream = (0.93, 0.89, 0.78)
    stem = b.part(
        "stem",
        FRUSTUM,
        (0, 0, h / 2),
        (thick * 1.15, thick * 1.15, h / 2),
        taper=0.75,
        colour=cream,
    )
    ring = thick * 1.25
    b.part(
        "stem", FRUSTUM, (0, 0, h * 0.70), (ring * 1.1, ring * 1.1, 0.02), taper=0.8, colour=cream
    )
    cap_z = h + r * flat * 0.55
    cap = b.part("cap", ELLIPSOID, (0, 0, cap_z), (r, r, r * flat), colour=b.main, gloss=0.35)
    gills = (r * 0.50, r * 0.50, r * 0.07)
    b.part("gills", FRUSTUM, (0, 0, cap_z - r * flat * 0.80), gills, taper=1.35, colour=cream)
    spin = b.uniform(0, 2 * math.pi)
    for i in range(7):
        tilt, spot = (0.0, 0.0) if i == 0 else (0.92, 1.0)
        around = spin + i * math.pi / 3 + b.uniform(-0.2, 0.2)
        tilt = tilt + b.uniform(-0.18, 0.18)
        x, y, z = tilt.sin() * around.cos(), tilt.sin() * around.sin(), tilt.cos()
        at = (r * x, r * y, cap_z + r * flat * z)
        slope = torch.atan2(tilt.sin() * flat, tilt.cos())
        size = r * b.uniform(0.13, 0.21) * (1.15 - 0.15 * spot)
        turns = (("y", slope), ("z", around))
        b.part("spot", ELLIPSOID, at, (size, size, 0.028), turns=turns, colour="white")
    at = (thick * 1.08, 0, h * 0.26)
    door = b.part("door", ELLIPSOID, at, (0.025, 0.065, h * 0.24), colour="brown")
    b.keypoint("cap front", cap, (1, 0, 0))
    b.keypoint("cap left", cap, (0, 1, 0))
    b.keypoint("cap right", cap, (0, -1, 0))
    b.keypoint("door", door, (1, 0, 0))
    b.keypoint("foot", stem, (-1, 0, -1))
    return b


def snowman(count: int, generator: torch.Generator) -> Blueprint:
    """Three balls of snow with hat, scarf, carrot, coal eyes and buttons, and twig arms."""
    b = Blueprint(count, generator, {"red": 2, "blue": 2, "green": 1, "purple": 1, "orange": 1})
    low, mid, top = b.uniform(0.29, 0.35), b.uniform(0.20, 0.25), b.uniform(0.15, 0.18)
    snow = {"colour": b.shade((0.95, 0.96, 0.98), 0.02)}
    z1 = low * 0.93
    z2 = z1 + low * 0.72 + mid * 0.72
    z3 = z2 + mid * 0.72 + top * 0.72
    base = b.part("body", ELLIPSOID, (0, 0, z1), (low, low, low * 0.93), **snow)
    b.part("body", ELLIPSOID, (0, 0, z2), (mid, mid, mid * 0.96), **snow)
    b.part("head", ELLIPSOID, (0, 0, z3), (top, top, top), **snow)
    neck = top * 0.98
    z_neck = z3 - top * 0.70
    b.part("scarf", ELLIPSOID, (0, 0, z_neck), (neck * 1.12, neck * 1.12, 0.062), colour=b.main)
    at = (mid * 0.92, 0.085, z_neck - 0.115)
    b.part("scarf", PRISM, at, (0.024, 0.05, 0.115), turns=(("y", -0.25),), colour=b.main)
    hat_h, brim = b.uniform(0.08, 0.12), top * 0.70
    z_hat = z3 + top * 0.80
    b.part("hat", FRUSTUM, (0, 0, z_hat), (brim * 1.55, brim * 1.55, 0.014), colour=DARK)
    hat = b.part(
        "hat", FRUSTUM, (0, 0, z_hat + hat_h), (brim, brim, hat_h), taper=0.92, colour=DARK
    )
    b.part("hat", FRUSTUM, (0, 0, z_hat + 0.04), (brim * 1.03, brim * 1.03, 0.026), colour=b.main)
    at = (top + 0.07, 0, z3 - 0.01)
    nose = b.part(
        "nose",
        FRUSTUM,
        at,
        (0.036, 0.036, 0.09),
        taper=0.1,
        turns=FORWARD,
        colour=(0.95, 0.45, 0.08),
    )
    for side in (1, -1):
        at = (top * 0.86, side * top * 0.38, z3 + top * 0.34)
        b.part("eye", ELLIPSOID, at, (0.022, 0.024, 0.026), colour=DARK, gloss=0.5)
    for i in (-1, 1):
        at = (mid * 0.97, 0, z2 + i * mid * 0.30 - 0.03)
        b.part("button", ELLIPSOID, at, (0.022, 0.026, 0.026), colour=DARK, gloss=0.3)
    tips = []
    reach = b.uniform(0.15, 0.21)
    for side in (1, -1):
        at = (0, side * (mid * 0.85 + reach * 0.9), z2 + mid * 0.25 + reach * 0.35)
        turns = (("x", -side * 1.15),)
        arm = (0.018, 0.018, reach)
        tips.append(b.part("arm", FRUSTUM, at, arm, taper=0.6, turns=turns, colour="brown"))
    b.keypoint("nose", nose, (0, 0, 1))
    b.keypoint("left hand", tips[0], (0, 0, 1))
    b.keypoint("right hand", tips[1], (0, 0, 1))
    b.keypoint("hat top", hat, (0, 0, 1))
    b.keypoint("foot", base, (0, 0, -1))
    return b


def duck(count: int, generator: torch.Generator) -> Blueprint:
    """A rubber duck: body, raised tail, two wings, head, beak and eyes."""
    colours = {"yellow": 5, "white": 2, "pink": 1, "turquoise": 1, "blue": 1, "green": 1}
    b = Blueprint(count, generator, colours | {"orange": 1})
    x, y, z = b.uniform(0.38, 0.46), b.uniform(0.26, 0.31), b.uniform(0.22, 0.26)
    head, neck = b.uniform(0.17, 0.21), b.uniform(0.24, 0.30)
    skin = {"colour": b.main, "gloss": 0.5}
    body = b.part("body", ELLIPSOID, (0, 0, z), (x, y, z), **skin)
    b.part("body", ELLIPSOID, (x * 0.50, 0, z * 1.45), (x * 0.40, y * 0.62, z * 0.80), **skin)
    at = (-x * 0.88, 0, z * 1.42)
    tail = b.part("tail", ELLIPSOID, at, (0.17, 0.10, 0.065), turns=(("y", 0.70),), **skin)
    wing = {"colour": (b.main * 0.9).clamp(0, 1), "gloss": 0.4}
    for side in (1, -1):
        at = (-x * 0.16, side * y * 0.88, z * 1.12)
        turns = (("y", 0.28), ("z", side * 0.16))
        b.part("wing", ELLIPSOID, at, (x * 0.56, 0.06, z * 0.52), turns=turns, **wing)
    hx, hz = x * 0.56, z + neck + head * 0.42
    crown = b.part("head", ELLIPSOID, (hx, 0, hz), (head, head * 0.94, head * 0.96), **skin)
    beak_at = (hx + head * 1.05, 0, hz - head * 0.18)
    orange = {"colour": (0.95, 0.42, 0.06), "gloss": 0.4}
    beak = b.part("beak", ELLIPSOID, beak_at, (0.13, 0.105, 0.034), **orange)
    at = (hx + head * 0.98, 0, hz - head * 0.34)
    b.part("beak", ELLIPSOID, at, (0.095, 0.085, 0.028), **orange)
    eyes = []
    for side in (1, -1):
        at = (hx + head * 0.64, side * head * 0.60, hz + head * 0.28)
        eyes.append(b.part("eye", ELLIPSOID, at, (0.032, 0.032, 0.040), colour=DARK, gloss=0.8))
    b.keypoint("beak", beak, (1, 0, 0))
    b.keypoint("left eye", eyes[0], (0.6, 0.8, 0))
    b.keypoint("right eye", eyes[1], (0.6, -0.8, 0))
    b.keypoint("head top", crown, (0, 0, 1))
    b.keypoint("tail", tail, (-1, 0, 0))
    b.keypoint("belly", body, (0, 0, -1))
    return b


LIVING = {"tree": tree, "mushroom": mushroom, "snowman": snowman, "duck": duck}
