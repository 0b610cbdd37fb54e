"""What must hold of pointing into a reference frame, and of copying colours from it."""

import math

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.plain import number

_double = torch.float64
_tensor, _softmax, _eye = torch.tensor, torch.softmax, torch.eye


def _rows(*rows: list[float]) -> Tensor:
    """One frame: (1, rows, cells)."""
    return _tensor([rows], dtype=torch.float32, device="cpu")


def _pair(tried: str, seed: int, sizes: tuple[int, int, int, int], **options) -> Case:
    """A case of random features: n, features, cells of the reference and of the target."""
    count, features, there, here = sizes
    reference = normal(seed, (count, features, there), **options)
    target = normal(seed + 1, (count, features, here), **options)
    return Case(tried, fresh(reference, target))


def _features(seed: int) -> list[Case]:
    return [
        Case(
            "2 features, 3 reference cells, 2 target cells",
            fresh(_rows([1.0, 0.0, -1.0], [0.0, 2.0, 1.0]), _rows([1.0, 0.5], [0.0, 1.0])),
        )
        if seed == 0
        else _pair("one target cell", seed, (1, 2, 3, 1)),
        _pair("2 clips, 4 features, 5 reference and 3 target cells", seed + 2, (2, 4, 5, 3)),
        _pair("as many reference as target cells", seed + 4, (2, 3, 4, 4)),
        _pair("features in float64", seed + 6, (3, 5, 2, 6), dtype=_double),
    ]


def _known(_: int) -> list[Case]:
    # One feature: a reference of log 1, log 2, log 5 is 1 : 2 : 5 to a target of 1.
    reference = _rows([0.0, math.log(2.0), math.log(5.0)])
    return [
        Case(
            "one feature, logarithms of 1, 2 and 5",
            fresh(reference, _rows([1.0])),
            {"value": number(1 / 8, 2 / 8, 5 / 8, shape=(1, 3, 1))},
        ),
        Case(
            "the same with a target twice as long",
            fresh(reference, _rows([2.0])),
            {"value": number(1 / 30, 4 / 30, 25 / 30, shape=(1, 3, 1))},
        ),
        Case(
            "a target of zeros, which cannot choose",
            fresh(reference, _rows([0.0, 0.0])),
            {"value": number(*[1 / 3] * 6, shape=(1, 3, 2))},
        ),
    ]


def _long_vectors(seed: int) -> list[Case]:
    turned = _eye(4).roll(seed % 3 + 1, dims=1)[None]
    same = {"value": number(*turned.mT.flatten().tolist(), shape=(1, 4, 4))}
    long = fresh(20.0 * _eye(4)[None], 20.0 * turned.mT)
    return [
        Case("long vectors that fit one cell each", long, same),
        _pair("long random vectors", seed + 10, (1, 6, 4, 3), scale=12.0),
    ]


def _feature_gradient(seed: int) -> list[Case]:
    found = [
        _pair("the same, looking at the gradients", seed + 12, (1, 3, 4, 2)),
        _pair("gradients of two clips", seed + 14, (2, 2, 3, 3)),
    ]
    return [Case(case.tried, case.make, mode="gradient") for case in found]


ATTENTION_PROPERTIES = (
    Property(
        "values",
        "the weight of every reference cell for every target cell",
        4,
        _features,
        ("value",),
    ),
    Property(
        "known",
        "weights known by hand; longer vectors point more sharply",
        2,
        _known,
        ("value",),
        fixed=True,
    ),
    Property(
        "long", "stays finite and exact for long feature vectors", 2, _long_vectors, ("value",)
    ),
    Property("gradient", "the gradient that reaches both frames' features", 2, _feature_gradient),
    Property("form", "gives (n, reference, target)", 1, _features, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _features, ("inputs",), formal=True),
)


# -------------------------------------------------------------------------- copying


def _copy(tried: str, seed: int, sizes: tuple[int, int, int, int], **options) -> Case:
    """A case of random attention and colours: n, channels, reference and target cells."""
    count, channels, there, here = sizes
    attention = _softmax(2.0 * normal(seed, (count, there, here), **options), dim=1)
    colours = normal(seed + 1, (count, channels, there), 30.0, **options)
    return Case(tried, fresh(attention, colours))


def _attentions(seed: int) -> list[Case]:
    return [
        Case(
            "2 reference cells, 3 target cells, 2 channels",
            fresh(
                _rows([1.0, 0.25, 0.5], [0.0, 0.75, 0.5]),
                _rows([40.0, -20.0], [0.0, 60.0]),
            ),
        )
        if seed == 0
        else _copy("one target cell", seed, (1, 2, 3, 1)),
        _copy("2 clips, 1 channel, 4 reference and 2 target cells", seed + 2, (2, 1, 4, 2)),
        _copy("as many reference as target cells", seed + 4, (2, 3, 4, 4)),
        _copy("float64, 5 channels (shares of a palette)", seed + 6, (1, 5, 3, 4), dtype=_double),
    ]


def _pure_copies(seed: int) -> list[Case]:
    colours = normal(seed + 8, (1, 2, 4), 30.0)
    shift = seed % 3 + 1
    attention = _eye(4).roll(shift, dims=1)[None]
    # Column j of the rolled identity has its 1 in row j - shift.
    exact = [row[(j - shift) % 4] for row in colours[0].tolist() for j in range(4)]
    mean = [sum(row) / 4 for row in colours[0].tolist() for _ in range(2)]
    return [
        Case(
            "each target cell points to one cell",
            fresh(attention, colours),
            {"value": number(*exact, shape=(1, 2, 4))},
        ),
        Case(
            "attention that cannot choose",
            fresh(torch.full((1, 4, 2), 0.25), colours),
            {"value": number(*mean, shape=(1, 2, 2))},
        ),
    ]


def _masked(seed: int) -> list[Case]:
    attention = normal(seed + 9, (2, 3, 5)).abs()
    colours = normal(seed + 10, (2, 2, 3), 30.0)
    return [Case("weights that do not sum to 1: used as they are", fresh(attention, colours))]


def _copy_gradient(seed: int) -> list[Case]:
    found = _copy("the same, looking at the gradient", seed + 12, (2, 2, 3, 4))
    return [Case(found.tried, found.make, mode="gradient")]


COPY_PROPERTIES = (
    Property("values", "the colour of every target cell", 4, _attentions, ("value",)),
    Property(
        "pure",
        "copies exactly, and mixes evenly where A cannot choose",
        3,
        _pure_copies,
        ("value",),
    ),
    Property("linear", "a plain weighted sum, for any weights", 1, _masked, ("value",)),
    Property(
        "gradient",
        "the gradient that reaches A, by which features learn",
        2,
        _copy_gradient,
        ("gradient by attention",),
    ),
    Property("form", "gives (n, channels, target)", 1, _attentions, ("form",), formal=True),
    Property(
        "inputs", "leaves its arguments as they were", 1, _attentions, ("inputs",), formal=True
    ),
)
