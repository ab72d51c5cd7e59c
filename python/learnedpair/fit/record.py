# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What every fitted model says about its training: data, software, and distances."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import openmm.version
import torch

from ..errors import ModelError
from ..force.functions import core
from .configurations import ReferenceData
from .pairs_of_types import PairOfTypes


def describe_data(data: ReferenceData) -> dict[str, Any]:
    """The files, the digest and the size of data, for JSON."""
    return {"source": data.source, "sha256": data.digest, "configurations": len(data)}


def begin_record(data: ReferenceData) -> dict[str, Any]:
    """The method and the data of a fit, and the versions of the software, for JSON."""
    return {
        "method": data.method,
        "data": describe_data(data),
        "software": {
            "learnedpair": core.version,
            "openmm": openmm.version.version,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }


def distances_of_model(
    domain: Mapping[PairOfTypes, tuple[float, float]], cutoff: float, inner_cutoff: float | None
) -> dict[str, Any]:
    """The cutoff, the inner cutoff and the training domain of a model, as arguments of export_model().

    Parameters
    ----------
    domain : mapping of pair of types to (float, float)
        The shortest and the longest distance of the data of each pair of types.
    cutoff : float
    inner_cutoff : float, or None
        None stands for the shortest distance of the data, or 0.9 times the cutoff if that is shorter.

    Raises
    ------
    ModelError
        If all distances are beyond the cutoff.
    """
    shortest = min(low for low, _ in domain.values())
    if shortest >= cutoff:
        raise ModelError(
            f"the distances of the data begin at {shortest:g} nm, and the cutoff is {cutoff:g} nm; check the length"
            " unit of the data."
        )
    return {
        "cutoff": cutoff,
        "inner_cutoff": min(shortest, 0.9 * cutoff) if inner_cutoff is None else inner_cutoff,
        "domain": {pair: limits for pair, limits in domain.items() if limits[0] < cutoff},
    }
