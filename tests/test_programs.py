# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that forces with programs agree with the model on every platform, alone and beside other forces."""

import copy
import functools
import os
import re
import subprocess
import sys

import architectures
import conservation
import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
import torch
from architectures import ARCHITECTURES
from comparators import (
    CPU,
    CUDA,
    DOUBLE,
    OPENCL,
    PLATFORMS,
    REFERENCE,
    SEVERAL_DEVICES,
    TARGETS,
    TENSOR_CORES,
    assert_close,
    evaluate,
    kernels_of,
    observe,
    on,
)
from conformance_files import PAIR_PROGRAMS
from openmm import app
from program_cases import METHODS, assert_is_the_model, conformance, conformance_case, function_of, set_parameters
from reference_cases import architecture_case

OURS, OTHERS = 0, 1

#: Architectures whose forces are compared with finite differences, on exact targets: small and large programs, for
#: types and for features.
DIFFERENTIATED = ("typed_celu", "both_orders", "charge_penetration", "soft_core")


#: Architectures that run on OpenCL, in single precision: small and large programs with every operation that occurs.
ON_OPENCL = (
    *DIFFERENTIATED,
    "morse",
    "typed_network",
    "feature_network",
    "two_parameters",
    "screening",
    "wide",
    "spline",
    "radial_attention",
    "bilinear_gate",
    "typed_mish",
    "typed_relu_squared",
    "soft_maxout",
    "one_hot",
    "piecewise_wall",
    "screened_nuclei",
)


def targets_of(k, architecture):
    """CUDA computes all architectures, a third of them on tensor cores, and some in double precision."""
    exact = architecture.name in DIFFERENTIATED
    return (
        [REFERENCE, CPU, CUDA]
        + [OPENCL] * (architecture.name in ON_OPENCL)
        + TENSOR_CORES * (k % 3 == 0)
        + DOUBLE * exact
        + DOUBLE[1:] * (k % 6 == 1 and not exact)
    )


#: A small and a large program for types, for features, and with global parameters: these use every kernel.
CORE = ("morse", "typed_network", "charge_penetration", "feature_network", "two_parameters", "soft_core")
ON_TARGETS = [
    pytest.param(target, architecture, marks=[pytest.mark.core] * (architecture.name in CORE))
    for k, architecture in enumerate(ARCHITECTURES)
    for target in targets_of(k, architecture)
]


@pytest.mark.parametrize("target, architecture", ON_TARGETS, indirect=["target"], ids=str)
def test_architectures_agree_with_pytorch(target, architecture):
    assert_is_the_model(target, architecture_case, architecture)


#: CUDA computes each case with all nonbonded methods, OpenCL with one, and CUDA in double precision with one.
CONFORMANCE_ON_TARGETS = [
    pytest.param(target, case.name, method, marks=[pytest.mark.core] * ((k, m) in ((0, 0), (1, 2), (2, 1))))
    for k, case in enumerate(PAIR_PROGRAMS)
    for m, method in enumerate(METHODS)
    for target in [REFERENCE, CPU, CUDA] + [OPENCL, *DOUBLE[1:]] * ((k + m) % 3 == 0) + DOUBLE[:1] * (k == m == 0)
]


@pytest.mark.parametrize("target, name, method", CONFORMANCE_ON_TARGETS, indirect=["target"], ids=str)
def test_forces_of_conformance_programs_agree_with_the_oracle(target, name, method):
    assert_is_the_model(target, conformance_case, name, method)


POWERS = """v0[1] = distance
v1[1] = weight
v2[1] = sub v0 v1
v3[6] = weight
v4[6] = pow v2 v3
v5[6] = weight
v6[1] = linear v5 v4
output v6
"""


@on(PLATFORMS + DOUBLE)
def test_powers_of_negative_numbers_agree_with_reference(target):
    """Powers of (r - 0.45 nm) with weights as exponents: 0, even and odd numbers."""
    chains = systems.Chains()
    system = chains.system()
    system.addForce(
        program_force(
            chains,
            lp.PairProgram(POWERS, [0.45, 0, 1, 2, 3, 4, 5, 2, -3, 4, 30, -50, 100], num_types=2),
            "CutoffPeriodic",
            OURS,
        )
    )
    target.assert_agrees(
        *evaluate(target.context(system, chains.positions)), *evaluate(REFERENCE.context(system, chains.positions))
    )


ANGLES = """v0[1] = distance
v1[1] = weight
v2[1] = sub v0 v1
v3[5] = weight
v4[5] = mul v3 v2
v5[5] = literal 1 -1 0.5 -0.5 30
v6[5] = atan2 v4 v5
v7[5] = atan2 v5 v4
v8[5] = atan2 v1 v4
v9[15] = concat v6 v7 v8
v10[15] = weight
v11[1] = linear v10 v9
v12[1] = sub v0 v0
v13[1] = atan2 v12 v12
v14[1] = add v11 v13
output v14
"""


@on(PLATFORMS + DOUBLE)
def test_angles_in_all_quadrants_agree_with_reference(target):
    """atan2 with a weight, a literal or a function of r as either operand, and of (0, 0)."""
    chains = systems.Chains()
    system = chains.system()
    weights = [0.45, 3, -0.2, 5, 10, -7, *np.linspace(-1, 2, 15)]
    weights[6 + 1] = weights[6 + 3] = 0  # atan2(y, -1) and atan2(y, -0.5) jump where y = 0
    system.addForce(program_force(chains, lp.PairProgram(ANGLES, weights, num_types=2), "CutoffPeriodic", OURS))
    target.assert_agrees(
        *evaluate(target.context(system, chains.positions)), *evaluate(REFERENCE.context(system, chains.positions))
    )


# Beside other forces: Chains has 27 molecules of three bonded particles; all pairs within molecules are excluded.


def small_program(chains, method="CutoffPeriodic", group=OURS):
    """A soft core with a global parameter, small enough for OpenMM's kernel."""
    return program_force(chains, function_of(conformance("pair_soft_core"))[0], method, group)


def large_program(chains, method="CutoffPeriodic", group=OURS):
    """A network with 928 multiply-adds per pair, which has its own kernel."""
    return program_force(
        chains,
        architectures.load(architectures.by_name("typed_tanh"), "script")
        .create_force([0], representation="program", evaluation="exact")
        .getFunction(),
        method,
        group,
    )


def program_force(chains, function, method, group):
    force = lp.LearnedPairForce(function)
    force.setParticleTypes(chains.types)
    force.setNonbondedMethod(METHODS[method])
    force.setCutoffDistance(systems.CUTOFF)
    force.setForceGroup(group)
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    return force


def three_corrections(chains):
    return [small_program(chains), chains.learned(group=2), large_program(chains, group=3)]


def nonbonded(name, cutoff=systems.CUTOFF):
    return lambda chains: [chains.nonbonded(getattr(openmm.NonbondedForce, name), cutoff, OTHERS)]


#: Whether the box is periodic, the other forces, our forces, and the placement of each of our forces: OpenMM's shared
#: kernel ("s"), a second instance of that kernel ("o"), or the kernel for compacted pairs ("c").
BESIDE = {
    "no cutoff, alone, small": (False, lambda chains: [], lambda chains: [small_program(chains, "NoCutoff")], "s"),
    "no cutoff, alone, large": (False, lambda chains: [], lambda chains: [large_program(chains, "NoCutoff")], "o"),
    "no cutoff beside no cutoff, small": (
        False,
        nonbonded("NoCutoff"),
        lambda chains: [small_program(chains, "NoCutoff")],
        "s",
    ),
    "no cutoff beside no cutoff, large": (
        False,
        nonbonded("NoCutoff"),
        lambda chains: [large_program(chains, "NoCutoff")],
        "o",
    ),
    "no cutoff beside a cutoff, small": (
        False,
        nonbonded("CutoffNonPeriodic"),
        lambda chains: [small_program(chains, "NoCutoff")],
        "o",
    ),
    "no cutoff beside a cutoff, large": (
        False,
        nonbonded("CutoffNonPeriodic"),
        lambda chains: [large_program(chains, "NoCutoff")],
        "o",
    ),
    "cutoff beside no cutoff": (
        False,
        nonbonded("NoCutoff"),
        lambda chains: [small_program(chains, "CutoffNonPeriodic")],
        "o",
    ),
    "PME, small": (True, nonbonded("PME"), lambda chains: [small_program(chains)], "s"),
    "PME, large": (True, nonbonded("PME"), lambda chains: [large_program(chains)], "c"),
    "three corrections beside PME": (True, nonbonded("PME"), three_corrections, "ssc"),
    "three corrections alone": (True, lambda chains: [], three_corrections, "ssc"),
    "a program without cutoff beside a table": (
        False,
        lambda chains: [],
        lambda chains: [small_program(chains, "NoCutoff"), chains.learned(group=2)],
        "so",
    ),
}


@functools.cache
def others_alone(target, periodic, case):
    chains = systems.Chains(molecules=27, periodic=periodic)
    return evaluate(
        target.context(chains.together(BESIDE[case][1](chains) + [chains.bonded(OTHERS)]), chains.positions)
    )


@functools.cache
def ours_alone(case):
    """Energy and forces of each of our forces alone, on Reference."""
    periodic, _, make_ours, _ = BESIDE[case]
    chains = systems.Chains(molecules=27, periodic=periodic)
    return [evaluate(REFERENCE.context(chains.together([force]), chains.positions)) for force in make_ours(chains)]


#: Cases that together have every placement; and a case with a table, a small and a large program.
FEW = ("no cutoff, alone, large", "PME, small", "three corrections beside PME")
THREE_CORRECTIONS = "three corrections alone"


def targets_and_orders(k, case):
    """Targets, and whether our forces come first.

    OpenCL and CUDA share the code that depends on the order, so each runs one order. Reference and CPU run both.
    """
    first, last = (True, False) if k % 2 == 0 else (False, True)
    places = [(REFERENCE, first), (REFERENCE, last), (CPU, first), (CPU, last), (CUDA, first), (OPENCL, last)]
    places += [(target, last) for target in TENSOR_CORES if "c" in BESIDE[case][3]]
    for on_opencl, on_cuda in (DOUBLE, SEVERAL_DEVICES):
        places += [(on_opencl, first)] * (case == THREE_CORRECTIONS) + [(on_cuda, last)] * (case in FEW)
    return places


BESIDE_ON_TARGETS = [
    pytest.param(
        target,
        case,
        "ours first" if first else "others first",
        marks=[pytest.mark.core] * (case == FEW[2]),
    )
    for k, case in enumerate(BESIDE)
    for target, first in targets_and_orders(k, case)
]


@pytest.mark.parametrize("target, case, first", BESIDE_ON_TARGETS, indirect=["target"], ids=str)
def test_programs_beside_other_forces(target, case, first):
    periodic, make_others, make_ours, letters = BESIDE[case]
    chains = systems.Chains(molecules=27, periodic=periodic)
    others, ours = make_others(chains) + [chains.bonded(OTHERS)], make_ours(chains)
    system = chains.together(ours + others if first == "ours first" else others + ours)
    context = target.context(system, chains.positions)
    if target.on_gpus:
        compacted = "compacted pairs" + ", tensor cores" * target.tensor_cores
        assert kernels_of(system, context) == [
            {"s": "shared kernel", "o": "own kernel", "c": compacted}[letter] for letter in letters
        ]
    expected = ours_alone(case)
    target.assert_agrees(
        *evaluate(context),
        *(sum(parts) for parts in zip(*expected, others_alone(target, periodic, case), strict=True)),
        what="all forces",
    )
    for force, alone in zip(ours, expected, strict=True):
        assert np.abs(alone[1]).max() > 1
        target.assert_agrees(
            *evaluate(context, groups={force.getForceGroup()}), *alone, what="our force beside the others"
        )
    target.assert_agrees(
        *evaluate(context, groups={OTHERS}), *others_alone(target, periodic, case), what="the other forces beside ours"
    )


# Forces and dynamics.

EXACT_ON_TARGETS = [
    (target, architectures.by_name(name)) for name in DIFFERENTIATED for target in TARGETS if target.exact
]


@pytest.mark.parametrize("target, architecture", EXACT_ON_TARGETS, indirect=["target"], ids=str)
def test_forces_are_the_derivative_of_the_energy(target, architecture):
    """Central differences along the force: the error must be proportional to the square of the step."""
    system, positions, parameters, _ = architecture_case(architecture)
    context = target.context(system, positions)
    set_parameters(context, parameters)
    _, forces = evaluate(context)
    norm = np.linalg.norm(forces)
    steps, errors = [2e-3, 1e-3, 5e-4, 2.5e-4], []
    for h in steps:
        energies = []
        for sign in (1, -1):
            context.setPositions(positions + sign * h * forces / norm)
            energies.append(evaluate(context)[0])
        errors.append(abs((energies[1] - energies[0]) / (2 * h) - norm) / norm)
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 1.7 < order < 2.3, f"the error is proportional to the power {order:.2f} of the step: {errors}"
    assert errors[-1] < 1e-4


@functools.cache
def water_model(hidden=(16, 16), size=10):
    """A network with two features, whose forces are about as large as those of a real correction."""
    torch.manual_seed(0)
    return lp.load_model(
        lp.nn.FeaturePairNetwork(2, 0.6, hidden, size, inner=0.17, energy_scale=30.0),
        features={"charge": (-1, 1), "size": (0, 1)},
        cutoff=0.6,
        inner_cutoff=0.17,
    )


def water_features(molecules, kinds):
    """Features of the atoms of water, for molecules of several kinds in random order."""
    kind = np.random.default_rng(4).integers(0, kinds, molecules) / max(kinds, 1)
    return np.stack(
        [np.array([[-0.8, 0.1 + 0.5 * k], [0.4 + 0.3 * k, 0.9], [0.4 + 0.3 * k, 0.9]]) for k in kind]
    ).reshape(-1, 2)


@pytest.mark.slow
def test_energy_is_conserved_as_well_as_without_the_program():
    def correct(system, topology):
        force = water_model().create_force(water_features(216, 4), representation="program", evaluation="exact")
        force.createExclusionsFromBonds([(3 * k, 3 * k + i) for k in range(216) for i in (1, 2)], 2)
        system.addForce(force)

    conservation.assert_as_good_as_without(correct)


@pytest.mark.parametrize("target, kinds", [(CPU, 3), (OPENCL, 1), (CUDA, 3)], indirect=["target"], ids=str)
def test_only_molecules_with_equal_features_are_exchanged(target, kinds):
    """OpenMM sorts identical molecules in space on GPUs. After many steps, and after molecules have exchanged places,
    forces must belong to the right particles, whether or not all molecules have the same features.
    """
    molecules = 700
    topology, positions = systems.relaxed_water(molecules)
    system = systems.water_system(topology, app.CutoffPeriodic, cutoff=0.6)
    force = water_model((8, 8), 8).create_force(
        water_features(molecules, kinds), representation="program", evaluation="exact"
    )
    force.createExclusionsFromBonds([(3 * k, 3 * k + i) for k in range(molecules) for i in (1, 2)], 2)
    force.setForceGroup(1)
    system.addForce(force)
    assert system.getNumParticles() > 2000
    context = target.context(system, positions, systems.seeded(openmm.LangevinMiddleIntegrator(300, 5, 0.002)))
    for _ in range(2):
        context.getIntegrator().step(8)
        context.setPositions(
            np.roll(
                context.getState(positions=True).getPositions(asNumpy=True)._value.reshape(-1, 9), 17, axis=0
            ).reshape(-1, 3)
        )
    context.getIntegrator().step(1)
    reference = REFERENCE.context(system, context.getState(positions=True).getPositions())
    target.assert_agrees(*evaluate(context, groups={1}), *evaluate(reference, groups={1}))


# Tables of the radial part.


@functools.cache
def tabulated_model(name):
    if name == "typed network 16-32-32-1":
        torch.manual_seed(1)
        return lp.load_model(lp.nn.TypedPairNetwork(3, 0.7, (32, 32), 16, 0.15), **architectures.with_types())
    return architectures.load(architectures.by_name(name), "script")


#: The number of distinct particles of each model; with twelve there are pairs that the error is not measured for.
TABULATED = {"typed network 16-32-32-1": 3, "feature_network": 12, "wide": 4}


def some_particles(name, count):
    if tabulated_model(name).features is None:
        return np.arange(count) % 3
    return architectures.particles(architectures.by_name(name), count, seed=5, distinct=TABULATED[name])


@functools.cache
def exact_function(name):
    return (
        tabulated_model(name)
        .create_force(list(some_particles(name, 3)), representation="program", evaluation="exact")
        .getFunction()
    )


@functools.cache
def tabulated_force(name, tolerance):
    return tabulated_model(name).create_force(
        list(some_particles(name, 100)),
        representation="program",
        evaluation="exact",
        tabulate_radial=True,
        tolerance=tolerance,
    )


def tolerance_of(name):
    """A larger tolerance for the wide network: making its table takes up to a minute with a tolerance of 1e-5."""
    return 1e-3 if name == "wide" else 1e-4


@pytest.mark.parametrize(
    "name, tolerance",
    [("wide", 1e-3)] + [(name, 10.0**-k) for name in TABULATED if name != "wide" for k in (3, 4, 5, 6)],
)
@pytest.mark.slow
def test_tables_of_the_radial_part_keep_their_tolerance(name, tolerance):
    model = tabulated_model(name)
    force, exact, rows = tabulated_force(name, tolerance), exact_function(name), some_particles(name, 100)
    function, report = force.getFunction(), force.lowering_report
    assert function.has_table and not exact.has_table
    random = np.random.default_rng(6)
    grid = np.linspace(model.inner_cutoff, model.cutoff, 4001)
    pairs = random.integers(0, len(rows), (2, 12))
    r, first, second = (
        np.tile(grid, 12),
        np.repeat(rows[pairs[0]], len(grid), axis=0),
        np.repeat(rows[pairs[1]], len(grid), axis=0),
    )
    energy, dEdR = exact.evaluate(r, first, second)
    table_energy, table_dEdR = function.evaluate(r, first, second)
    relative = np.abs(table_dEdR - dEdR) / (np.abs(dEdR) + 1)
    assert relative.max() <= tolerance
    assert relative.max() > 1e-3 * tolerance, "a table so much more accurate than requested has too many knots"
    # The report has the structure of the program, and errors close to those measured here with other samples.
    assert report["representation"] == "program" and report["tolerance"] == tolerance
    assert f"{{{report['radial_knots']}}}" in next(line for line in function.text.splitlines() if "= table " in line)
    assert report["weights"] == len(function.weights) and report["multiply_adds_per_pair"] == function.multiply_adds
    assert report["multiply_adds_per_pair"] < exact.multiply_adds
    assert report["max_relative_force_error"] <= tolerance
    assert 0.2 * relative.max() <= report["max_relative_force_error"] <= 5 * relative.max()
    energy_error = np.abs(table_energy - energy).max()
    assert 0.2 * energy_error <= report["max_energy_error"] <= 5 * energy_error


@pytest.mark.parametrize("name", TABULATED)
@pytest.mark.many_cases
def test_force_of_a_tabulated_program_is_the_derivative_of_its_energy(name):
    """Central differences with two steps, between knots: at knots the derivative of the force is discontinuous."""
    model = tabulated_model(name)
    force, rows = tabulated_force(name, tolerance_of(name)), some_particles(name, 100)
    knots = force.lowering_report["radial_knots"]
    width = (model.cutoff - model.inner_cutoff) / (knots - 1)
    random = np.random.default_rng(7)
    r = model.inner_cutoff + width * (random.integers(0, knots - 1, 300) + random.uniform(0.1, 0.9, 300))
    pairs = [rows[random.integers(0, len(rows), 300)] for _ in range(2)]
    function = force.getFunction()
    errors = []
    for h in (0.08 * width, 0.04 * width):
        numerical = (function.evaluate(r + h, *pairs)[0] - function.evaluate(r - h, *pairs)[0]) / (2 * h)
        errors.append(np.abs(numerical - function.evaluate(r, *pairs)[1]))
    scale = np.abs(function.evaluate(r, *pairs)[1]).max()
    assert errors[1].max() < 1e-3 * scale
    assert_close(errors[0].sum() / errors[1].sum(), 4, atol=0.2, what="ratio of errors with the step and half of it")


@pytest.mark.parametrize(
    "target, name",
    [
        pytest.param(target, name, marks=[pytest.mark.core] * (name == "feature_network"))
        for name in TABULATED
        for target in PLATFORMS + (TENSOR_CORES + DOUBLE) * (name == "feature_network")
    ],
    indirect=["target"],
    ids=str,
)
def test_tabulated_programs_agree_with_reference(target, name):
    model = tabulated_model(name)
    force = copy.deepcopy(tabulated_force(name, tolerance_of(name)))
    cloud = systems.Cloud(cutoff=model.cutoff, inner=model.inner_cutoff)
    system = cloud.system(cloud.excluded(force))
    target.assert_agrees(
        *evaluate(target.context(system, cloud.positions)), *evaluate(REFERENCE.context(system, cloud.positions))
    )


class BasisOfGlobals(torch.nn.Module):
    """A network with basis functions that depend on a global parameter, and, if ``fixed``, others that do not."""

    def __init__(self, fixed: bool):
        super().__init__()
        self.fixed = fixed
        self.centers = torch.nn.Parameter(torch.linspace(0.2, 0.6, 6))
        self.first = torch.nn.Linear(6, 8)
        self.embedding = torch.nn.Embedding(2, 8)

    def forward(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor, width: torch.Tensor) -> torch.Tensor:
        moving = torch.exp(-width * (r.unsqueeze(-1) - self.centers) ** 2)
        x = torch.tanh(self.first(moving) + self.embedding(type1) + self.embedding(type2))
        if self.fixed:
            x = x * torch.sin(
                torch.cat([20 * r.unsqueeze(-1) * self.centers, r.unsqueeze(-1) + self.centers[:2]], dim=1)
            )
        return 20 * x.sum(dim=1) * torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3


@pytest.mark.parametrize("fixed", [False, True], ids=["all of it", "a part of it"])
def test_basis_functions_that_depend_on_global_parameters_are_not_tabulated(fixed):
    torch.manual_seed(2)
    model = lp.load_model(
        BasisOfGlobals(fixed), types=["A", "B"], cutoff=0.6, inner_cutoff=0.15, global_parameters={"width": 30.0}
    )
    force = model.create_force(
        [0, 1], representation="program", evaluation="exact", tabulate_radial=True, tolerance=1e-6
    )
    function = force.getFunction()
    assert function.has_table == fixed and (force.lowering_report["radial_knots"] > 0) == fixed
    r = np.linspace(0.15, 0.6, 1001)
    pairs = np.arange(1001) % 2, np.arange(1001) // 2 % 2
    for width in (30.0, 55.0, 12.0):
        energy, dEdR = model.evaluate(r, *pairs, width=width)
        found = function.evaluate(r, *pairs, width=width)
        assert_close(found[1], dEdR, rtol=1e-6, atol=1e-6, what=f"dE/dr at width {width}")
        assert_close(found[0], energy, rtol=1e-6, atol=1e-6, what=f"energy at width {width}")
    changed = np.abs(model.evaluate(r, *pairs, width=55.0)[1] - model.evaluate(r, *pairs)[1]).max()
    assert changed > 1


# From programs to tables.

TABULATE = """
import sys
sys.modules["torch"] = None
import openmm
import learnedpair as lp
system = openmm.XmlSerializer.deserialize(open(sys.argv[1]).read())
force = lp.LearnedPairForce.cast(system.getForce(0))
lp.tabulate(force, tolerance=float(sys.argv[2]))
open(sys.argv[3], "w").write(openmm.XmlSerializer.serialize(system))
"""


@pytest.mark.parametrize("name, tolerance", [("typed_network", 1e-5), ("dispersion", 1e-4), ("screened_nuclei", 1e-4)])
def test_table_made_from_a_program_without_pytorch_equals_the_table_of_the_model(tmp_path, name, tolerance):
    model = architectures.load(architectures.by_name(name), "script")
    types = ["A", "B", None, "A", "C"]
    system = openmm.System()
    for _ in types:
        system.addParticle(1.0)
    system.addForce(model.create_force(types, representation="program", evaluation="exact"))
    (tmp_path / "program.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-c", TABULATE, "program.xml", str(tolerance), "table.xml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    system = openmm.XmlSerializer.deserialize((tmp_path / "table.xml").read_text(encoding="utf-8"))
    force = lp.LearnedPairForce.cast(system.getForce(0))
    expected = model.create_force(types, representation="table", tolerance=tolerance)
    found_table, table = force.getFunction(), expected.getFunction()
    assert (found_table.num_types, found_table.min_distance, found_table.max_distance, found_table.curve_indices) == (
        table.num_types,
        table.min_distance,
        table.max_distance,
        table.curve_indices,
    )
    for found, made in zip(found_table.energies + found_table.slopes, table.energies + table.slopes, strict=True):
        assert_close(found, made, rtol=1e-12, atol=1e-12 * np.abs(made).max())
    for key in ("representation", "types", "knots", "curves", "tolerance", "model"):
        assert force.lowering_report[key] == expected.lowering_report[key], key
    assert (
        force.getCutoffDistance() == expected.getCutoffDistance()
        and force.getInnerCutoffDistance() == expected.getInnerCutoffDistance()
    )
    assert (force.getParticleTypes() == expected.getParticleTypes()).all()


def test_message_says_why_a_force_cannot_be_tabulated():
    def message(force):
        with pytest.raises(lp.LoweringError) as error:
            lp.tabulate(force)
        return str(error.value)

    assert "the function is a table already." in message(lp.LearnedPairForce(systems.table()))
    assert "a program with features or global parameters" in message(
        architectures.load(architectures.by_name("charge_penetration"), "module").create_force([[0.1, 9.0]])
    )
    assert "a program with features or global parameters" in message(
        architectures.load(architectures.by_name("two_parameters"), "module").create_force([0])
    )
    force = architectures.load(architectures.by_name("typed_network"), "module").create_force(
        [0, 1], representation="program", evaluation="exact", nonbonded_method=0
    )
    assert "the force has no cutoff, and a table ends at one; set a nonbonded method with a cutoff" in message(force)


# The choice of the representation.


def test_auto_takes_a_table_for_types_and_a_program_for_others():
    typed, features, parameters = (
        architectures.load(architectures.by_name(name), "module")
        for name in ("typed_network", "feature_network", "two_parameters")
    )
    rows = architectures.particles(architectures.by_name("feature_network"), 5, seed=0)
    assert typed.create_force([0, 1]).lowering_report["representation"] == "table"
    # With exact evaluation, "auto" tabulates the radial part of the program.
    for force in (
        features.create_force(rows, evaluation="exact"),
        parameters.create_force([0, 1], evaluation="exact"),
    ):
        assert (
            force.lowering_report["representation"] == "program"
            and force.lowering_report["radial_knots"] > 0
            and force.getFunction().has_table
        )
        assert force.lowering_report["tolerance"] == 1e-4
    # "program" means no table, unless it is requested; a force with NoCutoff has no table.
    for force in (
        typed.create_force([0, 1], nonbonded_method=0),
        features.create_force(rows, nonbonded_method=0),
        features.create_force(rows),
        parameters.create_force([0, 1], evaluation="table"),
        features.create_force(rows, representation="program", evaluation="exact"),
        features.create_force(rows, tabulate_radial=False),
    ):
        assert (
            force.lowering_report["representation"] == "program"
            and force.lowering_report["radial_knots"] == 0
            and not force.getFunction().has_table
        )
        assert force.lowering_report["tolerance"] is None


def test_auto_takes_a_program_if_the_table_is_too_large(monkeypatch):
    model = architectures.load(architectures.by_name("typed_network"), "module")
    assert model.create_force([0, 1, 2]).lowering_report["representation"] == "table"
    needed = model.create_force([0, 1, 2]).lowering_report["bytes"]
    for limit in (1000, needed - 1):  # the second limit is exceeded only when the table is complete
        monkeypatch.setattr("learnedpair.lowering.representation.MAX_TABLE_BYTES", limit)
        assert model.create_force([0, 1, 2]).lowering_report["representation"] == "program"
        assert model.create_force([0, 1, 2], representation="table").lowering_report["bytes"] > limit


IMPOSSIBLE = {
    "feature_network, table": (
        dict(representation="table"),
        "the model has features, and a table is for types; use representation='program'",
    ),
    "two_parameters, table": (
        dict(representation="table"),
        "the model has global parameters, which a table cannot hold; use representation='program'",
    ),
    "typed_network, table, no cutoff": (
        dict(representation="table", nonbonded_method=0),
        "a table ends at the cutoff, and NoCutoff has none; use representation='program'",
    ),
    "typed_network, radial table, no cutoff": (
        dict(representation="program", evaluation="exact", tabulate_radial=True, nonbonded_method=0),
        "a table of the radial part ends at the model's cutoff, and NoCutoff has none; use tabulate_radial=False",
    ),
    "soft_core, switched, no cutoff": (
        dict(nonbonded_method=0),
        "a switching distance of 0.75 nm, and NoCutoff has no cutoff at which the switching function could end; use"
        " CutoffNonPeriodic",
    ),
    "typed_network, unknown": (
        dict(representation="network"),
        "there is no representation 'network'; expected 'auto', 'table' or 'program'",
    ),
    "feature_network, tolerance": (dict(tolerance=-1.0), "tolerance"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_combinations_are_refused(case):
    architecture = architectures.by_name(case.split(",")[0])
    options, message = IMPOSSIBLE[case]
    with pytest.raises((lp.LoweringError, ValueError)) as error:
        architectures.load(architecture, "module").create_force(
            architectures.particles(architecture, 3, seed=0), **options
        )
    assert message in str(error.value)


@pytest.mark.parametrize("particles", ["AB", {"A": 1}, {1, 2}])
def test_particles_that_are_not_a_sequence_are_refused(particles):
    with pytest.raises(TypeError, match=f"the particles are a {type(particles).__name__}; expected a sequence"):
        architectures.load(architectures.by_name("typed_network"), "module").create_force(particles)


# Names.

BAD_NAMES = ('*/ #error "', "lp0_interacts", "LP_HOLE_EVALUATE", "r2; }", "real", 'a"b\\', "\u03bb")


@pytest.mark.parametrize("feature", ["x", "}; #error {"])
def test_names_do_not_occur_in_kernels(target, feature):
    """Names of parameters, features and types that would break a kernel, or that occur in its source."""
    function, parameters, *_ = function_of(conformance("pair_charge_penetration"))
    rows = conformance("pair_charge_penetration").inputs["particle1"]

    def observed(target, names):
        renamed = lp.PairProgram(
            function.text,
            function.weights,
            num_features=3,
            min_distance=0.1,
            global_parameters=dict(zip(names, function.global_parameters.values(), strict=False)),
        )
        force = lp.LearnedPairForce(renamed)
        cloud = systems.Cloud(cutoff=0.8, inner=0.1)
        for row in cloud.particles(rows[np.arange(cloud.count) % len(rows)]):
            force.addParticle(row)
        force.setCutoffDistance(0.8)
        force.setName(feature)
        force.lowering_report = {"features": [feature] * 3}
        force.setScaleParameter(names[2])
        for name in names:
            force.addEnergyParameterDerivative(name)
        context = target.context(cloud.system(force), cloud.positions)
        for name, value in zip(names, (1.3, 0.6, 0.9), strict=True):
            context.setParameter(name, value)
        return observe(context)

    first = 0 if feature == "x" else 3
    names = BAD_NAMES[first : first + 3]
    energy, forces, derivatives = observed(target, names)
    expected_energy, expected_forces, expected = observed(REFERENCE, ("a", "b", "c"))
    target.assert_agrees(energy, forces, expected_energy, expected_forces)
    assert set(derivatives) == set(names)
    for name, plain in zip(names, ("a", "b", "c"), strict=True):
        assert_close(derivatives[name], expected[plain], rtol=1e-9 if target.exact else 1e-4)


PRINT_SOURCE = """
import sys, openmm
import learnedpair as lp
system = openmm.XmlSerializer.deserialize(open("system.xml").read())
for force in system.getForces():
    for precise in (False, True):
        for unroll in (False, True):
            print(lp.LearnedPairForce.cast(force).getFunction().source(precise, unroll))
"""


@pytest.mark.slow
def test_two_processes_print_equal_kernels(tmp_path):
    system = openmm.System()
    for name in ("wide", "two_parameters", "spline", "soft_core"):
        architecture = architectures.by_name(name)
        force = architectures.load(architecture, "module").create_force(
            architectures.particles(architecture, 3, seed=0, distinct=2), representation="program", evaluation="exact"
        )
        assert not any(
            re.search(rf"\b{word}\b", force.getFunction().source())
            for word in ("sigma", "epsilon", "lam", "temperature", "h31")
        )
        system.addForce(force)
    (tmp_path / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    texts = [
        subprocess.run(
            [sys.executable, "-c", PRINT_SOURCE],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(texts[0]) > 10000
    assert texts[0] == texts[1]
