# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The command ``learnedpair``."""

import argparse
import os
import sys
import warnings

import openmm

from ..errors import LearnedPairError
from . import apply, bench, demo, inspect


def main(arguments=None):
    """Run the command line, and return the exit status."""
    parser = argparse.ArgumentParser(prog="learnedpair", description="Learned pair corrections for OpenMM.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (demo, inspect, apply, bench):
        name = module.__name__.rsplit(".", 1)[1]
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"learnedpair {options.command}: warning: {message}", file=sys.stderr)
        return _run(options)


def _run(options):
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (LearnedPairError, ValueError, OSError, ImportError, openmm.OpenMMException) as error:
        print(f"learnedpair {options.command}: {error}", file=sys.stderr)
        return 1
    return 0
