# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compares programs with their models, and with themselves in single precision, at sampled pairs of particles."""

from typing import NamedTuple

import numpy as np

from ..errors import LoweringError, warn
from ..models.metadata.parameters import describe, settings

#: How much a program may differ from its model in energy or force, relative to the largest of the sample and to 1.
SAME = 1e-9
#: Pairs of particles for which programs are compared.
SAMPLE_PAIRS = 64
#: How many of these pairs are taken at other values of the global parameters than their defaults.
PAIRS_AT_OTHER_VALUES = 16
#: The largest difference of forces in single and double precision, root mean square and relative to the forces, that is
#: no reason for a warning.
SINGLE_PRECISION = 1e-4


class Case(NamedTuple):
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


def cases_of(model, particles):
    """All sampled pairs of particles at the default values of the global parameters, and some at other values."""
    first, second = (particles[index] for index in _sample_pairs(particles))
    default, *others = settings(model.parameters)
    cases = [Case(first, second, default)]
    random = np.random.default_rng(3)
    for values in others:
        chosen = random.choice(len(first), min(len(first), PAIRS_AT_OTHER_VALUES), replace=False)
        cases.append(Case(first[chosen], second[chosen], values))
    return cases


def _sample_pairs(particles):
    """Some pairs of distinct particles: all of them if there are few. Those with the least and the most of a feature,
    with themselves and with each other, are among them.

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


def require_same(model, program, case, distances):
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


def largest_errors(model, program, case, distances):
    """The largest energy error and relative force error of a program against the model."""
    energy, slope = case.evaluate(model.evaluate, distances)
    program_energy, program_slope = case.evaluate(program.evaluate, distances)
    return float(np.abs(program_energy - energy).max(initial=0)), float(
        (np.abs(program_slope - slope) / (np.abs(slope) + 1)).max(initial=0)
    )


def warn_of_single_precision(model, program, cases, distances):
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
