# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Conservation of energy in a short simulation at constant energy, with and without the corrections."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from ..force.corrections import corrections_of
from ..force.kernel_info import describe_kernel
from .results import Result
from .subject import Subject
from .targets import Target, one_line

#: In K.
TEMPERATURE = 300.0
NUM_FRAMES = 100
#: Forces that exchange energy with a heat bath or with a piston, or remove the momentum of the System.
BATHS = ("AndersenThermostat", "Barostat", "CMMotionRemover")
#: The drift of the System with corrections may be this many times that without them, and as large as three standard
#: errors and NEGLIGIBLE (kJ/mol/ps for each degree of freedom, 0.01 kT/ns) in addition.
FACTOR, NEGLIGIBLE = 2.0, 2.5e-5


@dataclass(frozen=True)
class Drift:
    """The drift of the total energy for each degree of freedom, in kJ/mol/ps, its standard error, and the standard
    deviation of the total energy from the drift, in kJ/mol.
    """

    slope: float
    error: float
    fluctuation: float


@dataclass(frozen=True)
class Run:
    """A simulation at constant energy.

    Attributes
    ----------
    target : Target
    steps : int
    time_step : float, ps
    kernels : list of str
        The kernels of the corrections in the System as it is, without force groups of their own.
    without, with_ : Drift
    """

    target: Target
    steps: int
    time_step: float
    kernels: list[str]
    without: Drift
    with_: Drift


def without_baths(system: openmm.System) -> openmm.System:
    """Copy a System without thermostats, barostats and the removal of momentum."""
    result = copy.deepcopy(system)
    for index in reversed(range(result.getNumForces())):
        if any(bath in result.getForce(index).__class__.__name__ for bath in BATHS):
            result.removeForce(index)
    return result


def degrees_of_freedom(system: openmm.System) -> int:
    """The degrees of freedom of the particles that move, less those that constraints take."""
    masses = np.array([system.getParticleMass(i)._value for i in range(system.getNumParticles())])
    constrained = [system.getConstraintParameters(i)[:2] for i in range(system.getNumConstraints())]
    return 3 * int((masses > 0).sum()) - sum(masses[i] > 0 or masses[j] > 0 for i, j in constrained)


def check_conservation(
    subject: Subject,
    plain: openmm.System,
    positions: NDArray[np.float64],
    target: Target,
    steps: int,
    time_step: float,
    progress: Callable[[str], None],
) -> tuple[Run | None, list[Result]]:
    """Simulate a System at constant energy with and without its corrections, and compare the drifts of the energy.

    Parameters
    ----------
    subject : Subject
    plain : openmm.System
        The System without its corrections.
    positions : ndarray, shape (n_particles, 3), nm
        A minimum of the energy.
    target : Target
    steps : int
    time_step : float, ps
    progress : callable
        Called with a line of text before each step.
    """
    drifts, kernels = [], []
    for system, name in ((plain, "without"), (subject.system, "with")):
        progress(f"{target}: {steps} steps at constant energy {name} corrections")
        try:
            context = _start(subject, without_baths(system), positions, target, time_step)
            kernels = [
                describe_kernel(correction.getKernelInfo(context)) for correction in corrections_of(context.getSystem())
            ]
            drifts.append(_drift(*_simulate(context, steps), degrees_of_freedom(system)))
        except openmm.OpenMMException as error:
            message = f"the simulation {name} corrections has failed: {one_line(error)}"
            return None, [_result(target, float("nan"), NEGLIGIBLE, message)]
    without, with_ = drifts
    limit = FACTOR * abs(without.slope) + 3 * float(np.hypot(without.error, with_.error)) + NEGLIGIBLE
    return Run(target, steps, time_step, kernels, without, with_), [_result(target, abs(with_.slope), limit, "")]


def _result(target: Target, value: float, limit: float, note: str) -> Result:
    return Result("System", str(target), "energy drift per degree of freedom", value, limit, "kJ/mol/ps", note)


def _start(
    subject: Subject, system: openmm.System, positions: NDArray[np.float64], target: Target, time_step: float
) -> openmm.Context:
    integrator = openmm.VerletIntegrator(time_step)
    integrator.setConstraintTolerance(1e-6)
    context = target.context(system, integrator)
    existing = dict(context.getParameters())
    for name in subject.parameters.keys() & existing.keys():
        context.setParameter(name, subject.parameters[name])
    if subject.box is not None:
        context.setPeriodicBoxVectors(*subject.box)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(TEMPERATURE * unit.kelvin, 1)
    return context


def _simulate(context: openmm.Context, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Simulate, and return times in ps and total energies in kJ/mol, after a tenth of the steps."""
    context.getIntegrator().step(steps // 10)
    interval = max(1, (steps - steps // 10) // NUM_FRAMES)
    times, energies = [], []
    for _ in range((steps - steps // 10) // interval):
        context.getIntegrator().step(interval)
        state = context.getState(energy=True)
        times.append(state.getTime()._value)
        energies.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    return np.array(times), np.array(energies)


def _drift(times: NDArray[np.float64], energies: NDArray[np.float64], freedom: int) -> Drift:
    """Fit a straight line to the total energy. The energies are correlated, which enlarges the standard error."""
    centered = times - times.mean()
    slope = (centered * energies).sum() / (centered**2).sum()
    residuals = energies - energies.mean() - slope * centered
    variance = residuals.var()
    inefficiency = 1.0
    for lag in range(1, len(times) // 2):
        correlation = (residuals[lag:] * residuals[:-lag]).mean() / max(variance, np.finfo(float).tiny)
        if not correlation > 0:
            break
        inefficiency += 2 * correlation
    error = np.sqrt(variance * inefficiency / (centered**2).sum())
    return Drift(float(slope / freedom), float(error / freedom), float(np.sqrt(variance)))
