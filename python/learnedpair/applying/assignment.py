# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Assigns a model's types to the atoms of a topology."""

import difflib
from collections import Counter
from typing import Any

import numpy as np
from openmm import app

from ..models.metadata.rules import ALL, depends_on_label_only, selection
from .atom_table import AtomTable

#: What select() returns for atoms that no rule selects, and for atoms that are meant to have no type.
NO_RULE, LEFT_OUT = -1, -2
#: Messages name this many of the names that a topology has.
MAX_NAMED = 5
#: Residue names of water in common force fields and programs.
WATER = {"HOH", "WAT", "H2O", "SOL", "TIP3", "TIP", "TP3", "TIP4", "SPC", "DOD"}


def assign_types(topology: app.Topology, rules: dict[Any, Any]) -> list[str | None]:
    """Get the type of each atom by rules.

    Parameters
    ----------
    topology : openmm.app.Topology
    rules : dict of str to rule
        For each type name the atoms that have it: ``"RESIDUE:ATOM"``, where either name may be ``*``; the symbol of an
        element, such as ``"O"``; an openmm.app.Element; a function of an atom that returns whether it is selected; or a
        list of these. A rule of the type None selects atoms that are meant to have no type, whatever the other rules
        say:
        ``{"O": "O", None: "HOH:*"}`` are all oxygens but those of water. ``"*:*"`` is there all atoms that no other
        rule selects.

    Returns
    -------
    list of (str or None), one for each atom
        The name of the type; None for atoms that no rule selects.

    Raises
    ------
    ValueError
        If a rule cannot be understood, or two rules select the same atom.
    TypeError
        If the topology or the rules are something else.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from openmm import app
    >>> water = app.Modeller(app.Topology(), [])
    >>> water.addSolvent(app.ForceField("amber14/tip3p.xml"), numAdded=100)
    >>> lp.assign_types(water.topology, {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]})[:4]
    ['O', 'H', 'H', 'O']
    """
    atoms = AtomTable(topology, "assign_types")
    if not isinstance(rules, dict):
        raise TypeError(
            f"assign_types: the rules are a {type(rules).__name__}; expected a dict of type names and rules."
        )
    return names_of(select(atoms, rules), rules)


def select(atoms, rules):
    """Find the rule that selects each atom.

    Parameters
    ----------
    atoms : AtomTable
    rules : dict of str to rule
        As in :func:`assign_types`.

    Returns
    -------
    ndarray of int, shape (n_atoms,)
        The index of the rule among those of types (:func:`rule_names`), NO_RULE or LEFT_OUT.

    Raises
    ------
    ValueError
        As in :func:`assign_types`.
    """
    is_left_out, leaves_out_others = _left_out(atoms, rules.get(None))
    result = np.full(len(atoms.atoms), LEFT_OUT if leaves_out_others else NO_RULE)
    names = rule_names(rules)
    for index, name in enumerate(names):
        mask = _selected_by(atoms, selection(name, rules[name]), rules[name], ~is_left_out)
        both = np.flatnonzero(mask & (result >= 0))
        if len(both) > 0:
            atom, other = atoms.atoms[both[0]], names[result[both[0]]]
            raise ValueError(
                f"assign_types: atom {atom.index} ({atom.residue.name}:{atom.name}) is selected by the rules of both"
                f" {other!r} and {name!r}; make them exclude each other."
            )
        result[mask] = index
    result[is_left_out] = LEFT_OUT
    return result


def rule_names(rules):
    """The names of the types that have a rule, in the order of the rules."""
    return [name for name in rules if name is not None]


def names_of(selected, rules):
    """The type of each atom, a list of str or None, from what :func:`select` returns."""
    return np.array([*rule_names(rules), None, None], dtype=object)[selected].tolist()


def _selected_by(atoms, selects, rule, among):
    """Whether a rule selects each atom, of those among which it is asked."""
    if depends_on_label_only(rule):
        first = np.unique(atoms.label, return_index=True)[1]
        return np.array([selects(atoms.atoms[i]) for i in first], dtype=bool)[atoms.label] & among
    result = np.zeros(len(among), dtype=bool)
    for i in np.flatnonzero(among).tolist():
        result[i] = bool(selects(atoms.atoms[i]))
    return result


def _left_out(atoms, rule):
    """Split the rule of the type None.

    Returns
    -------
    is_left_out : ndarray of bool, shape (n_atoms,)
        Whether the rule selects an atom by name or by a function. This comes before all other rules.
    leaves_out_others : bool
        Whether the rule has "*:*" in it, which leaves out the atoms that no other rule selects.
    """
    parts = [] if rule is None else list(rule) if isinstance(rule, (list, tuple, set)) else [rule]
    named = [part for part in parts if not (isinstance(part, str) and part == ALL)]
    everywhere = np.ones(len(atoms.atoms), dtype=bool)
    return _selected_by(atoms, selection(None, named), named, everywhere), len(named) < len(parts)


def near_misses(atoms, rule):
    """What a topology has in place of the atoms that a rule would select, for a message: names that are similar, or
    any.

    Parameters
    ----------
    atoms : AtomTable
    rule
        That selects no atom.

    Returns
    -------
    text : str
        "HOH:O (64 atoms), ..."
    similar : bool
    """
    present = Counter()
    for (residue, name, _), count in zip(atoms.labels, np.bincount(atoms.label).tolist(), strict=True):
        present[f"{residue}:{name}"] += count
    names = []
    for part in rule if isinstance(rule, (list, tuple, set)) else [rule]:
        if isinstance(part, str) and ":" in part:
            names += _similar(part, list(present))
    similar = bool(names)
    if not similar:
        names = [name for name, _ in present.most_common()]
    names = list(dict.fromkeys(names))
    shown = ", ".join(f"{name} ({present[name]} atom{'s' * (present[name] > 1)})" for name in names[:MAX_NAMED])
    return f"{shown}{', ...' * (len(names) > MAX_NAMED)}", similar


def _similar(name, present):
    """Names like "RESIDUE:ATOM" that differ from one in upper and lower case, in the residue or the atom alone, or in
    few letters.
    """
    residue, _, atom = name.upper().partition(":")

    def distance(other):
        other_residue, _, other_atom = other.upper().partition(":")
        same_residue = residue in ("*", other_residue) or (residue in WATER and other_residue in WATER)
        same_atom = atom in ("*", other_atom)
        return (not (same_residue and same_atom), not same_residue, not same_atom)

    def shares_a_name(other):
        _, other_in_residue, other_in_atom = distance(other)
        return (residue != "*" and not other_in_residue) or (atom != "*" and not other_in_atom)

    ranked = sorted(filter(shares_a_name, present), key=distance)
    return ranked or difflib.get_close_matches(name, present, n=MAX_NAMED)
