# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks by their masses whether the particles of a System are the atoms of a topology, in the same order."""

import numpy as np
from openmm import unit
from openmm.app import element

from ..errors import warn
from ..force.functions import core
from .atom_table import AtomTable

#: Masses of a group of atoms that differ by less are the same, in amu.
SAME_MASS = 0.2
#: What a hydrogen that is left out (united atoms), or a deuterium in its place, adds to the mass of a group.
OF_HYDROGEN, OF_DEUTERIUM = 1.008, 1.0063
MAX_UNITED_HYDROGENS = 4
#: Hydrogens, and particles without an element, are lighter than this also if hydrogen masses are repartitioned.
HEAVY = 6.0


def require_topology(topology, system, source):
    """Require a topology with an atom for each particle of a System, in the same order as far as masses can tell.

    Parameters
    ----------
    topology : openmm.app.Topology
    system : openmm.System
    source : str
        How messages begin.

    Returns
    -------
    AtomTable
        The atoms of the topology.

    Raises
    ------
    TypeError
        If it is something else that has a topology.
    ValueError
        If it has more or fewer atoms, or the masses are those of its elements in another order.
    """
    atoms = AtomTable(topology, source)
    if topology.getNumAtoms() != system.getNumParticles():
        raise ValueError(
            f"{source}: the topology has {topology.getNumAtoms()} atoms, but the System has {system.getNumParticles()}"
            " particles; give the topology the System was made from."
        )
    if atoms.atoms:
        _require_order(atoms, core.particle_masses(int(system.this)), source)
    return atoms


def _require_order(atoms, masses, source):
    groups = _Groups(atoms, masses)
    differences = groups.sum(masses) - groups.sum(atoms.of_labels(_mass_of_element, float))
    misplaced = (np.abs(differences) < SAME_MASS) & groups.are_in_disorder()
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
    # In another order the sum of all masses is the same.
    if misplaced.any() or abs(differences[compared].sum()) < SAME_MASS + 1e-6 * masses.sum():
        raise ValueError(
            f"{source}: the topology has its atoms in another order than the System: {what}, and all masses together"
            " are the same. Give the topology that the System was made from."
        )
    warn(
        f"{source}: the topology may not be that of the System: {what}. If the masses were changed on purpose, this can"
        " be ignored."
    )


class _Groups:
    """Atoms among which hydrogen mass repartitioning and Drude particles move mass: an atom with its hydrogens, or else
    a residue.

    Properties of groups are arrays of shape (n_groups,), in the order of each group's first atom.
    """

    def __init__(self, atoms, masses):
        self._masses = masses
        self._is_hydrogen = atoms.of_labels(lambda which: which is element.hydrogen, bool)
        self._is_carbon = atoms.of_labels(lambda which: which is element.carbon, bool)
        self._has_element = atoms.of_labels(lambda which: which is not None, bool)
        center = self._centers(atoms.bonds)
        makes_whole = np.where(self._has_element, self._is_hydrogen & (center < 0), masses > 0)
        is_whole = np.bincount(atoms.residue, makes_whole)[atoms.residue] > 0
        key = np.where(is_whole, -1, np.where(center < 0, np.arange(len(masses)), center))
        pair = atoms.residue * (len(masses) + 1) + key + 1
        _, first, group = np.unique(pair, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=int)
        rank[np.argsort(first)] = np.arange(len(first))
        self._group, self._count = rank[group.ravel()], len(first)

    def _centers(self, bonds):
        """The atom that each hydrogen is bonded to, -1 for none and for other atoms."""
        center = np.full(len(self._masses), -1)
        for one, other in ((0, 1), (1, 0)):
            binds = self._is_hydrogen[bonds[:, one]] & ~self._is_hydrogen[bonds[:, other]]
            center[bonds[binds, one]] = bonds[binds, other]
        return center

    def members(self, group):
        """The indices of the atoms of a group."""
        return np.flatnonzero(self._group == group)

    def sum(self, values):
        """The sum of a property of atoms."""
        return np.bincount(self._group, values, self._count)

    def _any(self, mask):
        return self.sum(mask) > 0

    def are_comparable(self):
        """Whether masses say anything: there are elements, and no atom is frozen (of mass zero)."""
        return self._any(self._has_element) & ~self._any(self._has_element & ~(self._masses > 0))

    def are_explained(self, differences):
        """Whether a mass is that of the elements, or that of deuterium or united atoms."""
        explained = np.abs(differences) < SAME_MASS
        united = MAX_UNITED_HYDROGENS * self.sum(self._is_carbon)
        for most, mass in ((self.sum(self._is_hydrogen), OF_DEUTERIUM), (united, OF_HYDROGEN)):
            count = np.round(differences / mass)
            explained |= (np.abs(differences - count * mass) < SAME_MASS) & (count >= 1) & (count <= most)
        return explained

    def are_in_disorder(self):
        """Whether the masses of a group, whose sum is right, are those of other atoms of it: hydrogens that are too
        heavy, or not all of one mass, or a heavy particle that is no atom.
        """
        is_heavy = self._masses > HEAVY
        lightest, heaviest = np.full(self._count, np.inf), np.full(self._count, -np.inf)
        hydrogens = np.flatnonzero(self._is_hydrogen)
        np.minimum.at(lightest, self._group[hydrogens], self._masses[hydrogens])
        np.maximum.at(heaviest, self._group[hydrogens], self._masses[hydrogens])
        return (
            self._any(self._is_hydrogen & is_heavy)
            | (self._any(self._has_element) & self._any(~self._has_element & is_heavy))
            | (heaviest - lightest > SAME_MASS)
        )


def _mass_of_element(which):
    return 0.0 if which is None else which.mass.value_in_unit(unit.amu)
