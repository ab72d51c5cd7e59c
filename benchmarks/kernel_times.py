# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times of the pair kernels on a GPU, measured by NVIDIA's Nsight Compute."""

import csv
import subprocess

KERNELS = ("computeNonbonded", "computeLearnedPairs")
METRIC = "gpu__time_duration.sum"


class ProfilerError(Exception):
    """Nsight Compute failed."""


def profile(command):
    """Run a command under ncu, without changing the clocks; returns the result of parse_ncu()."""
    options = [
        "--csv",
        "--print-units",
        "base",
        "--clock-control",
        "none",
        "--metrics",
        METRIC,
        "--kernel-name",
        f"regex:^({'|'.join(KERNELS)})$",
    ]
    result = subprocess.run(["ncu", *options, *command], capture_output=True, text=True)
    durations = parse_ncu(result.stdout)
    if result.returncode != 0 or not durations:
        said = [
            line for line in (result.stdout + result.stderr).splitlines() if "==ERROR==" in line
        ] or result.stderr.splitlines()[-1:]
        raise ProfilerError(
            f"ncu ended with status {result.returncode} and {len(durations)} kernels; it said: {' '.join(said)}"
        )
    return durations


def parse_ncu(text):
    """Get the durations (ns) of each kernel's launches from the CSV lines in the output of ncu."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), len(lines))
    durations = {}
    for row in csv.DictReader(line for line in lines[start:] if line.startswith('"')):
        if row["Metric Name"] == METRIC:
            durations.setdefault(row["Kernel Name"].split("(")[0], []).append(
                float(row["Metric Value"].replace(",", ""))
            )
    return durations
