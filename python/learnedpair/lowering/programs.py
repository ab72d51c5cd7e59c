# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From a model to a PairProgram: recorded, compared with the model, and if asked for with its radial part in a
table.
"""

import numpy as np

from ..force.functions import PairProgram
from .comparison import cases_of, largest_errors, require_same, warn_of_single_precision
from .radial_tables import tabulate_radial
from .recording import record_module
from .reports import program_report
from .tolerance import check_tolerance

#: At how many distances programs are compared with their models.
SAMPLE_DISTANCES = 65


def lower_to_program(model, particles, tolerance=None, knots=0):
    """Record a model as a PairProgram.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        The distinct particles for which the program is compared with the model; without any it is not compared, and
        gets no table.
    tolerance : float or None
        If a number, what depends on the distance alone is put into a table, so fine that the force error is at most
        ``tolerance * (|F(r)| + 1 kJ/mol/nm)`` at all sampled pairs and distances. None keeps the program as it is.

    knots : int
        The number of knots that the table must have, 0 for as many as the tolerance takes.

    Returns
    -------
    program : PairProgram
    report : dict
        ``representation``, ``tolerance``, ``radial_knots`` (0 without a table), ``weights`` (how many numbers),
        ``multiply_adds_per_pair``, ``max_relative_force_error`` (of |dF| / (|F| + 1 kJ/mol/nm)) and
        ``max_energy_error`` in
        kJ/mol, both against the model; ``types``, or ``features`` and ``feature_ranges``; ``global_parameters``,
        ``global_parameter_ranges``,
        ``length_unit`` and ``energy_unit`` (of Quantities of global parameters), ``domain_nm``, ``truncated``,
        ``model``, ``digest``, ``description``. Errors are the largest at all values of the global parameters that
        were tried.

    Raises
    ------
    LoweringError
        If the model does something that a program cannot express, naming the operation and the line, or if the program
        does not give what the model gives.
    """
    if tolerance is not None:
        tolerance = check_tolerance(tolerance)
    exact = _record(model)
    cases = cases_of(model, np.asarray(particles))
    grid = np.linspace(model.inner_cutoff, model.last_distance, SAMPLE_DISTANCES)
    for case in cases:
        require_same(model, exact, case, grid)
    program = exact
    if tolerance is not None and len(cases[0].first) > 0:  # without a pair there is nothing to measure a table by
        program, knots = tabulate_radial(model, exact, cases, tolerance, knots)
    between = np.random.default_rng(1).uniform(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)
    errors = [largest_errors(model, program, case, between) for case in cases]
    energy_error, force_error = (max(error) for error in zip(*errors))
    # Rounding may put the end of a truncated model beyond the cutoff.
    warn_of_single_precision(model, program, cases, grid[:-1] if model.truncated else grid)
    return program, program_report(model, program, knots, tolerance, energy_error, force_error)


def _record(model):
    """The model as a program, exactly as it was recorded."""
    typed = model.features is None
    text, weights = record_module(
        model.module,
        source=model.source,
        num_types=len(model.types) if typed else None,
        num_features=None if typed else len(model.features),
        global_parameters=tuple(model.global_parameters),
        length_factor=model.length_factor,
        energy_factor=model.energy_factor,
    )
    return PairProgram(
        text,
        weights,
        num_types=len(model.types) if typed else 0,
        features=model.feature_ranges,
        min_distance=model.inner_cutoff,
        global_parameters={name: (p.default, p.low, p.high) for name, p in model.parameters.items()},
    )
