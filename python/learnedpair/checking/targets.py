# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The platforms and precisions of this machine."""

import re
from dataclasses import dataclass

import openmm

from ..devices import KERNEL, how_to_build, is_cpu_device

#: The platforms that this plugin supports, in the order in which they are checked.
PLATFORMS = ("Reference", "CPU", "OpenCL", "CUDA", "HIP")
PRECISIONS = ("single", "mixed", "double")


@dataclass(frozen=True)
class Target:
    """A platform and a precision.

    Attributes
    ----------
    platform : str
    precision : str
        "single", "mixed" or "double".
    can_choose : bool
        Whether the platform has a setting for the precision.
    """

    platform: str
    precision: str
    can_choose: bool

    def __str__(self) -> str:
        return f"{self.platform}, {self.precision}"

    @property
    def is_double(self) -> bool:
        return self.precision == "double"

    def context(self, system: openmm.System, integrator: openmm.Integrator | None = None) -> openmm.Context:
        """Make a Context of a System on this target."""
        return openmm.Context(
            system,
            integrator or openmm.VerletIntegrator(0.001),
            openmm.Platform.getPlatform(self.platform),
            {"Precision": self.precision} if self.can_choose else {},
        )


#: Double precision on all machines: what every other target is compared with.
REFERENCE = Target("Reference", "double", can_choose=False)


@dataclass(frozen=True)
class Skipped:
    """A platform, or one precision of it, that cannot be checked here, and the reason."""

    platform: str
    precision: str
    reason: str


def find_targets(names: list[str] | None = None) -> tuple[list[Target], list[Skipped]]:
    """Find the platforms and precisions that can run on this machine.

    Parameters
    ----------
    names : list of str, optional
        The names of platforms to use; Reference is always used. By default all platforms are used.

    Returns
    -------
    targets : list of Target
        Reference is the first.
    skipped : list of Skipped
        All other platforms and precisions.
    """
    present = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    targets, skipped = [], []
    for name in [*PLATFORMS, *(name for name in present if name not in PLATFORMS)]:
        if names and name not in (*names, REFERENCE.platform):
            skipped.append(Skipped(name, "all", "left out, since --platform does not name it"))
            continue
        reason = _why_absent(name, present)
        if reason:
            skipped.append(Skipped(name, "all", reason))
            continue
        for target in _targets_of(name):
            reason = _why_unable(target)
            if reason:
                skipped.append(Skipped(name, target.precision, reason))
            else:
                targets.append(target)
    return targets, skipped


def _why_absent(name: str, present: list[str]) -> str:
    """The reason why a platform cannot evaluate a LearnedPairForce; empty if it can."""
    if name not in present:
        failures = [text for text in openmm.Platform.getPluginLoadFailures() if re.search(rf"OpenMM{name}\b", text)]
        return f"OpenMM could not load it ({one_line(failures[0])})" if failures else "it is not installed"
    if not openmm.Platform.getPlatform(name).supportsKernels([KERNEL]):
        if name not in PLATFORMS:
            return "openmm-learnedpair does not support it"
        return f"openmm-learnedpair is installed without its library for it. {how_to_build(name)}"
    return ""


def _targets_of(name: str) -> list[Target]:
    if name == REFERENCE.platform:
        return [REFERENCE]
    if "Precision" in openmm.Platform.getPlatform(name).getPropertyNames():
        return [Target(name, precision, can_choose=True) for precision in PRECISIONS]
    return [Target(name, "single", can_choose=False)]


def _why_unable(target: Target) -> str:
    """The reason why not even an empty System can run on a target; empty if it can."""
    system = openmm.System()
    system.addParticle(1.0)
    try:
        target.context(system)
    except openmm.OpenMMException as error:
        return one_line(error)
    return ""


def describe_device(context: openmm.Context) -> str:
    """Describe the device of a Context, such as "NVIDIA H200" or "4 threads"."""
    platform = context.getPlatform()
    names = platform.getPropertyNames()
    if "DeviceName" in names:
        device = platform.getPropertyValue(context, "DeviceName")
        return f"{device} (not a GPU)" if is_cpu_device(device) else device
    if "Threads" in names:
        threads = platform.getPropertyValue(context, "Threads")
        return f"{threads} thread{'s' * (threads != '1')}"
    return "1 thread"


def one_line(error: object) -> str:
    """The text of an error in one line."""
    return " ".join(str(error).split())
