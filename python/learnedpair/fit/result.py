# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a fit returns: the model, and its errors for the data with which it was fitted and for data left out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError
from ..lowering.export import export_model
from ..lowering.pair_model import PairModel, load_model
from .configurations import ReferenceData, require_data
from .design import rows_of
from .distances import Range, find_all_distances
from .expected_errors import Errors
from .module import InverseSplineCurves
from .pair_result import ExpressionResult, PairResult, SplineResult
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .prediction import Prediction, predictions_of
from .record import describe_data, warn_of_other_baseline
from .report import HEADER, HEADER_HELD_OUT, describe_errors_held_out, describe_training, row_of, rows_held_out
from .summary import force_error
from .task import Component, indices_of

Array = NDArray[np.float64]


#: The result for one pair of types.
_Result = TypeVar("_Result", bound=PairResult)
_Fit = TypeVar("_Fit", bound="Fit[Any]")


@dataclass(frozen=True)
class Fit(Generic[_Result]):
    """What fits of pair functions have in common; see :class:`SplineFit` and
    :class:`ExpressionFit`."""

    model: PairModel
    data: ReferenceData
    pairs: dict[PairOfTypes, _Result]
    metadata: dict[str, Any]
    interacting: Range
    held_out: Sequence[Prediction] = ()

    @property
    def is_least_squares(self) -> bool:
        """Whether the functions are those of the fit: :meth:`SplineFit.with_coefficients` gives others."""
        return "errors_left_out" in self.metadata["training"]

    def predict(self, data: ReferenceData) -> list[Prediction]:
        """The errors for configurations that were not fitted: predicted minus reference, both without the baseline.

        As in the fit, the pairs of a structure without a box interact at all distances (unless it was made with
        ``within_cutoff=True``), and those in a periodic box below the cutoff, with the switching function of the force.
        Below the inner cutoff the functions are straight lines, as in the force.

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        list of Prediction
            For each configuration the errors ``energy`` (kJ/mol) and ``forces`` (ndarray, shape (N, 3), kJ/mol/nm);
            None where the data have none.

        Raises
        ------
        ModelError
            If a configuration has a pair of types that the fitted ones do not have, or no pair in range.

        Examples
        --------
        The errors at two distances that are not in the data of the fit:

        >>> import numpy as np
        >>> import learnedpair as lp
        >>> def dimers(distances):
        ...     return lp.fit.ReferenceData(
        ...         [
        ...             lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-4e-3 / r**6)
        ...             for r in distances
        ...         ],
        ...         source="a formula",
        ...         method="an example",
        ...     )
        >>> fit = lp.fit.fit_splines(dimers(np.linspace(0.3, 1.0, 20)), cutoff=1.0)
        >>> bool(max(abs(each.energy) for each in fit.predict(dimers([0.35, 0.45]))) < 1e-9)
        True
        """
        require_data(data, "predict")
        bases = {pair: _Function(result, self.interacting.inner_cutoff) for pair, result in self.pairs.items()}
        errors = Errors((1.0, 0.0), (1.0, 0.0))
        found = find_all_distances(data, self.interacting)
        residuals = []
        for each, pairs in zip(data, found):
            for pair in pairs:
                if pair not in bases:
                    raise ModelError(
                        f"{each.name}: {pair[0]} and {pair[1]} are in range, and no configuration of the fit has this"
                        " pair of types; fit one that has it, or leave this one out."
                    )
            matrix, target = rows_of(each, pairs, bases, self.interacting, errors)
            residuals.append(matrix.sum(axis=1) - target)
        rows = np.concatenate(residuals)
        return predictions_of(zip(data, found), rows, rows, errors)

    def contributions(self, data: ReferenceData) -> tuple[list[float], list[Array | None]]:
        """The energies and forces of the pair functions for configurations.

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        energies : list of float, kJ/mol
            0 where the data have no energy.
        forces : list of ndarray, shape (N, 3), kJ/mol/nm, or None
            None where the data have no forces.

        Raises
        ------
        ModelError
            As :meth:`predict`.
        """
        energies: list[float] = []
        forces: list[Array | None] = []
        for each, error in zip(data, self.predict(data)):
            energy, of_forces = each.energy_difference, each.force_difference
            energies.append(0.0 if energy is None or error.energy is None else energy + error.energy)
            forces.append(None if of_forces is None or error.forces is None else of_forces + error.forces)
        return energies, forces

    def with_held_out(self: _Fit, data: ReferenceData) -> _Fit:
        """The same fit, with its errors for configurations that were not fitted.

        ``print`` shows them, and the model has them in its training record, as "errors_held_out".

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        SplineFit or ExpressionFit

        Raises
        ------
        ModelError
            As :meth:`predict`.

        Examples
        --------
        >>> import numpy as np
        >>> import learnedpair as lp
        >>> def dimers(distances):
        ...     return lp.fit.ReferenceData(
        ...         [
        ...             lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-4e-3 / r**6)
        ...             for r in distances
        ...         ],
        ...         source="a formula",
        ...         method="an example",
        ...     )
        >>> fit = lp.fit.fit_splines(dimers(np.linspace(0.3, 1.0, 20)), cutoff=1.0)
        >>> fit = fit.with_held_out(dimers([0.35, 0.45]))
        >>> fit.model.training["errors_held_out"]["Ar-Ar"]["configurations"]
        2
        """
        predictions = self.predict(data)
        warn_of_other_baseline("with_held_out", self.data, data)
        training = {
            **self.metadata["training"],
            "data_held_out": describe_data(data),
            "errors_held_out": describe_errors_held_out(predictions, self.pairs),
        }
        metadata = {**self.metadata, "training": training}
        return replace(self, model=load_model(self.model.module, **metadata), metadata=metadata, held_out=predictions)

    def predictions(self) -> list[Prediction]:
        """The errors of all configurations, in the order of the data.

        Returns
        -------
        list of Prediction
            With the errors of the fit, and those of a fit without each configuration, in kJ/mol and kJ/mol/nm.
        """
        by_configuration = {
            id(each.configuration): each for result in self.pairs.values() for each in result.predictions
        }
        return [by_configuration[id(each)] for each in self.data]

    def with_training(self: _Fit, record: dict[str, Any], description: str | None = None) -> _Fit:
        """The same fit, whose model has a longer training record, and another description if one is given.

        Parameters
        ----------
        record : dict
            More entries of ``model.training``; it must be possible to write them as JSON.
        description : str, optional

        Returns
        -------
        SplineFit or ExpressionFit
        """
        metadata = {**self.metadata, "training": {**self.metadata["training"], **record}}
        if description is not None:
            metadata["description"] = description
        return replace(self, model=load_model(self.model.module, **metadata), metadata=metadata)

    def save(self, path: str | os.PathLike[str]) -> PairModel:
        """Write the model to a file, as :func:`learnedpair.export_model` does.

        The file has the training domain of each pair of types, the errors of configurations left out of the fit, and
        the digest of the data.

        Parameters
        ----------
        path : path-like
            Ending in .pt or .pt2.

        Returns
        -------
        PairModel
            The file as :func:`learnedpair.load_model` reads it.

        Raises
        ------
        ModelError
            As :func:`learnedpair.export_model`.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> import numpy as np
        >>> import learnedpair as lp
        >>> def dimers(distances):
        ...     return lp.fit.ReferenceData(
        ...         [
        ...             lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-4e-3 / r**6)
        ...             for r in distances
        ...         ],
        ...         source="a formula",
        ...         method="an example",
        ...     )
        >>> fit = lp.fit.fit_splines(dimers(np.linspace(0.3, 1.0, 20)), cutoff=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = fit.save(os.path.join(folder, "argon.pt"))
        >>> model.domain
        {('Ar', 'Ar'): (0.3, 1.0)}
        """
        return export_model(self.model.module, path, **self.metadata)

    def __str__(self) -> str:
        lines = [repr(self.data), f"method: {self.data.method}", *self._introduction(), *HEADER]
        for pair, result in self.pairs.items():
            lines.append(row_of(pair, result))
        of_forces = force_error(self.predictions(), left_out=True)
        if of_forces is not None and np.isfinite(of_forces):
            lines.append(f"components of forces left out of the fit: RMS error {of_forces:.3g} kJ/mol/nm")
        unknown = sum(not each.is_known for each in self.predictions())
        if unknown and self.is_least_squares:
            lines.append(
                f"configurations without an error, since without them the data do not determine the functions at their"
                f" distances: {unknown}"
            )
        lines += self._remarks()
        if self.held_out:
            lines += [*HEADER_HELD_OUT, *rows_held_out(self.held_out, self.pairs)]
        return "\n".join(lines)

    def _introduction(self) -> list[str]:
        """Lines above the table of errors."""
        return []

    def _remarks(self) -> list[str]:
        """Lines below the table of errors."""
        return []


class _Function:
    """The function of a pair of types as a basis of one function, with a straight line below the inner cutoff."""

    size = 1

    def __init__(self, result: PairResult, inner_cutoff: float) -> None:
        self._result, self._inner_cutoff = result, inner_cutoff

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        clamped = np.maximum(r, self._inner_cutoff)
        value, slope = self._result.evaluate(clamped)
        return (value + (r - clamped) * slope)[:, None], slope[:, None]


@dataclass(frozen=True)
class SplineFit(Fit[SplineResult]):
    """The result of :func:`fit_splines`. ``print(fit)`` shows a table of its errors.

    Attributes
    ----------
    model : PairModel
    data : ReferenceData
    pairs : dict of (str, str) to SplineResult
        The types of a pair may be in either order.
    metadata : dict
        The arguments that :meth:`save` passes to :func:`learnedpair.export_model`.
    interacting : Range
        Which pairs interact in the fit.
    held_out : list of Prediction
        Of configurations that were not fitted, if :meth:`with_held_out` was given some.
    components : list of Component
        The data and their expected errors, for pairs of types that configurations connect.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=2e-6 / r**12 - 4e-3 / r**6)
    ...         for r in np.linspace(0.25, 1.0, 60)
    ...     ],
    ...     source="a Lennard-Jones potential",
    ...     method="an example",
    ... )
    >>> fit = lp.fit.fit_splines(data, cutoff=1.2)
    >>> print(fit)
    <ReferenceData a Lennard-Jones potential: 60 configurations of Ar; 60 energies>
    method: an example
    ...
    Ar-Ar         60  0.250 to 1.000   0.316   -2.00...
    >>> bool(abs(fit.pairs["Ar", "Ar"].c6 / 4e-3 - 1) < 0.01)
    True

    The error of another configuration:

    >>> other = lp.fit.Configuration("other", ("Ar", "Ar"), [[0, 0, 0], [0, 0, 0.4]], energy=-0.8573)
    >>> bool(abs(fit.predict(lp.fit.ReferenceData([other], "by hand", "an example"))[0].energy) < 0.01)
    True
    """

    components: Sequence[Component] = ()

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """The coefficients of all functions, one after the other, in kJ/mol."""
        return np.concatenate([result.coefficients for result in self.pairs.values()])

    def with_coefficients(self, coefficients: ArrayLike) -> SplineFit:
        """The same fit with other coefficients. Errors of the data without each configuration are not known then.

        Parameters
        ----------
        coefficients : array_like, shape (n_coefficients,), kJ/mol
            As :attr:`coefficients`.

        Returns
        -------
        SplineFit

        Raises
        ------
        ModelError
            If the shape is another.
        """
        coefficients = np.asarray(coefficients, dtype=float)
        if coefficients.shape != self.coefficients.shape:
            raise ModelError(
                f"with_coefficients: the coefficients have the shape {coefficients.shape}; expected"
                f" {self.coefficients.shape}."
            )
        parts = np.split(coefficients, np.cumsum([result.basis.size for result in self.pairs.values()])[:-1])
        changed = PairsOfTypes(
            {
                pair: replace(result, coefficients=part, predictions=())
                for (pair, result), part in zip(self.pairs.items(), parts)
            }
        )
        module = module_of(changed, names_of(self.metadata["types"], (), "with_coefficients"))
        fit = replace(self, pairs=changed, held_out=())  # predict() does not need the model
        errors = {id(each.configuration): replace(each, **_unknown(each)) for each in fit.predict(self.data)}
        pairs = PairsOfTypes(
            {
                pair: replace(
                    result, predictions=[errors[id(each.configuration)] for each in self.pairs[pair].predictions]
                )
                for pair, result in changed.items()
            }
        )
        metadata = {**self.metadata, "training": describe_training(self.data, pairs, left_out=False)}
        return replace(fit, model=load_model(module, **metadata), pairs=pairs, metadata=metadata)

    def _remarks(self) -> list[str]:
        if not self.is_least_squares:
            return ["the functions are not those of the least squares: errors left out of the fit are not known"]
        flat = [label_of(pair) for pair, result in self.pairs.items() if result.is_flat]
        return [f"slope at the shortest distance set to zero: {', '.join(flat)}"] if flat else []


@dataclass(frozen=True)
class ExpressionFit(Fit[ExpressionResult]):
    """The result of :func:`fit_expression`. ``print(fit)`` shows its errors and parameters. It has the methods of
    :class:`SplineFit`.

    Attributes
    ----------
    model : PairModel
    data : ReferenceData
    pairs : dict of (str, str) to ExpressionResult
        The types of a pair may be in either order. ``fit.pairs["Ar", "Ar"].parameters`` and ``standard_errors`` are
        dicts of the names of parameters.
    metadata : dict
        The arguments that :meth:`save` passes to :func:`learnedpair.export_model`.
    interacting : Range
        Which pairs interact in the fit.
    held_out : list of Prediction
        Of configurations that were not fitted, if :meth:`with_held_out` was given some.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=2e-6 / r**12 - 4e-3 / r**6)
    ...         for r in np.linspace(0.25, 1.0, 60)
    ...     ],
    ...     source="a Lennard-Jones potential",
    ...     method="an example",
    ... )
    >>> start = {"sigma": 0.3, "epsilon": 1.0}
    >>> fit = lp.fit.fit_expression(data, "4*epsilon*((sigma/r)^12 - (sigma/r)^6)", start, cutoff=1.2)
    >>> print(fit)
    <ReferenceData a Lennard-Jones potential: 60 configurations of Ar; 60 energies>
    method: an example
    expression in kJ/mol, r in nm: 4*epsilon*((sigma/r)^12 - (sigma/r)^6)
    ...
    Ar-Ar         60  0.250 to 1.000   0.316   -2.0000 ...
    parameters with their standard errors:
    Ar-Ar     sigma = 0.28172...
    >>> round(fit.pairs["Ar", "Ar"].parameters["epsilon"], 6)
    2.0
    """

    @property
    def expression(self) -> str:
        """The expression with the definitions in it."""
        return str(self.metadata["training"]["expression"])

    def _introduction(self) -> list[str]:
        return [f"expression in kJ/mol, r in nm: {self.expression}"]

    def _remarks(self) -> list[str]:
        lines = ["parameters with their standard errors:"]
        for pair, result in self.pairs.items():
            values = (
                f"{name} = {_with_error(value, result.standard_errors[name])}"
                for name, value in result.parameters.items()
            )
            lines.append(f"{label_of(pair):<10}{', '.join(values)}")
        return lines


def module_of(results: dict[PairOfTypes, SplineResult], names: list[str]) -> InverseSplineCurves:
    """The fitted functions as a module."""
    bases, coefficients = zip(*((result.basis, result.coefficients) for result in results.values()))
    return InverseSplineCurves(bases, coefficients, indices_of(list(results), names))


def _unknown(prediction: Prediction) -> dict[str, Any]:
    """Errors left out of the fit that are not known."""
    return {
        "energy_left_out": None if prediction.energy is None else np.nan,
        "forces_left_out": None if prediction.forces is None else np.full_like(prediction.forces, np.nan),
    }


def _with_error(value: float, error: float) -> str:
    """A parameter with its standard error, in ASCII."""
    return f"{value:.8g} (at its bound)" if np.isnan(error) else f"{value:.8g} +- {error:.2g}"
