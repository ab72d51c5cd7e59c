# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What the rounds of refine() found, and its result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...lowering.pair_model import PairModel
from ..result import SplineFit
from ..summary import energy_errors, force_error
from .liquid import Liquid


@dataclass(frozen=True)
class TargetValue:
    """An average of a simulation, and its experimental value.

    Attributes
    ----------
    name : str
        With the unit.
    wanted, tolerance : float
    value, error : float
        The average and its standard error.
    """

    name: str
    wanted: float
    tolerance: float
    value: float
    error: float

    @property
    def error_in_tolerances(self) -> float:
        """The average minus the experimental value, divided by the tolerance."""
        return (self.value - self.wanted) / self.tolerance

    @property
    def is_met(self) -> bool:
        return abs(self.error_in_tolerances) <= 1


@dataclass(frozen=True)
class Round:
    """The simulations with one set of functions.

    Attributes
    ----------
    number : int
    targets : list of TargetValue
    increase : float
        Of the squared errors of the data, as in :func:`refine`.
    is_second : bool
        Whether the averages are those of this round and of the one before, which had the same functions.
    """

    number: int
    targets: Sequence[TargetValue]
    increase: float
    is_second: bool = False

    @property
    def is_met(self) -> bool:
        """Whether all averages are within their tolerances."""
        return all(each.is_met for each in self.targets)

    def __str__(self) -> str:
        values = "; ".join(f"{each.name} {each.value:.4g} +- {each.error:.2g}" for each in self.targets)
        both = " and the one before" if self.is_second else ""
        return f"round {self.number}{both}: {values}; squared errors of the data +{self.increase:.1%}"


@dataclass(frozen=True)
class LiquidFit:
    """The result of :func:`refine`. ``print(result)`` shows the averages, and the errors of the data.

    Attributes
    ----------
    fit : SplineFit
        The refined functions. Their errors "left out of the fit" are not known.
    start : SplineFit
        The functions before.
    rounds : list of Round
        The last one has the refined functions.

    Examples
    --------
    What :func:`refine` returns after one round:

    >>> import numpy as np
    >>> import learnedpair as lp
    >>> from learnedpair.fit.liquid.rounds import Round, TargetValue
    >>> dimers = [
    ...     lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-3e-4 / r**6)
    ...     for r in np.linspace(0.3, 1.0, 20)
    ... ]
    >>> fit = lp.fit.fit_splines(lp.fit.ReferenceData(dimers, "a function", "an example"), cutoff=0.9)
    >>> density = TargetValue("density (kg/m3)", wanted=1380.0, tolerance=5.0, value=1383.1, error=1.2)
    >>> result = lp.fit.LiquidFit(fit, fit, [Round(1, [density], increase=0.0)])
    >>> result.is_met
    True
    >>> print(result)
    average                                        wanted  tolerance first round last round       +-
    density (kg/m3)                                  1380          5        1383       1383      1.2
    RMS error of the energies of the data: ...
    """

    fit: SplineFit
    start: SplineFit
    rounds: Sequence[Round]

    @property
    def model(self) -> PairModel:
        """The model of the last round."""
        return self.fit.model

    @property
    def is_met(self) -> bool:
        """Whether all averages of the last round are within their tolerances."""
        return self.rounds[-1].is_met

    def save(self, path: str | os.PathLike[str]) -> PairModel:
        """Write the model to a file, as :meth:`SplineFit.save` does, with the averages in its training record.

        Parameters
        ----------
        path : path-like
            Ending in .pt or .pt2.

        Returns
        -------
        PairModel
            Its ``training["liquids"]`` has the averages, their errors and the wanted values.
        """
        return self.fit.save(path)

    def __str__(self) -> str:
        lines = [f"{'average':<42} {'wanted':>10} {'tolerance':>10} {'first round':>11} {'last round':>10} {'+-':>8}"]
        for first, last in zip(self.rounds[0].targets, self.rounds[-1].targets):
            lines.append(
                f"{last.name:<42} {last.wanted:>10.4g} {last.tolerance:>10.2g} {first.value:>11.4g} {last.value:>10.4g}"
                f" {last.error:>8.2g}"
            )
        for name, error, width in (("energies", _energy_error, "kJ/mol"), ("forces", _force_error, "kJ/mol/nm")):
            before, after = error(self.start), error(self.fit)
            if before is not None and after is not None:
                lines.append(f"RMS error of the {name} of the data: {before:.3g} of the fit, {after:.3g} {width} now")
        if not self.is_met:
            missed = ", ".join(each.name for each in self.rounds[-1].targets if not each.is_met)
            lines.append(
                f"not within the tolerance after {len(self.rounds)} rounds: {missed}. If they no longer change, the"
                " data hold them back: try a smaller data_weight"
            )
        return "\n".join(lines)


def _energy_error(fit: SplineFit) -> float | None:
    errors = energy_errors(fit.predictions(), left_out=False)
    return None if errors is None else errors.rms


def _force_error(fit: SplineFit) -> float | None:
    return force_error(fit.predictions(), left_out=False)


def describe_rounds(liquids: Sequence[Liquid], rounds: Sequence[Round]) -> dict[str, Any]:
    """The averages of the last round, for JSON."""
    return {
        "simulations": [
            {
                "temperature_K": each.temperature,
                "particles": each.system.getNumParticles(),
                "sampling_ps": each.sampling,
            }
            for each in liquids
        ],
        "rounds": len(rounds),
        "averages": [asdict(each) for each in rounds[-1].targets],
        "increase_of_squared_errors_of_data": rounds[-1].increase,
    }
