# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The values of command line options about tables of other programs, as arguments of load_tables()."""

import re

from openmm import unit

from ..formats.reading import PLACE
from ..units import ENERGY, LENGTH, factor


def read_pairs(texts):
    """Convert the values of --pair, such as "A,B", to pairs; None without values."""
    return [_read_pair(text, "--pair") for text in texts] or None


def read_sections(texts):
    """Convert the values of --section, NAME=A,B or NAME=, to the argument ``sections``; None without values."""
    sections = {}
    for text in texts:
        name, separator, pair = text.rpartition("=")
        if not name or not separator:
            raise ValueError(f"--section is {text!r}; expected NAME=A,B, or NAME= to leave the table out.")
        if name in sections:
            raise ValueError(f"--section is given twice for {name!r}; give it once.")
        sections[name] = _read_pair(pair, f"--section {name}=") if pair else None
    return sections or None


def read_coefficients(texts):
    """Convert the values of --coefficients, A,B=Q,C6,C12 or Q,C6,C12, to the argument ``coefficients``; None without
    values.
    """
    by_pair = {}
    for text in texts:
        pair, separator, numbers = text.rpartition("=")
        values = _read_three(numbers, text)
        if not separator:
            if len(texts) > 1:
                raise ValueError(f"--coefficients is {text!r}, which is for all tables, and given again; give one.")
            return values
        pair = _read_pair(pair, "--coefficients")
        if pair in by_pair or pair[::-1] in by_pair:
            raise ValueError(f"--coefficients is given twice for {','.join(pair)}; give it once.")
        by_pair[pair] = values
    return by_pair or None


def read_units(text):
    """Convert the value of --units to the argument ``units``: a unit system, or a length and an energy, each of them
    the name of a unit, or a number with it.
    """
    if text is None or "," not in text:
        return text
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise ValueError(f"--units is {text!r}; expected a length and an energy, such as angstrom,kcal/mol.")
    length, energy = parts
    return (
        _read_quantity(length, "length", LENGTH, unit.nanometer),
        _read_quantity(energy, "energy", ENERGY, unit.kilojoule_per_mole),
    )


def is_same_file(output, path):
    """Whether the name of the output, with a pair in the place of {pair}, may be the name of a file."""
    if PLACE not in output.name or output.absolute().parent.resolve() != path.absolute().parent.resolve():
        return False
    pattern = ".+".join(map(re.escape, output.name.split(PLACE)))
    return re.fullmatch(pattern, path.name) is not None


def _read_pair(text, option):
    names = tuple(text.split(","))
    if len(names) != 2 or not all(names):
        raise ValueError(f"{option} is {text!r}; expected two names of types with a comma between them, such as A,B.")
    return names


def _read_three(text, whole):
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        values = ()
    if len(values) != 3:
        raise ValueError(
            f"--coefficients is {whole!r}; expected A,B=Q,C6,C12 or Q,C6,C12, where Q, C6 and C12 are numbers."
        )
    return values


def _read_quantity(text, quantity, table, wanted):
    """A name of a unit, as it is, or a Quantity from a number and the name of a unit."""
    number, separator, name = text.partition(" ")
    if not separator:
        return text
    try:
        return float(number) * factor(table, quantity, name.strip()) * wanted
    except ValueError as error:
        raise ValueError(f"--units has the {quantity} {text!r}; expected a unit, or a number and a unit.") from error
