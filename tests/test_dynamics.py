# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that forces are the derivative of the energy, that energy is conserved, and that the scale acts as a factor."""

import conservation
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, DOUBLE, OPENCL, PLATFORMS, REFERENCE, TARGETS, assert_close, evaluate, on
from openmm import app, unit


@on(PLATFORMS + DOUBLE)
def test_forces_are_the_derivative_of_the_energy(target):
    """Central differences along the force with four steps: the error must be proportional to the square of the step.

    In single precision the energy has too few digits for this test: only the largest step is used, with its accuracy.
    Other tests compare forces in single precision with Reference.
    """
    chains = systems.Chains(triclinic=True)
    system = chains.system()
    force = chains.learned(systems.table(knots=2001))
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.4)
    system.addForce(force)
    context = target.context(system, chains.positions)
    _, forces = evaluate(context)
    norm = np.linalg.norm(forces)
    direction = forces / norm
    errors = []
    steps = [2e-3, 1e-3, 5e-4, 2.5e-4] if target.exact else [2e-3]
    for h in steps:
        energies = []
        for sign in (1, -1):
            context.setPositions(chains.positions + sign * h * direction)
            energies.append(evaluate(context)[0])
        errors.append(abs((energies[1] - energies[0]) / (2 * h) - norm) / norm)
    if not target.exact:
        assert errors[0] < 2e-2
        return
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 1.7 < order < 2.3, f"the error is proportional to the power {order:.2f} of the step: {errors}"
    assert errors[-1] < 1e-4


def test_every_force_component_equals_finite_differences():
    chains = systems.Chains(molecules=4, periodic=False)
    system = chains.system()
    system.addForce(chains.learned(exclusions=[]))
    context = REFERENCE.context(system, chains.positions)
    _, forces = evaluate(context)
    h = 1e-5
    numerical = np.zeros_like(forces)
    for index in np.ndindex(forces.shape):
        moved = chains.positions.copy()
        moved[index] += h
        context.setPositions(moved)
        above = evaluate(context)[0]
        moved[index] -= 2 * h
        context.setPositions(moved)
        numerical[index] = (evaluate(context)[0] - above) / (2 * h)
    assert np.abs(forces).max() > 10
    assert_close(numerical, forces, rtol=1e-5, atol=1e-4)


@pytest.mark.slow
def test_energy_is_conserved_as_well_as_without_the_correction():
    conservation.assert_as_good_as_without(
        lambda system, topology: models.lp.add_correction(system, topology, models.water_model())
    )


@pytest.mark.core
@on(TARGETS)
def test_scale_and_its_derivative(target):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    force.setScaleParameter("lambda", 0.25)
    force.addEnergyParameterDerivative("lambda")
    system.addForce(force)
    unscaled = chains.system()
    unscaled.addForce(chains.learned())
    energy, forces = evaluate(REFERENCE.context(unscaled, chains.positions))
    context = target.context(system, chains.positions)
    assert context.getParameter("lambda") == 0.25
    for value in (0.25, 0.0, -1.5):
        context.setParameter("lambda", value)
        target.assert_agrees(*evaluate(context), value * energy, value * forces, what=f"lambda {value}")
        derivative = context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()["lambda"]
        assert_close(derivative, energy, rtol=1e-9 if target.exact else 1e-5, atol=1e-3 if not target.exact else 1e-8)


def test_scale_is_shared_between_two_corrections_with_their_own_derivatives(target):
    chains = systems.Chains()
    system = chains.system()
    for kinds, exclusions in (((0, 1, 2), None), ((1, 2, 0), [])):
        force = chains.learned(systems.table(kinds=kinds), exclusions=exclusions)
        force.setScaleParameter("s", 2.0)
        force.addEnergyParameterDerivative("s")
        system.addForce(force)
    energy, forces = evaluate(REFERENCE.context(system, chains.positions))
    context = target.context(system, chains.positions)
    target.assert_agrees(*evaluate(context), energy, forces)
    assert_close(
        context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()["s"],
        energy / 2,
        rtol=1e-9 if target.exact else 1e-5,
        atol=1e-3,
    )


def test_constant_pressure_and_multiple_time_steps_run(target):
    """A barostat, and a correction in a separate force group with a time step twice that of the other forces."""
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology, app.CutoffPeriodic, cutoff=0.5)
    models.lp.add_correction(
        system,
        topology,
        models.lp.load_model(models.network(cutoff=0.5), types=models.RULES, cutoff=0.5, inner_cutoff=0.17),
        force_group=1,
    )
    system.addForce(systems.seeded(openmm.MonteCarloBarostat(1 * unit.bar, 300 * unit.kelvin, 5)))
    integrator = systems.seeded(openmm.MTSLangevinIntegrator(300, 5, 0.002, [(1, 1), (0, 2)]))
    context = target.context(system, positions, integrator)
    context.getIntegrator().step(10)
    energy, forces = evaluate(context)
    state = context.getState(positions=True)
    reference = REFERENCE.context(system)
    reference.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
    reference.setPositions(state.getPositions())
    target.assert_agrees(*evaluate(context, groups={1}), *evaluate(reference, groups={1}))


@on([REFERENCE, CPU, OPENCL])
def test_particles_may_be_reordered(target):
    """OpenMM sorts identical molecules in space on GPUs. After many steps, forces must belong to the right particles.
    test_programs.py tests this on CUDA, with features instead of types.
    """
    topology, positions = systems.relaxed_water(400)
    system = systems.water_system(topology, app.CutoffPeriodic, cutoff=0.6)
    names = models.lp.assign_types(topology, models.RULES)
    names = [None if i // 3 % 5 == 0 else name for i, name in enumerate(names)]  # every fifth molecule is not covered
    force = models.lp.add_correction(
        system, topology, models.water_model(), types=names, force_group=1, exclusions="molecules"
    )
    # The last ten molecules interact with nothing: interaction groups distinguish particles, too.
    force.addInteractionGroup(range(0, 1000), range(0, len(names) - 30))
    context = target.context(system, positions, systems.seeded(openmm.LangevinMiddleIntegrator(300, 5, 0.002)))
    for _ in range(2):
        context.getIntegrator().step(8)
        context.setPositions(
            np.roll(
                context.getState(positions=True).getPositions(asNumpy=True)._value.reshape(-1, 9), 17, axis=0
            ).reshape(-1, 3)
        )
    state = context.getState(positions=True)
    reference = REFERENCE.context(system, state.getPositions())
    target.assert_agrees(*evaluate(context, groups={1}), *evaluate(reference, groups={1}))


def test_neighbor_list_of_cpu_follows_many_small_changes():
    """Particles move and wrap around, and the box changes, each by too little to rebuild the neighbor list at once.
    After every step the forces equal those of Reference.
    """
    random = np.random.default_rng(5)
    chains = systems.Chains(molecules=200, density=25.0, triclinic=True)
    system = chains.system()
    system.addForce(chains.learned())
    context, reference = CPU.context(system), REFERENCE.context(system)
    drift_of = 0.02 * random.normal(size=(chains.count, 3))
    for step in range(40):
        scale = 1 + 0.004 * np.sin(step)
        positions = scale * (
            chains.positions + step * drift_of + chains.box[random.integers(0, 3, chains.count)] * (step % 3)
        )
        for c in (context, reference):
            c.setPeriodicBoxVectors(*(scale * chains.box))
            c.setPositions(positions)
        CPU.assert_agrees(*evaluate(context), *evaluate(reference), what=f"step {step}")
