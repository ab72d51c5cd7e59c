# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a fit returns: the model, and its errors for the data with which it was fitted and for data left out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError
from ..lowering.export import export_model
from ..lowering.pair_model import PairModel, load_model
from .components import FitSettings
from .configurations import ReferenceData
from .design import rows_of
from .distances import find_all_distances
from .expected_errors import Errors
from .module import module_of
from .pair_result import PairResult
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .prediction import Prediction, predictions_of
from .record import describe_data
from .report import HEADER, HEADER_HELD_OUT, describe_errors_held_out, row_of, rows_held_out
from .summary import force_error


@dataclass(frozen=True)
class SplineFit:
    """The result of :func:`fit_splines`. ``print(fit)`` shows a table of its errors.

    Attributes
    ----------
    model : PairModel
    data : ReferenceData
    pairs : dict of (str, str) to PairResult
        The types of a pair may be in either order.
    metadata : dict
        The arguments of :func:`export_model` with which :meth:`save` writes the model.
    settings : FitSettings
        Which pairs interact, and the expected errors of the data.
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

    model: PairModel
    data: ReferenceData
    pairs: dict[PairOfTypes, PairResult]
    metadata: dict[str, Any]
    settings: FitSettings
    held_out: Sequence[Prediction] = ()

    def predict(self, data: ReferenceData) -> list[Prediction]:
        """The errors for configurations that were not fitted: predicted minus reference, both without the baseline.

        As in the fit, the pairs of a structure without a box interact at all distances (unless it was made with
        ``within_cutoff=True``), and those in a periodic box below the cutoff, with the switching function of the force.

        Raises
        ------
        ModelError
            If a configuration has a pair of types that the fitted ones do not have, or no pair in range.
        """
        interacting = self.settings.interacting
        bases = {pair: result.basis for pair, result in self.pairs.items()}
        errors = Errors((1.0, 0.0), (1.0, 0.0))
        found = find_all_distances(data, interacting)
        residuals = []
        for each, pairs in zip(data, found):
            for pair in pairs:
                if pair not in bases:
                    raise ModelError(
                        f"{each.name}: {pair[0]} and {pair[1]} are in range, and no configuration of the fit has this"
                        " pair of types; fit one that has it, or leave this one out."
                    )
            matrix, target = rows_of(each, pairs, bases, interacting, errors)
            residuals.append(matrix @ self.coefficients - target)
        rows = np.concatenate(residuals)
        return predictions_of(zip(data, found), rows, rows, errors)

    def with_held_out(self, data: ReferenceData) -> SplineFit:
        """The same fit, with its errors for configurations that were not fitted: ``print`` shows them, and the model
        has them in its training record, as "errors_held_out".

        Raises
        ------
        ModelError
            As :meth:`predict`.
        """
        predictions = self.predict(data)
        training = {
            **self.metadata["training"],
            "data_held_out": describe_data(data),
            "errors_held_out": describe_errors_held_out(predictions, self.pairs),
        }
        metadata = {**self.metadata, "training": training}
        return replace(self, model=load_model(self.model.module, **metadata), metadata=metadata, held_out=predictions)

    def predictions(self) -> list[Prediction]:
        """The errors of all configurations, in the order of the data."""
        by_configuration = {
            id(each.configuration): each for result in self.pairs.values() for each in result.predictions
        }
        return [by_configuration[id(each)] for each in self.data]

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
        fit = replace(self, model=load_model(module, **self.metadata), pairs=changed, held_out=())
        errors = {id(each.configuration): replace(each, **_unknown(each)) for each in fit.predict(self.data)}
        pairs = PairsOfTypes(
            {
                pair: replace(
                    result,
                    predictions=[errors[id(each.configuration)] for each in self.pairs[pair].predictions],
                )
                for pair, result in changed.items()
            }
        )
        return replace(fit, pairs=pairs)

    def with_training(self, record: dict[str, Any], description: str | None = None) -> SplineFit:
        """The same fit, whose model has a longer training record, and another description if one is given."""
        metadata = {**self.metadata, "training": {**self.metadata["training"], **record}}
        if description is not None:
            metadata["description"] = description
        return replace(self, model=load_model(self.model.module, **metadata), metadata=metadata)

    def save(self, path: str | os.PathLike[str]) -> PairModel:
        """Write the model to a file, as :func:`export_model` does, with the training domain of each pair of types, the
        errors of configurations left out of the fit, and the digest of the data.

        Returns
        -------
        PairModel
            The file as :func:`load_model` reads it.
        """
        return export_model(self.model.module, path, **self.metadata)

    def __str__(self) -> str:
        lines = [repr(self.data), f"method: {self.data.method}", *HEADER]
        for pair, result in self.pairs.items():
            lines.append(row_of(pair, result))
        of_forces = force_error(self.predictions(), left_out=True)
        if of_forces is not None and np.isfinite(of_forces):
            lines.append(f"components of forces left out of the fit: RMS error {of_forces:.3g} kJ/mol/nm")
        unknown = sum(not each.is_known for each in self.predictions())
        if unknown:
            lines.append(
                f"configurations without an error, since without them the data do not determine the functions at their"
                f" distances: {unknown}"
            )
        flat = [label_of(pair) for pair, result in self.pairs.items() if result.is_flat]
        if flat:
            lines.append(f"slope at the shortest distance set to zero: {', '.join(flat)}")
        if self.held_out:
            lines += [*HEADER_HELD_OUT, *rows_held_out(self.held_out, self.pairs)]
        return "\n".join(lines)


def _unknown(prediction: Prediction) -> dict[str, Any]:
    """Errors left out of the fit that are not known."""
    return {
        "energy_left_out": None if prediction.energy is None else np.nan,
        "forces_left_out": None if prediction.forces is None else np.full_like(prediction.forces, np.nan),
    }
