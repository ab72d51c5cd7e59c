# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What devices really are, and which platform is therefore the fastest."""

import platform
import re

import openmm

#: Names of devices that are a CPU, or nothing at all: PoCL's drivers, names of processors, this project's test support.
PRETENDERS = re.compile(r"^(pthread|basic|cpu)\b|\bCPU\b|Processor|Xeon|EPYC|Ryzen|CUDA emulator|CUDA dry run")


def is_pretender(device_name):
    """Get whether a device of this name is a CPU that appears as something else."""
    return PRETENDERS.search(device_name) is not None


def processor_name():
    """Get the name of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def find_platform(name=None):
    """Get the platform of a name, or the fastest one.

    Returns
    -------
    openmm.Platform

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name is None:
        return fastest_platform()
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if name not in names:
        hint = "; OpenMM's is a package of its own: pip install \"openmm[cuda13]\", or cuda12, whichever the driver has" if name == "CUDA" else ""
        raise ValueError(f"There is no platform {name!r} here, only {', '.join(names)}{hint}.")
    return openmm.Platform.getPlatform(name)


def fastest_platform():
    """Get the fastest platform whose device is what the platform is for.

    OpenMM ranks CUDA and OpenCL above its CPU platform, also where their device is the CPU itself, which is slower.

    Returns
    -------
    openmm.Platform
    """
    candidates = [openmm.Platform.getPlatform(i) for i in range(openmm.Platform.getNumPlatforms())]
    for candidate in sorted(candidates, key=lambda p: p.getSpeed(), reverse=True):
        if candidate.getName() in ("Reference", "CPU"):
            return candidate
        names = [dict(device).get("DeviceName", "") for device in candidate.getDevices()]
        if names and not any(is_pretender(name) for name in names):
            return candidate
    raise openmm.OpenMMException("There is no platform to run on.")
