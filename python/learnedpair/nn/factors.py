# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Exclusions, exceptions and interaction groups as arguments of PairEnergy and EnvironmentEnergy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ..force.pair_factors import PairFactors
from ..force.particles import as_index, as_number, as_pairs
from .configurations import Configurations

#: Pairs of particles, as a user gives them.
PairsLike: TypeAlias = Iterable[Sequence[int]] | NDArray[np.integer] | torch.Tensor
#: Two sets of particles.
Group: TypeAlias = tuple[Iterable[int], Iterable[int]]


def read_factors(
    configurations: Configurations,
    exclusions: PairsLike,
    exceptions: Iterable[tuple[int, int, float]],
    interaction_groups: Iterable[Group],
) -> PairFactors:
    """Check the arguments of PairEnergy and EnvironmentEnergy that change the factors of pairs, and convert them."""
    excluded = as_pairs(_as_array(exclusions), "lp.nn: exclusions")
    with_factor, factors = _read_exceptions(exceptions)
    for name, pairs in (("exclusions", excluded), ("exceptions", with_factor)):
        _check_pairs(configurations, pairs, name)
    _check_repeated(excluded, with_factor)
    groups = [_read_group(configurations, group) for group in interaction_groups]
    return PairFactors(configurations.numbered, excluded, with_factor, factors, groups)


def _as_array(values: Any) -> Any:
    """Convert a tensor to an array; return anything else unchanged."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values


def _read_exceptions(
    exceptions: Iterable[tuple[int, int, float]],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Convert exceptions to pairs and factors."""
    what, pairs, factors = "lp.nn: exceptions", [], []
    for exception in exceptions:
        try:
            *pair, factor = exception
        except TypeError:
            pair = []
        if len(pair) != 2:
            raise TypeError(f"{what} has {exception!r}; expected two particles and a factor.")
        if isinstance(factor, torch.Tensor) and factor.requires_grad:
            raise TypeError(f"{what} has the factor {factor!r}, which has no gradient here; give a number.")
        pairs.append([as_index(index, what) for index in pair])
        factors.append(as_number(factor, f"{what}: the factor of the particles {pair[0]} and {pair[1]}"))
        if not math.isfinite(factors[-1]):
            raise ValueError(f"{what} has the factor {factors[-1]} for the pair {tuple(pairs[-1])}; expected a number.")
    return np.array(pairs, dtype=np.int32).reshape(-1, 2), np.array(factors, dtype=float)


def _check_pairs(configurations: Configurations, pairs: NDArray[np.int32], name: str) -> None:
    """Require two particles that exist, and are in one configuration."""
    count = configurations.numbered

    def refuse(wrong: Any, expected: str) -> None:
        if wrong.any():
            pair = tuple(pairs[wrong][0].tolist())
            raise ValueError(f"lp.nn: {name} has the pair {pair}; expected {expected}.")

    refuse(((pairs < 0) | (pairs >= count)).any(axis=1), f"particles from 0 to {count - 1}")
    refuse(pairs[:, 0] == pairs[:, 1], "two different particles")
    if len(pairs) > 0 and count == len(configurations.positions):
        of_pairs = configurations.configuration.cpu().numpy()[pairs]
        refuse(of_pairs[:, 0] != of_pairs[:, 1], "two particles of one configuration")


def _check_repeated(exclusions: NDArray[np.int32], exceptions: NDArray[np.int32]) -> None:
    """Refuse exceptions for pairs that have an exclusion or another exception."""
    if len(exceptions) == 0:
        return
    ordered = [np.unique(np.sort(exclusions, axis=1), axis=0), np.sort(exceptions, axis=1)]
    pairs, counts = np.unique(np.concatenate(ordered), axis=0, return_counts=True)
    if counts.max() > 1:
        raise ValueError(
            f"lp.nn: exceptions has the pair {tuple(pairs[counts.argmax()].tolist())} twice, or exclusions has it,"
            " too; exclude each pair, or give it one factor."
        )


def _read_group(configurations: Configurations, group: Group) -> tuple[list[int], list[int]]:
    """Convert the two sets of an interaction group."""
    what, count = "lp.nn: interaction_groups", configurations.numbered
    try:
        first, second = group
        sets = [[as_index(index, what) for index in _as_array(members)] for members in (first, second)]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} has {group!r}; expected two sets of particles.") from error
    for index in (index for members in sets for index in members):
        if not 0 <= index < count:
            raise ValueError(f"{what} has particle {index}; expected particles from 0 to {count - 1}.")
    return sets[0], sets[1]
