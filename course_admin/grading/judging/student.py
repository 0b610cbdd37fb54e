"""The process that runs one student's code: cells in order, then calls for the judge.

Its socket carries commands from the supervisor: `run` a cell, or `serve` the judge on a socket
that comes along. Serving happens in a fork, so that a test leaves no trace in the notebook's
state, and a call that hangs or crashes costs that call alone.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
from typing import Any

import numpy as np
import torch

from course_admin.grading.judging.shell import CourseShell, run_cell
from course_admin.grading.rpc import wire
from course_admin.grading.rpc.server import Answerer
from course_admin.grading.sandbox.limits import SEED


def seed_everything(seed: int = SEED) -> None:
    """The same random numbers for every submission."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (students use either kind)
    torch.manual_seed(seed)


def live(channel: socket.socket, shell: CourseShell) -> None:
    """Obey the supervisor until it hangs up."""
    seed_everything()
    server: int | None = None
    while True:
        try:
            message = wire.receive(channel, descriptors=1)
        except KeyboardInterrupt:  # an interrupt meant for a cell that had just ended
            continue
        except wire.PeerGone:
            return
        if message.header["do"] == "serve":
            _end(server)
            server = _serve(message.descriptors[0], channel, shell)
            _safely_send(channel, {"serving": True})
        else:
            _safely_send(channel, _run(shell, message.header["source"]))


def _run(shell: CourseShell, source: str) -> dict[str, Any]:
    try:
        ran = run_cell(shell, source)
    except KeyboardInterrupt:
        return {"outputs": [], "failed": "KeyboardInterrupt"}
    failed = type(ran.error).__name__ if ran.error is not None else None
    return {"outputs": ran.outputs, "failed": failed}


def _safely_send(channel: socket.socket, header: dict[str, Any]) -> None:
    while True:
        try:
            wire.send(channel, header)
            return
        except KeyboardInterrupt:
            continue


def _serve(descriptor: int, channel: socket.socket, shell: CourseShell) -> int:
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    try:
        os.setpgid(0, 0)
        channel.close()
        Answerer(socket.socket(fileno=descriptor), shell.user_ns).serve()
    finally:
        os._exit(0)
    return 0


def _end(server: int | None) -> None:
    """End an earlier fork, and what it started."""
    if server is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(server, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server, 0)
