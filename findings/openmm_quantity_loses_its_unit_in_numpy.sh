#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# NumPy takes the numbers of an OpenMM Quantity that holds an array, and loses the unit: also where two units meet.
#
# Library:   OpenMM 8.6.1 from PyPI, numpy 2.4.6.
# Input:     two Quantities of arrays, in kcal/mol and in kJ/mol, given to numpy.concatenate and numpy.asarray.
# Expected:  a Quantity in one unit, or an exception, as for a single number: float(1.0*kilocalorie_per_mole) is a
#            TypeError, and numpy.asarray of a Quantity that holds a list is a ValueError.
# Seen:      numpy.concatenate([[1, 2] kcal/mol, [1] kJ/mol]) is the plain array [1, 2, 1], and numpy.asarray([1, 2]
#            kcal/mol) is [1, 2]: no unit, no conversion, no warning. So is what any extension module gets that asks
#            NumPy for an array.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" -W error - <<'PYTHON'
import sys

import numpy as np
from openmm import unit

kcal = np.array([1.0, 2.0]) * unit.kilocalorie_per_mole
kilojoule = np.array([1.0]) * unit.kilojoule_per_mole
joined, plain = np.concatenate([kcal, kilojoule]), np.asarray(kcal)
print("concatenated:", repr(joined), "array:", repr(plain))
for refused in (
    lambda: float(1.0 * unit.kilocalorie_per_mole),
    lambda: np.asarray([1.0, 2.0] * unit.kilocalorie_per_mole, dtype=float),
):
    try:
        sys.exit(f"not refused: {refused()!r}")
    except (TypeError, ValueError) as error:
        print("refused:", error)
as_described = type(joined) is np.ndarray and joined.tolist() == [1, 2, 1] and plain.tolist() == [1, 2]
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
