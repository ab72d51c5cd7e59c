# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a fit says about itself: the table that ``print`` shows, and the training record of its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .configurations import ReferenceData
from .pair_result import PairResult
from .pairs_of_types import PairOfTypes, label_of
from .prediction import Prediction
from .record import begin_record
from .summary import EnergyErrors, energy_errors, force_error

HEADER = (
    "                                                     error of energies left out of the fit",
    "pair        data  range (nm)         minimum         RMS       largest   of depth   on the wall",
)

HEADER_HELD_OUT = (
    "                                                     error of energies of configurations that were not fitted",
    "pair        data  range (nm)                         RMS       largest   of depth   on the wall",
)


def row_of(pair: PairOfTypes, result: PairResult) -> str:
    """The line of a pair of types in the table of errors."""
    minima = [(r, energy) for kind, r, energy in result.extrema() if kind == "minimum"]
    r, energy = min(minima, key=lambda each: each[1]) if minima else (None, None)
    well = f"{'-':>6} {'-':>9}" if r is None else f"{r:>6.3f} {energy:>9.4f}"
    errors = energy_errors(result.predictions, left_out=True)
    start = _start(pair, len(result.predictions), result.shortest, result.longest)
    return f"{start}  {well}" + _columns(errors, force_error(result.predictions, left_out=True))


def rows_held_out(predictions: Sequence[Prediction], pairs: Mapping[PairOfTypes, PairResult]) -> Iterator[str]:
    """The lines of the table of errors of configurations that were not fitted."""
    for pair, chosen, errors, forces in _errors_held_out(predictions, pairs):
        r = np.concatenate([each.distances[pair] for each in chosen])
        yield _start(pair, len(chosen), float(r.min()), float(r.max())) + " " * 18 + _columns(errors, forces)


def _start(pair: PairOfTypes, count: int, shortest: float, longest: float) -> str:
    """The first columns of a line: the pair of types, the number of data, and their range."""
    return f"{label_of(pair):<10}{count:>6}  {shortest:.3f} to {longest:.3f}"


def _columns(errors: EnergyErrors | None, forces: float | None) -> str:
    """The last columns of a line: errors of energies, or of forces where there are no energies."""
    if errors is None:
        return f"   no energies; forces {forces:.3g} kJ/mol/nm RMS"
    rms, largest = (f"{each:>9.2e}" if np.isfinite(each) else f"{'-':>9}" for each in (errors.rms, errors.largest))
    of_depth = _percent(errors.largest / errors.depth) if errors.depth > 0 else " " * 8
    return f"  {rms} {largest}   {of_depth}   {_percent(errors.largest_of_wall)}"


def _percent(value: float) -> str:
    return f"{value:>8.2%}" if np.isfinite(value) else f"{'-':>8}"


def describe_training(
    data: ReferenceData, pairs: Mapping[PairOfTypes, PairResult], *, left_out: bool = True
) -> dict[str, Any]:
    """The training record of a model: data, method, errors and versions, for JSON. The errors are those of data left
    out of the fit, or else those of the data themselves.
    """
    errors = {
        label_of(pair): {
            **_describe_errors(
                energy_errors(result.predictions, left_out=left_out), force_error(result.predictions, left_out=left_out)
            ),
            **result.describe(),
        }
        for pair, result in pairs.items()
    }
    return {**begin_record(data), "errors_left_out" if left_out else "errors_of_data": errors}


def _describe_errors(errors: EnergyErrors | None, forces: float | None) -> dict[str, Any]:
    """The errors that are known, for JSON."""
    return {
        **({} if errors is None else {"energy_kJ_per_mol": errors.to_dict()}),
        **({} if forces is None or not np.isfinite(forces) else {"rms_force_kJ_per_mol_nm": forces}),
    }


def describe_errors_held_out(
    predictions: Sequence[Prediction], pairs: Mapping[PairOfTypes, PairResult]
) -> dict[str, dict[str, Any]]:
    """The errors of configurations that were not fitted, for JSON."""
    return {
        label_of(pair): {"configurations": len(chosen), **_describe_errors(errors, forces)}
        for pair, chosen, errors, forces in _errors_held_out(predictions, pairs)
    }


def _errors_held_out(
    predictions: Sequence[Prediction], pairs: Mapping[PairOfTypes, PairResult]
) -> Iterator[tuple[PairOfTypes, list[Prediction], EnergyErrors | None, float | None]]:
    """For each pair of types that occurs: its predictions, and their errors. The well is that of the fitted data."""
    for pair, result in pairs.items():
        chosen = [each for each in predictions if pair in each.distances]
        if chosen:
            fitted = energy_errors(result.predictions, left_out=False)
            errors = energy_errors(chosen, left_out=False, depth=None if fitted is None else fitted.depth)
            yield pair, chosen, errors, force_error(chosen, left_out=False)
