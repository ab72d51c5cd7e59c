# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks by their masses whether the particles of a System are the atoms of a topology, in the same order."""

import functools

from openmm import unit
from openmm.app import Topology, element

from ..errors import warn

#: Masses of a group of atoms that differ by less are the same, in amu.
SAME_MASS = 0.2
#: What a hydrogen that is left out (united atoms), or a deuterium in its place, adds to the mass of a group.
OF_HYDROGEN, OF_DEUTERIUM = 1.008, 1.0063
MAX_UNITED_HYDROGENS = 4
#: Hydrogens, and particles without an element, are lighter than this also if hydrogen masses are repartitioned.
HEAVY = 6.0


def require_is_topology(topology, source):
    """Require an openmm.app.Topology; TypeError for something that has one, such as a PDBFile, and for anything
    else.
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
    """Require a topology with an atom for each particle of a System, in the same order as far as masses can tell.

    Parameters
    ----------
    topology : openmm.app.Topology
    system : openmm.System
    source : str
        How messages begin.

    Raises
    ------
    TypeError
        If it is something else that has a topology.
    ValueError
        If it has more or fewer atoms, or the masses are those of its elements in another order.
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
        if abs(_mass(group, masses) - _expected_mass(group)) < SAME_MASS and _is_in_disorder(group, masses)
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
    # In another order the sum of all masses is the same.
    if misplaced or abs(sum(differences)) < SAME_MASS + 1e-6 * sum(masses):
        raise ValueError(
            f"{source}: the topology has its atoms in another order than the System: {what}, and all masses together"
            " are the same. Give the topology that the System was made from."
        )
    warn(
        f"{source}: the topology may not be that of the System: {what}. If the masses were changed on purpose, this can"
        " be ignored."
    )


def _groups(topology, masses):
    """Atoms among which hydrogen mass repartitioning and Drude particles move mass: an atom with its hydrogens, or else
    a residue.
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
    """Whether masses say anything: there are elements, and no atom is frozen (of mass zero)."""
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
    """Whether a mass is that of the elements, or that of deuterium or united atoms."""
    if abs(difference) < SAME_MASS:
        return True
    hydrogens = sum(atom.element is element.hydrogen for atom in group)
    united = MAX_UNITED_HYDROGENS * sum(atom.element is element.carbon for atom in group)
    return any(abs(difference - count * OF_DEUTERIUM) < SAME_MASS for count in range(1, hydrogens + 1)) or any(
        abs(difference - count * OF_HYDROGEN) < SAME_MASS for count in range(1, united + 1)
    )


def _is_in_disorder(group, masses):
    """Whether the masses of a group, whose sum is right, are those of other atoms of it: hydrogens that are too heavy,
    or not all of one
    mass, or a heavy particle that is no atom."""
    hydrogens = [masses[atom.index] for atom in group if atom.element is element.hydrogen]
    others = [masses[atom.index] for atom in group if atom.element is None]
    return any(mass > HEAVY for mass in hydrogens + others * (len(others) < len(group))) or (
        len(hydrogens) > 1 and max(hydrogens) - min(hydrogens) > SAME_MASS
    )
