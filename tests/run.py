#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs the test suite on every platform there is: Reference, CPU, OpenCL where a device is found, and CUDA, which is
emulated where there is no GPU but OpenMM's CUDA platform is installed (tests/cuda/README.md says what that needs).

python tests/run.py           everything
python tests/run.py --fast    the fast tier, for daily work: under three minutes on two cores

The fast tier runs every platform, in single precision and on one device: tests marked with "core", which together run
every kernel and every feature of it once. Of the tests that need no platform it leaves out those marked with "slow".
A missing platform is a failure if LEARNEDPAIR_REQUIRE=Reference,CPU,OpenCL,CUDA names it. Arguments go to pytest.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
EMULATE = TESTS / "cuda" / "emulate"
MISSING = 69  # the emulator's status if something it needs is not there


def has_gpu():
    return shutil.which("nvidia-smi") is not None and subprocess.run(
        ["nvidia-smi", "-L"], capture_output=True
    ).stdout.startswith(b"GPU")


def main():
    required = os.environ.get("LEARNEDPAIR_REQUIRE", "").split(",")
    # One process of tests for each core: more threads of PyTorch's would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    processes = ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    command = [sys.executable, "-m", "pytest", str(TESTS), *processes, *sys.argv[1:]]
    if has_gpu():
        print("CUDA: on this machine's GPU", flush=True)
    elif sys.platform != "linux":
        print("CUDA: left out; the emulator runs on Linux", flush=True)
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
