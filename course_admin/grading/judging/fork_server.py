"""The fork server: a process that has imported torch once and forks for every submission.

Program (`python -m course_admin.grading.judging.fork_server FD ROLE ISOLATION MODULES`). On the
socket FD it receives requests in JSON, one with a socket for the new process to talk on; it tells
when a fork ends and why. It also watches each fork's private memory.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from course_admin.grading.judging.shell import CourseShell, make_shell
from course_admin.grading.judging.student import seed_everything
from course_admin.grading.sandbox import namespaces, process_tree
from course_admin.grading.sandbox.bubblewrap import folders_in_sight
from course_admin.grading.sandbox.limits import MIB, set_limits

TICK = 0.25
BEHIND = 10  # a fork's niceness: a hundred of them must not keep us from watching
PAGE = os.sysconf("SC_PAGE_SIZE")
NEEDED = folders_in_sight()


@dataclass
class Fork:
    """One running fork."""

    key: int
    pid: int
    limits: dict[str, Any]
    slot: int
    why: str = ""


class ForkServer:
    """Requests in, forks out; one thread, no locks."""

    def __init__(self, control: socket.socket, enter: Callable, isolation: str) -> None:
        self.control, self.enter, self.isolation = control, enter, isolation
        self.forks: dict[int, Fork] = {}
        self.pipe = os.pipe()
        for end in self.pipe:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.pipe[1])
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> None:
        """Serve until the supervisor closes the control socket."""
        self.tell({"event": "ready"})
        checked = time.monotonic()
        while True:
            wait = TICK if self.forks else None
            ready, _, _ = select.select([self.control, self.pipe[0]], [], [], wait)
            if self.control in ready and not self.obey():
                break
            self.reap()
            if self.forks and time.monotonic() - checked >= TICK:
                checked = time.monotonic()
                self.watch()
        for pid in list(self.forks):
            self.kill(pid)

    def tell(self, event: dict[str, Any]) -> None:
        """Send the supervisor an event."""
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(event).encode())

    def obey(self) -> bool:
        """Carry out one request; False when the supervisor has gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 1)
        except ConnectionResetError:  # it was killed with events of ours unread
            return False
        if not data:
            return False
        request = json.loads(data)
        if request["do"] == "fork":
            self.fork(request, descriptors[0])
        else:
            for pid, fork in self.forks.items():
                if fork.key == request["key"]:
                    self.kill(pid) if request["do"] == "kill" else os.kill(pid, signal.SIGINT)
        return True

    def fork(self, request: dict[str, Any], descriptor: int) -> None:
        """Fork once; the child takes a slot of its own, which decides its user id."""
        used = {fork.slot for fork in self.forks.values()}
        slot = next(n for n in range(len(used) + 1) if n not in used)
        pid = os.fork()
        if pid == 0:
            self.become_child(request, descriptor, slot)
        os.close(descriptor)
        self.forks[pid] = Fork(request["key"], pid, request["limits"], slot)

    def become_child(self, request: dict[str, Any], descriptor: int, slot: int) -> None:
        """In the fork: never returns."""
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.nice(BEHIND)
            os.setsid()
            namespaces.die_with_parent()
            self.control.close()
            for end in self.pipe:
                os.close(end)
            if self.isolation != "limits":
                status = self.isolated(request, descriptor, slot)
            else:
                status = self.plainly(request, descriptor)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def isolated(self, request: dict[str, Any], descriptor: int, slot: int) -> int:
        """Outer process, then process 1 of the namespaces, then the student's process."""
        as_root = self.isolation == "root"
        namespaces.enter_namespaces(namespaces.FIRST_USER + slot if as_root else None)
        namespaces.die_with_parent()
        first = os.fork()
        if first:
            return _guard(first, descriptor)
        namespaces.die_with_parent()
        set_limits(request["limits"], count_processes=True)
        namespaces.cover_folders(int(request["limits"]["file_bytes"]), NEEDED)
        namespaces.drop_capabilities()
        second = os.fork()
        if second:
            namespaces._libc.prctl(namespaces.PR_SET_DUMPABLE, 0, 0, 0, 0)
            return _guard(second, descriptor)
        os.setsid()
        return self.start(request, descriptor)

    def plainly(self, request: dict[str, Any], descriptor: int) -> int:
        """Limits only."""
        set_limits(request["limits"], count_processes=False)
        return self.start(request, descriptor)

    def start(self, request: dict[str, Any], descriptor: int) -> int:
        """Become what the fork is for."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _silence()
        self.enter(socket.socket(fileno=descriptor), request)
        return 0

    def kill(self, pid: int) -> None:
        """End a fork and all it started."""
        members: set[int] = {pid}
        if self.isolation == "limits":  # stopped first, so that none forks while it is ended
            found: set[int] = set()
            while new := set(process_tree.family(pid)) - found:
                _signal(new, signal.SIGSTOP)
                found |= new
            members |= found
        _signal(members, signal.SIGKILL)

    def reap(self) -> None:
        """Tell the supervisor of every fork that has ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.pipe[0], 4096)
        while self.forks:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            fork = self.forks.pop(pid, None)
            if fork:
                code = os.waitstatus_to_exitcode(status)
                self.tell({"event": "gone", "key": fork.key, "status": code, "why": fork.why})

    def watch(self) -> None:
        """End forks whose processes together are too many, or hold too much private memory."""
        parent_of = process_tree.parents()
        for pid, fork in list(self.forks.items()):
            members = process_tree.descendants(pid, parent_of)
            if self.isolation != "limits":  # two processes of ours stand around the student's
                members = [m for m in members if m != pid and parent_of[m] != pid]
            memory = int(fork.limits["memory"])
            if len(members) > int(fork.limits["processes"]) + 1:
                fork.why = f"started more than {fork.limits['processes']} processes"
            elif sum(map(process_tree.private_bytes, members)) > memory:
                fork.why = f"used more than {memory // MIB} MiB of memory"
            if fork.why:
                self.kill(pid)


def _signal(processes: set[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _guard(child: int, descriptor: int) -> int:
    """Wait for a child, pass interrupts on, reap orphans; return its exit status."""
    os.close(descriptor)

    def pass_on(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGINT)

    signal.signal(signal.SIGINT, pass_on)
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return 71
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 255


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    if null > 2:
        os.close(null)


def _enter_folder(folder: str | None) -> None:
    """Work in a private copy of the assignment's files."""
    if folder is None or not Path(folder).is_dir():
        target = Path("/tmp/work") if Path("/tmp/work").is_dir() else Path(tempfile.gettempdir())
    else:
        base = "/tmp/work" if Path("/tmp/work").is_dir() else tempfile.mkdtemp(prefix="course-")
        target = Path(base)
        shutil.copytree(folder, target, dirs_exist_ok=True)
    os.chdir(target)


def preload(modules: list[str]) -> None:
    """Import what notebooks use; what fails to import is left out."""
    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"fork server: {name} cannot be imported: {error}", file=sys.stderr)


def exercise_shell(shell: CourseShell) -> None:
    """Do once what every first time is slow at: a cell, a figure, random numbers, a gradient."""
    seed_everything()
    shell.run_cell("None", store_history=False)
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, 1])
    figure.savefig(io.BytesIO(), bbox_inches="tight")
    weight = torch.ones(2, 2, requires_grad=True)
    (weight @ weight).sum().backward()


def main(arguments: list[str]) -> None:
    """Program entry."""
    descriptor, role, isolation, modules = arguments
    control = socket.socket(fileno=int(descriptor))
    gc.disable()  # imports make much and throw little away
    preload([name for name in modules.split(",") if name])
    live = importlib.import_module(f"course_admin.grading.judging.{role}").live
    shell = make_shell()
    exercise_shell(shell)
    gc.collect()
    gc.freeze()  # keeps the garbage collector of a fork off the pages it shares
    gc.enable()

    def enter(sock: socket.socket, request: dict[str, Any]) -> None:
        _enter_folder(request.get("folder"))
        live(sock, shell)

    ForkServer(control, enter, isolation).serve()
    sys.stderr.flush()
    os._exit(0)  # nothing is to be kept, and taking torch down slowly helps nobody


if __name__ == "__main__":
    main(sys.argv[1:])
