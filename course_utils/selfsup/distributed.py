"""SimCLR on several GPUs or machines: every process contrasts with the views of all.

The batch is split over processes, each with a copy of the network. To have the negatives of the
whole batch, each process gathers all projections, and the gradient of its loss must travel back
to the processes that made them. With PyTorch's own launcher, for example on two processes:

    torchrun --nproc-per-node 2 -m course_utils.selfsup.distributed --steps 50

Source: Chen et al. (2020), section 2.2 and appendix B.9 (global batch on 32 to 128 TPU cores).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.devices import pick_device
from course_utils.selfsup import simclr, steps
from course_utils.selfsup.encoders import ConvEncoder
from course_utils.training import Minibatches, Step, fit


class _Gather(torch.autograd.Function):
    """Forward: the rows of all processes. Backward: the sum of what all of them ask of mine."""

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx, slopes: Tensor) -> Tensor:
        slopes = slopes.contiguous()
        dist.all_reduce(slopes)
        return slopes[dist.get_rank()]


def gather_with_gradient(
    rows: Float[Tensor, "n d"],
) -> Float[Tensor, "processes n d"]:
    """Returns the rows of every process, in the order of their ranks; gradients travel back.

    ``torch.distributed.all_gather`` alone returns constants: then each process would pull its
    own views only, and the result would not be the loss of the whole batch.

    Raises:
        ValueError: when no process group was started, or the processes bring unequal numbers of
            rows.
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise ValueError("no process group: start with torchrun and call init_process_group first")
    counts = [torch.zeros(1, device=rows.device) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, torch.full((1,), float(len(rows)), device=rows.device))
    if len({int(count) for count in counts}) != 1:
        raise ValueError(
            f"every process must bring as many rows, got {[int(count) for count in counts]}"
        )
    return _Gather.apply(rows)


def global_nt_xent(projections: simclr.Views, temperature: float = 0.5) -> Float[Tensor, ""]:
    """Returns this process's part of ``nt_xent`` over the views of all processes, in nats.

    Each process gives the mean over its own ``2n`` views, contrasted with all ``2 n P``. The
    mean of the parts over the ``P`` processes is the loss of the whole batch, and the mean of
    their parameter gradients (which ``DistributedDataParallel`` takes) is its gradient.

    Args:
        projections: two halves, row ``k`` and row ``n + k`` being views of one picture.

    Raises:
        ValueError: when rows are no pairs, the temperature is not positive, no process group was
            started, or the processes bring unequal numbers of rows.
    """
    simclr.check_views(projections, temperature)
    mine = F.normalize(projections, dim=1)
    everyone = gather_with_gradient(mine).flatten(0, 1)
    scores = mine @ everyone.T / temperature
    count, first = len(mine), dist.get_rank() * len(mine)
    scores[:, first : first + count].fill_diagonal_(-torch.inf)
    right = first + simclr.two_views_index(count // 2, mine.device)
    return F.cross_entropy(scores, right)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replaces every gradient by its mean over the processes, as ``DistributedDataParallel`` does.

    For a loop that stays visible; the wrapper does the same while ``backward`` still runs.

    Raises:
        ValueError: when a parameter has no gradient yet.
    """
    for parameter in parameters:
        if parameter.grad is None:
            raise ValueError("a parameter has no gradient: call backward() first")
        dist.all_reduce(parameter.grad)
        parameter.grad /= dist.get_world_size()


def broadcast_network(network: nn.Module) -> None:
    """Gives every process the parameters and buffers of process 0."""
    with torch.no_grad():
        for value in network.state_dict().values():
            dist.broadcast(value, src=0)


def training_step(
    network: nn.Module, count: int, generator: torch.Generator, temperature: float = 0.5
) -> Step:
    """Returns ``step(images)``: two views, global loss, mean gradient, update; same on all.

    Args:
        count: steps planned, for the one-cycle rate.
        generator: of this process, with a seed of its own: others must draw other views.
    """
    optimiser, schedule = steps.one_cycle([network], count)

    def step(images: Float[Tensor, "n 3 height width"]) -> dict[str, Tensor]:
        loss = global_nt_xent(network(simclr.two_views(images, None, generator)), temperature)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(network.parameters())
        optimiser.step()
        schedule.step()
        whole = loss.detach()
        dist.all_reduce(whole)
        return {"loss": whole / dist.get_world_size()}

    return step


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains SimCLR on toy pictures in as many processes as torchrun started; rank 0 reports."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=128, help="pictures per process and step")
    options = parser.parse_args(arguments)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend)
    try:
        _train(options.steps, options.batch)
    finally:
        dist.destroy_process_group()


def _train(count: int, batch: int) -> None:
    from course_utils.data import load_images

    rank, processes = dist.get_rank(), dist.get_world_size()
    device = pick_device()
    if device.type == "cuda":  # one GPU for each process of a machine
        device = torch.device("cuda", rank % torch.cuda.device_count())
    pictures = load_images("toy").train_x[rank::processes].to(device)
    network = simclr.ProjectedEncoder(ConvEncoder(16)).to(device)
    broadcast_network(network)
    generator = torch.Generator(device).manual_seed(rank)
    step = training_step(network, count, generator)
    for record in fit(step, Minibatches(pictures, batch, generator), steps=count):
        if rank == 0 and record.step % max(1, count // 5) == 0:
            print(
                f"step {record.step:4d}: loss {record.values['loss']:.3f} over "
                f"{2 * batch * processes} views, {record.seconds:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
