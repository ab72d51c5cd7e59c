# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A curve that was read from a table of another program: energies and slopes at its rows, and the checks of them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .splines import spline_slopes

#: A contradiction between energies and forces that is smaller than this part of the energy's change is not reported.
RELATIVE_ROUNDING = 1e-6
#: Rows are close to each other if the quotient of their distances is below this.
CLOSE_ROWS = 1.1
#: How close to a constant the quotient of two columns must be for a message to name the constant.
QUOTIENT_SPREAD = 0.02
#: Two units of learnedpair.units differ by a factor outside of this range.
SIMILAR = (0.9, 1.1)


@dataclass(frozen=True)
class FileCurve:
    """A curve of a file. Distances, energies and slopes are in the units of the file until ``converted`` is called.

    Between its rows it is the cubic Hermite polynomial of the energies and the slopes dE/dr. The arrays with names that
    end in ``_rounding`` say by how much the written digits can be wrong; ``lines`` are the lines of the file.
    """

    source: str
    keyword: str
    r: NDArray[np.float64]
    energies: NDArray[np.float64]
    slopes: NDArray[np.float64]
    r_rounding: NDArray[np.float64]
    energy_rounding: NDArray[np.float64]
    slope_rounding: NDArray[np.float64]
    lines: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def rows(self, part: slice, note: str) -> "FileCurve":
        """The curve with some of its rows, and a note on the others."""
        names = ("r", "energies", "slopes", "r_rounding", "energy_rounding", "slope_rounding", "lines")
        return replace(self, notes=(*self.notes, note), **{name: getattr(self, name)[part] for name in names})


def make_curve(source, keyword, r, energies, slopes, lines, rounding=None, notes=()):
    """Make a FileCurve and require distances that increase.

    Parameters
    ----------
    source, keyword : str
    r, energies : ndarray, shape (n,)
    slopes : ndarray, shape (n,), or None
        None for a table without forces: the slopes are those of the cubic spline through the energies.
    lines : ndarray of int, shape (n,)
    rounding : (ndarray, ndarray, ndarray), optional
        That of distances, energies and slopes; by default zero.
    notes : tuple of str

    Returns
    -------
    FileCurve

    Raises
    ------
    ModelError
        If there are fewer than two rows, a distance is negative, or distances do not increase.
    """
    if len(r) < 2:
        raise ModelError(f"{source}: there are {len(r)} rows with values; expected at least 2.")
    if r[0] < 0:
        raise ModelError(f"{source}, line {lines[0]}: the distance is {r[0]:g}; expected no negative ones.")
    wrong = np.flatnonzero(~(np.diff(r) > 0))
    if len(wrong):
        k = wrong[0] + 1
        raise ModelError(
            f"{source}, line {lines[k]}: the distance {r[k]:.10g} follows {r[k - 1]:.10g}; expected distances that"
            " increase from row to row."
        )
    if slopes is None:
        slopes = spline_slopes(r, energies)
    rounding = [np.zeros_like(r)] * 3 if rounding is None else rounding
    return FileCurve(source, keyword, r, energies, slopes, *rounding, lines, tuple(notes))


def without_zeros_before(curve: FileCurve) -> FileCurve:
    """Leave out rows of zeros at the beginning that stand for energies that are too large, as GROMACS tables have them.

    They are recognized by a jump: in the next row, the energy is falling off from its largest value.
    """
    used = np.flatnonzero((curve.energies != 0) | (curve.slopes != 0))
    if len(used) < 2 or used[0] == 0:
        return curve
    first = used[0]
    next_change = curve.energies[first] * (curve.energies[first + 1] - curve.energies[first])
    if next_change >= 0:
        return curve
    return curve.rows(slice(first, None), f"{_rows(first)} of zeros before {curve.r[first]:g} left out")


def without_zeros_after(curve: FileCurve) -> FileCurve:
    """Leave out rows of zeros at the end that stand for what is beyond the cutoff.

    LAMMPS' pair_write writes such a row at the cutoff of a truncated pair style. It is recognized by a jump: the last
    energies before the zeros contradict the forces.
    """
    used = np.flatnonzero((curve.energies != 0) | (curve.slopes != 0))
    if len(used) < 2 or used[-1] == len(curve.r) - 1 or not _contradictions(curve)[used[-1]] > 0:
        return curve
    last = used[-1]
    left_out = len(curve.r) - 1 - last
    return curve.rows(slice(None, last + 1), f"{_rows(left_out)} of zeros after {curve.r[last]:g} left out")


def _rows(count):
    return f"{count} row{'s' if count > 1 else ''}"


def require_consistency(curve: FileCurve) -> None:
    """Require that the forces of a curve are the derivative of its energies.

    In each interval the change of the energy is compared with the integral of the slopes by the trapezoidal rule.
    They may differ by what the spacing explains and by the rounding of the written digits.

    Raises
    ------
    ModelError
        With the file, line and distance of the largest contradiction.
    """
    excess = _contradictions(curve)
    if not (excess > 0).any():
        return
    change, integral = _changes(curve)
    k = int(np.argmax(excess))
    allowed = np.abs(change[k] - integral[k]) - excess[k]
    raise ModelError(
        f"{curve.source}, line {curve.lines[k + 1]}: from the distance {curve.r[k]:.8g} to {curve.r[k + 1]:.8g} the"
        f" energy changes by {change[k]:.6g}, and by {integral[k]:.6g} if the forces of the table are right; rows"
        f" this far apart and their rounding explain a difference of {allowed:.2g}.{_reason(change, integral)}"
    )


def _changes(curve):
    """The changes of the energy in all intervals, and the integrals of the slopes by the trapezoidal rule."""
    return np.diff(curve.energies), np.diff(curve.r) * (curve.slopes[1:] + curve.slopes[:-1]) / 2


def _contradictions(curve):
    """By how much energies and slopes contradict each other in each interval, beyond what is allowed."""
    width, (change, integral) = np.diff(curve.r), _changes(curve)
    is_close = curve.r[1:] < CLOSE_ROWS * curve.r[:-1]
    step = np.abs(np.diff(curve.slopes))[[0, -1]]
    if len(curve.r) > 2 and is_close[0]:
        bends = np.abs(np.diff(np.diff(curve.energies) / width))[[0, -1]]
        step = np.minimum(step, 2 * bends)
    # From the slopes and from the energies, so that a wrong number in one column does not excuse itself. Where rows are
    # far apart, the energies alone say too little about a wall.
    curvature = _curvature(curve.r, curve.slopes)
    of_energies = _curvature_of_energies(curve.r, curve.energies)
    # The error of the trapezoidal rule is h^3/12 times the second derivative. For a wall that is steep on the scale of
    # the spacing h, the estimate from the rows is too small, by a factor of up to 6.
    largest, of_energies = (np.maximum(values[1:], values[:-1]) for values in (curvature, of_energies))
    allowed = width**3 / 2 * np.where(is_close, np.minimum(largest, of_energies), largest)
    # A table whose forces are differences of its energies has one-sided differences in its first and last row.
    allowed[[0, -1]] += width[[0, -1]] / 2 * step
    allowed += curve.energy_rounding[1:] + curve.energy_rounding[:-1]
    allowed += width * np.maximum(curve.slope_rounding[1:], curve.slope_rounding[:-1])
    steepest = np.maximum(np.abs(curve.slopes[1:]), np.abs(curve.slopes[:-1]))
    allowed += steepest * (curve.r_rounding[1:] + curve.r_rounding[:-1])
    size = np.abs(curve.energies[1:]) + np.abs(curve.energies[:-1])
    allowed += RELATIVE_ROUNDING * np.abs(change) + 1e-14 * size
    return np.abs(change - integral) - allowed


def _curvature(r, slopes):
    """The magnitude of the second derivative of the slopes at each row, from it and its neighbors; 0 at the ends."""
    curvature = np.zeros(len(r))
    if len(r) > 2:
        width = np.diff(r)
        curvature[1:-1] = 2 * np.abs(np.diff(np.diff(slopes) / width)) / (width[1:] + width[:-1])
    return curvature


def _curvature_of_energies(r, energies):
    """The same from the energies, the largest in a neighborhood; infinite if there are too few rows."""
    if len(r) < 5:
        return np.full(len(r), np.inf)
    middles = (r[1:] + r[:-1]) / 2
    inner = _curvature(middles, np.diff(energies) / np.diff(r))
    padded = np.concatenate([inner[1:2], inner[1:2], inner, inner[-2:-1], inner[-2:-1]])
    return 2 * np.max([padded[k : k + len(r)] for k in range(len(padded) - len(r) + 1)], axis=0)


def _reason(change, integral):
    """A sentence if all changes of the energy are the same multiple of what the forces say; else an empty string."""
    large = np.abs(change) > 1e-3 * np.abs(change).max()
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = integral[large] / change[large]
    quotient = float(np.median(quotients))
    if not np.isfinite(quotient) or not np.median(np.abs(quotients - quotient)) < QUOTIENT_SPREAD * abs(quotient):
        return ""
    if abs(quotient + 1) < QUOTIENT_SPREAD:
        return " The column of forces holds +dE/dr; it must hold the force, -dE/dr."
    if f"{quotient:.3g}" == "1":
        return ""
    similar = SIMILAR[0] < quotient < SIMILAR[1]
    cause = "distances that do not belong to the rows" if similar else "a column in another unit"
    return f" All forces are about {quotient:.3g} times those of the energies; look for {cause}."
