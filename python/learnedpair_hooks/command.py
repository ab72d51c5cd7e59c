# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The command ``learnedpair``, which also reports that the package cannot be imported."""

import sys


def main() -> int:
    """Run the command line program, and return its exit status.

    Importing the package loads its libraries. Where that fails, the error is a sentence that says what to install, and
    this prints it without a traceback.
    """
    try:
        from learnedpair.cli import main
    except ImportError as error:
        if type(error).__name__ != "PluginLoadError":  # the class cannot be imported, either
            raise
        print(f"learnedpair: {error}", file=sys.stderr)
        return 2  # of `learnedpair check` this is the status that says: the check could not be made
    return main()
