# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Detection of devices that are really CPUs, and choice of the fastest platform."""

import platform
import re

import openmm

#: The name of the kernel that a platform must support to evaluate a LearnedPairForce.
KERNEL = "CalcLearnedPairForce"
#: For each platform, where to find the headers that the plugin's library needs to be built.
HEADERS = {
    "OpenCL": (
        "Its header CL/cl.h is in Debian's package opencl-headers, and in conda-forge's khronos-opencl-icd-loader."
    ),
    "CUDA": (
        "Its header cuda.h is in a CUDA toolkit, which CUDA_HOME may name, and in NVIDIA's Python packages: pip install"
        " nvidia-cuda-runtime nvidia-cuda-crt for CUDA 13, nvidia-cuda-runtime-cu12 nvidia-cuda-nvcc-cu12 for CUDA 12."
    ),
    "HIP": (
        "Its header hip/hip_runtime.h is in ROCm, which ROCM_PATH may name, and in Debian's package libamdhip64-dev."
    ),
}
REBUILD = "Build it again for this OpenMM: pip install --force-reinstall --no-cache-dir --no-deps openmm-learnedpair"
#: How to install the platforms that are in separate packages: OpenMM's library and this plugin's.
PACKAGES = {
    "CUDA": 'pip install "openmm-learnedpair[cuda13]" or "openmm-learnedpair[cuda12]", whichever matches the driver',
    "HIP": 'pip install "openmm-learnedpair[hip7]" or "openmm-learnedpair[hip6]", whichever matches ROCm',
}
#: Names of devices that are not GPUs: PoCL's CPU drivers, processors, and stand-ins for GPUs in this project's tests.
CPU_DEVICE_NAMES = re.compile(r"^(pthread|basic|cpu)\b|\bCPU\b|Processor|Xeon|EPYC|Ryzen|CUDA emulator|dry run$")


def is_cpu_device(device_name: str) -> bool:
    """Get whether the name of an OpenCL, CUDA or HIP device is that of a CPU or of a stand-in for a GPU."""
    return CPU_DEVICE_NAMES.search(device_name) is not None


def how_to_build(name: str) -> str:
    """Get sentences that say how to get this plugin's library for a platform."""
    package = f"With packages from an index: {PACKAGES[name]}. From the source: " if name in PACKAGES else ""
    return f"{package}{HEADERS[name]} {REBUILD}" if name in HEADERS else REBUILD


def real_devices(platform: openmm.Platform) -> list[str]:
    """Get the names of the devices of an OpenCL, CUDA or HIP platform that are GPUs."""
    names = [dict(device).get("DeviceName", "") for device in platform.getDevices()]
    return [name for name in names if not is_cpu_device(name)]


def processor_name() -> str:
    """Get the model name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def find_platform(name: str | None = None) -> openmm.Platform:
    """Get a platform by name, or the fastest platform.

    Parameters
    ----------
    name : str, optional
        The name of the platform. By default :func:`fastest_platform` chooses.

    Returns
    -------
    openmm.Platform

    Raises
    ------
    ValueError
        If OpenMM has no platform of that name, or the plugin was built without its library for this platform.
    """
    if name is None:
        return fastest_platform()
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if name not in names:
        hint = f"; it is in packages of its own: {PACKAGES[name]}" if name in PACKAGES else ""
        raise ValueError(f"There is no platform {name!r} here, only {', '.join(names)}{hint}.")
    platform = openmm.Platform.getPlatform(name)
    if not platform.supportsKernels([KERNEL]):
        raise ValueError(
            f"openmm-learnedpair is installed without its library for the platform {name}. {how_to_build(name)}"
        )
    return platform


def fastest_platform() -> openmm.Platform:
    """Get the fastest platform, where CUDA, HIP and OpenCL count only if they have a GPU.

    OpenMM ranks CUDA, HIP and OpenCL above its CPU platform even if their only device is the CPU, which is slower.

    Returns
    -------
    openmm.Platform

    Raises
    ------
    openmm.OpenMMException
        If there is no platform.
    """
    candidates = [openmm.Platform.getPlatform(i) for i in range(openmm.Platform.getNumPlatforms())]
    for candidate in sorted(candidates, key=lambda p: p.getSpeed(), reverse=True):
        has_device = candidate.getName() in ("Reference", "CPU") or real_devices(candidate)
        if has_device and candidate.supportsKernels([KERNEL]):
            return candidate
    raise openmm.OpenMMException("There is no platform to run on.")
