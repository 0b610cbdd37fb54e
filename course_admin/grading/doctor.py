"""Which parts of the isolation hold on this machine: tried, not assumed."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from course_admin.grading.judging.fork_client import Child, ForkServerClient, ForkServerLost
from course_admin.grading.packages import PACKAGES
from course_admin.grading.rpc import wire
from course_admin.grading.sandbox.bubblewrap import Wall, bubblewrap
from course_admin.grading.sandbox.limits import MIB, Limits

SECRET = "grading-doctor-secret"
PROBES: dict[str, tuple[str, str]] = {
    "network": (
        "no network",
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2); print('OPEN')",
    ),
    "files": (
        "no other file of the course",
        "print('OPEN' if '{secret}' in open('{path}').read() else '')",
    ),
    "write": (
        "the course and its grading cannot be changed",
        "for place in {probes}:\n    try:\n        open(place, 'w'); print('OPEN')\n"
        "    except OSError: pass",
    ),
    "environment": (
        "an empty environment",
        "import os; print('OPEN' if '{secret}' in str(os.environ) else '')",
    ),
    "processes": (
        "no other process in sight",
        "import os\nprint('OPEN' if any(e.isdigit() for e in os.listdir('/proc')) else '')\n"
        "os.kill({pid}, 0); print('OPEN')",
    ),
    "fork bomb": (
        "a limit on processes",
        "import os, time\nn = 0\ntry:\n    for _ in range(400):\n        if os.fork() == 0:\n"
        "            time.sleep(20); os._exit(0)\n        n += 1\n    print('OPEN')\n"
        "except OSError:\n    pass",
    ),
    "memory": (
        "a limit on memory",
        "x = bytearray(1500 * 2**20)\nfor i in range(0, len(x), 4096):\n    x[i] = 1\n"
        "print('OPEN')",
    ),
    "file size": (
        "a limit on files",
        "f = open('/tmp/big', 'wb')\nfor _ in range(300):\n    f.write(b'x' * 2**20)\n"
        "f.flush(); print('OPEN')",
    ),
    "time": (
        "a limit on time",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One probe: what should hold, whether it does, and what happened."""

    name: str
    claim: str
    holds: bool
    detail: str = ""


def examine(wall: Wall | None) -> list[Finding]:
    """Try every probe in a student's process of its own."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        secret = Path(folder) / "secret.txt"
        secret.write_text(SECRET)
        os.environ["COURSE_DOCTOR"] = SECRET
        values = {
            "port": listener.getsockname()[1], "secret": SECRET, "path": secret,
            "probes": [str(package / "_probe") for package in PACKAGES], "pid": os.getpid(),
        }  # fmt: skip
        server = ForkServerClient("student", ["numpy"], wall=wall)
        try:
            for name, (claim, code) in PROBES.items():
                for key, value in values.items():
                    code = code.replace("{" + key + "}", str(value))
                found.append(_try(server, name, claim, code))
        finally:
            server.close()
            for probe in values["probes"]:
                Path(probe).unlink(missing_ok=True)
            os.environ.pop("COURSE_DOCTOR", None)
    return found


def _try(server: ForkServerClient, name: str, claim: str, code: str) -> Finding:
    limits = replace(Limits(), memory=800 * MIB, cpu_seconds=20)
    child = server.fork(limits)
    patience = 3.0 if name == "time" else 25.0
    try:
        reply = child.ask({"do": "run", "source": code}, time.monotonic() + patience).header
        printed = "".join(o["text"] for o in reply["outputs"] if o["output_type"] == "stream")
        open_ = "OPEN" in printed
        return Finding(name, claim, not open_, "it was possible" if open_ else "")
    except TimeoutError:
        return _stopped(child, name, claim)
    except wire.FrameError:
        child.gone.wait(5)
        return Finding(name, claim, True, child.why or "the process was ended")
    finally:
        child.end()


def _stopped(child: Child, name: str, claim: str) -> Finding:
    child.end()
    held = child.gone.is_set()
    return Finding(name, claim, held, "ended from outside" if held else "could not be ended")


def text_of(findings: list[Finding], wall: Wall | None) -> str:
    """The findings for people."""
    lines = [f"{platform.platform()}, Python {platform.python_version()}"]
    lines.append(_wall(wall))
    for finding in findings:
        mark = "holds" if finding.holds else "OPEN "
        remark = f"  ({finding.detail})" if finding.detail else ""
        lines.append(f"  {mark}  {finding.claim}{remark}")
    lines.append(
        "  always  hidden tests and marks live in a process that students' code is not part of"
    )
    if all(finding.holds for finding in findings):
        lines.append("Everything holds: this machine can grade code by strangers.")
    else:
        lines.append("Do not grade code by strangers here; what is marked OPEN is open to it.")
    return "\n".join(lines)


def _wall(wall: Wall | None) -> str:
    if wall is not None:
        how = "a user id per submission" if wall.as_root else "user namespaces"
        return f"bubblewrap: {wall.program}, with {how}"
    if shutil.which("bwrap"):
        return "bubblewrap: installed, but it cannot make namespaces here (ask for user namespaces)"
    return "bubblewrap: not installed (Debian, Ubuntu: apt install bubblewrap)"


def main(*, as_json: bool = False) -> int:
    """Program entry; status 0 when everything holds."""
    wall = bubblewrap()
    try:
        findings = examine(wall)
    except ForkServerLost as error:
        print(f"{error}: see the lines above", file=sys.stderr)
        return 2
    if as_json:
        print(
            json.dumps(
                {
                    "bubblewrap": wall and asdict(wall),
                    "findings": [asdict(f) for f in findings],
                },
                indent=1,
            )
        )
    else:
        print(text_of(findings, wall))
    return 0 if all(finding.holds for finding in findings) else 1
