"""Run the benchmarks, each in a process of its own, so that none warms the next one's caches."""

import argparse
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Modules of this folder that have a `main()`."""
    found = []
    for path in sorted(FOLDER.glob("[!_]*.py")):
        if "\ndef main(" in path.read_text(encoding="utf-8"):
            found.append(path.stem)
    return found


def machine_line() -> str:
    """What the figures below were measured on, in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "jupyterlab"))
    return f"{processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}"


def processor() -> str:
    """Name of the processor, as well as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def run(name: str) -> bool:
    """Run one benchmark; whether it ended well. A `main` returns False for a target missed."""
    print(f"\n== {name}", flush=True)
    begin = time.perf_counter()
    command = [sys.executable, "-c", f"from benchmarks.{name} import main; exit(main() is False)"]
    status = subprocess.call(command, cwd=FOLDER.parent)
    print(
        f"   ({time.perf_counter() - begin:.0f} s{'' if status == 0 else ', FAILED'})", flush=True
    )
    return status == 0


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that are named, or all; the exit status is 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(names()) or '(none yet)'}")
    chosen = parser.parse_args(arguments).names or names()
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names())}")
    print(machine_line(), flush=True)
    ended_well = [run(name) for name in chosen]
    return 0 if all(ended_well) else 1


if __name__ == "__main__":
    sys.exit(main())
