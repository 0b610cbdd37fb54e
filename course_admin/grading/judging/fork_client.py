"""The supervisor's handle on a fork server and on its forks."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_admin.grading.rpc import wire
from course_admin.grading.sandbox.bubblewrap import Wall, environment, wrapped
from course_admin.grading.sandbox.limits import Limits

START_SECONDS = 180.0
MAX_ANSWER = 8 << 20  # bytes of one cell's outputs, or of one verdict


class ForkServerLost(RuntimeError):
    """The fork server did not start, or ended."""


@dataclass
class Child:
    """One fork: its socket, and how it ended."""

    key: int
    server: ForkServerClient
    channel: socket.socket
    gone: threading.Event = field(default_factory=threading.Event)
    status: int | None = None
    why: str = ""

    def ask(
        self,
        header: dict[str, Any],
        deadline: float,
        descriptors: list[int] | None = None,
    ) -> wire.Message:
        """Send a command and wait for its answer."""
        self.tell(header, deadline, descriptors)
        return self.hear(deadline)

    def tell(
        self,
        header: dict[str, Any],
        deadline: float,
        descriptors: list[int] | None = None,
    ) -> None:
        """Send a command."""
        wire.send(self.channel, header, descriptors=descriptors, deadline=deadline)

    def hear(self, deadline: float) -> wire.Message:
        """Wait for a message."""
        return wire.receive(self.channel, deadline, most=MAX_ANSWER)

    def interrupt(self) -> None:
        """What a person's Ctrl-C would do."""
        self.server.request({"do": "interrupt", "key": self.key})

    def end(self, *, wait: bool = True) -> None:
        """End it, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self.channel.close()
        if not self.gone.is_set():
            with contextlib.suppress(ForkServerLost):
                self.server.request({"do": "kill", "key": self.key})
                if wait:
                    self.gone.wait(10)


class ForkServerClient:
    """Starts a fork server and asks it for forks; may be used from several threads.

    With `ahead` it keeps one fresh fork in waiting, so that nobody waits for the next one.
    """

    def __init__(
        self,
        role: str,
        modules: list[str],
        *,
        wall: Wall | None = None,
        folder: Path | None = None,
        ahead: bool = False,
    ) -> None:
        self.role, self.folder, self.ahead = role, folder, ahead
        self.waiting: dict[Limits, Child] = {}
        self.isolation = "limits" if wall is None else "root" if wall.as_root else "user"
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.children: dict[int, Child] = {}
        self.keys = itertools.count()
        self.lock = threading.Lock()
        self.ready = threading.Event()
        self.process = self._start(theirs, modules, wall)
        theirs.close()
        threading.Thread(target=self._listen, daemon=True).start()

    def _start(self, theirs: socket.socket, modules: list[str], wall: Wall | None) -> Any:
        command = [
            sys.executable, "-m", "course_admin.grading.judging.fork_server",
            str(theirs.fileno()), self.role, self.isolation, ",".join(modules),
        ]  # fmt: skip
        variables = environment()
        if wall:
            command = wrapped(command, wall, self.folder)
        else:
            variables["HOME"] = variables["TMPDIR"] = _temporary()
        return subprocess.Popen(
            command, env=variables, pass_fds=[theirs.fileno()], cwd="/",
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def wait_ready(self) -> None:
        """Wait until torch is imported.

        Raises:
            ForkServerLost: it ended, or did not come up in three minutes.
        """
        end = time.monotonic() + START_SECONDS
        while not self.ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > end:
                raise ForkServerLost(f"the {self.role} fork server did not start")

    def check(self, limits: Limits | None = None) -> None:
        """Make sure that a fork comes up and runs a line.

        Raises:
            ForkServerLost: it does not.
        """
        child = self.fork(limits or Limits())
        try:
            reply = child.ask({"do": "run", "source": "print(1)"}, time.monotonic() + 60).header
            good = reply.get("failed") is None
        except (wire.FrameError, TimeoutError):
            good = False
        finally:
            child.end()
        if not good:
            raise ForkServerLost(
                "students' code cannot be run here: its process does not come up. "
                "`python -m course_admin.grading doctor` says more; "
                "--no-isolation grades without bubblewrap"
            )

    def fork(self, limits: Limits) -> Child:
        """A fresh fork that listens on its `channel`."""
        self.wait_ready()
        child = self.waiting.pop(limits, None)
        if child is None or child.gone.is_set():
            child = self._fork(limits)
        if self.ahead and limits not in self.waiting:
            self.waiting[limits] = self._fork(limits)
        return child

    def _fork(self, limits: Limits) -> Child:
        mine, theirs = socket.socketpair()
        key = next(self.keys)
        child = Child(key, self, mine)
        self.children[key] = child
        folder = "/srv/assignment" if self.isolation != "limits" else str(self.folder or "")
        request = {
            "do": "fork",
            "key": key,
            "limits": limits.as_dict(),
            "folder": folder or None,
        }
        try:
            self.request(request, theirs.fileno())
        finally:
            theirs.close()
        return child

    def request(self, request: dict[str, Any], *descriptors: int) -> None:
        """Send one request.

        Raises:
            ForkServerLost: nobody listens.
        """
        with self.lock:
            try:
                socket.send_fds(self.control, [json.dumps(request).encode()], list(descriptors))
            except OSError as error:
                raise ForkServerLost(f"the {self.role} fork server is gone: {error}") from None

    def _listen(self) -> None:
        while True:
            try:
                data = self.control.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            event = json.loads(data)
            if event["event"] == "ready":
                self.ready.set()
            elif child := self.children.pop(event["key"], None):
                child.status, child.why = event["status"], event["why"]
                child.gone.set()
        for child in list(self.children.values()):
            child.why = child.why or "the fork server ended"
            child.gone.set()

    def close(self) -> None:
        """End the fork server and every fork."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.control.close()


def _temporary() -> str:
    return os.environ.get("TMPDIR", "/tmp")
