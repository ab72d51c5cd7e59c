# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The lowering reports: the representation of a model in a force, and its errors."""

from typing import NamedTuple

import numpy as np

from ..models.metadata.domain import to_json

#: On a device a knot takes four numbers in single precision.
BYTES_PER_KNOT = 16


class Member(NamedTuple):
    """A member of a committee, as far as a report names it."""

    source: str
    digest: str


def _origin(model):
    """The name, digest and description of a model; for a committee, also the names and digests of its members."""
    members = [{"model": member.source, "digest": member.digest} for member in model.members]
    return {
        "model": model.source,
        "digest": model.digest,
        "description": model.description,
        **({"members": members} if members else {}),
    }


def table_report(model, curves, stored, tolerance):
    """Make the report on a table; see tables.lower_to_table().

    Parameters
    ----------
    model : PairModel
    curves : list of Curve
        The measured curves of all pairs of types.
    stored : list of Curve
        The distinct curves, which are those of the table.
    tolerance : float
    """
    points = max(1, sum(curve.points for curve in curves))
    knots = sum(len(curve.energies) for curve in stored)
    return {
        "representation": "table",
        **_origin(model),
        "types": model.types,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "domain": to_json(model.domain),
        "truncated": model.truncated,
        "tolerance": tolerance,
        "curves": len(stored),
        "knots": knots,
        "bytes": knots * BYTES_PER_KNOT,
        "max_relative_force_error": float(max((curve.max_relative_force_error for curve in curves), default=0.0)),
        "max_force_error": float(max((curve.max_force_error for curve in curves), default=0.0)),
        "rms_force_error": float(np.sqrt(sum(curve.sum_squared_force_errors for curve in curves) / points)),
        "max_energy_error": float(max((curve.max_energy_error for curve in curves), default=0.0)),
        "rms_energy_error": float(np.sqrt(sum(curve.sum_squared_energy_errors for curve in curves) / points)),
    }


def program_report(model, program, knots, tolerance, energy_error, force_error):
    """Make the report on a program; see programs.lower_to_program().

    Parameters
    ----------
    model : PairModel
    program : PairProgram
    knots : int
        The number of knots of the radial table; 0 without one.
    tolerance : float or None
    energy_error, force_error : float
        The largest energy error, in kJ/mol, and the largest force error, relative to |F| + 1 kJ/mol/nm.
    """
    particles = (
        {"types": model.types}
        if model.features is None
        else {"features": model.features, "feature_ranges": model.feature_ranges}
    )
    return {
        "representation": "program",
        **_origin(model),
        **particles,
        "global_parameters": model.global_parameters,
        "global_parameter_ranges": model.global_parameter_ranges,
        "length_unit": model.metadata.length_unit,
        "energy_unit": model.metadata.energy_unit,
        "truncated": model.truncated,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "domain": to_json(model.domain),
        "tolerance": tolerance,
        "radial_knots": knots,
        "weights": len(program.weights),
        "multiply_adds_per_pair": program.multiply_adds,
        "max_relative_force_error": force_error,
        "max_energy_error": energy_error,
    }
