# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparisons that fail on NaN and on wrong shapes, and report the worst element; and the error bounds of platforms."""

import contextlib
import os
import unittest.mock
from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
import pytest


def assert_close(actual, expected, *, rtol=0.0, atol=0.0, what="values"):
    """Require |actual-expected| <= atol + rtol*|expected| everywhere, with equal shapes. NaN never passes."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if actual.size == 0:
        return
    allowed = atol + rtol * np.abs(expected)
    excess = np.abs(actual - expected) - allowed
    bad = ~(excess <= 0)
    if bad.any():
        worst = np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), actual.shape)
        raise AssertionError(
            f"{what} at {tuple(map(int, worst))}: {actual[worst]!r}, expected {expected[worst]!r} within"
            f" {allowed[worst]:.3g}; {bad.sum()} of {bad.size} are wrong"
        )


#: The platform that runs all tests of our kernels for GPUs, and is CUDA below: HIP on a machine with an AMD GPU.
GPU = os.environ.get("LEARNEDPAIR_GPU", "CUDA")


@dataclass(frozen=True)
class Target:
    """A platform and a precision, with the error bounds that apply to it in comparisons with the Reference platform."""

    name: str
    precision: str | None
    devices: int = 1

    def __str__(self):
        return "-".join(
            [self.name]
            + [self.precision] * (self.precision is not None)
            + [f"{self.devices} devices"] * (self.devices > 1)
        )

    @property
    def tensor_cores(self):
        """Whether large programs run on tensor cores: on CUDA in mixed but not in single precision, to test both."""
        return self.name == "CUDA" and self.precision == "mixed"

    @property
    def on_gpus(self):
        """Whether the target is a platform for GPUs, which shares our kernels with the others."""
        return self.name in ("OpenCL", GPU)

    @property
    def exact(self):
        """Whether the target computes in double precision."""
        return self.name == "Reference" or self.precision == "double"

    @property
    def energy_tolerance(self):
        return 1e-9 if self.exact else 2e-5

    def context(self, system, positions=None, integrator=None):
        properties = {} if self.precision is None else {"Precision": self.precision}
        if self.name == "CPU":
            properties["Threads"] = "2"
        if self.devices > 1:
            properties["DeviceIndex"] = ",".join(["0"] * self.devices)
        with self._choose_tensor_cores():
            context = openmm.Context(
                system, integrator or openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(self.name), properties
            )
        if positions is not None:
            context.setPositions(positions)
        return context

    def _choose_tensor_cores(self):
        # Not on OpenCL: PoCL may start a linker in another thread, and the environment must not change meanwhile.
        return (
            unittest.mock.patch.dict(os.environ, LEARNEDPAIR_TENSOR_CORES=str(int(self.tensor_cores)))
            if self.name == "CUDA"
            else contextlib.nullcontext()
        )

    def assert_agrees(self, energy, forces, expected_energy, expected_forces, what=""):
        """Require energy and forces to agree with those of Reference within this platform's bounds.

        Double precision: the RMS error of the forces is at most 1e-9 of the RMS force, and the largest error of a
        component at most 1e-8 of it. Single and mixed: 1e-5, and 1.6e-4, the error of stiff walls in
        CustomNonbondedForce on OpenCL.
        """
        expected_forces = np.asarray(expected_forces)
        rms = np.sqrt(np.mean(expected_forces**2))
        error = np.asarray(forces) - expected_forces
        assert np.shape(forces) == expected_forces.shape
        relative, largest = (1e-9, 1e-8) if self.exact else (1e-5, 1.6e-4)
        floor = 1e-9 if self.exact else 1e-6
        assert np.sqrt(np.mean(error**2)) <= relative * rms + floor, (
            f"{what}: RMS force error {np.sqrt(np.mean(error**2)):.3g}, RMS force {rms:.3g}"
        )
        assert np.abs(error).max() <= largest * rms + floor, (
            f"{what}: largest force error {np.abs(error).max():.3g}, RMS force {rms:.3g}"
        )
        scale = abs(expected_energy) + rms * 0.1 * np.sqrt(expected_forces.size)
        assert abs(energy - expected_energy) <= self.energy_tolerance * scale + floor, (
            f"{what}: energy {energy!r}, expected {expected_energy!r}"
        )


def kernels_of(system, context):
    """The placement of each LearnedPairForce of a System, with ", tensor cores" if it uses them."""
    forces = [force for force in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(force)]
    infos = [lp.LearnedPairForce.cast(force).getKernelInfo(context) for force in forces]
    return [info["placement"] + ", tensor cores" * info["tensor_cores"] for info in infos]


REFERENCE, CPU = Target("Reference", None), Target("CPU", None)
OPENCL, CUDA = Target("OpenCL", "single"), Target(GPU, "single")
#: One target for each platform, for claims that do not depend on the precision. OpenCL and CUDA share our kernels and
#: their host code, and PoCL takes longest to compile the kernels of a Context. Tests with many cases of that host code
#: therefore run all of them on CUDA, and on OpenCL only those whose device code differs.
PLATFORMS = [REFERENCE, CPU, OPENCL, CUDA]
#: Our kernels have the same text in mixed and in single precision; only the type of energy sums differs. On CUDA, the
#: tests use tensor cores in mixed precision.
MIXED = [Target("OpenCL", "mixed"), Target(GPU, "mixed")]
TENSOR_CORES = MIXED[1:]
#: In double precision, literals, the sizes of uploads, and the number of warps in a group differ.
DOUBLE = [Target("OpenCL", "double"), Target(GPU, "double")]
TARGETS = PLATFORMS + MIXED + DOUBLE
#: Contexts that divide their work between two devices; the same device is given twice.
SEVERAL_DEVICES = [Target("OpenCL", "mixed", devices=2), Target(GPU, "mixed", devices=2)]


def on(targets):
    """Run a test on these targets instead of one target per platform."""
    return pytest.mark.parametrize("target", targets, ids=str, indirect=True)


def evaluate(context, groups=-1):
    """Energy in kJ/mol and forces in kJ/mol/nm."""
    state = context.getState(energy=True, forces=True, groups=groups)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def observe(context):
    """Energy in kJ/mol, forces in kJ/mol/nm, and the derivatives of the energy with respect to parameters."""
    state = context.getState(energy=True, forces=True, parameterDerivatives=True)
    return (
        state.getPotentialEnergy()._value,
        state.getForces(asNumpy=True)._value,
        dict(state.getEnergyParameterDerivatives()),
    )
