#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs the test suite on all available platforms: Reference, CPU, OpenCL if a device is found, and CUDA. Without a GPU,
CUDA is emulated if OpenMM's CUDA platform is installed (tests/cuda/README.md lists the requirements).

python tests/run.py           everything
python tests/run.py --fast    the fast tier, for daily work: under three minutes on two cores

On each platform the fast tier runs the tests marked "core", in single precision and on one device. Together they run
every kernel and every feature of it once. Of the tests that need no platform, the fast tier skips those marked "slow",
and runs a tenth of the cases of those marked "many_cases".
A missing platform is a failure if LEARNEDPAIR_REQUIRE (e.g. Reference,CPU,OpenCL,CUDA) names it. All arguments are
passed to pytest.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
EMULATE = TESTS / "cuda" / "emulate"
MISSING = 69  # exit status of the emulator if a requirement is missing


def has_gpu():
    return shutil.which("nvidia-smi") is not None and subprocess.run(
        ["nvidia-smi", "-L"], capture_output=True
    ).stdout.startswith(b"GPU")


def main():
    required = os.environ.get("LEARNEDPAIR_REQUIRE", "").split(",")
    # One test process per core: more PyTorch threads would only compete for the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    processes = ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    command = [sys.executable, "-m", "pytest", str(TESTS), *processes, *sys.argv[1:]]
    if has_gpu():
        print("CUDA: on this machine's GPU", flush=True)
    elif sys.platform != "linux":
        print("CUDA: left out; the emulator runs only on Linux", flush=True)
    else:
        probe = subprocess.run([str(EMULATE), "--", sys.executable, "-c", ""], capture_output=True, text=True)
        if probe.returncode == 0:
            print("CUDA: emulated", flush=True)
            command = [str(EMULATE), "--", *command]
        elif probe.returncode == MISSING and "CUDA" not in required:
            print(f"CUDA: left out ({probe.stderr.strip()})", flush=True)
        else:
            sys.exit(probe.stderr)
    sys.exit(subprocess.run(command, cwd=TESTS.parent).returncode)


if __name__ == "__main__":
    main()
