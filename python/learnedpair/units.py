# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Unit conversion: the units that a model may use, in terms of this package's units, nm and kJ/mol."""

import numbers

import numpy as np
from openmm import unit

from .errors import ModelError

#: Source: CODATA 2018 (bohr, hartree); the SI of 2019 (eV, which follows from exact constants).
LENGTH = {"nm": 1.0, "angstrom": 0.1, "bohr": 0.0529177210903}
ENERGY = {"kJ/mol": 1.0, "kcal/mol": 4.184, "eV": 96.48533212331, "hartree": 2625.4996394798}


_LENGTH_UNITS = {"nm": unit.nanometer, "angstrom": unit.angstrom, "bohr": unit.bohr}


def converted_length(number, factor):
    """Multiply a length by a conversion factor and round the product to 15 significant digits: 6 angstrom is 0.6 nm,
    not 0.6000000000000001 nm. With the factor 1, the number is returned unchanged.
    """
    return number if factor == 1.0 else float(f"{number * factor:.15g}")


def in_length_unit(name, quantity, length_unit):
    """Convert a Quantity to a number in "nm", "angstrom" or "bohr".

    Raises
    ------
    ModelError
        If it is not a length.
    """
    try:
        return _in_unit(quantity, _LENGTH_UNITS.get(length_unit, unit.nanometer), name, "a length")
    except TypeError as error:
        raise ModelError(str(error)) from None


def in_md_units(value):
    """Convert a Quantity to a number in OpenMM's units (nm, ps, K, kJ/mol, e, amu), as OpenMM does for parameters.
    Return any other value unchanged.
    """
    return value.value_in_unit_system(unit.md_unit_system) if unit.is_quantity(value) else value


def in_model_units(name, value, length_unit, energy_unit):
    """Convert the value of a global parameter to a number in the units of the model. A Quantity is converted to
    ``length_unit`` if it is a length, to ``energy_unit`` if it is an energy, and otherwise to OpenMM's units. A plain
    number is returned unchanged.

    Raises
    ------
    ModelError
        If the model does not use nm and kJ/mol, and the Quantity has a compound unit, such as kJ/mol/nm.
    """
    if not unit.is_quantity(value):
        return value
    if value.unit.is_compatible(unit.nanometer):
        return in_length_unit(name, value, length_unit)
    if value.unit.is_compatible(unit.kilojoule_per_mole):
        return value.value_in_unit(unit.kilojoule_per_mole) / ENERGY.get(energy_unit, 1.0)
    simple = any(
        value.unit.is_compatible(each)
        for each in (unit.dimensionless, unit.kelvin, unit.elementary_charge, unit.radian)
    )
    if not simple and (length_unit, energy_unit) != ("nm", "kJ/mol"):
        raise ModelError(
            f"the global parameter {name!r} is {value}, and the model is written in {length_unit} and {energy_unit};"
            " give the number that the module takes, without a unit."
        )
    return in_md_units(value)


def in_nanometers(distance, what="the distance"):
    """Convert a Quantity to numbers in nm. Any other value is returned unchanged; plain numbers are in nm.

    Raises
    ------
    TypeError
        If the Quantity is not a length. ``what`` begins the message.
    """
    return _in_unit(distance, unit.nanometer, what, "a length") if unit.is_quantity(distance) else distance


def in_kelvin(temperature, what):
    """Convert a Quantity to a number in K. Any other value is returned unchanged; plain numbers are in K.

    Raises
    ------
    TypeError
        If the Quantity is not a temperature. ``what`` begins the message.
    """
    return (
        _in_unit(temperature, unit.kelvin, what, "a temperature in K") if unit.is_quantity(temperature) else temperature
    )


def without_unit(number, what):
    """Convert a Quantity that has no dimension to a number. Any other value is returned unchanged.

    Raises
    ------
    TypeError
        If the Quantity has a dimension. ``what`` begins the message.
    """
    return _in_unit(number, unit.dimensionless, what, "a number without a unit") if unit.is_quantity(number) else number


def require_one_dimension(values, what):
    """Require that all Quantities among the values of a parameter, whose dimension is not known, have the same one.

    Raises
    ------
    ValueError
        ``what`` begins the message.
    """
    quantities = [value for value in values if unit.is_quantity(value)]
    for value in quantities[1:]:
        if not value.unit.is_compatible(quantities[0].unit):
            raise ValueError(f"{what} is {quantities[0]} and {value}; expected values of the same dimension.")


def _in_unit(quantity, wanted, what, expected):
    """Convert a Quantity to the wanted unit. A single number is rounded as in converted_length().

    Raises
    ------
    TypeError
        If the unit is not compatible; ``what`` is the quantity, and ``expected`` its dimension.
    """
    if not quantity.unit.is_compatible(wanted):
        raise TypeError(f"{what} is {quantity!s:.60}; expected {expected}.")
    value = quantity.value_in_unit(wanted)
    if not isinstance(value, numbers.Real):
        return value  # an array or a list
    return converted_length(quantity.value_in_unit(quantity.unit), quantity.unit.conversion_factor_to(wanted))


def curve_numbers(values, what):
    """Convert the energies or slopes of a curve to plain numbers. Plain numbers are returned unchanged.

    Parameters
    ----------
    values : ndarray or Quantity
    what : {"energies", "slopes"}
        Energies are converted to kJ/mol, slopes to kJ/mol/nm.

    Raises
    ------
    TypeError
        If the Quantity has an incompatible unit.
    """
    if not unit.is_quantity(values):
        return values
    wanted = unit.kilojoule_per_mole if what == "energies" else unit.kilojoule_per_mole / unit.nanometer
    if not values.unit.is_compatible(wanted):
        raise TypeError(
            f"PairTable: the {what} have the unit {values.unit.get_name()}; expected one that can be converted to"
            f" {wanted.get_name()}."
        )
    return values.value_in_unit(wanted)


def factor(table, quantity, name):
    """Get the conversion factor from a unit to nm or kJ/mol.

    Parameters
    ----------
    table : dict of str to float
        LENGTH or ENERGY.
    quantity : str
        "length" or "energy", for messages.
    name : str
        The name of the unit.

    Raises
    ------
    ModelError
        If the unit is not known.
    """
    if not isinstance(name, str) or name not in table:
        raise ModelError(f"the {quantity} unit is {name!r}; expected one of {', '.join(table)}.")
    return table[name]


def refuse_quantity(source, particle, row):
    """Require that the features of a particle have no unit. The units of features depend on the training data and are
    not known here, so a Quantity cannot be converted.

    Parameters
    ----------
    source : str
        The beginning of the message.
    particle : int
        The index of the particle, for the message.
    row : sequence
        The features.

    Raises
    ------
    TypeError
        If a feature is a Quantity.
    """
    if isinstance(row, np.ndarray) and row.dtype != object:
        return
    values = [row] if unit.is_quantity(row) or not hasattr(row, "__iter__") else row
    for value in values:
        if unit.is_quantity(value):
            raise TypeError(
                f"{source}: the features of particle {particle} have the unit {value.unit.get_name()}; expected plain"
                " numbers in the units that the model was trained with, such as value_in_unit() gives."
            )
