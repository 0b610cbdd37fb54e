"""What must hold of the two masks that say which Gaussians are cloned and which are split."""

import torch

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, normal, positive

_double = torch.float64
_cat, _zeros = torch.cat, torch.zeros
BOTH = ("clone", "split")


def _pulled(tried: str, seed: int, steps: int, count: int, unseen: float = 0.0, **how) -> Case:
    """Gradients of Gaussians pulled about as hard as the limit; some steps do not see them.

    A Gaussian has a direction that it is pulled in, so that its mean gradient is not all noise.
    """
    dtype = how.pop("dtype", torch.float32)
    strength = 0.2 + 1.2 * positive(seed, (count, 1), dtype=dtype)
    gradients = normal(seed + 1, (steps, count, 2), dtype=dtype) + normal(seed + 2, (count, 2))
    seen = positive(seed + 3, (steps, count, 1), dtype=dtype) >= unseen
    tensors = fresh(gradients * strength * seen, positive(seed + 4, (count, 3), 2.0, dtype))
    limits = how.pop("limits", (1.2, 1.4))
    words = f"{tried}, limits {limits[0]:g} and {limits[1]:g}"
    return Case(words, lambda: (*tensors(), *limits))


def _single(seed: int) -> list[Case]:
    return [
        _pulled("1 step, 10 Gaussians", seed + 2, 1, 10),
        _pulled("1 step, 20 Gaussians", seed + 8, 1, 20, limits=(0.9, 1.2), dtype=_double),
    ]


def _always(seed: int) -> list[Case]:
    return [
        _pulled("4 steps that see all 12 Gaussians", seed + 14, 4, 12),
        _pulled("6 steps that see all 20 Gaussians", seed + 20, 6, 20, limits=(1.0, 1.5)),
    ]


def _sometimes(seed: int) -> list[Case]:
    return [
        _pulled("6 steps that see about half of 16 Gaussians", seed + 26, 6, 16, 0.5),
        _pulled("9 steps that see a third of 20 Gaussians", seed + 32, 9, 20, 0.65),
    ]


def _limits(seed: int) -> list[Case]:
    return [
        _pulled("3 steps, 16 Gaussians, all small", seed + 38, 3, 16, limits=(1.2, 3.0)),
        _pulled("3 steps, 16 Gaussians, all large", seed + 44, 3, 16, limits=(1.2, 0.01)),
        _pulled("3 steps, 10 Gaussians, none pulled enough", seed + 50, 3, 10, limits=(90.0, 1.4)),
    ]


def _never(seed: int) -> list[Case]:
    gradients, scales, *limits = _pulled("", seed + 56, 2, 6).make()
    tensors = fresh(_cat([gradients, _zeros(2, 3, 2)], 1), _cat([scales, 0.5 + scales[:3]]))
    return [Case("9 Gaussians, of which 3 are never seen", lambda: (*tensors(), *limits))]


DENSIFY_PROPERTIES = (
    Property("single", "right when there was one step", 4, _single, BOTH),
    Property("always", "the mean length over several steps", 3, _always, BOTH),
    Property("sometimes", "the mean over the steps that saw the Gaussian", 3, _sometimes, BOTH),
    Property("limits", "right where all are small, all large, or none is pulled", 2, _limits, BOTH),
    Property("never", "who was never seen stays as it is", 2, _never, BOTH),
    Property("form", "gives two masks of True and False", 1, _single, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _single, ("inputs",), formal=True),
)
