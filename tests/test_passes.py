# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that passes transform programs as docs/program.md, section 5, specifies, do not change values otherwise, and do
not depend on weights; and that the stages together compute the same as the program.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import openmm
import pytest
from comparators import assert_close
from conformance_files import CASES, PAIR_PROGRAMS
from hypothesis import given, settings
from learnedpair import _core
from program_generator import BINARY, INPUTS, OPERATIONS, UNARY, examples, pair_programs

ROOT = Path(__file__).resolve().parents[1]

EXACT = ("fold_constants", "simplify", "share_subexpressions", "remove_dead_code")
STAGED = ("split_linear_layers", "regroup_sums", "optimize")  # passes that change results by rounding errors
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e300, -1e-310)
FINITE = [case for case in CASES if not case.ieee]


def random_programs(count, **options):
    """A decorator that runs a test for a number of random programs."""
    return lambda test: settings(max_examples=count)(given(pair_programs(**options))(test))


def tensor_program(text, weights=()):
    """A program from its lines, separated by semicolons."""
    return _core.TensorProgram(text.replace("; ", "\n") + "\n", np.array(weights, dtype=float))


def short(program):
    return program.text.strip().replace("\n", "; ")


def apply(name, program, typed):
    return getattr(program, name)(*([typed] if name in STAGED else []))


def bits(values):
    """The bits of numbers; all NaNs are made equal."""
    values = np.array(values)
    values[np.isnan(values)] = np.nan
    return values.view(np.int64)


def assert_same_bits(actual, expected, what):
    assert len(actual) == len(expected), what
    for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
        if not np.array_equal(bits(a), bits(b)):
            raise AssertionError(f"{what}, output {k}: {a} for {b}")


def assert_agree(actual, expected, what, rtol=1e-12):
    """Require relative agreement, or an absolute error of at most 1e-13 of the largest result, or of 1."""
    assert len(actual) == len(expected), what
    scale = max(1.0, max(np.abs(x).max() for x in expected))
    for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
        assert_close(a, b, rtol=rtol, atol=1e-13 * scale, what=f"{what}, output {k}")


def all_derivatives(program, num_globals):
    """A program with the outputs f, df/dr, and df/dg, d2f/drdg for each global parameter."""
    program = program.differentiate("distance", 0, 1)
    for k in range(num_globals):
        program = program.differentiate("globals", k, 2)
    return program


def with_all_outputs(program):
    """The same program with every step as an output, so that the value of every step is compared."""
    lines = program.text.splitlines()[:-1]
    return _core.TensorProgram(
        "\n".join(lines) + "\noutput" + "".join(f" v{k}" for k in range(len(lines))) + "\n", program.weights
    )


def steps_of(program):
    """(length, operation, operands) of each step."""
    found = re.findall(r"v\d+\[(\d+)\] = (\w+)(.*)", program.text)
    return [(int(size), operation, [int(k) for k in re.findall(r"v(\d+)", rest)]) for size, operation, rest in found]


def expressions(program):
    """The outputs as formulas with the values of weights: equal for programs that differ only in the order of
    independent steps.
    """
    weights, values = iter(program.weights), []
    for size, operation, rest in re.findall(r"v\d+\[(\d+)\] = (\w+)(.*)", program.text):
        operands = ", ".join(values[int(k)] for k in re.findall(r"v(\d+)", rest))
        numbers = (
            [f"{next(weights):g}" for _ in range(int(size))]
            if operation == "weight"
            else re.sub(r"v\d+", "", rest).split()
        )
        values.append(f"{operation}({operands}){' '.join(numbers)}")
    return [values[int(k)] for k in re.findall(r"v(\d+)", program.text.splitlines()[-1])]


def multiply_adds(function):
    """Multiply-adds per pair and per particle, from the description of the program."""
    return tuple(
        int(
            re.search(
                rf"per {what}: (\d+) multiply-adds",
                function.describe() + "per particle, when it changes: 0 multiply-adds",
            ).group(1)
        )
        for what in ("pair, energy and force", "particle, when it changes")
    )


def conformance_function(case):
    settings_of = case.pair_program
    return _core.PairProgram(
        case.text,
        case.weights,
        settings_of.get("types", 0),
        settings_of.get("features", 0),
        settings_of["min_distance"],
        dict(settings_of["globals"]),
    )


# Random programs


def test_every_elementwise_operation_is_in_the_random_programs_and_in_the_conformance_files():
    definition = (ROOT / "plugin" / "include" / "internal" / "elementwise.def").read_text(encoding="utf-8")
    defined = re.findall(r'^ELEMENTWISE\(\w+, "(\w+)", (\d)', definition, re.MULTILINE)
    assert {name for name, count in defined if count == "1"} == set(UNARY)
    assert {name for name, count in defined if count == "2"} == set(BINARY)
    tested = {operation for case in CASES for _, operation, _ in steps_of(case.program)}
    assert {name for name, _ in defined} <= tested


@pytest.mark.slow
def test_random_programs_have_every_operation():
    programs = examples(300)
    count = Counter(operation for program in programs for _, operation, _ in steps_of(program.program))
    assert set(count) == OPERATIONS and min(count.values()) >= 5, count
    changed = Counter(
        name
        for program in programs
        for name in (*EXACT, *STAGED)
        if apply(name, program.program, program.typed).text != program.program.text
    )
    assert set(changed) == {*EXACT, *STAGED} and min(changed.values()) >= 50, changed
    assert sum(program.typed for program in programs) in range(75, 226)


@random_programs(100)
def test_random_programs_have_bounded_values(program):
    for values in all_derivatives(with_all_outputs(program.program), 0).evaluate(**program.inputs(7)):
        assert np.abs(values).max() < 1e3


@random_programs(40, symmetric=True)
def test_symmetric_programs_are_symmetric(program):
    inputs = program.inputs(9)
    exchanged = {**inputs, "particle1": inputs["particle2"], "particle2": inputs["particle1"]}
    assert_same_bits(program.program.evaluate(**exchanged), program.program.evaluate(**inputs), "exchanged")
    optimized = all_derivatives(program.program.optimize(program.typed), program.num_globals)
    assert_agree(optimized.evaluate(**exchanged), optimized.evaluate(**inputs), "exchanged, optimized")


# Values


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_exact_passes_keep_every_bit_of_conformance_programs(case, name):
    for program in (case.program, with_all_outputs(case.program)):
        assert_same_bits(
            apply(name, program, False).evaluate(**case.inputs), program.evaluate(**case.inputs), f"{case.name}, {name}"
        )


@random_programs(200)
def test_exact_passes_keep_every_bit_of_random_programs(program):
    """With all steps as outputs, and with derivatives; for ordinary numbers, and for special numbers for which
    identities of real numbers do not hold in floating point.
    """
    inputs = program.inputs(40)
    special = {name: np.resize(np.array(SPECIAL), values.shape) for name, values in inputs.items()}
    for one in (
        program.program,
        all_derivatives(program.program, program.num_globals),
        with_all_outputs(program.program),
    ):
        for name in EXACT:
            changed = apply(name, one, program.typed)
            for given_inputs in (inputs, special):
                assert_same_bits(changed.evaluate(**given_inputs), one.evaluate(**given_inputs), name)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("name", STAGED)
@pytest.mark.parametrize("case", FINITE, ids=str)
def test_other_passes_keep_values_of_conformance_programs(case, name, typed):
    program = case.program
    assert_agree(
        apply(name, program, typed).evaluate(**case.inputs), program.evaluate(**case.inputs), f"{case.name}, {name}"
    )


@random_programs(300)
def test_other_passes_keep_values_and_derivatives_of_random_programs(program):
    inputs, original = program.inputs(12), program.program
    differentiated = all_derivatives(original, program.num_globals)
    expected = differentiated.evaluate(**inputs)
    for name in (*EXACT, *STAGED):
        before = all_derivatives(apply(name, original, program.typed), program.num_globals)
        assert_agree(before.evaluate(**inputs), expected, f"{name}, then differentiated")
        assert_agree(
            apply(name, differentiated, program.typed).evaluate(**inputs), expected, f"differentiated, then {name}"
        )


@random_programs(300)
def test_gradients_of_random_programs_are_their_derivatives(program):
    """Reverse mode against forward mode, for the distance and for all global parameters at once."""
    inputs, original = program.inputs(12), program.program
    for name, length in (("distance", 1), ("globals", program.num_globals)):
        if f"= {name}\n" not in original.text:
            continue
        *outputs, gradient = original.append_gradient(name).evaluate(**inputs)
        assert_agree(outputs, original.evaluate(**inputs), name)
        expected = [original.differentiate(name, k, 1).evaluate(**inputs)[-1] for k in range(length)]
        assert_agree([gradient], [np.concatenate(expected, axis=1)], f"gradient by {name}", rtol=1e-11)


@pytest.mark.parametrize("text, gradient", [
    # Every operation that has a rule of its own in reverse mode, for the densities q = (2, 3, 0.5).
    ("v1[4] = gather v0 {0 2 0 1}; v2[4] = mul v1 v1; v3[1] = sum v2 {1 4 1}", [8, 6, 1]),
    ("v1[2] = gather v0 {0 1}; v2[5] = concat v1 v0; v3[5] = mul v2 v2; v4[1] = sum v3 {1 5 1}", [8, 12, 1]),
    ("v1[1] = max v0 {1 3 1}", [0, 1, 0]),
    ("v1[3] = gather v0 {1 1 0}; v2[1] = max v1 {1 3 1}", [0, 1, 0]),
    ("v1[6] = literal 1 2 3 4 5 6; v2[2] = linear v1 v0; v3[2] = mul v2 v2; v4[1] = sum v3 {1 2 1}",
     [2 * 9.5 + 8 * 26, 4 * 9.5 + 10 * 26, 6 * 9.5 + 12 * 26]),
    ("v1[1] = gather v0 {2}; v2[3] = mul v0 v1; v3[1] = sum v2 {1 3 1}", [0.5, 0.5, 6.0]),
    ("v1[3] = literal 2.5 2.5 2.5; v2[3] = less v0 v1; v3[3] = select v2 v0 v1; v4[1] = sum v3 {1 3 1}", [1, 0, 1]),
    ("v1[1] = gather v0 {0}; v2[1] = sigmoid v1; v3[1] = mul v1 v2",
     [1 / (1 + np.exp(-2)) + 2 * np.exp(-2) / (1 + np.exp(-2)) ** 2, 0, 0]),
    ("v1[1] = literal 4", [0, 0, 0]),
    ("v1[3] = floor v0; v2[1] = sum v1 {1 3 1}", [0, 0, 0]),
])  # fmt: skip
def test_gradients_by_hand(text, gradient):
    last = re.findall(r"v(\d+)\[", text)[-1]
    program = _core.TensorProgram(f"v0[3] = densities; {text}; output v{last}".replace("; ", "\n"), of_atoms=True)
    assert_close(program.append_gradient("densities").evaluate(densities=[[2.0, 3.0, 0.5]])[-1], [gradient], rtol=1e-13)


def test_gradients_that_do_not_exist_are_refused():
    program = _core.TensorProgram("v0[2] = densities\noutput v0", of_atoms=True)
    with pytest.raises(openmm.OpenMMException, match="the first output has the length 2; expected 1"):
        program.append_gradient("densities")
    with pytest.raises(ValueError, match="there is no input 'distance'"):
        program.append_gradient("distance")
    program = _core.TensorProgram("v0[1] = type\noutput v0", of_atoms=True)
    with pytest.raises(openmm.OpenMMException, match='does not read the input "densities"'):
        program.append_gradient("densities")


@pytest.mark.parametrize("case", [case for case in FINITE if case.distance_derivatives], ids=str)
def test_passes_keep_derivatives_of_conformance_programs(case):
    program, count = case.program, len(case.outputs)
    for name, element in [("distance", 0), *(("globals", k) for k in range(len(case.globals_derivatives)))]:
        expected = program.differentiate(name, element, count).evaluate(**case.inputs)
        for one in (*EXACT, *STAGED):
            assert_agree(
                apply(one, program, False).differentiate(name, element, count).evaluate(**case.inputs),
                expected,
                f"{case.name}, {one}, by {name}",
            )


@random_programs(200)
def test_optimizing_again_changes_nothing(program):
    for one in (program.program, all_derivatives(program.program, program.num_globals)):
        optimized = one.optimize(program.typed)
        again = optimized.optimize(program.typed)
        assert again.text == optimized.text
        np.testing.assert_array_equal(again.weights, optimized.weights)


# Text


@random_programs(100)
def test_passes_do_not_depend_on_weights(program):
    original = program.program
    others = [
        np.zeros(len(program.weights)),
        np.ones(len(program.weights)),
        -program.weights[::-1],
        np.floor(3 * program.weights),
    ]
    for weights in others:
        other = program.with_weights(weights)
        for name in (*EXACT, *STAGED):
            assert apply(name, other, program.typed).text == apply(name, original, program.typed).text, name
        assert other.differentiate("distance", 0, 1).text == original.differentiate("distance", 0, 1).text
        assert other.stages(program.typed) == original.stages(program.typed)
    other = program.with_weights(0.9 * program.weights)  # no value is NaN, which tables cannot have
    tables = [one.optimize(program.typed).tabulate_radial(program.typed, 0.1, 0.9, 5) for one in (other, original)]
    assert tables[0].text == tables[1].text


SPECIAL_WEIGHTS = {
    "the root of a weight": (
        "v0[1] = weight; v1[1] = sqrt v0; v2[1] = particle1; v3[1] = mul v1 v2; output v3",
        ([1], [-1]),
    ),
    "the ratio of two": (
        (
            "v0[2] = weight; v1[1] = gather v0 {0}; v2[1] = gather v0 {1}; v3[1] = div v1 v2; v4[1] = particle1; v5[1]"
            " = add v3 v4; output v5"
        ),
        ([1, 2], [0, 0]),
    ),
    "arithmetic": (
        "v0[1] = particle1; v1[1] = weight; v2[1] = mul v0 v1; v3[1] = sub v2 v1; v4[1] = div v3 v1; output v4",
        ([2], [1], [0]),
    ),
    "a matrix": (
        "v0[2] = particle1; v1[4] = weight; v2[2] = linear v1 v0; output v2",
        ([1, 0, 0, 1], [0, 0, 0, 0], [1, 2, 3, 4]),
    ),
    "equal ones": (
        (
            "v0[1] = particle1; v1[2] = weight; v2[2] = weight; v3[2] = mul v0 v1; v4[2] = mul v0 v2; v5[2] = add v3"
            " v4; output v5"
        ),
        ([1, 2, 1, 2], [1, 2, 3, 4]),
    ),
}


@pytest.mark.parametrize("text, weights", list(SPECIAL_WEIGHTS.values()), ids=list(SPECIAL_WEIGHTS))
@pytest.mark.parametrize("name", [*EXACT, *STAGED])
def test_special_weights_do_not_change_the_text(name, text, weights):
    """Weights that make NaN, weights that are neutral in an operation, and equal weights."""
    first, *others = [short(apply(name, tensor_program(text, one), False)) for one in weights]
    for other in others:
        assert other == first


FOLDED = [
    ("v0[1] = literal 2; v1[1] = literal 3; v2[1] = pow v0 v1; output v2", (), "v0[1] = literal 8; output v0", ()),
    (
        "v0[1] = literal 2; v1[2] = weight; v2[2] = mul v0 v1; v3[2] = neg v2; output v3",
        (1, 5),
        "v0[2] = weight; output v0",
        (-2, -10),
    ),
    (
        "v0[4] = literal 1 2 3 4; v1[2] = sum v0 {2 2 1}; v2[3] = gather v1 {1 0 1}; output v2",
        (),
        "v0[3] = literal 7 3 7; output v0",
        (),
    ),
    (
        "v0[1] = literal 1; v1[4] = weight; v2[2] = lookup v0 v1 {2}; output v2",
        (1, 2, 3, 4),
        "v0[2] = weight; output v0",
        (3, 4),
    ),
    (
        "v0[4] = literal 1 2 3 4; v1[2] = literal 10 1; v2[2] = linear v0 v1; output v2",
        (),
        "v0[2] = literal 12 34; output v0",
        (),
    ),
    ("v0[1] = literal 0; v1[1] = log v0; output v1", (), "v0[1] = literal -inf; output v0", ()),
    ("v0[1] = literal 0; v1[1] = neg v0; output v1", (), "v0[1] = literal -0; output v0", ()),
    (
        "v0[1] = literal -1; v1[1] = log v0; output v1",
        (),
        "v0[1] = literal -1; v1[1] = log v0; output v1",
        (),
    ),  # constants are never NaN
    (
        "v0[1] = distance; v1[1] = literal 2; v2[1] = exp v1; v3[1] = mul v0 v2; output v3",
        (),
        "v0[1] = distance; v1[1] = literal 7.38905609893065; v2[1] = mul v0 v1; output v2",
        (),
    ),
    (
        "v0[1] = distance; v1[1] = literal 0; v2[1] = mul v0 v1; output v2",
        (),
        "v0[1] = distance; v1[1] = literal 0; v2[1] = mul v0 v1; output v2",
        (),
    ),
]


@pytest.mark.parametrize("before, weights, after, folded", FOLDED)
def test_constants_are_folded(before, weights, after, folded):
    program = tensor_program(before, weights).fold_constants().remove_dead_code()
    assert short(program) == after
    np.testing.assert_array_equal(program.weights, folded)


X, XY = "v0[3] = particle1; ", "v0[3] = particle1; v1[3] = particle2; "
SIMPLIFIED = {
    "-(-x) = x": (X + "v1[3] = neg v0; v2[3] = neg v1; output v2", X + "output v0"),
    "-(-(-x)) = -x": (X + "v1[3] = neg v0; v2[3] = neg v1; v3[3] = neg v2; output v3", X + "v1[3] = neg v0; output v1"),
    "-x + y = y - x": (XY + "v2[3] = neg v0; v3[3] = add v2 v1; output v3", XY + "v2[3] = sub v1 v0; output v2"),
    "x + -y = x - y": (XY + "v2[3] = neg v1; v3[3] = add v0 v2; output v3", XY + "v2[3] = sub v0 v1; output v2"),
    "x - -y = x + y": (XY + "v2[3] = neg v1; v3[3] = sub v0 v2; output v3", XY + "v2[3] = add v0 v1; output v2"),
    "-x + y, y one number": (
        "v0[3] = particle1; v1[1] = distance; v2[3] = neg v0; v3[3] = add v2 v1; output v3",
        "v0[3] = particle1; v1[1] = distance; v2[3] = sub v1 v0; output v2",
    ),
    "x - 0 = x": (X + "v1[1] = literal 0; v2[3] = sub v0 v1; output v2", X + "output v0"),
    "x - (0, 0, 0) = x": (X + "v1[3] = literal 0 0 0; v2[3] = sub v0 v1; output v2", X + "output v0"),
    "x * 1 = x": (X + "v1[1] = literal 1; v2[3] = mul v0 v1; output v2", X + "output v0"),
    "1 * x = x": (X + "v1[3] = literal 1 1 1; v2[3] = mul v1 v0; output v2", X + "output v0"),
    "x / 1 = x": (X + "v1[1] = literal 1; v2[3] = div v0 v1; output v2", X + "output v0"),
    "sums of one element": (X + "v1[3] = sum v0 {3 1 1}; output v1", X + "output v0"),
    "largest of one element": (X + "v1[3] = max v0 {1 1 3}; output v1", X + "output v0"),
    "x[0, 1, 2] = x": (X + "v1[3] = gather v0 {0 1 2}; output v1", X + "output v0"),
    "(x[i])[k] = x[i[k]]": (
        X + "v1[3] = gather v0 {2 0 1}; v2[2] = gather v1 {0 2}; output v2",
        X + "v1[2] = gather v0 {2 1}; output v1",
    ),
    "permuted there and back": (X + "v1[3] = gather v0 {2 0 1}; v2[3] = gather v1 {1 2 0}; output v2", X + "output v0"),
    "elements of one part": (
        XY + "v2[6] = concat v0 v1; v3[2] = gather v2 {5 3}; output v3",
        "v0[3] = particle2; v1[2] = gather v0 {2 0}; output v1",
    ),
    "all elements of one part": (
        XY + "v2[6] = concat v0 v1; v3[3] = gather v2 {3 4 5}; output v3",
        "v0[3] = particle2; output v0",
    ),
    "concat(concat(x, y), x) = concat(x, y, x)": (
        XY + "v2[6] = concat v0 v1; v3[9] = concat v2 v0; output v3",
        XY + "v2[9] = concat v0 v1 v0; output v2",
    ),
    "concat(x, concat(y)) = concat(x, y)": (
        XY + "v2[3] = concat v1; v3[6] = concat v0 v2; output v3",
        XY + "v2[6] = concat v0 v1; output v2",
    ),
    "concat(x) = x": (X + "v1[3] = concat v0; output v1", X + "output v0"),
}


@pytest.mark.parametrize("before, after", SIMPLIFIED.values(), ids=SIMPLIFIED)
def test_exact_identities_are_simplified(before, after):
    program = tensor_program(before)
    simple = program.simplify().remove_dead_code()
    assert short(simple) == after
    inputs = {
        "distance": np.array(SPECIAL),
        "particle1": np.array(list(zip(SPECIAL, SPECIAL[3:] + SPECIAL, SPECIAL[7:] + SPECIAL, strict=False))),
        "particle2": np.resize(SPECIAL[::-1], (10, 3)),
    }
    assert_same_bits(simple.evaluate(**inputs), program.evaluate(**inputs), before)


KEPT = {
    "x * 0": X + "v1[1] = literal 0; v2[3] = mul v0 v1; output v2",
    "0 * x": X + "v1[1] = literal 0; v2[3] = mul v1 v0; output v2",
    "x - x": X + "v1[3] = sub v0 v0; output v1",
    "x / x": X + "v1[3] = div v0 v0; output v1",
    "x + 0": X + "v1[1] = literal 0; v2[3] = add v0 v1; output v2",
    "0 + x": X + "v1[1] = literal 0; v2[3] = add v1 v0; output v2",
    "0 - x": X + "v1[1] = literal 0; v2[3] = sub v1 v0; output v2",
    "x - (-0)": X + "v1[1] = literal -0; v2[3] = sub v0 v1; output v2",
    "x - (0, 0, -0)": X + "v1[3] = literal 0 0 -0; v2[3] = sub v0 v1; output v2",
    "x * (1, 1, 2)": X + "v1[3] = literal 1 1 2; v2[3] = mul v0 v1; output v2",
    "1 / x": X + "v1[1] = literal 1; v2[3] = div v1 v0; output v2",
    "one number times (1, 1)": "v0[1] = distance; v1[2] = literal 1 1; v2[2] = mul v0 v1; output v2",
    "one number minus (0, 0)": "v0[1] = distance; v1[2] = literal 0 0; v2[2] = sub v0 v1; output v2",
    "a sum of two": "v0[4] = particle1; v1[2] = sum v0 {1 2 2}; output v1",
    "elements of two parts": XY + "v2[6] = concat v0 v1; v3[2] = gather v2 {2 3}; output v3",
    "another order": X + "v1[3] = gather v0 {0 2 1}; output v1",
    "the first elements": X + "v1[2] = gather v0 {0 1}; output v1",
    "elements twice": X + "v1[6] = gather v0 {0 1 2 0 1 2}; output v1",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_other_expressions_are_not_simplified(text):
    """Identities that do not hold for 0, -0, infinities or NaN, or would change the length."""
    assert short(tensor_program(text).simplify().remove_dead_code()) == text


@pytest.mark.parametrize("operation, numbers", [("mul", [1]), ("mul", [0]), ("sub", [0]), ("div", [1])])
def test_weights_are_not_simplified(operation, numbers):
    text = X + f"v1[1] = weight; v2[3] = {operation} v0 v1; output v2"
    assert short(tensor_program(text, numbers).simplify().remove_dead_code()) == text


@pytest.mark.parametrize("constant", ["0", "-0", "1", "-1", "inf", "-inf"])
def test_arithmetic_with_special_literals_is_kept_to_the_last_bit(constant):
    lines = ["v0[1] = particle1", "v1[1] = particle2", f"v2[1] = literal {constant}", "v3[1] = neg v1"]
    for operation in BINARY:
        for x, y in [(0, 2), (2, 0), (0, 3), (3, 0), (3, 3), (2, 3), (3, 2), (0, 0)]:
            lines.append(f"v{len(lines)}[1] = {operation} v{x} v{y}")
    for operation in UNARY:
        lines.append(f"v{len(lines)}[1] = {operation} v3")
    program = with_all_outputs(tensor_program("; ".join([*lines, "output v0"])))
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL])
    inputs = {"particle1": pairs[:, 0], "particle2": pairs[:, 1]}
    for name in EXACT:
        for line, a, b in zip(
            lines, apply(name, program, False).evaluate(**inputs), program.evaluate(**inputs), strict=True
        ):
            wrong = (
                [
                    f"{x}, {y}: {u}, not {v}"
                    for (x, y), u, v in zip(pairs, a[:, 0], b[:, 0], strict=True)
                    if bits(u) != bits(v)
                ]
                if len(a) == len(pairs)
                else []
            )
            assert not wrong, f"{name}, {line}: {wrong}"
            assert len(a) == len(pairs) or np.array_equal(bits(a), bits(b)), f"{name}, {line}"


SHARED = {
    "equal steps": (
        X + "v1[3] = tanh v0; v2[3] = tanh v0; v3[3] = mul v1 v2; output v3",
        X + "v1[3] = tanh v0; v2[3] = mul v1 v1; output v2",
    ),
    "chains of equal steps": (
        X + "v1[3] = tanh v0; v2[3] = tanh v0; v3[3] = exp v1; v4[3] = exp v2; v5[3] = sub v3 v4; output v5",
        X + "v1[3] = tanh v0; v2[3] = exp v1; v3[3] = sub v2 v2; output v3",
    ),
    "x + y and y + x": (
        XY + "v2[3] = add v0 v1; v3[3] = add v1 v0; v4[3] = mul v2 v3; output v4",
        XY + "v2[3] = add v0 v1; v3[3] = mul v2 v2; output v3",
    ),
    "x * y and y * x": (
        XY + "v2[3] = mul v0 v1; v3[3] = mul v1 v0; output v2 v3",
        XY + "v2[3] = mul v0 v1; output v2 v2",
    ),
    "x = y and y = x": (
        XY + "v2[3] = equal v0 v1; v3[3] = equal v1 v0; output v2 v3",
        XY + "v2[3] = equal v0 v1; output v2 v2",
    ),
    "equal literals": ("v0[2] = literal 1 2; v1[2] = literal 1 2; output v1 v0", "v0[2] = literal 1 2; output v0 v0"),
    "x - y and y - x": (XY + "v2[3] = sub v0 v1; v3[3] = sub v1 v0; output v2 v3", None),
    "max(x, y) and max(y, x)": (XY + "v2[3] = maximum v0 v1; v3[3] = maximum v1 v0; output v2 v3", None),
    "x < y and y < x": (XY + "v2[3] = less v0 v1; v3[3] = less v1 v0; output v2 v3", None),
    "0 and -0": ("v0[1] = literal 0; v1[1] = literal -0; output v0 v1", None),
    "other lengths": ("v0[1] = literal 1; v1[2] = literal 1 1; output v0 v1", None),
    "other elements": (
        X
        + "v1[2] = gather v0 {0 1}; v2[2] = gather v0 {1 0}; v3[3] = sum v0 {3 1 1}; v4[1] = sum v0 {1 3 1}; output v1"
        " v2 v3 v4",
        None,
    ),
    "sum and largest": (X + "v1[1] = sum v0 {1 3 1}; v2[1] = max v0 {1 3 1}; output v1 v2", None),
    "equal weights": (
        "v0[1] = distance; v1[2] = weight; v2[2] = weight; v3[2] = mul v0 v1; v4[2] = mul v0 v2; output v3 v4",
        None,
    ),
}


@pytest.mark.parametrize("before, after", SHARED.values(), ids=SHARED)
def test_only_equal_expressions_are_shared(before, after):
    weights = [1, 2] * before.count("weight")
    assert short(tensor_program(before, weights).share_subexpressions().remove_dead_code()) == (after or before)


def test_dead_code_is_removed():
    before = (
        "v0[1] = distance; v1[2] = particle1; v2[2] = weight; v3[2] = mul v1 v2; v4[1] = exp v0; v5[1] = weight; v6[1]"
        " = mul v4 v5; v7[2] = particle2; v8[1] = neg v6; output v6 v0 v6"
    )
    program = tensor_program(before, [1, 2, 3]).remove_dead_code()
    assert short(program) == "v0[1] = distance; v1[1] = exp v0; v2[1] = weight; v3[1] = mul v1 v2; output v3 v0 v3"
    np.testing.assert_array_equal(program.weights, [3])


INPUTS_OF_LAYER = "v0[1] = distance; v1[2] = particle1; v2[2] = particle2; v3[2] = globals; "
SPLIT = {
    "a concatenation": (
        "v4[3] = weight; v5[3] = mul v0 v4; v6[7] = concat v5 v1 v2; v7[14] = weight; v8[2] = linear v7 v6; output v8",
        17,
        (
            "v4[3] = weight; v5[3] = mul v0 v4; v6[4] = weight; v7[2] = linear v6 v1; v8[4] = weight; v9[2] = linear v8"
            " v2; v10[2] = add v7 v9; v11[6] = weight; v12[2] = linear v11 v5; v13[2] = add v10 v12; output v13"
        ),
        [0, 1, 2, 6, 7, 13, 14, 8, 9, 15, 16, 3, 4, 5, 10, 11, 12],
    ),
    "parts of one stage stay together": (
        "v4[2] = exp v1; v5[1] = tanh v0; v6[6] = concat v1 v5 v4 v0; v7[12] = weight; v8[2] = linear v7 v6; output v8",
        12,
        (
            "v4[2] = exp v1; v5[1] = tanh v0; v6[4] = concat v1 v4; v7[8] = weight; v8[2] = linear v7 v6; v9[2] ="
            " concat v5 v0; v10[4] = weight; v11[2] = linear v10 v9; v12[2] = add v8 v11; output v12"
        ),
        [0, 1, 3, 4, 6, 7, 9, 10, 2, 5, 8, 11],
    ),
    "a sum and a difference": (
        (
            "v4[2] = weight; v5[2] = mul v0 v4; v6[2] = add v1 v2; v7[2] = sub v5 v6; v8[4] = weight; v9[2] = linear v8"
            " v7; output v9"
        ),
        6,
        (
            "v4[2] = weight; v5[2] = mul v0 v4; v6[2] = neg v1; v7[4] = weight; v8[2] = linear v7 v6; v9[2] = neg v2;"
            " v10[4] = weight; v11[2] = linear v10 v9; v12[2] = add v8 v11; v13[4] = weight; v14[2] = linear v13 v5;"
            " v15[2] = add v12 v14; output v15"
        ),
        [0, 1] + 3 * [2, 3, 4, 5],
    ),
    "a part in a concatenation in a sum": (
        (
            "v4[2] = concat v0 v0; v5[4] = concat v4 v1; v6[4] = concat v2 v3; v7[4] = add v5 v6; v8[4] = literal 1 2 3"
            " 4; v9[1] = linear v8 v7; output v9"
        ),
        0,
        (
            "v4[2] = literal 3 4; v5[1] = linear v4 v1; v6[4] = concat v2 v3; v7[4] = literal 1 2 3 4; v8[1] = linear"
            " v7 v6; v9[1] = add v5 v8; v10[2] = concat v0 v0; v11[2] = literal 1 2; v12[1] = linear v11 v10; v13[1] ="
            " add v9 v12; output v13"
        ),
        [],
    ),
    "terms for the same elements": (
        "v4[2] = exp v1; v5[2] = add v1 v2; v6[2] = sub v5 v4; v7[4] = weight; v8[2] = linear v7 v6; output v8",
        4,
        (
            "v4[2] = exp v1; v5[2] = sub v1 v4; v6[4] = weight; v7[2] = linear v6 v5; v8[4] = weight; v9[2] = linear v8"
            " v2; v10[2] = add v7 v9; output v10"
        ),
        2 * [0, 1, 2, 3],
    ),
}
NOT_SPLIT = {
    "one stage": "v4[4] = concat v1 v3; v5[4] = weight; v6[1] = linear v5 v4; output v6",
    "one number for all elements": "v4[2] = add v0 v1; v5[2] = weight; v6[1] = linear v5 v4; output v6",
    "a product": "v4[2] = mul v1 v2; v5[2] = weight; v6[1] = linear v5 v4; output v6",
    "a constant and a pair": (
        "v4[2] = mul v1 v2; v5[1] = literal 1; v6[3] = concat v5 v4; v7[3] = weight; v8[1] = linear v7 v6; output v8"
    ),
}


@pytest.mark.parametrize("before, num_weights, after, weights", SPLIT.values(), ids=SPLIT)
def test_linear_layers_are_split_by_stages(before, num_weights, after, weights):
    program = tensor_program(INPUTS_OF_LAYER + before, np.arange(num_weights))
    assert expressions(program.split_linear_layers(False)) == expressions(
        tensor_program(INPUTS_OF_LAYER + after, weights)
    )


@pytest.mark.parametrize("text", NOT_SPLIT.values(), ids=NOT_SPLIT)
def test_other_linear_layers_are_not_split(text):
    program = tensor_program(
        INPUTS_OF_LAYER + text, np.arange(3.0 if "v7[3]" in text else 4.0 if "v5[4]" in text else 2.0)
    )
    assert program.split_linear_layers(False).text == program.text


def test_layers_on_two_types_are_not_split():
    """A value that depends on two types is computed once for each pair of types, split or not."""
    text = "v0[1] = particle1; v1[1] = particle2; v2[2] = concat v0 v1; v3[2] = weight; v4[1] = linear v3 v2; output v4"
    program = tensor_program(text, [1, 2])
    assert program.split_linear_layers(True).text == program.text != program.split_linear_layers(False).text


def test_splitting_a_sum_that_is_added_to_itself_does_not_multiply_the_steps():
    """Every value of the chain is visited once, not once for each of the 2^12 paths to it."""
    lines = [
        "v0[1] = distance",
        "v1[1] = particle1",
        "v2[2] = weight",
        "v3[2] = mul v0 v2",
        "v4[2] = mul v1 v2",
        "v5[2] = add v3 v4",
    ]
    lines += [f"v{k}[2] = add v{k - 1} v{k - 1}" for k in range(6, 18)]
    lines += ["v18[2] = weight", "v19[1] = linear v18 v17", "output v19"]
    program = tensor_program("; ".join(lines), [1, 2, 3, 4])
    assert len(steps_of(program.split_linear_layers(False))) <= 4 * len(lines)


REGROUPED = {
    "terms of a stage first": (
        "v4[2] = mul v0 v3; v5[2] = add v4 v1; v6[2] = add v5 v3; v7[2] = add v6 v2; v8[2] = add v7 v1; output v8",
        "v4[2] = mul v0 v3; v5[2] = add v1 v1; v6[2] = add v3 v5; v7[2] = add v6 v2; v8[2] = add v7 v4; output v8",
    ),
    "signs": (
        "v4[2] = mul v0 v3; v5[2] = sub v4 v1; v6[2] = sub v2 v5; v7[2] = sub v6 v1; output v7",
        "v4[2] = mul v0 v3; v5[2] = sub v1 v1; v6[2] = add v5 v2; v7[2] = sub v6 v4; output v7",
    ),
    "only negative terms of a stage": (
        "v4[2] = sub v0 v1; v5[2] = sub v4 v3; v6[2] = sub v5 v1; output v6",
        "v4[2] = add v1 v1; v5[2] = add v3 v4; v6[2] = sub v0 v5; output v6",
    ),
    "a sum that is used twice": ("v4[2] = add v0 v1; v5[2] = add v4 v3; v6[2] = mul v5 v4; output v6", None),
    "a sum that is an output": ("v4[2] = add v0 v1; v5[2] = add v4 v3; output v4 v5", None),
    "shorter sums": ("v4[1] = gather v1 {0}; v5[1] = add v0 v4; v6[2] = add v5 v3; output v6", None),
    "one stage": ("v4[2] = exp v1; v5[2] = sub v1 v4; v6[2] = add v4 v5; output v6", None),
}


@pytest.mark.parametrize("before, after", REGROUPED.values(), ids=REGROUPED)
def test_sums_are_regrouped_by_stages(before, after):
    program = tensor_program(INPUTS_OF_LAYER + before)
    assert expressions(program.regroup_sums(False)) == expressions(tensor_program(INPUTS_OF_LAYER + (after or before)))


def test_optimizing_combines_all_passes():
    """A layer on distance and types: constants are folded, and the contributions of types are added for each pair of
    types.
    """
    text = (
        "v0[1] = distance; v1[1] = particle1; v2[1] = particle2; v3[1] = literal 2; v4[1] = literal -1; v5[1] = mul v3"
        " v4; v6[1] = mul v0 v5; v7[1] = exp v6; v8[6] = weight; v9[2] = lookup v1 v8 {2}; v10[2] = lookup v2 v8 {2};"
        " v11[5] = concat v7 v9 v10; v12[5] = weight; v13[1] = linear v12 v11; v14[1] = weight; v15[1] = add v13 v14;"
        " v16[1] = neg v15; v17[1] = neg v16; output v17"
    )
    assert expressions(tensor_program(text, np.arange(12)).optimize(True)) == expressions(
        tensor_program(
            "v0[1] = distance; v1[1] = particle1; v2[1] = particle2; v3[1] = literal -2; v4[1] = mul v0 v3; v5[1] = exp"
            " v4; v6[6] = weight; v7[2] = lookup v1 v6 {2}; v8[2] = lookup v2 v6 {2}; v9[2] = weight; v10[1] = linear"
            " v9 v7; v11[2] = weight; v12[1] = linear v11 v8; v13[1] = weight; v14[1] = linear v13 v5; v15[1] = weight;"
            " v16[1] = add v15 v10; v17[1] = add v16 v12; v18[1] = add v17 v14; output v18",
            [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 6, 11],
        )
    )


def test_functions_of_weights_that_occur_twice_are_computed_once():
    """If they were folded first, two equal steps would become two weights, which are never shared."""
    g = "v{0}[2] = exp v1; v{1}[2] = mul v0 v{0}; v{2}[2] = tanh v{1}; "
    text = (
        "v0[1] = distance; v1[2] = weight; "
        + g.format(2, 3, 4)
        + g.format(5, 6, 7)
        + "v8[2] = mul v4 v7; v9[1] = sum v8 {1 2 1}; output v9"
    )
    assert (
        short(tensor_program(text, [0.1, 0.2]).optimize(False))
        == "v0[1] = distance; v1[2] = weight; v2[2] = mul v0 v1; v3[2] = tanh v2; v4[2] = mul v3 v3; v5[1] = sum v4 {1"
        " 2 1}; output v5"
    )


def test_stages_of_steps():
    text = (
        "v0[1] = distance; v1[1] = particle1; v2[1] = particle2; v3[1] = globals; v4[1] = literal 2; v5[1] = mul v3 v4;"
        " v6[1] = mul v1 v5; v7[1] = mul v2 v4; v8[1] = add v6 v7; v9[1] = mul v0 v3; v10[1] = add v9 v6; v11[1] = add"
        " v8 v3; v12[1] = pair; v13[1] = mul v12 v3; v14[1] = neg v4; output v10 v11 v13 v14"
    )
    stages = [
        "radial",
        "particle",
        "particle",
        "global",
        "constant",
        "global",
        "particle",
        "particle",
        "pair of types",
        "radial",
        "pair",
        "pair of types",
        "pair",
        "pair",
        "constant",
    ]
    assert tensor_program(text).stages(True) == stages
    assert tensor_program(text).stages(False) == [stage.replace(" of types", "") for stage in stages]


# Derivatives


def test_text_of_derivatives():
    program = tensor_program(
        "v0[1] = distance; v1[2] = globals; v2[1] = gather v1 {1}; v3[1] = mul v0 v2; v4[1] = exp v3; output v4 v2"
    )
    assert (
        short(program.differentiate("distance", 0, 2).remove_dead_code())
        == "v0[1] = distance; v1[2] = globals; v2[1] = gather v1 {1}; v3[1] = mul v0 v2; v4[1] = exp v3; v5[1] = mul v4"
        " v2; v6[1] = literal 0; output v4 v2 v5 v6"
    )
    assert (
        short(program.differentiate("globals", 1, 1).remove_dead_code())
        == "v0[1] = distance; v1[2] = globals; v2[1] = gather v1 {1}; v3[1] = mul v0 v2; v4[1] = exp v3; v5[1] = mul v4"
        " v0; output v4 v2 v5"
    )
    assert short(program.differentiate("globals", 0, 1).remove_dead_code()).endswith("literal 0; output v4 v2 v5")


def test_derivatives_have_the_lengths_of_values():
    program = tensor_program(
        "v0[1] = distance; v1[3] = literal 1 2 3; v2[3] = add v0 v1; v3[3] = particle1; output v2 v3"
    ).differentiate("distance", 0, 2)
    outputs = program.evaluate(distance=np.array([0.5, 0.7]), particle1=np.zeros((2, 3)))
    np.testing.assert_array_equal(outputs[2], np.ones((2, 3)))
    np.testing.assert_array_equal(outputs[3], np.zeros((2, 3)))


def test_impossible_derivatives_are_refused():
    table = tensor_program(
        "v0[1] = distance; v1[6] = weight; v2[1] = table v0 v1 {2}; output v2", [0, 1, 0, 1, 2, 1]
    ).differentiate("distance", 0, 1)
    with pytest.raises(openmm.OpenMMException, match="table_slope"):
        table.differentiate("distance", 0, 2)
    with pytest.raises(ValueError, match="particle1"):
        table.differentiate("particle1", 0, 1)


def test_only_the_requested_outputs_are_differentiated():
    """Existing derivatives are not differentiated again, which would triple the outputs with each parameter."""
    text = (
        "v0[1] = distance; v1[8] = globals; v2[8] = mul v0 v1; v3[8] = tanh v2; v4[1] = sum v3 {1 8 1}; v5[1] = tanh"
        " v4; output v5"
    )
    steps = [len(steps_of(all_derivatives(tensor_program(text), count))) for count in (0, 1, 4, 8)]
    assert steps[3] - steps[0] <= 10 * (steps[1] - steps[0]), steps


def test_a_table_of_several_parameters_is_differentiated():
    """The table_slope in the derivative by one parameter need not be differentiated with respect to the next."""
    text = (
        "v0[1] = distance; v1[2] = globals; v2[1] = sum v1 {1 2 1}; v3[6] = weight; v4[1] = table v2 v3 {2}; v5[1] ="
        " mul v0 v4; output v5"
    )
    program = all_derivatives(tensor_program(text, [0, 1, 0, 1, 1, 1]), 2)  # a straight line
    assert_agree(
        program.evaluate(distance=np.array([2.0]), globals=np.array([0.5, 0.25])),
        np.reshape([1.5, 0.75, 2, 1, 2, 1], (6, 1, 1)),
        "a table",
    )


def central_differences(function, x, h):
    """The derivative with an error of order h^4, and an estimate of the error, from three steps. Two steps would miss
    some kinks.
    """

    def stencil(h):
        return (8 * (function(x + h) - function(x - h)) - (function(x + 2 * h) - function(x - 2 * h))) / (12 * h)

    coarse, fine, finest = (stencil(step) for step in (h, h / 2, h / 4))
    return finest, np.maximum(np.abs(fine - coarse), np.abs(finest - fine))


def assert_differences_agree(derivative, function, x, scale):
    """Compare a derivative with differences where no kink is near; return the number of such places."""
    expected, error = central_differences(function, x, 2e-3)
    smooth = error < 1e-5 * scale
    assert_close(derivative[smooth], expected[smooth], atol=1e-9 * scale + 2 * error[smooth], what="derivative")
    return smooth.sum()


@pytest.mark.parametrize("variable", ["distance", "globals"])
def test_derivatives_equal_finite_differences(variable):
    compared, total = 0, 0

    @random_programs(300)
    def check(program):
        nonlocal compared, total
        inputs, count = program.inputs(24), 24
        elements = range(program.num_globals) if variable == "globals" else [0]
        with_dEdR = program.program.differentiate("distance", 0, 1)
        for element in elements:

            def at(x, element=element):
                moved = {name: np.array(values) for name, values in inputs.items()}
                if variable == "distance":
                    moved["distance"] = x
                    return with_dEdR.evaluate(**moved)
                moved["globals"][element] = x
                return with_dEdR.evaluate(**moved)

            x = inputs["distance"] if variable == "distance" else inputs["globals"][element]
            energy, dEdR, *derivatives = (
                with_dEdR if variable == "distance" else with_dEdR.differentiate("globals", element, 2)
            ).evaluate(**inputs)
            scale = 1 + np.abs(energy).max() + np.abs(dEdR).max()
            pairs = [(dEdR, 0)] if variable == "distance" else list(zip(derivatives, (0, 1), strict=True))
            for derivative, output in pairs:
                compared += assert_differences_agree(
                    derivative[:, 0], lambda x, output=output, at=at: at(x)[output][:, 0], x, scale
                )
                total += count

    check()
    assert compared > 0.85 * total > 500


@random_programs(150)
def test_the_order_of_derivatives_does_not_matter(program):
    inputs = program.inputs(12)
    for k in range(program.num_globals):
        f, fr, fg, frg = (
            program.program.differentiate("distance", 0, 1).differentiate("globals", k, 2).evaluate(**inputs)
        )
        one, *others = program.program.differentiate("globals", k, 1).differentiate("distance", 0, 2).evaluate(**inputs)
        assert_agree([one, *others], [f, fg, fr, frg], f"parameter {k}")


# Stages


def run_part(part, count, **inputs):
    """The concatenated outputs of a part, for each pair."""
    if part is None:
        return np.zeros((count, 0))
    return np.concatenate(
        [np.broadcast_to(values, (count, values.shape[1])) for values in part.evaluate(**inputs)], axis=1
    )


def recombine(function, derivatives, distance, particle1, particle2, parameters):
    """Evaluate a function as platforms do: run each part on its own inputs, and the pair part on the results."""
    parts, count = function.stages(derivatives), len(distance)
    pair_inputs = {
        "globals": run_part(parts["global"], 1, globals=parameters)[0],
        "particle1": run_part(parts["particle"], count, particle1=particle1, globals=parameters),
        "particle2": run_part(parts["particle"], count, particle1=particle2, globals=parameters),
        "pair": run_part(parts["pair of types"], count, particle1=particle1, particle2=particle2, globals=parameters),
    }
    return [
        np.broadcast_to(values, (count, 1))[:, 0] for values in parts["pair"].evaluate(distance=distance, **pair_inputs)
    ]


def assert_stages_agree(function, distance, particle1, particle2, parameters, what):
    """Compare the recombined stages with the function; parameters are values by name."""
    values = np.array([parameters[name] for name in function.global_parameters])
    derivatives = list(range(len(values)))
    energy, dEdR = function.evaluate(distance, particle1, particle2, **parameters)
    assert_agree(recombine(function, [], distance, particle1, particle2, values), [energy, dEdR], what)
    expected = [energy, dEdR]
    for pair in function.evaluate_derivatives(distance, particle1, particle2, **parameters).values():
        expected += pair
    assert_agree(
        recombine(function, derivatives, distance, particle1, particle2, values), expected, f"{what}, derivatives"
    )
    for k in derivatives[1:]:  # one derivative of several
        assert_agree(
            recombine(function, [k], distance, particle1, particle2, values),
            [energy, dEdR, *expected[2 + 2 * k : 4 + 2 * k]],
            f"{what}, derivative {k}",
        )


@random_programs(250)
def test_stages_of_random_programs_equal_the_program(program):
    inputs = program.inputs(21)
    assert_stages_agree(
        program.function,
        inputs["distance"],
        inputs["particle1"],
        inputs["particle2"],
        program.global_parameters,
        "stages",
    )


@random_programs(100, symmetric=True)
def test_stages_of_symmetric_programs_equal_the_program(program):
    inputs = program.inputs(5)
    assert_stages_agree(
        program.function,
        inputs["distance"],
        inputs["particle1"],
        inputs["particle2"],
        program.global_parameters,
        "stages",
    )


@pytest.mark.parametrize("case", PAIR_PROGRAMS, ids=str)
def test_stages_of_conformance_programs_equal_the_program(case):
    function = conformance_function(case)
    parameters = dict(zip(function.global_parameters, case.inputs["globals"], strict=True))
    assert_stages_agree(
        function, case.inputs["distance"], case.inputs["particle1"], case.inputs["particle2"], parameters, case.name
    )


SMALL = {
    "a constant": "v0[1] = weight; output v0",
    "the distance": "v0[1] = distance; output v0",
    "a parameter": "v0[2] = globals; v1[1] = gather v0 {1}; output v1",
    "one particle": "v0[1] = particle1; output v0",
    "the other particle": "v0[1] = particle2; v1[1] = exp v0; output v1",
    "both particles": "v0[1] = particle2; v1[1] = particle1; v2[1] = sub v0 v1; output v2",
    "the same function of both": (
        "v0[1] = particle1; v1[1] = particle2; v2[1] = exp v0; v3[1] = exp v1; v4[1] = distance; v5[1] = mul v2 v4;"
        " v6[1] = mul v3 v5; output v6"
    ),
    "one particle and the distance": "v0[1] = particle2; v1[1] = distance; v2[1] = mul v0 v1; output v2",
    "particle and parameter": (
        "v0[1] = particle2; v1[2] = globals; v2[2] = mul v0 v1; v3[1] = distance; v4[2] = mul v2 v3; v5[1] = sum v4 {1"
        " 2 1}; output v5"
    ),
    "unused inputs": (
        "v0[1] = particle1; v1[2] = globals; v2[1] = distance; v3[1] = particle2; v4[1] = exp v2; output v4"
    ),
}


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("text", SMALL.values(), ids=SMALL)
def test_stages_of_small_programs_equal_the_program(text, typed):
    function = _core.PairProgram(
        text.replace("; ", "\n") + "\n",
        np.full(text.count("weight"), 3.0),
        3 * typed,
        not typed,
        0.1,
        {"a": 0.5, "b": 2.0},
    )
    types1, types2 = np.array([0.0, 1, 2, 2]), np.array([2.0, 1, 0, 1])
    assert_stages_agree(function, np.array([0.2, 0.3, 0.5, 0.8]), types1, types2, {"a": -0.25, "b": 1.5}, text)


def test_parts_of_a_small_program():
    """The particle part depends on one particle; each value that is needed of both particles occurs once in it."""
    text = (
        "v0[1] = distance; v1[2] = particle1; v2[2] = particle2; v3[1] = globals; v4[2] = tanh v1; v5[2] = tanh v2;"
        " v6[2] = mul v4 v5; v7[1] = exp v3; v8[2] = mul v6 v7; v9[2] = mul v0 v8; v10[1] = sum v9 {1 2 1}; v11[2] ="
        " exp v2; v12[1] = sum v11 {1 2 1}; v13[1] = add v10 v12; output v13"
    )
    parts = _core.PairProgram(text.replace("; ", "\n"), [], num_features=2, global_parameters={"g": 1.0}).stages()
    assert {name: short(part) for name, part in parts.items() if part} == {
        "global": "v0[1] = globals; v1[1] = exp v0; output v1",
        "particle": "v0[2] = particle1; v1[2] = tanh v0; v2[2] = exp v0; v3[1] = sum v2 {1 2 1}; output v1 v3",
        "pair": (
            "v0[1] = distance; v1[3] = particle1; v2[2] = gather v1 {0 1}; v3[3] = particle2; v4[2] = gather v3 {0 1};"
            " v5[2] = mul v2 v4; v6[1] = globals; v7[2] = mul v5 v6; v8[2] = mul v0 v7; v9[1] = sum v8 {1 2 1}; v10[1]"
            " = gather v3 {2}; v11[1] = add v9 v10; v12[1] = sum v7 {1 2 1}; output v11 v12"
        ),
    }


@random_programs(200)
def test_every_step_is_computed_as_rarely_as_possible(program):
    parts = program.function.stages(list(range(program.num_globals)))
    allowed = {
        "global": {"globals"},
        "particle": {"particle1", "globals"},
        "pair of types": {"particle1", "particle2", "globals"},
        "pair": set(INPUTS),
    }
    assert program.typed or parts["pair of types"] is None
    for name, part in parts.items():
        if part is None:
            continue
        depends = []
        for _, operation, operands in steps_of(part):
            own = {operation} & set(INPUTS) | set().union(*(depends[k] for k in operands))
            depends.append(own)
            assert own <= allowed[name], f"{operation} in {name}"
            if not operands or operation == "gather":
                continue
            assert own, f"{operation} of constants in {name}"
            if name == "pair":
                rest = own - {"globals"}
                assert "distance" in rest or (not program.typed and rest == {"particle1", "particle2"}), (
                    f"{operation} of {own} for every pair"
                )


def test_too_many_types_have_no_stage_for_pairs_of_types():
    """Values that depend on both types are then computed for each pair of particles."""
    text = (
        "v0[1] = distance; v1[1] = particle1; v2[1] = particle2; v3[3000] = weight; v4[1] = lookup v1 v3 {1}; v5[1] ="
        " lookup v2 v3 {1}; v6[1] = mul v4 v5; v7[1] = exp v6; v8[1] = mul v0 v7; output v8"
    )
    function = _core.PairProgram(text.replace("; ", "\n"), np.linspace(0, 1, 3000), num_types=3000)
    parts = function.stages()
    assert parts["pair of types"] is None and parts["particle"] is not None
    assert_stages_agree(function, np.array([0.2, 0.4]), np.array([5.0, 2999]), np.array([2000.0, 17]), {}, "many types")
    few = _core.PairProgram(text.replace("; ", "\n").replace("3000", "1000"), np.linspace(0, 1, 1000), num_types=1000)
    assert few.stages()["pair of types"] is not None


def network(particles, layers=(), weights=(), num_features=4):
    """The text and random weights of a network: 16 Gaussians of r, then the given lines for particles and layers."""
    lines = [
        "v0[1] = distance",
        f"v1[{num_features}] = particle1",
        f"v2[{num_features}] = particle2",
        "v3[16] = weight",
        "v4[16] = sub v0 v3",
        "v5[16] = mul v4 v4",
        "v6[16] = neg v5",
        "v7[16] = exp v6",
        *particles,
        *layers,
    ]
    count = sum(
        size
        for size, operation, _ in steps_of(tensor_program("; ".join([*lines, "output v0"]), np.zeros(sum(weights))))
        if operation == "weight"
    )
    return "\n".join([*lines, f"output v{len(lines) - 1}"]) + "\n", np.random.default_rng(3).normal(size=count) / 4


EMBEDDING = [
    "v8[32] = weight",
    "v9[8] = linear v8 v1",
    "v10[8] = tanh v9",
    "v11[8] = linear v8 v2",
    "v12[8] = tanh v11",
]
HEAD = ["v{1}[12] = tanh v{0}", "v{2}[12] = weight", "v{3}[1] = linear v{2} v{1}"]


def head(last):
    return [line.format(*range(last, last + 4)) for line in HEAD]


def network_function(layers, num_weights):
    return _core.PairProgram(*network(EMBEDDING, layers, [16, 32, *num_weights]), num_features=4)


def check_network(function):
    generator = np.random.default_rng(5)
    assert_stages_agree(
        function,
        generator.uniform(0.1, 0.9, 9),
        generator.normal(size=(9, 4)),
        generator.normal(size=(9, 4)),
        {},
        "network",
    )


def test_columns_of_particles_leave_the_pair_part():
    """Of the 12x32 matrix elements 12x16 remain for each pair, once for the energy and once for the force."""
    function = network_function(
        ["v13[32] = concat v7 v10 v12", "v14[384] = weight", "v15[12] = linear v14 v13", *head(15)], [384, 12]
    )
    pair, particle = multiply_adds(function)
    assert pair == 2 * (12 * 16 + 12)
    assert particle == 8 * 4 + 2 * 12 * 8
    assert [size for size, operation, _ in steps_of(function.stages()["pair"]) if operation == "weight"].count(
        12 * 16
    ) == 1
    check_network(function)


def test_a_matrix_that_both_particles_share_is_applied_once():
    function = network_function(
        ["v13[8] = add v10 v12", "v14[24] = concat v7 v13", "v15[288] = weight", "v16[12] = linear v15 v14", *head(16)],
        [288, 12],
    )
    assert multiply_adds(function) == (2 * (12 * 16 + 12), 8 * 4 + 12 * 8)
    assert [size for size, operation, _ in steps_of(function.stages()["pair"]) if operation == "particle1"] == [12]
    assert len(function.stages()["particle"].evaluate(particle1=np.zeros((1, 4)))) == 1
    check_network(function)


def test_a_layer_applied_in_both_orders_shares_its_columns():
    """W (basis, h1, h2) and W (basis, h2, h1): the columns for the distance are applied once per pair, the others once
    per particle.
    """
    function = network_function(
        [
            "v13[32] = concat v7 v10 v12",
            "v14[384] = weight",
            "v15[12] = linear v14 v13",
            "v16[12] = tanh v15",
            "v17[32] = concat v7 v12 v10",
            "v18[12] = linear v14 v17",
            "v19[12] = tanh v18",
            "v20[12] = add v16 v19",
            "v21[12] = weight",
            "v22[1] = linear v21 v20",
        ],
        [384, 12],
    )
    check_network(function)
    pair, particle = multiply_adds(function)
    assert particle == 8 * 4 + 2 * 12 * 8
    assert pair == 2 * (12 * 16 + 12)


def test_embeddings_of_types_are_looked_up_for_pairs_of_types():
    layers = [
        "v8[24] = weight",
        "v9[8] = lookup v1 v8 {8}",
        "v10[8] = lookup v2 v8 {8}",
        "v11[32] = concat v7 v9 v10",
        "v12[384] = weight",
        "v13[12] = linear v12 v11",
        *head(13),
    ]
    function = _core.PairProgram(*network(layers, weights=[16, 24, 384, 12], num_features=1), num_types=3)
    assert multiply_adds(function)[0] == 2 * (12 * 16 + 12)
    parts = function.stages()
    assert Counter(operation for _, operation, _ in steps_of(parts["pair"]))["lookup"] == 0
    assert [size for size, operation, _ in steps_of(parts["pair"]) if operation == "pair"] == [12]
    assert parts["particle"] is None and Counter(
        operation for _, operation, _ in steps_of(parts["pair of types"])
    ) == Counter({"particle1": 1, "particle2": 1, "lookup": 2, "linear": 2, "weight": 3, "add": 1})


def test_work_on_global_parameters_leaves_the_pair_part():
    text = (
        "v0[1] = distance; v1[2] = globals; v2[10] = weight; v3[5] = linear v2 v1; v4[5] = sigmoid v3; v5[6] = concat"
        " v0 v4; v6[18] = weight; v7[3] = linear v6 v5; v8[3] = tanh v7; v9[1] = sum v8 {1 3 1}; output v9"
    )
    function = _core.PairProgram(
        text.replace("; ", "\n"), np.linspace(-1, 1, 28), num_types=1, global_parameters={"a": 0.5, "b": 0.25}
    )
    for derivatives in ([], [0, 1]):
        parts = function.stages(derivatives)
        operations = Counter(operation for _, operation, _ in steps_of(parts["pair"]))
        assert operations["sigmoid"] == 0 and operations["tanh"] == 1
        assert Counter(operation for _, operation, _ in steps_of(parts["global"]))["sigmoid"] == 1
    assert_stages_agree(function, np.array([0.2, 0.4]), np.zeros(2), np.zeros(2), {"a": -0.5, "b": 1.0}, "globals")


@random_programs(60)
def test_stages_do_not_depend_on_weights(program):
    other = program.with_weights(np.floor(3 * program.weights))
    other = _core.PairProgram(
        other.text, other.weights, program.num_types, program.num_features, 0.05, program.global_parameters
    )
    derivatives = list(range(program.num_globals))
    ours, theirs = program.function.stages(derivatives), other.stages(derivatives)
    assert {name: part and part.text for name, part in ours.items()} == {
        name: part and part.text for name, part in theirs.items()
    }


def test_description_of_a_program():
    text = (
        "v0[1] = distance; v1[1] = particle1; v2[1] = particle2; v3[1] = mul v1 v2; v4[1] = literal 1; v5[1] = mul v4"
        " v0; v6[1] = div v3 v5; output v6"
    )
    function = _core.PairProgram(text.replace("; ", "\n"), [], num_types=2)
    assert [line.split() for line in function.describe().splitlines()] == [
        line.split()
        for line in (
            "v0[1] = distance # radial",
            "v1[1] = particle1 # particle",
            "v2[1] = particle2 # particle",
            "v3[1] = mul v1 v2 # pair of types",
            "v4[1] = div v3 v0 # pair",
            "output v4",
            "per pair, energy and force: 0 multiply-adds, 3 other operations, 3 together",
            "per pair of types, when it changes: 0 multiply-adds, 1 other operations, 1 together",
        )
    ]


# Tables


def errors_of_table(function, knots):
    """The largest errors of E and dE/dr between the knots."""
    r = np.linspace(0.1, 0.9, 4099)
    generator = np.random.default_rng(2)
    particles = generator.normal(size=(2, len(r), 4))
    energy, dEdR = function.evaluate(r, *particles)
    table_energy, table_dEdR = function.tabulate_radial(0.9, knots).evaluate(r, *particles)
    return np.abs(table_energy - energy).max(), np.abs(table_dEdR - dEdR).max()


def smooth_function():
    text, weights = network(
        EMBEDDING,
        ["v13[32] = concat v7 v10 v12", "v14[384] = weight", "v15[12] = linear v14 v13", *head(15)],
        [16, 32, 384, 12],
    )
    weights[:16] = np.linspace(-1, 2, 16)
    return _core.PairProgram(text, weights, num_features=4, min_distance=0.1)


def test_tables_converge():
    """The error is of order h^4 in the energy and h^3 in the force."""
    function = smooth_function()
    errors = np.array([errors_of_table(function, knots) for knots in (9, 17, 33, 65)])
    ratios = errors[:-1] / errors[1:]
    assert ((ratios[:, 0] > 13) & (ratios[:, 0] < 19)).all(), ratios
    assert ((ratios[:, 1] > 6.5) & (ratios[:, 1] < 9.5)).all(), ratios


def test_force_of_a_table_is_the_derivative_of_its_energy():
    knots = 9
    function = smooth_function().tabulate_radial(0.9, knots)
    r = np.random.default_rng(4).uniform(0.1, 0.9, 200)
    r = r[np.abs((r - 0.1) / 0.1 - np.round((r - 0.1) / 0.1)) > 0.05]  # no difference across a knot
    particles = np.random.default_rng(2).normal(size=(2, len(r), 4))
    expected, error = central_differences(lambda r: function.evaluate(r, *particles)[0], r, 1e-3)
    assert_close(function.evaluate(r, *particles)[1], expected, atol=1e-10, what="dE/dr")
    assert error.max() < 1e-8
    outside = np.array([0.05, 0.97, 1.1])  # where the first or last cubic is extrapolated
    expected, _ = central_differences(lambda r: function.evaluate(r, *particles[:, :3])[0], outside, 1e-3)
    assert_close(function.evaluate(outside, *particles[:, :3])[1], expected, rtol=1e-8, atol=1e-9, what="dE/dr outside")


def test_radial_part_of_a_layer_becomes_a_table():
    """The contribution of the distance to a layer: one table of 12 curves replaces basis functions and matrix."""
    function = smooth_function().tabulate_radial(0.9, 33)
    assert multiply_adds(function)[0] == 2 * (3 * 12 + 12)
    assert Counter(operation for _, operation, _ in steps_of(function.stages()["pair"]))["exp"] == 0
    table = next(line for line in function.text.splitlines() if " table " in line)
    assert re.fullmatch(r"v\d+\[12\] = table v\d+ v\d+ \{33\}", table)


@random_programs(150)
def test_tables_are_exact_at_their_knots(program):
    if {operation for _, operation, _ in steps_of(program.program)} & {"floor", "less", "less_equal", "equal"}:
        return  # rounding errors of a table may change a decision
    knots, typed, inputs = 9, program.typed, program.inputs(9)
    inputs["distance"] = 0.1 + np.arange(knots) * (0.9 - 0.1) / (knots - 1)
    optimized = program.program.optimize(typed)
    tabulated = optimized.tabulate_radial(typed, 0.1, 0.9, knots)
    assert_agree(
        all_derivatives(tabulated, program.num_globals).evaluate(**inputs),
        all_derivatives(program.program, program.num_globals).evaluate(**inputs),
        "at the knots",
        rtol=1e-11,
    )


def test_integers_are_not_tabulated():
    """Interpolation would turn floor(x) = 2 into 1.9999999999999998, and a lookup would return the wrong row."""
    text = (
        "v0[1] = distance; v1[2] = literal 10 20; v2[2] = mul v0 v1; v3[2] = floor v2; v4[1] = particle1; v5[2] = add"
        " v3 v4; v6[24] = weight; v7[2] = lookup v5 v6 {1}; v8[1] = sum v7 {1 2 1}; output v8"
    )
    program = tensor_program(text, np.arange(24.0))
    r = np.random.default_rng(1).uniform(0.1, 0.9, 2000)
    middle = np.abs(20 * r - np.round(20 * r)) > 0.2  # so far from the steps of floor that no step is between the knots
    inputs = {"distance": r[middle], "particle1": np.ones(middle.sum())}
    assert_same_bits(
        program.tabulate_radial(False, 0.1, 0.9, 401).evaluate(**inputs), program.evaluate(**inputs), "whole numbers"
    )


KEPT_FROM_TABLES = {
    "values that depend on parameters": (
        "v0[1] = distance; v1[2] = globals; v2[2] = mul v0 v1; v3[2] = exp v2; v4[2] = particle1; v5[2] = mul v3 v4;"
        " v6[1] = sum v5 {1 2 1}; output v6"
    ),
    "one number": (
        "v0[1] = distance; v1[1] = exp v0; v2[2] = particle1; v3[2] = mul v1 v2; v4[1] = sum v3 {1 2 1}; output v4"
    ),
    "a program that depends only on r": (
        "v0[1] = distance; v1[2] = literal 1 2; v2[2] = mul v0 v1; v3[2] = exp v2; v4[1] = sum v3 {1 2 1}; output v4"
    ),
    "no distance": "v0[2] = particle1; v1[2] = particle2; v2[2] = mul v0 v1; v3[1] = sum v2 {1 2 1}; output v3",
}


@pytest.mark.parametrize("text", KEPT_FROM_TABLES.values(), ids=KEPT_FROM_TABLES)
def test_other_radial_values_are_not_tabulated(text):
    program = tensor_program(text)
    assert program.tabulate_radial(False, 0.1, 0.9, 5).text == program.text
    once = tensor_program(text.replace("v1[2] = globals", "v1[2] = literal 1 2"))
    assert ("globals" in text) == (once.tabulate_radial(False, 0.1, 0.9, 5).text != once.text)


def test_text_of_a_table():
    """One table for all radial values, except those that depend on global parameters."""
    text = (
        "v0[1] = distance; v1[2] = literal 1 2; v2[2] = mul v0 v1; v3[2] = exp v2; v4[2] = particle1; v5[2] = mul v3"
        " v4; v6[3] = literal 1 2 3; v7[3] = mul v0 v6; v8[1] = sum v4 {1 2 1}; v9[3] = mul v7 v8; v10[2] = globals;"
        " v11[2] = mul v0 v10; v12[2] = mul v11 v4; output v5 v9 v12"
    )
    table = tensor_program(text).tabulate_radial(False, 1.0, 2.0, 2)
    assert (
        short(table)
        == "v0[1] = distance; v1[22] = weight; v2[5] = table v0 v1 {2}; v3[2] = gather v2 {0 1}; v4[2] = particle1;"
        " v5[2] = mul v3 v4; v6[3] = gather v2 {2 3 4}; v7[1] = sum v4 {1 2 1}; v8[3] = mul v6 v7; v9[2] = globals;"
        " v10[2] = mul v0 v9; v11[2] = mul v10 v4; output v5 v8 v11"
    )
    e = np.exp([1, 2, 2, 4])
    assert_close(
        table.weights,
        [1, 2, e[0], e[1], 1, 2, 3, e[0], 2 * e[1], 1, 2, 3, e[2], e[3], 2, 4, 6, e[2], 2 * e[3], 1, 2, 3],
        rtol=1e-15,
        what="data",
    )


# Determinism


CHILD = """
import json, sys
from learnedpair import _core
for text, weights, types, features, parameters in json.load(sys.stdin):
    function = _core.PairProgram(text, weights, types, features, 0.05, parameters)
    print(function.describe(), function.tabulate_radial(0.9, 7).text)
    for name, part in function.stages(list(range(len(parameters)))).items():
        print(name, part and part.text, part and part.weights.tolist())
"""


def test_two_processes_write_equal_programs():
    programs = [
        [program.text, program.weights.tolist(), program.num_types, program.num_features, program.global_parameters]
        for program in examples(40)
    ]
    assert any(program[4] for program in programs)
    printed = [
        subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps(programs),
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent,
            check=True,
            text=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1] and printed[0].count("multiply-adds") >= len(programs)
