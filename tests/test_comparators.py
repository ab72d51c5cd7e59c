# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the comparisons used by other tests fail on wrong values."""

import numpy as np
import pytest
from comparators import Target, assert_close


@pytest.mark.parametrize("actual", [[1.0, np.nan], [1.0, -2.0], [1.0, 2.1], [1.0], [np.inf, 2.0]])
def test_assert_close_fails(actual):
    with pytest.raises(AssertionError):
        assert_close(actual, [1.0, 2.0], rtol=1e-3)


def test_assert_close_passes_what_is_close():
    assert_close([1.0005, 2.0], [1.0, 2.0], rtol=1e-3)


@pytest.mark.parametrize("precision", [None, "double"])
@pytest.mark.parametrize("damage", ["nan", "sign", "energy", "one"])
def test_platform_bounds_fail(precision, damage):
    target = Target("CUDA" if precision else "CPU", precision)
    forces = np.random.default_rng(0).normal(size=(20, 3))
    energy, wrong = 10.0, forces.copy()
    if damage == "nan":
        wrong[3, 1] = np.nan
    elif damage == "sign":
        wrong = -wrong
    elif damage == "one":
        wrong[3, 1] += 0.01
    else:
        energy = 10.01
    with pytest.raises(AssertionError):
        target.assert_agrees(energy, wrong, 10.0, forces)
    target.assert_agrees(10.0, forces, 10.0, forces)
