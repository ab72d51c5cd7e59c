# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The fitted function of one pair of types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..models.evaluation import gradient
from ..models.pytorch.state import in_default_torch_state
from .basis import POWER, InverseSplineBasis
from .prediction import Prediction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PairResult(ABC):
    """The fitted function of one pair of types.

    Attributes
    ----------
    shortest, longest : float, nm
        The range of distances of the data.
    predictions : list of Prediction
        Of the configurations with this pair of types.
    """

    shortest: float
    longest: float
    predictions: Sequence[Prediction]

    @abstractmethod
    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """f in kJ/mol and df/dr in kJ/mol/nm, beyond the cutoff as well."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What the training record says about the function beside its errors, for JSON."""

    def extrema(self) -> list[tuple[str, float, float]]:
        """The minima and maxima within the data: ("minimum" or "maximum", r in nm, f in kJ/mol)."""
        r = np.linspace(self.shortest, self.longest, 20001)
        energy, dEdR = self.evaluate(r)
        k = np.flatnonzero(np.sign(dEdR[1:]) * np.sign(dEdR[:-1]) < 0)
        return [("minimum" if dEdR[i] < 0 else "maximum", float(r[i]), float(energy[i])) for i in k]


@dataclass(frozen=True)
class SplineResult(PairResult):
    """The spline of one pair of types.

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
    """

    basis: InverseSplineBasis
    coefficients: Array
    smoothness: float
    num_effective: float
    is_flat: bool

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """f in kJ/mol and df/dr in kJ/mol/nm, beyond the cutoff as well."""
        values, dEdR = self.basis.evaluate(np.asarray(r, dtype=float))
        return values @ self.coefficients, dEdR @ self.coefficients

    def describe(self) -> dict[str, Any]:
        """What the training record says about the function beside its errors, for JSON."""
        return {"smoothness": self.smoothness}

    @property
    def c6(self) -> float:
        """The limit of -r^6 f(r) for large distances, in kJ/mol nm^6."""
        return float(-self.basis.at_infinity() @ self.coefficients * self.basis.longest**POWER)


@dataclass(frozen=True)
class ExpressionResult(PairResult):
    """The parameters of one pair of types.

    Attributes
    ----------
    function : torch.nn.Module
        The expression as a function of the distances and the parameters of pairs.
    parameters, standard_errors : dict of str to float
        In the units of the expression, whose r is in nm and whose value is in kJ/mol. The standard error of a parameter
        at one of its bounds is NaN.
    """

    function: torch.nn.Module
    parameters: dict[str, float]
    standard_errors: dict[str, float]

    @in_default_torch_state
    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """f in kJ/mol and df/dr in kJ/mol/nm, beyond the cutoff as well."""
        distance = torch.tensor(np.asarray(r), dtype=torch.float64, requires_grad=True)
        values = torch.tensor(list(self.parameters.values()), dtype=torch.float64)
        f = self.function(distance, values.expand(len(distance), -1))
        return f.detach().numpy(), gradient(f.sum(), distance).numpy()

    def describe(self) -> dict[str, Any]:
        """What the training record says about the function beside its errors, for JSON."""
        errors = {name: None if np.isnan(error) else error for name, error in self.standard_errors.items()}
        return {"parameters": self.parameters, "standard_errors": errors}
