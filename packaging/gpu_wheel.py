# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The packages with the library of one GPU platform: their names, requirements and metadata.

OpenMM has such packages for its own libraries (OpenMM-CUDA-13 and others). Each of ours has one file,
OpenMM.libs/lib/plugins/libOpenMMLearnedPairCUDA.so or HIP.so, and requires exactly the version of openmm-learnedpair
with which it was built, since both share internal classes of C++.
"""

import os
import sys
from pathlib import Path

#: For each package, the Python packages that have the headers it is built with; None: they must be installed.
PACKAGES = {
    "cuda-12": ["nvidia-cuda-runtime-cu12==12.*", "nvidia-cuda-nvcc-cu12==12.*"],
    "cuda-13": ["nvidia-cuda-runtime==13.*", "nvidia-cuda-crt==13.*"],
    "hip-6": None,
    "hip-7": None,
}
#: Folders in which the headers of ROCm are looked for: those of its own packages, and of Debian's libamdhip64-dev.
ROCM = [os.environ.get("ROCM_PATH", "/opt/rocm"), "/usr"]

METADATA = """\
Metadata-Version: 2.4
Name: openmm-learnedpair-{package}
Version: {version}
Summary: {platform} library of openmm-learnedpair, for OpenMM-{platform}-{number}
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.10
Requires-Dist: openmm-learnedpair=={version}
Requires-Dist: openmm-{package}>={openmm[0]},<{openmm[1]}
Description-Content-Type: text/markdown

The library with which [openmm-learnedpair](https://pypi.org/project/openmm-learnedpair) runs on OpenMM's {platform}
platform. Install it with `pip install "openmm-learnedpair[{extra}]"`.
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: openmm-learnedpair
Root-Is-Purelib: true
Tag: {tag}
"""


def platform_of(package):
    """The name of the OpenMM platform of a package: "CUDA" or "HIP"."""
    return package.split("-")[0].upper()


def find_headers(package, environment, work):
    """Get the folder with the headers of CUDA or ROCm. Those of CUDA are installed from Python packages.

    Raises
    ------
    SystemExit
        If there are no headers.
    """
    requirements = PACKAGES[package]
    if requirements is None:
        found = [Path(folder) / "include" for folder in ROCM if (Path(folder) / "include/hip/hip_runtime.h").is_file()]
        if not found:
            sys.exit(
                f"{package}: the header hip/hip_runtime.h was not found in {' or '.join(ROCM)}; install ROCm or"
                " Debian's package libamdhip64-dev, or set ROCM_PATH."
            )
        return found[0]
    target = work / f"headers-{package}"
    environment.pip("install", "-q", "--target", target, *requirements)
    [header] = target.glob("nvidia/*/include/cuda.h")
    return header.parent


def write_metadata(package, stage, root, tag):
    """Write the dist-info folder of a package.

    Parameters
    ----------
    package : str
        A key of PACKAGES.
    stage : Path
        The folder with the files of the wheel.
    root : Path
        The folder of the project.
    tag : str
        The tag of the wheel.
    """
    version = (root / "VERSION").read_text(encoding="utf-8").strip()
    folder = stage / f"openmm_learnedpair_{package.replace('-', '_')}-{version}.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "licenses" / "LICENSE").write_bytes((root / "LICENSE").read_bytes())
    (folder / "METADATA").write_text(
        METADATA.format(
            package=package,
            version=version,
            platform=platform_of(package),
            number=package.split("-")[1],
            extra=package.replace("-", ""),
            openmm=openmm_range((root / "pyproject.toml").read_text(encoding="utf-8")),
        ),
        encoding="utf-8",
    )
    (folder / "WHEEL").write_text(WHEEL.format(tag=tag), encoding="utf-8")


def openmm_range(pyproject):
    """The versions of OpenMM that the package requires: the first, and the first that is too new."""
    line = next(line for line in pyproject.splitlines() if line.startswith("dependencies = "))
    requirement = next(part for part in line.split('"') if part.startswith("openmm>="))
    low, high = requirement.removeprefix("openmm>=").split(",<")
    return low, high
