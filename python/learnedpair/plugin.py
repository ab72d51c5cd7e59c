# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Loading of the C++ libraries, with a clear error if they cannot be used."""

import os
from collections.abc import Iterable
from types import ModuleType

import openmm
import openmm.version

from .devices import KERNEL, REBUILD
from .errors import PluginLoadError

PLATFORMS = ("Reference", "CPU", "OpenCL", "CUDA", "HIP")


def minor_version(version: str) -> str:
    return ".".join(version.split(".")[:2])


def check_version(built_for: str, running: str) -> None:
    """Raise PluginLoadError if the plugin was built for another minor version of OpenMM than the running one."""
    if minor_version(built_for) != minor_version(running):
        raise PluginLoadError(
            f"openmm-learnedpair was built for OpenMM {built_for}, but OpenMM {running} is running. Install an OpenMM"
            f" that it was built for: pip install 'openmm=={minor_version(built_for)}.*'"
        )


def library_failures(names: Iterable[str], failures: Iterable[str]) -> list[str]:
    """Select the plugin load failures of OpenMM that concern this plugin's libraries for the named platforms."""
    return [text for text in failures for name in names if f"OpenMMLearnedPair{name}." in text]


def load() -> ModuleType:
    """Import the extension module, and check that OpenMM has loaded the plugin's libraries.

    Platforms for which the plugin has no library are not reported here. :func:`learnedpair.devices.find_platform`
    reports such a platform when it is requested, and explains how to build its library.

    Returns
    -------
    module
        learnedpair._core

    Raises
    ------
    PluginLoadError
        If the plugin was built for another OpenMM, is not in OpenMM's plugin folder, or failed to load; or if its
        libraries or this package have different versions.
    """
    given = os.environ.get("OPENMM_PLUGIN_DIR")
    # OpenMM loads the libraries of its plugin folder before this package loads its own.
    unset = f"Unset the environment variable OPENMM_PLUGIN_DIR, which is {given!r}."
    try:
        from . import _core
    except ImportError as error:
        raise PluginLoadError(
            f"The libraries of openmm-learnedpair could not be loaded ({error}). {REBUILD if given is None else unset}"
        ) from error
    check_version(_core.openmm_version, openmm.Platform.getOpenMMVersion())
    if _core.version_of_libraries != _core.version:
        raise PluginLoadError(
            f"The Python package openmm-learnedpair has the version {_core.version}, but the loaded libraries have the"
            f" version {_core.version_of_libraries}."
            f" {'Install openmm-learnedpair again.' if given is None else unset}"
        )
    present = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    present = [name for name in PLATFORMS if name in present]
    failures = library_failures(present, openmm.Platform.getPluginLoadFailures())
    if failures:
        raise PluginLoadError(
            f"OpenMM could not load the plugin's libraries: {'; '.join(failures)}. Install openmm-learnedpair again."
        )
    if problems := _core.get_registration_problems():
        raise PluginLoadError(f"{' '.join(problems)} Install the same version of all its packages.")
    if not openmm.Platform.getPlatform("Reference").supportsKernels([KERNEL]):
        folder = os.path.join(openmm.version.openmm_library_path, "plugins") if given is None else repr(given)
        remedy = (
            "Install openmm-learnedpair into the same environment as OpenMM; for an OpenMM that does not come from a"
            " wheel, set OPENMM_DIR while installing."
            if given is None
            else "Unset the environment variable OPENMM_PLUGIN_DIR, which names this folder."
        )
        raise PluginLoadError(
            f"OpenMM loads its plugins from {folder}, and the libraries of openmm-learnedpair are not there. {remedy}"
        )
    return _core
