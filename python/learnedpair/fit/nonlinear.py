# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Nonlinear least squares: the parameters of an expression for pairs of types that configurations connect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import ModelError
from ..models.evaluation import gradient
from .least_squares import Problem, solve
from .pair_tensors import PairTensors

Array = NDArray[np.float64]

#: The fit ends when the sum of squares or the parameters change by less than this fraction.
TOLERANCE = 1e-12
#: More evaluations than this mean that the fit does not converge.
MAX_EVALUATIONS = 1000
#: A parameter that is closer to a bound than this fraction of its starting value may be at the bound.
NEAR_BOUND = 1e-6
#: A parameter is determined if a change of the size of its starting value changes the errors by more than this, in
#: units of the expected errors; several are, if no change of them together has so small a part of their single effects.
DETERMINED = 1e-9


class Equations:
    """The errors of an expression, divided by the expected errors, as a function of its parameters.

    Parameters
    ----------
    tensors : PairTensors
    function : torch.nn.Module
        As read_expression() makes it.
    curve : Tensor of int64, shape (P,)
        The index of the pair of types of each pair of atoms.
    shape : (int, int)
        The numbers of pairs of types and of parameters. An array x of this shape holds the parameters.
    """

    def __init__(
        self, tensors: PairTensors, function: torch.nn.Module, curve: torch.Tensor, shape: tuple[int, int]
    ) -> None:
        self.tensors, self.function, self.curve, self.shape = tensors, function, curve, shape
        expected = torch.cat([tensors.energy_error, tensors.force_error.repeat_interleave(3)])
        groups = torch.cat([torch.arange(len(tensors.energy)), tensors.configuration_of_atom.repeat_interleave(3)])
        known = torch.nonzero(torch.isfinite(expected))[:, 0]
        #: The rows in the order of the configurations: the energy of each, then the components of its forces.
        self._order = known[torch.argsort(groups[known], stable=True)]
        self._expected = expected[self._order]
        self.groups = groups[self._order].numpy()

    def errors(self, x: Array) -> Array:
        """The error of each row."""
        f, dfdr, *_ = self.evaluate(x)
        energy, forces = self.tensors.totals(f, dfdr)
        return self._rows(energy - self.tensors.energy, forces - self.tensors.forces)

    def derivatives(self, x: Array) -> Array:
        """The derivatives of the errors by the parameters, shape (n_rows, x.size)."""
        _, _, dfdx, d2fdrdx = self.evaluate(x)
        columns = []
        for index in range(self.shape[0]):
            chosen = (self.curve == index)[:, None]
            for of_f, of_dfdr in zip((chosen * dfdx).T, (chosen * d2fdrdx).T):
                columns.append(self._rows(*self.tensors.totals(of_f, of_dfdr)))
        return np.stack(columns, axis=1)

    def evaluate(self, x: Array) -> tuple[torch.Tensor, ...]:
        """The function of each pair of atoms and its derivative by r, shape (P,); and the derivatives of both by the
        parameters, shape (P, n_parameters).
        """
        r = self.tensors.r.detach().requires_grad_()
        # Each pair of atoms has parameters of its own, so that derivatives of a sum are those of its terms.
        values = torch.from_numpy(x.reshape(self.shape))[self.curve].requires_grad_()
        f = self.function(r, values)
        dfdr = gradient(f.sum(), r, create_graph=True)
        dfdx = gradient(f.sum(), values, retain_graph=True)
        d2fdrdx = gradient(dfdr.sum(), values)
        return f.detach(), dfdr.detach(), dfdx.detach(), d2fdrdx

    def _rows(self, energy: torch.Tensor, forces: torch.Tensor) -> Array:
        values: Array = (torch.cat([energy, forces.reshape(-1)])[self._order] / self._expected).numpy()
        return values


@dataclass(frozen=True)
class Minimum:
    """The result of :func:`minimize`.

    Attributes
    ----------
    x, standard_errors : ndarray, shape (n_pairs, n_parameters)
        The standard error of a parameter at one of its bounds, or of a constant, is NaN.
    residuals, leave_one_out : ndarray, shape (n_rows,)
        The errors of the fit, and of fits without the configuration of the row, in units of the expected errors.
    """

    x: Array
    standard_errors: Array
    residuals: Array
    leave_one_out: Array


def minimize(
    equations: Equations,
    start: Array,
    bounds: tuple[Array, Array],
    labels: Sequence[str],
    is_fitted: NDArray[np.bool_],
) -> Minimum:
    """Find the parameters with the smallest sum of squares, from starting values.

    Parameters
    ----------
    equations : Equations
    start : ndarray, shape (n_pairs, n_parameters)
    bounds : (ndarray, ndarray)
        The lowest and highest values, of the same shape.
    labels : sequence of str
        The names of the parameters for messages, in the order of ``start.ravel()``.
    is_fitted : ndarray of bool, of the shape of ``start``
        The other parameters keep their starting values.

    Returns
    -------
    Minimum
        Leave-one-out errors and standard errors are those of the linearized problem.

    Raises
    ------
    ModelError
        If the fit does not converge, or the data do not determine the parameters.

    References
    ----------
    SciPy's least_squares(). M. A. Branch, T. F. Coleman and Y. Li, SIAM J. Sci. Comput. 21 (1999) 1, for "trf";
    C. Voglis and I. E. Lagaris, "A rectangular trust region dogleg approach for unconstrained and bound constrained
    nonlinear optimization", WSEAS Int. Conf. on Applied Mathematics (2004), for "dogbox".
    """
    # In units of the starting values, so that one tolerance is right for all parameters.
    chosen = np.flatnonzero(is_fitted.ravel())
    scale = np.where(start == 0, 1.0, np.abs(start)).ravel()[chosen]
    labels = [labels[k] for k in chosen.tolist()]
    variables = _Variables(equations, start.ravel(), chosen)
    result = _descend(variables, scale, tuple(each.ravel()[chosen] for each in bounds), labels)
    free = result.active_mask == 0
    found = _text(labels, scale * result.x)
    norms = _require_determined(result.jac[:, free], [label for label, is_free in zip(labels, free) if is_free], found)
    matrix = result.jac[:, free] / norms
    unused = np.zeros((1, matrix.shape[1]))
    at_ends = np.zeros(len(matrix), dtype=bool)
    solution = solve(Problem(matrix, -result.fun, equations.groups, unused, unused[:0], at_ends), 1.0)
    standard_errors = np.full(start.size, np.nan)
    standard_errors[chosen[free]] = [solution.error_of(row) for row in np.diag(scale[free] / norms)]
    return Minimum(
        variables.all_of(scale * result.x).reshape(start.shape),
        standard_errors.reshape(start.shape),
        result.fun,
        solution.leave_one_out,
    )


class _Variables:
    """The errors as a function of the parameters that are fitted."""

    def __init__(self, equations: Equations, start: Array, chosen: NDArray[np.int64]) -> None:
        self._equations, self._start, self._chosen = equations, start, chosen

    @property
    def start(self) -> Array:
        return self._start[self._chosen]

    def all_of(self, x: Array) -> Array:
        """All parameters."""
        result = self._start.copy()
        result[self._chosen] = x
        return result

    def errors(self, x: Array) -> Array:
        return self._equations.errors(self.all_of(x))

    def derivatives(self, x: Array) -> Array:
        return self._equations.derivatives(self.all_of(x))[:, self._chosen]


def _descend(equations: _Variables, scale: Array, bounds: tuple[Array, ...], labels: Sequence[str]) -> Any:
    """The result of SciPy for the parameters divided by ``scale``."""
    least_squares = _import_least_squares()

    def derivatives(y: Array) -> Array:
        result: Array = equations.derivatives(scale * y) * scale
        if not np.isfinite(result).all():
            raise ModelError(
                "the fit came to parameters for which a derivative of the expression is not finite:"
                f" {_text(labels, scale * y)}; choose other starting values, or bounds."
            )
        return result

    y, (low, high) = equations.start / scale, (each / scale for each in bounds)
    options = dict(x_scale="jac", ftol=TOLERANCE, xtol=TOLERANCE, gtol=TOLERANCE, max_nfev=MAX_EVALUATIONS)
    # The first method is the more robust one, but only comes near to bounds. The second one begins at the bounds that
    # are near, and leaves those that should not hold.
    for method in ("trf", "dogbox"):
        with np.errstate(all="ignore"):  # they take back parameters for which the expression is not finite
            result = least_squares(
                lambda y: equations.errors(scale * y), y, derivatives, (low, high), method, **options
            )
        if result.status <= 0:
            raise ModelError(
                f"the fit has not converged in {MAX_EVALUATIONS} evaluations, and is now at"
                f" {_text(labels, scale * result.x)}; choose other starting values, or bounds."
            )
        y = result.x
        for bound in (low, high):
            y = np.where(np.abs(y - bound) < NEAR_BOUND, bound, y)
    return result


def _import_least_squares() -> Callable[..., Any]:
    try:
        from scipy.optimize import least_squares
    except ImportError as error:
        raise ImportError("fit_expression needs SciPy: pip install scipy", name="scipy") from error
    return least_squares


def _text(labels: Sequence[str], x: Array) -> str:
    return ", ".join(f"{label} = {value:.6g}" for label, value in zip(labels, x))


def _require_determined(derivatives: Array, labels: Sequence[str], found: str) -> Array:
    """Require data that determine all parameters that are not at a bound; return the norms of the columns."""
    if not labels:
        raise ModelError(f"all parameters are at their bounds: {found}; choose wider bounds.")
    norms = np.linalg.norm(derivatives, axis=0)
    together = [label for label, norm in zip(labels, norms) if norm <= DETERMINED]
    if not together:
        _, values, directions = np.linalg.svd(np.linalg.qr(derivatives / norms, mode="r"))
        if len(derivatives) < len(labels) or values[-1] < DETERMINED * values[0]:
            together = [label for label, part in zip(labels, directions[-1]) if abs(part) > 0.1]
    if together:
        raise ModelError(
            f"the data do not determine {' and '.join(together)}: a change of"
            f" {'them together' if len(together) > 1 else 'it'} changes no error, at {found}; write the expression with"
            " fewer parameters, add data, or choose other starting values."
        )
    return norms
