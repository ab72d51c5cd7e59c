# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Liquid argon with the mean of a committee: the spread of its forces, and their true errors."""

import csv
from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
from liquid import TEMPERATURE, TIME_STEP, box_of_argon, lattice
from openmm import app

INTERVAL = 50  # steps between two samples
PLATFORM, PROPERTIES = openmm.Platform.getPlatform("CPU"), {"Threads": "1"}


@dataclass(frozen=True)
class Found:
    """What the samples of a round show, with forces on atoms in kJ/mol/nm.

    Attributes
    ----------
    force : float
        The root mean square of the force of the reference method.
    spread, largest_spread : float
        The root mean square over atoms and samples of the spread of the force, and the largest one.
    error, largest_error : float
        The same for the true error of the committee's mean, the length of its difference from the reference.
    energy_error : float, kJ/mol
        The mean true error of the energy per atom.
    """

    force: float
    spread: float
    largest_spread: float
    error: float
    largest_error: float
    energy_error: float


def simulate(committee, reference, lengths, seed, limit, files):
    """Simulate liquid argon, and look at the forces of the committee.

    Parameters
    ----------
    committee : CommitteeModel
    reference : PairModel
    lengths : Lengths
    seed : int
    limit : float, kJ/mol/nm
        Samples with a larger spread are candidates.
    files : (path, path)
        The CSV file and the candidates of the CommitteeReporter.

    Returns
    -------
    Found
    """
    system, topology = box_of_argon(lengths, committee)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    simulation = app.Simulation(topology, system, integrator, PLATFORM, PROPERTIES)
    simulation.context.setPositions(lattice(lengths))
    simulation.context.setVelocitiesToTemperature(300.0, seed)
    simulation.step(round(lengths.melting / TIME_STEP))
    integrator.setTemperature(TEMPERATURE)
    simulation.step(round(lengths.equilibration / TIME_STEP))
    simulation.reporters.append(
        lp.CommitteeReporter(files[0], INTERVAL, committee, select=(limit, np.inf), candidates=files[1])
    )
    contexts = [context_of(model, lengths) for model in (committee, reference)]
    force_errors, forces, energy_errors = [], [], []
    for _ in range(round(lengths.sampling / TIME_STEP / INTERVAL)):
        simulation.step(INTERVAL)
        positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)
        (energy, force), (exact_energy, exact_force) = (evaluate(context, positions) for context in contexts)
        force_errors.append(np.linalg.norm(force - exact_force, axis=1))
        forces.append(np.linalg.norm(exact_force, axis=1))
        energy_errors.append((energy - exact_energy) / lengths.num_atoms)
    with open(files[0], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rms, largest = (
        np.array([float(row[f"{kind} spread of F (kJ/mol/nm)"]) for row in rows]) for kind in ("RMS", "max")
    )
    return Found(
        force=root_mean_square(forces),
        spread=root_mean_square(rms),
        largest_spread=float(largest.max()),
        error=root_mean_square(force_errors),
        largest_error=float(np.max(force_errors)),
        energy_error=float(np.mean(energy_errors)),
    )


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def context_of(model, lengths):
    """A Context of Lennard-Jones argon with a correction."""
    system, _ = box_of_argon(lengths, model)
    return openmm.Context(system, openmm.VerletIntegrator(TIME_STEP), PLATFORM, PROPERTIES)


def evaluate(context, positions):
    """The energy and the forces."""
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value
