# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of masses and elements, to detect a topology whose atoms are not the particles of a System in order."""

import functools

from openmm import unit
from openmm.app import Topology, element

from ..errors import warn

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


def require_is_topology(topology, source):
    """Require an openmm.app.Topology. Raise a TypeError for anything else, including objects that have a topology, such
    as a PDBFile.
    """
    if not isinstance(topology, Topology):
        remedy = (
            "give its .topology"
            if isinstance(getattr(topology, "topology", None), Topology)
            else "give the topology that the System was made from"
        )
        raise TypeError(
            f"{source}: the topology is a {type(topology).__name__}; expected an openmm.app.Topology: {remedy}."
        )


def require_topology(topology, system, source):
    """Require a topology whose atoms are the particles of a System in the same order, as far as the masses can show.

    Parameters
    ----------
    topology : openmm.app.Topology
    system : openmm.System
    source : str
        The beginning of messages.

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
    require_is_topology(topology, source)
    if topology.getNumAtoms() != system.getNumParticles():
        raise ValueError(
            f"{source}: the topology has {topology.getNumAtoms()} atoms, but the System has {system.getNumParticles()}"
            " particles; give the topology the System was made from."
        )
    _require_order(topology, system, source)


def _require_order(topology, system, source):
    masses = [system.getParticleMass(i)._value for i in range(system.getNumParticles())]
    groups = _groups(topology, masses)
    misplaced = [
        group
        for group in groups
        if abs(_mass(group, masses) - _expected_mass(group)) < MASS_TOLERANCE and _is_permuted(group, masses)
    ]
    compared = [group for group in groups if _is_comparable(group, masses)]
    differences = [_mass(group, masses) - _expected_mass(group) for group in compared]
    unexplained = [
        group for group, difference in zip(compared, differences, strict=True) if not _is_explained(difference, group)
    ]
    if not misplaced and not unexplained:
        return
    group = (unexplained or misplaced)[0]
    names = ", ".join(f"{atom.name} {masses[atom.index]:g}" for atom in group[:6])
    what = (
        f"{len(unexplained or misplaced)} groups of atoms have other masses than their elements, the first in residue"
        f" {group[0].residue.name} {group[0].residue.id}, atom {group[0].index} ({names}{', ...' * (len(group) > 6)}"
        " amu)"
    )
    # Another order of the atoms does not change the sum of all masses.
    if misplaced or abs(sum(differences)) < MASS_TOLERANCE + 1e-6 * sum(masses):
        raise ValueError(
            f"{source}: the topology has its atoms in another order than the System: {what}, and all masses together"
            " are the same. Give the topology that the System was made from."
        )
    warn(
        f"{source}: the topology may not be that of the System: {what}. If the masses were changed on purpose, this can"
        " be ignored."
    )


def _groups(topology, masses):
    """Divide the atoms into groups whose total mass is conserved by hydrogen mass repartitioning and by Drude
    particles. A group is a heavy atom with its hydrogens. If a hydrogen of a residue is not bonded to a heavy atom in
    the topology, or a particle without an element has a mass, the whole residue is one group.
    """
    center = {}
    for bond in topology.bonds():
        for atom, other in (bond[:2], bond[1::-1]):
            if atom.element is element.hydrogen and other.element is not element.hydrogen:
                center[atom.index] = other.index
    result = []
    for residue in topology.residues():
        atoms = list(residue.atoms())
        whole = any(
            (
                masses[atom.index] > 0
                if atom.element is None
                else atom.element is element.hydrogen and atom.index not in center
            )
            for atom in atoms
        )
        groups = {}
        for atom in atoms:
            groups.setdefault(-1 if whole else center.get(atom.index, atom.index), []).append(atom)
        result += groups.values()
    return result


def _is_comparable(group, masses):
    """Whether the mass of a group can be compared: it has elements, and none of its atoms is frozen (mass zero)."""
    known = [atom for atom in group if atom.element is not None]
    return bool(known) and all(masses[atom.index] > 0 for atom in known)


def _mass(group, masses):
    return sum(masses[atom.index] for atom in group)


def _expected_mass(group):
    return sum(_mass_of_element(atom.element) for atom in group if atom.element is not None)


@functools.cache
def _mass_of_element(which):
    return which.mass.value_in_unit(unit.amu)


def _is_explained(difference, group):
    """Whether a difference from the mass of the elements is zero, or is due to deuterium or united atoms."""
    if abs(difference) < MASS_TOLERANCE:
        return True
    hydrogens = sum(atom.element is element.hydrogen for atom in group)
    united = MAX_UNITED_HYDROGENS * sum(atom.element is element.carbon for atom in group)
    return any(abs(difference - count * DEUTERIUM_EXCESS) < MASS_TOLERANCE for count in range(1, hydrogens + 1)) or any(
        abs(difference - count * HYDROGEN_MASS) < MASS_TOLERANCE for count in range(1, united + 1)
    )


def _is_permuted(group, masses):
    """Whether the masses of a group, whose sum is correct, are in the wrong order within the group. Signs are a heavy
    hydrogen, hydrogens of different masses, or a heavy particle without an element.
    """
    hydrogens = [masses[atom.index] for atom in group if atom.element is element.hydrogen]
    others = [masses[atom.index] for atom in group if atom.element is None]
    return any(mass > HEAVY for mass in hydrogens + others * (len(others) < len(group))) or (
        len(hydrogens) > 1 and max(hydrogens) - min(hydrogens) > MASS_TOLERANCE
    )
