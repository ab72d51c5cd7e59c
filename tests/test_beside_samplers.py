# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that a correction works with OpenMM's barostats, integrators, samplers, and forces that hold other forces.

The same System is made twice: with a LearnedPairForce, and with a CustomNonbondedForce of the same function. Both
must move alike. test_dynamics.py tests MonteCarloBarostat with multiple time steps, test_beside_other_forces.py
implicit solvent, and test_system_sources.py AMOEBA, Drude particles and TIP4P.
"""

import copy
import multiprocessing

import learnedpair as lp
import numpy as np
import openmm
import pytest
import spawned
import systems
from comparators import CPU, OPENCL, REFERENCE, assert_close, evaluate, on
from documentation import python_code
from openmm import app, unit

PAGE = "docs/user/beside-openmm.md"
CUTOFF, INNER = 0.6, 0.05
#: A soft repulsion that ends smoothly at the cutoff, in kJ/mol.
EXPRESSION = "30*(1-(r/0.6)^2)^3"
CHAINS = systems.Chains(molecules=27)
#: CUDA shares the code with OpenCL. Its emulator would take minutes for these.
TARGETS = [REFERENCE, CPU, OPENCL]


def soft_table():
    r = np.linspace(INNER, CUTOFF, 801)
    x = 1 - (r / CUTOFF) ** 2
    return lp.PairTable(1, INNER, CUTOFF, [30 * x**3], [-180 * r / CUTOFF**2 * x**2], [0])


def learned(scale=None):
    force = lp.LearnedPairForce(soft_table())
    force.setParticleTypes(np.zeros(CHAINS.count, dtype=int))
    if scale:
        force.setScaleParameter(scale, 1.0)
    return _finished(force)


def custom(scale=None):
    force = openmm.CustomNonbondedForce(f"{scale}*{EXPRESSION}" if scale else EXPRESSION)
    if scale:
        force.addGlobalParameter(scale, 1.0)
    for _ in range(CHAINS.count):
        force.addParticle([])
    return _finished(force)


def _finished(force):
    for pair in CHAINS.molecule_pairs:
        force.addExclusion(*pair)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    return force


def system_of(*forces):
    """The chains with bonds and the given forces. Nothing is deleted with the arguments: the System gets copies."""
    system = CHAINS.system()
    for force in (CHAINS.bonded(0), *forces):
        system.addForce(copy.deepcopy(force))
    return system


def test_the_two_forces_are_equal():
    ours, theirs = (evaluate(REFERENCE.context(system_of(make()), CHAINS.positions)) for make in (learned, custom))
    assert_close(ours[0], theirs[0], rtol=1e-8)
    assert_close(ours[1], theirs[1], rtol=1e-6, atol=1e-4)
    assert np.abs(ours[1]).max() > 10


BAROSTATS = {
    "isotropic": lambda: openmm.MonteCarloBarostat(500, 300, 1),
    "anisotropic": lambda: openmm.MonteCarloAnisotropicBarostat(openmm.Vec3(100, 500, 900), 300, True, True, True, 1),
    "membrane": lambda: openmm.MonteCarloMembraneBarostat(
        500, 20, 300, openmm.MonteCarloMembraneBarostat.XYIsotropic, openmm.MonteCarloMembraneBarostat.ZFree, 1
    ),
    "flexible": lambda: openmm.MonteCarloFlexibleBarostat(500, 300, 1),
}


def numbers(pressure):
    """A pressure, a Vec3 or a tensor of them, as an array in bar."""
    return np.array([[*row] if hasattr(row, "__len__") else [row] for row in np.atleast_1d(np.array(pressure._value))])


@pytest.mark.parametrize("kind", BAROSTATS)
@on(TARGETS)
def test_pressure_is_that_of_an_equal_force(target, kind):
    pressures = []
    for make, where in ((learned, target), (custom, REFERENCE)):
        system = system_of(make())
        system.addForce(BAROSTATS[kind]())
        barostat = system.getForce(system.getNumForces() - 1)
        context = where.context(system, CHAINS.positions)
        context.setVelocities(np.zeros((CHAINS.count, 3)))  # the pressure without motion
        pressures.append(numbers(barostat.computeCurrentPressure(context)))
    assert np.abs(pressures[1]).max() > 1e4
    # OpenMM takes the difference of two energies.
    assert_close(pressures[0], pressures[1], rtol=1e-5 if target.exact else 2e-3, atol=0.1)


@pytest.mark.parametrize("kind", BAROSTATS)
@on(TARGETS)
def test_barostats_change_the_box_and_energies_stay_right(target, kind):
    system = system_of(learned())
    system.addForce(systems.seeded(BAROSTATS[kind]()))
    context = target.context(system, CHAINS.positions, openmm.VerletIntegrator(0.001))
    context.getIntegrator().step(20)
    state = context.getState(positions=True)
    assert np.abs(state.getPeriodicBoxVectors(asNumpy=True)._value - CHAINS.box).max() > 1e-4
    reference = REFERENCE.context(system_of(custom()))
    reference.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
    reference.setPositions(state.getPositions())
    tolerance = 1e-6 if target.exact else 2e-5
    assert_close(evaluate(context)[0], evaluate(reference)[0], rtol=tolerance, atol=1e-3)


def quantum_bath():
    integrator = openmm.QTBIntegrator(300, 5, 0.001)
    integrator.setSegmentLength(0.02)  # for segments of 1 ps, the default, a Context takes more than a minute
    return integrator


INTEGRATORS = {
    "NoseHooverIntegrator": lambda: openmm.NoseHooverIntegrator(300, 10, 0.001),
    "MTSIntegrator": lambda: openmm.MTSIntegrator(0.002, [(1, 1), (0, 2)]),
    "QTBIntegrator": quantum_bath,
    "DPDIntegrator": lambda: openmm.DPDIntegrator(300, 5, 0.6, 0.001),
}


def moved(target, make, kind, steps=10):
    """Positions after some steps, with the force in group 1. Random numbers are those of seed 1."""
    force = make()
    force.setForceGroup(1)
    integrator = INTEGRATORS[kind]()
    if hasattr(integrator, "setRandomNumberSeed"):
        systems.seeded(integrator)
    context = target.context(system_of(force), CHAINS.positions, integrator)
    context.setVelocitiesToTemperature(300, 1)
    integrator.step(steps)
    return context.getState(positions=True).getPositions(asNumpy=True)._value


@pytest.mark.parametrize(
    "target, kind",
    # QTBIntegrator takes ten seconds to make on PoCL.
    [(target, kind) for target in TARGETS for kind in INTEGRATORS if (target, kind) != (OPENCL, "QTBIntegrator")],
    indirect=["target"],
    ids=str,
)
def test_integrators_move_as_with_an_equal_force(target, kind):
    ours, theirs = (moved(target, make, kind) for make in (learned, custom))
    without = moved(target, lambda: openmm.CustomExternalForce("0*x"), kind)
    assert np.abs(ours - without).max() > 1e-4
    assert_close(ours, theirs, atol=1e-8 if target.exact else 1e-5)


@on([REFERENCE, OPENCL])
def test_ring_polymers_move_as_with_an_equal_force(target):
    """RPMDIntegrator, with the correction evaluated for one contracted copy."""
    results = []
    for make in (learned, custom):
        force = make()
        force.setForceGroup(1)
        integrator = systems.seeded(openmm.RPMDIntegrator(4, 300, 1, 0.0005, {1: 1}))
        context = target.context(system_of(force), CHAINS.positions, integrator)
        for bead in range(4):
            integrator.setPositions(bead, CHAINS.positions + 0.001 * bead)
            integrator.setVelocities(bead, np.zeros((CHAINS.count, 3)))
        integrator.step(5)
        states = [integrator.getState(bead, getPositions=True) for bead in range(4)]
        results.append([state.getPositions(asNumpy=True)._value for state in states])
        del context
    assert np.abs(np.array(results[0]) - CHAINS.positions).max() > 1e-3
    assert_close(results[0], results[1], atol=1e-8 if target.exact else 1e-5)


def simulation_of(target, system, integrator):
    topology = app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    for _ in range(CHAINS.count):
        topology.addAtom("C", app.element.carbon, residue)
    properties = {} if target.precision is None else {"Precision": target.precision}
    platform = openmm.Platform.getPlatform(target.name)
    simulation = app.Simulation(topology, system, integrator, platform, properties)
    simulation.context.setPositions(CHAINS.positions)
    return simulation


def energy_at(positions, value):
    context = REFERENCE.context(system_of(custom("lam")), positions)
    context.setParameter("lam", value)
    return evaluate(context)[0]


LADDER = [0.0, 0.4, 1.0]


@on(TARGETS)
def test_replica_exchange_over_a_scale(target):
    integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 5, 0.001))
    simulation = simulation_of(target, system_of(learned("lam")), integrator)
    sampler = app.ReplicaExchangeSampler([{"lam": value} for value in LADDER], simulation, 2)
    sampler.simulate(2)
    for replica, state in enumerate(sampler.replicaConformation):
        expected = [energy_at(state.getPositions(), value) for value in LADDER]
        actual = [energy.value_in_unit(unit.kilojoule_per_mole) for energy in sampler.replicaStateEnergy[replica]]
        assert abs(expected[2] - expected[0]) > 100
        assert_close(actual, expected, rtol=2e-5, atol=1e-3)


@on(TARGETS)
def test_expanded_ensemble_over_a_scale(target):
    integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 5, 0.001))
    simulation = simulation_of(target, system_of(learned("lam")), integrator)
    sampler = app.ExpandedEnsembleSampler([{"lam": value} for value in LADDER], simulation, 2, weights=[0.0] * 3)
    sampler.step(4)
    state = simulation.context.getState(positions=True, energy=True, parameters=True)
    assert state.getParameters()["lam"] == LADDER[sampler.currentStateIndex]
    reduced = sampler.attemptStateChange(state)
    expected = np.array([energy_at(state.getPositions(), value) for value in LADDER])
    per_kt = 1 / (unit.MOLAR_GAS_CONSTANT_R * 300 * unit.kelvin).value_in_unit(unit.kilojoule_per_mole)
    assert_close(np.diff(reduced), np.diff(expected) * per_kt, rtol=1e-4)


def test_samplers_with_force_groups_move_all_replicas_under_all_groups():
    """Why a ladder needs scale=: the state without group 1 is moved by the force in group 1."""
    force = learned()
    force.setForceGroup(1)
    simulation = simulation_of(REFERENCE, system_of(force), openmm.LangevinMiddleIntegrator(300, 0, 0.001))
    sampler = app.ReplicaExchangeSampler([{"groups": {0}}, {"groups": {0, 1}}], simulation, 5)
    positions = []
    for replica in range(2):
        sampler.simulateReplica(replica)
        positions.append(sampler.replicaConformation[replica].getPositions(asNumpy=True)._value)
    assert_close(positions[0], positions[1], atol=1e-12)
    without = simulation_of(REFERENCE, system_of(), openmm.LangevinMiddleIntegrator(300, 0, 0.001))
    without.step(5)
    bare = without.context.getState(positions=True).getPositions(asNumpy=True)._value
    assert np.abs(positions[0] - bare).max() > 1e-4


def in_variable(force, asks=False):
    """A CustomCVForce with the energy 0.5 e of a force whose energy is e."""
    outer = openmm.CustomCVForce("0.5*e")
    outer.addCollectiveVariable("e", copy.deepcopy(force))
    if asks:
        outer.addGlobalParameter("lam", 1.0)
        outer.addEnergyParameterDerivative("lam")
    return outer


@on(TARGETS)
def test_energy_inside_a_custom_cv_force(target):
    context = target.context(system_of(in_variable(learned())), CHAINS.positions)
    bonds = evaluate(REFERENCE.context(system_of(), CHAINS.positions))
    whole = evaluate(REFERENCE.context(system_of(custom()), CHAINS.positions))
    energy, forces = evaluate(context)
    assert_close(energy, 0.5 * (whole[0] + bonds[0]), rtol=2e-5)
    scale = np.abs(whole[1]).max()
    assert_close(forces, 0.5 * (whole[1] + bonds[1]), atol=1e-4 * scale)


@on(TARGETS)
def test_derivative_inside_a_custom_cv_force_needs_two_requests(target):
    force = learned("lam")
    force.addEnergyParameterDerivative("lam")
    derivatives = []
    for asks in (False, True):
        context = target.context(system_of(in_variable(force, asks)), CHAINS.positions)
        state = context.getState(parameterDerivatives=True)
        derivatives.append(dict(state.getEnergyParameterDerivatives()).get("lam", 0.0))
    alone = evaluate(REFERENCE.context(system_of(custom()), CHAINS.positions))[0]
    bonds = evaluate(REFERENCE.context(system_of(), CHAINS.positions))[0]
    assert derivatives[0] == 0.0
    assert_close(derivatives[1], 0.5 * (alone - bonds), rtol=1e-4)


@on(TARGETS)
def test_force_inside_a_custom_cv_force_is_updated_through_the_inner_context(target):
    system = system_of(in_variable(learned()))
    context = target.context(system, CHAINS.positions)
    before = evaluate(context)[0]
    (code,) = [block for block in python_code(PAGE) if "getInnerContext" in block]
    names = dict(lp=lp, context=context, cv_force=system.getForce(1), new_types=[-1] * CHAINS.count)
    exec(compile(code, PAGE, "exec"), names)
    bonds = evaluate(REFERENCE.context(system_of(), CHAINS.positions))[0]
    assert abs(before - bonds) > 100
    assert_close(evaluate(context)[0], bonds, rtol=2e-5, atol=1e-3)


@on(TARGETS)
def test_metadynamics_biases_beside_a_correction(target):
    """The bias and the positions are those beside an equal force."""
    results = []
    for make in (learned, custom):
        system = system_of(make())
        distance = openmm.CustomBondForce("r")
        distance.addBond(0, 30, [])
        variable = app.BiasVariable(distance, 0.0, 3.0, 0.1, False, gridWidth=31)
        metadynamics = app.Metadynamics(system, [variable], 300 * unit.kelvin, 5, 10, 2)
        simulation = simulation_of(target, system, openmm.VerletIntegrator(0.001))
        metadynamics.step(simulation, 6)
        positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value
        results.append((positions, metadynamics.getFreeEnergy()._value))
    assert np.abs(results[0][1]).max() > 1
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, atol=1e-6 if target.exact else 1e-3)


@on(TARGETS)
def test_alchemical_transfer_of_a_correction(target):
    """ATMForce: the first molecule is displaced by half a nanometer in the second state, at lambda 0.5."""
    energies = []
    for make in (learned, custom):
        force = openmm.ATMForce(0.5, 0.5, 0, 0, 0, 0, 0, 0, 1)
        for particle in range(CHAINS.count):
            force.addParticle(openmm.Vec3(0.5, 0, 0) if particle < 3 else openmm.Vec3(0, 0, 0))
        force.addForce(copy.deepcopy(make()))
        context = (target if make is learned else REFERENCE).context(system_of(force), CHAINS.positions)
        energies.append((evaluate(context), context.getSystem().getForce(1).getPerturbationEnergy(context)))
    (ours, our_states), (theirs, their_states) = energies
    assert_close([x._value for x in our_states], [x._value for x in their_states], rtol=2e-5, atol=1e-3)
    assert abs(our_states[0]._value - our_states[1]._value) > 1
    assert_close(ours[0], theirs[0], rtol=2e-5)
    assert_close(ours[1], theirs[1], atol=1e-4 * np.abs(theirs[1]).max())


def test_worker_processes_that_are_spawned_have_the_same_energy():
    system = system_of(learned())
    here = evaluate(CPU.context(system, CHAINS.positions))[0]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(spawned.energy, (openmm.XmlSerializer.serialize(system), CHAINS.positions))
    assert_close(there, here, rtol=1e-6)
