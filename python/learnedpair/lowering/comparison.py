# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compares programs with their models, and single with double precision, at sampled pairs of particles."""

from typing import NamedTuple

import numpy as np

from ..errors import LoweringError, warn
from ..models.metadata.parameters import describe, settings

#: The largest allowed difference of program and model in energy or dE/dr, relative to 1 plus the largest of the sample.
MAX_DIFFERENCE = 1e-9
#: The number of pairs of particles for which programs are compared.
SAMPLE_PAIRS = 64
#: The number of these pairs that are compared at values of the global parameters other than their defaults.
PAIRS_AT_OTHER_VALUES = 16
#: The largest root mean square difference of forces in single and double precision, relative to the forces, without a
#: warning.
MAX_SINGLE_PRECISION_ERROR = 1e-4


class Case(NamedTuple):
    """Some pairs of particles, and the values of the global parameters with which they are evaluated."""

    first: np.ndarray
    second: np.ndarray
    values: dict

    def evaluate(self, function, distances):
        """Evaluate a function such as PairModel.evaluate() for every pair at every distance: energy and dE/dr."""
        return function(*self.spread(distances), **self.values)

    def spread(self, distances):
        """The distances and particles of every pair at every distance."""
        return (
            np.tile(distances, len(self.first)),
            np.repeat(self.first, len(distances), axis=0),
            np.repeat(self.second, len(distances), axis=0),
        )

    def name(self, distances, k):
        """The k-th result of evaluate() for messages: the distance and the values of the global parameters."""
        return f"at {distances[k % len(distances)]:.6g} nm{describe(self.values)}"


def cases_of(model, particles):
    """Sample pairs of particles: all at the default values of the global parameters, and some at other values.

    Returns
    -------
    list of Case
    """
    first, second = (particles[index] for index in _sample_pairs(particles))
    default, *others = settings(model.parameters)
    cases = [Case(first, second, default)]
    random = np.random.default_rng(3)
    for values in others:
        chosen = random.choice(len(first), min(len(first), PAIRS_AT_OTHER_VALUES), replace=False)
        cases.append(Case(first[chosen], second[chosen], values))
    return cases


def _sample_pairs(particles):
    """Choose pairs of distinct particles: all if there are few, else random ones.

    For each feature, the particles with its smallest and its largest value are also paired with themselves and with
    each other.

    Parameters
    ----------
    particles : ndarray, shape (n,) of types or (n, n_features)
        Distinct particles.

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
    """Require that a program gives the energies and dE/dr of its model.

    Raises
    ------
    LoweringError
    """
    for found, expected, what in zip(
        case.evaluate(program.evaluate, distances),
        case.evaluate(model.evaluate, distances),
        ("energy", "derivative dE/dr"),
        strict=True,
    ):
        difference = np.abs(found - expected)
        if not (difference <= MAX_DIFFERENCE * (1 + np.abs(expected).max(initial=0))).all():
            k = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
            raise LoweringError(
                f"{model.source}: the program differs from the model: {case.name(distances, k)} its {what} is"
                f" {found[k]:.10g}, and that of the model {expected[k]:.10g}. The model may compute in single"
                " precision, or do what cannot be recorded; a typed model can always use representation='table'."
            )


def largest_errors(model, program, case, distances):
    """The largest energy error and relative force error of a program, compared with its model."""
    energy, dEdR = case.evaluate(model.evaluate, distances)
    program_energy, program_dEdR = case.evaluate(program.evaluate, distances)
    return float(np.abs(program_energy - energy).max(initial=0)), float(
        (np.abs(program_dEdR - dEdR) / (np.abs(dEdR) + 1)).max(initial=0)
    )


def warn_of_single_precision(model, program, cases, distances):
    """Warn if a program loses too much accuracy in single precision, which most platforms use."""
    advice = (
        "CPU, and OpenCL and CUDA in single and mixed precision, evaluate it so; Reference, and OpenCL and CUDA in"
        " double precision, do not. Look for exponentials that overflow, such as log(1 + exp(x)) in place of"
        " softplus(x), for very large and very small numbers, and for differences of large numbers."
    )
    for case in cases:
        dEdR, single = (
            case.evaluate(program.evaluate, distances)[1],
            case.evaluate(program.evaluate_in_single_precision, distances),
        )
        not_finite = ~np.isfinite(single[0] + single[1])
        if not_finite.any():
            k = int(np.argmax(not_finite))
            warn(
                f"{model.source}: in single precision the program is not finite: {case.name(distances, k)} the energy"
                f" is {single[0][k]:g} and dE/dr is {single[1][k]:g}. {advice}"
            )
            return
        error, size = (np.sqrt(np.mean(values**2)) if len(values) else 0.0 for values in (single[1] - dEdR, dEdR))
        if error > MAX_SINGLE_PRECISION_ERROR * (size + MAX_SINGLE_PRECISION_ERROR):
            warn(
                f"{model.source}: in single precision the forces of the program have a relative error of"
                f" {error / size if size else np.inf:.1e} (root mean square{describe(case.values)})."
                f" {advice}"
            )
            return
