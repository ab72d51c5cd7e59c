# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the pairs of a System that a correction leaves out."""

import collections
import operator

import numpy as np
import openmm
from openmm.app import Atom

from ..errors import warn
from ..force.functions import core

#: More excluded pairs than this mean that something else was meant.
MAX_EXCLUSIONS = 20_000_000
#: How many bonds are between the particles of an exception at most.
MAX_BONDS_APART = 3


def nonbonded_forces(system):
    """The NonbondedForces of a System, or else its CustomNonbondedForces, also those inside of ATMForce and
    CustomCVForce.
    """
    forces = list(_all_forces(system.getForces()))
    for kind in (openmm.NonbondedForce, openmm.CustomNonbondedForce):
        found = [force for force in forces if isinstance(force, kind)]
        if found:
            return found
    return []


def _all_forces(forces):
    for force in forces:
        yield force
        if isinstance(
            force, openmm.ATMForce
        ):  # in which forces come back as plain Forces, and their copies as what they are
            yield from _all_forces(openmm.XmlSerializer.clone(force.getForce(i)) for i in range(force.getNumForces()))
        elif isinstance(force, openmm.CustomCVForce):
            yield from _all_forces(force.getCollectiveVariable(i) for i in range(force.getNumCollectiveVariables()))


def excluded_pairs(exclusions, system, atoms, is_covered):
    """The pairs that a correction leaves out.

    Parameters
    ----------
    exclusions : "nonbonded", "molecules", or iterable of (int, int)
        As in :func:`add_correction`.
    system : openmm.System
    atoms : AtomTable
    is_covered : ndarray of bool, shape (n_particles,)
        For each particle whether the correction covers it.

    Returns
    -------
    ndarray of int, shape (n, 2)
        Each pair once, the lower index first, sorted.

    Raises
    ------
    ValueError, TypeError
    """
    if isinstance(exclusions, str):
        if exclusions == "nonbonded":
            return _pairs_of_nonbonded(system, atoms)
        if exclusions == "molecules":
            return _pairs_within_molecules(system, atoms, is_covered)
        raise ValueError(
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', or pairs of particles."
        )
    if not hasattr(exclusions, "__iter__"):
        raise TypeError(
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', or pairs of particles,"
            " [] for none."
        )
    pairs = _sorted_pairs(list(map(_pair, exclusions)))
    wrong = np.flatnonzero((pairs[:, 0] < 0) | (pairs[:, 0] == pairs[:, 1]) | (pairs[:, 1] >= system.getNumParticles()))
    if len(wrong) > 0:
        raise ValueError(
            f"add_correction: exclusions has the pair {tuple(pairs[wrong[0]].tolist())}; expected two different"
            f" particles from 0 to {system.getNumParticles() - 1}."
        )
    return pairs


def _sorted_pairs(pairs):
    """Each of some unordered pairs once, the lower index first."""
    pairs = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    is_first = np.ones(len(pairs), dtype=bool)
    is_first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[is_first]


def _pair(given):
    """Two indices of particles."""
    if isinstance(given, tuple) and len(given) == 2 and all(isinstance(atom, Atom) for atom in given):
        raise TypeError(
            "add_correction: exclusions are bonds of a topology, and bonded pairs alone are hardly what should be left"
            " out. Use exclusions='molecules' for all pairs within a molecule; or give pairs of indices, such as those"
            " that force.createExclusionsFromBonds([(bond[0].index, bond[1].index) for bond in topology.bonds()], 3)"
            " adds to a force."
        )
    try:
        i, j = given
        return operator.index(i), operator.index(j)
    except (TypeError, ValueError):
        raise TypeError(
            f"add_correction: exclusions holds {given!r}; expected pairs of indices of particles, two integers each."
        ) from None


def _pairs_of_nonbonded(system, atoms):
    forces = nonbonded_forces(system)
    if not forces:
        raise ValueError(
            "add_correction: the System has no NonbondedForce or CustomNonbondedForce whose exclusions could be"
            " followed; use exclusions='molecules', or give pairs."
        )
    if isinstance(forces[0], openmm.CustomNonbondedForce):
        return _sorted_pairs(np.concatenate([core.exclusions(int(force.this)) for force in forces]))
    # Exceptions within a molecule are bonded neighbors, whatever is left of their interaction. Exceptions between
    # molecules that still interact are pairs with parameters of their own, and no reason to leave a correction out.
    pairs, interacts = map(np.concatenate, zip(*(core.exceptions(int(force.this)) for force in forces), strict=True))
    excluded, interacting = _sorted_pairs(pairs[~interacts]), _sorted_pairs(pairs[interacts])
    if len(interacting) == 0:
        return excluded
    is_bonded = _are_bonded(interacting, system, atoms)
    excluded = _sorted_pairs(np.concatenate([excluded, interacting[is_bonded]]))
    left = set(map(tuple, interacting[~is_bonded].tolist())) - set(map(tuple, excluded.tolist()))
    if left:
        warn(
            f"add_correction: {len(left)} exceptions of the NonbondedForce, the first of particles {min(left)[0]} and"
            f" {min(left)[1]}, are between different molecules and interact, so that they were taken for pairs with"
            " parameters of their own and not for exclusions: the correction acts on them. If these particles are"
            " bonded, add the bonds to the topology; otherwise say which pairs to leave out by exclusions."
        )
    return excluded


def _pairs_within_molecules(system, atoms, is_covered):
    molecule = _molecules(system, atoms)
    bonds = _bonds_of_forces(system)
    crossing = bonds[is_covered[bonds].all(axis=1) & (molecule[bonds[:, 0]] != molecule[bonds[:, 1]])]
    if len(crossing) > 0:
        warn(
            f"add_correction: {len(crossing)} bonds of the System's forces, the first of particles {crossing[0][0]} and"
            f" {crossing[0][1]}, connect different molecules, as the bonds of the topology and constraints show them:"
            " the correction acts across them. If they are no restraints, add the bonds to the topology."
        )
    covered = np.flatnonzero(is_covered)
    covered = covered[np.argsort(molecule[covered], kind="stable")]
    _, starts, sizes = np.unique(molecule[covered], return_index=True, return_counts=True)
    total = int((sizes * (sizes - 1) // 2).sum())
    if total > MAX_EXCLUSIONS:
        raise ValueError(
            f"add_correction: exclusions='molecules' would exclude {total} pairs; use interaction groups to leave a"
            " large molecule out."
        )
    pairs = [np.empty((0, 2), dtype=int)]
    for size in np.unique(sizes).tolist():
        members = covered[starts[sizes == size][:, None] + np.arange(size)]
        pairs.append(members[:, np.column_stack(np.triu_indices(size, 1))].reshape(-1, 2))
    return _sorted_pairs(np.concatenate(pairs))


def _are_bonded(pairs, system, atoms):
    """Whether the particles of each pair belong to one molecule, or are connected by three bonds of the System's forces
    at most.

    The forces are asked for molecules whose bonds the topology does not have. Their bonds alone do not make a molecule:
    some are restraints.
    """
    molecule = _molecules(system, atoms)
    result = molecule[pairs[:, 0]] == molecule[pairs[:, 1]]
    if result.all():
        return result
    neighbors = collections.defaultdict(set)
    for i, j in np.concatenate([_bonds_of_molecules(system, atoms), _bonds_of_forces(system)]).tolist():
        neighbors[i].add(j)
        neighbors[j].add(i)
    for index in np.flatnonzero(~result):
        i, j = pairs[index].tolist()
        reached = {i}
        for _ in range(MAX_BONDS_APART):
            reached |= {other for particle in reached for other in neighbors[particle]}
        result[index] = j in reached
    return result


def _molecules(system, atoms):
    """A number for each particle that is equal for the particles of a molecule, an ndarray of shape (n_particles,)."""
    return core.connected_components(system.getNumParticles(), _bonds_of_molecules(system, atoms))


def _bonds_of_molecules(system, atoms):
    """The pairs that make molecules: bonds of the topology, constraints, virtual sites and Drude particles."""
    address = int(system.this)
    drude = [
        force.getParticleParameters(i)[:2]
        for force in _all_forces(system.getForces())
        if isinstance(force, openmm.DrudeForce)
        for i in range(force.getNumParticles())
    ]
    return np.concatenate(
        [atoms.bonds, core.constraints(address), core.virtual_sites(address), np.array(drude, dtype=int).reshape(-1, 2)]
    )


def _bonds_of_forces(system):
    pairs = [np.empty((0, 2), dtype=int)]
    for force in _all_forces(system.getForces()):
        if isinstance(force, openmm.HarmonicBondForce):
            pairs.append(core.harmonic_bonds(int(force.this)))
        elif isinstance(force, openmm.CustomBondForce):
            pairs.append(core.custom_bonds(int(force.this)))
    return np.concatenate(pairs)
