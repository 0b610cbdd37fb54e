"""Which Gaussians are cloned, and which are split."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, text
from course_utils.vision3d.splats import densify, gaussians

BOTH = ("clone", "split")
_outputs = observe_outputs(("gradients", "scales", "pull_limit", "size_limit"), BOTH)


def densify_mask(
    gradients: Float[Tensor, "steps gaussians 2"],
    scales: Float[Tensor, "gaussians 3"],
    pull_limit: float,
    size_limit: float,
) -> tuple[Bool[Tensor, "gaussians"], Bool[Tensor, "gaussians"]]:
    """Which Gaussians to clone and which to split (Kerbl et al. 2023, section 5.2).

    gradients: of the loss by the place on the picture, zero where a Gaussian was not seen.
    """
    pull = densify.ScreenPull.zeros(len(scales))
    for gradient in gradients:
        pull.add(gradient, height=2)  # at this height the pull is the bare length
    return densify.densify_mask(pull.mean(), scales, pull_limit, size_limit)


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees which Gaussians each of the two masks picks."""
    seen = _outputs(function, case)
    return seen | {name: _picked(seen[name]) for name in BOTH}


def _picked(mask: Plain) -> Plain:
    """In words, "Gaussians 0, 3 of 8"; what is no mask stays as it is."""
    if not mask.numeric or len(mask.shape) != 1 or not set(mask.values) <= {0.0, 1.0}:
        return mask
    places = [str(k) for k, value in enumerate(mask.values) if value]
    return text(f"{'Gaussians ' + ', '.join(places) if places else 'none'} of {len(mask.values)}")


exercise = Declared(densify_mask, observe, lesson=gaussians)


def _pulled(tried: str, seed: int, steps: int, count: int, unseen: float = 0.0, **how: Any) -> Case:
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


@exercise.claim(4, *BOTH)
def single(seed: int) -> list[Case]:
    how = {"limits": (0.9, 1.2), "dtype": torch.float64}
    return [
        _pulled("1 step, 10 Gaussians", seed + 2, 1, 10),
        _pulled("1 step, 20 Gaussians", seed + 8, 1, 20, **how),
    ]


@exercise.claim(3, *BOTH)
def always(seed: int) -> list[Case]:
    return [
        _pulled("4 steps that see all 12 Gaussians", seed + 14, 4, 12),
        _pulled("6 steps that see all 20 Gaussians", seed + 20, 6, 20, limits=(1.0, 1.5)),
    ]


@exercise.claim(3, *BOTH)
def sometimes(seed: int) -> list[Case]:
    return [
        _pulled("6 steps that see about half of 16 Gaussians", seed + 26, 6, 16, 0.5),
        _pulled("9 steps that see a third of 20 Gaussians", seed + 32, 9, 20, 0.65),
    ]


@exercise.claim(2, *BOTH)
def limits(seed: int) -> list[Case]:
    return [
        _pulled("3 steps, 16 Gaussians, all small", seed + 38, 3, 16, limits=(1.2, 3.0)),
        _pulled("3 steps, 16 Gaussians, all large", seed + 44, 3, 16, limits=(1.2, 0.01)),
        _pulled("3 steps, 10 Gaussians, none pulled enough", seed + 50, 3, 10, limits=(90.0, 1.4)),
    ]


@exercise.claim(2, *BOTH)
def never(seed: int) -> list[Case]:
    gradients, scales, *most = _pulled("", seed + 56, 2, 6).make()
    gradients = torch.cat([gradients, torch.zeros(2, 3, 2)], 1)
    tensors = fresh(gradients, torch.cat([scales, 0.5 + scales[:3]]))
    return [Case("9 Gaussians, of which 3 are never seen", lambda: (*tensors(), *most))]


exercise.form(single)
