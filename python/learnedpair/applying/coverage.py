# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Says which residues rules cover in part, and which of the same kind they treat differently."""

from collections import Counter, defaultdict

import numpy as np

from ..errors import warn
from .assignment import LEFT_OUT, NO_RULE

#: Kinds of residues that a warning names.
MAX_NAMED = 5


def warn_of_partial_coverage(atoms, assigned):
    """Warn of residues that have atoms with a type and atoms without, and of residues of which some are covered and
    others not, though they consist of the same elements, bonded in the same way.

    Parameters
    ----------
    atoms : AtomTable
    assigned : ndarray of int, shape (n_atoms,)
        What :func:`learnedpair.applying.assignment.select` returns. Of a residue that has atoms with elements,
        particles without one, such as those of four-site water, are not looked at.
    """
    kinds, structures = _kinds(atoms, assigned)
    in_part = {
        kind: count for kind, count in kinds.items() if NO_RULE in kind[2] and any(type >= 0 for type in kind[2])
    }
    if in_part:
        residue, names, types = next(iter(in_part))
        rules = [f"{residue}:{name}" for name, type in zip(names, types, strict=True) if type == NO_RULE]
        warn(
            "add_correction: the rules cover residues in part:"
            f" {_shown([_describe_part(kind, count) for kind, count in in_part.items()])}. {_remedy(rules)}"
        )
    _warn_of_differences(kinds, structures)


def warn_of_different_treatment(atoms, assigned):
    """Warn of residues of the same structure that are treated differently, as :func:`warn_of_partial_coverage` does."""
    _warn_of_differences(*_kinds(atoms, assigned))


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
        kind = min(different[0], key=lambda kind: sum(type >= 0 for type in kind[2]))
        warn(
            "add_correction: residues of the same structure are treated differently:"
            f" {_shown(list(map(_describe_group, different)))}. {_remedy([f'{kind[0]}:*'])}"
        )


def _kinds(atoms, assigned):
    """Count residues by kind. A kind is (residue name, atom names, types of the atoms).

    Returns
    -------
    kinds : Counter
        The number of residues of each kind.
    structures : dict
        The structure of each kind, equal for residues that should be treated equally.
    """
    kinds, atoms_of = Counter(), {}
    for members, count in _distinct_residues(atoms, assigned):
        labels = [atoms.labels[label] for label in atoms.label[members]]
        kind = (labels[0][0], tuple(name for _, name, _ in labels), tuple(assigned[members].tolist()))
        kinds[kind] += count
        atoms_of.setdefault(kind, [atoms.atoms[index] for index in members])
    neighbors = _neighbors(atoms, [atom.index for members in atoms_of.values() for atom in members])
    composition = {kind: tuple(sorted(map(_label, members))) for kind, members in atoms_of.items()}
    # If some residues have no bonds in the topology, as water in some files, compare the elements only.
    incomplete = {
        composition[kind]
        for kind, members in atoms_of.items()
        if len(members) > 1 and not any(neighbors[atom.index] for atom in members)
    }
    return kinds, {
        kind: composition[kind] if composition[kind] in incomplete else _structure(members, neighbors)
        for kind, members in atoms_of.items()
    }


def _distinct_residues(atoms, assigned):
    """Group residues that have the same labels and types of their atoms.

    Virtual sites have no element and are ignored, unless no atom of the residue has one, as in coarse-grained models.

    Returns
    -------
    list of (ndarray of int, int)
        The atoms of the first residue of each group, and the number of residues.
    """
    has_element = atoms.of_labels(lambda element: element is not None, bool)
    has_any = np.bincount(atoms.residue, has_element)[atoms.residue] > 0
    indices, ends = atoms.residue_runs(has_element | ~has_any)
    codes = atoms.label[indices] * (assigned.max(initial=0) - LEFT_OUT + 1) + assigned[indices] - LEFT_OUT
    data, size = codes.tobytes(), codes.itemsize
    groups, begin = {}, 0
    for end in ends.tolist():
        key = data[begin * size : end * size]
        group = groups.get(key)
        if group is None:
            groups[key] = [begin, end, 1]
        else:
            group[2] += 1
        begin = end
    return [(indices[begin:end], count) for begin, end, count in groups.values()]


def _is_treated_differently(group):
    """Whether the residues of a group differ in the types of their atoms.

    Residues that the rule of the type None selects as a whole are not compared. Residues that it selects in part are
    compared only
    if some atom of the group is selected by no rule at all, which is what may be a mistake.
    """
    unstated = any(NO_RULE in types for _, _, types in group)
    compared = [kind for kind in group if set(kind[2]) != {LEFT_OUT} and (unstated or LEFT_OUT not in kind[2])]
    return len({_treatment(kind) for kind in compared}) > 1


def _neighbors(atoms, indices):
    """The indices of the atoms that are bonded to each of some atoms."""
    is_wanted = np.zeros(len(atoms.atoms), dtype=bool)
    is_wanted[indices] = True
    neighbors = defaultdict(list)
    for i, j in atoms.bonds[is_wanted[atoms.bonds].any(axis=1)].tolist():
        neighbors[i].append(j)
        neighbors[j].append(i)
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
    residue, names, types = kind
    covered = [name for name, type in zip(names, types, strict=True) if type >= 0]
    missing = [name for name, type in zip(names, types, strict=True) if type == NO_RULE]
    return f"{residue} ({_residues(count)}) has a type for {_names(covered)} and none for {_names(missing)}"


def _describe_group(group):
    total = defaultdict(int)
    for kind, count in group.items():
        covered = sum(type >= 0 for type in kind[2])
        total[f"{kind[0]} with {covered} of {len(kind[2])} atoms covered"] += count
    return " and ".join(f"{what} ({_residues(count)})" for what, count in total.items())


def _names(atoms):
    return f"{', '.join(atoms[:MAX_NAMED])}{', ...' * (len(atoms) > MAX_NAMED)}"


def _residues(count):
    return f"{count} residue{'s' * (count > 1)}"


def _shown(parts):
    others = f"; and {len(parts) - MAX_NAMED} more kinds" if len(parts) > MAX_NAMED else ""
    return f"{'; '.join(parts[:MAX_NAMED])}{others}"
