# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Conversion of the types, features and indices of particles, and of numbers, that a user gives."""

import math
import numbers
import operator

import numpy as np
from openmm import unit

from ..units import refuse_quantity

#: The kinds of NumPy data types whose values are real numbers. Truth values, texts and dates are none.
REAL_NUMBERS = "iuf"
#: The limits of the indices and types of particles.
INDICES = np.iinfo(np.int32)


def feature_rows(features, count, first=0):
    """Convert features to one array, and find the particles that have features.

    Parameters
    ----------
    features : array, shape (n_particles, n_features), or sequence with a row or None for each particle
        A row of NaN is equivalent to None.
    count : int
        The number of features per particle.
    first : int
        The index of the first particle, for error messages.

    Returns
    -------
    rows : ndarray, shape (n_particles, n_features)
        Zero or NaN for particles without features.
    covered : ndarray of bool, shape (n_particles,)
        Whether the particle has features.

    Raises
    ------
    TypeError
        If the function takes types (``count`` is 0), or if a row has the wrong number of features, a unit, or values
        that are not real numbers.
    """
    if count == 0:
        raise TypeError("LearnedPairForce: the particles of this function have types and no features; set their types.")
    refuse_masked(features, "LearnedPairForce: the features")
    if isinstance(features, np.ndarray) and features.dtype != object:
        if features.ndim != 2 or features.shape[1] != count or features.dtype.kind not in REAL_NUMBERS:
            raise TypeError(
                f"LearnedPairForce: the features are an array of {features.dtype} with shape {features.shape}; expected"
                f" real numbers with shape (n_particles, {count})."
            )
        return features.astype(float), ~np.isnan(features).all(axis=1)
    if unit.is_quantity(features):
        refuse_quantity("LearnedPairForce", 0, features[0])
    if not isinstance(features, (list, tuple, np.ndarray)) or (isinstance(features, np.ndarray) and features.ndim == 0):
        raise TypeError(
            f"LearnedPairForce: the features are {features!r}; expected a row of {count} numbers, or None, for each"
            " particle."
        )
    rows, covered = np.zeros((len(features), count)), np.zeros(len(features), dtype=bool)
    for i, row in enumerate(features):
        if row is None:
            continue
        refuse_quantity("LearnedPairForce", first + i, row)
        numbers = as_numbers(row)
        if numbers is None or numbers.shape != (count,):
            raise TypeError(
                f"LearnedPairForce: the features of particle {first + i} are {row!r}; expected {count} numbers, or None"
                " if it is not covered."
            )
        rows[i], covered[i] = numbers, not np.isnan(numbers).all()
    return rows, covered


def as_numbers(row):
    """Convert real numbers to an ndarray of float; return None for anything else, such as truth values, texts and
    masked arrays.
    """
    if is_masked(row) or (isinstance(row, (list, tuple)) and any(map(_is_no_number, row))):
        return None
    try:
        row = np.asarray(row.detach() if hasattr(row, "detach") else row)
        if row.dtype == object and not any(map(_is_no_number, row.ravel())):
            return row.astype(float)
        return row.astype(float) if row.dtype.kind in REAL_NUMBERS else None
    except (TypeError, ValueError, OverflowError):
        return None


def as_number(value, what):
    """Convert a number to a float; raise TypeError if it is no number, such as a text or a truth value."""
    try:
        if not _is_no_number(value):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass  # the message below says what it is
    raise TypeError(f"{what}: got {value!r:.60}; expected a number.")


def is_finite_number(value):
    """Whether a value is a real number, and not a truth value, that is finite as a float."""
    try:
        return isinstance(value, numbers.Real) and not is_bool(value) and math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def is_masked(value):
    """Whether a value is a masked array, or an element that such an array hides. Converted to a plain array, it would
    show the hidden numbers.
    """
    return isinstance(value, np.ma.MaskedArray)


def refuse_masked(values, what):
    """Raise TypeError for a masked array of types or features."""
    if is_masked(values):
        raise TypeError(
            f"{what} are a masked array, and the values that it hides would be used; give a list with None for"
            " particles that are not covered."
        )


def _is_no_number(value):
    """Whether a value is none of the numbers that float() would make of it."""
    return is_bool(value) or is_masked(value) or isinstance(value, (str, bytes, np.datetime64, np.timedelta64))


def is_bool(value):
    """Whether a value is a bool of Python, NumPy or PyTorch. Python accepts True as the integer 1, so without this
    check a mask would be read as types.
    """
    return isinstance(value, (bool, np.bool_)) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def as_type(type, what):
    """Convert the type of a particle to an int; raise TypeError if it is not an integer."""
    if is_bool(type) or is_masked(type) or not hasattr(type, "__index__"):
        raise TypeError(
            f"LearnedPairForce.{what}: the type is {type!r}; expected an integer, or NotCovered. Names of types are"
            " accepted by PairModel.create_force() and add_correction()."
        )
    return operator.index(type)


def as_types(types):
    """Convert the types of all particles to an array of 32-bit integers.

    Parameters
    ----------
    types : array of int, shape (n_particles,)

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If one of them does not fit into 32 bits.
    """
    refuse_masked(types, "LearnedPairForce.setParticleTypes: the types")
    types = np.asarray(types)
    if types.ndim != 1 or (types.size > 0 and not np.issubdtype(types.dtype, np.integer)):
        raise TypeError(
            f"LearnedPairForce.setParticleTypes: got an array of {types.dtype} with shape {types.shape}; expected"
            " integers, one for each particle."
        )
    if types.size > 0 and not (INDICES.min <= int(types.min()) and int(types.max()) <= INDICES.max):
        raise ValueError(
            f"LearnedPairForce.setParticleTypes: the types reach from {types.min()} to {types.max()}; they are"
            " small integers."
        )
    return types.astype(np.int32)


def _as_integer(value):
    """Convert an integer to an int; return None for anything else, such as truth values and masked elements."""
    try:
        return None if is_bool(value) or is_masked(value) else operator.index(value)
    except TypeError:
        return None


def as_count(value, what, thing):
    """Convert a number of things, at least 1, to an int.

    Parameters
    ----------
    value : int
    what : str
        The beginning of messages.
    thing : str
        What is counted, such as "step".

    Raises
    ------
    TypeError, ValueError
        If it is not an integer, or less than 1.
    """
    number = _as_integer(value)
    if number is None:
        raise TypeError(f"{what} is {value!r:.60}; expected an integer, the number of {thing}s.")
    if number < 1:
        raise ValueError(f"{what} is {number}; expected at least 1 {thing}.")
    return number


def as_constant(value, names, what):
    """Convert one of the numbers 0, 1, ... that are constants of LearnedPairForce to an int.

    Parameters
    ----------
    value : int
    names : sequence of str
        The names of the constants.
    what : str
        The beginning of the message.

    Raises
    ------
    TypeError, ValueError
        If it is not one of these constants.
    """
    expected = "expected " + ", ".join(f"LearnedPairForce.{name}" for name in names) + "."
    number = _as_integer(value)
    if number is None:
        raise TypeError(f"{what}: got {value!r}; {expected}")
    if not 0 <= number < len(names):
        raise ValueError(f"{what}: got {number}; {expected}")
    return number


def as_index(index, what):
    """Convert the index of a particle to an int.

    Parameters
    ----------
    index : int
    what : str
        The beginning of messages.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it does not fit into 32 bits.
    """
    number = _as_integer(index)
    if number is None:
        raise TypeError(f"{what}: {index!r} is not the index of a particle; expected an integer.")
    if not INDICES.min <= number <= INDICES.max:
        raise ValueError(f"{what}: {number} is not the index of a particle; expected at most {INDICES.max}.")
    return number


def as_pairs(pairs, what):
    """Convert pairs of particles to an array.

    Parameters
    ----------
    pairs : array of int, shape (n, 2), or iterable of pairs
    what : str
        The beginning of messages.

    Returns
    -------
    ndarray of int32, shape (n, 2)

    Raises
    ------
    TypeError
        If they are no pairs of integers.
    ValueError
        If an index does not fit into 32 bits.
    """
    if is_masked(pairs):
        raise TypeError(f"{what}: got a masked array, and the pairs that it hides would be used; leave them out.")
    if isinstance(pairs, np.ndarray) and pairs.size > 0 and pairs.dtype != object:
        if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
            raise TypeError(
                f"{what}: got an array of {pairs.dtype} with shape {pairs.shape}; expected integers with shape (n, 2)."
            )
        for end in (pairs.min(), pairs.max()):
            as_index(end, what)
        return pairs.astype(np.int32)
    if isinstance(pairs, (str, bytes, dict)) or not hasattr(pairs, "__iter__"):
        raise TypeError(f"{what}: got {pairs!r}; expected pairs of particles.")
    return np.array([_as_pair(pair, what) for pair in pairs], dtype=np.int32).reshape(-1, 2)


def _as_pair(pair, what):
    try:
        if not isinstance(pair, (str, bytes, dict, set, frozenset)) and len(pair) == 2:
            return [as_index(index, what) for index in pair]
    except TypeError:
        pass  # the message below shows the whole pair
    raise TypeError(f"{what}: {pair!r} is not a pair of particles; expected two indices, which are integers.")
