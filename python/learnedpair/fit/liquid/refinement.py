# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""refine(): a spline fit is changed as little as possible so that liquids have the experimental averages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openmm import unit

from ...errors import ModelError, warn
from ..pairs_of_types import label_of
from ..result import SplineFit
from .cost import DataCost
from .liquid import Liquid, Sampler
from .response import Response
from .rounds import LiquidFit, Round, TargetValue, describe_rounds
from .targets import RadialDistribution, as_number, observe_all

Array = NDArray[np.float64]

#: While a step is too long, its damping grows by this factor, from this fraction of the squared errors on.
DAMPING_FACTOR, FIRST_DAMPING = 2.0, 1e-3


def refine(
    fit: SplineFit,
    liquids: Liquid | Sequence[Liquid],
    *,
    data_weight: float = 1.0,
    smoothness: float = 100.0,
    max_rounds: int = 10,
    max_change: float = 0.3,
    initial: float | LiquidFit = 1.0,
    description: str | None = None,
    progress: Callable[[Round], None] | None = None,
) -> LiquidFit:
    """Change the functions of a spline fit as little as possible, so that liquids have the experimental averages.

    Each round simulates the liquids with the current functions, and computes the averages and, from the fluctuations of
    the energy, their derivatives by the coefficients of the splines. Then a Gauss-Newton step changes the coefficients.
    It minimizes the sum of two terms: the squared errors of the averages, each divided by its tolerance, and
    ``data_weight`` times the increase of the squared errors of the data. The increase is relative to the squared errors
    of the fit, or to the squared expected errors if these are larger. When all averages of a simulation are within
    their tolerances, which may be chance, the same functions are simulated once more. The rounds end if the averages of
    both simulations together are within the tolerances, too.

    Parameters
    ----------
    fit : SplineFit
    liquids : Liquid, or sequence of Liquid
        Simulations at one or several states.
    data_weight : float
        By how many squared tolerances the averages may be wrong for an increase of 1.
    smoothness : float
        The weight of the squared third differences of the changes of the coefficients, which are in units of their
        typical size. Larger numbers make the changes smoother.
    max_rounds : int
        The largest number of simulations of each liquid.
    max_change : float
        The functions change in a round at most so much that the standard deviation of the energy of the change is this
        number times kT times the square root of the number of molecules. It is halved after a round that made the
        averages worse.
    initial : float or LiquidFit
        The first simulation has the functions of the fit times this number. Choose a small one, such as 0.01, if the
        force field without a correction is nearer to the experimental state. An earlier result for the same fit is
        continued.
    description : str, optional
        By default that of the fit.
    progress : function
        Called after each round, with the record of that round, one of those in ``LiquidFit.rounds``.

    Returns
    -------
    LiquidFit
        With the functions of the last round. ``print`` says which averages are not within their tolerances.

    Raises
    ------
    ModelError
        If an argument is wrong, or a simulation is unstable.

    References
    ----------
    L.-P. Wang, T. J. Martinez and V. S. Pande, J. Phys. Chem. Lett. 5 (2014) 1885 (ForceBalance: liquids and quantum
    chemistry in one objective); S. Thaler and J. Zavadlav, Nat. Commun. 12 (2021) 6884 (learned functions).

    Examples
    --------
    Liquid argon gets another energy; the time of sampling is far too short for more than an example:

    >>> import numpy as np
    >>> import learnedpair as lp
    >>> import openmm
    >>> from openmm import app
    >>> dimers = [
    ...     lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-3e-4 / r**6)
    ...     for r in np.linspace(0.3, 1.0, 20)
    ... ]
    >>> data = lp.fit.ReferenceData(dimers, "a function", "an example")
    >>> fit = lp.fit.fit_splines(data, cutoff=0.9, types={"Ar": "*:Ar"})
    >>> topology, system, force = app.Topology(), openmm.System(), openmm.NonbondedForce()
    >>> chain = topology.addChain()
    >>> for _ in range(125):
    ...     _ = topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    ...     _ = system.addParticle(39.95), force.addParticle(0, 0.34, 0.996)
    >>> force.setNonbondedMethod(force.CutoffPeriodic)
    >>> force.setCutoffDistance(0.9)
    >>> index = system.addForce(force)
    >>> system.setDefaultPeriodicBoxVectors(*(1.82 * np.eye(3)))
    >>> positions = np.array(list(np.ndindex(5, 5, 5))) * 0.364
    >>> targets = [lp.fit.PotentialEnergy(-6.5, tolerance=0.5)]
    >>> times = dict(equilibration=0.1, sampling=0.5, interval=0.05)
    >>> liquid = lp.fit.Liquid(topology, system, positions, 100.0, targets, platform="Reference", **times)
    >>> result = lp.fit.refine(fit, liquid, max_rounds=2)
    >>> [target.name for target in result.rounds[-1].targets]
    ['potential energy (kJ/mol per molecule)']
    """
    liquids = [liquids] if isinstance(liquids, Liquid) else list(liquids)
    weights = dict(data_weight=data_weight, smoothness=smoothness, max_change=max_change)
    _require(fit, liquids, max_rounds, weights if isinstance(initial, LiquidFit) else {**weights, "initial": initial})
    bases = {pair: result.basis for pair, result in fit.pairs.items()}
    samplers = [Sampler(each, bases) for each in liquids]
    cost = DataCost.of(fit)
    if isinstance(initial, LiquidFit):
        _require_same_bases(fit, initial)
        refined = fit.with_coefficients(initial.fit.coefficients)
    else:
        refined = fit if initial == 1 else fit.with_coefficients(initial * fit.coefficients)
    rounds: list[Round] = []
    responses: list[Response] = []
    errors_before = np.inf
    for number in range(1, max_rounds + 1):
        is_second = bool(rounds) and rounds[-1].is_met
        new = [_respond(sampler, refined) for sampler in samplers]
        responses = [each.pooled_with(other) for each, other in zip(responses, new)] if is_second else new
        rounds.append(_round(number, liquids, responses, cost.increase(refined.coefficients), is_second))
        if progress is not None:
            progress(rounds[-1])
        if (is_second and rounds[-1].is_met) or number == max_rounds:
            break
        if rounds[-1].is_met:
            continue
        errors = float(sum(each.error_in_tolerances**2 for each in rounds[-1].targets))
        max_change = max_change if errors < errors_before else max_change / 2
        errors_before = errors
        step = _step(liquids, responses, cost, refined.coefficients, (data_weight, smoothness), max_change)
        refined = fit.with_coefficients(refined.coefficients + step)
    _warn_of_attraction(fit, refined)
    refined = refined.with_training({"liquids": describe_rounds(liquids, rounds)}, description)
    return LiquidFit(refined, fit, rounds)


def _respond(sampler: Sampler, fit: SplineFit) -> Response:
    """Simulate a liquid with the functions of a fit."""
    frames = sampler.sample(fit.model)
    return Response.of(observe_all(sampler.liquid.targets, frames), frames, sampler.liquid.beta)


def _round(
    number: int, liquids: Sequence[Liquid], responses: Sequence[Response], increase: float, is_second: bool
) -> Round:
    """What the simulations of a round found."""
    values = []
    for index, (liquid, response) in enumerate(zip(liquids, responses)):
        if not (np.isfinite(response.values).all() and np.isfinite(response.slopes).all()):
            raise ModelError(f"{liquid!r}: an average or its derivative is not finite: {response.values.tolist()}.")
        names = [f"liquid {index}: {name}" if len(liquids) > 1 else name for name in liquid.names]
        columns = zip(names, liquid.wanted, liquid.tolerances, response.values, response.errors)
        values += [TargetValue(name, *map(float, numbers)) for name, *numbers in columns]
    return Round(number, values, increase, is_second)


def _step(
    liquids: Sequence[Liquid],
    responses: Sequence[Response],
    cost: DataCost,
    coefficients: Array,
    weights: tuple[float, float],
    max_change: float,
) -> Array:
    """The change of the coefficients."""
    errors, slopes, metrics = [], [], []
    for liquid, response in zip(liquids, responses):
        errors.append((response.values - liquid.wanted) / liquid.tolerances)
        slopes.append(response.slopes / liquid.tolerances[:, None])
        metrics.append(liquid.beta**2 * response.covariance)
    damping = 0.0
    while True:
        step = cost.step(coefficients, *weights, np.concatenate(errors), np.concatenate(slopes), damping * sum(metrics))
        change = float(np.sqrt(max(step @ metric @ step for metric in metrics)))
        if change <= max_change:
            return step
        # The penalty is damping times the square of the change; both are dimensionless.
        first = FIRST_DAMPING * float(sum(each @ each for each in errors)) / max_change**2
        damping = DAMPING_FACTOR * damping or first


def _warn_of_attraction(before: SplineFit, after: SplineFit) -> None:
    """Warn of functions that have become attractive below the shortest distance of the data."""
    slopes = [[result.evaluate(np.zeros(1))[1][0] for result in fit.pairs.values()] for fit in (before, after)]
    changed = [label_of(pair) for pair, old, new in zip(after.pairs, *slopes) if old <= 0 < new]
    if changed:
        warn(
            f"refine: {', '.join(changed)} has become attractive at the shortest distance of the data, and below it;"
            " add data there, or choose a larger data_weight."
        )


def _require_same_bases(fit: SplineFit, earlier: LiquidFit) -> None:
    """Require that coefficients of an earlier result have the same meaning in a fit."""
    bases = [[(pair, result.basis) for pair, result in each.pairs.items()] for each in (fit, earlier.fit)]
    if bases[0] != bases[1]:
        raise ModelError(
            "refine: initial is the result of another fit, with other pairs of types, distances or intervals; give one"
            " of the same fit."
        )


def _require(fit: SplineFit, liquids: Sequence[Liquid], max_rounds: int, numbers: dict[str, Any]) -> None:
    if not isinstance(fit, SplineFit):
        raise ModelError(f"refine: fit is a {type(fit).__name__}; expected the result of fit_splines.")
    if not fit.is_least_squares:
        raise ModelError(
            "refine: the functions of this fit are not those of fit_splines, whose errors of the data are the smallest;"
            " give the result of fit_splines, and initial=result to continue an earlier refinement."
        )
    if not isinstance(fit.metadata["types"], dict):
        raise ModelError(
            "refine: the fit does not say which atoms have its types; give rules to fit_splines, such as"
            " types={'O': 'HOH:O', 'H': ['HOH:H1', 'HOH:H2']}."
        )
    if not liquids or not all(isinstance(each, Liquid) for each in liquids):
        raise ModelError("refine: liquids has no Liquid, or something else; expected at least one Liquid.")
    for liquid in liquids:
        if (width := np.diag(liquid.box).min()) < 2 * fit.model.cutoff:
            raise ModelError(
                f"refine: the box is {width:g} nm wide, less than twice the cutoff, {fit.model.cutoff:g} nm; expected a"
                " larger box."
            )
        for target in liquid.targets:
            for name in (target.type1, target.type2) if isinstance(target, RadialDistribution) else ():
                if name not in fit.metadata["types"]:
                    raise ModelError(
                        f"refine: {type(target).__name__} is of the type {name!r}; the fit has"
                        f" {', '.join(fit.metadata['types'])}."
                    )
    for name, value in numbers.items():
        if not 0 < as_number(value, unit.dimensionless, f"refine: {name}") < np.inf:
            raise ModelError(f"refine: {name} is {value!r}; expected a positive number.")
    if isinstance(max_rounds, bool) or not isinstance(max_rounds, (int, np.integer)) or max_rounds < 1:
        raise ModelError(f"refine: max_rounds is {max_rounds!r}; expected a positive integer.")
