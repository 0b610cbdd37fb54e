"""A student's result as a member of the judge's autograd graph.

Forward: tensors that already came from the student's process. Backward: the vector-Jacobian
product is asked for there, where the graph of the student's computation is.
"""

from __future__ import annotations

from typing import Any

import torch

from course_admin.grading.rpc import codec, replay


def join_graph(
    line: Any,
    number: int,
    tensors: list[torch.Tensor],
    reader: codec.Reader,
    result: Any,
) -> Any:
    """Replace the tensors in `result` by ones that belong to the judge's autograd graph."""
    sources = [tensor for tensor in tensors if tensor.requires_grad]
    if not sources:  # differentiable in the student's own parameters only
        joined = [t.requires_grad_(True) if n and t.is_floating_point() else t
                  for t, n in zip(reader.tensors, reader.needs_grad, strict=True)]  # fmt: skip
    else:
        joined = _Remote.apply(line, number, reader.tensors, reader.needs_grad, *sources)
    swap = {id(old): new for old, new in zip(reader.tensors, joined, strict=True)}
    return _replace(result, swap)


def _replace(value: Any, swap: dict[int, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        return swap.get(id(value), value)
    if isinstance(value, (list, tuple)):
        return type(value)(_replace(item, swap) for item in value)
    if isinstance(value, dict):
        return {key: _replace(item, swap) for key, item in value.items()}
    return value


class _Remote(torch.autograd.Function):
    """Forward: tensors that already came from the student. Backward: ask for the product."""

    @staticmethod
    def forward(ctx: Any, line: Any, number: int, values: Any, needs: Any, *sources: Any) -> Any:
        """The values as members of the judge's graph."""
        ctx.line, ctx.number, ctx.count = line, number, len(sources)
        ctx.shapes = [source.shape for source in sources]
        fresh = tuple(value.clone() for value in values)
        ctx.mark_non_differentiable(
            *(v for v, n in zip(fresh, needs, strict=True) if not (n and v.is_floating_point()))
        )
        return fresh

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Gradients by the sources, computed where the graph is."""
        writer = codec.Writer()
        trees = [codec.flatten(gradient, writer) for gradient in gradients]
        message = {"do": "pull", "call": ctx.number, "gradients": trees}
        reply = ctx.line.ask(message, writer.blobs)
        if "raised" in reply.header:
            replay.throw(reply.header["raised"])
        answer = reply.header.get("gradients")
        if not isinstance(answer, list) or len(answer) != ctx.count:
            ctx.line.lost = "the student's process sent unusable gradients"
            raise replay.StudentProcessLost(ctx.line.lost)
        found = [ctx.line.rebuild(tree, codec.Reader(reply.blobs)) for tree in answer]
        for gradient, shape in zip(found, ctx.shapes, strict=True):
            if gradient is not None and getattr(gradient, "shape", None) != shape:
                ctx.line.lost = "the student's process sent a gradient of the wrong shape"
                raise replay.StudentProcessLost(ctx.line.lost)
        return (None, None, None, None, *found)
