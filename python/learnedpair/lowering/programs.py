# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From a model to a PairProgram: recorded, compared with the model, and if asked for with its radial part in a
table.
"""

from typing import NamedTuple

import numpy as np

from ..errors import LoweringError, warn
from ..force.learned_pair_force import PairProgram
from ..models.metadata.parameters import describe, settings
from .recording import record_module
from .tables import CONTROL_POINTS, PROBES, SAFETY, check_tolerance

#: How much a program may differ from its model in energy or force, relative to the largest of the sample and to 1.
SAME = 1e-9
#: Pairs of particles for which programs are compared, and distances for each of them.
SAMPLE_PAIRS, SAMPLE_DISTANCES = 64, 65
#: How many of these pairs are taken at other values of the global parameters than their defaults.
PAIRS_AT_OTHER_VALUES = 16
#: The largest difference of forces in single and double precision, root mean square and relative to the forces, that is
#: no reason for a warning.
SINGLE_PRECISION = 1e-4
FEWEST_KNOTS, MOST_KNOTS = 33, 16385
#: Knots are added for so few pairs first, and then for all of them.
PAIRS_TO_BEGIN_WITH = 6


def sample_pairs(particles):
    """Some pairs of distinct particles: all of them if there are few. Those with the least and the most of a feature,
    with
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
        The distinct particles for which the program is compared with the model; without any it is not compared, and
        gets no
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
    exact = PairProgram(
        text,
        weights,
        num_types=len(model.types) if typed else 0,
        num_features=0 if typed else len(model.features),
        min_distance=model.inner_cutoff,
        global_parameters={name: (p.default, p.low, p.high) for name, p in model.parameters.items()},
    )
    cases = _cases(model, np.asarray(particles))
    grid = np.linspace(model.inner_cutoff, model.last_distance, SAMPLE_DISTANCES)
    for case in cases:
        _require_same(model, exact, case, grid)
    program = exact
    if tolerance is not None and len(cases[0].first) > 0:  # without a pair there is nothing to measure a table by
        program, knots = _tabulate_radial(model, exact, cases, tolerance, knots)
    between = np.random.default_rng(1).uniform(model.inner_cutoff, model.cutoff, SAMPLE_DISTANCES)
    errors = [_errors(model, program, case, between) for case in cases]
    energy_error, force_error = (max(error) for error in zip(*errors))
    report = {
        "representation": "program",
        "model": model.source,
        "digest": model.digest,
        "description": model.description,
        **({"types": model.types} if typed else {"features": model.features, "feature_ranges": model.feature_ranges}),
        "global_parameters": model.global_parameters,
        "global_parameter_ranges": model.global_parameter_ranges,
        "length_unit": model.metadata.length_unit,
        "energy_unit": model.metadata.energy_unit,
        "truncated": model.truncated,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "tolerance": tolerance,
        "radial_knots": knots,
        "weights": len(program.weights),
        "multiply_adds_per_pair": program.multiply_adds,
        "max_relative_force_error": force_error,
        "max_energy_error": energy_error,
    }
    _warn_of_single_precision(
        model, program, cases, grid[:-1] if model.truncated else grid
    )  # rounding may put its end beyond the cutoff
    return program, report


class _Case(NamedTuple):
    """Some pairs of particles, and the values of the global parameters that they are evaluated with."""

    first: np.ndarray
    second: np.ndarray
    values: dict

    def evaluate(self, function, distances):
        """Every pair at every distance: energies and slopes by a function such as PairModel.evaluate()."""
        return function(*self.spread(distances), **self.values)

    def spread(self, distances):
        return (
            np.tile(distances, len(self.first)),
            np.repeat(self.first, len(distances), axis=0),
            np.repeat(self.second, len(distances), axis=0),
        )

    def name(self, distances, k):
        """What messages call the k-th result of evaluate()."""
        return f"at {distances[k % len(distances)]:.6g} nm{describe(self.values)}"


def _cases(model, particles):
    """All sampled pairs of particles at the default values of the global parameters, and some at other values."""
    first, second = (particles[index] for index in sample_pairs(particles))
    default, *others = settings(model.parameters)
    cases = [_Case(first, second, default)]
    random = np.random.default_rng(3)
    for values in others:
        chosen = random.choice(len(first), min(len(first), PAIRS_AT_OTHER_VALUES), replace=False)
        cases.append(_Case(first[chosen], second[chosen], values))
    return cases


def _warn_of_single_precision(model, program, cases, distances):
    """Say if the program cannot be computed in single precision, in which most platforms do."""
    advice = (
        "CPU, and OpenCL and CUDA in single and mixed precision, compute it so; Reference, and the others in double"
        " precision, do not. Look for exponentials that overflow, such as log(1 + exp(x)) in place of softplus(x), for"
        " very large and very small numbers, and for differences of large numbers."
    )
    for case in cases:
        slope, single = (
            case.evaluate(program.evaluate, distances)[1],
            case.evaluate(program.evaluate_in_single_precision, distances),
        )
        lost = ~np.isfinite(single[0] + single[1])
        if lost.any():
            k = int(np.argmax(lost))
            warn(
                f"{model.source}: in single precision the program is not finite: {case.name(distances, k)} the energy"
                f" is {single[0][k]:g} and its slope {single[1][k]:g}. {advice}"
            )
            return
        error, size = (np.sqrt(np.mean(values**2)) if len(values) else 0.0 for values in (single[1] - slope, slope))
        if error > SINGLE_PRECISION * (size + SINGLE_PRECISION):
            warn(
                f"{model.source}: in single precision the forces of the program are off by"
                f" {error / size if size else np.inf:.1e} of their size (root mean square{describe(case.values)})."
                f" {advice}"
            )
            return


def _require_same(model, program, case, distances):
    for found, expected, what in zip(
        case.evaluate(program.evaluate, distances),
        case.evaluate(model.evaluate, distances),
        ("energy", "slope"),
        strict=True,
    ):
        difference = np.abs(found - expected)
        if not (difference <= SAME * (1 + np.abs(expected).max(initial=0))).all():
            k = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
            raise LoweringError(
                f"{model.source}: the program does not give what the model gives: {case.name(distances, k)} the {what}"
                f" is {found[k]:.10g}, and of the model {expected[k]:.10g}. The model may compute in single precision,"
                " or use what cannot be recorded; a typed model can always use representation='table'."
            )


def _errors(model, program, case, distances):
    """The largest energy error and relative force error of a program against the model."""
    energy, slope = case.evaluate(model.evaluate, distances)
    program_energy, program_slope = case.evaluate(program.evaluate, distances)
    return float(np.abs(program_energy - energy).max(initial=0)), float(
        (np.abs(program_slope - slope) / (np.abs(slope) + 1)).max(initial=0)
    )


def _tabulate_radial(model, exact, cases, tolerance, given_knots):
    """The program with a table for what depends on r alone, and the number of its knots; as it was if there is no such
    thing.
    """
    few = [_Case(case.first[:PAIRS_TO_BEGIN_WITH], case.second[:PAIRS_TO_BEGIN_WITH], case.values) for case in cases]
    knots = given_knots or _refine(model, exact, few, tolerance, 0, FEWEST_KNOTS)[1]
    return _refine(model, exact, cases, tolerance, given_knots, knots) if knots else (exact, 0)


def _refine(model, exact, cases, tolerance, given_knots, knots):
    """The same for some pairs of particles, beginning with a number of knots."""
    while True:
        program = exact.tabulate_radial(model.cutoff, knots)
        if not program.has_table:
            return exact, 0
        width = (model.cutoff - model.inner_cutoff) / (knots - 1)
        positions = np.concatenate([PROBES, np.random.default_rng(0).random(CONTROL_POINTS)])
        distances = model.inner_cutoff + width * (np.arange(knots - 1)[:, None] + positions).ravel()
        ratio, worst = 0.0, ""
        for case in cases:
            slope, table_slope = (
                case.evaluate(exact.evaluate, distances)[1],
                case.evaluate(program.evaluate, distances)[1],
            )
            ratios = np.abs(table_slope - slope) / (SAFETY * tolerance * (np.abs(slope) + 1))
            k = int(np.argmax(ratios))
            if ratios[k] > ratio:
                ratio, worst = (
                    float(ratios[k]),
                    (
                        f"{case.name(distances, k)} the force is {abs(slope[k]):.4g} kJ/mol/nm and the error"
                        f" {abs(table_slope[k] - slope[k]):.2g}"
                    ),
                )
        if ratio <= (1 / SAFETY if given_knots else 1):
            return program, knots
        if given_knots or knots >= MOST_KNOTS:
            raise LoweringError(
                f"{model.source}: the table of what depends on the distance alone does not reach the tolerance"
                f" {tolerance:g} with {knots} knots: {worst}. Allow a larger tolerance, use tabulate_radial=False, or"
                " look for a kink."
            )
        knots = min(MOST_KNOTS, int(np.ceil(knots * float(np.clip(1.05 * ratio ** (1 / 3), 1.1, 4)))))
