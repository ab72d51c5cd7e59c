# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What every fitted model says about its training: data, software, and distances."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import openmm.version
import torch

from ..errors import ModelError, warn
from ..force.functions import core
from ..force.particles import is_finite_number
from .configurations import Configuration, ReferenceData
from .pairs_of_types import PairOfTypes

#: Data that end at more than this fraction of the cutoff cover all distances up to it.
NEAR_CUTOFF = 0.95


def describe_data(data: ReferenceData) -> dict[str, Any]:
    """The files, the digest and the size of data, for JSON."""
    return {"source": data.source, "sha256": data.digest, "configurations": len(data)}


def has_baseline(configuration: Configuration) -> bool:
    """Whether the energies or forces of a force field have been subtracted."""
    return configuration.baseline_energy != 0 or configuration.baseline_forces is not None


def warn_of_other_baseline(what: str, fitted: ReferenceData, data: ReferenceData) -> None:
    """Warn of data without a baseline where the fitted data have one; ``what`` begins the message."""
    if any(map(has_baseline, fitted)) and not any(map(has_baseline, data)):
        warn(
            f"{what}: the fitted configurations have a baseline, and the given ones have none; subtract the same from"
            " both (subtract_baseline, subtract_fit)."
        )


def begin_record(data: ReferenceData) -> dict[str, Any]:
    """The method, the baseline and the data of a fit, and the versions of the software, for JSON."""
    return {
        "method": data.method,
        "baseline": "subtracted" if any(map(has_baseline, data)) else "none",
        "data": describe_data(data),
        "software": {
            "learnedpair": core.version,
            "openmm": openmm.version.version,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }


def distances_of_model(
    domain: Mapping[PairOfTypes, tuple[float, float]], cutoff: float, inner_cutoff: float | None, *, has_tail: bool
) -> dict[str, Any]:
    """The cutoff, the inner cutoff and the training domain of a model, as arguments of export_model().

    Parameters
    ----------
    domain : mapping of pair of types to (float, float)
        The shortest and the longest distance of the data of each pair of types.
    cutoff : float
    has_tail : bool
        Whether the function is made to continue beyond the longest distance, as C6/r^6 does. The training domain then
        ends at the cutoff; it does so, too, if the data come near to the cutoff.
    inner_cutoff : float, or None
        None stands for the shortest distance of the data, or 0.9 times the cutoff if that is shorter.

    Raises
    ------
    ModelError
        If all distances are beyond the cutoff.
    """
    if inner_cutoff is not None and not (is_finite_number(inner_cutoff) and 0 <= inner_cutoff < cutoff):
        raise ModelError(
            f"inner_cutoff is {inner_cutoff!r:.60}; expected a number from 0 to below the cutoff, {cutoff:g} nm."
        )
    shortest = min(low for low, _ in domain.values())
    if shortest >= cutoff:
        raise ModelError(
            f"the distances of the data begin at {shortest:g} nm, and the cutoff is {cutoff:g} nm; check the length"
            " unit of the data."
        )
    return {
        "cutoff": cutoff,
        "inner_cutoff": min(shortest, 0.9 * cutoff) if inner_cutoff is None else inner_cutoff,
        "domain": {
            pair: (low, max(high, cutoff) if has_tail or high >= NEAR_CUTOFF * cutoff else high)
            for pair, (low, high) in domain.items()
            if low < cutoff
        },
    }
