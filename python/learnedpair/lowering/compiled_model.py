# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""CompiledModel: the function of a model as it is inside a force, in a file that can be read without PyTorch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any, ClassVar

import openmm

from ..errors import ModelError
from ..force.learned_pair_force import LearnedPairForce
from ..force.type_names import TypeNames
from ..formats.text import write_text
from .creation import force_with_cutoff

#: The entry of the lowering report that makes the XML of a force the file of a compiled model.
_ENTRY = "compiled_model"
#: The checksum within this entry: of the XML of the force without the checksum.
_CHECKSUM = "sha256"
_HOW_TO_WRITE = "write one with model.save_compiled(), or 'learnedpair compile'"
#: How the names of files of compiled models end.
SUFFIX = ".xml"


class CompiledModel(TypeNames):
    """A model of types that needs no PyTorch, as :func:`load_compiled` returns it.

    Attributes
    ----------
    types : list of str
    type_rules : dict of str to rule
        The rules of :func:`assign_types`; None for a type without one.
    uncovered : rule or None
        Selects the atoms that are meant to have no type.
    global_parameters : dict of str to float
        Names and default values, in the units that the function expects.
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    source, description, digest : str
        The name of the file; what the model says about itself; SHA-256 of the model from which it was compiled.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER_COMPILED
    >>> model = lp.load_compiled(WATER_COMPILED)
    >>> model
    <CompiledModel water.xml: O, H, PairTable of 2 types, 0.134176 to 0.75 nm>
    >>> model.type_rules
    {'O': 'HOH:O', 'H': ['HOH:H1', 'HOH:H2']}
    """

    #: Compiled models have types, and no features.
    features: ClassVar[None] = None

    def __init__(self, template: LearnedPairForce, source: str) -> None:
        report = template.lowering_report
        assignment = report.pop(_ENTRY)
        self._template, self._report = template, report
        self.source = source
        self.types: list[str] = list(assignment["types"])
        self.type_rules: dict[str, Any] = assignment["types"]
        self.uncovered: Any = assignment["uncovered"]
        self.digest: str = report.get("digest", "")
        self.description: str = report.get("description", "")
        self.cutoff: float = template.getCutoffDistance()._value
        self.inner_cutoff: float = template.getInnerCutoffDistance()._value
        self.switching_distance: float | None = (
            template.getSwitchingDistance()._value if template.getUseSwitchingFunction() else None
        )
        self.global_parameters: dict[str, float] = {
            template.getGlobalParameterName(index): template.getGlobalParameterDefaultValue(index)
            for index in range(template.getNumGlobalParameters())
        }

    def __repr__(self) -> str:
        kind = type(self._template.getFunction()).__name__
        return (
            f"<CompiledModel {os.path.basename(self.source)}: {', '.join(self.types)}, {kind} of {len(self.types)}"
            f" type{'s' * (len(self.types) != 1)}, {self.inner_cutoff:g} to {self.cutoff:g} nm>"
        )

    def create_force(
        self, particles: Iterable[str | int | None], *, nonbonded_method: int = LearnedPairForce.CutoffPeriodic
    ) -> LearnedPairForce:
        """Make a force for the particles of a System.

        Parameters
        ----------
        particles : iterable of str, int or None
            For each particle the name or the index of its type, or None if the model does not cover it.
        nonbonded_method : LearnedPairForce.CutoffPeriodic or CutoffNonPeriodic

        Returns
        -------
        LearnedPairForce
            The force that ``create_force`` of the original model makes, with tables of all pairs of types.

        Raises
        ------
        ValueError, TypeError
            If a type is not known.
        LoweringError
            If the nonbonded method is another one.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER_COMPILED
        >>> lp.load_compiled(WATER_COMPILED).create_force(["O", "H", "H", None])
        <LearnedPairForce 'LearnedPairForce': 3 of 4 particles covered (O 1, H 2), cutoff 0.75 nm, 3 curves, group 0>
        """
        force = force_with_cutoff(self, self._template.getFunction(), particles, nonbonded_method)
        force.setEvaluation(self._template.getEvaluation())
        force.setTableTolerance(self._template.getTableTolerance())
        force.lowering_report = self._report
        return force


def load_compiled(path: str | os.PathLike[str]) -> CompiledModel:
    """Read a compiled model, without PyTorch.

    Parameters
    ----------
    path : path-like
        A file that ``save_compiled`` of a :class:`PairModel` or an :class:`EnvironmentModel` has written.

    Returns
    -------
    CompiledModel

    Raises
    ------
    ModelError
        If there is no such file, it was damaged or edited, or it holds something else.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER_COMPILED
    >>> lp.load_compiled(WATER_COMPILED).types
    ['O', 'H']
    """
    name = os.fsdecode(path)
    return CompiledModel(_checked(_read_force(name), name), name)


def _read_force(name):
    """Read the XML of a force."""
    try:
        with open(name, encoding="utf-8-sig") as file:
            force = openmm.XmlSerializer.deserialize(file.read())
    except FileNotFoundError as error:
        raise ModelError(f"{name}: there is no such file.") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{name}: this is no text, and so no compiled model; a model file of PyTorch is read by load_model()."
        ) from error
    except (OSError, ValueError, openmm.OpenMMException) as error:
        raise ModelError(
            f"{name}: the compiled model cannot be read ({' '.join(str(error).split())}); compile the model again."
        ) from error
    if not isinstance(force, openmm.Force) or not LearnedPairForce.is_learned_pair_force(force):
        raise ModelError(f"{name}: the file holds a {type(force).__name__}, and not a compiled model; {_HOW_TO_WRITE}.")
    return LearnedPairForce.cast(force)


def _checked(template, name):
    """Require that a force is that of a compiled model, as it was written."""
    report = template.lowering_report
    entry = report.get(_ENTRY)
    if not isinstance(entry, dict):
        raise ModelError(
            f"{name}: the file holds a force for the particles of one System, and not a compiled model;"
            f" {_HOW_TO_WRITE}."
        )
    checksum = entry.pop(_CHECKSUM, None)
    template.lowering_report = report
    if checksum != _digest(template):
        raise ModelError(f"{name}: the compiled model was damaged or edited after it was written; compile it again.")
    return template


def _digest(force):
    """The SHA-256 of everything that a force consists of."""
    return hashlib.sha256(openmm.XmlSerializer.serialize(force).encode()).hexdigest()


def write_compiled(force: LearnedPairForce, model: Any, path: str | os.PathLike[str]) -> CompiledModel:
    """Write a force with two particles of each type as a compiled model, and read the file back.

    Parameters
    ----------
    force : LearnedPairForce
    model : PairModel or EnvironmentModel
        The model of the force, with the rules that assign its types.
    path : path-like
        Ending in .xml. An existing file is replaced only when the new one is complete.

    Returns
    -------
    CompiledModel

    Raises
    ------
    ModelError
        If the path has another ending, a rule is a function or belongs to no type, or the file cannot be written.
    """
    name = os.fsdecode(path)
    if not name.endswith(SUFFIX):
        raise ModelError(f"{name}: files of compiled models end in {SUFFIX}; choose such a path.")
    force.lowering_report = {**force.lowering_report, _ENTRY: _assignment(model)}
    report = force.lowering_report
    report[_ENTRY][_CHECKSUM] = _digest(force)
    force.lowering_report = report
    write_text(name, openmm.XmlSerializer.serialize(force))
    return load_compiled(path)


def _assignment(model):
    """The rules of the types of a model, in the order of the types."""
    unknown = [str(kind) for kind in model.type_rules if kind not in model.types]
    if unknown:
        raise ModelError(
            f"{model.source}: there is a rule for the type {unknown[0]!r}, but the model has {', '.join(model.types)}."
        )
    rules = {kind: model.type_rules.get(kind) for kind in model.types}
    for kind, rule in [*rules.items(), (None, model.uncovered)]:
        parts = rule if isinstance(rule, (list, tuple)) else [rule]
        if rule is not None and not all(isinstance(part, str) for part in parts):
            raise ModelError(
                f"{model.source}: the rule of the type {kind!r} is {rule!r:.60}, which cannot be written to a file; use"
                " rules such as 'HOH:O', and symbols of elements as strings."
            )
    return {"types": rules, "uncovered": model.uncovered}
