# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Conversion of the types and features of particles to arrays."""

import operator

import numpy as np
from openmm import unit

from ..units import refuse_quantity


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
    if isinstance(features, np.ma.MaskedArray):
        raise TypeError(
            "LearnedPairForce: the features are a masked array, whose hidden numbers are no features; give None for"
            " particles that are not covered."
        )
    if isinstance(features, np.ndarray) and features.dtype != object:
        if (
            features.ndim != 2
            or features.shape[1] != count
            or not np.issubdtype(features.dtype, np.number)
            or np.iscomplexobj(features)
        ):
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
    """Convert real numbers to an ndarray of float; return None for anything else."""
    try:
        row = np.asarray(row.detach() if hasattr(row, "detach") else row)
        if row.dtype == bool or np.iscomplexobj(row):
            return None
        return row.astype(float)
    except (TypeError, ValueError, OverflowError):
        return None


def is_bool(value):
    """Whether a value is a bool of Python, NumPy or PyTorch. Python accepts True as the integer 1, so without this
    check a mask would be read as types.
    """
    return isinstance(value, (bool, np.bool_)) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def as_type(type, what):
    """Convert the type of a particle to an int; raise TypeError if it is not an integer."""
    if is_bool(type) or not hasattr(type, "__index__"):
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
    types = np.asarray(types)
    if types.ndim != 1 or (types.size > 0 and not np.issubdtype(types.dtype, np.integer)):
        raise TypeError(
            f"LearnedPairForce.setParticleTypes: got an array of {types.dtype} with shape {types.shape}; expected"
            " integers, one for each particle."
        )
    limits = np.iinfo(np.int32)
    if types.size > 0 and not (limits.min <= int(types.min()) and int(types.max()) <= limits.max):
        raise ValueError(
            f"LearnedPairForce.setParticleTypes: the types reach from {types.min()} to {types.max()}; they are"
            " small integers."
        )
    return types.astype(np.int32)
