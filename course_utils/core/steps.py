"""Training steps for ``course_utils.core.training.fit``: a loss becomes a function of a batch.

The loop itself stays in the notebook; here are only the three lines that every loop repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

Values = dict[str, float | Tensor]


def gradient_step(
    losses: Callable[[Any], Values], optimiser: Optimizer, schedule: LRScheduler | None = None
) -> Callable[[Any], Values]:
    """Returns ``step(batch)``: forward, backward, update; its values are detached.

    Args:
        losses: from a batch to named values; the one called ``"loss"`` is differentiated.
        schedule: moved on by one after each update.

    Raises:
        ValueError: (the step) when no value is called ``"loss"``.
    """

    def step(batch: Any) -> Values:
        values = losses(batch)
        if "loss" not in values:
            raise ValueError(f"one of the values must be called 'loss', got {sorted(values)}")
        optimiser.zero_grad(set_to_none=True)
        values["loss"].backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()
        return {
            name: value.detach() if isinstance(value, Tensor) else value
            for name, value in values.items()
        }

    return step


def fast_precision(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Returns the network as a function that multiplies in bfloat16 where the machine can.

    On a CPU with bfloat16 instructions and on most CUDA devices training is 1.5 to 2 times
    faster; anywhere else this is the network itself. Weights, losses and outputs stay float32,
    and so does everything outside of the network: colours need their digits.
    """

    def forward(inputs: Tensor) -> Tensor:
        kind = inputs.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=_multiplies_bfloat16(kind)):
            outputs = network(inputs)
        return outputs.float()

    return forward


def follow_rows(state: dict, origin: Int[Tensor, "rows"]) -> dict:
    """Adam's state for rows that came from others, given by index; zero for new ones, of -1."""
    found = {"step": state["step"].clone()}
    for name in ("exp_avg", "exp_avg_sq"):
        rows = state[name][origin.clamp_min(0)]
        rows[origin < 0] = 0
        found[name] = rows
    return found


@cache
def _multiplies_bfloat16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu":
        return False
    # Older versions of torch cannot tell what the processor has: then it stays float32.
    can = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def one_cycle(
    modules: Sequence[nn.Module], steps: int, rate: float = 2e-3, decay: float = 0.01
) -> tuple[Optimizer, LRScheduler]:
    """Returns AdamW and a one-cycle rate: up to ``rate`` in 15 % of the steps, then down to 0.

    A run stopped early never sees the low rates that make most of the difference, so give the
    number of steps that will really be made. Frozen parameters are left out. The schedule may
    be asked for more steps than planned: it then rests at the last rate.

    Source: Smith and Topin (2018), "Super-convergence"; Loshchilov and Hutter (2019) for AdamW.

    Raises:
        ValueError: when there is nothing to train or ``steps`` is below 1.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("none of the modules has a parameter that can be trained")
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
    schedule = _RestingOneCycle(optimiser, rate, total_steps=max(steps, 2), pct_start=0.15)
    return optimiser, schedule


class _RestingOneCycle(OneCycleLR):
    """A one-cycle schedule that stays at its last rate instead of failing past its end."""

    def step(self, epoch: int | None = None) -> None:
        if self.last_epoch + 1 < self.total_steps:
            super().step(epoch)
