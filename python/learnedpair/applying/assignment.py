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

#: Results of select() for atoms that no rule selects, and for atoms that intentionally have no type.
NO_RULE, LEFT_OUT = -1, -2
#: The largest number of names in a message.
MAX_NAMED = 5
#: Residue names of water in common force fields and programs.
WATER = {"HOH", "WAT", "H2O", "SOL", "TIP3", "TIP", "TP3", "TIP4", "SPC", "DOD"}


def assign_types(topology: app.Topology, rules: dict[Any, Any]) -> list[str | None]:
    """Get the type of each atom by rules.

    Parameters
    ----------
    topology : openmm.app.Topology
    rules : dict of str to rule
        The rule of each type selects its atoms. A rule is ``"RESIDUE:ATOM"``, where either name may be ``*``; the
        symbol of an element, such as ``"O"``; an openmm.app.Element; a function of an atom that returns whether it is
        selected; or a list of these. The rule of the type None selects atoms that have no type; it takes precedence
        over the other rules: ``{"O": "O", None: "HOH:*"}`` selects all oxygens except those of water. For the type
        None, ``"*:*"`` selects the atoms that no other rule selects.

    Returns
    -------
    list of (str or None), one for each atom
        The name of the type; None for atoms that no rule selects.

    Raises
    ------
    ValueError
        If a rule cannot be understood, or two rules select the same atom.
    TypeError
        If the topology is not an openmm.app.Topology, or the rules are not a dict.

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
        For each atom the index of its type in the list that :func:`rule_names` returns. NO_RULE if no rule selects
        the atom; LEFT_OUT if the rule of None does.

    Raises
    ------
    ValueError
        As in :func:`assign_types`.
    """
    is_left_out, leaves_out_others = _left_out(atoms, rules.get(None))
    result = np.full(len(atoms.atoms), LEFT_OUT if leaves_out_others else NO_RULE)
    names = rule_names(rules)
    for index, name in enumerate(names):
        mask = atoms_of_rule(atoms, rules[name], _what(name), ~is_left_out)
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
    """The names of the types in the order of their rules, without None."""
    return [name for name in rules if name is not None]


def names_of(selected, rules):
    """Convert the result of :func:`select` to the type of each atom, a list of str or None."""
    # The last two elements have the indices NO_RULE and LEFT_OUT.
    return np.array([*rule_names(rules), None, None], dtype=object)[selected].tolist()


def _what(name):
    """What the rule of a type is, for messages."""
    return f"assign_types: the rule of {name!r}"


def atoms_of_rule(atoms, rule, what, among):
    """Find the atoms that a rule selects.

    Parameters
    ----------
    atoms : AtomTable
    rule
        As in :func:`assign_types`.
    what : str
        What the rule is; the beginning of messages.
    among : ndarray of bool, shape (n_atoms,)
        The atoms for which the rule is evaluated. It selects none of the others.

    Returns
    -------
    ndarray of bool, shape (n_atoms,)

    Raises
    ------
    ValueError
        If the rule cannot be understood, or if it is a function that fails.
    """
    selects = selection(rule, what)
    if depends_on_label_only(rule):
        return np.array([selects(atoms.atoms[i]) for i in atoms.first_atoms], dtype=bool)[atoms.label] & among
    result = np.zeros(len(among), dtype=bool)
    for i in np.flatnonzero(among).tolist():
        result[i] = selects(atoms.atoms[i])
    return result


def _left_out(atoms, rule):
    """Split the rule of the type None.

    Returns
    -------
    is_left_out : ndarray of bool, shape (n_atoms,)
        Whether the rule selects an atom by a name, an element or a function. This takes precedence over other rules.
    leaves_out_others : bool
        Whether the rule contains "*:*", which leaves out the atoms that no other rule selects.
    """
    parts = [] if rule is None else list(rule) if isinstance(rule, (list, tuple, set)) else [rule]
    named = [part for part in parts if not (isinstance(part, str) and part == ALL)]
    everywhere = np.ones(len(atoms.atoms), dtype=bool)
    return atoms_of_rule(atoms, named, _what(None), everywhere), len(named) < len(parts)


def near_misses(atoms, rule):
    """List names in a topology that are similar to those of a rule; if there are none, the most frequent names.

    The list is for the message about a rule that selects no atom.

    Parameters
    ----------
    atoms : AtomTable
    rule
        A rule that selects no atom.

    Returns
    -------
    text : str
        "HOH:O (64 atoms), ..."
    similar : bool
        Whether the names are similar.
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
    if not names:
        return "no atoms", False
    shown = ", ".join(f"{name} ({present[name]} atom{'s' * (present[name] > 1)})" for name in names[:MAX_NAMED])
    return f"{shown}{', ...' * (len(names) > MAX_NAMED)}", similar


def _similar(name, present):
    """Find names similar to a name "RESIDUE:ATOM": names that differ in case, in the residue alone, in the atom alone,
    or in few letters.
    """
    residue, _, atom = name.upper().partition(":")

    def distance(other):
        other_residue, _, other_atom = other.upper().partition(":")
        same_residue = residue in ("*", other_residue) or (residue in WATER and other_residue in WATER)
        same_atom = atom in ("*", other_atom)
        likeness = difflib.SequenceMatcher(None, atom, other_atom).ratio()
        return (not (same_residue and same_atom), not same_residue, not same_atom, -likeness)

    def shares_a_name(other):
        _, other_in_residue, other_in_atom, _ = distance(other)
        return (residue != "*" and not other_in_residue) or (atom != "*" and not other_in_atom)

    ranked = sorted(filter(shares_a_name, present), key=distance)
    return ranked or difflib.get_close_matches(name, present, n=MAX_NAMED)
