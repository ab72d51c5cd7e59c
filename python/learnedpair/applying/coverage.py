# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Warnings of residues that are covered in part, and of equal residues that are treated differently."""

from collections import Counter, defaultdict

import numpy as np

from ..errors import warn
from .assignment import LEFT_OUT, NO_RULE

#: How many residues, atoms or rules a warning lists.
MAX_NAMED = 5


def warn_of_partial_coverage(atoms, assigned, source="add_correction", remedy=None):
    """Warn of residues in which some atoms have a type and others have none, and of residues with the same structure
    (the same elements, bonded in the same way) whose atoms have different types.

    Particles without an element, such as the virtual site of four-site water, are ignored, unless no atom of the
    residue has an element.

    Parameters
    ----------
    atoms : AtomTable
    assigned : ndarray of int, shape (n_atoms,)
        The result of :func:`learnedpair.applying.assignment.select`.
    source : str
        The beginning of the warning.
    remedy : str, optional
        What to do, if not to change the argument ``types`` of add_correction().
    """
    variants, structures = _variants(atoms, assigned)
    in_part = {
        variant: count
        for variant, count in variants.items()
        if NO_RULE in variant[2] and any(type >= 0 for type in variant[2])
    }
    if in_part:
        residue, names, types = next(iter(in_part))
        rules = [f"{residue}:{name}" for name, type in zip(names, types, strict=True) if type == NO_RULE]
        warn(
            f"{source}: the rules cover residues in part:"
            f" {_shown([_describe_part(variant, count) for variant, count in in_part.items()])}."
            f" {remedy or _remedy(rules)}"
        )
    _warn_of_differences(variants, structures, source, remedy)


def warn_of_different_treatment(atoms, assigned):
    """Warn of residues with the same structure whose atoms have different types."""
    _warn_of_differences(*_variants(atoms, assigned))


def _remedy(rules):
    shown = repr(rules[0]) if len(rules) == 1 else repr(rules[:MAX_NAMED])
    return (
        "If that is meant, say so by a rule of the type None for the atoms that are left out, such as types={None:"
        f" {shown}}}, or {{None: '*:*'}} for all of them; otherwise correct the rules."
    )


def _warn_of_differences(variants, structures, source="add_correction", remedy=None):
    by_structure = defaultdict(Counter)
    for variant, count in variants.items():
        by_structure[structures[variant]][variant] += count
    different = [group for group in by_structure.values() if _is_treated_differently(group)]
    if different:
        variant = min(different[0], key=lambda variant: sum(type >= 0 for type in variant[2]))
        warn(
            f"{source}: residues of the same structure are treated differently:"
            f" {_shown(list(map(_describe_group, different)))}. {remedy or _remedy([f'{variant[0]}:*'])}"
        )


def _variants(atoms, assigned):
    """Count the variants of residues. A variant is a tuple (residue name, atom names, types of the atoms).

    Returns
    -------
    variants : Counter
        The number of residues of each variant.
    structures : dict
        The structure of each variant. Residues with equal structures should be treated equally.
    """
    variants, atoms_of = Counter(), {}
    for members, count in _distinct_residues(atoms, assigned):
        labels = [atoms.labels[label] for label in atoms.label[members]]
        variant = (labels[0][0], tuple(name for _, name, _ in labels), tuple(assigned[members].tolist()))
        variants[variant] += count
        atoms_of.setdefault(variant, [atoms.atoms[index] for index in members])
    neighbors = _neighbors(atoms, [atom.index for members in atoms_of.values() for atom in members])
    composition = {variant: tuple(sorted(map(_label, members))) for variant, members in atoms_of.items()}
    # If a residue has no bonds in the topology, as water in some files, residues of its composition are compared by
    # their elements alone.
    incomplete = {
        composition[variant]
        for variant, members in atoms_of.items()
        if len(members) > 1 and not any(neighbors[atom.index] for atom in members)
    }
    return variants, {
        variant: composition[variant] if composition[variant] in incomplete else _structure(members, neighbors)
        for variant, members in atoms_of.items()
    }


def _distinct_residues(atoms, assigned):
    """Group residues that have the same labels and types of their atoms.

    Virtual sites have no element and are ignored, unless no atom of the residue has one, as in coarse-grained models.

    Returns
    -------
    list of (ndarray of int, int)
        The atoms of the first residue of each group, and the number of residues.
    """
    has_element = atoms.map_elements(lambda element: element is not None, bool)
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
    """Whether the residues of a group, which have the same structure, differ in the types of their atoms.

    A residue whose atoms are all selected by the rule of the type None is not compared. A residue with some such atoms
    is compared only if the group has an atom that no rule selects, since only this indicates a mistake.
    """
    unstated = any(NO_RULE in types for _, _, types in group)
    compared = [
        variant for variant in group if set(variant[2]) != {LEFT_OUT} and (unstated or LEFT_OUT not in variant[2])
    ]
    return len({_count_types(variant) for variant in compared}) > 1


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
    return str(atom.name) if atom.element is None else atom.element.symbol


def _structure(atoms, neighbors):
    """A fingerprint of elements and bonds, equal for residues with the same structure: the element of each atom with
    those of its neighbors and of their neighbors (two Weisfeiler-Lehman iterations).
    """
    labels = {atom.index: _label(atom) for atom in atoms}
    for _ in range(2):
        labels = {
            index: (label, tuple(sorted(str(labels[other]) for other in neighbors[index] if other in labels)))
            for index, label in labels.items()
        }
    return tuple(sorted(map(str, labels.values())))


def _count_types(variant):
    """The number of atoms of each type. Atom names are ignored."""
    return frozenset(Counter(variant[2]).items())


def _describe_part(variant, count):
    residue, names, types = variant
    covered = [name for name, type in zip(names, types, strict=True) if type >= 0]
    missing = [name for name, type in zip(names, types, strict=True) if type == NO_RULE]
    return f"{residue} ({_residues(count)}) has a type for {_names(covered)} and none for {_names(missing)}"


def _describe_group(group):
    total = defaultdict(int)
    for variant, count in group.items():
        covered = sum(type >= 0 for type in variant[2])
        total[f"{variant[0]} with {covered} of {len(variant[2])} atoms covered"] += count
    return " and ".join(f"{what} ({_residues(count)})" for what, count in total.items())


def _names(atoms):
    return f"{', '.join(map(str, atoms[:MAX_NAMED]))}{', ...' * (len(atoms) > MAX_NAMED)}"


def _residues(count):
    return f"{count} residue{'s' * (count > 1)}"


def _shown(parts):
    others = f"; and {len(parts) - MAX_NAMED} more" if len(parts) > MAX_NAMED else ""
    return f"{'; '.join(parts[:MAX_NAMED])}{others}"
