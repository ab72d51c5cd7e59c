# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The <LearnedPairForce> element of force field files: a correction that ForceField.createSystem() adds."""

from typing import Any
from xml.etree.ElementTree import Element

import openmm
from learnedpair_hooks.ffxml import REQUIRED_TAG, TAG
from openmm import app
from openmm.app import forcefield

from ..applying.apply import add_correction, loaded
from ..applying.no_effect import NoEffectError
from ..errors import warn
from .ffxml_elements import CorrectionElement, Rule, read_element
from .ffxml_required import parse_required
from .ffxml_source import Source, find_source
from .ffxml_types import RuleError, types_by_model, types_by_rules

#: Executed by createSystem() with its local variables, when everything else has been added to the System. Exceptions
#: are not complete earlier: generators of included files follow those of the files that include them.
SCRIPT = f"__import__('importlib').import_module({__name__!r}).finish(self, sys, topology, data)"


def parse_element(element: Element, force_field: app.ForceField) -> None:
    """Read a <LearnedPairForce> element; the parser that ForceField.loadFile() calls.

    Elements with the same model become one correction.

    Parameters
    ----------
    element : xml.etree.ElementTree.Element
    force_field : openmm.app.ForceField

    Raises
    ------
    ValueError
        If the element is wrong, or contradicts another one with the same model.
    """
    content = read_element(element, find_source())
    for generator in _generators(force_field):
        if generator.digest == content.digest:
            generator.merge(content)
            return
    force_field.registerGenerator(CorrectionGenerator(force_field, content))
    if SCRIPT not in force_field._scripts:
        force_field.registerScript(SCRIPT)


def finish(force_field: app.ForceField, system: openmm.System, topology: app.Topology, data: Any) -> None:
    """Add the corrections of a ForceField to a System that is complete otherwise."""
    for generator in _generators(force_field):
        generator.add_correction(system, topology, data)


def _generators(force_field):
    return [each for each in force_field.getGenerators() if isinstance(each, CorrectionGenerator)]


class CorrectionGenerator:
    """Adds the correction of one model, which one or more elements describe, to a System.

    Parameters
    ----------
    force_field : openmm.app.ForceField
    content : CorrectionElement
    """

    def __init__(self, force_field: app.ForceField, content: CorrectionElement) -> None:
        self._force_field, self._first = force_field, content
        self._options: dict[str, Any] = {}
        self._given_by: dict[str, Source] = {}
        self._rules: list[Rule] = []
        self._model: Any = None
        self.merge(content)

    @property
    def digest(self) -> str:
        """The SHA-256 of the model file."""
        return self._first.digest

    def merge(self, content: CorrectionElement) -> None:
        """Add the attributes and rules of another element with the same model.

        Raises
        ------
        ValueError
            If the elements contradict each other.
        """
        for name, value in content.options.items():
            if name in self._options and self._options[name] != value:
                raise ValueError(
                    f"{content.source.where}: {name} is {value!r} for the model {content.path.name}, and"
                    f" {self._options[name]!r} in {self._given_by[name].name}; elements with the same model become one"
                    " force, so give it once."
                )
            self._options[name] = value
            self._given_by.setdefault(name, content.source)
        if bool(content.rules) != bool(self._first.rules):
            without, other = (content, self._first) if self._first.rules else (self._first, content)
            raise ValueError(
                f"{content.source.where}: {without.source.name} leaves the types of {content.path.name} to the rules"
                f" inside the model, and {other.source.name} assigns them; give <Type> elements in both."
            )
        self._rules += [rule for rule in content.rules if rule not in self._rules]

    def createForce(self, *_: Any) -> None:
        """Make SCRIPT the last script, so that it follows those of files that were loaded later. OpenMM calls this for
        each generator, before it executes the scripts.
        """
        scripts = self._force_field._scripts
        scripts.remove(SCRIPT)
        scripts.append(SCRIPT)

    def add_correction(self, system: openmm.System, topology: app.Topology, data: Any) -> None:
        """Add the correction to a System.

        Parameters
        ----------
        system : openmm.System
        topology : openmm.app.Topology
        data : openmm.app.ForceField._SystemData
            The atom types that the templates assign.

        Raises
        ------
        ValueError
            If the model is wrong, or an element contradicts the model, the force field or the System.

        Warns
        -----
        UserWarning
            If the correction has no effect, or as in add_correction().
        """
        source = self._first.source
        try:
            model = self._loaded()
            types = (
                types_by_rules(self._rules, model, self._force_field, topology, data)
                if self._rules
                else types_by_model(model, topology)
            )
            if topology.getNumAtoms() > 0:
                add_correction(system, topology, model, types=types, **self._options)
        except RuleError:
            raise
        except NoEffectError as error:
            warn(f"{source.where}: {error} The System gets no correction.")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{source.where}: {error}") from error

    def _loaded(self):
        if self._model is None:
            self._model = loaded(self._first.path, self._first.source.where)
        return self._model


forcefield.parsers[TAG] = parse_element
forcefield.parsers[REQUIRED_TAG] = parse_required
