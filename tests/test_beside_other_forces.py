# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that a LearnedPairForce and other forces do not change each other, with different cutoffs, boundary conditions,
exclusions and force groups, and in either order.
"""

import functools
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import (
    CPU,
    CUDA,
    DOUBLE,
    MIXED,
    OPENCL,
    PLATFORMS,
    REFERENCE,
    SEVERAL_DEVICES,
    evaluate,
    kernels_of,
    on,
)

NB = openmm.NonbondedForce
OURS, OTHERS = 0, 1


def custom(chains, cutoff=systems.CUTOFF, method=openmm.CustomNonbondedForce.CutoffPeriodic, groups=False):
    force = openmm.CustomNonbondedForce("0.02*q1*q2/r^2")
    force.addPerParticleParameter("q")
    for charge in chains.charges:
        force.addParticle([charge])
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    force.setNonbondedMethod(method)
    force.setCutoffDistance(cutoff)
    force.setForceGroup(OTHERS)
    if groups:
        force.addInteractionGroup(range(chains.count // 2), range(chains.count // 2, chains.count))
    return force


def solvent(chains, method):
    force = openmm.GBSAOBCForce()
    for charge in chains.charges:
        force.addParticle(charge, 0.15, 0.8)
    force.setNonbondedMethod(method)
    force.setCutoffDistance(0.7)
    force.setForceGroup(OTHERS)
    return force


def custom_gb(chains):
    force = openmm.CustomGBForce()
    force.addPerParticleParameter("q")
    force.addComputedValue("n", "exp(-5*r)", openmm.CustomGBForce.ParticlePairNoExclusions)
    force.addEnergyTerm("0.1*q*n^2", openmm.CustomGBForce.SingleParticle)
    force.addEnergyTerm("0.05*q1*q2*exp(-2*r)", openmm.CustomGBForce.ParticlePair)
    for charge in chains.charges:
        force.addParticle([charge])
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.55)
    force.setForceGroup(OTHERS)
    return force


def many_particle(chains):
    force = openmm.CustomManyParticleForce(3, "0.01*exp(-3*distance(p1,p2)-2*distance(p1,p3)-distance(p2,p3))")
    for _ in range(chains.count):
        force.addParticle()
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.35)
    force.setForceGroup(OTHERS)
    return force


def collective_variable(chains):
    """Its forces are computed in a Context of its own."""
    force = openmm.CustomCVForce("0.5*e")
    force.addCollectiveVariable("e", custom(chains))
    force.setForceGroup(OTHERS)
    return force


def alchemical_transfer(chains):
    force = openmm.ATMForce(0.3, 0.3, 0, 0, 0, 0, 0, 0, 1)
    for i in range(chains.count):
        force.addParticle(openmm.Vec3(0.3 * (i < 3), 0, 0))
    force.addForce(chains.nonbonded(group=0))
    force.setForceGroup(OTHERS)
    return force


def hydrogen_bonds(chains):
    force = openmm.CustomHbondForce("0.1*distance(a1,d1)*angle(a1,d1,d2)")
    for i in range(0, chains.count, 6):
        force.addDonor(i, i + 1, -1)
    for i in range(3, chains.count, 6):
        force.addAcceptor(i, -1, -1)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.5)
    force.setForceGroup(OTHERS)
    return force


def drude(chains):
    force = openmm.DrudeForce()
    for i in range(0, chains.count, 3):
        force.addParticle(i + 1, i, -1, -1, -1, -0.5, 0.001, 1.0, 1.0)
    force.setForceGroup(OTHERS)
    return force


#: Forces that never use OpenMM's nonbonded kernel.
OUTSIDE = {
    "CustomCVForce": collective_variable,
    "ATMForce": alchemical_transfer,
    "CustomHbondForce": hydrogen_bonds,
    "DrudeForce": drude,
}


def nonbonded(method=NB.CutoffPeriodic, cutoff=systems.CUTOFF, group=OTHERS):
    return lambda chains: [chains.nonbonded(method, cutoff, group)]


def learned(**arguments):
    return lambda chains: [chains.learned(**arguments)]


def every_other(chains):
    return chains.molecule_pairs[::2]


# Each case: whether the box is periodic, the other forces, and our forces. By default our force has the cutoff and
# exclusions of the NonbondedForce, is periodic if the box is, and has its own force group.
CASES = {
    "same settings": (True, nonbonded(), learned()),
    "PME": (True, nonbonded(NB.PME), learned()),
    "shorter cutoff": (True, nonbonded(), learned(cutoff=0.45)),
    "longer cutoff": (True, nonbonded(cutoff=0.45), learned()),
    "longer cutoff, same group": (True, nonbonded(cutoff=0.45, group=OURS), learned()),
    "shorter cutoff, same group": (True, nonbonded(group=OURS), learned(cutoff=0.45)),
    "no exclusions": (True, nonbonded(), learned(exclusions=[])),
    "fewer exclusions, shorter cutoff": (
        True,
        nonbonded(),
        lambda c: [c.learned(exclusions=every_other(c), cutoff=0.5)],
    ),
    "other exclusions": (
        True,
        nonbonded(),
        lambda c: [c.learned(exclusions=[(i, i + 4) for i in range(0, c.count - 4, 3)])],
    ),
    "no cutoff": (False, nonbonded(NB.NoCutoff), learned()),
    "nonperiodic cutoff": (False, nonbonded(NB.CutoffNonPeriodic, 0.7), learned()),
    "implicit solvent, no cutoff": (
        False,
        lambda c: [c.nonbonded(NB.NoCutoff, group=OTHERS), solvent(c, openmm.GBSAOBCForce.NoCutoff)],
        learned(),
    ),
    "implicit solvent, cutoff": (
        False,
        lambda c: [c.nonbonded(NB.CutoffNonPeriodic, 0.7, OTHERS), solvent(c, openmm.GBSAOBCForce.CutoffNonPeriodic)],
        learned(),
    ),
    "implicit solvent alone, no exclusions": (
        False,
        lambda c: [solvent(c, openmm.GBSAOBCForce.CutoffNonPeriodic)],
        learned(exclusions=[]),
    ),
    "implicit solvent alone": (False, lambda c: [solvent(c, openmm.GBSAOBCForce.CutoffNonPeriodic)], learned()),
    "CustomNonbondedForce": (True, lambda c: [custom(c)], learned()),
    "CustomNonbondedForce, other exclusions": (True, lambda c: [custom(c)], learned(exclusions=[])),
    "CustomNonbondedForce and NonbondedForce": (
        True,
        lambda c: [custom(c), c.nonbonded(group=OTHERS)],
        learned(cutoff=0.5),
    ),
    "CustomNonbondedForce with groups": (True, lambda c: [custom(c, groups=True)], learned()),
    "CustomGBForce": (True, lambda c: [custom_gb(c)], learned()),
    "a force of unknown kind": (True, lambda c: [many_particle(c)], learned()),
    "two corrections": (
        True,
        nonbonded(),
        lambda c: [c.learned(cutoff=0.45), c.learned(systems.table(kinds=(2, 0, 1)))],
    ),
    "two corrections in two groups": (
        True,
        nonbonded(),
        lambda c: [c.learned(cutoff=0.45), c.learned(systems.table(kinds=(2, 0, 1)), group=2)],
    ),
    "two corrections, different exclusions": (True, nonbonded(), lambda c: [c.learned(), c.learned(exclusions=[])]),
    "two corrections alone": (
        True,
        lambda c: [],
        lambda c: [c.learned(cutoff=0.45), c.learned(systems.table(kinds=(2, 0, 1)))],
    ),
    "only bonds": (True, lambda c: [], learned()),
    **{
        name: (True, lambda c, make=make: [make(c), c.nonbonded(group=OTHERS)], learned())
        for name, make in OUTSIDE.items()
    },
    "forces outside of the kernel": (
        True,
        lambda c: [*(make(c) for make in OUTSIDE.values()), c.nonbonded(group=OTHERS)],
        learned(),
    ),
}


#: The placement of each of our forces on GPUs, unless all have their own kernel: "s" for shared, "o" for own kernel.
KERNELS = {
    "same settings": "s",
    "PME": "s",
    "shorter cutoff": "s",
    "shorter cutoff, same group": "s",
    "nonperiodic cutoff": "s",
    "implicit solvent, cutoff": "s",
    "implicit solvent alone, no exclusions": "s",
    "CustomNonbondedForce": "s",
    "CustomNonbondedForce and NonbondedForce": "s",
    "CustomNonbondedForce with groups": "s",
    "two corrections": "ss",
    "two corrections in two groups": "ss",
    "two corrections, different exclusions": "so",
    "two corrections alone": "ss",
    "only bonds": "s",
    **dict.fromkeys([*OUTSIDE, "forces outside of the kernel"], "s"),
}


@functools.cache
def alone(target, case, part):
    """Energy and forces of the other forces alone (part 0), or of our forces alone (part 1)."""
    periodic, *makers = CASES[case]
    chains = systems.Chains(molecules=27, periodic=periodic)
    bonds = [chains.bonded(OTHERS)] if part == 0 else []
    return evaluate(target.context(chains.together(makers[part](chains) + bonds), chains.positions))


#: A force in the shared kernel; two forces, one in the shared kernel and one in its own; a force beside NoCutoff.
FEW = ("same settings", "two corrections, different exclusions", "no cutoff")
BOTH_KERNELS = "two corrections, different exclusions"
#: The cases on OpenCL: each way to combine our forces with OpenMM's kernels and neighbor lists.
ON_OPENCL = (
    *FEW,
    "PME",
    "longer cutoff",
    "other exclusions",
    "implicit solvent, cutoff",
    "CustomNonbondedForce and NonbondedForce",
    "CustomGBForce",
    "a force of unknown kind",
    "two corrections alone",
    "only bonds",
    "forces outside of the kernel",
)
#: The cases on several devices. OpenMM 8.6.1 does not support GBSAOBCForce and CustomGBForce there, and its
#: CustomManyParticleForce ("a force of unknown kind"), even alone in a System, occasionally has an error of 4e-5.
DIVIDED = (*FEW, "PME", "longer cutoff, same group", "CustomNonbondedForce and NonbondedForce", "only bonds")


def targets_and_orders(k, case):
    """Targets, and whether our forces come first.

    OpenCL and CUDA share the code that depends on the order, so each runs one order. Reference and CPU run both.
    """
    first, last = (True, False) if k % 2 == 0 else (False, True)
    places = [(REFERENCE, first), (REFERENCE, last), (CPU, first), (CPU, last), (CUDA, first)]
    places += [(OPENCL, last)] * (case in ON_OPENCL)
    for on_opencl, on_cuda, others in ((*MIXED, FEW), (*DOUBLE, FEW), (*SEVERAL_DEVICES, DIVIDED)):
        places += [(on_opencl, first)] * (case == BOTH_KERNELS) + [(on_cuda, last)] * (case in others)
    return places


CASES_ON_TARGETS = [
    pytest.param(target, case, "ours first" if first else "others first", marks=[pytest.mark.core] * (case in FEW))
    for k, case in enumerate(CASES)
    for target, first in targets_and_orders(k, case)
]


@pytest.mark.parametrize("target, case, first", CASES_ON_TARGETS, indirect=["target"], ids=str)
def test_forces_do_not_change_each_other(target, case, first):
    periodic, make_others, make_ours = CASES[case]
    chains = systems.Chains(molecules=27, periodic=periodic)
    others, ours = make_others(chains) + [chains.bonded(OTHERS)], make_ours(chains)
    expected_ours, expected_others = alone(REFERENCE, case, 1), alone(target, case, 0)
    assert np.abs(expected_ours[1]).max() > 1
    system = chains.together(ours + others if first == "ours first" else others + ours)
    context = target.context(system, chains.positions)
    if target.on_gpus:
        kernels = kernels_of(system, context)
        expected = KERNELS.get(case, "o" * len(kernels))
        assert kernels == [{"s": "shared kernel", "o": "own kernel"}[letter] for letter in expected]
    if all(force.getForceGroup() == OTHERS for force in others):
        target.assert_agrees(*evaluate(context, groups={OURS, 2}), *expected_ours, what="our forces beside the others")
        target.assert_agrees(*evaluate(context, groups={OTHERS}), *expected_others, what="the other forces beside ours")
    sum_of_both = (expected_ours[0] + expected_others[0], expected_ours[1] + expected_others[1])
    target.assert_agrees(*evaluate(context), *sum_of_both, what="all forces")


def test_nonperiodic_force_in_a_periodic_system_is_refused(target):
    """OpenMM moves molecules by whole box vectors there, which changes nonperiodic distances."""
    chains = systems.Chains(molecules=27)
    forces = [chains.learned(periodic=False), chains.nonbonded()]
    for order in (1, -1):
        with pytest.raises(openmm.OpenMMException, match="CutoffNonPeriodic.*NonbondedForce.*CutoffPeriodic"):
            target.context(chains.together(forces[::order]))


TRUST = """
import sys

import learnedpair as lp
import systems
from comparators import Target, kernels_of
from test_beside_other_forces import many_particle

target, chains = Target(*sys.argv[1:]), systems.Chains(molecules=27)
for name in ("CustomGBForce", "CustomManyParticleForce"):
    lp.LearnedPairForce.trustForce(name)
    system = chains.together([many_particle(chains), chains.nonbonded(group=1), chains.learned()])
    print(*kernels_of(system, target.context(system)))
"""


@on([OPENCL, CUDA])
def test_trusted_forces_keep_the_shared_kernel(target):
    """In a process of its own, because all Contexts of this one would trust the class, too."""
    done = subprocess.run(
        [sys.executable, "-c", TRUST, target.name, target.precision],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stdout.splitlines() if "kernel" in line] == ["own kernel", "shared kernel"]


def test_names_that_are_no_classes_are_refused():
    with pytest.raises(openmm.OpenMMException, match='needs the name of a class, such as "PlumedForce"'):
        lp.LearnedPairForce.trustForce("")
    with pytest.raises(TypeError, match="trustForce: expected the name of a class, got a HarmonicBondForce"):
        lp.LearnedPairForce.trustForce(openmm.HarmonicBondForce())


KERNELS_OF_LARGE_SYSTEMS = {"shared kernel": {}, "own kernel": {"exclusions": []}, "shorter cutoff": {"cutoff": 0.5}}


@pytest.mark.parametrize(
    "target, ours",
    [
        pytest.param(target, ours, marks=[pytest.mark.core] * (ours == "own kernel"))
        for ours, more in zip(KERNELS_OF_LARGE_SYSTEMS, (DOUBLE[:1], SEVERAL_DEVICES[1:], []), strict=True)
        for target in PLATFORMS + more
    ],
    indirect=["target"],
    ids=str,
)
def test_large_system_beside_nonbonded_force(target, ours):
    """Enough particles for both neighbor lists, the shared one and our own."""
    ours = KERNELS_OF_LARGE_SYSTEMS[ours]
    chains = systems.Chains(molecules=1100, density=40.0)
    system = chains.system()
    system.addForce(chains.learned(**ours))
    system.addForce(chains.nonbonded(group=OTHERS))
    alone = chains.system()
    alone.addForce(chains.learned(**ours))
    context, reference = target.context(system, chains.positions), REFERENCE.context(alone, chains.positions)
    target.assert_agrees(*evaluate(context, groups={OURS}), *evaluate(reference))
    moved = chains.positions + 0.15 * np.sin(chains.positions[:, [1, 2, 0]] * 2 * np.pi / chains.box[0, 0])
    context.setPositions(moved)
    reference.setPositions(moved)
    evaluate(context)
    target.assert_agrees(*evaluate(context, groups={OURS}), *evaluate(reference), what="after moving")
