"""The student's side of a judged call: look names up, call functions, send gradients.

Runs inside the sandbox. Nothing here is trusted by the judge, which reads only plain data.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
import socket
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from course_admin.grading import packages
from course_admin.grading.packages import inside
from course_admin.grading.rpc import call_arguments, codec, mutations, wire

MISSING = object()
MOST_PRINTED = 4000
COURSE = inside(packages.COURSE)
NOT_THEIRS = (*inside(*packages.PACKAGES, Path(threading.__file__).resolve().parent), "<frozen")


class Answerer:
    """Answers the judge's questions about one namespace until the socket closes."""

    def __init__(self, sock: socket.socket, names: dict[str, Any]) -> None:
        self.sock, self.names = sock, names
        self.handles: dict[int, Any] = {}
        self.calls: dict[int, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}

    def serve(self) -> None:
        """Answer until the judge hangs up."""
        with contextlib.suppress(wire.PeerGone):
            self._serve()

    def _serve(self) -> None:
        answers = {
            "look": self.look,
            "call": self.call,
            "pull": self.pull,
            "get": self.get,
        }
        while True:
            message = wire.receive(self.sock)
            try:
                header, blobs = answers[message.header["do"]](message)
            except BaseException as error:
                header, blobs = {"raised": describe_error(error)}, []
            wire.send(self.sock, header, blobs)

    def keep(self, thing: Any) -> int:
        """A handle by which the judge may ask for this object again."""
        handle = len(self.handles)
        self.handles[handle] = thing
        return handle

    def look(self, message: wire.Message) -> tuple[dict[str, Any], list[bytes]]:
        """What a name is: a function, plain data, or nothing."""
        value = self.names.get(message.header["name"], MISSING)
        if value is MISSING:
            return {"kind": "missing"}, []
        return self.present(value)

    def present(self, value: Any) -> tuple[dict[str, Any], list[bytes]]:
        """A value as the judge may see it."""
        writer = codec.Writer(keep=self.keep)
        tree = codec.flatten(value, writer)
        header = {"kind": "value", "tree": tree}
        if callable(value) and tree[0] == "o":
            header |= {
                "kind": "callable",
                "handle": tree[2],
                "parameters": _parameters(value),
            }
        return header, writer.blobs

    def get(self, message: wire.Message) -> tuple[dict[str, Any], list[bytes]]:
        """An attribute of an object known by its handle."""
        return self.present(getattr(self.handles[message.header["handle"]], message.header["name"]))

    def call(self, message: wire.Message) -> tuple[dict[str, Any], list[bytes]]:
        """Call a function; report the result, or the exception, and the changed arguments."""
        header = message.header
        arguments, tensors, leaves = call_arguments.unpack(header, message.blobs, self.handles)
        (args, kwargs), _ = arguments
        shared = call_arguments.things(arguments)
        before = mutations.snapshot(shared, tensors)
        dice = call_arguments.take_dice(header, message.blobs)
        reply: dict[str, Any] = {}
        watched, printed = CourseCalls(), Printed()
        writer = codec.Writer(
            keep=self.keep,
            known={id(tensor): index for index, tensor in enumerate(tensors)},
            shared={id(thing): path for path, thing in shared.items()},
        )
        with torch.set_grad_enabled(header["grad_mode"]):
            try:
                with contextlib.redirect_stdout(printed), watched:
                    result = self.handles[header["handle"]](*args, **kwargs)
                reply["tree"] = codec.flatten(result, writer)
                self.calls[header["call"]] = (writer.tensors, leaves)
            except BaseException as error:
                writer = codec.Writer()
                reply["raised"] = describe_error(error)
        report, extra = mutations.report(before, shared, tensors, header, message.blobs)
        reply |= {"course_calls": list(watched.found), "printed": printed.text}
        reply["rolled"] = not torch.equal(dice, torch.get_rng_state())
        return {**reply, "changes": report, "own": len(writer.blobs)}, [
            *writer.blobs,
            *extra,
        ]

    def pull(self, message: wire.Message) -> tuple[dict[str, Any], list[bytes]]:
        """Vector-Jacobian product of an earlier call: gradients in, gradients out."""
        outputs, leaves = self.calls[message.header["call"]]
        arrived = [
            codec.restore(tree, codec.Reader(message.blobs)) for tree in message.header["gradients"]
        ]
        pairs = [
            (out, grad)
            for out, grad in zip(outputs, arrived, strict=True)
            if grad is not None and out.requires_grad
        ]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        found = torch.autograd.grad(
            [out for out, _ in pairs], wanted, [grad for _, grad in pairs],
            allow_unused=True, retain_graph=True,
        )  # fmt: skip
        writer = codec.Writer()
        trees = [codec.flatten(grad, writer) for grad in found]
        return {"gradients": trees}, writer.blobs


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed."""

    text = ""

    def write(self, words: str) -> int:
        """Keep what still fits."""
        self.text += words[: MOST_PRINTED - len(self.text)]
        return len(words)


class CourseCalls:
    """Notices calls of the course's own functions while it is entered (file, module, name)."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], None] = {}

    def __enter__(self) -> CourseCalls:
        sys.setprofile(self._notice)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _notice(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(COURSE) and len(self.found) < 50:
            module = str(frame.f_globals.get("__name__", ""))
            self.found[code.co_filename, module, code.co_qualname] = None


def describe_error(error: BaseException) -> dict[str, Any]:
    """Name and message of an exception, short, and the student's line that it came from."""
    try:
        message = str(error)[:2000]
    except BaseException:
        message = "(unprintable)"
    line, text = _line_of(error)
    return {
        "type": type(error).__name__[:100],
        "message": message,
        "line": line,
        "text": text,
    }


def _line_of(error: BaseException) -> tuple[int, str]:
    """Number and text of the innermost line that is neither Python's, the course's nor ours."""
    found = 0, ""
    try:
        for frame, line in traceback.walk_tb(error.__traceback__):
            name = frame.f_code.co_filename
            if not (name.startswith(NOT_THEIRS) or "site-packages" in name):
                found = (
                    line,
                    linecache.getline(name, line, frame.f_globals).strip()[:200],
                )
    except BaseException:
        return 0, ""
    return found


def _parameters(value: Any) -> list[str] | None:
    try:
        return [str(name)[:80] for name in inspect.signature(value).parameters][:64]
    except (TypeError, ValueError):
        return None
