# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of masses and elements, to detect a topology whose atoms are not the particles of a System in order."""

import numpy as np
from openmm import unit
from openmm.app import element

from ..errors import warn
from ..force.functions import core
from .atom_table import AtomTable

#: Masses of a group of atoms are equal if they differ by less than this, in amu.
MASS_TOLERANCE = 0.2
#: What one implicit hydrogen (of a united atom), or one deuterium in place of hydrogen, adds to the mass of a group, in
#: amu.
HYDROGEN_MASS, DEUTERIUM_EXCESS = 1.008, 1.0063
#: The largest number of implicit hydrogens of one united atom.
MAX_UNITED_HYDROGENS = 4
#: The upper limit for masses of hydrogens and of particles without an element, even with hydrogen mass repartitioning,
#: in amu.
HEAVY = 6.0


def require_topology(topology, system, source):
    """Require a topology whose atoms are the particles of a System in the same order, as far as the masses can show.

    Parameters
    ----------
    topology : openmm.app.Topology
    system : openmm.System
    source : str
        The beginning of messages.

    Returns
    -------
    AtomTable

    Raises
    ------
    TypeError
        If ``topology`` is not an openmm.app.Topology.
    ValueError
        If the numbers of atoms and particles differ, or if the masses are those of the elements in another order.

    Warns
    -----
    UserWarning
        If the masses differ from those of the elements in another way.
    """
    atoms = AtomTable(topology, source)
    count, num_atoms = system.getNumParticles(), topology.getNumAtoms()
    if num_atoms != count:
        are_link_atoms = num_atoms < count and all(map(system.isVirtualSite, range(num_atoms, count)))
        remedy = (
            f"give the topology the System was made from. The last {count - num_atoms} particles are virtual sites: if"
            " they are link atoms of openmm-ml, call its createMixedSystem() with returnInfo=True, which returns their"
            " topology"
            if are_link_atoms
            else "give the topology the System was made from"
        )
        raise ValueError(
            f"{source}: the topology has {num_atoms} atoms, but the System has {count} particles; {remedy}."
        )
    if atoms.atoms:
        _require_order(atoms, core.particle_masses(int(system.this)), source)
        atoms.link_atoms = _link_atoms(atoms, system)
    return atoms


def _link_atoms(atoms, system):
    """The link atoms of a System of openmm-ml: virtual sites at the end with an element, and without bonds."""
    has_element = atoms.map_elements(lambda element: element is not None, bool)
    first = len(atoms.atoms)
    while first > 0 and has_element[first - 1] and system.isVirtualSite(first - 1):
        first -= 1
    is_bonded = np.zeros(len(atoms.atoms), dtype=bool)
    is_bonded[atoms.bonds] = True
    candidates = np.arange(first, len(atoms.atoms))
    return candidates[~is_bonded[candidates]]


def _require_order(atoms, masses, source):
    groups = _Groups(atoms, masses)
    differences = groups.sum(masses) - groups.sum(atoms.map_elements(_mass_of_element, float))
    misplaced = (np.abs(differences) < MASS_TOLERANCE) & groups.are_permuted()
    compared = groups.are_comparable()
    unexplained = compared & ~groups.are_explained(differences)
    wrong = np.flatnonzero(unexplained if unexplained.any() else misplaced)
    if len(wrong) == 0:
        return
    members = groups.members(wrong[0])
    first = atoms.atoms[members[0]]
    names = ", ".join(f"{atoms.atoms[index].name} {masses[index]:g}" for index in members[:6])
    what = (
        f"{len(wrong)} groups of atoms have other masses than their elements, the first in residue"
        f" {first.residue.name} {first.residue.id}, atom {first.index} ({names}{', ...' * (len(members) > 6)} amu)"
    )
    # Another order of the atoms does not change the sum of all masses.
    if misplaced.any() or abs(differences[compared].sum()) < MASS_TOLERANCE + 1e-6 * masses.sum():
        raise ValueError(
            f"{source}: the topology has its atoms in another order than the System: {what}, and all masses together"
            " are the same. Give the topology that the System was made from."
        )
    warn(
        f"{source}: the topology may not be that of the System: {what}. If the masses were changed on purpose, this can"
        " be ignored."
    )


class _Groups:
    """Groups of atoms whose total mass is conserved by hydrogen mass repartitioning and by Drude particles.

    A group is a heavy atom with its hydrogens; heavy atoms that share a hydrogen are one group. If a hydrogen is not
    bonded to a heavy atom in the topology, or a particle without an element has a mass, its whole residue is one group.
    Properties of groups are arrays of shape (n_groups,), in the order of the first atoms of the groups.
    """

    def __init__(self, atoms, masses):
        self._masses = masses
        self._is_hydrogen = atoms.map_elements(lambda which: which is element.hydrogen, bool)
        self._is_carbon = atoms.map_elements(lambda which: which is element.carbon, bool)
        self._has_element = atoms.map_elements(lambda which: which is not None, bool)
        is_hydrogen = self._is_hydrogen[atoms.bonds]
        hydrogen_bonds = atoms.bonds[is_hydrogen[:, 0] != is_hydrogen[:, 1]]
        is_bonded = np.zeros(len(masses), dtype=bool)
        is_bonded[hydrogen_bonds] = True
        makes_whole = np.where(self._has_element, self._is_hydrogen & ~is_bonded, masses > 0)
        whole = np.flatnonzero(np.bincount(atoms.residue, makes_whole)[atoms.residue] > 0)
        first_of_residue = np.unique(atoms.residue, return_index=True)[1][atoms.residue]
        links = np.column_stack([whole, first_of_residue[whole]])
        first = core.connected_components(len(masses), np.concatenate([hydrogen_bonds, links]))
        firsts, self._group = np.unique(first, return_inverse=True)
        self._count = len(firsts)

    def members(self, group):
        """The indices of the atoms of a group."""
        return np.flatnonzero(self._group == group)

    def sum(self, values):
        """The sum of a property over the atoms of each group."""
        return np.bincount(self._group, values, self._count)

    def _any(self, mask):
        return self.sum(mask) > 0

    def are_comparable(self):
        """Whether masses can be compared: a group has elements, and none of its atoms is frozen (mass zero)."""
        return self._any(self._has_element) & ~self._any(self._has_element & ~(self._masses > 0))

    def are_explained(self, differences):
        """Whether a difference from the mass of the elements is zero, or is due to deuterium or united atoms."""
        explained = np.abs(differences) < MASS_TOLERANCE
        united = MAX_UNITED_HYDROGENS * self.sum(self._is_carbon)
        for most, mass in ((self.sum(self._is_hydrogen), DEUTERIUM_EXCESS), (united, HYDROGEN_MASS)):
            count = np.round(differences / mass)
            explained |= (np.abs(differences - count * mass) < MASS_TOLERANCE) & (count >= 1) & (count <= most)
        return explained

    def are_permuted(self):
        """Whether the masses of a group, whose sum is correct, are in the wrong order within the group. Signs are a
        heavy hydrogen, hydrogens of different masses, or a heavy particle without an element.
        """
        is_heavy = self._masses > HEAVY
        lightest, heaviest = np.full(self._count, np.inf), np.full(self._count, -np.inf)
        hydrogens = np.flatnonzero(self._is_hydrogen)
        np.minimum.at(lightest, self._group[hydrogens], self._masses[hydrogens])
        np.maximum.at(heaviest, self._group[hydrogens], self._masses[hydrogens])
        return (
            self._any(self._is_hydrogen & is_heavy)
            | (self._any(self._has_element) & self._any(~self._has_element & is_heavy))
            | (heaviest - lightest > MASS_TOLERANCE)
        )


def _mass_of_element(which):
    return 0.0 if which is None else which.mass.value_in_unit(unit.amu)
