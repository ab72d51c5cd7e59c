# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What OpenMM loads when a ForceField searches for a file: the folder of our files, and the parser of our element."""

import os
from typing import Any

from openmm.app import forcefield

#: The name of the element in force field files.
TAG = "LearnedPairForce"
#: The file that force fields with such an element include.
REQUIRED_FILE = "learnedpair/required.xml"
#: The element in that file, whose parser finds misspelt elements in the files that include it.
REQUIRED_TAG = "RequireLearnedPairForce"


def directory() -> str:
    """Make OpenMM read <LearnedPairForce> elements, and get the folder of the force field files of this package.

    This is the entry point "learnedpair" of the group "openmm.forcefielddir".
    """
    forcefield.parsers.setdefault(TAG, _parse)
    forcefield.parsers.setdefault(REQUIRED_TAG, _parse_required)
    return os.path.dirname(os.path.abspath(__file__))


def _parse(element: Any, force_field: Any) -> None:
    # imported here, since most force fields have no such element
    from learnedpair.interfaces.ffxml import parse_element

    parse_element(element, force_field)


def _parse_required(element: Any, force_field: Any) -> None:
    from learnedpair.interfaces.ffxml_required import parse_required

    parse_required(element, force_field)
