# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Builds the C++ libraries with CMake and lays them out as OpenMM's own wheels do, so that `import openmm` loads them.

The environment variable OPENMM_DIR is the folder of an OpenMM that does not come from a wheel (conda, source). The
libraries are then installed into its lib and lib/plugins, which needs `pip install --no-build-isolation`.
LEARNEDPAIR_CMAKE_ARGS contains further arguments for CMake, e.g. "-DLEARNEDPAIR_CUDA=OFF".
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent


def link(path, target):
    """Make a symbolic link and return its path, or the target where there are no links.

    pip builds in an environment whose folder has another name each time. Links inside the build folder give its headers
    the same names in each build, so that ccache recognizes them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.symlink_to(target, target_is_directory=True)
    except OSError:
        return Path(target)
    return path


class CMakeBuild(build_ext):
    def run(self):
        if self.editable_mode:
            sys.exit(
                "openmm-learnedpair cannot be installed in editable mode: OpenMM finds its libraries in its own folder."
                " Use a plain 'pip install .'."
            )
        import pybind11

        build = Path(self.build_temp).absolute()
        prefix = Path(self.build_lib).resolve()
        # Always build from scratch: an earlier build refers to a build environment that pip has deleted.
        shutil.rmtree(build, ignore_errors=True)
        arguments = ["-GNinja"] if shutil.which("ninja") else []
        arguments += [
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={link(build / 'pybind11', pybind11.__path__[0]) / 'share' / 'cmake' / 'pybind11'}",
            f"-DCMAKE_INSTALL_PREFIX={prefix}",
        ]
        openmm = os.environ.get("OPENMM_DIR")
        if openmm:
            libraries = Path(openmm).resolve()
            arguments += [
                f"-DOPENMM_DIR={libraries}",
                f"-DLEARNEDPAIR_OPENMM_DESTINATION={libraries}/",
                f"-DLEARNEDPAIR_CORE_RPATH={libraries}/lib",
            ]
        else:
            arguments += [
                f"-DOPENMM_DIR={link(build / 'openmm', self.find_wheel())}",
                "-DLEARNEDPAIR_OPENMM_DESTINATION=OpenMM.libs/",
            ]
        arguments += shlex.split(os.environ.get("LEARNEDPAIR_CMAKE_ARGS", ""))
        subprocess.run(["cmake", "-S", str(ROOT), "-B", str(build), *arguments], check=True)
        jobs = str(os.cpu_count() or 1)
        subprocess.run(["cmake", "--build", str(build), "--config", "Release", "--parallel", jobs], check=True)
        subprocess.run(["cmake", "--install", str(build), "--config", "Release"], check=True)

    @staticmethod
    def find_wheel():
        """The folder OpenMM.libs of OpenMM's wheel."""
        import openmm.version

        path = Path(openmm.version.openmm_library_path)
        if path.parent.name != "OpenMM.libs":
            sys.exit(
                f"The OpenMM in {path} does not have the layout of OpenMM's wheels (…/OpenMM.libs/lib), so that it"
                " would not find this plugin. Set OPENMM_DIR to the folder that holds its include and lib, and install"
                " with --no-build-isolation."
            )
        return path.parent

    def get_outputs(self):
        return []


setup(
    ext_modules=[Extension("learnedpair._core", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
