# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests Contexts that divide their work between devices: every kernel, with two and three devices, in every precision.

Other files use comparators.SEVERAL_DEVICES in tests where the division matters.
"""

import architectures
import numpy as np
import openmm
import pytest
import systems
from comparators import GPU, REFERENCE, Target, evaluate, kernels_of, on


def table(chains):
    return chains.learned()


def table_with_other_exclusions(chains):
    return chains.learned(exclusions=[])


def network(chains):
    force = architectures.load(architectures.by_name("both_orders"), "script").create_force(
        chains.types % 2, representation="program", evaluation="exact"
    )
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    return force


#: Each kernel with two and three devices, in two precisions on CUDA and in one on OpenCL.
KERNELS = {
    "shared kernel": (table, Target("OpenCL", "single", 3)),
    "own kernel": (table_with_other_exclusions, Target("OpenCL", "double", 2)),
    "compacted pairs": (network, Target("OpenCL", "mixed", 2)),
}
ON_TARGETS = [
    (target, kernel)
    for kernel, (_, on_opencl) in KERNELS.items()
    for target in (on_opencl, Target(GPU, "single", 3), Target(GPU, "double", 2))
]


@pytest.mark.parametrize("target, kernel", ON_TARGETS, indirect=["target"], ids=str)
def test_devices_share_the_pairs(target, kernel):
    chains = systems.Chains()
    system = chains.system()
    system.addForce(chains.nonbonded())
    force = KERNELS[kernel][0](chains)
    force.setForceGroup(1)
    system.addForce(force)
    context = target.context(system, chains.positions)
    expected = evaluate(REFERENCE.context(system, chains.positions), groups={1})
    assert np.abs(expected[1]).max() > 1
    target.assert_agrees(*evaluate(context, groups={1}), *expected)
    assert kernel in kernels_of(system, context)[0]
    assert force.getKernelInfo(context)["num_devices"] == target.devices


@on([Target("OpenCL", "single", 2)])
def test_parameter_derivatives_are_refused(target):
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


@on([Target("OpenCL", "mixed", 2)])
def test_refused_box_does_not_leave_running_worker_threads(target):
    """Only on OpenCL: on CUDA OpenMM 8.6.1 refuses the box first without waiting for its other threads, and may crash,
    even with a NonbondedForce alone.
    """
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
