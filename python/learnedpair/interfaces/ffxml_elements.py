# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads a <LearnedPairForce> element: its attributes, and the rules that assign types to atoms."""

import difflib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from learnedpair_hooks.ffxml import TAG

from .ffxml_source import Source


@dataclass(frozen=True)
class Rule:
    """One child of an element: a type of the model, and the atoms that have it.

    Attributes
    ----------
    name : str or None
        The type of the model; None for atoms that are meant to have no type.
    by : {"class", "type", "residue"}
        What selects the atoms.
    value : str
        The name of an atom class or of an atom type, or "RESIDUE:ATOM".
    source : Source
    """

    name: str | None
    by: str
    value: str
    source: Source

    def __str__(self) -> str:
        if self.by != "residue":
            return f'{self.by}="{self.value}"'
        residue, _, atom = self.value.partition(":")
        return f'residue="{residue}" atom="{atom}"'


@dataclass(frozen=True)
class CorrectionElement:
    """The content of a <LearnedPairForce> element.

    Attributes
    ----------
    path : Path
        The model file.
    digest : str
        The SHA-256 of the model file: elements with the same model merge, wherever copies of the file are.
    options : dict
        The arguments of add_correction() that the element gives.
    rules : list of Rule
    source : Source
    """

    path: Path
    digest: str
    options: dict[str, Any]
    rules: list[Rule]
    source: Source


def _exclusions(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


def _force_group(text: str) -> int:
    group = int(text)
    if not 0 <= group <= 31:
        raise ValueError
    return group


#: The attributes besides "model": the argument of add_correction(), the conversion, and what is expected.
OPTIONS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "scale": ("scale", str, "the name of a global parameter"),
    "forceGroup": ("force_group", _force_group, "an integer from 0 to 31"),
    "exclusions": ("exclusions", _exclusions, "nonbonded, molecules, or a number of bonds"),
    "scale14": ("scale_14", float, "a number, the factor of pairs three bonds apart"),
    "representation": ("representation", str, "auto, table or program"),
    "tolerance": ("tolerance", float, "a positive number"),
    "evaluation": ("evaluation", str, "auto, exact or table"),
}
#: The children of an element; the attributes that select atoms.
CHILDREN = ("Type", "Uncovered")
SELECTORS = ("class", "type", "residue", "atom")


def read_element(element: Element, source: Source) -> CorrectionElement:
    """Read a <LearnedPairForce> element.

    Parameters
    ----------
    element : xml.etree.ElementTree.Element
    source : Source
        The file that contains the element.

    Returns
    -------
    CorrectionElement

    Raises
    ------
    ValueError
        If an attribute or a child is unknown, missing or malformed, or there is no such model file.
    """
    require_known(element.attrib, ("model", *OPTIONS), f"{source.where}: there is no attribute")
    path = _model_path(element, source)
    options = {}
    for name, (argument, convert, expected) in OPTIONS.items():
        text = element.get(name)
        if text is None:
            continue
        try:
            options[argument] = convert(text)
        except ValueError as error:
            raise ValueError(f'{source.where}: {name} is "{text}"; expected {expected}.') from error
    rules = [_read_rule(child, source) for child in element]
    return CorrectionElement(path, hashlib.sha256(path.read_bytes()).hexdigest(), options, rules, source)


def require_known(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise a ValueError for the first name that is unknown.

    Parameters
    ----------
    names, known : iterables of str
    what : str
        The beginning of the message, such as "there is no attribute".
    """
    known = list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ValueError(
                f'{what} "{name}"; {f"did you mean {near[0]}?" if near else f"expected {_listed(known)}."}'
            )


def _listed(names: list[str], limit: int = 12) -> str:
    return f"{', '.join(names[:limit])}{', ...' * (len(names) > limit)}" or "nothing here"


def _model_path(element: Element, source: Source) -> Path:
    given = element.get("model")
    if not given:
        raise ValueError(
            f'{source.where}: the attribute model is missing; give the path of a model file, model="delta.pt".'
        )
    path = Path(given)
    if not path.is_absolute() and source.folder is None:
        raise ValueError(
            f'{source.where}: model is "{given}", and the file that contains the element is unknown; give the absolute'
            " path of the model file."
        )
    path = path if source.folder is None else source.folder / path
    if not path.is_file():
        raise ValueError(
            f'{source.where}: there is no file {path} (model="{given}"); a relative path starts in the folder of the'
            " force field file."
        )
    return path


def _read_rule(child: Element, source: Source) -> Rule:
    if child.tag not in CHILDREN:
        raise ValueError(f"{source.where}: it contains <{child.tag}>; expected <Type> and <Uncovered> alone.")
    where = f"{source.name}, <{child.tag}> of <{TAG}>"
    is_type = child.tag == "Type"
    require_known(child.attrib, ("name", *SELECTORS) if is_type else SELECTORS, f"{where}: there is no attribute")
    if len(child) > 0:
        raise ValueError(f"{where}: it contains <{child[0].tag}>; expected no element.")
    for name, value in child.attrib.items():
        if not value or (name in ("residue", "atom") and ":" in value):
            raise ValueError(f'{where}: {name} is "{value}"; expected a name{" without a colon" * (":" in value)}.')
    given = [name for name in SELECTORS if name in child.attrib]
    if given not in (["class"], ["type"], ["residue", "atom"]):
        raise ValueError(
            f"{where}: it has {' and '.join(given) or 'no attribute'} to select atoms; expected class, or type, or"
            " residue and atom."
        )
    if is_type and "name" not in child.attrib:
        raise ValueError(f'{where}: the attribute name is missing; give a type of the model, name="...".')
    value = child.attrib[given[0]] if len(given) == 1 else f"{child.get('residue')}:{child.get('atom')}"
    return Rule(child.get("name"), given[0], value, source)
