# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The command ``learnedpair``. If the package cannot be imported, it prints the reason without a traceback."""

import sys


def main() -> int:
    """Run the command line program, and return its exit status.

    Importing the package loads its libraries. If that fails, the message of the exception says what to install.
    """
    try:
        from learnedpair.cli import main
    except ImportError as error:
        if type(error).__name__ != "PluginLoadError":  # by name, since the class cannot be imported here
            raise
        print(f"learnedpair: {error}", file=sys.stderr)
        return 2  # for `learnedpair check` this status means that the check could not be made
    return main()
