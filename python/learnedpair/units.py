# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The units a model may be written in, as multiples of this package's own: nm and kJ/mol."""

import numpy as np
from openmm import unit

from .errors import ModelError

#: Source: CODATA 2018 (bohr, hartree); the SI of 2019 (eV, which follows from exact constants).
LENGTH = {"nm": 1.0, "angstrom": 0.1, "bohr": 0.0529177210903}
ENERGY = {"kJ/mol": 1.0, "kcal/mol": 4.184, "eV": 96.48533212331, "hartree": 2625.4996394798}


def factor(table, quantity, name):
    """Get the number of nm or kJ/mol in a unit.

    Raises
    ------
    ModelError
        If the unit is not known.
    """
    if not isinstance(name, str) or name not in table:
        raise ModelError(f"the {quantity} unit is {name!r}; expected one of {', '.join(table)}.")
    return table[name]


def refuse_quantity(source, particle, row):
    """Require that the features of a particle have no unit: only the model knows what unit it was trained with.

    Raises
    ------
    TypeError
    """
    if isinstance(row, np.ndarray) and row.dtype != object:
        return
    values = [row] if unit.is_quantity(row) or not hasattr(row, "__iter__") else row
    for value in values:
        if unit.is_quantity(value):
            raise TypeError(f"{source}: the features of particle {particle} have the unit {value.unit.get_name()}; expected plain numbers in the units that the model was trained with, such as value_in_unit() gives.")
