# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""CustomNonbondedForces for tests of their conversion, on a few particles in a periodic box."""

import learnedpair as lp
import numpy as np
import openmm
from comparators import REFERENCE, observe
from openmm import XmlSerializer

#: All pairs are farther apart than 0.34 nm, and the edge of the box is longer than twice CUTOFF.
COUNT, EDGE, CUTOFF = 27, 1.5, 0.7
LENNARD_JONES = "4*epsilon*((sigma/r)^12-(sigma/r)^6); sigma=(sigma1+sigma2)/2; epsilon=sqrt(epsilon1*epsilon2)"
ATOMS = {"sigma": [0.3, 0.25, 0.2], "epsilon": [0.6, 0.3, 0.2]}
SOFT_CORE = (
    "4*lam*epsilon*x*(x-1); x=1/(0.5*(1-lam)+(r/sigma)^6); sigma=(sigma1+sigma2)/2; epsilon=sqrt(epsilon1*epsilon2)"
)


def positions(count=COUNT, edge=EDGE, seed=1):
    """A jittered simple cubic lattice, in nm."""
    side = int(np.ceil(count ** (1 / 3)))
    sites = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), -1).reshape(-1, 3)[:count]
    return (sites + 0.5) * edge / side + np.random.default_rng(seed).uniform(-0.08, 0.08, (count, 3))


def make_force(
    expression, particles=None, parameters=None, functions=None, computed=None, derivatives=(), groups=(), count=COUNT
):
    """A periodic CustomNonbondedForce. Particle i has value i of each list of ``particles``, which are repeated."""
    force = openmm.CustomNonbondedForce(expression)
    particles = particles or {}
    for name in particles:
        force.addPerParticleParameter(name)
    for name, value in (parameters or {}).items():
        force.addGlobalParameter(name, value)
    for name, function in (functions or {}).items():
        force.addTabulatedFunction(name, function)
    for name, value in (computed or {}).items():
        force.addComputedValue(name, value)
    for name in derivatives:
        force.addEnergyParameterDerivative(name)
    for set1, set2 in groups:
        force.addInteractionGroup(set1, set2)
    for i in range(count):
        force.addParticle([values[i % len(values)] for values in particles.values()])
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    return force


def make_system(force, count=COUNT, edge=EDGE):
    """A System with a copy of the force."""
    system = openmm.System()
    for _ in range(count):
        system.addParticle(12.0)
    system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    system.addForce(XmlSerializer.clone(force))
    return system


def in_context(force, target=REFERENCE, parameters=(), count=COUNT, edge=EDGE):
    """The force in a System of its own, and a Context. A LearnedPairForce is returned as one."""
    system = make_system(force, count, edge)
    context = target.context(system, positions(count, edge))
    for name, value in dict(parameters).items():
        context.setParameter(name, value)
    inside = system.getForce(0)
    return lp.LearnedPairForce.cast(inside) if lp.LearnedPairForce.is_learned_pair_force(inside) else inside, context


def result(force, target=REFERENCE, parameters=(), **size):
    """Energy, forces, and derivatives by parameters."""
    return observe(in_context(force, target, parameters, **size)[1])


def exactly(force):
    """A copy that is evaluated exactly on all platforms."""
    force = lp.LearnedPairForce.cast(XmlSerializer.clone(force))
    force.setEvaluation(force.ExactEvaluation)
    return force


def assert_same_on_reference(found, expected, what="", names=None):
    """Require energies to agree within 1e-12 of the larger one of the energy and the forces times 0.1 nm, forces
    within 1e-11 of the largest force, and derivatives by parameters within 1e-10.
    """
    largest = np.abs(expected[1]).max()
    assert np.isfinite(expected[0]) and np.isfinite(largest), what
    allowed = 1e-12 * max(abs(expected[0]), 0.1 * largest) + 1e-14
    assert abs(found[0] - expected[0]) <= allowed, f"{what}: energy {found[0]!r}, expected {expected[0]!r}"
    error = np.abs(found[1] - expected[1]).max()
    assert error <= 1e-11 * largest + 1e-13, f"{what}: force error {error:.3g}, largest force {largest:.3g}"
    for name in found[2] if names is None else names:
        allowed = 1e-10 * (abs(expected[2][name]) + abs(expected[0]))
        assert abs(found[2][name] - expected[2][name]) <= allowed, f"{what}: derivative by {name}"
