#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Installs the wheels of dist/ as a user does, uses them, and removes them.

    python packaging/check.py                     for each Python that there is a wheel and an interpreter for
    python packaging/check.py --python python3.12 --python python3.13

For each Python, in a new virtual environment in build/check:

1. The base wheel is installed, and smoke.py runs in an empty folder, without a compiler in PATH.
2. The packages with GPU libraries are installed beside it, one after the other. Their library must be where OpenMM has
   its own, and need no library that is not there or part of the system. `pip install` with the extra must choose them.
3. Everything is removed, and no file of ours may be left.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import gpu_wheel

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "check"
NAME = "openmm-learnedpair"
#: Libraries of a Linux system that wheels may need (the list of auditwheel, as far as it matters here).
SYSTEM_LIBRARIES = re.compile(r"(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux.*)\.so")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", help="interpreter (default: each that has a wheel)")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="folder with the wheels (default: dist)")
    options = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    pythons = options.python or find_pythons(options.dist)
    if not pythons:
        sys.exit(f"check.py: no Python of this machine has a wheel in {options.dist}; make one with build.py.")
    for python in pythons:
        check(python, options.dist.resolve())
    print(f"{len(pythons)} passed, 0 failed")


def find_pythons(dist):
    """The interpreters of this machine for which there is a wheel, one for each version."""
    versions = sorted(path.name.split("-cp3")[1].split("-")[0] for path in dist.glob("openmm_learnedpair-*-cp3*.whl"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in versions:
        candidates = [f"python3.{minor}", *sorted(map(str, pyenv.glob(f"3.{minor}.*/bin/python"))), sys.executable]
        for candidate in candidates:
            if version_of(candidate) == minor:
                found.append(candidate)
                break
    return found


def version_of(python):
    """The minor version of an interpreter, as a string; None if it does not run."""
    try:
        code = "import sys; print(sys.version_info[1])"
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def check(python, dist):
    """Install, use and remove the packages with one interpreter."""
    folder = WORK / f"python3.{version_of(python)}"
    run(python, "-m", "venv", folder / "venv")
    bare = {**os.environ, "PATH": str(folder / "venv" / "bin")}
    interpreter = folder / "venv" / "bin" / "python"
    pip = (interpreter, "-m", "pip", "--disable-pip-version-check")
    install = (*pip, "install", "-q", "-c", ROOT / "constraints.txt", "--find-links", dist)
    run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", "--only-binary", ":all:", "openmm")
    site = next((folder / "venv" / "lib").glob("python3*/site-packages"))
    before = files_in(site)
    run(*install, "--only-binary", ":all:", f"{NAME}=={version()}", env=bare)
    run(*pip, "check")
    (folder / "empty").mkdir()
    run(interpreter, "-I", ROOT / "packaging" / "smoke.py", "--bare", cwd=folder / "empty", env=bare)
    for package in gpu_wheel.PACKAGES:
        if list(dist.glob(f"openmm_learnedpair_{package.replace('-', '_')}-*.whl")):
            check_gpu_package(package, interpreter, install, pip, site)
    run(*pip, "uninstall", "-q", "-y", NAME)
    left = {name for name in files_in(site) - before if "__pycache__" not in name}
    if left:
        sys.exit(f"check.py: pip uninstall has left {', '.join(sorted(left))}.")


#: Prints the requirements of an extra of the installed package.
REQUIREMENTS = """
from importlib.metadata import requires
for each in requires("openmm-learnedpair"):
    requirement, _, condition = each.partition(";")
    if 'extra == "{extra}"' in condition:
        print(requirement.replace(" ", ""))
"""


def check_gpu_package(package, interpreter, install, pip, site):
    """Install the package of a GPU library and OpenMM's, without the libraries of the vendor, and remove both."""
    before = files_in(site)
    extra = package.replace("-", "")
    required = output_of(interpreter, "-c", REQUIREMENTS.format(extra=extra)).split()
    for name in (f"{NAME}-{package}", f"openmm[{extra}]"):
        if not any(each.startswith(name) for each in required):
            sys.exit(f"check.py: the extra {extra} does not require {name}: {', '.join(required)}")
    run(*install, "--no-deps", f"openmm-{package}")
    between = files_in(site)
    run(*install, "--no-deps", f"{NAME}-{package}")
    platform = gpu_wheel.platform_of(package)
    added = {name for name in files_in(site) - between if name.endswith(".so")}
    if added != {f"OpenMM.libs/lib/plugins/libOpenMMLearnedPair{platform}.so"}:
        sys.exit(f"check.py: {NAME}-{package} has installed {', '.join(sorted(added))}.")
    require_libraries(site / added.pop(), site / "OpenMM.libs" / "lib")
    run(*pip, "uninstall", "-q", "-y", f"{NAME}-{package}", f"openmm-{package}")
    left = files_in(site) - before
    if left:
        sys.exit(f"check.py: pip uninstall of {NAME}-{package} has left {', '.join(sorted(left))}.")


def require_libraries(library, folder):
    """Require that every library that a library needs is part of OpenMM or of the system."""
    text = output_of("readelf", "-d", library)
    for name in re.findall(r"\(NEEDED\)\s+Shared library: \[(.*)\]", text):
        if not SYSTEM_LIBRARIES.match(name) and not list(folder.glob(f"**/{name}")):
            sys.exit(f"check.py: {library.name} needs {name}, which is not in {folder}.")


def files_in(site):
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def version():
    return (ROOT / "VERSION").read_text(encoding="utf-8").strip()


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run(list(map(str, command)), check=True, **options)


if __name__ == "__main__":
    main()
