# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the pairs of particles that a correction excludes."""

import collections
import numbers

import numpy as np
import openmm
from openmm.app import Atom

from ..errors import warn
from ..force.functions import core
from ..force.particles import as_pairs, is_bool
from .atom_table import require_indices
from .bond_exclusions import final_hosts, pairs_within_bonds, require_few, sorted_pairs, without_pairs

#: The largest number of bonds between the particles of an exception: force fields scale 1-4 pairs.
MAX_BONDS_APART = 3


def nonbonded_forces(system):
    """Get the NonbondedForces of a System, or its CustomNonbondedForces if there are none. Forces within an ATMForce or
    a CustomCVForce are included.
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
        if isinstance(force, openmm.ATMForce):
            # getForce() returns plain Forces; their clones have their own class.
            yield from _all_forces(openmm.XmlSerializer.clone(force.getForce(i)) for i in range(force.getNumForces()))
        elif isinstance(force, openmm.CustomCVForce):
            for i in range(force.getNumCollectiveVariables()):
                variable = force.getCollectiveVariable(i)
                variable.owner = force  # may be one of the clones above, and is deleted when Python forgets it
                yield from _all_forces([variable])


def excluded_pairs(exclusions, system, atoms, is_covered):
    """Get the pairs that a correction excludes.

    Parameters
    ----------
    exclusions : "nonbonded", "molecules", int, or iterable of (int, int)
        As in :func:`add_correction`.
    system : openmm.System
    atoms : AtomTable
    is_covered : ndarray of bool, shape (n_particles,)
        Whether the correction covers each particle.

    Returns
    -------
    ndarray of int, shape (n, 2)
        The pairs in increasing order, each once, with the lower index first.

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
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', a number of bonds, or"
            " pairs of particles."
        )
    if isinstance(exclusions, numbers.Integral) and not is_bool(exclusions):
        return _pairs_by_bonds(int(exclusions), system, atoms, is_covered, f"exclusions={exclusions}")
    if not hasattr(exclusions, "__iter__"):
        raise TypeError(
            f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', a number of bonds, or"
            " pairs of particles, [] for none."
        )
    if not isinstance(exclusions, (np.ndarray, dict)):
        exclusions = list(exclusions)
        if any(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Atom) for pair in exclusions):
            raise TypeError(
                "add_correction: exclusions are bonds of a topology, and bonded pairs alone are hardly what should be"
                " left out. Use exclusions=3 for the pairs that are connected by up to three bonds of the topology, or"
                " exclusions='molecules' for all pairs within a molecule; or give pairs of indices."
            )
    pairs = as_pairs(exclusions, "add_correction: exclusions")
    wrong = pairs[(pairs[:, 0] == pairs[:, 1]) | ((pairs < 0) | (pairs >= system.getNumParticles())).any(axis=1)]
    if len(wrong) > 0:
        raise ValueError(
            f"add_correction: exclusions has the pair {tuple(wrong[0].tolist())}; expected two different particles from"
            f" 0 to {system.getNumParticles() - 1}."
        )
    return sorted_pairs(pairs)


def _pairs_of_nonbonded(system, atoms):
    forces = nonbonded_forces(system)
    if not forces:
        raise ValueError(
            "add_correction: the System has no NonbondedForce or CustomNonbondedForce whose exclusions could be"
            " followed; use exclusions='molecules', give pairs, or give [] for none."
        )
    if isinstance(forces[0], openmm.CustomNonbondedForce):
        pairs = np.concatenate([core.exclusions(int(force.this)) for force in forces])
        require_indices(pairs, len(atoms.atoms), "add_correction: an exclusion of a CustomNonbondedForce")
        return sorted_pairs(pairs)
    # Exceptions within a molecule are bonded neighbors and are excluded, even if they interact in part. Exceptions
    # between molecules that interact have special parameters (NBFIX) and are not excluded.
    pairs, interacts = map(np.concatenate, zip(*(core.exceptions(int(force.this)) for force in forces), strict=True))
    require_indices(pairs, len(atoms.atoms), "add_correction: an exception of a NonbondedForce")
    excluded, interacting = sorted_pairs(pairs[~interacts]), sorted_pairs(pairs[interacts])
    if len(interacting) == 0:
        return excluded
    is_bonded = _are_bonded(interacting, system, atoms)
    excluded = sorted_pairs(np.concatenate([excluded, interacting[is_bonded]]))
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
    _warn_of_crossing_bonds(system, molecule, is_covered, "the bonds of the topology and constraints")
    covered = np.flatnonzero(is_covered)
    covered = covered[np.argsort(molecule[covered], kind="stable")]
    _, starts, sizes = np.unique(molecule[covered], return_index=True, return_counts=True)
    total = int((sizes * (sizes - 1) // 2).sum())
    require_few(total, "molecules")
    pairs = [np.empty((0, 2), dtype=int)]
    for size in np.unique(sizes).tolist():
        members = covered[starts[sizes == size][:, None] + np.arange(size)]
        pairs.append(members[:, np.column_stack(np.triu_indices(size, 1))].reshape(-1, 2))
    return sorted_pairs(np.concatenate(pairs))


def _warn_of_crossing_bonds(system, molecule, is_covered, shown_by, effect="the correction acts"):
    """Warn if bonds of the forces connect covered particles of different molecules."""
    crossing = _crossing(_bonds_of_forces(system), molecule, is_covered)
    if len(crossing) > 0:
        warn(
            f"add_correction: {len(crossing)} bonds of the System's forces, the first of particles {crossing[0][0]} and"
            f" {crossing[0][1]}, connect different molecules, as {shown_by} show them:"
            f" {effect} across them. If they are no restraints, add the bonds to the topology."
        )


def _crossing(pairs, molecule, is_covered):
    """The pairs of covered particles that belong to different molecules."""
    return pairs[is_covered[pairs].all(axis=1) & (molecule[pairs[:, 0]] != molecule[pairs[:, 1]])]


def pairs_14(system, atoms, is_covered):
    """Get the pairs of covered particles that are exactly three bonds of the topology apart.

    Parameters
    ----------
    system : openmm.System
    atoms : AtomTable
    is_covered : ndarray of bool, shape (n_particles,)

    Returns
    -------
    ndarray of int, shape (n, 2)
        The pairs in increasing order, each once, with the lower index first.
    """
    within_three, within_two = (
        _pairs_by_bonds(most, system, atoms, is_covered, "scale_14") for most in (MAX_BONDS_APART, MAX_BONDS_APART - 1)
    )
    pairs = without_pairs(within_three[is_covered[within_three].all(axis=1)], within_two)
    if len(pairs) == 0:
        raise ValueError(
            "add_correction: scale_14 is given, and no two particles with a correction are three bonds of the topology"
            " apart; add missing bonds to the topology (a PDB file has those of other molecules than water and amino"
            " acids only in CONECT records), or leave scale_14 out."
        )
    return pairs


def _pairs_by_bonds(most, system, atoms, is_covered, option):
    """Get the pairs that are connected by at most ``most`` bonds of the topology. ``option`` is the argument of
    add_correction() that asks for them.
    """
    if most < 1:
        raise ValueError(
            f"add_correction: exclusions is {most}; expected at least 1, the largest number of bonds between the"
            " particles of an excluded pair, or [] to exclude none."
        )
    sites, drude = core.virtual_sites(int(system.this)), _drude_particles(system)
    _require_particles(atoms, **{"a virtual site": sites, "a particle of a DrudeForce": drude})
    dependences = np.concatenate([sites, drude])
    molecule = core.connected_components(len(atoms.atoms), np.concatenate([atoms.bonds, dependences]))
    _require_bonds(option, system, atoms, molecule, is_covered)
    effect = "no 1-4 pairs are found" if option == "scale_14" else "the correction acts"
    _warn_of_crossing_bonds(system, molecule, is_covered, "the bonds of the topology", effect)
    # A site that the topology shows as a bonded atom, such as a hydrogen without a degree of freedom, is one.
    is_atom = atoms.map_elements(lambda element: element is not None, bool)
    is_atom &= np.isin(np.arange(len(is_atom)), atoms.bonds)
    sites = sites[~is_atom[sites[:, 0]]]
    hosts = np.arange(len(atoms.atoms))
    hosts[sites[::-1, 0]] = sites[::-1, 1]  # in reverse order, so that the first particle of a site remains
    hosts[drude[:, 0]] = drude[:, 1]
    return pairs_within_bonds(most, atoms.bonds, final_hosts(hosts), dependences)


def _require_bonds(option, system, atoms, molecule, is_covered):
    """Require bonds in the topology, and bonds between the covered particles that constraints connect."""
    remedy = "add the bonds to the topology (topology.createStandardBonds() does it for water and amino acids), or " + (
        "leave scale_14 out"
        if option == "scale_14"
        else "use exclusions='molecules', which follows constraints as well"
    )
    constraints = core.constraints(int(system.this))
    _require_particles(atoms, **{"a constraint": constraints})
    crossing = _crossing(constraints, molecule, is_covered)
    if len(crossing) > 0:
        i, j = (atoms.atoms[index] for index in crossing[0])
        raise ValueError(
            f"add_correction: {option} counts bonds of the topology, and {len(crossing)} constraints, the"
            f" first of the particles {i.index} ({i.residue.name}:{i.name}) and {j.index}"
            f" ({j.residue.name}:{j.name}), connect particles that no bonds connect, on which the correction would act;"
            f" {remedy}."
        )
    if len(atoms.bonds) == 0:
        raise ValueError(
            f"add_correction: {option} counts bonds of the topology, and the topology has none; {remedy}"
            f"{'' if option == 'scale_14' else ', or exclusions=[] to exclude nothing'}."
        )


def _are_bonded(pairs, system, atoms):
    """Whether the particles of each pair belong to one molecule, or are connected by at most three bonds of the forces
    of the System.

    The bonds of the forces are needed for molecules without bonds in the topology. They do not define molecules,
    because some of them are restraints.
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
    """Get the lowest index within the molecule of each particle, an ndarray of shape (n_particles,)."""
    return core.connected_components(system.getNumParticles(), _bonds_of_molecules(system, atoms))


def _bonds_of_molecules(system, atoms):
    """Get the pairs that define molecules: bonds of the topology, constraints, virtual sites and Drude particles."""
    address = int(system.this)
    pairs = {
        "a constraint": core.constraints(address),
        "a virtual site": core.virtual_sites(address),
        "a particle of a DrudeForce": _drude_particles(system),
    }
    _require_particles(atoms, **pairs)
    return np.concatenate([atoms.bonds, *pairs.values()])


def _require_particles(atoms, **pairs):
    """Require pairs of particles that exist. The name of each argument says what its pairs are."""
    for what, found in pairs.items():
        require_indices(found, len(atoms.atoms), f"add_correction: {what} of the System")


def _drude_particles(system):
    """Get each Drude particle with the particle that it is attached to, an ndarray of int, shape (n, 2)."""
    pairs = [
        force.getParticleParameters(i)[:2]
        for force in _all_forces(system.getForces())
        if isinstance(force, openmm.DrudeForce)
        for i in range(force.getNumParticles())
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def _bonds_of_forces(system):
    pairs = [np.empty((0, 2), dtype=int)]
    for force in _all_forces(system.getForces()):
        if isinstance(force, openmm.HarmonicBondForce):
            pairs.append(core.harmonic_bonds(int(force.this)))
        elif isinstance(force, openmm.CustomBondForce):
            pairs.append(core.custom_bonds(int(force.this)))
    pairs = np.concatenate(pairs)
    require_indices(pairs, system.getNumParticles(), "add_correction: a bond of the System's forces")
    return pairs
