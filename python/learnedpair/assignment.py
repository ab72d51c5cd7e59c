# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Assigns a model's types to the atoms of a topology."""

from openmm.app import Element


def assign_types(topology, rules):
    """Get the type of each atom by rules.

    Parameters
    ----------
    topology : openmm.app.Topology
    rules : dict of str to rule
        For each type name the atoms that have it: ``"RESIDUE:ATOM"``, where either name may be ``*``; the symbol of an
        element, such as ``"O"``; an openmm.app.Element; a function of an atom that returns whether it is selected; or a
        list of these.

    Returns
    -------
    list of (str or None), one for each atom
        The name of the type; None for atoms that no rule selects.

    Raises
    ------
    ValueError
        If a rule cannot be understood, or two rules select the same atom.
    """
    selections = {name: selection(name, rule) for name, rule in rules.items()}
    result = []
    for atom in topology.atoms():
        names = [name for name, selected in selections.items() if selected(atom)]
        if len(names) > 1:
            raise ValueError(f"assign_types: atom {atom.index} ({atom.residue.name}:{atom.name}) is selected by the rules of both {names[0]!r} and {names[1]!r}; make them exclude each other.")
        result.append(names[0] if names else None)
    return result


def selection(name, rule):
    """Get the function of an atom that a rule stands for; ValueError if it cannot be understood."""
    if callable(rule):
        return rule
    if isinstance(rule, Element):
        return lambda atom: atom.element is rule
    if isinstance(rule, (list, tuple, set)):
        parts = [selection(name, part) for part in rule]
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
            return lambda atom: atom.element is element
    raise ValueError(f"assign_types: the rule of {name!r} is {rule!r}; expected 'RESIDUE:ATOM', the symbol of an element, an openmm.app.Element, a function of an atom, or a list of these.")
