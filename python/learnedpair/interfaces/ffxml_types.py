# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Assigns a model's types to the atoms of a System that a ForceField makes."""

import numpy as np

from ..applying.assignment import LEFT_OUT, NO_RULE, assign_types, near_misses, select
from ..applying.atom_table import AtomTable
from ..applying.coverage import warn_of_partial_coverage
from ..applying.particle_types import CheckedTypes
from ..errors import warn
from .ffxml_elements import require_known

#: What a residue with missing rules needs.
REMEDY = (
    "If that is meant, say so by <Uncovered> elements for the atoms that are left out; otherwise add <Type> elements."
)


class RuleError(ValueError):
    """A rule is wrong. The message begins with the file that contains the rule."""


def types_by_model(model, topology):
    """Get the type of each atom by the rules inside the model, which need not all select an atom.

    Returns
    -------
    CheckedTypes

    Raises
    ------
    ValueError
        If the model has no rule for one of its types, or has features.
    """
    _require_types(model)
    missing = [name for name, rule in model.type_rules.items() if rule is None]
    if missing:
        raise ValueError(
            f'{model.source} does not say which atoms have the type {missing[0]!r}; add <Type name="{missing[0]}"'
            " .../> with class, type, or residue and atom."
        )
    return CheckedTypes(assign_types(topology, {**model.type_rules, None: model.uncovered}))


def types_by_rules(rules, model, force_field, topology, data):
    """Get the type of each atom by the rules of the force field.

    Parameters
    ----------
    rules : list of Rule
    model : PairModel
    force_field : openmm.app.ForceField
    topology : openmm.app.Topology
    data : openmm.app.ForceField._SystemData

    Returns
    -------
    CheckedTypes

    Raises
    ------
    ValueError
        If two rules give an atom different types, or the model has features.
    RuleError
        If a rule names a type that the model does not have, or a class or type of atoms that the force field does not
        have.

    Warns
    -----
    UserWarning
        If residues are covered in part, or a rule names a residue or an atom that neither the topology nor the
        templates have.
    """
    _require_types(model)
    atoms = AtomTable(topology, "ForceField")
    # Few distinct atom types, and their index for each atom: rules are evaluated for the former.
    atom_types = np.unique([data.atomType[atom] for atom in data.atoms], return_inverse=True)
    assigned = np.full(len(atoms.atoms), NO_RULE)
    chosen_by = np.full(len(atoms.atoms), -1)
    is_left_out = np.zeros(len(atoms.atoms), dtype=bool)
    for index, rule in enumerate(rules):
        mask = _selected(rule, atoms, atom_types, force_field)
        if rule.name is None:
            is_left_out |= mask
            continue
        _require_known(rule, rule.name, model.types, f"{model.source} has no type")
        type_index = model.types.index(rule.name)
        both = np.flatnonzero(mask & (assigned != NO_RULE) & (assigned != type_index))
        if len(both) > 0:
            atom, other = atoms.atoms[both[0]], rules[chosen_by[both[0]]]
            raise ValueError(
                f"atom {atom.index} ({atom.residue.name}:{atom.name}) has the type {other.name!r} by {other} in"
                f" {other.source.name} and {rule.name!r} by {rule} in {rule.source.name}; make the rules exclude each"
                " other."
            )
        assigned[mask], chosen_by[mask] = type_index, index
    assigned[is_left_out] = LEFT_OUT
    warn_of_partial_coverage(atoms, assigned, source=rules[0].source.where, remedy=REMEDY)
    return CheckedTypes(np.array([*model.types, None, None], dtype=object)[assigned].tolist())


def _require_types(model):
    if model.features is not None:
        raise ValueError(
            f"{model.source} takes features ({', '.join(model.features)}), and force field files can assign types"
            " alone; add the correction with lp.add_correction."
        )


def _require_known(rule, name, known, what):
    try:
        require_known([name], known, f"{rule.source.where}: {what}")
    except ValueError as error:
        raise RuleError(str(error)) from None


def _selected(rule, atoms, atom_types, force_field):
    """Whether a rule selects each atom (ndarray of bool, shape (n_atoms,))."""
    if rule.by == "residue":
        mask = select(atoms, {"": rule.value}) == 0
        if not mask.any():
            _warn_of_unknown_residue(rule, atoms, force_field)
        return mask
    found = force_field._findAtomTypes({rule.by: rule.value}, 1)[0]
    if found is None and not force_field._templateGenerators:  # these may define further atom types
        known = force_field._atomClasses if rule.by == "class" else force_field._atomTypes
        _require_known(rule, rule.value, filter(None, known), f"the force field has no atom {rule.by}")
    names, index = atom_types
    return np.isin(names, list(found or []))[index]


def _warn_of_unknown_residue(rule, atoms, force_field):
    """Warn if no template has the residue or the atom of a rule that selects no atom."""
    residue, _, atom = rule.value.partition(":")
    templates = force_field._templates.values()
    known = [each for each in templates if residue in ("*", each.name)]
    if any(atom == "*" or atom in each.atomIndices or any(a.name == atom for a in each.atoms) for each in known):
        return
    names, similar = near_misses(atoms, rule.value)
    hint = f"did you mean {names}?" if similar else f"the topology has {names}."
    warn(f"{rule.source.where}: {rule} selects no atom, and no residue template has such an atom; {hint}")
