# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems shared by several test files, with their energies and forces from PyTorch, summed over pairs. They are
cached, since their computation takes longer than most tests.
"""

import functools

import architectures
import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import systems
from program_cases import MOVED, expected_of, with_derivatives

TOLERANCE = 1e-4


@functools.cache
def corrected_water(shape, switching):
    """A box or a cluster of water, where every seventh molecule is not covered.

    Returns the System, the positions, the lowering report of the force, and the result of oracle.energy_and_forces()
    with the PyTorch model.
    """
    topology, positions, box = systems.water(64, triclinic=(shape == "triclinic"))
    periodic = shape != "cluster"
    model = models.water_model(switching_distance=0.45) if switching else models.water_model()
    names = lp.assign_types(topology, models.RULES)
    names = [None if i // 3 % 7 == 6 else name for i, name in enumerate(names)]
    system = openmm.System()
    for _ in names:
        system.addParticle(12.0)
    if periodic:
        system.setDefaultPeriodicBoxVectors(*box)
    # Pairs of oxygen and hydrogen within a molecule that are not excluded are below the inner cutoff.
    exclusions = [(3 * k, 3 * k + 1) for k in range(0, len(names) // 3, 2)]
    force = model.create_force(
        names,
        nonbonded_method=lp.LearnedPairForce.CutoffPeriodic if periodic else lp.LearnedPairForce.CutoffNonPeriodic,
        tolerance=TOLERANCE,
    )
    for pair in exclusions:
        force.addExclusion(*pair)
    system.addForce(force)
    types = np.array([model.type_index(name) for name in names])
    expected = oracle.energy_and_forces(
        model.evaluate,
        positions,
        types,
        cutoff=model.cutoff,
        inner_cutoff=model.inner_cutoff,
        box=box if periodic else None,
        exclusions=exclusions,
        switching_distance=model.switching_distance,
    )
    return system, positions, force.lowering_report, expected


@functools.cache
def architecture_case(architecture):
    """A System with a program of an architecture, its positions and parameters, and the results expected by PyTorch."""
    model = architectures.load(architecture, "script")
    cloud = systems.Cloud(cutoff=model.cutoff, inner=model.inner_cutoff, seed=len(architecture.name))
    given = architectures.particles(architecture, cloud.count, seed=3, distinct=12)
    force = with_derivatives(
        cloud.excluded(model.create_force(cloud.particles(given), representation="program", evaluation="exact"))
    )
    parameters = {name: MOVED * value for name, value in model.global_parameters.items()}
    particles = (
        np.where(cloud.covered, given, -1)
        if model.features is None
        else np.where(cloud.covered[:, None], given, np.nan)
    )
    expected = expected_of(
        functools.partial(model.evaluate, **parameters),
        functools.partial(model.evaluate_derivatives, **parameters),
        cloud,
        particles,
        cutoff=model.cutoff,
        inner_cutoff=model.inner_cutoff,
        switching_distance=model.switching_distance,
    )
    return cloud.system(force), cloud.positions, parameters, expected
