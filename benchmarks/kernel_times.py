# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""How long the kernels of pairs run on a GPU, measured by NVIDIA's Nsight Compute."""

import csv
import subprocess

KERNELS = ("computeNonbonded", "computeLearnedPairs")
METRIC = "gpu__time_duration.sum"


class ProfilerError(Exception):
    """Nsight Compute did not measure."""


def profile(command):
    """Run a command under ncu; returns what parse_ncu() tells. The clocks are left as they are, as without ncu."""
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
    """The durations (ns) of each kernel's launches, from ncu's CSV among other output."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), len(lines))
    durations = {}
    for row in csv.DictReader(line for line in lines[start:] if line.startswith('"')):
        if row["Metric Name"] == METRIC:
            durations.setdefault(row["Kernel Name"].split("(")[0], []).append(
                float(row["Metric Value"].replace(",", ""))
            )
    return durations
