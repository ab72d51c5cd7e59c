# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Linear least squares with a roughness penalty, whose weight is chosen by leave-one-out errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

Array = NDArray[np.float64]

#: The weights of the penalty that are tried.
SMOOTHNESS = 10.0 ** np.arange(-10, 8.25, 0.5)
#: With more rows than this, every fourth weight is tried.
MANY_ROWS = 5000
#: The largest fraction of configurations whose leave-one-out error may be unknown when a weight is chosen.
MOST_IRREPLACEABLE = 0.1
#: The smoothest solution is chosen whose leave-one-out error is at most this factor above the smallest.
TOLERATED = 1.02
#: Below this, rounding errors dominate the part of the residuals that is left when a configuration is left out.
SMALLEST_FREEDOM = 1e-9
#: Above this square of a diagonal element of the Cholesky factor, the exact eigenvalues are not needed.
SAFE_FREEDOM = 1e-4


@dataclass(frozen=True)
class Problem:
    """Minimize |A c - y|^2 + smoothness |D c|^2, subject to C c = 0.

    Attributes
    ----------
    matrix : ndarray, shape (n_rows, n_coefficients)
        A: each row is divided by the error that is expected of its datum, as y is.
    target : ndarray, shape (n_rows,)
    groups : ndarray of int, shape (n_rows,)
        The configuration of each row. They increase from 0.
    penalty : ndarray, shape (n_penalties, n_coefficients)
        D
    constraints : ndarray, shape (n_constraints, n_coefficients)
        C
    at_ends : ndarray of bool, shape (n_rows,)
        Whether the configuration of the row has the shortest or the longest distance of a pair of types. Without it the
        fit extrapolates, so that its leave-one-out error does not count in the choice of the smoothness.
    """

    matrix: Array
    target: Array
    groups: NDArray[np.int64]
    penalty: Array
    constraints: Array
    at_ends: NDArray[np.bool_]


@dataclass(frozen=True)
class Solution:
    """The solution of a Problem.

    Attributes
    ----------
    coefficients : ndarray, shape (n_coefficients,)
    smoothness : float
    residuals : ndarray, shape (n_rows,)
        A c - y
    leave_one_out : ndarray, shape (n_rows,)
        The same, with the coefficients that are fitted without the configuration of the row; NaN for a configuration
        without which the coefficients are not determined.
    num_effective : float
        The effective number of coefficients, the trace of the matrix that maps data to predictions.
    root : ndarray, shape (n_coefficients, n_free)
        The covariance of the coefficients is root root^T, if the errors of the rows are 1 and the penalty is a prior.
    """

    coefficients: Array
    smoothness: float
    residuals: Array
    leave_one_out: Array
    num_effective: float
    root: Array

    def error_of(self, row: Array) -> float:
        """The standard error of a linear function of the coefficients, given by a row."""
        return self.error_of_rows * float(np.linalg.norm(row @ self.root))

    @property
    def error_of_rows(self) -> float:
        """The standard deviation of the errors of the rows, from the residuals; 1 if too few data are left for that."""
        freedom = len(self.residuals) - self.num_effective
        return float(np.sqrt(np.sum(self.residuals**2) / freedom)) if freedom >= 1 else 1.0

    def leave_one_out_error(self, counted: NDArray[np.bool_]) -> float:
        """The root mean square of some leave-one-out residuals; infinite if one of them is not known."""
        known = self.leave_one_out[counted]
        return float(np.sqrt(np.mean(known**2))) if len(known) > 0 and np.isfinite(known).all() else np.inf


def solve(problem: Problem, smoothness: float | None = None) -> Solution:
    """Solve a Problem.

    Parameters
    ----------
    problem : Problem
    smoothness : float, optional
        By default the largest one whose leave-one-out error is at most 2 % above the smallest.

    Returns
    -------
    Solution

    Raises
    ------
    ModelError
        If the data do not determine the coefficients.

    References
    ----------
    Leave-one-out residuals of linear least squares: (I - H_gg)^-1 e_g for the rows g of a configuration, where e are
    the residuals and H maps data to predictions. R. D. Cook and S. Weisberg, Residuals and Influence in Regression
    (1982), section 2.2.
    """
    reduced = _Reduced(problem)
    if smoothness is not None:
        return reduced.solve(smoothness)
    grid = SMOOTHNESS if len(problem.target) <= MANY_ROWS else SMOOTHNESS[::4]
    solutions = [reduced.solve(each) for each in grid]
    counted = ~(problem.at_ends | _are_irreplaceable(problem, solutions))
    errors = [each.leave_one_out_error(counted) for each in solutions]
    if not np.isfinite(min(errors)):  # a configuration that nothing replaces, such as the only one
        return reduced.solve(1.0)
    return max(
        (each for each, error in zip(solutions, errors) if error <= TOLERATED * min(errors)),
        key=lambda each: each.smoothness,
    )


def _are_irreplaceable(problem: Problem, solutions: list[Solution]) -> NDArray[np.bool_]:
    """The rows of a few configurations without which a part of the coefficients is not determined, such as the only one
    with a short distance. Otherwise the smoothness would be so large that they are not fitted. If there are many, the
    data are sparse, and none is left out.
    """
    moderate = min(solutions, key=lambda each: abs(np.log(each.smoothness)))
    unknown = ~np.isfinite(moderate.leave_one_out)
    configurations = np.unique(problem.groups[unknown])
    few = len(configurations) <= MOST_IRREPLACEABLE * (problem.groups[-1] + 1)
    return unknown if few else np.zeros_like(unknown)


class _Reduced:
    """A Problem whose constraints are eliminated and whose matrix is reduced to a triangle."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space = null_space(problem.constraints)
        matrix = problem.matrix @ self.space
        self.left, self.triangle = np.linalg.qr(matrix)
        self.projected = self.left.T @ problem.target
        self.penalty = problem.penalty @ self.space
        starts = np.flatnonzero(np.diff(problem.groups, prepend=-1))
        self.blocks = list(zip(starts, [*starts[1:], len(problem.groups)]))
        self.are_single = len(self.blocks) == len(problem.groups)

    def solve(self, smoothness: float) -> Solution:
        stacked = np.concatenate([self.triangle, np.sqrt(smoothness) * self.penalty])
        q, r = np.linalg.qr(stacked)
        diagonal = np.abs(np.diag(r))
        if len(diagonal) < stacked.shape[1] or diagonal.min() <= 1e-13 * diagonal.max():
            raise ModelError(
                "the data do not determine the pair functions: there are too few different distances, or pairs of"
                " types that always occur together in the same way; add configurations, or leave out a pair of types."
            )
        top = q[: len(self.triangle)]
        inverse = np.linalg.solve(r, np.eye(len(r)))
        reduced = inverse @ (top.T @ self.projected)
        residuals = self.problem.matrix @ (self.space @ reduced) - self.problem.target
        return Solution(
            coefficients=self.space @ reduced,
            smoothness=smoothness,
            residuals=residuals,
            leave_one_out=self._leave_one_out(self.left @ top, residuals),
            num_effective=float((top**2).sum()),
            root=self.space @ inverse,
        )

    def _leave_one_out(self, root: Array, residuals: Array) -> Array:
        """The leave-one-out residuals; H is root root^T."""
        if self.are_single:
            freedom = 1 - (root**2).sum(axis=1)
            return np.where(freedom > SMALLEST_FREEDOM, residuals / np.maximum(freedom, SMALLEST_FREEDOM), np.nan)
        result = np.empty_like(residuals)
        for start, end in self.blocks:
            block = np.eye(end - start) - root[start:end] @ root[start:end].T
            result[start:end] = _solve_with_freedom(block, residuals[start:end])
        return result


def _solve_with_freedom(block: Array, residuals: Array) -> Array:
    """Solve with a symmetric matrix whose eigenvalues are from 0 to 1; NaN if one of them is too small."""
    try:
        factor = np.linalg.cholesky(block)
        if (np.diag(factor) ** 2).min() > SAFE_FREEDOM:  # well conditioned, and four times as fast as eigenvalues
            return np.asarray(np.linalg.solve(block, residuals))
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(block)
    if values.min() <= SMALLEST_FREEDOM:
        return np.full_like(residuals, np.nan)
    return np.asarray(vectors @ (vectors.T @ residuals / values))


def null_space(constraints: Array) -> Array:
    """An orthonormal basis of the vectors c with C c = 0, shape (n_coefficients, n_free)."""
    if len(constraints) == 0:
        return np.eye(constraints.shape[1])
    q, _ = np.linalg.qr(constraints.T, mode="complete")
    return q[:, len(constraints) :]
