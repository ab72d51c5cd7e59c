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
from ..units import in_nanometers
from .basis import InverseSplineBasis
from .components import Component, FitSettings, components_of, rows_for_pairs, slopes_below_shortest
from .configurations import Configuration, ReferenceData
from .distances import Distances, Range, find_all_distances
from .expected_errors import Errors
from .guesses import warn_of_guesses
from .least_squares import Solution, solve
from .module import module_of
from .pair_result import PairResult
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .prediction import predictions_of
from .record import distances_of_model
from .report import describe_training
from .result import SplineFit

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
        continues beyond the longest distance as C6/r^6 + C8/r^8.
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
        As in :func:`export_model`; by default the types of the data, in the order of their first appearance.
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
    Below the shortest distance of the data a function continues as a straight line (in the force, below the inner
    cutoff, which is that distance by default). If its slope there is attractive,
    but the energy near it does not rise by more than two standard errors, the fit is repeated with the slope zero.

    Source
    ------
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
    cutoff, switching_distance, inner_cutoff = (
        in_nanometers(cutoff, "cutoff"),
        in_nanometers(switching_distance, "switching_distance"),
        in_nanometers(inner_cutoff, "inner_cutoff"),
    )
    if not (isinstance(cutoff, (int, float)) and 0 < cutoff < np.inf):
        raise ModelError(f"fit_splines: cutoff is {cutoff!r}; expected a positive number, in nm.")
    if switching_distance is None and not truncated:
        switching_distance = 0.9 * cutoff
    _require_settings(num_intervals, smoothness)
    _require_difference(data)
    types = data.types if types is None else types
    names = names_of(types, data.types, "fit_splines")
    settings = FitSettings(Range(cutoff, switching_distance, within_cutoff), energy_error, force_error)
    found = find_all_distances(data, settings.interacting)
    bases = _bases(data, found, num_intervals)
    domain = {pair: (basis.shortest, basis.longest) for pair, basis in bases.items()}
    distances = distances_of_model(domain, cutoff, inner_cutoff)
    fitted: dict[PairOfTypes, PairResult] = {}
    for component in components_of(data, found, bases, settings):
        try:
            fitted |= _fit_component(component, smoothness)
        except ModelError as error:
            raise ModelError(f"fit_splines: {', '.join(map(label_of, component.bases))}: {error}") from error
    results = PairsOfTypes(sorted(fitted.items(), key=lambda each: sorted(map(names.index, each[0]))))
    warn_of_guesses(results)
    metadata = dict(
        types=types,
        switching_distance=switching_distance,
        truncated=truncated,
        description=description,
        training=describe_training(data, results),
        **distances,
    )
    return SplineFit(load_model(module_of(results, names), **metadata), data, results, metadata, settings)


def _require_settings(num_intervals: int, smoothness: float | None) -> None:
    if isinstance(num_intervals, bool) or not isinstance(num_intervals, int) or not 1 <= num_intervals <= MAX_INTERVALS:
        raise ModelError(
            f"fit_splines: num_intervals is {num_intervals!r}; expected an integer from 1 to {MAX_INTERVALS}."
        )
    if smoothness is not None and not 0 < smoothness < np.inf:
        raise ModelError(f"fit_splines: smoothness is {smoothness!r}; expected a positive number.")


def _require_difference(data: ReferenceData) -> None:
    """Require a target that is not zero everywhere."""
    for each in data:
        if (each.energy_difference or 0.0) != 0 or np.any(each.force_difference if each.forces is not None else 0.0):
            return
    raise ModelError(
        f"fit_splines: all energies and forces of {data.source} are those of the baseline, so that there is nothing to"
        " fit; look for a wrong column."
    )


def _bases(
    data: ReferenceData, found: list[dict[PairOfTypes, Distances]], num_intervals: int
) -> dict[PairOfTypes, InverseSplineBasis]:
    """A basis for each pair of types, from its shortest to its longest distance."""
    bases = {}
    for pair in sorted({pair for pairs in found for pair in pairs}):
        r = np.concatenate([pairs[pair].r for pairs in found if pair in pairs])
        shortest, longest = float(r.min()), float(r.max())
        if len(np.unique(r)) < 4:
            raise ModelError(
                f"{data.source}: {pair[0]} and {pair[1]} occur at {len(np.unique(r))} different distances; expected at"
                " least 4, which a fit with third differences needs."
            )
        bases[pair] = InverseSplineBasis(shortest, longest, num_intervals)
    return bases


def _fit_component(component: Component, smoothness: float | None) -> dict[PairOfTypes, PairResult]:
    """Fit pairs of types that configurations connect."""
    bases = component.bases
    slopes, rises = slopes_below_shortest(bases), _rises_at_shortest(bases)
    flat: list[PairOfTypes] = []

    def solution_with(pairs: list[PairOfTypes], weight: float | None) -> Solution:
        constraints = np.array([slopes[pair] for pair in pairs]).reshape(-1, component.problem.matrix.shape[1])
        return solve(replace(component.problem, constraints=constraints), weight)

    solution = solution_with(flat, smoothness)
    for pair, rise in rises.items():
        is_attractive = slopes[pair] @ solution.coefficients > 0
        if is_attractive and rise @ solution.coefficients <= SIGNIFICANT * solution.error_of(rise):
            flat = [*flat, pair]
            solution = solution_with(flat, solution.smoothness)
    return _results(component.chosen, bases, solution, component.errors, flat)


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
    chosen: list[tuple[Configuration, dict[PairOfTypes, Distances]]],
    bases: dict[PairOfTypes, InverseSplineBasis],
    solution: Solution,
    errors: Errors,
    flat: Collection[PairOfTypes],
) -> dict[PairOfTypes, PairResult]:
    """Divide the solution of a component into its pairs of types."""
    predictions = predictions_of(chosen, solution.residuals, solution.leave_one_out, errors)
    results, start = {}, 0
    for pair, basis in bases.items():
        results[pair] = PairResult(
            basis=basis,
            coefficients=solution.coefficients[start : start + basis.size],
            smoothness=solution.smoothness,
            num_effective=solution.num_effective,
            is_flat=pair in flat,
            predictions=[each for each, (_, pairs) in zip(predictions, chosen) if pair in pairs],
        )
        start += basis.size
    return results
