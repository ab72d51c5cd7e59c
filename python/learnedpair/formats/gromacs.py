# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tables of GROMACS: files with the ending .xvg and the columns r, f, -f', g, -g', h, -h', in nm.

The energy of a pair is V = qq/(4 pi eps0) f(r) + C6 g(r) + C12 h(r), where qq is the product of the charges in units of
the elementary charge, C6 is in kJ/mol nm^6 and C12 in kJ/mol nm^12; g usually is -1/r^6. The columns with a minus are
forces. If one of them contains only zeros, GROMACS computes it by cubic splines. Rows with zeros at the beginning stand
for distances at which the energies would be too large.

Source: GROMACS reference manual, "Tabulated interaction functions"; read_tables() in its source. GROMACS 2022 and later
read tables of bonded interactions only.
"""

import os
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .curves import FileCurve, make_curve, require_consistency, without_zeros_before
from .splines import spline_slopes
from .text import lines_of, parse_columns, read_text

#: 1/(4 pi eps0) in kJ/mol nm/e^2, as in GROMACS.
COULOMB = 138.935458
NAMES = "r, f, -f', g, -g', h, -h'"
FUNCTIONS = "fgh"


def read(path: str, coefficients: tuple[float, float, float]) -> FileCurve:
    """Read the curve of a pair.

    Parameters
    ----------
    path : str
    coefficients : (float, float, float)
        The product of the charges, C6 and C12. Functions with the coefficient 0 are not read.

    Returns
    -------
    FileCurve
        In nm and kJ/mol.

    Raises
    ------
    ModelError
        If anything in the file is wrong; the message names the file and the line.
    """
    name = os.path.basename(path)
    lines = [line for line in lines_of(read_text(path), "#@") if line.words != ["&"]]
    columns = parse_columns(name, lines, 7, NAMES)
    factors = np.array(coefficients) * [COULOMB, 1, 1]
    parts = [_read_function(name, columns, k, factor) for k, factor in enumerate(factors) if factor != 0]
    if not parts:
        raise ModelError(f"{name}: the charge product, C6 and C12 are all zero; expected at least one that is not.")
    first = max(part.r[0] for part in parts)
    parts = [part.rows(slice(int(np.searchsorted(part.r, first)), None), "") for part in parts]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes if note))
    sums = {
        field: sum(getattr(part, field) for part in parts)
        for field in ("energies", "slopes", "energy_rounding", "slope_rounding")
    }
    return replace(parts[0], notes=notes, **sums)


def _read_function(name, columns, k, factor):
    """One of the functions f, g and h, multiplied by its factor."""
    r, energies, force = columns.values[:, [0, 1 + 2 * k, 2 + 2 * k]].T
    rounding = columns.rounding[:, [0, 1 + 2 * k, 2 + 2 * k]].T * np.array([[1], [abs(factor)], [abs(factor)]])
    source = f"{name}, function {FUNCTIONS[k]}"
    curve = make_curve(source, name, r, factor * energies, -factor * force, columns.lines, rounding)
    if not energies.any():
        raise ModelError(
            f"{source}: all energies are zero, and the coefficient of the pair is not; give 0 as the coefficient if the"
            " function is not part of the table."
        )
    curve = without_zeros_before(curve)
    if force.any():
        require_consistency(curve)
        return curve
    note = f"the slopes of {FUNCTIONS[k]} are those of a cubic spline"
    return replace(curve, slopes=spline_slopes(curve.r, curve.energies), notes=(*curve.notes, note))


def write(path: str, r: NDArray[np.float64], energies: NDArray[np.float64], slopes: NDArray[np.float64]) -> None:
    """Write a curve as the function h, to be multiplied by C12 = 1; f and g are zero.

    Parameters
    ----------
    path : str
    r, energies, slopes : ndarray, shape (n,)
        Equally spaced from 0, in nm and kJ/mol.
    """
    with open(path, "w", encoding="utf-8") as file:
        file.write("# the energy is the function h: set C12 = 1, C6 = 0 and the charges to 0\n")
        for distance, energy, force in zip(r, energies, -slopes, strict=True):
            file.write(f"{distance:.15e} 0 0 0 0 {energy:.16e} {force:.16e}\n")
