"""The judge's side of a judged call: a student's function as an ordinary Python callable.

`RemoteFunction.__call__` sends the arguments to the student's process and returns *new* plain
tensors. Gradients pass: the result takes part in the judge's autograd graph, whose backward
asks the student's process for the vector-Jacobian product.
"""

from __future__ import annotations

import inspect
import itertools
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from course_admin.grading.rpc import call_arguments, codec, mutations, replay, wire
from course_admin.grading.rpc.autograd import join_graph
from course_admin.grading.rpc.replay import NoAnswer, StudentProcessLost

MAX_RENEWALS = 12


class Line:
    """A connection to the student's process for the length of one hidden test.

    A call that hangs, or that the judge gives up on, costs the connection and not the test:
    `renew` asks for a fresh fork of the student's process as it was before the test.
    """

    def __init__(
        self,
        sock: socket.socket,
        seconds: float,
        renew: Callable[[], socket.socket] | None = None,
    ) -> None:
        self.sock, self.seconds, self.renew = sock, seconds, renew
        self.generation, self.lost = 0, ""
        self.numbers = itertools.count()

    def ask(self, header: dict[str, Any], blobs: list[bytes] | None = None) -> wire.Message:
        """One question and its answer.

        Raises:
            StudentProcessLost: no usable answer came.
        """
        if self.lost:
            self._renew()
        deadline = time.monotonic() + self.seconds
        self.lost = "the judge gave up on the call"  # unless an answer comes
        try:
            wire.send(self.sock, header, blobs, deadline=deadline)
            reply = wire.receive(self.sock, deadline)
            self.lost = ""
            return reply
        except TimeoutError:
            self.lost = f"the function did not return within {self.seconds:g} s"
            raise NoAnswer(self.lost) from None
        except wire.PeerGone:
            self.lost = "the process that runs the student's code ended during the call"
        except wire.FrameError as error:
            self.lost = f"the student's process sent something unreadable: {error}"
        raise StudentProcessLost(self.lost)

    def _renew(self) -> None:
        if self.renew is None or self.generation >= MAX_RENEWALS:
            raise StudentProcessLost(self.lost)
        self.sock.close()
        self.sock = self.renew()
        self.generation, self.lost = self.generation + 1, ""

    def look(self, name: str) -> Any:
        """The student's object of that name, as plain data or as a proxy.

        Raises:
            NameError: the student's notebook does not define it.
        """
        reply = self.ask({"do": "look", "name": name})
        if reply.header.get("kind") == "missing":
            raise NameError(f"the notebook does not define {name!r}")
        return self.receive_value(reply, name)

    def receive_value(self, reply: wire.Message, name: str) -> Any:
        """The value in an answer; a callable becomes a `RemoteFunction`."""
        header = reply.header
        if "raised" in header:
            replay.throw(header["raised"])
        if header.get("kind") == "callable" and type(header.get("handle")) is int:
            return RemoteFunction(self, header["handle"], name, header.get("parameters"))
        return self.rebuild(header.get("tree"), codec.Reader(reply.blobs))

    def rebuild(self, tree: Any, reader: codec.Reader) -> Any:
        """Plain data from a tree; other objects of the student's become `RemoteObject`."""
        reader.opaque = lambda name, handle, parts: (
            RemoteObject(self, name, handle)
            if parts is None
            else RemoteContainer(self, name, handle, parts)
        )
        try:
            return codec.restore(tree, reader)
        except codec.NotPlain as error:
            self.lost = f"the student's process sent something unreadable: {error}"
            raise StudentProcessLost(self.lost) from None


class RemoteObject(codec.Opaque):
    """An object that lives in the student's process: attributes are asked for, never trusted."""

    def __init__(self, line: Line, type_name: str, handle: int | None) -> None:
        super().__init__(type_name, handle)
        self._line = line

    def remote_handle(self) -> int | None:
        """Its number in the student's process."""
        return self.handle

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_line" not in self.__dict__ or self.handle is None:
            raise AttributeError(name)
        reply = self._line.ask({"do": "get", "handle": self.handle, "name": name})
        return self._line.receive_value(reply, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process; see `call`."""
        if self.handle is None:
            raise TypeError(f"{self!r} cannot be called")
        return call(self._line, self.handle, args, kwargs)


class RemoteContainer(RemoteObject):
    """A container of modules: its parts are those that came with it."""

    def __init__(self, line: Line, type_name: str, handle: int | None, parts: list[Any]) -> None:
        super().__init__(line, type_name, handle)
        self._parts = parts

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class RemoteFunction:
    """A student's function, called in the student's process."""

    def __init__(
        self, line: Line, handle: int, name: str, parameters: list[str] | None = None
    ) -> None:
        self._line, self._handle, self._generation = line, handle, line.generation
        self.__name__ = self.__qualname__ = name
        self.__doc__ = None
        if isinstance(parameters, list) and all(str(p).isidentifier() for p in parameters):
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            self.__signature__ = inspect.Signature(
                [inspect.Parameter(str(p), kind) for p in dict.fromkeys(parameters)]
            )

    def remote_handle(self) -> int:
        """Its number in the student's process, looked up again in a fresh fork."""
        if self._line.lost:
            self._line._renew()
        if self._generation != self._line.generation:
            reply = self._line.ask({"do": "look", "name": self.__name__})
            self._handle = int(reply.header.get("handle", -1))
            self._generation = self._line.generation
        return self._handle

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process; see `call`."""
        return call(self._line, self.remote_handle(), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_line" not in self.__dict__:
            raise AttributeError(name)
        reply = self._line.ask({"do": "get", "handle": self.remote_handle(), "name": name})
        return self._line.receive_value(reply, name)

    def __repr__(self) -> str:
        return f"<student's {self.__name__}>"


def call(line: Line, handle: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the student's object; the result is plain data, differentiable where it was."""
    header, blobs, tensors, hooks = call_arguments.pack((args, kwargs))
    number = next(line.numbers)
    header |= {
        "do": "call", "handle": handle, "call": number, "grad_mode": torch.is_grad_enabled()
    }  # fmt: skip
    reply = line.ask(header, blobs)
    own = reply.header.get("own", 0)
    blobs, extra = (reply.blobs[:own], reply.blobs[own:]) if type(own) is int else ([], [])
    try:
        shared = call_arguments.things(((args, kwargs), hooks))
        mutations.apply(reply.header["changes"], extra, shared, tensors)
    except (KeyError, codec.NotPlain) as error:
        line.lost = f"the student's process sent something unreadable: {error}"
        raise StudentProcessLost(line.lost) from None
    if reply.header.get("rolled") is True:
        torch.rand(())  # a check that watches the dice sees them move; how far is ours to say
    replay.course_calls(reply.header.get("course_calls"))
    if printed := reply.header.get("printed"):
        sys.stdout.write(str(printed)[:10_000])
    if "raised" in reply.header:
        replay.throw(reply.header["raised"])
    reader = codec.Reader(blobs, known=tensors, shared=shared)
    result = line.rebuild(reply.header.get("tree"), reader)
    if not any(reader.needs_grad) or not torch.is_grad_enabled():
        return result
    return join_graph(line, number, tensors, reader, result)
