# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Conversion of the numbers, arrays and flags that a user gives to a fit. Anything else is refused."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openmm import unit

from ..errors import ModelError
from ..force.particles import REAL_NUMBERS, is_bool, is_finite_number, is_masked

#: Integers up to this one are exact as floating-point numbers.
MAX_EXACT = 2**53


def without_unit(value: Any, its_unit: unit.Unit, what: str) -> Any:
    """Convert a Quantity, or a list with Quantities in it, to numbers in a unit. Return any other value unchanged."""
    if unit.is_quantity(value):
        if not value.unit.is_compatible(its_unit):
            raise ModelError(f"{what} is in {value.unit}; expected {its_unit}.")
        return value.value_in_unit(its_unit)
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
        converted = [without_unit(each, its_unit, what) for each in value]
        return value if all(a is b for a, b in zip(converted, value)) else converted
    return value


def as_array(value: Any, what: str) -> NDArray[np.float64]:
    """Convert to an array of real numbers. Masked arrays, truth values, texts and complex numbers are refused."""
    if is_masked(value):
        raise ModelError(f"{what} is a masked array, whose hidden values would be used; give a plain array.")
    try:
        array = np.asarray(value)
        if array.dtype == object and array.size > 0:
            array = np.asarray(array.tolist())
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{what} is {value!r:.60}; expected an array of numbers.") from error
    if array.dtype.kind not in REAL_NUMBERS:
        raise ModelError(f"{what} is {value!r:.60}; expected an array of numbers.")
    return np.array(array, dtype=float)


def as_integers(value: Any, what: str) -> NDArray[np.int64]:
    """Convert to an array of integers. Floating-point numbers must be whole, and small enough to be exact."""
    real = as_array(value, what)  # refuses everything but numbers
    array = np.asarray(value)
    if array.dtype.kind in "iu":
        if array.size > 0 and int(array.max()) > np.iinfo(np.int64).max:
            raise ModelError(f"{what} is {value!r:.60}; expected smaller numbers.")
        return array.astype(np.int64)
    if not (np.isfinite(real) & (real == np.floor(real)) & (abs(real) <= MAX_EXACT)).all():
        raise ModelError(f"{what} is {value!r:.60}; expected whole numbers, of at most 2^53.")
    return real.astype(np.int64)


def as_positive(value: Any, what: str, expected: str = "a positive number") -> float:
    """Convert to a positive, finite number."""
    if not is_finite_number(value) or not value > 0:
        raise ModelError(f"{what} is {value!r:.60}; expected {expected}.")
    return float(value)


def as_whole(value: Any, what: str, *, least: int, expected: str) -> int:
    """Convert to an integer, which must not be smaller than the least one."""
    if is_bool(value) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise ModelError(f"{what} is {value!r:.60}; expected {expected}.")
    return int(value)


def as_seed(value: Any, what: str) -> int:
    """Convert to the seed of random numbers."""
    seed = as_whole(value, what, least=0, expected="an integer that is not negative")
    if seed >= 2**63:
        raise ModelError(f"{what} is {value!r:.60}; expected an integer below 2^63.")
    return seed


def as_flag(value: Any, what: str) -> bool:
    """Require True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ModelError(f"{what} is {value!r:.60}; expected True or False.")
    return bool(value)
