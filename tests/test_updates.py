# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that updateParametersInContext() makes a Context equal to a new one, and refuses other changes."""

import models
import numpy as np
import openmm
import pytest
import systems
from comparators import DOUBLE, PLATFORMS, REFERENCE, evaluate, on


def change_types(force):
    types = force.getParticleTypes()
    force.setParticleTypes(np.where(np.arange(len(types)) % 4 == 0, -1, 1 - np.abs(types)))


def change_table(force):
    force.setFunction(systems.table(scale=-0.5))


def change_both(force):
    change_types(force)
    change_table(force)


@pytest.mark.core
@on(PLATFORMS + DOUBLE)
@pytest.mark.parametrize("groups", [False, True], ids=["all pairs", "interaction groups"])
@pytest.mark.parametrize("change", [change_types, change_table, change_both])
def test_update_equals_a_new_context(target, change, groups):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    if groups:
        force.addInteractionGroup(range(chains.count // 2), range(chains.count))
    system.addForce(force)
    context = target.context(system, chains.positions)
    before = evaluate(context)
    change(force)
    force.updateParametersInContext(context)
    expected = evaluate(REFERENCE.context(system, chains.positions))
    assert abs(expected[0] - before[0]) > 1
    target.assert_agrees(*evaluate(context), *expected)


def test_update_after_steps_assigns_types_to_the_right_particles(target):
    """OpenMM may have sorted the particles meanwhile."""
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    system.addForce(chains.bonded())
    context = target.context(system, chains.positions, openmm.VerletIntegrator(1e-4))
    context.getIntegrator().step(5)
    change_types(force)
    force.updateParametersInContext(context)
    context.getIntegrator().step(1)
    positions = context.getState(positions=True).getPositions()
    target.assert_agrees(*evaluate(context, {0}), *evaluate(REFERENCE.context(system, positions), {0}))


def fewer_particles(force):
    force.setParticleTypes(force.getParticleTypes()[:-1])


CHANGES = {
    "number of particles": fewer_particles,
    "nonbonded method": lambda f: f.setNonbondedMethod(f.CutoffNonPeriodic),
    "cutoff distance": lambda f: f.setCutoffDistance(0.5),
    "inner cutoff distance": lambda f: f.setInnerCutoffDistance(0.3),
    "switching function": lambda f: f.setUseSwitchingFunction(True),
    "scale parameter": lambda f: f.setScaleParameter("s", 0.5),
    "force group": lambda f: f.setForceGroup(3),
    "exclusions": lambda f: f.addExclusion(0, 7),
    "interaction groups": lambda f: f.addInteractionGroup([0], [1]),
    "shape of the table": lambda f: f.setFunction(systems.table(knots=300)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_updates_of_other_properties_are_refused(what):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    context = REFERENCE.context(system, chains.positions)
    before = evaluate(context)
    CHANGES[what](force)
    with pytest.raises(openmm.OpenMMException, match=f"cannot change the {what}.*reinitialize"):
        force.updateParametersInContext(context)
    assert evaluate(context)[0] == before[0]


def test_update_is_validated():
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    context = REFERENCE.context(system, chains.positions)
    force.setParticleType(3, 2)
    with pytest.raises(openmm.OpenMMException, match="particle 3 has type 2"):
        force.updateParametersInContext(context)


def test_reinitialize_applies_all_changes(target):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    context = target.context(system, chains.positions)
    force.setFunction(systems.table(knots=77))
    force.setCutoffDistance(0.5)
    context.reinitialize(preserveState=True)
    target.assert_agrees(*evaluate(context), *evaluate(REFERENCE.context(system, chains.positions)))


def test_context_can_be_updated_with_other_weights_of_a_model(target):
    """update_force() keeps the number of knots, so that the Context accepts the function, and replaces the report."""
    chains = systems.Chains()
    system = chains.system()
    arguments = dict(types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    before, after = (
        models.lp.load_model(models.network(), **arguments),
        models.lp.load_model(models.network(scale=33.0), **arguments),
    )
    force = before.create_force(chains.types)
    system.addForce(force)
    context = target.context(system, chains.positions)
    first = evaluate(context)
    after.update_force(force)
    force.updateParametersInContext(context)
    assert force.lowering_report["digest"] == after.digest and force.lowering_report["max_relative_force_error"] <= 1e-4
    energy, forces = evaluate(context)
    assert abs(energy - 1.1 * first[0]) < 1e-3 * abs(first[0])
    target.assert_agrees(energy, forces, *evaluate(REFERENCE.context(system, chains.positions)))


def test_models_that_do_not_fit_the_force_are_refused():
    model = models.water_model()
    force = model.create_force(["O", "H", "O", "H"], tolerance=1e-2)
    knots = force.lowering_report["knots"]
    with pytest.raises(
        models.lp.LoweringError, match="knots are too few for types .* and the tolerance 1e-05.*make a new force"
    ):
        model.update_force(force, tolerance=1e-5)
    with pytest.raises(
        models.lp.LoweringError, match="0.5 nm, and the table 2 types from 0.17 to 0.6 nm; make a new force"
    ):
        models.lp.load_model(models.network(cutoff=0.5), types=["O", "H"], cutoff=0.5, inner_cutoff=0.17).update_force(
            force
        )
    with pytest.raises(
        models.lp.LoweringError, match="the model has the types H, O, and the force was made for the types O, H"
    ):
        models.water_model(types=["H", "O"]).update_force(force)
    with pytest.raises(
        models.lp.LoweringError, match="switching distance of the model is 0.5, and that of the force None nm"
    ):
        models.water_model(switching_distance=0.5).update_force(force)
    with pytest.raises(TypeError, match="expected an openmm.Force, got a int"):
        model.update_force(3)
    assert force.lowering_report["knots"] == knots


def test_force_that_covers_no_pair_can_be_updated():
    model = models.water_model()
    force = model.create_force([None, "O"])
    model.update_force(force)
    assert force.lowering_report["curves"] == 0


def test_new_function_removes_the_report():
    force = models.water_model().create_force(["O", "H"])
    assert force.lowering_report["types"] == ["O", "H"]
    force.setFunction(systems.table())
    assert force.lowering_report == {}
    with pytest.raises(TypeError, match="the function is a PairModel; expected a PairTable"):
        force.setFunction(models.water_model())


def test_global_parameter_that_is_not_finite_is_refused(target):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    force.setScaleParameter("lambda")
    system.addForce(force)
    context = target.context(system, chains.positions)
    for value in (np.nan, np.inf):
        context.setParameter("lambda", value)
        with pytest.raises(
            openmm.OpenMMException,
            match=(
                rf"LearnedPairForce: the global parameter 'lambda' is {value} in this Context; set it to a finite"
                r" number\."
            ),
        ):
            evaluate(context)
        context.setParameter("lambda", 1.0)
        assert np.isfinite(evaluate(context)[0])
