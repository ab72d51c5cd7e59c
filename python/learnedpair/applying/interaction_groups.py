# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Interaction groups, chosen by rules or by lists of particles."""

import itertools
import numbers

import numpy as np
from openmm.app import Atom

from ..errors import warn
from ..force.particles import as_index, is_masked
from .assignment import atoms_of_rule, near_misses

_FORM = "between=[(rule, rule), ...]"
#: The longest text of a rule or of a list of particles in a message.
MAX_TEXT = 60


def groups_of(between, atoms):
    """Find the particles of the two sets of each interaction group.

    Parameters
    ----------
    between : list of (rule, rule)
        As in :func:`add_correction`.
    atoms : AtomTable

    Returns
    -------
    list of (ndarray of bool, ndarray of bool), each of shape (n_atoms,)

    Raises
    ------
    ValueError
        If a rule cannot be understood or selects no particle, or a particle does not exist.
    TypeError
        If ``between`` is not a list of pairs, or one of its parts is neither a rule nor a list of particles.
    """
    return [
        tuple(_selected(atoms, part, f"add_correction: between[{k}][{side}]") for side, part in enumerate(pair))
        for k, pair in enumerate(_as_pairs(between))
    ]


def require_covered(groups, between, is_covered):
    """Require interaction groups in which covered particles are on both sides.

    Parameters
    ----------
    groups : list of (ndarray of bool, ndarray of bool)
        As :func:`groups_of` returns them.
    between : list of (rule, rule)
        What they were made from, for messages.
    is_covered : ndarray of bool, shape (n_particles,)

    Raises
    ------
    ValueError
        If no particle of a set is covered.

    Warns
    -----
    UserWarning
        If the two sets of a group overlap and neither contains the other, or if two groups are equal.
    """
    covered = [tuple(mask & is_covered for mask in group) for group in groups]
    for k, sides in enumerate(covered):
        for side, mask in enumerate(sides):
            if not mask.any():
                count = int(groups[k][side].sum())
                raise ValueError(
                    f"add_correction: between[{k}][{side}], {_shown(between[k][side])}, selects {_counted(count)},"
                    f" and the correction covers none of them; correct the rule, or give these particles types or"
                    " features."
                )
        both = int((sides[0] & sides[1]).sum())
        if 0 < both < min(mask.sum() for mask in sides):
            warn(
                f"add_correction: between[{k}] has {_counted(both)} on both sides, whose pairs interact as well, the"
                f" first {np.flatnonzero(sides[0] & sides[1])[0]}. If that is not meant, make the two rules exclude"
                " each other."
            )
    for (k, one), (m, other) in itertools.combinations(enumerate(covered), 2):
        if any(all(map(np.array_equal, one, order)) for order in (other, other[::-1])):
            warn(f"add_correction: between[{k}] and between[{m}] select the same pairs, which count once.")


def require_pairs(groups, between, is_covered, exclusions):
    """Require at least one pair in each interaction group that is not excluded.

    Parameters
    ----------
    groups, between, is_covered
        As in :func:`require_covered`.
    exclusions : ndarray of int, shape (n, 2)
        The excluded pairs, each once.

    Raises
    ------
    ValueError
    """
    for k, (first, second) in enumerate(groups):
        total, left = count_pairs(first & is_covered, second & is_covered, exclusions)
        if left == 0:
            raise ValueError(
                f"add_correction: no pair of between[{k}], {_shown(between[k][0])} and {_shown(between[k][1])},"
                + (
                    f" interacts: all {total} are excluded; correct the rules or the exclusions."
                    if total
                    else " has two different particles; correct the rules."
                )
            )


def count_pairs(first, second, exclusions):
    """Count the pairs between two sets of particles, which may overlap.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_particles,)
    exclusions : ndarray of int, shape (n, 2)
        Excluded pairs, each once.

    Returns
    -------
    total, left : int
        The number of unordered pairs of different particles with one in each set; the number of those that are not
        excluded.
    """
    both = int((first & second).sum())
    # Of the ordered pairs, those within the overlap occur in both orders.
    total = int(first.sum()) * int(second.sum()) - both - both * (both - 1) // 2
    i, j = np.asarray(exclusions, dtype=np.int64).reshape(-1, 2).T
    return total, total - int(((first[i] & second[j]) | (first[j] & second[i])).sum())


def _as_pairs(between):
    """Require a list of pairs, at least one."""
    if not isinstance(between, (list, tuple)):
        raise TypeError(f"add_correction: between is {_shown(between)}; expected a list of pairs of rules, {_FORM}.")
    # A tuple of two lists may be meant as one pair or as two.
    if isinstance(between, tuple) and not all(isinstance(pair, tuple) for pair in between):
        raise TypeError(
            f"add_correction: between is the tuple {_shown(between)}; expected a list of pairs of rules, {_FORM}, also"
            " for one pair."
        )
    if len(between) == 0:
        raise ValueError(
            f"add_correction: between is empty, so that no pair would interact; expected {_FORM}, or leave it out for"
            " all pairs."
        )
    for k, pair in enumerate(between):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise TypeError(
                f"add_correction: between[{k}] is {_shown(pair)}; expected a pair of rules, in a list: {_FORM}."
            )
    return between


def _selected(atoms, part, what):
    """The particles that one part of a pair selects, as a mask."""
    count = len(atoms.atoms)
    indices = _indices(part, what)
    if indices is None:
        mask = atoms_of_rule(atoms, part, what, np.ones(count, dtype=bool))
        if not mask.any():
            names, similar = near_misses(atoms, part)
            raise ValueError(
                f"{what}, {_shown(part)}, selects no atom; "
                + (f"did you mean {names}?" if similar else f"the topology has {names}.")
            )
        return mask
    wrong = indices[(indices < 0) | (indices >= count)]
    if len(wrong) > 0:
        raise ValueError(f"{what} has the particle {wrong[0]}; expected particles from 0 to {count - 1}.")
    mask = np.zeros(count, dtype=bool)
    mask[indices] = True
    return mask


def _indices(part, what):
    """Convert a list of particles to an array; return None for a rule."""
    if is_masked(part):
        raise TypeError(f"{what} is a masked array, and the particles that it hides would be used; leave them out.")
    if getattr(part, "ndim", 1) == 1 and str(getattr(part, "dtype", "")) in ("bool", "torch.bool"):
        raise TypeError(f"{what} is a mask; expected indices of particles, such as np.flatnonzero(mask).")
    if isinstance(part, (np.ndarray, range)):
        part = list(part)
    if not isinstance(part, (list, tuple, set, frozenset)):
        if isinstance(part, str) or callable(part) or not (hasattr(part, "__iter__") or hasattr(part, "__index__")):
            return None
        raise TypeError(
            f"{what} is {_shown(part)}; expected a rule, as in assign_types(), or a list of indices of particles."
        )
    if len(part) == 0:
        raise ValueError(f"{what} is empty and selects no particle; expected a rule, or indices of particles.")
    if any(isinstance(element, Atom) for element in part):
        raise TypeError(f"{what} has atoms of a topology; expected their indices, [atom.index for atom in ...].")
    is_number = [isinstance(element, numbers.Number) or hasattr(element, "__index__") for element in part]
    if any(is_number) and not all(is_number):
        raise TypeError(f"{what}, {_shown(part)}, mixes rules and indices; give two pairs, or either of them alone.")
    return np.array([as_index(element, what) for element in part], dtype=np.int64) if all(is_number) else None


def _counted(count):
    return f"{count} particle{'s' * (count != 1)}"


def _shown(part):
    """A rule or a list of particles, shortened for a message."""
    text = repr(part)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
