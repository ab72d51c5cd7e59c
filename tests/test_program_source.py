# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Programs printed as source: the same text for the same structure, readable, and right for random programs on devices."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest

import learnedpair as lp
from comparators import REFERENCE, TARGETS, assert_close, evaluate
from conformance_files import PAIR_PROGRAMS
from program_generator import examples

HERE = Path(__file__).parent
#: r, a layer of both particles, and a sum: one loop in which two values are made and added up.
SMALL = """v0[1] = distance
v1[2] = particle1
v2[2] = particle2
v3[2] = add v1 v2
v4[6] = weight
v5[3] = linear v4 v3
v6[3] = mul v5 v0
v7[3] = tanh v6
v8[3] = weight
v9[1] = linear v8 v7
output v9
"""


def function(case):
    wanted = case.pair_program
    return lp.PairProgram(case.text, case.weights, num_types=wanted.get("types") or 0, num_features=wanted.get("features") or 0,
                          min_distance=wanted["min_distance"], global_parameters=dict(map(tuple, wanted["globals"])))


def test_source_of_a_small_program():
    program = lp.PairProgram(SMALL, np.linspace(0.1, 0.9, 9), num_features=2)
    assert program.source() == """\
real lpV7 = 0;
real lpV12 = 0;
#pragma unroll 1
for (int lpI = 0; lpI < 3; lpI++) {
    const real lpV3 = lpParticle1[lpI]+lpParticle2[lpI];
    const real lpV4 = lpV3*lpInside;
    const real lpV5e = expm1(2*(FABS(lpV4) < 20.0f ? FABS(lpV4) : 20.0f));
    const real lpV5 = (lpV4 < 0 ? -lpV5e : lpV5e)/(lpV5e+2);
    const real lpV8 = lpV5*lpV5;
    const real lpV10 = 1.0f-lpV8;
    const real lpV11 = lpV10*lpV3;
    lpV7 += lpWeights[lpI]*lpV5;
    lpV12 += lpWeights[lpI]*lpV11;
}
const real lpOutput0 = lpV7;
const real lpOutput1 = lpV12;
"""
    assert "= tanh(lpV" in program.source(double_precision=True)
    unrolled = program.source(unroll=True)
    assert unrolled.count("#pragma unroll\n") == unrolled.count("for (") > 0 and "#pragma unroll 1" not in unrolled


def test_source_does_not_depend_on_weights():
    one, other = (lp.PairProgram(SMALL, weights, num_features=2).source() for weights in (np.linspace(0.1, 0.9, 9), np.zeros(9)))
    assert one == other


def test_two_processes_print_the_same():
    script = ("import sys; sys.path.insert(0, sys.argv[1]); import test_program_source as t\n"
              "print(*[t.function(case).source(double, unroll) for case in t.PAIR_PROGRAMS for double in (False, True) for unroll in (False, True)], sep='')")
    texts = {subprocess.run([sys.executable, "-c", script, str(HERE)], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout for seed in ("1", "2")}
    assert len(texts) == 1 and len(texts.pop()) > 5000


@pytest.mark.parametrize("case", PAIR_PROGRAMS, ids=str)
def test_all_names_are_ours(case):
    """Nothing that a user has named, and nothing that other parts of a kernel could mean."""
    known = {"real", "const", "int", "for", "if", "tanh", "expm1", "log1p", "floor", "FABS", "SQRT", "EXP", "LOG", "SIN", "COS", "ERF", "ERFC", "POW", "pragma", "unroll"}
    source = function(case).source()
    names = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\b\d[\d.]*(e[+-]?\d+)?f?\b", "", re.sub(r"\blp\w+", "", source))))
    assert names <= known, names - known


RANDOM = examples(24, max_steps=40, symmetric=True)
IN_DOUBLE = [target for target in TARGETS if target.precision == "double"]


def random_system(example, seed):
    """Forty particles, some of them below the inner cutoff of others, with a force of a random program."""
    rng = np.random.default_rng(seed)
    count = 40
    force = lp.LearnedPairForce(example.function)
    if example.typed:
        force.setParticleTypes(rng.integers(-1, example.num_types, count).astype(np.int32))
    else:
        rows = rng.uniform(-1.5, 1.5, (7, example.num_features))
        force.setParticleFeatures([None if i % 9 == 0 else rows[i % 7] for i in range(count)])
    force.setCutoffDistance(0.9)
    force.setInnerCutoffDistance(0.3)
    for name in example.global_parameters:
        force.addEnergyParameterDerivative(name)
    system = openmm.System()
    for _ in range(count):
        system.addParticle(10.0)
    box = 2.0 * np.eye(3)
    system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    return system, rng.uniform(0, 2.0, (count, 3))


def derivatives(context):
    return dict(context.getState(parameterDerivatives=True).getEnergyParameterDerivatives())


@pytest.mark.parametrize("index", range(len(RANDOM)))
@pytest.mark.parametrize("target", IN_DOUBLE, ids=str, indirect=True)
def test_random_programs_on_devices(target, index):
    """In double precision, where steps of a random program are not crossed by rounding."""
    example = RANDOM[index]
    system, positions = random_system(example, index)
    reference, context = (each.context(system, positions) for each in (REFERENCE, target))
    target.assert_agrees(*evaluate(context), *evaluate(reference), what=example.text)
    expected = derivatives(reference)
    assert set(expected) == set(example.global_parameters)
    for name, value in derivatives(context).items():
        assert_close(value, expected[name], rtol=1e-8, atol=1e-7, what=f"{name}\n{example.text}")


def test_random_programs_are_small_and_large():
    costs = [example.function.multiply_adds for example in RANDOM]
    assert sum(any(example.global_parameters) for example in RANDOM) > 5 and len({example.typed for example in RANDOM}) == 2, costs
