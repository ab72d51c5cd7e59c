# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The first difference of two forces in anything but their functions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from .learned_pair_force import LearnedPairForce

_METHODS = ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic")


def first_difference(force: LearnedPairForce, other: LearnedPairForce) -> str:
    """Find out whether two forces apply to the same pairs of particles in the same way.

    Compared are the particles, distances, exclusions, exceptions, interaction groups, the scale and the global
    parameters; not the functions, names, force groups and default values of parameters.

    Parameters
    ----------
    force, other : LearnedPairForce

    Returns
    -------
    str
        What differs, and the values of both, as in "the cutoff: 0.6 nm and 0.5 nm"; empty if nothing does.
    """
    for name, value, of_other in itertools.chain(_numbers(force, other), _particles(force, other)):
        if value != of_other:
            return f"the {name}: {value} and {of_other}"
    return _difference_of_pairs(force, other)


def _numbers(force: LearnedPairForce, other: LearnedPairForce) -> Iterator[tuple[str, Any, Any]]:
    """Single values of both forces, with their names."""
    for name, get in (
        ("number of particles", lambda f: f.getNumParticles()),
        ("number of features", lambda f: f.getNumFeatures()),
        ("nonbonded method", lambda f: _METHODS[f.getNonbondedMethod()]),
        ("cutoff", lambda f: f"{f.getCutoffDistance()}"),
        ("inner cutoff", lambda f: f"{f.getInnerCutoffDistance()}"),
        ("switching distance", lambda f: f"{f.getSwitchingDistance()}" if f.getUseSwitchingFunction() else "none"),
        ("long-range correction", lambda f: "on" if f.getUseLongRangeCorrection() else "off"),
        ("scale parameter", lambda f: f.getScaleParameter() or "none"),
        ("global parameters", _parameters),
        ("number of exclusions", lambda f: f.getNumExclusions()),
        ("number of exceptions", lambda f: f.getNumExceptions()),
        ("number of interaction groups", lambda f: f.getNumInteractionGroups()),
    ):
        yield name, get(force), get(other)


def _parameters(force):
    names = [force.getGlobalParameterName(index) for index in range(force.getNumGlobalParameters())]
    return ", ".join(names) or "none"


def _particles(force: LearnedPairForce, other: LearnedPairForce) -> Iterator[tuple[str, Any, Any]]:
    """The first particle whose type or features differ. Both forces must have the same number of particles."""
    types, of_other = force.getParticleTypes(), other.getParticleTypes()
    for index in np.flatnonzero(types != of_other)[:1].tolist():
        yield f"type of particle {index}", int(types[index]), int(of_other[index])
    if force.getNumFeatures():
        rows, rows_of_other = force.getAllParticleFeatures(), other.getAllParticleFeatures()
        same = ((rows == rows_of_other) | (np.isnan(rows) & np.isnan(rows_of_other))).all(axis=1)
        for index in np.flatnonzero(~same)[:1].tolist():
            yield f"features of particle {index}", rows[index].tolist(), rows_of_other[index].tolist()


def _difference_of_pairs(force: LearnedPairForce, other: LearnedPairForce) -> str:
    """The first difference in exclusions, exceptions and interaction groups, of which both have the same number."""
    own, others = _sorted(force._access.getExclusions()), _sorted(other._access.getExclusions())
    for row in np.flatnonzero((own != others).any(axis=1))[:1].tolist():
        return f"the excluded pairs: {_pair(own[row])} and {_pair(others[row])}"
    own, others = _exceptions(force), _exceptions(other)
    for row in np.flatnonzero((own != others).any(axis=1))[:1].tolist():
        first, second = (f"{_pair(each[:2])} with the factor {each[2]:g}" for each in (own[row], others[row]))
        return f"the exceptions: {first} and {second}"
    for index in range(force.getNumInteractionGroups()):
        if force.getInteractionGroupParameters(index) != other.getInteractionGroupParameters(index):
            return f"the particles of interaction group {index}"
    return ""


def _sorted(pairs):
    """Pairs with the smaller index first, in ascending order."""
    pairs = np.sort(np.asarray(pairs).reshape(-1, 2), axis=1)
    return pairs[np.lexsort(pairs.T[::-1])]


def _exceptions(force):
    """The pairs and factors of exceptions, in ascending order of the pairs."""
    pairs, factors = force._access.getExceptions()
    pairs = np.sort(np.asarray(pairs).reshape(-1, 2), axis=1)
    order = np.lexsort(pairs.T[::-1])
    return np.column_stack([pairs, factors])[order]


def _pair(pair):
    return f"({int(pair[0])}, {int(pair[1])})"
