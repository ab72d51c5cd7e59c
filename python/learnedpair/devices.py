# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Chooses a platform by what its device really is."""

import re

import openmm

#: Names of devices that are a CPU, or nothing at all: PoCL's drivers, names of processors, this project's test support.
PRETENDERS = re.compile(r"^(pthread|basic|cpu)\b|\bCPU\b|Processor|Xeon|EPYC|Ryzen|CUDA emulator|CUDA dry run")


def is_pretender(device_name):
    """Get whether a device of this name is a CPU that appears as something else."""
    return PRETENDERS.search(device_name) is not None


def fastest_platform():
    """Get the fastest platform whose device is what the platform is for.

    OpenMM ranks CUDA and OpenCL above its CPU platform, also where their device is the CPU itself, which is slower.

    Returns
    -------
    openmm.Platform
    """
    platforms = [openmm.Platform.getPlatform(i) for i in range(openmm.Platform.getNumPlatforms())]
    for platform in sorted(platforms, key=lambda p: p.getSpeed(), reverse=True):
        if platform.getName() in ("Reference", "CPU"):
            return platform
        names = [dict(device).get("DeviceName", "") for device in platform.getDevices()]
        if names and not any(is_pretender(name) for name in names):
            return platform
    raise openmm.OpenMMException("There is no platform to run on.")
