# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""fit_splines(): pair functions of types by regularized linear least squares."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openmm import unit

from ..errors import ModelError
from ..lowering.pair_model import load_model
from .arguments import as_positive, as_whole
from .basis import InverseSplineBasis
from .configurations import ReferenceData
from .distances import Range
from .guesses import warn_of_guesses
from .least_squares import Solution, solve
from .pair_result import SplineResult
from .pairs_of_types import PairOfTypes
from .prediction import predictions_of
from .report import describe_training
from .result import SplineFit, module_of
from .spline_problem import flat_rows, problem_of, rows_for_pairs, slopes_below_shortest
from .task import Component, Task, prepare

Array = NDArray[np.float64]

#: More intervals would take minutes.
MAX_INTERVALS = 1000
#: Attraction at the shortest distance is believed if the energy rises by more than this many standard errors over this
#: fraction of the range of 1/r.
SIGNIFICANT, NEAR_END = 2.0, 0.05


def fit_splines(
    data: ReferenceData,
    *,
    cutoff: float | unit.Quantity,
    switching_distance: float | unit.Quantity | None = None,
    inner_cutoff: float | unit.Quantity | None = None,
    truncated: bool = False,
    within_cutoff: bool = False,
    types: Sequence[str] | dict[Any, Any] | None = None,
    energy_error: tuple[float, float] | None = None,
    force_error: tuple[float, float] | None = None,
    num_intervals: int = 60,
    smoothness: float | None = None,
    description: str = "",
) -> SplineFit:
    """Fit pair functions of types to reference energies and forces, by regularized linear least squares.

    The function of each pair of types is (r_0/r)^6 times a cubic spline of 1/r with many knots. The fit minimizes the
    squared errors, each divided by the error that is expected of its datum, plus the squared third differences of the
    coefficients. The weight of the latter is the largest one for which the root mean square of the leave-one-out errors
    is at most 2 % above its minimum. A leave-one-out error is that of a configuration when it is left out of the fit.
    Pairs of types that no configuration connects have weights of their own. The problem is convex, and the solution
    needs no starting values.

    Parameters
    ----------
    data : ReferenceData
        The target is the reference minus the baseline.
    cutoff : float, nm, or Quantity
        The cutoff of the force. Data beyond it are fitted as well, if the structure has no periodic box: the function
        continues beyond the longest distance as -C6/r^6 - C8/r^8.
    switching_distance : float, nm, or Quantity
        Where the switching function of the force begins; by default 0.9 times the cutoff. Structures with a periodic
        box are fitted with the switching function, others without it.
    inner_cutoff : float, nm, or Quantity
        Below this distance the force continues each function as a straight line; by default the shortest distance of
        the data. The members of a committee must have the same one.
    truncated : bool
        Whether the force jumps to zero at the cutoff instead.
    within_cutoff : bool
        Whether structures without a box are fitted as those in a box: with the switching function, and without the
        pairs beyond the cutoff. Choose it for corrections of charges, whose tails the force could not keep.
    types : list of str, or dict of str to rule
        As in :func:`learnedpair.export_model`; by default the types of the data, in the order of their first
        appearance.
    energy_error : (float, float)
        The error that is expected of a reference energy: an absolute one in kJ/mol, and a fraction of the energy. By
        default 0.1 % of the depth of the well of the reference energies (without a well, of the median of their
        magnitudes), and 1 %.
    force_error : (float, float)
        The same for components of forces, in kJ/mol/nm. By default the absolute error of the energy divided by 0.05 nm,
        and 1 %.
    num_intervals : int
        The number of intervals between knots, uniform in 1/r from the longest to the shortest distance of each pair of
        types.
    smoothness : float
        The weight of the third differences, in place of the one that leave-one-out errors choose.
    description : str

    Returns
    -------
    SplineFit
        The model, and its errors.

    Raises
    ------
    ModelError
        If a pair of types occurs at one distance only, if the data do not determine the functions, or if an argument
        is wrong.

    Notes
    -----
    Below the shortest distance of the data the second derivative of a function decays to zero, so that it becomes a
    straight line. The force continues all functions as straight lines below the inner cutoff. If the slope at the
    shortest distance is attractive, but the energy near it does not rise by more than two standard errors, the fit is
    repeated with the slope zero.

    References
    ----------
    P. H. C. Eilers and B. D. Marx, Statist. Sci. 11 (1996) 89, for the penalty. Pair functions by linear least squares:
    S. R. Xie, M. Rupp and R. G. Hennig, npj Comput. Mater. 9 (2023) 162 (UF3).

    Examples
    --------
    Twenty energies of argon, from a Lennard-Jones potential:

    >>> import numpy as np
    >>> import learnedpair as lp
    >>> r = np.linspace(0.32, 1.0, 20)
    >>> energies = 4 * 0.996 * ((0.34 / r) ** 12 - (0.34 / r) ** 6)
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(f"point {k}", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r[k]]], energy=energies[k])
    ...         for k in range(20)
    ...     ],
    ...     source="Lennard-Jones",
    ...     method="an analytic function",
    ... )
    >>> fit = lp.fit.fit_splines(data, cutoff=1.2)
    >>> energy, dEdR = fit.model.evaluate([0.38], [0], [0])
    >>> bool(abs(energy[0] - 4 * 0.996 * ((0.34 / 0.38) ** 12 - (0.34 / 0.38) ** 6)) < 0.01)
    True
    """
    smoothness = _require_settings(num_intervals, smoothness)
    task = prepare(
        "fit_splines",
        data,
        cutoff=cutoff,
        switching_distance=switching_distance,
        inner_cutoff=inner_cutoff,
        truncated=truncated,
        within_cutoff=within_cutoff,
        types=types,
        description=description,
    )
    _require_different_distances(task)
    components = task.components(energy_error, force_error)
    results = task.fit_components(
        components, lambda component: _fit_component(component, task.interacting, num_intervals, smoothness)
    )
    warn_of_guesses(results)
    metadata = {**task.metadata, "training": describe_training(data, results)}
    model = load_model(module_of(results, task.names), **metadata)
    return SplineFit(model, data, results, metadata, task.interacting, components=components)


def _require_settings(num_intervals: int, smoothness: float | None) -> float | None:
    expected = f"an integer from 1 to {MAX_INTERVALS}"
    if as_whole(num_intervals, "fit_splines: num_intervals", least=1, expected=expected) > MAX_INTERVALS:
        raise ModelError(f"fit_splines: num_intervals is {num_intervals!r}; expected {expected}.")
    return None if smoothness is None else as_positive(smoothness, "fit_splines: smoothness")


def _require_different_distances(task: Task) -> None:
    """Require enough distances of each pair of types for third differences."""
    for pair in task.ranges:
        count = len(np.unique(np.concatenate([pairs[pair].r for pairs in task.found if pair in pairs])))
        if count < 4:
            raise ModelError(
                f"{task.data.source}: {pair[0]} and {pair[1]} occur at {count} different distances; expected at"
                " least 4, which a fit with third differences needs."
            )


def _fit_component(
    component: Component, interacting: Range, num_intervals: int, smoothness: float | None
) -> dict[PairOfTypes, SplineResult]:
    """Fit pairs of types that configurations connect."""
    bases = {pair: InverseSplineBasis(*ends, num_intervals) for pair, ends in component.pairs.items()}
    problem = problem_of(component, bases, interacting)
    slopes, rises, flat_at = slopes_below_shortest(bases), _rises_at_shortest(bases), flat_rows(bases)
    flat: list[PairOfTypes] = []

    def solution_with(pairs: list[PairOfTypes], weight: float | None) -> Solution:
        constraints = np.array([flat_at[pair] for pair in pairs]).reshape(-1, problem.matrix.shape[1])
        return solve(replace(problem, constraints=constraints), weight)

    solution = solution_with(flat, smoothness)
    for pair, rise in rises.items():
        is_attractive = slopes[pair] @ solution.coefficients > 0
        if is_attractive and rise @ solution.coefficients <= SIGNIFICANT * solution.error_of(rise):
            flat = [*flat, pair]
            solution = solution_with(flat, solution.smoothness)
    return _results(component, bases, solution, flat)


def _rises_at_shortest(bases: dict[PairOfTypes, InverseSplineBasis]) -> dict[PairOfTypes, Array]:
    """The rows that give how much the energy rises from the shortest distance over a twentieth of the range of 1/r. The
    slope at the very end depends on a single coefficient, which hardly matters for any datum.
    """

    def rise(basis: InverseSplineBasis) -> Array:
        beside = 1 / (1 / basis.shortest - NEAR_END * (1 / basis.shortest - 1 / basis.longest))
        first, second = basis.evaluate(np.array([basis.shortest, beside]))[0]
        return np.asarray(second - first)

    return rows_for_pairs(bases, rise)


def _results(
    component: Component,
    bases: dict[PairOfTypes, InverseSplineBasis],
    solution: Solution,
    flat: Collection[PairOfTypes],
) -> dict[PairOfTypes, SplineResult]:
    """Divide the solution of a component into its pairs of types."""
    predictions = predictions_of(component.chosen, solution.residuals, solution.leave_one_out, component.errors)
    results, start = {}, 0
    for pair, basis in bases.items():
        results[pair] = SplineResult(
            shortest=basis.shortest,
            longest=basis.longest,
            predictions=[each for each, (_, pairs) in zip(predictions, component.chosen) if pair in pairs],
            basis=basis,
            coefficients=solution.coefficients[start : start + basis.size],
            smoothness=solution.smoothness,
            num_effective=solution.num_effective,
            is_flat=pair in flat,
        )
        start += basis.size
    return results
