# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a fit returns: the model, and its errors for the data with which it was fitted and for data left out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openmm.version
import torch
from numpy.typing import NDArray

from ..force.functions import core
from ..lowering.export import export_model
from ..lowering.pair_model import PairModel
from .basis import POWER, InverseSplineBasis
from .configurations import ReferenceData
from .design import PairOfTypes
from .prediction import Prediction
from .summary import energy_errors, force_error

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PairResult:
    """The fitted function of one pair of types.

    Attributes
    ----------
    basis : InverseSplineBasis
    coefficients : ndarray, kJ/mol
    smoothness : float
        The weight of the penalty.
    num_effective : float
        The effective number of coefficients, together with the pairs of types that configurations connect with it.
    is_flat : bool
        Whether the slope at the shortest distance was set to zero.
    predictions : list of Prediction
        Of the configurations with this pair of types.
    """

    basis: InverseSplineBasis
    coefficients: Array
    smoothness: float
    num_effective: float
    is_flat: bool
    predictions: Sequence[Prediction]

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """f in kJ/mol and df/dr in kJ/mol/nm, beyond the cutoff as well."""
        values, dEdR = self.basis.evaluate(np.asarray(r, dtype=float))
        return values @ self.coefficients, dEdR @ self.coefficients

    @property
    def c6(self) -> float:
        """The limit of -r^6 f(r) for large distances, in kJ/mol nm^6."""
        return float(-self.basis.at_infinity() @ self.coefficients * self.basis.longest**POWER)

    def extrema(self) -> list[tuple[str, float, float]]:
        """The minima and maxima within the data: ("minimum" or "maximum", r in nm, f in kJ/mol)."""
        r = np.linspace(self.basis.shortest, self.basis.longest, 20001)
        energy, dEdR = self.evaluate(r)
        k = np.flatnonzero(np.sign(dEdR[1:]) * np.sign(dEdR[:-1]) < 0)
        return [("minimum" if dEdR[i] < 0 else "maximum", float(r[i]), float(energy[i])) for i in k]


@dataclass(frozen=True)
class SplineFit:
    """The result of :func:`fit_splines`. ``print(fit)`` shows a table of its errors.

    Attributes
    ----------
    model : PairModel
    data : ReferenceData
    pairs : dict of (str, str) to PairResult
    metadata : dict
        The arguments of :func:`export_model` with which :meth:`save` writes the model.

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
    """

    model: PairModel
    data: ReferenceData
    pairs: dict[PairOfTypes, PairResult]
    metadata: dict[str, Any]

    def predictions(self) -> list[Prediction]:
        """The errors of all configurations, in the order of the data."""
        by_configuration = {
            id(each.configuration): each for result in self.pairs.values() for each in result.predictions
        }
        return [by_configuration[id(each)] for each in self.data]

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
        lines = [repr(self.data), f"method: {self.data.method}", *_HEADER]
        for pair, result in self.pairs.items():
            lines.append(_row(pair, result))
        flat = ["-".join(pair) for pair, result in self.pairs.items() if result.is_flat]
        if flat:
            lines.append(f"slope at the shortest distance set to zero: {', '.join(flat)}")
        return "\n".join(lines)


_HEADER = (
    "                                                     error of energies left out of the fit",
    "pair        data  range (nm)         minimum         RMS       largest   of depth   on the wall",
)


def _row(pair: PairOfTypes, result: PairResult) -> str:
    """The line of a pair of types in the table of errors."""
    minima = [(r, energy) for kind, r, energy in result.extrema() if kind == "minimum"]
    r, energy = min(minima, key=lambda each: each[1]) if minima else (np.nan, np.nan)
    basis, errors = result.basis, energy_errors(result.predictions, left_out=True)
    start = (
        f"{'-'.join(pair):<10}{len(result.predictions):>6}  {basis.shortest:.3f} to {basis.longest:.3f}"
        f"  {r:>6.3f} {energy:>9.4f}"
    )
    if errors is None:
        return f"{start}   no energies; forces {force_error(result.predictions, left_out=True):.3g} kJ/mol/nm RMS"
    on_wall = f"{errors.largest_of_wall:>8.2%}" if np.isfinite(errors.largest_of_wall) else "       -"
    of_depth = f"{errors.largest / errors.depth:>8.2%}" if errors.depth > 0 else "        "
    return f"{start}  {errors.rms:>9.2e} {errors.largest:>9.2e}   {of_depth}   {on_wall}"


def describe_training(data: ReferenceData, pairs: dict[PairOfTypes, PairResult]) -> dict[str, Any]:
    """The training record of a model: data, method, errors and versions, for JSON."""
    errors = {}
    for pair, result in pairs.items():
        found = energy_errors(result.predictions, left_out=True)
        forces = force_error(result.predictions, left_out=True)
        errors["-".join(pair)] = {
            **({} if found is None else {"energy_kJ_per_mol": found.to_dict()}),
            **({} if forces is None or not np.isfinite(forces) else {"rms_force_kJ_per_mol_nm": forces}),
            "smoothness": result.smoothness,
        }
    return {
        "method": data.method,
        "data": {"source": data.source, "sha256": data.digest, "configurations": len(data)},
        "errors_left_out": errors,
        "software": {
            "learnedpair": core.version,
            "openmm": openmm.version.version,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }
