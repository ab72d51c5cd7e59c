# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What the training record of every fitted model says about its data and the software."""

from typing import Any

import numpy as np
import openmm.version
import torch

from ..force.functions import core
from .configurations import ReferenceData


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
