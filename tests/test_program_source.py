# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests programs printed as source: the text depends only on the structure, is readable, and is right for random
programs on devices.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import DOUBLE, REFERENCE, assert_close, evaluate, on
from conformance_files import PAIR_PROGRAMS
from program_generator import examples

HERE = Path(__file__).parent
#: The distance, a layer of both particles, and a sum: one loop that computes two values and accumulates them.
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
    return lp.PairProgram(
        case.text,
        case.weights,
        num_types=wanted.get("types") or 0,
        num_features=wanted.get("features") or 0,
        min_distance=wanted["min_distance"],
        global_parameters=dict(map(tuple, wanted["globals"])),
    )


def test_source_of_a_small_program():
    program = lp.PairProgram(SMALL, np.linspace(0.1, 0.9, 9), num_features=2)
    assert (
        program.source()
        == """\
real lpV7 = 0;
real lpV12 = 0;
#pragma unroll 1
for (int lpI = 0; lpI < 3; lpI++) {
    const real lpV3 = lpParticle1[lpI]+lpParticle2[lpI];
    const real lpV4 = lpV3*lpRClamped;
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
    )
    assert "= tanh(lpV" in program.source(double_precision=True)
    unrolled = program.source(unroll=True)
    assert unrolled.count("#pragma unroll\n") == unrolled.count("for (") > 0 and "#pragma unroll 1" not in unrolled


def test_source_does_not_depend_on_weights():
    one, other = (
        lp.PairProgram(SMALL, weights, num_features=2).source() for weights in (np.linspace(0.1, 0.9, 9), np.zeros(9))
    )
    assert one == other


def test_two_processes_print_equal_source():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_program_source as"
        " t\nprint(*[t.function(case).source(double, unroll) for case in t.PAIR_PROGRAMS for double in (False, True)"
        " for unroll in (False, True)], sep='')"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script, str(HERE)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1 and len(texts.pop()) > 5000


#: A layer with 20 inputs, which is not a multiple of 8, and 16 outputs, and their sum.
LAYER = """v0[1] = distance
v1[20] = weight
v2[20] = mul v0 v1
v3[20] = exp v2
v4[320] = weight
v5[16] = linear v4 v3
v6[1] = sum v5 {1 16 1}
output v6
"""


def test_source_for_tensor_cores():
    program = lp.PairProgram(LAYER, np.linspace(0.1, 0.9, 340), num_types=1)
    assert (
        program.tensor_core_source()
        == """\
real lpV2[3][4];
real lpV3[3][4];
real lpV7[3][4];
#pragma unroll
for (int lpT = 0; lpT < 3; lpT++) {
    #pragma unroll
    for (int lpC = 0; lpC < 4; lpC++) {
        const real lpE2 = lpRClampedPair[lpC/2]*lpWeights[min(8*lpT+2*lpQuad+lpC%2, 19)];
        lpV2[lpT][lpC] = lpE2;
        const real lpE3 = EXP(lpV2[lpT][lpC]);
        lpV3[lpT][lpC] = lpE3;
        const real lpE7 = lpV3[lpT][lpC]*lpWeights[min(8*lpT+2*lpQuad+lpC%2, 19)];
        lpV7[lpT][lpC] = lpE7;
    }
}
real lpV5[2][4] = {};
real lpV8[2][4] = {};
#pragma unroll
for (int lpK = 0; lpK < 2; lpK++) {
    const LpEntries lpEntries5 = lpSplit(lpV3[2*lpK], 2*lpK+1 < 3 ? lpV3[2*lpK+1] : lpZeros);
    const LpEntries lpEntries8 = lpSplit(lpV7[2*lpK], 2*lpK+1 < 3 ? lpV7[2*lpK+1] : lpZeros);
    __syncwarp();
    #pragma unroll
    for (int lpN = 0; lpN < 2; lpN++) {
        const LpPiece lpPiece = lpLoadPiece(lpFragments, lpK*2+lpN, lpLane);
        lpMultiply(lpV5[lpN], lpEntries5, lpPiece);
        lpMultiply(lpV8[lpN], lpEntries8, lpPiece);
    }
}
real lpV6[2] = {0, 0};
#pragma unroll
for (int lpT = 0; lpT < 2; lpT++) {
    #pragma unroll
    for (int lpC = 0; lpC < 4; lpC++) {
        lpV6[lpC/2] += lpV5[lpT][lpC];
    }
}
lpV6[0] = lpSumOfFour(lpV6[0]);
lpV6[1] = lpSumOfFour(lpV6[1]);
real lpV9[2] = {0, 0};
#pragma unroll
for (int lpT = 0; lpT < 2; lpT++) {
    #pragma unroll
    for (int lpC = 0; lpC < 4; lpC++) {
        lpV9[lpC/2] += lpV8[lpT][lpC];
    }
}
lpV9[0] = lpSumOfFour(lpV9[0]);
lpV9[1] = lpSumOfFour(lpV9[1]);
const real lpOutput0[2] = {lpV6[0], lpV6[1]};
const real lpOutput1[2] = {lpV9[0], lpV9[1]};
"""
    )


@pytest.mark.parametrize(
    "change, obstacle",
    [
        (("{1 16 1}", "{4 4 1}"), r"v\d+ \(sum\) is not the sum of a whole vector"),
        (("sum v5 {1 16 1}", "max v5 {1 16 1}"), r"v\d+ \(max\) is not the sum of a whole vector"),
        (("v6[1] = sum v5 {1 16 1}", "v6[1] = gather v5 {3}"), r"v\d+ \(gather\) puts elements in another order"),
        (("v3[20] = exp v2", "v3[20] = mul v2 v2"), None),
    ],
    ids=["sum", "max", "gather", "none"],
)
def test_message_names_the_step_that_tensor_cores_do_not_support(change, obstacle):
    text = LAYER.replace(*change)
    if "{4 4 1}" in text:
        text = text.replace("v6[1]", "v6[4]").replace("output v6", "v7[1] = sum v6 {1 4 1}\noutput v7")
    program = lp.PairProgram(text, np.linspace(0.1, 0.9, 340), num_types=1)
    if obstacle is None:
        assert "lpMultiply" in program.tensor_core_source()
    else:
        with pytest.raises(ValueError, match=r"PairProgram: it cannot be evaluated on tensor cores: " + obstacle):
            program.tensor_core_source()


def test_narrow_layers_do_not_run_on_tensor_cores():
    text = LAYER.replace("320", "300").replace("v5[16]", "v5[15]").replace("16 1}", "15 1}")
    with pytest.raises(ValueError, match="no layer is at least 16 wide"):
        lp.PairProgram(text, np.linspace(0.1, 0.9, 320), num_types=1).tensor_core_source()


@pytest.mark.parametrize("rows, fits", [(128, True), (129, False)])
def test_too_wide_layers_do_not_run_on_tensor_cores(rows, fits):
    text = LAYER.replace("320", str(20 * rows)).replace("v5[16]", f"v5[{rows}]").replace("16 1}", f"{rows} 1}}")
    program = lp.PairProgram(text, np.linspace(0.1, 0.9, 20 * rows + 20), num_types=1)
    if fits:
        assert "lpMultiply" in program.tensor_core_source()
    else:
        with pytest.raises(ValueError, match=r"v\d+ \(linear\) is wider than 128"):
            program.tensor_core_source()


@pytest.mark.parametrize("case", PAIR_PROGRAMS, ids=str)
def test_source_has_only_names_with_our_prefix(case):
    """Other names are those of the kernel language: none comes from a user or from another part of a kernel."""
    known = {
        "real",
        "real4",
        "GLOBAL",
        "x",
        "y",
        "z",
        "w",
        "const",
        "int",
        "for",
        "if",
        "tanh",
        "expm1",
        "log1p",
        "floor",
        "FABS",
        "SQRT",
        "EXP",
        "LOG",
        "SIN",
        "COS",
        "ERF",
        "ERFC",
        "POW",
        "atan2",
        "pragma",
        "unroll",
    }
    source = function(case).source()
    names = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\b\d[\d.]*(e[+-]?\d+)?f?\b", "", re.sub(r"\blp\w+", "", source))))
    assert names <= known, names - known


RANDOM = examples(24, max_steps=40, symmetric=True)


def random_system(example, seed):
    """Forty particles with a force of a random program; some pairs are below the inner cutoff."""
    rng = np.random.default_rng(seed)
    count = 40
    force = lp.LearnedPairForce(example.function)
    if example.typed:
        force.setParticleTypes(rng.integers(-1, example.num_types, count).astype(np.int32))
    else:
        features = rng.uniform(-1.5, 1.5, (7, example.num_features))
        force.setAllParticleFeatures([None if i % 9 == 0 else features[i % 7] for i in range(count)])
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
@on(DOUBLE)
def test_random_programs_on_devices(target, index):
    """In double precision, where rounding does not change decisions of a random program."""
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
    assert (
        sum(any(example.global_parameters) for example in RANDOM) > 5
        and len({example.typed for example in RANDOM}) == 2
    ), costs
