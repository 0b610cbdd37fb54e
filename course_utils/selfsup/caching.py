"""A large contrastive batch in little memory: recompute instead of remember.

Two things grow with the batch of ``n`` pictures. The activations of the encoder, which
``backward`` needs: *gradient caching* encodes the batch in parts and remembers only the
projections; when their gradient is known, each part is encoded again and led backwards alone.
And the matrix of ``2n x 2n`` similarities: the loss is computed for some rows at a time. Neither
changes the loss or its gradient; both cost one more forward pass.

Source: Gao et al. (2021), "Scaling deep contrastive learning batch size under memory limited
setup"; Chen et al. (2016), "Training deep nets with sublinear memory cost".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from course_utils.selfsup.simclr import Views, check_views, two_views_index


def encode_in_parts(
    network: nn.Module, inputs: Float[Tensor, "n ..."], part: int
) -> Float[Tensor, "n d"]:
    """Returns ``network(inputs)``, made of ``part`` rows at a time; ``backward`` goes through.

    Memory holds the activations of one part only, in both directions: ``backward`` runs the
    network on each part again. Random numbers (dropout) are the same both times, and running
    statistics move once. Batch normalisation in training mode sees each part as a batch of its
    own, which is the one thing that differs from encoding all at once.

    The inputs themselves get no gradient. Call it outside of ``torch.autocast``.

    Raises:
        ValueError: when ``part`` is below 1, there is nothing to encode, or the inputs ask for a
            gradient.
    """
    if inputs.requires_grad:
        raise ValueError("the inputs get no gradient here: detach them first")
    if part < 1 or len(inputs) == 0:
        raise ValueError(f"cannot encode {len(inputs)} rows in parts of {part}")

    return _EncodedInParts.apply(network, inputs, part, *network.parameters())


class _EncodedInParts(torch.autograd.Function):
    """Forward without a graph; backward builds the graph of one part at a time.

    ``torch.utils.checkpoint`` on each part would do, but the small pieces of its graphs come to
    lie between the large activations, and the memory of those is not given back.
    """

    @staticmethod
    def forward(ctx, network: nn.Module, inputs: Tensor, part: int, *_: Tensor) -> Tensor:
        ctx.network, ctx.part, ctx.dice, encoded = network, part, [], []
        for rows in inputs.split(part):
            ctx.dice.append(_dice(inputs))
            encoded.append(network(rows))
        ctx.save_for_backward(inputs)
        return torch.cat(encoded)

    @staticmethod
    @once_differentiable
    def backward(ctx, slopes: Tensor) -> tuple[Tensor | None, ...]:
        (inputs,) = ctx.saved_tensors
        learned = [value for value in ctx.network.parameters() if value.requires_grad]
        total = [torch.zeros_like(value) for value in learned]
        parts = zip(inputs.split(ctx.part), slopes.split(ctx.part), ctx.dice, strict=True)
        devices = [inputs.device] if inputs.device.type == "cuda" else []
        with buffers_kept(ctx.network), torch.enable_grad(), torch.random.fork_rng(devices):
            for rows, slope, dice in parts:
                _throw_again(dice, inputs)
                encoded = ctx.network(rows)
                found = torch.autograd.grad(encoded, learned, slope, allow_unused=True)
                for sum_, more in zip(total, found, strict=True):
                    if more is not None:
                        sum_ += more
        left = iter(total)
        given = (next(left) if value.requires_grad else None for value in ctx.network.parameters())
        return None, None, None, *given


def _dice(inputs: Tensor) -> tuple[Tensor, Tensor | None]:
    """The state of the random numbers, so that dropout can repeat itself."""
    on_gpu = torch.cuda.get_rng_state(inputs.device) if inputs.device.type == "cuda" else None
    return torch.get_rng_state(), on_gpu


def _throw_again(dice: tuple[Tensor, Tensor | None], inputs: Tensor) -> None:
    torch.set_rng_state(dice[0])
    if dice[1] is not None:
        torch.cuda.set_rng_state(dice[1], inputs.device)


@contextmanager
def buffers_kept(network: nn.Module) -> Iterator[None]:
    """Gives a network its buffers back after the block: a repeated pass counts once."""
    kept = [(buffer, buffer.clone()) for buffer in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)


def blockwise_nt_xent(
    projections: Views, temperature: float = 0.5, rows: int = 512
) -> Float[Tensor, ""]:
    """Returns ``simclr.nt_xent`` in nats with ``rows`` rows of the similarities at a time.

    Memory grows with ``rows * 2n`` instead of ``(2n)**2``; ``backward`` computes each block again.

    Raises:
        ValueError: as ``nt_xent``, and when ``rows`` is below 1.
    """
    check_views(projections, temperature)
    if rows < 1:
        raise ValueError(f"rows must be at least 1, got {rows}")
    return _Blockwise.apply(F.normalize(projections, dim=1), temperature, rows)


class _Blockwise(torch.autograd.Function):
    """Remembers one number per view: ``l_i = log sum_(k != i) exp(s_ik)``.

    Scores are symmetric, so row i of the gradient by the unit vectors needs row i only:
    ``sum_k (exp(s_ik - l_i) + exp(s_ik - l_k)) u_k - 2 u_j``, over ``2n T``.
    """

    @staticmethod
    def forward(ctx, units: Tensor, temperature: float, rows: int) -> Tensor:
        logs = units.new_empty(len(units))
        for place, scores in _blocks(units, temperature, rows):
            largest = scores.amax(dim=1, keepdim=True)
            logs[place] = scores.sub_(largest).exp_().sum(dim=1).log_() + largest[:, 0]
        ctx.save_for_backward(units, logs)
        ctx.temperature, ctx.rows = temperature, rows
        right = (units * units[two_views_index(len(units) // 2, units.device)]).sum(dim=1)
        return (logs - right / temperature).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx, slope: Tensor) -> tuple[Tensor, None, None]:
        units, logs = ctx.saved_tensors
        slopes = torch.empty_like(units)
        for place, scores in _blocks(units, ctx.temperature, ctx.rows):
            pull = scores - logs  # how much view k wants to leave view i
            pull.exp_().add_(scores.sub_(logs[place, None]).exp_())
            torch.mm(pull, units, out=slopes[place])
        slopes -= 2 * units[two_views_index(len(units) // 2, units.device)]
        return slopes * (slope / (len(units) * ctx.temperature)), None, None


def _blocks(units: Tensor, temperature: float, rows: int) -> Iterator[tuple[slice, Tensor]]:
    """Some rows of the scores at a time, always in the same memory: use a block, then go on."""
    memory = units.new_empty(min(rows, len(units)), len(units))
    for start in range(0, len(units), rows):
        block = units[start : start + rows]
        scores = torch.mm(block, units.T, out=memory[: len(block)]).div_(temperature)
        # Column start + i holds the view itself: the diagonal of a shifted window.
        scores[:, start : start + len(block)].fill_diagonal_(-torch.inf)
        yield slice(start, start + len(block)), scores
