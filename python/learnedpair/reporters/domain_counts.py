# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Counts the pairs of a correction whose distances are inside and outside of the training domain of its model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import Pairs, cutoff_of, find_pairs_in_parts
from ..models.metadata.domain import Domain, Range, read_domain

#: Stands for the types of all particles, in a model with features.
ANY_TYPE = "*"


@dataclass
class DomainCounts:
    """The pairs of two types that are in range.

    Attributes
    ----------
    types : (str, str)
    limits : (float, float) or None, nm
        The training domain; None without training data.
    in_range, below, above, without_data : int
        The pairs in range; those of them below the low end and above the high end of the training domain; and those
        whose types have no training data.
    distance : float or None, nm
        The most extreme distance outside of the training domain: the shortest distance of a pair that is closer than
        its low end or has no training data; if there is no such pair, the longest above its high end. None if all pairs
        are inside.
    particles : (int, int) or None
        The particles with this distance.
    """

    types: tuple[str, str]
    limits: Range | None
    in_range: int = 0
    below: int = 0
    above: int = 0
    without_data: int = 0
    distance: float | None = None
    particles: tuple[int, int] | None = None

    @property
    def outside(self) -> str:
        """Where the pair with the most extreme distance is: "below", "above", "without data", or "" for nowhere."""
        if self.distance is None:
            return ""
        if self.limits is None:
            return "without data"
        return "below" if self.distance < self.limits[0] else "above"


def domain_of(correction: LearnedPairForce) -> Domain | None:
    """The training domain of the model of a correction, in nm; None if it is not known."""
    return as_domain_of(correction, correction.lowering_report.get("domain"))


def as_domain_of(correction: LearnedPairForce, domain: object) -> Domain | None:
    """Check a training domain for a correction; distances are in nm.

    Raises
    ------
    ModelError
        If the domain does not fit the correction.
    """
    result: Domain | None = read_domain(domain, _type_names(correction), "nm")
    return result


def _type_names(correction: LearnedPairForce) -> list[str] | None:
    """The names of the types, or their indices if they have no names; None for a model with features."""
    if correction.getNumFeatures() > 0:
        return None
    return correction.lowering_report.get("types") or [str(k) for k in range(correction.getFunction().num_types)]


def count_pairs(
    correction: LearnedPairForce, domain: Domain, positions: NDArray[np.float64], box: NDArray[np.float64] | None
) -> list[DomainCounts]:
    """Count the pairs of a correction inside and outside of a training domain.

    Counted are the pairs within the cutoff that are not excluded and that the interaction groups allow. Without a
    cutoff (NoCutoff), these are the pairs within the cutoff of the model.

    Parameters
    ----------
    correction : LearnedPairForce
    domain : dict of (str, str) to (float, float), or (float, float); nm
        As :func:`as_domain_of` returns it.
    positions : ndarray, shape (n_particles, 3), nm
        Finite for covered particles.
    box : ndarray, shape (3, 3), nm, or None

    Returns
    -------
    list of DomainCounts
        One for each pair of types that occur, in the order of the types; for a model with features one.
    """
    names = _type_names(correction) or [ANY_TYPE]
    types = correction.getParticleTypes()
    if isinstance(domain, tuple):
        domain = {(ANY_TYPE, ANY_TYPE): domain}  # the types of covered particles are 0 then
    numbers = np.bincount(types[types != correction.NotCovered], minlength=len(names))
    counts = {
        a * len(names) + b: DomainCounts((names[a], names[b]), domain.get((names[a], names[b])))
        for a, b in itertools.combinations_with_replacement(np.flatnonzero(numbers).tolist(), 2)
        if a != b or numbers[a] > 1
    }
    low, high = np.full((2, len(names) ** 2), np.nan)
    for code, each in counts.items():
        if each.limits is not None:
            low[code], high[code] = each.limits
    for pairs in find_pairs_in_parts(correction, positions, box, _cutoff_of_domain(correction)):
        first, second = types[pairs.i], types[pairs.j]
        codes = np.minimum(first, second).astype(np.int64) * len(names) + np.maximum(first, second)
        _add(counts, pairs, codes, low[codes], high[codes])
    return list(counts.values())


def _cutoff_of_domain(correction: LearnedPairForce) -> float:
    """The cutoff of a correction in nm, or without one that of its model, beyond which the model is zero."""
    cutoff = cutoff_of(correction)
    if np.isinf(cutoff):
        return float(correction.lowering_report.get("domain_nm", (0, cutoff))[1])
    return cutoff


def _add(
    counts: dict[int, DomainCounts],
    pairs: Pairs,
    codes: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> None:
    """Add pairs to the counts; ``codes`` says to which, and ``low`` and ``high`` are the limits of each pair or NaN."""
    below, above, without = pairs.r < low, pairs.r > high, np.isnan(low)
    for name, chosen in (("in_range", slice(None)), ("below", below), ("above", above), ("without_data", without)):
        for code, number in zip(*np.unique(codes[chosen], return_counts=True)):
            each = counts[int(code)]
            setattr(each, name, getattr(each, name) + int(number))
    outside = np.flatnonzero(below | above | without)
    # The last pair with each code is the most extreme one: pairs that are too close come after those too far apart.
    r, is_above = pairs.r[outside], above[outside]
    order = outside[np.lexsort((np.where(is_above, r, -r), ~is_above, codes[outside]))]
    last = order[np.append(np.diff(codes[order]) != 0, True)[: len(order)]]
    for k in last.tolist():
        each, distance = counts[int(codes[k])], float(pairs.r[k])
        if _is_more_extreme(distance, each):
            each.distance, each.particles = distance, (int(pairs.i[k]), int(pairs.j[k]))


def _is_more_extreme(distance: float, counts: DomainCounts) -> bool:
    """Whether a distance outside of the training domain is more extreme than that of the counts so far."""
    if counts.distance is None:
        return True
    if counts.limits is not None and distance > counts.limits[1]:
        return counts.outside == "above" and distance > counts.distance
    return distance < counts.distance
