# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Print the folder of the CMake package, for C++ programs that use the plugin:

    cmake -S . -B build -DOpenMMLearnedPair_DIR="$(learnedpair cmake-dir)"

The package provides the target OpenMMLearnedPair::OpenMMLearnedPair, with the headers and libraries of the plugin and
of OpenMM.
"""

from pathlib import Path

import openmm.version

from ..plugin import REBUILD

HELP = "print the folder of the CMake package, for C++ programs"


def add_arguments(parser):
    pass


def run(options):
    folder = Path(openmm.version.openmm_library_path) / "cmake" / "OpenMMLearnedPair"
    if not (folder / "OpenMMLearnedPairConfig.cmake").is_file():
        raise FileNotFoundError(
            f"There is no CMake package in {folder}: this installation of openmm-learnedpair is incomplete. {REBUILD}"
        )
    print(folder)
