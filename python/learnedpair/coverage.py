# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Says which residues rules cover in part, and which of the same kind they treat differently."""

from collections import Counter, defaultdict

from .assignment import LEFT_OUT
from .errors import warn

#: Kinds of residues that a warning names.
MOST_NAMED = 5
_WAY_OUT = "If that is meant, say so by a rule of the type None for the atoms that are left out, such as types={None: 'HOH:H1'}, or {None: '*:*'} for all of them; otherwise look at the rules."


def warn_of_partial_coverage(topology, assigned):
    """Warn of residues that have atoms with a type and atoms without, and of residues of which some are covered and others not,
    though they consist of the same elements, bonded in the same way.

    Parameters
    ----------
    topology : openmm.app.Topology
    assigned : list, one for each atom
        What :func:`learnedpair.assignment.select` returns. Particles without an element, such as those of four-site water, are
        not looked at.
    """
    kinds, by_structure = Counter(), defaultdict(Counter)
    structures, neighbors = {}, _neighbors(topology)
    for residue in topology.residues():
        atoms = [atom for atom in residue.atoms() if atom.element is not None]
        if not atoms:
            continue
        types = tuple(assigned[atom.index] for atom in atoms)
        kind = (residue.name, tuple(atom.name for atom in atoms), types)
        if kind not in structures:
            structures[kind] = _structure(atoms, neighbors)
        kinds[kind] += 1
        if LEFT_OUT not in types:
            by_structure[structures[kind]][kind] += 1
    parts = [_describe_part(kind, count) for kind, count in kinds.items() if None in kind[2] and any(name not in (None, LEFT_OUT) for name in kind[2])]
    if parts:
        warn(f"add_correction: the rules cover residues in part: {_shown(parts)}. {_WAY_OUT}")
    different = [_describe_group(group) for group in by_structure.values() if len({_treatment(kind) for kind in group}) > 1]
    if different:
        warn(f"add_correction: the rules treat residues of the same structure differently: {_shown(different)}. {_WAY_OUT}")


def _neighbors(topology):
    """The indices of the atoms that are bonded to each atom."""
    neighbors = defaultdict(list)
    for bond in topology.bonds():
        neighbors[bond[0].index].append(bond[1].index)
        neighbors[bond[1].index].append(bond[0].index)
    return neighbors


def _structure(atoms, neighbors):
    """What residues have in common that consist of the same elements, bonded in the same way: each atom's element with those of its
    neighbors, and of their neighbors."""
    labels = {atom.index: atom.element.symbol for atom in atoms}
    for _ in range(2):
        labels = {index: (label, tuple(sorted(str(labels[other]) for other in neighbors[index] if other in labels))) for index, label in labels.items()}
    return tuple(sorted(map(str, labels.values())))


def _treatment(kind):
    """How many atoms have each type, whatever they are called."""
    return frozenset(Counter(kind[2]).items())


def _describe_part(kind, count):
    residue, atoms, types = kind
    covered = [atom for atom, name in zip(atoms, types, strict=True) if name not in (None, LEFT_OUT)]
    missing = [atom for atom, name in zip(atoms, types, strict=True) if name is None]
    return f"{residue} ({_residues(count)}) has a type for {_names(covered)} and none for {_names(missing)}"


def _describe_group(group):
    total = defaultdict(int)
    for kind, count in group.items():
        covered = sum(name not in (None, LEFT_OUT) for name in kind[2])
        total[f"{kind[0]} with {covered} of {len(kind[2])} atoms covered"] += count
    return " and ".join(f"{what} ({_residues(count)})" for what, count in total.items())


def _names(atoms):
    return f"{', '.join(atoms[:MOST_NAMED])}{', ...' * (len(atoms) > MOST_NAMED)}"


def _residues(count):
    return f"{count} residue{'s' * (count > 1)}"


def _shown(parts):
    return f"{'; '.join(parts[:MOST_NAMED])}{f'; and {len(parts) - MOST_NAMED} more kinds' if len(parts) > MOST_NAMED else ''}"
