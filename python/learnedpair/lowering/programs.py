# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Turns a model into a PairProgram: records it, compares both, and optionally tabulates the radial part."""

import numpy as np

from ..force.functions import PairProgram
from .comparison import cases_of, largest_errors, require_same, warn_of_single_precision
from .radial_tables import tabulate_radial
from .recording import record_module
from .reports import program_report
from .tolerance import check_tolerance

#: The number of distances at which programs are compared with their models.
SAMPLE_DISTANCES = 65


def lower_to_program(model, particles, tolerance=None, knots=0):
    """Record a model as a PairProgram.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        The distinct particles for which the program is compared with the model. If there are none, it is not compared,
        and its radial part is not tabulated.
    tolerance : float or None
        If a number, the radial part of the program is tabulated, with a force error of at most
        ``tolerance * (|F(r)| + 1 kJ/mol/nm)`` for all sampled pairs and distances. If None, the program stays exact.
    knots : int
        The number of knots of the table; 0 for as many as the tolerance requires.

    Returns
    -------
    program : PairProgram
    report : dict
        ``representation``; ``tolerance``; ``radial_knots``, 0 without a table; ``weights``, their number;
        ``multiply_adds_per_pair``; ``max_relative_force_error``, the maximum of |dF| / (|F| + 1 kJ/mol/nm), and
        ``max_energy_error`` in kJ/mol, both relative to the model; ``types``, or ``features`` and ``feature_ranges``;
        ``global_parameters``; ``global_parameter_ranges``; ``length_unit`` and ``energy_unit``, to which Quantities of
        global parameters are converted; ``domain_nm``; ``truncated``; ``model``, its name; ``digest``;
        ``description``. Errors are maxima over all sampled pairs, distances and values of the global parameters.

    Raises
    ------
    LoweringError
        If the model contains an operation that a program cannot express, with the operation and its line; or if the
        program does not give the energies and forces of the model.
    """
    if tolerance is not None:
        tolerance = check_tolerance(tolerance)
    exact = _record(model)
    cases = cases_of(model, np.asarray(particles))
    grid = np.linspace(model.inner_cutoff, model.last_distance, SAMPLE_DISTANCES)
    for case in cases:
        require_same(model, exact, case, grid)
    program = exact
    if tolerance is not None and len(cases[0].first) > 0:  # the error of a table is measured at pairs
        program, knots = tabulate_radial(model, exact, cases, tolerance, knots)
    between = np.random.default_rng(1).uniform(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)
    errors = [largest_errors(model, program, case, between) for case in cases]
    energy_error, force_error = (max(error) for error in zip(*errors))
    # In single precision the last distance of a truncated model may be rounded to the cutoff or beyond.
    warn_of_single_precision(model, program, cases, grid[:-1] if model.truncated else grid)
    return program, program_report(model, program, knots, tolerance, energy_error, force_error)


def _record(model):
    """Record a model as a PairProgram, without any change."""
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
