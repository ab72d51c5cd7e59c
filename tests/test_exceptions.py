# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of exceptions, the pairs with a factor of their own."""

import copy

import architectures
import learnedpair as lp
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import CPU, CUDA, DOUBLE, MIXED, OPENCL, PLATFORMS, REFERENCE, assert_close, evaluate, kernels_of, on
from openmm import XmlSerializer

FACTORS = (0.5, -1.3, 0.0, 1.0, 2.0)


#: Of one feature: proportional to lam, and affine in mu, so that derivatives are differences of energies.
AFFINE = "lam*(5*exp(-6*r)+(1+mu)*q1*q2)*(1-(r/0.7)^2)^3"
LAM, MU = 0.8, 0.5


def affine(r, q1, q2):
    """The energy and dE/dr of this expression."""
    wall, charges, envelope = 5 * np.exp(-6 * r), (1 + MU) * q1[:, 0] * q2[:, 0], 1 - (r / 0.7) ** 2
    slope = -6 * wall * envelope**3 - (wall + charges) * 3 * envelope**2 * 2 * r / 0.7**2
    return LAM * (wall + charges) * envelope**3, LAM * slope


def table_case(cloud):
    table = systems.table()
    force = lp.LearnedPairForce(table)
    types = np.where(cloud.covered, np.arange(cloud.count) % 2, -1)
    force.setParticleTypes(types)
    return force, systems.table_function(table), types


def affine_case(cloud, evaluation=lp.LearnedPairForce.ExactEvaluation):
    charges = np.array([[1.2], [-0.7], [0.3]])[np.arange(cloud.count) % 3]
    original = openmm.CustomNonbondedForce(AFFINE)
    original.addPerParticleParameter("q")
    for name, value in (("lam", LAM), ("mu", MU)):
        original.addGlobalParameter(name, value)
        original.addEnergyParameterDerivative(name)
    for charge in charges:
        original.addParticle(charge)
    original.setNonbondedMethod(original.CutoffPeriodic)
    original.setCutoffDistance(0.7)
    force = lp.from_custom_nonbonded(original, tolerance=1e-6, inner_cutoff=0.15)
    force.setEvaluation(evaluation)
    force.setAllParticleFeatures(cloud.particles(charges.tolist()))
    return force, affine, np.where(cloud.covered[:, None], charges, np.nan)


def network_case(cloud):
    model = architectures.load(architectures.by_name("both_orders"), "script")
    types = np.arange(cloud.count) % 2
    force = model.create_force(cloud.particles(types.tolist()), representation="program", evaluation="exact")
    return force, model.evaluate, np.where(cloud.covered, types, -1)


#: How the pair function is made, and its placement on GPUs.
FORCES = {
    "table": (table_case, "own kernel"),
    "program": (affine_case, "own kernel"),
    "program with tables": (lambda cloud: affine_case(cloud, lp.LearnedPairForce.TableEvaluation), "own kernel"),
    "network": (network_case, "compacted pairs"),
}


def exceptions_of(cloud):
    """Pairs below the inner cutoff, across the boundary, beyond the cutoff, and of particles that are not covered; each
    with a factor.
    """
    taken = {tuple(sorted(pair)) for pair in cloud.exclusions}
    pairs = [(i, i + 1) for i in range(2, cloud.count - 1, 4)] + [(0, cloud.count - 2), (3, cloud.count - 1)]
    pairs += [(i + k, i) for i in range(0, cloud.count - 30, 3) for k in (2, 9, 23)]
    return [(*pair, FACTORS[k % 5]) for k, pair in enumerate(pairs) if tuple(sorted(pair)) not in taken]


def expected_result(function, cloud, particles, force, exceptions, allowed=None):
    """The sum over the pairs without a factor, and over those with each factor."""
    factors = {tuple(sorted(pair)): factor for *pair, factor in exceptions}
    excluded = {tuple(sorted(pair)) for pair in cloud.exclusions}
    allowed = allowed or (lambda i, j: True)
    energy, forces, below = 0.0, 0.0, 0
    for factor in {1.0, *factors.values()}:
        part = oracle.energy_and_forces(
            function,
            cloud.positions,
            particles,
            cutoff=force.getCutoffDistance()._value,
            inner_cutoff=force.getInnerCutoffDistance()._value,
            box=cloud.box,
            exclusions=excluded,
            switching_distance=force.getSwitchingDistance()._value if force.getUseSwitchingFunction() else None,
            allowed=lambda i, j, factor=factor: allowed(i, j) and factors.get((i, j), 1.0) == factor,
        )
        energy, forces = energy + factor * part[0], forces + factor * part[1]
        below += part[2] * (factor not in (0, 1))
    return energy, forces, below


def prepare(name, options=""):
    """A cloud, the force with exceptions, and the expected energy and forces."""
    cloud = systems.Cloud(60, periodic="nonperiodic" not in options, triclinic="triclinic" in options)
    force, function, particles = FORCES[name][0](cloud)
    force.setNonbondedMethod(force.CutoffNonPeriodic if cloud.box is None else force.CutoffPeriodic)
    cloud.excluded(force)
    exceptions = exceptions_of(cloud)
    for exception in exceptions:
        force.addException(*exception)
    allowed = None
    if "switching" in options:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(0.4)
    if "groups" in options:
        set1, set2 = range(0, 40), range(20, 60)
        force.addInteractionGroup(set1, set2)
        allowed = lambda i, j: (i in set1 and j in set2) or (j in set1 and i in set2)  # noqa: E731
    energy, forces, below = expected_result(function, cloud, particles, force, exceptions, allowed)
    assert below >= 3
    scale = 1.0
    if "scale" in options:
        scale = 0.7
        force.setScaleParameter("s", scale)
        force.addEnergyParameterDerivative("s")
    return cloud, force, scale * energy, scale * forces


def derivatives_of(context):
    state = context.getState(energy=True, parameterDerivatives=True)
    return dict(state.getEnergyParameterDerivatives())


CASES = [
    *[("table", options, [REFERENCE, CPU]) for options in ("", "triclinic", "nonperiodic", "switching")],
    ("table", "switching, groups, scale", [*PLATFORMS, DOUBLE[0]]),
    ("table", "nonperiodic, groups", [CPU, CUDA]),
    ("program", "switching", [REFERENCE, CPU, CUDA]),
    ("program", "scale", [REFERENCE, CPU, OPENCL, DOUBLE[1]]),
    ("program with tables", "groups, scale", PLATFORMS),
    ("network", "", [REFERENCE, CPU, OPENCL, *MIXED[1:]]),
    ("network", "groups, scale", [OPENCL, CUDA]),
]


@pytest.mark.parametrize(
    "target, name, options",
    [(target, name, options) for name, options, targets in CASES for target in targets],
    indirect=["target"],
    ids=str,
)
def test_exceptions_equal_an_explicit_sum(target, name, options):
    cloud, force, energy, forces = prepare(name, options)
    system = cloud.system(force)
    context = target.context(system, cloud.positions)
    target.assert_agrees(*evaluate(context), energy, forces)
    if target.on_gpus:
        (kernel,) = kernels_of(system, context)
        assert kernel.startswith("compacted pairs") == (name == "network")
    derivatives = derivatives_of(context)
    tolerance = dict(rtol=max(1e-4, target.energy_tolerance), atol=1e-4) if not target.exact else dict(rtol=1e-9)
    if "scale" in options:
        assert_close(derivatives["s"], energy / 0.7, **tolerance)
    if "program" in name:
        assert_close(derivatives["lam"], energy / LAM, **tolerance)
        reference = REFERENCE.context(system, cloud.positions)
        energies = []
        for mu in (0.4, 0.6):
            reference.setParameter("mu", mu)
            energies.append(evaluate(reference)[0])
        assert_close(derivatives["mu"], (energies[1] - energies[0]) / 0.2, **tolerance)


@on([REFERENCE, CPU, OPENCL, CUDA])
@pytest.mark.parametrize("name", ["table", "network"])
def test_an_update_changes_factors(target, name):
    cloud, force, *before = prepare(name)
    system = cloud.system(force)
    force = lp.LearnedPairForce.cast(system.getForce(0))
    context = target.context(system, cloud.positions)
    target.assert_agrees(*evaluate(context), *before)
    for k in range(force.getNumExceptions()):
        i, j, _ = force.getExceptionParameters(k)
        force.setExceptionParameters(k, i, j, FACTORS[(k + 1) % 5])
    force.updateParametersInContext(context)
    found, expected = evaluate(context), evaluate(REFERENCE.context(system, cloud.positions))
    assert np.abs(expected[1] - before[1]).max() > 1
    target.assert_agrees(*found, *expected)


def test_an_update_cannot_change_the_particles():
    cloud, force, *_ = prepare("table")
    system = cloud.system(force)
    force = lp.LearnedPairForce.cast(system.getForce(0))
    context = REFERENCE.context(system, cloud.positions)
    force.setExceptionParameters(0, 50, 59, 1.0)
    with pytest.raises(openmm.OpenMMException, match="cannot change the exclusions, or the particles of the exception"):
        force.updateParametersInContext(context)


def test_factors_of_zero_and_one_are_an_exclusion_and_nothing():
    cloud = systems.Cloud(40)
    with_exceptions, excluded = (table_case(cloud)[0] for _ in range(2))
    for i in range(0, 38, 2):
        with_exceptions.addException(i, i + 1, 0.0)
        excluded.addExclusion(i, i + 1)
        with_exceptions.addException(i, i + 2, 1.0)
    first, second = (evaluate(REFERENCE.context(cloud.system(f), cloud.positions)) for f in (with_exceptions, excluded))
    assert_close(first[0], second[0], rtol=1e-13)
    assert_close(first[1], second[1], atol=1e-12 * np.abs(second[1]).max())


# The Force.


def test_xml_and_copies_keep_exceptions():
    _, force, *_ = prepare("table", "scale")
    xml = XmlSerializer.serialize(force)
    for other in (XmlSerializer.deserialize(xml), copy.deepcopy(force)):
        other = lp.LearnedPairForce.cast(other)
        assert other.getNumExceptions() == force.getNumExceptions() > 10
        for k in range(force.getNumExceptions()):
            assert other.getExceptionParameters(k) == force.getExceptionParameters(k)
        assert XmlSerializer.serialize(other) == xml


@pytest.mark.parametrize(
    "before, after",
    [
        ('count="42"', 'count="41"'),
        ('count="42"', 'count="-1"'),
        ('pairs="2 3 ', 'pairs="2 '),
        ('factors="', 'factors="!'),
    ],
)
def test_damaged_xml_is_refused(before, after):
    _, force, *_ = prepare("table")
    head, exceptions = XmlSerializer.serialize(force).split("<Exceptions")
    assert exceptions.count(before) == 1
    with pytest.raises(openmm.OpenMMException, match="LearnedPairForce"):
        XmlSerializer.deserialize(f"{head}<Exceptions{exceptions.replace(before, after)}")


MISTAKES = {
    "exception and exclusion": (
        lambda force: (force.addExclusion(4, 2), force.addException(2, 4, 0.5)),
        "exception 0 repeats the particles 2 and 4 of exclusion 0; exclude each pair once, or give it one factor",
    ),
    "repeated": (
        lambda force: (force.addException(1, 2, 0.5), force.addException(2, 1, 0.5)),
        "exception 1 repeats the particles 2 and 1 of exception 0",
    ),
    "particle too large": (
        lambda force: force.addException(1, 60, 0.5),
        "exception 0 names particle 60; it must be between 0 and 59",
    ),
    "negative particle": (lambda force: force.addException(-1, 2, 0.5), "exception 0 names particle -1"),
    "the same particle": (
        lambda force: (force.addException(1, 2, 0.5), force.addException(7, 7, 0.5)),
        "exception 1 names particle 7 twice; a particle never interacts with itself",
    ),
    "not a number": (lambda force: force.addException(1, 2, np.nan), "exception 0 has the factor nan; it must be"),
    "infinite": (lambda force: force.addException(1, 2, -np.inf), "exception 0 has the factor -inf; it must be"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_when_a_context_is_created(mistake):
    change, message = MISTAKES[mistake]
    cloud = systems.Cloud(60)
    force, *_ = table_case(cloud)
    change(force)
    with pytest.raises(openmm.OpenMMException, match=f"LearnedPairForce: {message}"):
        REFERENCE.context(cloud.system(force))


def test_wrong_arguments_are_refused():
    force = lp.LearnedPairForce(systems.table())
    with pytest.raises(TypeError, match="LearnedPairForce.addException"):
        force.addException(0.5, 1, 1.0)
    with pytest.raises(TypeError, match="LearnedPairForce.addException: the factor"):
        force.addException(0, 1, "half")
    assert force.addException(0, 1, 0.5) == 0
    for call in (lambda: force.getExceptionParameters(1), lambda: force.setExceptionParameters(-1, 0, 1, 0.5)):
        with pytest.raises((openmm.OpenMMException, IndexError, ValueError), match=r"(?i)exception"):
            call()


# Kernels on GPUs, and the order of particles.


@pytest.mark.parametrize("kernel", ["shared kernel", "own kernel"])
@on([OPENCL, CUDA])
def test_the_kernel_is_shared_if_the_pairs_are_those_of_the_nonbonded_force(target, kernel):
    """Exclusions and exceptions together must be its exceptions."""
    chains = systems.Chains(molecules=27)
    force = chains.learned(exclusions=chains.bonds)
    for i, j in set(chains.molecule_pairs) - set(chains.bonds):
        force.addException(j, i, 0.5)
    if kernel == "own kernel":
        force.addException(0, 3, 0.5)
    system = chains.together([chains.nonbonded(group=1), force])
    context = target.context(system, chains.positions)
    assert kernels_of(system, context) == [kernel]
    expected = evaluate(REFERENCE.context(chains.together([force]), chains.positions))
    target.assert_agrees(*evaluate(context, groups={0}), *expected)


@on([OPENCL, CUDA])
def test_molecules_with_different_factors_are_not_exchanged(target):
    """OpenMM sorts identical molecules by their places. Neighbors in space are far apart in this System's order."""
    count, edge = 64, 2.4
    random = np.random.default_rng(2)
    sites = np.stack(np.meshgrid(*[np.arange(4)] * 3), -1).reshape(-1, 3) * edge / 4
    sites = random.permutation(sites) + random.uniform(0, 0.1, (count, 3))
    positions = np.stack([sites, sites + [0.22, 0, 0]], axis=1).reshape(-1, 3)
    force, bonds, system = lp.LearnedPairForce(systems.table()), openmm.HarmonicBondForce(), openmm.System()
    force.setParticleTypes(np.zeros(2 * count, dtype=int))
    system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    for i in range(0, 2 * count, 2):
        force.addException(i, i + 1, -2.0 if i < count else 3.0)
        bonds.addBond(i, i + 1, 0.22, 20000.0)
    for _ in range(2 * count):
        system.addParticle(12.0)
    system.addForce(force)
    system.addForce(bonds)
    context = target.context(system, positions, openmm.VerletIntegrator(0.001))
    context.setVelocitiesToTemperature(300, 1)
    context.getIntegrator().step(300)  # particles are sorted at first, and after 250 steps
    final = context.getState(positions=True).getPositions(asNumpy=True)._value
    assert np.abs(final - positions).max() > 0.05
    target.assert_agrees(*evaluate(context), *evaluate(REFERENCE.context(system, final)))


def test_the_order_of_the_particles_of_an_exception_does_not_matter_in_an_update():
    table = lp.PairTable(1, 0.1, 0.9, [[1.0, 0.0]], [[-1.25, -1.25]], [0])
    force, system = lp.LearnedPairForce(table), openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
        force.addParticle(0)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    force.addException(0, 1, 0.5)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions([[0, 0, 0], [0.5, 0, 0]])
    assert_close(context.getState(energy=True).getPotentialEnergy()._value, 0.25)
    force.setExceptionParameters(0, 1, 0, 3.0)
    force.updateParametersInContext(context)
    assert_close(context.getState(energy=True).getPotentialEnergy()._value, 1.5)


@pytest.mark.parametrize("at_once", [False, True])
def test_exceptions_replace_exclusions_and_exceptions(at_once):
    force = lp.LearnedPairForce(lp.PairTable(1, 0.1, 0.9, [[1.0, 0.0]], [[-1.25, -1.25]], [0]))
    force.addExclusions([(0, 1), (3, 2), (4, 5), (6, 7)])
    force.addException(8, 9, 2.0)
    if at_once:
        force.addExceptions([(2, 3), (9, 8), (10, 11), (6, 7)], [0.5, 0.25, 1.0, -1.0], replace=True)
    else:
        indices = [force.addException(*arguments, replace=True) for arguments in ((2, 3, 0.5), (9, 8, 0.25))]
        indices += [force.addException(*arguments, replace=True) for arguments in ((10, 11, 1.0), (6, 7, -1.0))]
        assert indices == [1, 0, 2, 3]
    exclusions = [tuple(force.getExclusionParticles(k)) for k in range(force.getNumExclusions())]
    assert exclusions == [(0, 1), (4, 5)]
    exceptions = [force.getExceptionParameters(k) for k in range(force.getNumExceptions())]
    assert exceptions == [(8, 9, 0.25), (2, 3, 0.5), (10, 11, 1.0), (6, 7, -1.0)]


def test_many_exceptions_at_once():
    force = lp.LearnedPairForce(lp.PairTable(1, 0.1, 0.9, [[1.0, 0.0]], [[-1.25, -1.25]], [0]))
    force.addExceptions([(0, 1), (2, 3)], 0.5)
    force.addExceptions(np.array([[4, 5], [6, 7]]), [0.0, -2])
    found = [force.getExceptionParameters(k) for k in range(force.getNumExceptions())]
    assert found == [(0, 1, 0.5), (2, 3, 0.5), (4, 5, 0.0), (6, 7, -2.0)]
    for factors in ([1.0, 2.0, 3.0], [1.0], "x", [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="expected a number, or one for each of 2 pairs"):
            force.addExceptions([(0, 1), (2, 3)], factors)
