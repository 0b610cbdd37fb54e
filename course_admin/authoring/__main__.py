"""Command line: `python -m course_admin.authoring build|execute|check|site [NAME ...]`."""

import argparse
import sys
import time
from pathlib import Path

from course_admin.authoring import site
from course_admin.authoring.build import build, lesson_bytes
from course_admin.authoring.check import broken_rules, drift, older_below, redrawn, unexecuted
from course_admin.authoring.convert import notebook_bytes, notebook_from_text
from course_admin.authoring.digests import digests
from course_admin.authoring.execute import NotebookFailed, run
from course_admin.authoring.layout import Layout, select, this_course
from course_admin.authoring.outputs import store_outputs
from course_admin.authoring.renamed import read_names
from course_utils import SCALES

STORED_SCALE = "laptop"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 1 when something is wrong."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(this_course(), options)
    except (ValueError, OSError, RuntimeError, NotebookFailed) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


def build_command(layout: Layout, options) -> int:
    """Generate the notebooks and say which ones changed."""
    begin = time.perf_counter()
    text = options.renamed.read_text(encoding="utf-8") if options.renamed else ""
    changed = build(layout, options.names, renamed=read_names(text))
    for path in changed:
        print(f"wrote {path.relative_to(layout.root)}")
    print(f"{len(changed)} changed, {time.perf_counter() - begin:.1f} s")
    for fault in unexecuted(layout) + redrawn(layout):
        print(f"note: {fault}")
    return 0


def execute_command(layout: Layout, options) -> int:
    """Build the lessons, run them, store their outputs, compare times with the budgets.

    Only runs at laptop scale are stored: readers shall see what they will get themselves.
    """
    within = True
    for source in select(layout.lesson_sources, options.names):
        path = layout.lesson(source)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(lesson_bytes(layout, source))
        result = run(path, options.scale)
        print(result.report(), flush=True)
        within &= result.within_budget
        if options.scale != STORED_SCALE:
            print(f"  not stored: outputs come from scale {STORED_SCALE}")
            continue
        fresh = notebook_from_text(source.read_text(encoding="utf-8"))
        store_outputs(fresh, result.notebook, digests(fresh, layout.root))
        data = notebook_bytes(fresh)
        path.write_bytes(data)
        print(f"  stored {path.relative_to(layout.root)}, {len(data) // 1000} KB")
    return 0 if within else 1


def check_command(layout: Layout, options) -> int:
    """List every difference between sources and notebooks, and every broken rule."""
    faults = drift(layout) + unexecuted(layout) + redrawn(layout) + broken_rules(layout)
    print("\n".join(faults) or "notebooks, solutions and assignments are what their sources say")
    older = older_below(layout)
    if older:
        print("code below the figures has changed since these were executed:", ", ".join(older))
    return 1 if faults else 0


def site_command(layout: Layout, options) -> int:
    """Write the lessons with their stored outputs as HTML below build/site."""
    index = site.write(layout, layout.root / "build" / "site")
    print(f"wrote {index.relative_to(layout.root)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m course_admin.authoring", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in (
        ("build", build_command),
        ("execute", execute_command),
        ("check", check_command),
        ("site", site_command),
    ):
        sub = commands.add_parser(name, help=command.__doc__)
        sub.set_defaults(command=command)
        if name in ("build", "execute"):
            sub.add_argument("names", nargs="*", help="beginnings of names, such as 01")
        if name == "build":
            words = "file of old and new dotted names, one pair a line: outputs outlive these"
            sub.add_argument("--renamed", type=Path, metavar="FILE", help=words)
        if name == "execute":
            sub.add_argument("--scale", choices=SCALES, default="laptop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
