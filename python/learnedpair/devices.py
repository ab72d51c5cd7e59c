# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What devices really are, and which platform is therefore the fastest."""

import platform
import re

import openmm

#: The kernel that a platform needs for a LearnedPairForce.
KERNEL = "CalcLearnedPairForce"
#: Where the headers are that a platform's library is built with.
HEADERS = {
    "OpenCL": (
        "Its header CL/cl.h is in Debian's package opencl-headers, and in conda-forge's khronos-opencl-icd-loader."
    ),
    "CUDA": (
        "Its header cuda.h is in a CUDA toolkit, which CUDA_HOME may name, and in NVIDIA's Python packages: pip install"
        " nvidia-cuda-runtime for CUDA 13, nvidia-cuda-runtime-cu12 for CUDA 12."
    ),
}
REBUILD = "Build it again for this OpenMM: pip install --force-reinstall --no-cache-dir --no-deps openmm-learnedpair"
#: Names of devices that are a CPU, or nothing at all: PoCL's drivers, names of processors, this project's test support.
CPU_DEVICE_NAMES = re.compile(r"^(pthread|basic|cpu)\b|\bCPU\b|Processor|Xeon|EPYC|Ryzen|CUDA emulator|CUDA dry run")


def is_cpu_device(device_name: str) -> bool:
    """Get whether a device of this name is a CPU that appears as something else."""
    return CPU_DEVICE_NAMES.search(device_name) is not None


def how_to_build(name: str) -> str:
    """How to get this plugin's library for a platform, as sentences."""
    return f"{HEADERS.get(name, 'Its header is in the toolkit of the platform.')} {REBUILD}"


def real_devices(platform: openmm.Platform) -> list[str]:
    """The names of the devices of a platform that are what the platform is for: GPUs of OpenCL and CUDA."""
    names = [dict(device).get("DeviceName", "") for device in platform.getDevices()]
    return [name for name in names if not is_cpu_device(name)]


def processor_name() -> str:
    """Get the name of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def find_platform(name: str | None = None) -> openmm.Platform:
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
        hint = (
            '; OpenMM\'s is a package of its own: pip install "openmm[cuda13]", or cuda12, whichever the driver has'
            if name == "CUDA"
            else ""
        )
        raise ValueError(f"There is no platform {name!r} here, only {', '.join(names)}{hint}.")
    platform = openmm.Platform.getPlatform(name)
    if not platform.supportsKernels([KERNEL]):
        raise ValueError(
            f"openmm-learnedpair was built without its library for the platform {name}. {how_to_build(name)}"
        )
    return platform


def fastest_platform() -> openmm.Platform:
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
        if real_devices(candidate) and candidate.supportsKernels([KERNEL]):
            return candidate
    raise openmm.OpenMMException("There is no platform to run on.")
