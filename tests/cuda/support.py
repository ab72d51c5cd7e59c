# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs programs on the emulated CUDA platform, and skips or fails tests where it is not available."""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from required_platforms import skip_or_fail

HERE = Path(__file__).parent
#: The emulator's checks, in two runs: reverse order of threads, accesses beyond the end of buffers, and buffers filled
#: with NaN; then races in shared memory.
CHECKS = ({"EMULATE_ORDER": "reverse", "EMULATE_GUARD": "1", "EMULATE_POISON": "1"}, {"EMULATE_RACES": "1"})
UNAVAILABLE = 69  # exit status of the commands if a requirement is missing


def emulate(*command, out=None, timeout=600, **environment):
    """Run a command with the emulated CUDA platform and return the finished process.

    ``out`` is the emulator's folder; the default is that of the command, so that compiled kernels are reused.
    ``environment`` holds additional environment variables.
    """
    return _run("emulate", *([out] if out else []), "--", *command, timeout=timeout, **environment)


def dryrun(out, cc, *command, timeout=600, **environment):
    """Run a command with the CUDA platform of the dry run, which writes to the folder ``out``."""
    return _run("dryrun", out, str(cc), "--", *command, timeout=timeout, **environment)


def require(tool):
    """Skip or fail the running test unless the command ``tool`` ("emulate" or "dryrun") works here."""
    result = probe(tool)
    if result.returncode == UNAVAILABLE:
        skip_or_fail("CUDA", result.stderr.strip())
    assert result.returncode == 0, result.stderr


def measure(script, *arguments, **environment):
    """Run a script of this folder on the emulator and return the JSON object that it prints as its last line."""
    result = emulate(sys.executable, HERE / script, *arguments, **environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@functools.cache
def probe(tool):
    with tempfile.TemporaryDirectory() as folder:
        return _run(tool, *([folder] if tool == "dryrun" else []), "--", sys.executable, "-c", "", timeout=600)


def _run(tool, *arguments, timeout, **environment):
    return subprocess.run(
        [HERE / tool, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=timeout
    )
