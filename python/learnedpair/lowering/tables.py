# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Samples a typed model into a table with a stated error.

Each curve is a cubic Hermite interpolant with knots uniform in r. Its data are the energies of the model and dE/dr from
autograd, in double precision.
"""

from ..errors import LoweringError
from ..force.functions import PairTable
from .curves import describe_error, name_types, tabulate_curves
from .reports import table_report
from .tolerance import check_tolerance


def lower_to_table(model, pairs, tolerance):
    """Sample a typed model into a PairTable.

    Parameters
    ----------
    model : PairModel
    pairs : list of (int, int)
        The pairs of types that get a curve.
    tolerance : float
        The force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``. It is measured at nine points of each
        interval between two knots: three fixed points, by which the number of knots is chosen, and six random points.
        There are at least 64 intervals; narrower details of the model may be missed.

    Returns
    -------
    table : PairTable
    report : dict
        ``representation``; ``tolerance``; ``curves``, the number of distinct curves; ``knots``, their total number;
        ``bytes`` of the coefficients in single precision; ``max_relative_force_error``, the maximum of
        |dF| / (|F| + 1 kJ/mol/nm), which the tolerance bounds; ``max_force_error`` and ``rms_force_error`` in
        kJ/mol/nm; ``max_energy_error`` and ``rms_energy_error`` in kJ/mol; ``types``; ``domain_nm``; ``truncated``;
        ``model``, its name; ``digest``; ``description``. Errors are measured between the knots.

    Raises
    ------
    LoweringError
        If the tolerance cannot be met; the message names the pair and the distance.
    """
    tolerance = check_tolerance(tolerance)
    curves = tabulate_curves(model, pairs, tolerance)
    count = len(model.types)
    indices = [-1] * (count * count)
    distinct = {}
    for curve in curves:
        key = (curve.energies.tobytes(), curve.slopes.tobytes())
        i, j = curve.pair
        indices[i * count + j] = indices[j * count + i] = distinct.setdefault(key, (len(distinct), curve))[0]
    return _assemble(model, curves, [curve for _, curve in distinct.values()], indices, tolerance)


def lower_to_shape(model, table, tolerance):
    """Sample a typed model at the knots of an existing table.

    Parameters
    ----------
    model : PairModel
    table : PairTable
        A table with the same number of types and the same range of distances.
    tolerance : float
        As in lower_to_table().

    Returns
    -------
    table, report
        As in lower_to_table(); the table has the knots and curve indices of the given one.

    Raises
    ------
    LoweringError
        If the ranges or types differ, the model has different energies for pairs that share a curve, or there are too
        few knots.
    """
    tolerance = check_tolerance(tolerance)
    count = len(model.types)
    if (table.num_types, table.min_distance, table.max_distance) != (count, model.inner_cutoff, model.cutoff):
        raise LoweringError(
            f"{model.source}: the model has {count} types from {model.inner_cutoff:g} to {model.cutoff:g} nm, and the"
            f" table {table.num_types} types from {table.min_distance:g} to {table.max_distance:g} nm; make a new"
            " force."
        )
    pairs = [(i, j) for i in range(count) for j in range(i, count) if table.curve_indices[i * count + j] >= 0]
    indices = [table.curve_indices[i * count + j] for i, j in pairs]
    curves = tabulate_curves(model, pairs, tolerance, [len(table.energies[index]) - 1 for index in indices])
    stored = [None] * len(table.energies)
    for curve, index in zip(curves, indices, strict=True):
        stored[index] = other = stored[index] or curve
        if not curve.has_energies_of(other):
            raise LoweringError(
                f"{model.source}: the table has one curve for types {name_types(model, curve.pair)} and for"
                f" {name_types(model, other.pair)}, which this model tells apart; make a new force."
            )
        if not curve.is_within_tolerance:
            worst = describe_error(curve.worst_distance, curve.worst_force, curve.worst_force_error)
            raise LoweringError(
                f"{model.source}: {len(curve.energies)} knots are too few for types {name_types(model, curve.pair)} and"
                f" the tolerance {tolerance:g}: {worst}; make a new force, or allow a larger tolerance."
            )
    return _assemble(model, curves, stored, table.curve_indices, tolerance)


def _assemble(model, curves, stored, indices, tolerance):
    """Make the table of the stored curves, and the report on all curves."""
    table = PairTable(
        len(model.types),
        model.inner_cutoff,
        model.cutoff,
        [curve.energies for curve in stored],
        [curve.slopes for curve in stored],
        indices,
    )
    return table, table_report(model, curves, stored, tolerance)
