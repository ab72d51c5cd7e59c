# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Prints the paths of CUDA and OpenMM in this Python environment as shell assignments; empty if not found.

The commands emulate and dryrun read them. OpenMM itself is not imported, since that would load its plugins.
"""

import glob
import importlib.util
import os
import runpy
import shlex


def folders_of(package):
    """The folders of a package, found without importing it. A namespace package such as nvidia may have several."""
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or []) if spec else []


def newest_in_wheels(pattern):
    return max((path for folder in folders_of("nvidia") for path in glob.glob(f"{folder}/cu*/{pattern}")), default="")


def cuda_platform():
    """OpenMM's plugin library: in OPENMM_PLUGIN_DIR, or in the plugin folder of the openmm package."""
    folders = [os.environ.get("OPENMM_PLUGIN_DIR", "")]
    for package in folders_of("openmm"):
        version = runpy.run_path(os.path.join(package, "version.py"))
        folders.append(os.path.join(version["openmm_library_path"], "plugins"))
    libraries = (os.path.join(folder, "libOpenMMCUDA.so") for folder in folders if folder)
    return next(filter(os.path.exists, libraries), "")


for name, value in {
    "wheel_include": os.path.dirname(newest_in_wheels("include/cuda.h")),
    "wheel_ptxas": newest_in_wheels("bin/ptxas"),
    "platform": cuda_platform(),
}.items():
    print(f"{name}={shlex.quote(value)}")
