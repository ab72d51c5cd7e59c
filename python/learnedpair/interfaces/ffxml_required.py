# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds corrections that OpenMM would ignore, in the force field files that are loaded with REQUIRED_FILE: elements
with a misspelt name or in a wrong place, or a file that asks for a correction and has none.
"""

import difflib
from typing import Any
from xml.etree.ElementTree import Element

from learnedpair_hooks.ffxml import REQUIRED_FILE, TAG
from openmm import app
from openmm.app import forcefield

from ..errors import warn
from .ffxml_source import Source, includes_required_file, loaded_files

#: How similar a name must be to TAG, from 0 to 1, to be taken for a misspelt one. LennardJonesForce has 0.67.
SIMILARITY = 0.8


def parse_required(element: Element, force_field: app.ForceField) -> None:
    """Check all files that ForceField.loadFile() is reading; the parser of the element in REQUIRED_FILE.

    Parameters
    ----------
    element : xml.etree.ElementTree.Element
    force_field : openmm.app.ForceField

    Raises
    ------
    ValueError
        If an element has a name that is similar to LearnedPairForce, or is not a child of <ForceField>.

    Warns
    -----
    UserWarning
        If no file has a <LearnedPairForce> element.
    """
    files = loaded_files()
    for source, root in files:
        _require_no_ignored_element(source, root)
    if files and all(root.find(TAG) is None for _, root in files):
        names = [source.name for source, root in files if includes_required_file(root)]
        warn(
            f"{' and '.join(names) or 'a force field'}: the file includes {REQUIRED_FILE}, and no <{TAG}> element was"
            f" found, so that there is no correction; add the element, or remove the line that includes the file."
        )


def _require_no_ignored_element(source: Source, root: Any) -> None:
    for parent in root.iter():
        for child in parent:
            if child.tag == TAG and parent is not root:
                raise ValueError(
                    f"{source.name}: <{TAG}> is inside of <{parent.tag}>, where OpenMM ignores it; make it a child of"
                    f" <{root.tag}>."
                )
            if child.tag not in forcefield.parsers and _is_similar(child.tag):
                raise ValueError(
                    f"{source.name}: there is an element <{child.tag}>, which OpenMM ignores; did you mean <{TAG}>?"
                )


def _is_similar(tag: str) -> bool:
    return tag != TAG and difflib.SequenceMatcher(None, tag.lower(), TAG.lower()).ratio() >= SIMILARITY
