"""Command line: `python3 -m course_utils.bootstrap install|lab|test|run`."""

import argparse
import sys

from course_utils.bootstrap.environment import install, run_module
from course_utils.bootstrap.machine import Problem
from course_utils.bootstrap.server import lab
from course_utils.bootstrap.testing import test

PASSED_ON = ("test", "run")  # commands whose arguments are for pytest, or for a module


def parse(arguments):
    """Command, its options, and what is to be passed on untouched."""
    parser = argparse.ArgumentParser(prog="bootstrap", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    commands.add_parser("install", help="make .venv and install the course into it")
    opening = commands.add_parser("lab", help="install, then open the course in JupyterLab")
    opening.add_argument("--port", type=int, default=8888)
    opening.add_argument("--ip", default="127.0.0.1")
    commands.add_parser("test", help="install, then style and tests; options go to pytest")
    commands.add_parser("run", help="install, then run a Python module with its arguments")
    if arguments and arguments[0] in PASSED_ON:
        return parser.parse_args(arguments[:1]), arguments[1:]
    return parser.parse_args(arguments), []


def main(arguments=None):
    """Run one command; the exit status is 0 when it succeeded."""
    options, rest = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.command == "lab":
            return lab(options.port, options.ip)
        if options.command == "test":
            return test(rest)
        install()
        return run_module(rest) if options.command == "run" else 0
    except Problem as problem:
        sys.stdout.flush()
        sys.stderr.write(f"\n{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on where this one ended.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
