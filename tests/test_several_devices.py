# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""One Context that divides its work between devices. The fixture `target` runs most other tests that way, too."""

import architectures
import numpy as np
import openmm
import pytest
import systems
from comparators import PRECISIONS, REFERENCE, Target, evaluate, kernels_of

EVERY_PRECISION = [
    Target(name, precision, devices)
    for name, precisions in PRECISIONS.items()
    for precision in precisions
    for devices in (2, 3)
    if name == "OpenCL" or (precision, devices) == ("double", 2)
]


def table(chains):
    return chains.learned()


def table_with_exclusions_of_its_own(chains):
    return chains.learned(exclusions=[])


def network(chains):
    force = architectures.load(architectures.by_name("both_orders"), "script").create_force(
        chains.types % 2, representation="program"
    )
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    return force


@pytest.mark.parametrize("target", EVERY_PRECISION, ids=str, indirect=True)
@pytest.mark.parametrize(
    "make, kernel",
    [(table, "shared kernel"), (table_with_exclusions_of_its_own, "own kernel"), (network, "compacted pairs")],
)
@pytest.mark.combinations
def test_devices_share_the_pairs(target, make, kernel):
    chains = systems.Chains(molecules=120)
    system = chains.system()
    system.addForce(chains.nonbonded())
    force = make(chains)
    force.setForceGroup(1)
    system.addForce(force)
    context = target.context(system, chains.positions)
    expected = evaluate(REFERENCE.context(system, chains.positions), groups={1})
    assert np.abs(expected[1]).max() > 1
    target.assert_agrees(*evaluate(context, groups={1}), *expected)
    assert kernel in kernels_of(system, context)[0]
    assert force.getKernelInfo(context)["num_devices"] == target.devices


@pytest.mark.parametrize("target", EVERY_PRECISION[:1], ids=str, indirect=True)
def test_derivatives_are_refused(target):
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    force.setScaleParameter("lambda")
    force.addEnergyParameterDerivative("lambda")
    system.addForce(force)
    with pytest.raises(
        openmm.OpenMMException,
        match=(
            "derivative of the energy with respect to 'lambda' was asked for in a Context with 2 devices, .*choose one"
            " device with the platform property DeviceIndex"
        ),
    ):
        target.context(system)


@pytest.mark.parametrize("target", [Target("OpenCL", "mixed", 2)], ids=str, indirect=True)
def test_a_refused_box_ends_what_the_devices_have_begun(target):
    """On OpenCL only: on CUDA OpenMM 8.6.1 finds the box too small first, does not wait for its other threads, and may
    crash, also
    with a NonbondedForce alone."""
    chains = systems.Chains()
    system = chains.system()
    system.addForce(chains.learned())
    for _ in range(5):
        context = target.context(system, chains.positions)
        context.setPeriodicBoxVectors((2, 0, 0), (0, 2, 0), (0, 0, 1.1))
        with pytest.raises(
            openmm.OpenMMException,
            match="more than half the width of the periodic box, 1.1 nm|less than twice the nonbonded cutoff",
        ):
            context.getState(energy=True)
        del context
