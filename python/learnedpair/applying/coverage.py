# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Says which residues rules cover in part, and which of the same kind they treat differently."""

from collections import Counter, defaultdict

from ..errors import warn
from .assignment import LEFT_OUT

#: Kinds of residues that a warning names.
MAX_NAMED = 5


def warn_of_partial_coverage(topology, assigned):
    """Warn of residues that have atoms with a type and atoms without, and of residues of which some are covered and
    others not,
    though they consist of the same elements, bonded in the same way.

    Parameters
    ----------
    topology : openmm.app.Topology
    assigned : list, one for each atom
        What :func:`learnedpair.applying.assignment.select` returns. Of a residue that has atoms with elements,
        particles without one, such as those of four-site water, are not looked at.
    """
    kinds, structures = _kinds(topology, assigned)
    in_part = {
        kind: count
        for kind, count in kinds.items()
        if None in kind[2] and any(name not in (None, LEFT_OUT) for name in kind[2])
    }
    if in_part:
        residue, atoms, types = next(iter(in_part))
        rules = [f"{residue}:{atom}" for atom, name in zip(atoms, types, strict=True) if name is None]
        warn(
            "add_correction: the rules cover residues in part:"
            f" {_shown([_describe_part(kind, count) for kind, count in in_part.items()])}. {_remedy(rules)}"
        )
    _warn_of_differences(kinds, structures)


def warn_of_different_treatment(topology, assigned):
    """Warn of residues of the same structure that are treated differently, as :func:`warn_of_partial_coverage` does."""
    _warn_of_differences(*_kinds(topology, assigned))


def _remedy(rules):
    shown = repr(rules[0]) if len(rules) == 1 else repr(rules[:MAX_NAMED])
    return (
        "If that is meant, say so by a rule of the type None for the atoms that are left out, such as types={None:"
        f" {shown}}}, or {{None: '*:*'}} for all of them; otherwise look at the rules."
    )


def _warn_of_differences(kinds, structures):
    by_structure = defaultdict(Counter)
    for kind, count in kinds.items():
        by_structure[structures[kind]][kind] += count
    different = [group for group in by_structure.values() if _is_treated_differently(group)]
    if different:
        kind = min(different[0], key=lambda kind: sum(name not in (None, LEFT_OUT) for name in kind[2]))
        warn(
            "add_correction: residues of the same structure are treated differently:"
            f" {_shown(list(map(_describe_group, different)))}. {_remedy([f'{kind[0]}:*'])}"
        )


def _kinds(topology, assigned):
    """Count residues by kind. A kind is (residue name, atom names, types of the atoms).

    Returns
    -------
    kinds : Counter
        The number of residues of each kind.
    structures : dict
        The structure of each kind, equal for residues that should be treated equally.
    """
    neighbors = _neighbors(topology)
    kinds, atoms_of = Counter(), {}
    for residue in topology.residues():
        # Virtual sites have no element and are ignored, unless no atom of the residue has one, as in coarse-grained
        # models.
        atoms = [atom for atom in residue.atoms() if atom.element is not None] or list(residue.atoms())
        if atoms:
            kind = (residue.name, tuple(atom.name for atom in atoms), tuple(assigned[atom.index] for atom in atoms))
            kinds[kind] += 1
            atoms_of.setdefault(kind, atoms)
    composition = {kind: tuple(sorted(map(_label, atoms))) for kind, atoms in atoms_of.items()}
    # If some residues have no bonds in the topology, as water in some files, compare the elements only.
    incomplete = {
        composition[kind]
        for kind, atoms in atoms_of.items()
        if len(atoms) > 1 and not any(neighbors[atom.index] for atom in atoms)
    }
    return kinds, {
        kind: composition[kind] if composition[kind] in incomplete else _structure(atoms, neighbors)
        for kind, atoms in atoms_of.items()
    }


def _is_treated_differently(group):
    """Whether the residues of a group differ in the types of their atoms.

    Residues that the rule of the type None selects as a whole are not compared. Residues that it selects in part are
    compared only
    if some atom of the group is selected by no rule at all, which is what may be a mistake.
    """
    unstated = any(None in types for _, _, types in group)
    compared = [kind for kind in group if set(kind[2]) != {LEFT_OUT} and (unstated or LEFT_OUT not in kind[2])]
    return len({_treatment(kind) for kind in compared}) > 1


def _neighbors(topology):
    """The indices of the atoms that are bonded to each atom."""
    neighbors = defaultdict(list)
    for bond in topology.bonds():
        neighbors[bond[0].index].append(bond[1].index)
        neighbors[bond[1].index].append(bond[0].index)
    return neighbors


def _label(atom):
    return atom.name if atom.element is None else atom.element.symbol


def _structure(atoms, neighbors):
    """What residues have in common that consist of the same elements, bonded in the same way: each atom's element with
    those of its
    neighbors, and of their neighbors."""
    labels = {atom.index: _label(atom) for atom in atoms}
    for _ in range(2):
        labels = {
            index: (label, tuple(sorted(str(labels[other]) for other in neighbors[index] if other in labels)))
            for index, label in labels.items()
        }
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
    return f"{', '.join(atoms[:MAX_NAMED])}{', ...' * (len(atoms) > MAX_NAMED)}"


def _residues(count):
    return f"{count} residue{'s' * (count > 1)}"


def _shown(parts):
    others = f"; and {len(parts) - MAX_NAMED} more kinds" if len(parts) > MAX_NAMED else ""
    return f"{'; '.join(parts[:MAX_NAMED])}{others}"
