# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""fit_expression(): the parameters of an analytic pair function, by nonlinear least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from openmm import unit

from ..errors import ModelError
from ..lowering.pair_model import load_model
from ..models.pytorch.state import in_default_torch_state
from .configurations import ReferenceData
from .expression import read_expression
from .module import ExpressionCurves
from .nonlinear import Equations, minimize
from .pair_result import ExpressionResult
from .pair_tensors import PairTensors
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of
from .prediction import predictions_of
from .report import describe_training
from .result import ExpressionFit
from .task import Component, Task, indices_of, prepare

Array = NDArray[np.float64]


@in_default_torch_state
def fit_expression(
    data: ReferenceData,
    expression: str,
    parameters: Mapping[str, float | Mapping[tuple[str, str], float]],
    *,
    cutoff: float | unit.Quantity,
    switching_distance: float | unit.Quantity | None = None,
    inner_cutoff: float | unit.Quantity | None = None,
    truncated: bool = False,
    within_cutoff: bool = False,
    types: Sequence[str] | dict[Any, Any] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    constants: dict[str, Any] | None = None,
    energy_error: tuple[float, float] | None = None,
    force_error: tuple[float, float] | None = None,
    description: str = "",
) -> ExpressionFit:
    """Fit the parameters of an expression to reference energies and forces, by nonlinear least squares.

    Each pair of types has parameters of its own. The fit minimizes the squared errors, each divided by the error that
    is expected of its datum, as :func:`fit_splines` does, but it needs starting values, and finds the minimum that is
    next to them. The form of the function must be right: what it cannot describe remains as an error.

    Parameters
    ----------
    data : ReferenceData
        The target is the reference minus the baseline.
    expression : str
        The energy of a pair in kJ/mol as a function of the distance r in nm and of the parameters, as in OpenMM's
        custom forces: numbers, names, + - * / ^, parentheses, the functions exp, log, sqrt, sin, cos, tan, sinh, cosh,
        tanh, erf, erfc, abs, square, cube and recip, and definitions: ``"A*exp(-x) - C/r^6; x = b*r"``.
    parameters : dict of str to float
        The starting value of each parameter, in nm and kJ/mol, for all pairs of types, or a dict of (str, str) to float
        with a value for each of them.
    cutoff, switching_distance, inner_cutoff, truncated, within_cutoff, types
        As in :func:`fit_splines`. The expression holds at all distances of the data, and between the inner cutoff and
        the cutoff of the force.
    bounds : dict of str to (float, float)
        The lowest and the highest value of some parameters, in nm and kJ/mol; they may be infinite.
    constants : dict of str to float, or of str to dict of (str, str) to float
        Values, in nm and kJ/mol, of names in the expression that are known, and not fitted: for all pairs of types, or
        for each of them.
    energy_error, force_error : (float, float)
        As in :func:`fit_splines`.
    description : str

    Returns
    -------
    ExpressionFit
        The model, its errors, and the parameters with their standard errors. These, and the errors of configurations
        left out of the fit, are those of the problem that is linear in the changes of the parameters. The standard
        errors contain the scatter of the data about the function, and no error of its form.

    Raises
    ------
    ImportError
        Without SciPy: pip install scipy.
    ModelError
        If the expression cannot be read, has an unknown name, or lacks a parameter; if it is not finite at a distance
        of the data; if the fit does not converge, or the data do not determine a parameter; or if an argument is wrong.

    References
    ----------
    Leave-one-out errors of the linearized problem: R. D. Cook and S. Weisberg, Residuals and Influence in Regression
    (1982), chapter 5.

    Examples
    --------
    A Buckingham potential, from energies of one:

    >>> import numpy as np
    >>> import learnedpair as lp
    >>> r = np.linspace(0.3, 1.0, 20)
    >>> energies = 3e5 * np.exp(-35 * r) - 6e-3 / r**6
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(f"point {k}", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r[k]]], energy=energies[k])
    ...         for k in range(20)
    ...     ],
    ...     source="Buckingham",
    ...     method="an analytic function",
    ... )
    >>> start = {"A": 1e5, "b": 40.0, "C": 0.01}
    >>> fit = lp.fit.fit_expression(data, "A*exp(-b*r) - C/r^6", start, cutoff=1.2, bounds={"C": (0, np.inf)})
    >>> {name: float(f"{value:.6g}") for name, value in fit.pairs["Ar", "Ar"].parameters.items()}
    {'A': 300000.0, 'b': 35.0, 'C': 0.006}
    """
    names, known = _read_names(parameters), [] if not constants else _read_names(constants)
    if set(names) & set(known):
        raise ModelError(f"fit_expression: {', '.join(sorted(set(names) & set(known)))} is a parameter and a constant.")
    low, high = _read_bounds(bounds or {}, names)
    unbounded = np.full(len(known), np.inf)
    parameters = {**parameters, **(constants or {})}
    form = _Form(
        [*names, *known],
        read_expression(expression, [*names, *known]),
        np.concatenate([low, -unbounded]),
        np.concatenate([high, unbounded]),
        np.arange(len(names) + len(known)) < len(names),
    )
    task = prepare(
        "fit_expression",
        data,
        cutoff=cutoff,
        switching_distance=switching_distance,
        inner_cutoff=inner_cutoff,
        truncated=truncated,
        within_cutoff=within_cutoff,
        types=types,
        description=description,
    )
    start = {pair: _read_start(parameters, pair, task, form) for pair in task.ranges}
    results = task.fit_components(
        task.components(energy_error, force_error), lambda component: _fit_component(component, form, start, task)
    )
    values = np.array([list(result.parameters.values()) for result in results.values()])
    module = ExpressionCurves(expression, form.function, values, indices_of(list(results), task.names))
    training = {**describe_training(data, results), "expression": expression}
    metadata = {**task.metadata, "training": training}
    return ExpressionFit(load_model(module, **metadata), data, results, metadata, task.interacting)


@dataclass(frozen=True)
class _Form:
    """What all pairs of types have in common: the parameters, the function, the bounds of the parameters, and which of
    them are fitted; the others are constants.
    """

    names: list[str]
    function: torch.nn.Module
    low: Array
    high: Array
    is_fitted: NDArray[np.bool_]


def _read_names(parameters: Any) -> list[str]:
    if not isinstance(parameters, Mapping) or not parameters:
        raise ModelError(
            f"fit_expression: parameters is {parameters!r}; expected a dict with the starting value of each parameter,"
            " such as {'A': 1e5, 'b': 40.0}."
        )
    for name in parameters:
        if not (isinstance(name, str) and name.isidentifier() and name != "r"):
            raise ModelError(
                f"fit_expression: parameters has the name {name!r}; expected letters, digits and underscores, and not"
                " r, which is the distance."
            )
    return list(parameters)


def _read_bounds(bounds: Any, names: Sequence[str]) -> tuple[Array, Array]:
    """The lowest and the highest value of each parameter."""
    low, high = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    if not isinstance(bounds, Mapping) or not set(bounds) <= set(names):
        raise ModelError(f"fit_expression: bounds is {bounds!r}; expected a dict with some of {', '.join(names)}.")
    for name, value in bounds.items():
        is_pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(map(_is_number, value))
        if not is_pair or not value[0] < value[1]:
            raise ModelError(
                f"fit_expression: bounds has {name}: {value!r}; expected (lowest, highest), which may be infinite."
            )
        low[names.index(name)], high[names.index(name)] = value
    return low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _read_start(parameters: Mapping[str, Any], pair: PairOfTypes, task: Task, form: _Form) -> Array:
    """The starting values for one pair of types."""
    start = np.empty(len(form.names))
    for k, name in enumerate(form.names):
        value = parameters[name]
        if isinstance(value, Mapping):
            given = PairsOfTypes(value)
            if (twice := given.repeated()) is not None:
                raise ModelError(f"fit_expression: parameters has {name} for {twice} in both orders; leave one out.")
            unknown = [each for each in given if each not in PairsOfTypes(task.ranges)]
            if unknown or pair not in given:
                raise ModelError(
                    f"fit_expression: parameters has {name} for the pairs {', '.join(map(str, given))}; expected one"
                    f" value for each pair of types of the data: {', '.join(map(str, task.ranges))}."
                )
            value = given[pair]
        if not _is_number(value) or not np.isfinite(value):
            raise ModelError(f"fit_expression: the starting value of {name} is {value!r}; expected a finite number.")
        if not form.low[k] <= value <= form.high[k]:
            raise ModelError(
                f"fit_expression: the starting value of {name} is {value:g}; expected one within its bounds,"
                f" {form.low[k]:g} and {form.high[k]:g}."
            )
        start[k] = value
    return start


def _fit_component(
    component: Component, form: _Form, start: Mapping[PairOfTypes, Array], task: Task
) -> dict[PairOfTypes, ExpressionResult]:
    """Fit pairs of types that configurations connect."""
    pairs = list(component.pairs)
    chosen = [each for each, _ in component.chosen]
    tensors = PairTensors.of(chosen, task.names, task.interacting, component.errors)
    curve = torch.from_numpy(indices_of(pairs, task.names))[tensors.types[0], tensors.types[1]]
    equations = Equations(tensors, form.function, curve, (len(pairs), len(form.names)))
    first = np.array([start[pair] for pair in pairs])
    _require_finite(equations, first, form, pairs)
    bounds = (np.tile(form.low, (len(pairs), 1)), np.tile(form.high, (len(pairs), 1)))
    labels = [f"{name} of {label_of(pair)}" for pair in pairs for name in form.names]
    minimum = minimize(equations, first, bounds, labels, np.tile(form.is_fitted, (len(pairs), 1)))
    predictions = predictions_of(component.chosen, minimum.residuals, minimum.leave_one_out, component.errors)
    results = {}
    for pair, values, errors in zip(pairs, minimum.x.tolist(), minimum.standard_errors.tolist()):
        shortest, longest = component.pairs[pair]
        results[pair] = ExpressionResult(
            shortest=shortest,
            longest=longest,
            predictions=[each for each, (_, found) in zip(predictions, component.chosen) if pair in found],
            function=form.function,
            parameters=dict(zip(form.names, values)),
            standard_errors=dict(zip(form.names, errors)),
        )
    return results


def _require_finite(equations: Equations, start: Array, form: _Form, pairs: Sequence[PairOfTypes]) -> None:
    """Require that the expression and its derivatives are finite at all distances of the data."""
    wrong = ~torch.stack([torch.isfinite(each).reshape(len(each), -1).all(dim=1) for each in equations.evaluate(start)])
    wrong = wrong.any(dim=0)
    if wrong.any():
        k = int(torch.nonzero(wrong)[0])
        index = int(equations.curve[k])
        values = ", ".join(f"{name} = {value:g}" for name, value in zip(form.names, start[index]))
        raise ModelError(
            f"the expression or a derivative of it is not finite for {label_of(pairs[index])} at"
            f" {float(equations.tensors.r[k]):g} nm, with the starting values {values}; choose other starting values,"
            " or another form."
        )
