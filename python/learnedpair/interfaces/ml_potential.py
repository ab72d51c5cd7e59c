# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A pair model as the whole potential of some atoms, for openmm-ml."""

import copy
from collections.abc import Iterable
from typing import Any

import openmm
from openmm import app

from ..applying.apply import add_correction, loaded
from ..applying.assignment import NO_RULE, names_of, select
from ..applying.atom_table import AtomTable
from ..applying.particle_types import CheckedTypes
from ..force.learned_pair_force import LearnedPairForce
from ..force.lifetime import keep_alive


class PairPotential:
    """A pair model that describes all interactions of some atoms.

    Parameters
    ----------
    model : PairModel, or path-like
    types, features
        As in add_correction(); link atoms are the last atoms. Every atom must have a type, or be left out by the rule
        of the type None.
    exclusions : "molecules", or iterable of (int, int)
        As in add_correction(). None by default: all pairs interact.
    **options
        Further keyword arguments of add_correction().
    """

    def __init__(
        self,
        model: Any,
        types: Any = None,
        features: Any = None,
        exclusions: Any = (),
        **options: Any,
    ) -> None:
        if exclusions == "nonbonded":
            raise ValueError(
                "MLPotential: exclusions is 'nonbonded', but a potential has no NonbondedForce to follow; expected"
                " 'molecules', or pairs of particles."
            )
        if "force_group" in options:
            raise ValueError("MLPotential: give forceGroup to createMixedSystem() in place of force_group.")
        self._model, self._types, self._features = model, types, features
        self._exclusions, self._options = exclusions, options

    def add_force(
        self, topology: app.Topology, system: openmm.System, atoms: Iterable[int] | None, force_group: int
    ) -> LearnedPairForce:
        """Add the potential of some atoms to a System.

        Parameters
        ----------
        topology : openmm.app.Topology
        system : openmm.System
            It may have no particles yet: openmm-ml collects forces in such a System.
        atoms : iterable of int, or None
            The atoms; link atoms last. None for all.
        force_group : int

        Returns
        -------
        LearnedPairForce

        Raises
        ------
        ValueError
            If an atom has no type, or as add_correction() raises it.
        """
        region = list(range(topology.getNumAtoms())) if atoms is None else list(atoms)
        model = self._model = loaded(self._model, "MLPotential")
        particles = (
            {"types": self._region_types(model, topology, region)}
            if model.features is None
            else {"types": self._types, "features": self._region_features(region)}
        )
        bare = _bare_system(topology, region)
        force = copy.copy(
            add_correction(
                bare,
                topology,
                model,
                **particles,
                exclusions=self._exclusions,
                force_group=force_group,
                **self._options,
            )
        )
        if topology.getPeriodicBoxVectors() is not None or system.usesPeriodicBoundaryConditions():
            force.setNonbondedMethod(LearnedPairForce.CutoffPeriodic)
        system.addForce(force)
        keep_alive(force, system)
        return force

    def _region_types(self, model, topology, region):
        """The type of each atom of a topology, None for those that are not in the region."""
        table = AtomTable(topology, "MLPotential")
        if self._features is not None:
            raise ValueError(f"MLPotential: features were given, but {model.source} takes types; give types instead.")
        if self._types is None or isinstance(self._types, dict):
            types = _types_by_rules(model, table, self._types or {}, region)
        else:
            types = list(self._types)
            if len(types) != len(table.atoms):
                raise ValueError(
                    f"MLPotential: {len(types)} types were given, but the topology has {len(table.atoms)} atoms,"
                    f" {len(link_bonds(topology, region))} of which are link atoms, at the end; give one type for each."
                )
        inside = set(region)
        return CheckedTypes(type if index in inside else None for index, type in enumerate(types))

    def _region_features(self, region):
        if self._features is None:
            return None
        inside = set(region)
        return [row if index in inside else None for index, row in enumerate(self._features)]


def link_bonds(topology: app.Topology, region: list[int]) -> list[tuple[int, int]]:
    """Get the bonds of a region to its link atoms, which openmm-ml does not add to the topology.

    openmm-ml saturates each bond that leaves the region by a link atom: a residue of one hydrogen without bonds, at the
    end of the topology, in the order of these bonds.

    Parameters
    ----------
    topology : openmm.app.Topology
    region : list of int
        The atoms of the region, link atoms last.

    Returns
    -------
    list of (int, int)
        For each link atom the atom that it is bonded to, and itself.
    """
    inside = set(region)
    bonded = {atom.index for bond in topology.bonds() for atom in bond}
    cut = [
        (one.index if one.index in inside else two.index)
        for one, two in topology.bonds()
        if (one.index in inside) != (two.index in inside)
    ]
    link_atoms = region[len(region) - len(cut) :]
    return [] if bonded & set(link_atoms) else list(zip(cut, link_atoms, strict=True))


def _types_by_rules(model, table, given, region):
    unknown = [name for name in given if name is not None and name not in model.types]
    if unknown:
        raise ValueError(
            f"MLPotential: there is a rule for the type {unknown[0]!r}, but {model.source} has"
            f" {', '.join(model.types)}."
        )
    rules = {
        name: rule for name, rule in {**model.type_rules, None: model.uncovered, **given}.items() if rule is not None
    }
    assigned = select(table, rules)
    missing = [index for index in region if assigned[index] == NO_RULE]
    if missing:
        atom = table.atoms[missing[0]]
        raise ValueError(
            f"MLPotential: {len(missing)} atoms have no type in {model.source}, the first atom {atom.index}"
            f" ({atom.residue.name}:{atom.name}), and would have no interaction at all; give a rule by types={{...}},"
            f" or state that by types={{None: '{atom.residue.name}:{atom.name}'}}."
        )
    return names_of(assigned, rules)


def _bare_system(topology, region):
    """A System with the atoms and the box of a topology; its only constraints are the bonds of link atoms."""
    result = openmm.System()
    if topology.getPeriodicBoxVectors() is not None:
        result.setDefaultPeriodicBoxVectors(*topology.getPeriodicBoxVectors())
    for atom in topology.atoms():
        result.addParticle(0.0 if atom.element is None else atom.element.mass)
    for atom, link_atom in link_bonds(topology, region):
        result.addConstraint(atom, link_atom, 0.1)
    return result
