# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Determines the type of each particle, from rules of the user and of the model or from a list of types."""

import numpy as np

from ..errors import warn
from ..models.metadata.rules import is_all
from .assignment import LEFT_OUT, NO_RULE, names_of, near_misses, rule_names, select
from .coverage import warn_of_different_treatment, warn_of_partial_coverage


class CheckedTypes(list):
    """One type, or None, for each particle, by rules that replace those inside the model and were checked before."""


def particle_types(atoms, model, types):
    """The type of each particle.

    Parameters
    ----------
    atoms : AtomTable
    model : PairModel
        A model with types.
    types : dict of str to rule, sequence with one type for each particle, or None
        As in :func:`add_correction`.

    Returns
    -------
    list of (str or None), one for each particle

    Raises
    ------
    ValueError
        If a rule is missing, selects no atom or contradicts another one, or if the number of types is not the number
        of particles.

    Warns
    -----
    UserWarning
        If residues are covered in part or treated differently, or types differ from those of the model's own rules.
    """
    if isinstance(types, CheckedTypes):
        return types
    if types is None or isinstance(types, dict):
        return _types_by_rules(atoms, model, types or {})
    if isinstance(types, (str, bytes)) or not hasattr(types, "__len__"):
        raise TypeError(
            f"add_correction: types is {types!r}; expected a dict of rules, or a list with one type, or None, for each"
            " particle."
        )
    if len(types) != len(atoms.atoms):
        raise ValueError(
            f"add_correction: {len(types)} types were given, but the System has {len(atoms.atoms)} particles;"
            " give one for each, None where the model does not apply."
        )
    indices = model.type_indices(types)
    _warn_of_list(atoms, model, indices)
    return np.array([*model.types, None], dtype=object)[indices].tolist()  # -1 is the last element, None


def _types_by_rules(atoms, model, given):
    unknown = [name for name in given if name is not None and name not in model.types]
    if unknown:
        raise ValueError(
            f"add_correction: there is a rule for the type {unknown[0]!r}, but {model.source} has"
            f" {', '.join(model.types)}."
        )
    rules = {**model.type_rules, None: model.uncovered, **given}
    missing = [name for name, rule in rules.items() if name is not None and rule is None and name not in given]
    if missing:
        raise ValueError(
            f"add_correction: {model.source} does not say which atoms have the type {missing[0]!r}; give"
            f" types={{{missing[0]!r}: rule, ...}}, with None in place of a rule if there are no such atoms, or one"
            " type for each particle."
        )
    rules = {name: rule for name, rule in rules.items() if rule is not None}
    if None not in given and model.uncovered is not None:
        _require_no_conflict(atoms, model, {name: rule for name, rule in given.items() if rule is not None})
    assigned = select(atoms, rules)
    assigned[atoms.link_atoms] = LEFT_OUT  # rules by element would select them
    selected = {None} if (assigned == LEFT_OUT).any() else set()
    selected.update(np.array(rule_names(rules), dtype=object)[np.unique(assigned[assigned >= 0])])
    # The model's own rule of the type None, and a rule for all other atoms, may select no atom.
    idle = [
        name
        for name in rules
        if name not in selected and (name is not None or (None in given and not is_all(rules[None])))
    ]
    problems = [_describe_idle_rule(atoms, model, name, rules, given) for name in idle]
    if problems:
        raise ValueError(f"add_correction: {' '.join(problems)}")
    _warn_of_denied_atoms(atoms, model, given, assigned)
    warn_of_partial_coverage(atoms, assigned)
    return names_of(assigned, rules)


def _describe_idle_rule(atoms, model, name, rules, given):
    """Describe the problem of a rule that selects no atom, in one or two sentences."""
    rule, whose = rules[name], "" if name in given else f" in {model.source}"
    if name is not None and None in rules:
        hidden = (select(atoms, {name: rule}) >= 0).sum()
        if hidden:
            return (
                f"All {hidden} atoms of the rule of the type {name!r}{whose}, {rule!r}, are left out by the rule of the"
                f" type None, {rules[None]!r}; correct one of them."
            )
    names, similar = near_misses(atoms, rule)
    if similar:
        return f"The rule of the type {name!r}{whose}, {rule!r}, selects no atom; did you mean {names}?"
    remedy = "leave it out" if name is None else f"say that there are no such atoms by types={{{name!r}: None}}"
    return (
        f"The rule of the type {name!r}{whose}, {rule!r}, selects no atom; the topology has {names}. Correct the rule,"
        f" or {remedy}."
    )


def _warn_of_denied_atoms(atoms, model, given, assigned):
    """Warn of atoms that the model's own rule of a type selects, if the user states that no atom has this type and no
    other rule selects them.
    """
    for name, rule in given.items():
        own = None if name is None else model.type_rules.get(name)
        if rule is None and own is not None:
            count = ((select(atoms, {name: own}) >= 0) & (assigned == NO_RULE)).sum()
            if count:
                warn(
                    f"add_correction: types says that there are no atoms of the type {name!r}, and the rule of"
                    f" {model.source}, {own!r}, selects {count}: they get no correction. If that is meant, say so by a"
                    f" rule of the type None, types={{None: {own!r}}}."
                )


def _require_no_conflict(atoms, model, given):
    """Raise an error if a rule of the user selects an atom that the model's own rule of the type None leaves out."""
    if is_all(model.uncovered):
        return
    chosen = select(atoms, given)
    conflicts = np.flatnonzero((chosen >= 0) & (select(atoms, {None: model.uncovered}) == LEFT_OUT))
    if len(conflicts) > 0:
        atom, name = atoms.atoms[conflicts[0]], rule_names(given)[chosen[conflicts[0]]]
        raise ValueError(
            f"add_correction: atom {atom.index} ({atom.residue.name}:{atom.name}) is selected by the rule of the"
            f" type {name!r}, and {model.source} has a rule for atoms that are meant to have no type,"
            f" {model.uncovered!r}, that selects it, too; give that one anew, as types={{None: rule, ...}}."
        )


def _warn_of_list(atoms, model, indices):
    """Warn if listed types differ from those of the model's own rules, or between residues of the same structure."""
    # A residue without a type was left out on purpose: its user gave None for each of its atoms.
    is_covered = np.bincount(atoms.residue, indices >= 0)[atoms.residue] > 0
    warn_of_different_treatment(atoms, np.where(is_covered, indices, LEFT_OUT))
    if None in model.type_rules.values():
        return
    try:
        expected = select(atoms, {name: model.type_rules[name] for name in model.types})
    except ValueError:  # two rules select the same atom
        return
    if not (expected >= 0).any():  # the rules were made for other molecules
        return
    other = np.flatnonzero((indices >= 0) & (indices != expected))
    if len(other) > 0:
        atom = atoms.atoms[other[0]]
        given, own = (None if i < 0 else model.types[i] for i in (indices[other[0]], expected[other[0]]))
        warn(
            f"add_correction: {len(other)} atoms have other types than by the rules of {model.source}, the first atom"
            f" {atom.index} ({atom.residue.name}:{atom.name}): {given!r} in place of {own!r}. If that is meant, it can"
            " be ignored."
        )
