# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Scripts, run as users run them."""

import os
import subprocess
import sys


def run_script(path, folder, *arguments):
    """Run a script in a folder, with CPU as the default platform, and return its output."""
    result = subprocess.run(
        [sys.executable, str(path), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "OPENMM_DEFAULT_PLATFORM": "CPU"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
