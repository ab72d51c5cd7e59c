# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Warnings about parts of fitted functions that the data do not determine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import warn
from .pair_result import PairResult
from .pairs_of_types import PairOfTypes

#: A gap between data is looked at if it is wider than this fraction of their range of 1/r, and than this multiple of
#: the median gap.
WIDE, UNUSUAL = 0.1, 4.0
#: An extremum within a gap is reported if it is further outside of the energies at the ends of the gap than this
#: fraction of them.
OUTSIDE = 0.1
#: The largest number of configurations that a warning names.
MOST_NAMES = 3


def warn_of_guesses(results: Mapping[PairOfTypes, PairResult]) -> None:
    """Warn of configurations without which the functions are not determined, and of extrema in gaps of the data."""
    unknown = {
        each.configuration.name: None for result in results.values() for each in result.predictions if not each.is_known
    }
    if unknown:
        names = ", ".join(list(unknown)[:MOST_NAMES]) + (", ..." if len(unknown) > MOST_NAMES else "")
        warn(
            f"fit_splines: without {names} ({len(unknown)} of the configurations), the data do not determine the"
            " functions at the distances that occur there, so that their errors are not known; add data near these"
            " distances, or leave these configurations out."
        )
    for pair, result in results.items():
        _warn_of_gaps(pair, result)


def _warn_of_gaps(pair: PairOfTypes, result: PairResult) -> None:
    """Warn if the function has an extremum in a wide gap between the distances of the data."""
    r = np.unique(np.concatenate([each.distances[pair] for each in result.predictions]))
    gaps = -np.diff(1 / r)
    for k in np.flatnonzero(gaps > max(WIDE * (1 / r[0] - 1 / r[-1]), UNUSUAL * float(np.median(gaps)))):
        between = np.linspace(r[k], r[k + 1], 400)
        energy = result.evaluate(between)[0]
        low, high = sorted((energy[0], energy[-1]))
        allowed = OUTSIDE * max(abs(low), abs(high))
        for extremum, index, is_outside in (
            ("minimum", int(energy.argmin()), energy.min() < low - allowed),
            ("maximum", int(energy.argmax()), energy.max() > high + allowed),
        ):
            if is_outside:
                warn(
                    f"fit_splines: the function of {pair[0]} and {pair[1]} has a {extremum} of {energy[index]:.3g}"
                    f" kJ/mol at {between[index]:.3g} nm, where the data have a gap from {r[k]:.3g} to {r[k + 1]:.3g}"
                    " nm; add data there, or leave out what is on one side of the gap."
                )
