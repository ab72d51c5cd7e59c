# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Which pairs of a System a correction leaves out, and the molecules it consists of."""

import collections
import itertools
import operator

import openmm
from openmm.app import Atom

from ..errors import warn

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


def excluded_pairs(exclusions, system, topology, covered):
    """The pairs that a correction leaves out.

    Parameters
    ----------
    exclusions : "nonbonded", "molecules", or iterable of (int, int)
        As in :func:`add_correction`.
    system : openmm.System
    topology : openmm.app.Topology
    covered : sequence of bool
        For each particle whether the correction covers it.

    Returns
    -------
    list of (int, int)

    Raises
    ------
    ValueError, TypeError
    """
    if isinstance(exclusions, str):
        if exclusions == "nonbonded":
            return _pairs_of_nonbonded(system, topology)
        if exclusions == "molecules":
            return _pairs_within_molecules(system, topology, covered)
        raise ValueError(
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', or pairs of particles."
        )
    if not hasattr(exclusions, "__iter__"):
        raise TypeError(
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', or pairs of particles,"
            " [] for none."
        )
    pairs = sorted({tuple(sorted(pair)) for pair in map(_pair, exclusions)})
    for i, j in pairs:
        if not 0 <= i < j < system.getNumParticles():
            raise ValueError(
                f"add_correction: exclusions has the pair {(i, j)}; expected two different particles from 0 to"
                f" {system.getNumParticles() - 1}."
            )
    return pairs


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


def _pairs_of_nonbonded(system, topology):
    forces = nonbonded_forces(system)
    if not forces:
        raise ValueError(
            "add_correction: the System has no NonbondedForce or CustomNonbondedForce whose exclusions could be"
            " followed; use exclusions='molecules', or give pairs."
        )
    if isinstance(forces[0], openmm.CustomNonbondedForce):
        return sorted(
            {tuple(sorted(force.getExclusionParticles(i))) for force in forces for i in range(force.getNumExclusions())}
        )
    # Exceptions within a molecule are bonded neighbors, whatever is left of their interaction. Between molecules those
    # that still
    # interact are pairs with parameters of their own, and no reason to leave a correction out.
    is_bonded = None
    pairs, left = set(), []
    for force in forces:
        changed = {force.getExceptionParameterOffset(i)[1] for i in range(force.getNumExceptionParameterOffsets())}
        for index in range(force.getNumExceptions()):
            i, j, charge, _, epsilon = force.getExceptionParameters(index)
            if index in changed or charge._value != 0 or epsilon._value != 0:
                is_bonded = is_bonded or _bonded_pairs(system, topology)
                if not is_bonded(i, j):
                    left.append((min(i, j), max(i, j)))
                    continue
            pairs.add((min(i, j), max(i, j)))
    left = [pair for pair in left if pair not in pairs]
    if left:
        warn(
            f"add_correction: {len(left)} exceptions of the NonbondedForce, the first of particles {left[0][0]} and"
            f" {left[0][1]}, are between different molecules and interact, so that they were taken for pairs with"
            " parameters of their own and not for exclusions: the correction acts on them. If these particles are"
            " bonded, add the bonds to the topology; otherwise say which pairs to leave out by exclusions."
        )
    return sorted(pairs)


def _pairs_within_molecules(system, topology, covered):
    molecules = Molecules(system, topology)
    groups = molecules.groups([i for i in range(system.getNumParticles()) if covered[i]])
    crossing = [
        (i, j) for i, j in _bonds_of_forces(system) if covered[i] and covered[j] and not molecules.contains(i, j)
    ]
    if crossing:
        warn(
            f"add_correction: {len(crossing)} bonds of the System's forces, the first of particles {crossing[0][0]} and"
            f" {crossing[0][1]}, connect different molecules, as the bonds of the topology and constraints show them:"
            " the correction acts across them. If they are no restraints, add the bonds to the topology."
        )
    total = sum(len(atoms) * (len(atoms) - 1) // 2 for atoms in groups)
    if total > MAX_EXCLUSIONS:
        raise ValueError(
            f"add_correction: exclusions='molecules' would exclude {total} pairs; use interaction groups to leave a"
            " large molecule out."
        )
    return list(itertools.chain.from_iterable(itertools.combinations(atoms, 2) for atoms in groups))


def _bonded_pairs(system, topology):
    """A function of two particles: whether they belong to one molecule, or are connected by three bonds of the System's
    forces at most.

    The forces are asked for molecules whose bonds the topology does not have. Their bonds alone do not make a molecule:
    some are restraints.
    """
    molecules = Molecules(system, topology)
    neighbors = collections.defaultdict(set)
    for i, j in itertools.chain(_bonds_of_topology(system, topology), _bonds_of_forces(system)):
        neighbors[i].add(j)
        neighbors[j].add(i)

    def is_bonded(i, j):
        if molecules.contains(i, j):
            return True
        reached = {i}
        for _ in range(MAX_BONDS_APART):
            reached |= {other for particle in reached for other in neighbors[particle]}
        return j in reached

    return is_bonded


class Molecules:
    """Particles that are connected: by bonds of the topology, by constraints, as virtual sites or as Drude
    particles.
    """

    def __init__(self, system, topology):
        self._parent = list(range(system.getNumParticles()))
        for i, j in _bonds_of_topology(system, topology):
            self._parent[self._root(i)] = self._root(j)

    def _root(self, i):
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def contains(self, i, j):
        """Get whether two particles belong to one molecule."""
        return self._root(i) == self._root(j)

    def groups(self, particles):
        """The given particles (in order) by molecule: a list of lists."""
        result = {}
        for i in particles:
            result.setdefault(self._root(i), []).append(i)
        return list(result.values())


def _bonds_of_topology(system, topology):
    yield from ((bond[0].index, bond[1].index) for bond in topology.bonds())
    yield from (system.getConstraintParameters(i)[:2] for i in range(system.getNumConstraints()))
    for i in range(system.getNumParticles()):
        if system.isVirtualSite(i):
            site = system.getVirtualSite(i)
            yield from ((i, site.getParticle(k)) for k in range(site.getNumParticles()))
    for force in _all_forces(system.getForces()):
        if isinstance(force, openmm.DrudeForce):
            yield from (force.getParticleParameters(i)[:2] for i in range(force.getNumParticles()))


def _bonds_of_forces(system):
    for force in _all_forces(system.getForces()):
        if isinstance(force, (openmm.HarmonicBondForce, openmm.CustomBondForce)):
            yield from (force.getBondParameters(i)[:2] for i in range(force.getNumBonds()))
