# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From a model to a PairProgram: recorded, compared with the model, and if asked for with its radial part in a table."""

import warnings

import numpy as np

from .errors import LoweringError
from .force import PairProgram
from .lowering import CONTROL_POINTS, PROBES, SAFETY, check_tolerance
from .recording import record_module

#: How much a program may differ from its model in energy or force, relative to the largest of the sample and to 1.
SAME = 1e-9
#: Pairs of particles for which programs are compared, and distances for each of them.
SAMPLE_PAIRS, SAMPLE_DISTANCES = 64, 65
#: The largest difference of forces in single and double precision, root mean square and relative to the forces, that is no reason for a warning.
SINGLE_PRECISION = 1e-4
FEWEST_KNOTS, MOST_KNOTS = 33, 16385


def sample_pairs(particles):
    """Some pairs of distinct particles: all of them if there are few. Those with the least and the most of a feature, with
    themselves and with each other, are among them.

    Parameters
    ----------
    particles : ndarray, shape (n,) of types or (n, n_features), distinct ones

    Returns
    -------
    first, second : ndarray of int
        Indices into the particles.
    """
    first, second = np.triu_indices(len(particles))
    if len(first) > SAMPLE_PAIRS:
        chosen = np.random.default_rng(0).choice(len(first), SAMPLE_PAIRS, replace=False)
        first, second = first[chosen], second[chosen]
        if particles.ndim == 2:
            least, most = (extreme(particles, axis=0)[:SAMPLE_PAIRS] for extreme in (np.argmin, np.argmax))
            first, second = np.concatenate([first, least, least, most]), np.concatenate([second, least, most, most])
    return first, second


def lower_to_program(model, particles, tolerance=None, knots=0):
    """Record a model as a PairProgram.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        The distinct particles for which the program is compared with the model; without any it is not compared, and gets no
        table.
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
        ``multiply_adds_per_pair``, ``max_relative_force_error`` (of |dF| / (|F| + 1 kJ/mol/nm)) and ``max_energy_error`` in
        kJ/mol, both against the model; ``types``, or ``features`` and ``feature_ranges``; ``global_parameters``, ``domain_nm``, ``model``, ``digest``,
        ``description``.

    Raises
    ------
    LoweringError
        If the model does something that a program cannot express, naming the operation and the line, or if the program
        does not give what the model gives.
    """
    if tolerance is not None:
        tolerance = check_tolerance(tolerance)
    typed = model.features is None
    text, weights = record_module(model.module, source=model.source, num_types=len(model.types) if typed else None, num_features=None if typed else len(model.features),
                                  global_parameters=tuple(model.global_parameters), length_factor=model.length_factor, energy_factor=model.energy_factor)
    exact = PairProgram(text, weights, num_types=len(model.types) if typed else 0, num_features=0 if typed else len(model.features),
                        min_distance=model.inner_cutoff, global_parameters=model.global_parameters)
    particles = np.asarray(particles)
    pairs = [particles[index] for index in sample_pairs(particles)]
    _require_same(model, exact, *_spread(model, pairs, np.linspace(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)))
    program = exact
    if tolerance is not None and len(pairs[0]) > 0:  # without a pair there is nothing to measure a table by
        program, knots = _tabulate_radial(model, exact, pairs, tolerance, knots)
    energy_error, force_error = _errors(model, program, *_spread(model, pairs, np.random.default_rng(1).uniform(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)))
    report = {
        "representation": "program",
        "model": model.source,
        "digest": model.digest,
        "description": model.description,
        **({"types": model.types} if typed else {"features": model.features, "feature_ranges": model.feature_ranges}),
        "global_parameters": model.global_parameters,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "tolerance": tolerance,
        "radial_knots": knots,
        "weights": len(program.weights),
        "multiply_adds_per_pair": program.multiply_adds,
        "max_relative_force_error": force_error,
        "max_energy_error": energy_error,
    }
    _warn_of_single_precision(model, program, *_spread(model, pairs, np.linspace(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)))
    return program, report


def _warn_of_single_precision(model, program, r, particle1, particle2):
    """Say if the program cannot be computed in single precision, in which most platforms do."""
    slope, single = program.evaluate(r, particle1, particle2)[1], program.evaluate_in_single_precision(r, particle1, particle2)
    lost = ~np.isfinite(single[0] + single[1])
    advice = ("CPU, and OpenCL and CUDA in single and mixed precision, compute it so; Reference, and the others in double precision, do not. "
              "Look for exponentials that overflow, such as log(1 + exp(x)) in place of softplus(x), for very large and very small numbers, and for differences of large numbers.")
    if lost.any():
        k = int(np.argmax(lost))
        warnings.warn(f"{model.source}: in single precision the program is not finite: at {r[k]:.6g} nm the energy is {single[0][k]:g} and its slope {single[1][k]:g}. {advice}", stacklevel=5)
        return
    error, size = (np.sqrt(np.mean(values**2)) if len(values) else 0.0 for values in (single[1] - slope, slope))
    if error > SINGLE_PRECISION * (size + SINGLE_PRECISION):
        warnings.warn(f"{model.source}: in single precision the forces of the program are off by {error / size if size else np.inf:.1e} of their size (root mean square). {advice}", stacklevel=5)


def _spread(model, pairs, distances):
    """Every pair at every distance: r, particle1, particle2."""
    first, second = pairs
    return np.tile(distances, len(first)), np.repeat(first, len(distances), axis=0), np.repeat(second, len(distances), axis=0)


def _require_same(model, program, r, particle1, particle2):
    for found, expected, what in zip(program.evaluate(r, particle1, particle2), model.evaluate(r, particle1, particle2), ("energy", "slope"), strict=True):
        difference = np.abs(found - expected)
        if not (difference <= SAME * (1 + np.abs(expected).max(initial=0))).all():
            k = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
            raise LoweringError(f"{model.source}: the program does not give what the model gives: at {r[k]:.6g} nm the {what} is {found[k]:.10g}, and of the model {expected[k]:.10g}. "
                                "The model may compute in single precision, or use what cannot be recorded; a typed model can always use representation='table'.")


def _errors(model, reference_program, r, particle1, particle2):
    """The largest energy error and relative force error of a program against the model."""
    energy, slope = model.evaluate(r, particle1, particle2)
    program_energy, program_slope = reference_program.evaluate(r, particle1, particle2)
    return float(np.abs(program_energy - energy).max(initial=0)), float((np.abs(program_slope - slope) / (np.abs(slope) + 1)).max(initial=0))


def _tabulate_radial(model, exact, pairs, tolerance, given_knots):
    """The program with a table for what depends on r alone, and the number of its knots; as it was if there is no such thing."""
    knots = given_knots or FEWEST_KNOTS
    while True:
        program = exact.tabulate_radial(model.cutoff, knots)
        if not program.has_table:
            return exact, 0
        width = (model.cutoff - model.inner_cutoff) / (knots - 1)
        positions = np.concatenate([PROBES, np.random.default_rng(0).random(CONTROL_POINTS)])
        r, particle1, particle2 = _spread(model, pairs, model.inner_cutoff + width * (np.arange(knots - 1)[:, None] + positions).ravel())
        slope, table_slope = exact.evaluate(r, particle1, particle2)[1], program.evaluate(r, particle1, particle2)[1]
        ratios = np.abs(table_slope - slope) / (SAFETY * tolerance * (np.abs(slope) + 1))
        ratio = float(ratios.max(initial=0))
        if ratio <= (1 / SAFETY if given_knots else 1):
            return program, knots
        if given_knots or knots >= MOST_KNOTS:
            k = int(np.argmax(ratios))
            raise LoweringError(f"{model.source}: the table of what depends on the distance alone does not reach the tolerance {tolerance:g} with {knots} knots: at {r[k]:.5g} nm the force is "
                                f"{abs(slope[k]):.4g} kJ/mol/nm and the error {abs(table_slope[k] - slope[k]):.2g}. Allow a larger tolerance, use tabulate_radial=False, or look for a kink.")
        knots = min(MOST_KNOTS, int(np.ceil(knots * float(np.clip(1.05 * ratio ** (1 / 3), 1.1, 4)))))
