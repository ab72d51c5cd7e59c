# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""By how much the squared errors of the data of a spline fit grow when its coefficients change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..least_squares import null_space
from ..pairs_of_types import PairOfTypes
from ..result import SplineFit
from ..spline_problem import flat_rows, problem_of

Array = NDArray[np.float64]

#: Relative to the mean of the diagonal, this much is added to it: some coefficients hardly matter for the data.
RIDGE = 1e-9


@dataclass(frozen=True)
class DataCost:
    """The quadratic form (c - c0)^T H (c - c0): the increase of the squared errors and of the roughness of a fit, in
    units of their value for the fitted coefficients c0, or of the squared expected errors if these are larger.

    Attributes
    ----------
    start : ndarray, shape (n_coefficients,)
        c0
    curvature : ndarray, shape (n_coefficients, n_coefficients)
        H
    roughness : ndarray, shape (n_coefficients, n_coefficients)
        The quadratic form of the squared third differences, in units of the typical size of a coefficient.
    space : ndarray, shape (n_coefficients, n_free)
        An orthonormal basis of the changes that are allowed: slopes at the shortest distance that the fit set to zero
        stay zero.
    """

    start: Array
    curvature: Array
    roughness: Array
    space: Array

    @classmethod
    def of(cls, fit: SplineFit) -> DataCost:
        """Make the quadratic form of a fit."""
        bases = {pair: result.basis for pair, result in fit.pairs.items()}
        places = _places(fit)
        size = sum(basis.size for basis in bases.values())
        curvature, roughness = np.zeros((2, size, size))
        value, expected = 0.0, 0
        for component in fit.components:
            problem = problem_of(component, {pair: fit.pairs[pair].basis for pair in component.pairs}, fit.interacting)
            rows = np.concatenate([places[pair] for pair in component.pairs])
            smoothness = next(fit.pairs[pair].smoothness for pair in component.pairs)
            its_coefficients = fit.coefficients[rows]
            residuals = problem.matrix @ its_coefficients - problem.target
            rough = problem.penalty @ its_coefficients
            value += float(residuals @ residuals + smoothness * (rough @ rough))
            expected += len(problem.target)
            roughness[np.ix_(rows, rows)] = problem.penalty.T @ problem.penalty
            data = problem.matrix.T @ problem.matrix
            curvature[np.ix_(rows, rows)] = data + smoothness * roughness[np.ix_(rows, rows)]
        curvature /= max(value, expected)
        curvature += RIDGE * np.trace(curvature) / size * np.eye(size)
        flat_at = flat_rows(bases)
        flat = np.array([flat_at[pair] for pair, result in fit.pairs.items() if result.is_flat]).reshape(-1, size)
        return cls(fit.coefficients, curvature, roughness, null_space(flat))

    def increase(self, coefficients: Array) -> float:
        """The increase of the squared errors, as a fraction."""
        change = coefficients - self.start
        return float(change @ self.curvature @ change)

    def step(
        self,
        coefficients: Array,
        weight: float,
        smoothness: float,
        errors: Array,
        slopes: Array,
        damping: Array | float,
    ) -> Array:
        """The step of Gauss and Newton for the squares of some errors, plus weight times the increase, plus smoothness
        times the roughness of the change from the fit, plus the damping.

        Parameters
        ----------
        coefficients : ndarray, shape (n_coefficients,)
        weight, smoothness : float
        errors : ndarray, shape (n_errors,)
        slopes : ndarray, shape (n_errors, n_coefficients)
            Their derivatives by the coefficients.
        damping : ndarray, shape (n_coefficients, n_coefficients), or 0
            The quadratic form of the step that is minimized as well.
        """
        prior = weight * self.curvature + smoothness * self.roughness
        matrix = prior + slopes.T @ slopes + damping
        gradient = prior @ (coefficients - self.start) + slopes.T @ errors
        step = np.linalg.solve(self.space.T @ matrix @ self.space, -self.space.T @ gradient)
        return np.asarray(self.space @ step)


def _places(fit: SplineFit) -> dict[PairOfTypes, NDArray[np.int64]]:
    """The indices of the coefficients of each pair of types; of a pair in either order."""
    result, start = {}, 0
    for pair, each in fit.pairs.items():
        result[pair] = result[pair[::-1]] = np.arange(start, start + each.basis.size)
        start += each.basis.size
    return result
