# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Assignment rules, which select the atoms of a type."""

import numpy as np
from openmm.app import Element

#: The rule that selects all atoms. For the type None it selects the atoms that no other rule selects.
ALL = "*:*"


def is_all(rule):
    """Whether a rule is ALL, alone or in a list."""
    return all(map(is_all, rule)) if isinstance(rule, (list, tuple, set)) and rule else rule == ALL


def depends_on_label_only(rule):
    """Whether a rule selects all atoms with the same residue name, atom name and element, or none of them."""
    if isinstance(rule, (list, tuple, set)):
        return all(map(depends_on_label_only, rule))
    return not callable(rule)


def selection(rule, what):
    """Convert a rule to a function that tells whether an atom is selected.

    Parameters
    ----------
    rule : str, openmm.app.Element, callable, or list, tuple or set of these
    what : str
        What the rule is; the beginning of messages, such as "assign_types: the rule of 'O'".

    Returns
    -------
    callable (openmm.app.topology.Atom) -> bool

    Raises
    ------
    ValueError
        If the rule has none of these forms, or names no element.
    """
    if callable(rule):
        return lambda atom: _call(rule, what, atom)
    if isinstance(rule, Element):
        return lambda atom: atom.element is rule
    if isinstance(rule, (list, tuple, set)):
        parts = [selection(part, what) for part in rule]
        return lambda atom: any(part(atom) for part in parts)
    if isinstance(rule, str) and rule.count(":") == 1 and all(rule.split(":")):
        residue, atom_name = rule.split(":")
        return lambda atom: residue in ("*", atom.residue.name) and atom_name in ("*", atom.name)
    if isinstance(rule, str) and ":" not in rule:
        try:
            element = Element.getBySymbol(rule)
        except KeyError:
            pass
        else:
            if element.symbol != rule:
                raise ValueError(
                    f"{what} is {rule!r}, and the symbol of {element.name} is"
                    f" {element.symbol!r}; write that, or '*:{rule}' for the atoms called {rule}."
                )
            return lambda atom: atom.element is element
    raise ValueError(
        f"{what} is {rule!r}; expected 'RESIDUE:ATOM', the symbol of an element, an"
        " openmm.app.Element, a function of an atom, or a list of these."
    )


def _call(function, what, atom):
    """Whether a user's function selects an atom."""
    where = f"{what}, a function, was called for atom {atom.index} ({atom.residue.name}:{atom.name})"
    try:
        result = function(atom)
    except Exception as error:
        raise ValueError(f"{where} and raised {type(error).__name__}: {error}") from error
    if isinstance(result, (str, bytes, float, np.floating)):
        raise ValueError(f"{where} and returned {result!r}; expected True or False.")
    return bool(result)
