# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Assigns a model's types to the atoms of a topology."""

import difflib
from collections import Counter

from ..models.metadata.rules import ALL, selection
from .topology_order import require_is_topology

#: What select() gives atoms that are meant to have no type.
LEFT_OUT = object()
#: Messages name this many of the names that a topology has.
MAX_NAMED = 5
#: Residue names of water in common force fields and programs.
WATER = {"HOH", "WAT", "H2O", "SOL", "TIP3", "TIP", "TP3", "TIP4", "SPC", "DOD"}


def assign_types(topology, rules):
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
    >>> from openmm import app
    >>> water = app.Modeller(app.Topology(), [])
    >>> water.addSolvent(app.ForceField("amber14/tip3p.xml"), numAdded=100)
    >>> assign_types(water.topology, {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]})[:4]
    ['O', 'H', 'H', 'O']
    """
    require_is_topology(topology, "assign_types")
    if not isinstance(rules, dict):
        raise TypeError(
            f"assign_types: the rules are a {type(rules).__name__}; expected a dict of type names and rules."
        )
    return [None if name is LEFT_OUT else name for name in select(topology, rules)]


def select(topology, rules):
    """Like :func:`assign_types`, with LEFT_OUT for atoms that the rule of the type None selects."""
    selections = {name: selection(name, rule) for name, rule in rules.items() if name is not None}
    is_left_out, others_are = _left_out(rules.get(None))
    result = []
    for atom in topology.atoms():
        if is_left_out(atom):
            result.append(LEFT_OUT)
            continue
        names = [name for name, selected in selections.items() if selected(atom)]
        if len(names) > 1:
            raise ValueError(
                f"assign_types: atom {atom.index} ({atom.residue.name}:{atom.name}) is selected by the rules of both"
                f" {names[0]!r} and {names[1]!r}; make them exclude each other."
            )
        result.append(names[0] if names else LEFT_OUT if others_are else None)
    return result


def _left_out(rule):
    """Split the rule of the type None.

    Returns
    -------
    selects : callable
        Of an atom: whether the rule selects it by name or by a function. This comes before all other rules.
    others : bool
        Whether the rule has "*:*" in it, which leaves out the atoms that no other rule selects.
    """
    parts = [] if rule is None else list(rule) if isinstance(rule, (list, tuple, set)) else [rule]
    named = [part for part in parts if not (isinstance(part, str) and part == ALL)]
    return selection(None, named), len(named) < len(parts)


def near_misses(topology, rule):
    """What a topology has in place of the atoms that a rule would select, for a message: names that are similar, or
    any.

    Parameters
    ----------
    topology : openmm.app.Topology
    rule
        That selects no atom.

    Returns
    -------
    text : str
        "HOH:O (64 atoms), ..."
    similar : bool
    """
    present = Counter(f"{atom.residue.name}:{atom.name}" for atom in topology.atoms())
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
