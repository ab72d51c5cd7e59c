# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulations of water, and of methane in water with the correction at some scale."""

import time
from dataclasses import dataclass

import learnedpair as lp
import numpy as np
from force_field import TIME_STEP, get_frame, make_box, make_simulation
from insertion import insert, interactions

TEMPERATURE = 298.15  # K
NUM_WATERS = 260
SCALE = "scale_of_correction"
#: The scales of the correction at which methane in water is simulated: 0 is the force field alone, 1 the corrected
#: force field, and 0.5 a state between them for thermodynamic integration.
SCALES = (0.0, 0.5, 1.0)
EDGES = np.linspace(0.25, 0.9, 131)  # nm, of the bins of the C-O distance


@dataclass(frozen=True)
class Lengths:
    """How much is computed: the simulated times and the times between samples, in ps, and the numbers of insertions."""

    equilibration: float
    water: float
    solution: float
    between_insertions: float
    between_samples: float
    num_points: int
    num_orientations: int


@dataclass(frozen=True)
class Samples:
    """The samples of a simulation of methane in water. All arrays have one row for each sample.

    Attributes
    ----------
    energy : ndarray, kJ/mol
        The energy between methane and all waters by OPLS-AA/TIP3P, without the long-range correction.
    correction : ndarray, kJ/mol
        The energy of the correction at scale 1, computed by the plugin.
    tabulated : ndarray, kJ/mol
        The energy of the correction at scale 1, computed with the tables that the insertions use.
    counts : ndarray, shape (n, bins)
        The number of C-O distances in each bin.
    waters : ndarray, shape (n, M, 3, 3), nm
        The positions of the atoms of each water relative to the carbon, as whole molecules at the nearest image.
    volume : ndarray, nm^3
    """

    energy: np.ndarray
    correction: np.ndarray
    tabulated: np.ndarray
    counts: np.ndarray
    waters: np.ndarray
    volume: np.ndarray


def sample_water(lengths, seed, path):
    """Simulate water at constant pressure, or read an earlier simulation with the same settings.

    The snapshots do not depend on the correction: after a change of the fit they can be used again.

    Returns
    -------
    waters : ndarray, shape (n, M, 3, 3), nm
    edges : ndarray, shape (n,), nm
        Of the cubic box.
    seconds : float
        The time that the simulation took.
    """
    settings = np.array(
        [NUM_WATERS, TEMPERATURE, lengths.equilibration, lengths.water, lengths.between_insertions, seed]
    )
    if path.exists():
        with np.load(path) as file:
            if np.array_equal(file["settings"], settings):
                print(f"the snapshots of water are those of {path}")
                return file["waters"], file["edges"], float(file["seconds"])
    start = time.process_time()
    simulation = make_simulation(*make_box(NUM_WATERS, methane=False), TEMPERATURE, seed, lengths.equilibration)
    frames = []
    for _ in range(round(lengths.water / lengths.between_insertions)):
        simulation.step(round(lengths.between_insertions / TIME_STEP))
        frames.append(get_frame(simulation))
    waters = np.array([positions.reshape(-1, 3, 3) for positions, _ in frames])
    edges, seconds = np.array([edge for _, edge in frames]), time.process_time() - start
    np.savez_compressed(path, waters=waters.astype(np.float32), edges=edges, seconds=seconds, settings=settings)
    return waters, edges, seconds


def insert_into_water(waters, edges, tables, lengths, seed):
    """Insert methane into snapshots of water; returns a list of Insertions."""
    random = np.random.default_rng(seed)
    return [
        insert(each, edge, tables, lengths.num_points, lengths.num_orientations, random)
        for each, edge in zip(waters, edges)
    ]


def simulate(lengths, model, tables, scale, seed, domain_file=None):
    """Simulate methane in water with the correction at some scale.

    Parameters
    ----------
    lengths : Lengths
    model : PairModel or path
    tables : dict
        See make_tables().
    scale : float
        The factor of the correction: 0 is OPLS-AA/TIP3P.
    seed : int
    domain_file : path, optional
        The file of a DomainReporter, which looks at every sample.

    Returns
    -------
    Samples
    """
    system, topology, positions = make_box(NUM_WATERS)
    force = lp.add_correction(system, topology, model, between=[("CH4:*", "HOH:*")], scale=SCALE)
    force.addEnergyParameterDerivative(SCALE)
    force.setScaleParameter(SCALE, scale)
    simulation = make_simulation(system, topology, positions, TEMPERATURE, seed, lengths.equilibration)
    steps = round(lengths.between_samples / TIME_STEP)
    if domain_file is not None:
        simulation.reporters.append(lp.DomainReporter(domain_file, steps))
    rows = []
    for _ in range(round(lengths.solution / lengths.between_samples)):
        simulation.step(steps)
        state = simulation.context.getState(parameterDerivatives=True)
        positions, edge = get_frame(simulation)
        waters = positions[5:].reshape(-1, 3, 3) - positions[0]
        waters -= edge * np.round(waters[:, :1] / edge)
        sites = (positions[:5] - positions[0])[None, None]
        _, energies, tabulated = interactions(np.zeros((1, 3)), sites, waters, edge, tables)
        counts = np.histogram(np.linalg.norm(waters[:, 0], axis=1), EDGES)[0]
        correction = state.getEnergyParameterDerivatives()[SCALE]
        rows.append((energies[0, 0], correction, tabulated[0, 0], counts, waters, edge**3))
    return Samples(*map(np.array, zip(*rows)))


def radial_distribution(counts, volumes):
    """g(r) of C-O from the counts of samples, shape (samples, bins)."""
    shells = 4 / 3 * np.pi * (EDGES[1:] ** 3 - EDGES[:-1] ** 3)
    return counts.mean(axis=0) / (shells * np.mean(NUM_WATERS / volumes))
