# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of accelerate() on the CustomNonbondedForces of real force fields."""

import json
import re

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, OPENCL, REFERENCE, assert_close, evaluate, observe, on
from expressions import (
    ATOMS,
    COUNT,
    EDGE,
    LENNARD_JONES,
    SOFT_CORE,
    in_context,
    make_force,
    make_system,
    positions,
)
from openmm import XmlSerializer, app, unit


def charmm(field, **solvent):
    """Water and ions. Their pairs have parameters of their own (NBFIX)."""
    field = app.ForceField(field)
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, numAdded=90, **solvent)
    system = field.createSystem(
        modeller.topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=0.65 * unit.nanometer,
        switchDistance=0.5 * unit.nanometer,
    )
    return system, np.array(modeller.positions._value)


def charmm36():
    return charmm("charmm36_2024/water.xml", ionicStrength=2 * unit.molar)


def charmm_drude():
    return charmm("charmm_polar_2023.xml", model="swm4ndp")


TOP = """
[ defaults ]
1 3 yes 0.5 0.5
[ atomtypes ]
opls_1 C 6 12.011  0.0 A 0.350 0.27614
opls_2 O 8 15.999  0.0 A 0.312 0.71128
[ moleculetype ]
MOL 2
[ atoms ]
1 opls_1 1 MOL C1 1 0.15 12.011
2 opls_1 1 MOL C2 2 0.15 12.011
3 opls_1 1 MOL C3 3 0.15 12.011
4 opls_2 1 MOL O1 4 -0.45 15.999
[ bonds ]
1 2 1 0.15 200000
2 3 1 0.15 200000
3 4 1 0.14 200000
[ pairs ]
1 4 1
[ system ]
chains
[ molecules ]
MOL {count}
"""


def gromacs(tmp_path):
    """Combination rule 3, which OpenMM computes with a CustomNonbondedForce."""
    file = tmp_path / "topol.top"
    file.write_text(TOP.format(count=COUNT), encoding="utf-8")
    box = [(EDGE, 0, 0), (0, EDGE, 0), (0, 0, EDGE)] * unit.nanometer
    system = app.GromacsTopFile(str(file), periodicBoxVectors=box).createSystem(
        nonbondedMethod=app.PME, nonbondedCutoff=0.7 * unit.nanometer, switchDistance=0.6 * unit.nanometer
    )
    chain = np.array([[0, 0, 0], [0.15, 0, 0], [0.2, 0.14, 0], [0.34, 0.14, 0]])
    return system, (positions()[:, None] + 0.7 * chain).reshape(-1, 3)


def symmetric(count, low, high, seed):
    """A table for pairs of types, as Discrete2DFunction."""
    values = np.random.default_rng(seed).uniform(low, high, (count, count))
    return openmm.Discrete2DFunction(count, count, (values + values.T).ravel())


def type_tables(expression, count, coefficients):
    types = {"type": list(range(count))}
    functions = {name: symmetric(count, *limits, k) for k, (name, limits) in enumerate(coefficients.items())}
    return make_force(expression, types, functions=functions)


def amber():
    """The expression of AmberPrmtopFile for NBFIX, whose a is the square root of the coefficient of r^-12."""
    expression = "(a/r6)^2-b/r6; r6=r^6;a=acoef(type1, type2);b=bcoef(type1, type2)"
    return type_tables(expression, 5, {"acoef": (4e-4, 8e-4), "bcoef": (5e-4, 2e-3)})


def amber_12_6_4():
    expression = "(a/r6)^2-b/r6-c/r^4; r6=r^6;a=acoef(type1, type2);b=bcoef(type1, type2);c=ccoef(type1, type2)"
    return type_tables(expression, 5, {"acoef": (4e-4, 8e-4), "bcoef": (5e-4, 2e-3), "ccoef": (0, 1e-3)})


def martini():
    """24 types; shifted, so that the energy is zero at the cutoff."""
    expression = "c12/r^12-c6/r^6 - (c12/0.7^12-c6/0.7^6); c12=C12(type1,type2); c6=C6(type1,type2)"
    return type_tables(expression, 24, {"C12": (1e-6, 4e-6), "C6": (1e-3, 4e-3)})


def double_exponential():
    """The form of Horton et al., Digital Discovery 2023, 2, 1178, for alpha = 16.766 and beta = 4.427."""
    expression = (
        "epsilon*(CombinedA*exp(-alpha*r/rmin) - CombinedB*exp(-beta*r/rmin));"
        "CombinedA=beta*exp(alpha)/(alpha-beta); CombinedB=alpha*exp(beta)/(alpha-beta);"
        "rmin=(rmin1+rmin2)/2; epsilon=sqrt(epsilon1*epsilon2)"
    )
    particles = {"rmin": [0.35, 0.3], "epsilon": [0.6, 0.3, 0.1]}
    return make_force(expression, particles, {"alpha": 16.766, "beta": 4.427})


def soft_core():
    """The energy of some particles with all others depends on lam, as in alchemical Systems."""
    groups = [(range(5), range(5, COUNT))]
    return make_force(SOFT_CORE, ATOMS, {"lam": 0.6}, derivatives=["lam"], groups=groups)


HAND_MADE = {
    "Amber NBFIX": amber,
    "Amber 12-6-4": amber_12_6_4,
    "Martini": martini,
    "double exponential": double_exponential,
    "soft core": soft_core,
}
FIELDS = {
    "CHARMM36": lambda tmp_path: charmm36(),
    "CHARMM Drude": lambda tmp_path: charmm_drude(),
    "GROMACS": gromacs,
    **{name: lambda tmp_path, make=make: (make_system(make()), positions()) for name, make in HAND_MADE.items()},
}


def custom_forces(system):
    return [force for force in system.getForces() if isinstance(force, openmm.CustomNonbondedForce)]


def learned_forces(system):
    return [force for force in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(force)]


def observed(target, system, positions):
    integrator = openmm.VerletIntegrator(0.001)
    context = target.context(XmlSerializer.clone(system), positions, integrator)
    context.computeVirtualSites()
    return observe(context)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # GromacsTopFile leaves files open
@pytest.mark.parametrize("name", FIELDS)
def test_force_fields(name, tmp_path):
    """On Reference and CPU, through XML."""
    system, positions = FIELDS[name](tmp_path)
    (original,) = custom_forces(system)
    expression, number, group = original.getEnergyFunction(), system.getNumForces(), original.getForceGroup()
    index = [force.this for force in system.getForces()].index(original.this)
    expected = observed(REFERENCE, system, positions)
    has_tail = original.getUseLongRangeCorrection()
    original.setUseLongRangeCorrection(False)
    without_tail = observed(REFERENCE, system, positions)
    original.setUseLongRangeCorrection(has_tail)
    del original
    report = lp.accelerate(system, tolerance=1e-6)
    (replaced,) = report.forces
    (force,) = learned_forces(system)
    assert report.num_replaced == 1 and (replaced.index, replaced.new_index) == (index, number - 1)
    assert replaced.expression == expression and replaced.reason == "" and replaced.evaluation == "table"
    assert 0 < replaced.max_relative_force_error <= 1e-6 and replaced.curves > 0 and replaced.exact_because == ""
    assert custom_forces(system) == [] and system.getNumForces() == number and force.getForceGroup() == group
    assert force.getName() == replaced.name
    found = observed(REFERENCE, system, positions)
    assert has_tail == (name in ("CHARMM36", "CHARMM Drude", "GROMACS"))
    assert lp.LearnedPairForce.cast(force).getUseLongRangeCorrection() == has_tail
    # OpenMM evaluates the integrand of its tail in single precision.
    assert_close(found[0], expected[0], rtol=1e-11, atol=1e-6 * abs(expected[0] - without_tail[0]))
    lp.LearnedPairForce.cast(force).setUseLongRangeCorrection(False)
    assert_close(observed(REFERENCE, system, positions)[0], without_tail[0], rtol=1e-11)
    lp.LearnedPairForce.cast(force).setUseLongRangeCorrection(has_tail)
    assert_close(found[1], expected[1], atol=1e-11 * np.abs(expected[1]).max())
    assert_close([found[2][g] for g in found[2]], [expected[2][g] for g in found[2]], rtol=1e-9)
    assert (name == "soft core") == ("lam" in found[2])
    CPU.assert_agrees(*observed(CPU, system, positions)[:2], *found[:2])


@on([OPENCL])
def test_charmm36_on_a_gpu(target):
    """The converted force runs inside of OpenMM's kernel, beside the NonbondedForce of the force field."""
    system, positions = charmm36()
    lp.accelerate(system)
    force = lp.LearnedPairForce.cast(learned_forces(system)[0])
    force.setForceGroup(5)
    expected = evaluate(REFERENCE.context(XmlSerializer.clone(system), positions), groups={5})
    context = target.context(system, positions)
    found = evaluate(context, groups={5})
    assert_close(found[1], expected[1], atol=2e-4 * np.abs(expected[1]).max())
    assert force.getKernelInfo(context)["placement"] == "shared kernel"


def test_pressure_of_charmm36():
    """computeCurrentPressure() scales the box; the tail contributes."""
    pressures = []
    system, positions = charmm36()
    for accelerated in (False, True):
        if accelerated:
            lp.accelerate(system)
        copied = XmlSerializer.clone(system)
        barostat = openmm.MonteCarloBarostat(1.0, 300.0)
        copied.addForce(barostat)
        pressures.append(barostat.computeCurrentPressure(REFERENCE.context(copied, positions))._value)
    assert_close(pressures[1], pressures[0], rtol=1e-5)


def test_lam_of_a_soft_core():
    """dU/dlam in a running Context, against central differences of the original."""
    system = make_system(soft_core())
    original = in_context(soft_core())[1]
    lp.accelerate(system, tolerance=1e-6)
    context = CPU.context(system, positions())
    for lam in (0.0, 0.25, 0.5, 0.9, 1.0):
        context.setParameter("lam", lam)
        energies = []
        for step in (-1e-4, 0, 1e-4):
            original.setParameter("lam", lam + step)
            energies.append(evaluate(original)[0])
        energy, _, derivatives = observe(context)
        assert_close(energy, energies[1], rtol=2e-5, atol=1e-5)
        assert_close(derivatives["lam"], (energies[2] - energies[0]) / 2e-4, rtol=1e-4, atol=1e-5)


# The report.


def mixed_system():
    """Forces 0 and 3 can be replaced; 1 has no cutoff, 4 is asymmetric, and 2 is no CustomNonbondedForce."""
    system = make_system(make_force(LENNARD_JONES, ATOMS))
    no_cutoff = make_force("r", ATOMS)
    no_cutoff.setNonbondedMethod(no_cutoff.NoCutoff)
    buckingham = make_force("a1*a2*exp(-20*r)", {"a": [10.0, 20.0]})
    forces = [no_cutoff, openmm.CMMotionRemover(), buckingham, make_force("sigma1*r", ATOMS)]
    for name, force in zip(("Solute", "Motion", "Buckingham", "Asymmetric"), forces, strict=True):
        force.setName(name)
        system.addForce(force)
    return system


def test_forces_that_cannot_be_replaced_are_left_alone():
    system = mixed_system()
    report = lp.accelerate(system)
    assert [force.getName() for force in system.getForces()] == [
        "Solute",
        "Motion",
        "Asymmetric",
        "CustomNonbondedForce",
        "Buckingham",
    ]
    assert [(force.index, force.new_index) for force in report.forces] == [(0, 3), (1, None), (3, 4), (4, None)]
    assert [force.curves for force in report.forces] == [6, 0, 3, 0]
    assert "CustomNonbondedForce 'Solute' cannot be converted: it has no cutoff" in report.forces[1].reason
    assert "depends on their order" in report.forces[3].reason
    text = str(report)
    assert text.startswith("2 of 4 CustomNonbondedForces replaced:\n  force 0, CustomNonbondedForce (4*epsilon*")
    assert re.search(r"\n  force 1, Solute \(r\): left alone\. CustomNonbondedForce 'Solute' cannot", text)
    assert re.search(r"force 3, Buckingham .*: replaced by force 4\. 3 curves of \d+ KiB in all, force error", text)
    numbers = json.loads(json.dumps(report.to_dict()))
    assert numbers["num_replaced"] == report.num_replaced == 2 and numbers["tolerance"] == 1e-4
    assert numbers["forces"][0]["inner_cutoff"] == report.forces[0].inner_cutoff > 0.01


def test_the_new_forces_outlive_the_report():
    system = mixed_system()
    lp.accelerate(system)
    again = XmlSerializer.deserialize(XmlSerializer.serialize(system))
    assert [lp.LearnedPairForce.is_learned_pair_force(force) for force in again.getForces()] == [False] * 3 + [True] * 2
    assert lp.LearnedPairForce.cast(again.getForce(3)).lowering_report["expression"] == LENNARD_JONES
    assert lp.accelerate(system).num_replaced == 0


def test_many_distinct_particles_run_the_program():
    """Each particle has a charge of its own."""
    charges = np.linspace(-1, 1, 500).tolist()
    force = make_force("q1*q2*exp(-5*r+q1*q2)/r", {"q": charges}, count=500)
    report = lp.accelerate(make_system(force, count=500, edge=4.0))
    (replaced,) = report.forces
    assert replaced.evaluation == "program" and replaced.curves == 0 and "124750 pairs" in replaced.exact_because
    assert "the program is run for every pair, since" in str(report)


def test_a_tabulated_potential_that_begins_at_a_distance_needs_an_inner_cutoff():
    def make():
        system, force = openmm.System(), openmm.CustomNonbondedForce("s1*s2*f(r)")
        force.addTabulatedFunction("f", openmm.Continuous1DFunction(np.linspace(2, 0, 40) ** 3, 0.2, 1.0))
        force.addPerParticleParameter("s")
        for k in range(4):
            system.addParticle(1.0)
            force.addParticle([1.0 + k % 2])
        force.setNonbondedMethod(force.CutoffNonPeriodic)
        system.addForce(force)
        return system

    (force,) = lp.accelerate(make()).forces
    assert force.evaluation == "program"
    assert re.search(r"energy jumps near 0\.2\S* nm, and tables are continuous \(give inner_cutoff if no", str(force))
    system = make()
    (force,) = lp.accelerate(system, inner_cutoff=0.2 * unit.nanometer).forces
    assert (force.evaluation, force.inner_cutoff) == ("table", 0.2)
    positions = [[0, 0, 0], [0.3, 0, 0], [0, 0.5, 0], [0, 0, 0.8]]
    CPU.assert_agrees(*observed(CPU, system, positions)[:2], *observed(REFERENCE, make(), positions)[:2])


def test_systems_without_such_forces():
    system = openmm.System()
    assert str(lp.accelerate(system)) == "The System has no CustomNonbondedForce."
    assert lp.accelerate(system).forces == ()


@pytest.mark.parametrize("wrong", [None, "system.xml", openmm.CustomNonbondedForce("r")])
def test_other_types_are_refused(wrong):
    with pytest.raises(TypeError, match=f"the system is a {type(wrong).__name__}; expected an openmm.System"):
        lp.accelerate(wrong)


def test_forces_inside_other_forces_are_left_alone():
    system = make_system(make_force(LENNARD_JONES, ATOMS))
    inside = openmm.CustomCVForce("0.5*e")
    inside.addCollectiveVariable("e", make_force(LENNARD_JONES, ATOMS))
    system.addForce(inside)
    report = lp.accelerate(system)
    assert report.num_replaced == len(report.forces) == 1
    assert [type(force) for force in system.getForces()][0] is openmm.CustomCVForce


@pytest.mark.parametrize("tolerance", [0, -1, np.nan, "x", True])
def test_wrong_tolerances_are_refused(tolerance):
    with pytest.raises(lp.LoweringError, match="the tolerance is .*; expected a positive number"):
        lp.accelerate(make_system(make_force(LENNARD_JONES, ATOMS)), tolerance=tolerance)


def test_a_long_range_correction_of_too_many_pairs_is_left_alone():
    """The Context of a replaced force would be refused."""
    count = 800
    particles = {"sigma": list(np.linspace(0.2, 0.3, count)), "epsilon": [0.5] * count}
    force = make_force(LENNARD_JONES, particles, count=count)
    force.setUseLongRangeCorrection(True)
    (outcome,) = lp.accelerate(make_system(force, count, 5.0)).forces
    assert outcome.new_index is None
    assert re.search(
        "integrals of 320400 pairs of distinct types or feature vectors, and at most 300000", outcome.reason
    )


def test_a_correction_that_does_not_converge_is_left_alone():
    force = make_force("1/r")
    force.setUseLongRangeCorrection(True)
    (outcome,) = lp.accelerate(make_system(force)).forces
    assert outcome.new_index is None and "does not converge" in outcome.reason


def test_a_periodic_force_beside_nonperiodic_ones_is_left_alone():
    """A periodic LearnedPairForce would be refused beside nonbonded forces that are not periodic."""
    system = make_system(make_force(LENNARD_JONES, ATOMS))
    other = make_force("sigma1*epsilon2*r", ATOMS)  # asymmetric, so that it remains
    other.setNonbondedMethod(other.CutoffNonPeriodic)
    system.addForce(other)
    report = lp.accelerate(system)
    assert report.num_replaced == 0 and "It is periodic, and the nonbonded forces" in report.forces[0].reason
    in_context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    in_context.setPositions(positions())
    assert np.isfinite(evaluate(in_context)[0])


@pytest.mark.parametrize(
    "value, error, message",
    [
        (-0.1, ValueError, "accelerate: inner_cutoff is -0.1 nm; expected a positive, finite distance"),
        (float("nan"), ValueError, "accelerate: inner_cutoff is nan nm"),
        ("0.1 nm", TypeError, "accelerate: inner_cutoff: got '0.1 nm'; expected a number"),
        (1 * unit.kelvin, TypeError, "accelerate: inner_cutoff is 1 K; expected a length"),
    ],
)
def test_a_wrong_inner_cutoff_is_refused_before_anything_is_replaced(value, error, message):
    system = openmm.System()
    system.addForce(openmm.CustomNonbondedForce("r"))
    with pytest.raises(error, match=message):
        lp.accelerate(system, inner_cutoff=value)
    assert isinstance(system.getForce(0), openmm.CustomNonbondedForce)
