"""Grading a class: submissions per second against stock `nbgrader autograde`, and a class of 500.

    python -m benchmarks.grading                 50 torch submissions, stock and ours
    python -m benchmarks.grading --class 500     5 % hostile; 1, 2 and 8 workers; killed twice

Budgets: at least 4.5 times the throughput of stock nbgrader with one worker, 9 times with two,
and the same marks. Processor seconds are printed too: they say more on a busy machine.
Of the class, the memory of all processes together is printed, what they share counted once.
"""

from __future__ import annotations

import argparse
import copy
import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_admin.grading.sandbox import process_tree

ROOT = Path(__file__).resolve().parents[1]
HW = "hw"
BUDGETS = {1: 4.5, 2: 9.0}
PR_SET_CHILD_SUBREAPER = 36
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ANSWERS = {
    "softmax": [
        "def softmax(x):\n    ### BEGIN SOLUTION\n    return x.softmax(-1)\n    ### END SOLUTION",
        "def softmax(x):\n    e = (x - x.max(-1, keepdim=True).values).exp()\n"
        "    return e / e.sum(-1, keepdim=True)",
        "def softmax(x):\n    return x.exp() / x.exp().sum()",
    ],
    "fit": [
        "def fit(x, y):\n    ### BEGIN SOLUTION\n    return torch.linalg.lstsq(x, y).solution\n"
        "    ### END SOLUTION",
        "def fit(x, y):\n    w = torch.zeros(x.shape[1], 1, requires_grad=True)\n"
        "    optimiser = torch.optim.SGD([w], 0.3)\n    for _ in range(300):\n"
        "        optimiser.zero_grad()\n        ((x @ w - y) ** 2).mean().backward()\n"
        "        optimiser.step()\n"
        "    return w.detach()",
        "def fit(x, y):\n    return x.T @ y",
    ],
}
TESTS = {
    "softmax": (
        "torch.manual_seed(0)\nscore = 0\nx = torch.randn(4, 5)\n"
        "score += torch.allclose(softmax(x).sum(-1), torch.ones(4)) * 1.0\n"
        "score += bool(torch.isfinite(softmax(1000 * x)).all()) * 1.0\nscore"
    ),
    "fit": (
        "torch.manual_seed(0)\nx = torch.randn(60, 3)\nw = torch.tensor([[1.0], [-2.0], [0.5]])\n"
        "assert torch.allclose(fit(x, x @ w), w, atol=1e-3)"
    ),
}
HOSTILE = [
    "import os\nos._exit(1)",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "hoard = []\nwhile True: hoard.append(torch.ones(4_000_000))",
    "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
]


def cell(
    kind: str, grade_id: str, source: str, points: float | None = None
) -> nbformat.NotebookNode:
    """One cell with nbgrader's metadata."""
    ours = {
        "schema_version": 3,
        "grade_id": grade_id,
        "task": False,
        "solution": kind == "solution",
        "grade": kind == "test",
        "locked": kind == "test",
    }
    if points is not None:
        ours["points"] = points
    return new_code_cell(source, metadata={"nbgrader": ours}, id=grade_id)


def make_class(root: Path, size: int, hostile: float = 0.0, seed: int = 0) -> None:
    """A course with one assignment and `size` submissions, a share of them hostile."""
    dice = random.Random(seed)
    book = new_notebook(metadata={"kernelspec": KERNEL})
    plot = "import matplotlib.pyplot as plt\nplt.plot(torch.linspace(0, 1, 50) ** 2);"
    book.cells = [
        new_markdown_cell("# Homework", id="title"),
        new_code_cell("import torch", id="imports"),
    ]
    for name, variants in ANSWERS.items():
        book.cells += [
            cell("solution", name, variants[0]),
            cell("test", f"test_{name}", TESTS[name], 2),
        ]
    book.cells.append(new_code_cell(plot, id="plot"))
    (root / "solutions" / HW).mkdir(parents=True)
    nbformat.write(book, root / "solutions" / HW / f"{HW}.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    bad = set(dice.sample(range(size), round(size * hostile)))
    for k in range(size):
        own = copy.deepcopy(book)
        for part in own.cells:
            if part.id in ANSWERS:
                part.source = dice.choice(ANSWERS[part.id][1:])
        if k in bad:
            own.cells.insert(2, new_code_cell(HOSTILE[k % len(HOSTILE)], id="added"))
        folder = root / "submitted" / f"s{k:04d}" / HW
        folder.mkdir(parents=True)
        nbformat.write(own, folder / f"{HW}.ipynb")


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of a command and of all that it started."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans come to us
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    wall = time.perf_counter() - begin
    reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reap_orphans(seconds: float = 20.0) -> None:
    """Wait for what outlived the command that started it: only then its seconds are counted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.05)


class Memory(threading.Thread):
    """Watches all processes below this one while it is entered; sizes in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.together, self.largest = 0, 0
        self.over = threading.Event()

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        """Look every other second."""
        while not self.over.wait(2.0):
            sizes = [share_of_memory(pid) for pid in process_tree.family(os.getpid())]
            self.together = max(self.together, sum(sizes))
            self.largest = max(self.largest, *sizes)


def share_of_memory(pid: int) -> int:
    """Resident bytes of a process, shared pages divided by the number of sharers."""
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.Error:
        return 0


def ours(out: Path, workers: int, *more: str) -> list[str]:
    """Our command line."""
    command = [sys.executable, "-m", "course_admin.grading", "run", HW, "--out", str(out)]
    return [*command, "--no-feedback", "--workers", str(workers), *more]


def marks(database: Path) -> dict[str, list[float]]:
    """Every student's marks in a gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{database}") as book:
        return {
            s.student.id: [
                float(book.find_grade(f"test_{name}", HW, HW, s.student.id).score)
                for name in ANSWERS
            ]
            for s in book.assignment_submissions(HW)
        }


def throughput(size: int) -> bool:
    """Stock against ours on the same submissions; whether the budgets are met."""
    met = True
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        root = Path(folder)
        make_class(root, size)
        nbgrader = [sys.executable, "-m", "nbgrader"]
        timed([*nbgrader, "generate_assignment", HW, "--quiet"], root)
        wall, cpu = timed([*nbgrader, "autograde", HW, "--quiet"], root)
        expected = marks(root / "gradebook.db")
        line = f"{wall / size:6.3f} s each   ({cpu / size:.3f} processor s)"
        print(f"   {'nbgrader autograde':24} {line}", flush=True)
        for workers, budget in BUDGETS.items():
            out = root / f"out-{workers}"
            own_wall, own_cpu = timed(ours(out, workers), root)
            same = marks(out / "gradebook.db") == expected
            ratio = wall / own_wall
            met = met and same and ratio >= budget
            name = f"ours, {workers} worker{'s' if workers > 1 else ''}"
            verdict = "the same" if same else "DIFFER"
            print(
                f"   {name:24} {own_wall / size:6.3f} s each   "
                f"({own_cpu / size:.3f} processor s)   {ratio:.1f} times (budget {budget:g}), "
                f"marks {verdict}"
            )
    return met


def run_and_kill(root: Path, out: Path, size: int, limits: list[str]) -> None:
    """Start a run and kill it at two random moments."""
    dice = random.Random(3)
    journal = out / "grades" / HW / "journal"
    for share in (dice.uniform(0.1, 0.4), dice.uniform(0.5, 0.9)):
        running = subprocess.Popen(ours(out, 2, *limits), cwd=root, stdout=subprocess.DEVNULL)
        while running.poll() is None and len(list(journal.glob("*.json"))) < share * size:
            time.sleep(0.1)
        running.send_signal(signal.SIGKILL)
        running.wait()
        print(f"   killed after {len(list(journal.glob('*.json')))} of {size}", flush=True)


def whole_class(size: int) -> bool:
    """5 % hostile: the same marks with 1, 2 and 8 workers and after two kills."""
    limits = ["--cell-seconds", "10", "--memory-mb", "700"]
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-class-") as folder:
        root = Path(folder)
        make_class(root, size, hostile=0.05)
        for name, workers in {"1 worker": 1, "2 workers": 2, "8 workers": 8, "killed": 2}.items():
            out = root / name.replace(" ", "-")
            if name == "killed":
                run_and_kill(root, out, size, limits)
            with Memory() as memory:
                wall, cpu = timed(ours(out, workers, *limits), root)
            found[name] = marks(out / "gradebook.db")
            print(
                f"   {name:10} {wall:5.0f} s, {cpu:5.0f} processor s, {len(found[name])} marked; "
                f"memory {memory.together / 2**20:.0f} MiB in all, "
                f"{memory.largest / 2**20:.0f} MiB the largest process",
                flush=True,
            )
    same = all(entry == found["1 worker"] for entry in found.values())
    complete = all(len(entry) == size for entry in found.values())
    nothing = sum(not any(scores) for scores in found["1 worker"].values())
    print(f"   marks {'identical' if same else 'DIFFER'} in all four; {nothing} of {size} got none")
    for student, scores in found["1 worker"].items():
        others = {name: entry.get(student) for name, entry in found.items()}
        if any(other != scores for other in others.values()):
            print(f"   {student}: {others}")
    return same and complete


def main(arguments: list[str] | None = None) -> None:
    """Print the figures; the exit status is 1 where a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=50, help="submissions for the comparison")
    parser.add_argument(
        "--class", dest="size_of_class", type=int, help="run the large class instead"
    )
    options = parser.parse_args(arguments if arguments is not None else [])
    good = whole_class(options.size_of_class) if options.size_of_class else throughput(options.size)
    if not good:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
