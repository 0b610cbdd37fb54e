"""Command line: `python3 -m bootstrap install|lab|test|run|warm|constraints`."""

import argparse
import sys

from bootstrap.choices import asked_for
from bootstrap.constraints import write_constraints
from bootstrap.environment import WARM, install, run_module
from bootstrap.machine import Problem
from bootstrap.server import lab
from bootstrap.testing import test

PASSED_ON = ("test", "run")  # commands whose arguments are for pytest, or for a module
NEED_TEST_PACKAGES = ("benchmarks",)  # modules of `run` that use what only the tests need besides


def command_line():
    """Parser of commands; those that install share the options on how."""
    how = argparse.ArgumentParser(add_help=False)
    how.add_argument("--latest", action="store_const", const=True, help="ignore constraints.txt")
    how.add_argument("--no-latest", action="store_const", const=False, dest="latest")
    how.add_argument("--uv", action="store_const", const="1", help="install by uv, not by pip")
    how.add_argument("--torch-index", metavar="PLACE", help="address or folder to take torch from")
    parser = argparse.ArgumentParser(
        prog="python -m bootstrap",
        description=__doc__,
        epilog="The variables LATEST=1, UV=1 and TORCH_INDEX=PLACE mean the same as the options.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    for name, words in (
        ("install", "make .venv and install the course into it"),
        ("lab", "install, then open the course in JupyterLab"),
        ("test", "install, then style and tests; further options go to pytest"),
        ("run", "install, then run a Python module with its arguments"),
        ("warm", "install, then fill the caches that make a first use slow"),
        ("constraints", "write constraints.txt anew; --latest also raises what it pins already"),
    ):
        commands.add_parser(name, help=words, parents=[how], allow_abbrev=False)
    opening = commands.choices["lab"]
    opening.add_argument("--port", type=int, default=8888)
    opening.add_argument("--ip", default="127.0.0.1")
    return parser


def parse(arguments):
    """Command, its options, and what is to be passed on untouched: all from the first unknown."""
    own = len(arguments)
    if arguments and arguments[0] in PASSED_ON:
        own = 1
        while own < len(arguments) and arguments[own].startswith(
            ("--latest", "--no-latest", "--uv", "--torch-index", "--help")
        ):
            own += 2 if arguments[own] == "--torch-index" else 1
    return command_line().parse_args(arguments[:own]), arguments[own:]


def run(options, rest):
    """Run one command; returns its exit status.

    Raises:
        Problem: when something is in the way that the person at the keyboard can put right.
    """
    if options.command == "constraints":
        return write_constraints(asked_for(options))
    asked = asked_for(options)
    if options.command == "lab":
        return lab(options.port, options.ip, asked)
    if options.command == "test":
        return test(rest, asked)
    install("test" if rest and rest[0] in NEED_TEST_PACKAGES else "lab", asked)
    if options.command == "warm":
        return run_module([WARM])
    return run_module(rest) if options.command == "run" else 0


def main(arguments=None):
    """Run one command; the exit status is 0 when it succeeded."""
    options, rest = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return run(options, rest)
    except Problem as problem:
        sys.stdout.flush()
        sys.stderr.write(f"\n{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on where this one ended.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
