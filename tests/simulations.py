# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulations with reporters, on any platform and precision."""

import csv
import io

import openmm
from openmm import app


def simulate(target, chains, forces, *reporters, steps=4, integrator=None):
    """A Simulation after a few steps with reporters."""
    context = target.context(chains.together(forces), integrator=integrator or openmm.VerletIntegrator(1e-5))
    return simulation_of(context, chains, *reporters, steps=steps)


def simulation_of(context, chains, *reporters, steps=0):
    """A Simulation of an existing Context, which has the platform properties of a target."""
    topology = app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    for _ in range(chains.count):
        topology.addAtom("C", app.element.carbon, residue)
    simulation = app.Simulation.__new__(app.Simulation)
    simulation.topology, simulation.system = topology, context.getSystem()
    simulation.integrator, simulation.context = context.getIntegrator(), context
    simulation.reporters, simulation._usesPBC = list(reporters), chains.box is not None
    context.setPositions(chains.positions)
    simulation.step(steps)
    return simulation


def rows_of(file):
    """The rows of a CSV file, dicts of float."""
    return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(file.getvalue()))]
