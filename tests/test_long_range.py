# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the long-range correction, which is that of CustomNonbondedForce."""

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, CUDA, DOUBLE, OPENCL, REFERENCE, assert_close, observe, on
from expressions import ATOMS, COUNT, EDGE, LENNARD_JONES, in_context, make_force, positions
from openmm import XmlSerializer

SCALED = LENNARD_JONES.replace("4*", "4*lam*")
GROUPS = [(range(0, 15), range(10, COUNT)), (range(0, 5), range(0, 5))]


def tail_force(expression=SCALED, switching=None, groups=(), particles=None):
    force = make_force(expression, particles or ATOMS, {"lam": 0.7}, derivatives=["lam"], groups=groups)
    force.addExclusion(0, 1)
    force.setUseLongRangeCorrection(True)
    if switching is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(switching)
    return force


def without_tail(force):
    other = XmlSerializer.clone(force)
    if lp.LearnedPairForce.is_learned_pair_force(other):
        other = lp.LearnedPairForce.cast(other)
    other.setUseLongRangeCorrection(False)
    return other


def assert_same(target, found, expected):
    """OpenMM's own integrals are accurate to 1e-6."""
    target.assert_agrees(expected[0], found[1], *expected[:2])
    assert_close(found[0], expected[0], rtol=1e-6 if target.exact else 2e-5)


def tail(force, target=REFERENCE, parameters=()):
    """The contribution of the tail to the energy, to the forces, and to the derivative by lam."""
    whole, rest = (observe(in_context(each, target, parameters)[1]) for each in (force, without_tail(force)))
    return whole[0] - rest[0], np.abs(whole[1] - rest[1]).max(), whole[2]["lam"] - rest[2]["lam"]


OPTIONS = {
    "plain": {},
    "switching": {"switching": 0.5},
    "groups": {"groups": GROUPS},
    "groups and switching": {"groups": GROUPS, "switching": 0.6},
    "slower decay": {"expression": "lam*sqrt(epsilon1*epsilon2)*(sigma1+sigma2)^4*(0.1/r^8-1/r^4)"},
    "exponential": {"expression": "lam*exp(-9*r)*epsilon1*epsilon2", "switching": 0.4},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_tail_equals_that_of_openmm(name):
    force = tail_force(**OPTIONS[name])
    expected, found = tail(force), tail(lp.from_custom_nonbonded(force))
    assert abs(expected[0]) > 1e-3
    assert_close(found[0], expected[0], rtol=1e-6, what="energy")
    assert_close(found[2], expected[2], rtol=1e-6, what="derivative")
    assert found[1] == 0, "the tail has no forces"


def test_tail_of_lennard_jones_is_its_integral():
    """E = (4 pi N^2)/(2V) * integral of f(r) r^2 from the cutoff on; OpenMM counts (N^2+N)/2 pairs, times N/(N+1)."""
    force = tail_force(particles={"sigma": [0.25], "epsilon": [0.6]})
    integral = 4 * 0.7 * 0.6 * (0.25**12 / (9 * 0.7**9) - 0.25**6 / (3 * 0.7**3))
    expected = 2 * np.pi * COUNT**2 / EDGE**3 * integral
    assert_close(tail(lp.from_custom_nonbonded(force))[0], expected, rtol=1e-9)


@on([CPU, OPENCL, CUDA, *DOUBLE])
def test_tail_on_all_platforms(target):
    force = lp.from_custom_nonbonded(tail_force(switching=0.5, groups=GROUPS), tolerance=1e-6)
    expected, found = (observe(in_context(force, each)[1]) for each in (REFERENCE, target))
    target.assert_agrees(*found[:2], *expected[:2])
    assert_close(found[2]["lam"], expected[2]["lam"], rtol=target.energy_tolerance)
    missing = abs(tail(force)[0])
    assert missing > 100 * target.energy_tolerance * abs(expected[0]), "the test would not notice a missing tail"


@on([REFERENCE, CPU, OPENCL])
def test_tail_follows_parameters_and_particles(target):
    force = tail_force()
    inside, context = in_context(lp.from_custom_nonbonded(force, tolerance=1e-6), target)
    context.setParameter("lam", 0.2)
    assert_same(target, observe(context), observe(in_context(force, parameters={"lam": 0.2})[1]))
    other = tail_force(particles={"sigma": [0.22, 0.28], "epsilon": [0.9, 0.5, 0.4, 0.1]})
    inside.setAllParticleFeatures(lp.from_custom_nonbonded(other).getAllParticleFeatures())
    inside.updateParametersInContext(context)
    assert_same(target, observe(context), observe(in_context(other, parameters={"lam": 0.2})[1]))


def test_an_update_cannot_switch_the_tail_off():
    inside, context = in_context(lp.from_custom_nonbonded(tail_force()))
    inside.setUseLongRangeCorrection(False)
    with pytest.raises(openmm.OpenMMException, match="cannot change whether there is a long-range correction"):
        inside.updateParametersInContext(context)


@on([REFERENCE, CPU, OPENCL])
def test_the_tail_is_inversely_proportional_to_the_volume(target):
    force = tail_force(switching=0.5)
    contexts = in_context(lp.from_custom_nonbonded(force, tolerance=1e-6), target)[1], in_context(force)[1]
    for factor in (0.96, 1.1):
        for context in contexts:
            context.setPeriodicBoxVectors(*(factor * EDGE * np.eye(3)))
            context.setPositions(factor * positions())
        assert_same(target, *(observe(context) for context in contexts))


def test_pressure_includes_the_tail():
    """computeCurrentPressure() scales the box; both Systems have the same kinetic energy, that of no velocities."""

    def pressure(force):
        inside, context = in_context(force)
        system = context.getSystem()
        barostat = openmm.MonteCarloBarostat(1.0, 300.0)
        system.addForce(barostat)
        context.reinitialize(preserveState=True)
        return barostat.computeCurrentPressure(context)._value

    force = tail_force()
    converted = lp.from_custom_nonbonded(force)
    expected = pressure(force)
    assert_close(pressure(converted), expected, rtol=1e-5)
    assert abs(pressure(without_tail(converted)) - expected) > 1


def test_xml_keeps_the_setting():
    force = lp.from_custom_nonbonded(tail_force())
    other = lp.LearnedPairForce.cast(XmlSerializer.clone(force))
    assert force.getUseLongRangeCorrection() and other.getUseLongRangeCorrection()
    assert not without_tail(other).getUseLongRangeCorrection()


def test_nonperiodic_forces_have_no_tail():
    """As in OpenMM, which ignores the setting there."""
    force = tail_force()
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    converted = lp.from_custom_nonbonded(force)
    assert not converted.getUseLongRangeCorrection()
    assert_close(observe(in_context(converted)[1])[0], observe(in_context(force)[1])[0], rtol=1e-12)


# Refusals.


def test_slow_decay_is_refused():
    """The integral of r^2/r^3 is infinite, and so is that of r^2/r."""
    for power in (1, 3):
        force = lp.from_custom_nonbonded(tail_force(f"lam*epsilon1*epsilon2/r^{power}"))
        with pytest.raises(openmm.OpenMMException, match="does not converge.*go to 0 faster than 1/r\\^3; else turn"):
            in_context(force)


def test_nonperiodic_is_refused():
    force = lp.from_custom_nonbonded(tail_force())
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    with pytest.raises(openmm.OpenMMException, match="correction needs periodic boundary conditions; use CutoffPer"):
        in_context(force)


def table_force():
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes([0] * COUNT)
    return force


def radial_force():
    return models.water_model().create_force(["O"] * COUNT, representation="program", tabulate_radial=True)


@pytest.mark.parametrize("make", [table_force, radial_force])
def test_functions_that_end_at_the_cutoff_are_refused(make):
    force = make()
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setUseLongRangeCorrection(True)
    with pytest.raises(openmm.OpenMMException, match=r"this one ends at 0.6 nm; make the force with representation="):
        in_context(force)


def test_a_failed_update_changes_nothing():
    count = 800
    names = {"sigma": [0.3, 0.25], "epsilon": [0.6, 0.3]}
    force = make_force(LENNARD_JONES, names, count=count)
    force.setUseLongRangeCorrection(True)
    inside, context = in_context(lp.from_custom_nonbonded(force), count=count, edge=5.0)
    before = observe(context)[0]
    inside.setAllParticleFeatures([[sigma, 0.5] for sigma in np.linspace(0.2, 0.3, count)])
    with pytest.raises(openmm.OpenMMException, match="integrals of 320400 pairs"):
        inside.updateParametersInContext(context)
    assert_close(observe(context)[0], before, rtol=1e-12)
