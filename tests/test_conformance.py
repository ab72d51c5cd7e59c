# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that programs compute what docs/program.md specifies: values and derivatives of closed forms in 50 digits."""

import re
import subprocess
import sys

import numpy as np
import openmm
import pytest
from comparators import assert_close
from conformance_files import CASES, FOLDER, NEGATIVE
from learnedpair import _core


def assert_matches(actual, expected, tolerance, absolute=0.0, what=""):
    """Require relative agreement, and NaN and infinities exactly where they are expected."""
    assert actual.shape == expected.shape, what
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.where(finite, 0.0, actual), np.where(finite, 0.0, expected), err_msg=what)
    assert_close(actual[finite], expected[finite], rtol=tolerance, atol=absolute, what=what)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values(case):
    for k, (actual, expected) in enumerate(zip(case.program.evaluate(**case.inputs), case.outputs, strict=True)):
        assert_matches(actual, expected, case.tolerance, what=f"{case.name}, output {k}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case):
    count = len(case.outputs)
    derivatives = {
        ("distance", 0): case.distance_derivatives,
        **{("globals", k): one for k, one in enumerate(case.globals_derivatives)},
    }
    for (name, element), expected in derivatives.items():
        if expected is None:
            continue
        outputs = case.program.differentiate(name, element, count).evaluate(**case.inputs)
        assert len(outputs) == 2 * count
        for k in range(count):
            assert_matches(outputs[k], case.outputs[k], case.tolerance, what=f"{case.name}, output {k}")
            assert_matches(
                outputs[count + k],
                expected[k],
                case.tolerance,
                case.derivative_absolute,
                f"{case.name}, derivative of output {k} with respect to {name}[{element}]",
            )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_is_read_back_exactly(case):
    program = case.program
    again = _core.TensorProgram(program.text, program.weights)
    assert again.text == program.text
    np.testing.assert_array_equal(again.weights, program.weights)


@pytest.mark.parametrize("case", NEGATIVE, ids=range(len(NEGATIVE)))
def test_malformed_programs_are_refused(case):
    with pytest.raises(openmm.OpenMMException) as error:
        _core.TensorProgram(case["text"], np.array([float(w) for w in case["weights"]]))
    assert re.search(case["message"], str(error.value), re.IGNORECASE | re.DOTALL), str(error.value)


def test_files_equal_the_output_of_the_generator():
    result = subprocess.run([sys.executable, FOLDER / "generate.py", "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
