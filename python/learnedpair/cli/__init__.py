# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The command line program ``learnedpair``."""

import argparse
import os
import re
import sys
import warnings

import openmm

from ..errors import LearnedPairError, pytorch_for
from . import accelerate, apply, bench, check, cmake_dir, compile, convert, demo, explain, fit, inspect, plot

#: Pairs of a regular expression for a remedy that messages give in Python, and the equivalent command line option. A
#: command may have REMEDIES of its own.
_OPTIONS = (
    (r"types={", "types={'NAME': rule} is --type NAME=RULE, and --type NAME= for None"),
    (r"the type None|rule of None", "a rule of the type None is --leave-out RULE, once for each rule"),
    (r"representation=", "representation='program' is --representation program"),
    (r"tabulate_radial=", "tabulate_radial=False is --no-tabulate-radial"),
)


def main(arguments=None):
    """Run the command line program, and return its exit status."""
    parser = argparse.ArgumentParser(prog="learnedpair", description="Learned pair corrections for OpenMM.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (demo, inspect, compile, apply, check, bench, accelerate, convert, explain, fit, plot, cmake_dir):
        name = module.__name__.rsplit(".", 1)[1].replace("_", "-")
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(command)
        command.set_defaults(
            run=module.run,
            error_status=getattr(module, "ERROR_STATUS", 1),
            remedies=(*_OPTIONS, *getattr(module, "REMEDIES", ())),
        )
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(
            f"learnedpair {options.command}: warning: {message}{_on_the_command_line(message, options.remedies)}",
            file=sys.stderr,
        )
        return _run(options)


def _run(options):
    try:
        with pytorch_for("this command"):
            status = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (LearnedPairError, ValueError, OSError, ImportError, openmm.OpenMMException) as error:
        print(f"learnedpair {options.command}: {error}{_on_the_command_line(error, options.remedies)}", file=sys.stderr)
        return options.error_status
    return status or 0


def _on_the_command_line(message, remedies):
    """Get the command line options for the remedies that a message gives in Python: a sentence after a space, or an
    empty string.
    """
    found = [option for words, option in remedies if re.search(words, str(message))]
    return f" (On the command line: {'; '.join(found)}.)" if found else ""
