# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Pair potentials of UF3: JSON files with cubic B-splines, in angstrom and eV.

The energy of a pair is twice the spline, because UF3 sums over both orders of the two atoms. Beyond the last knot it is
zero. Below the first knot UF3's calculator gives zero, and a LAMMPS table made from the file is extrapolated; here the
first knot is the inner cutoff.

Energies of single atoms do not depend on the positions and are not read. A file with terms of three atoms is refused.

Source: uf3 0.4.0, WeightedLinearModel.as_dict() and UFCalculator.energy_2b().
"""

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openmm.app import Element

from ..errors import ModelError
from ..force.particles import is_finite_number
from .curves import FileCurve, make_curve
from .splines import bspline_at_knots
from .text import decode_json, read_text

#: The number of equal knots at each end of a spline.
END_KNOTS = 4
#: The energy of a pair, divided by its spline.
ORDERS = 2


def read(path: str) -> list[FileCurve]:
    """Read the curves of all pairs; the keyword of a curve is that of the file, such as "W-W".

    Raises
    ------
    ModelError
        If anything in the file is wrong; the message names the file and the pair.
    """
    text, name = read_text(path), os.path.basename(path)
    try:
        content = decode_json(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{name}: this is not JSON that can be read ({error}); expected the file of a UF3 model."
        ) from None
    coefficients, knots = _parts(name, content)
    _require_pairs_alone(name, [*coefficients, *knots], content.get("degree", 2))
    keywords = [key for key in coefficients if "-" in key]
    if not keywords:
        raise ModelError(f"{name}: the coefficients have no pair, such as 'W-W'; expected at least one.")
    return [_read_pair(name, keyword, knots.get(keyword), coefficients[keyword]) for keyword in keywords]


def _require_pairs_alone(name, keywords, degree):
    """Require a model without terms of three and more atoms."""
    more = [keyword for keyword in keywords if keyword.count("-") > 1]
    is_number = isinstance(degree, (int, float)) and not isinstance(degree, bool)
    if more or (is_number and degree > 2):
        raise ModelError(
            f"{name}: the model has terms of three atoms{f' ({more[0]})' if more else ''}, which a pair model cannot"
            " have; train one with degree 2."
        )
    if not is_number or degree != 2:
        raise ModelError(f"{name}: the entry 'degree' is {json.dumps(degree):.60}; expected 2.")


def _parts(name, content):
    """The coefficients and the knots of a file: two dicts with a list for each pair."""
    content = content if isinstance(content, dict) else {}
    coefficients = content.get("coefficients", content.get("solution"))
    knots = content.get("knots", content.get("knots_map"))
    if not isinstance(coefficients, dict) or not isinstance(knots, dict):
        raise ModelError(f"{name}: expected a UF3 model, a dict with the entries 'coefficients' and 'knots'.")
    return coefficients, knots


def _read_pair(name, keyword, knots, coefficients):
    source = f"{name}, pair {keyword}"
    arrays = [_numbers(source, what, values) for what, values in (("knots", knots), ("coefficients", coefficients))]
    knots, coefficients = arrays
    if len(knots) < 2 * END_KNOTS or len(coefficients) != len(knots) - END_KNOTS:
        raise ModelError(
            f"{source}: there are {len(knots)} knots and {len(coefficients)} coefficients; expected at least"
            f" {2 * END_KNOTS} knots, and {END_KNOTS} coefficients less."
        )
    inner = knots[END_KNOTS - 1 : len(knots) - END_KNOTS + 1]
    if np.ptp(knots[:END_KNOTS]) or np.ptp(knots[-END_KNOTS:]) or not (np.diff(inner) > 0).all():
        raise ModelError(
            f"{source}: expected knots that increase, {END_KNOTS} equal ones at each end and distinct ones between."
        )
    if knots[0] < 0:
        raise ModelError(f"{source}: the first knot is {knots[0]:g}; expected no negative ones.")
    r, energies, slopes = bspline_at_knots(knots, ORDERS * coefficients)
    return make_curve(source, keyword, r, energies, slopes, np.zeros(len(r), dtype=np.int64))


def _numbers(source, what, values):
    """Convert a list of finite numbers."""
    if not isinstance(values, list) or not all(map(is_finite_number, values)):
        raise ModelError(f"{source}: expected the {what} as a list of finite numbers.")
    return np.array(values, dtype=float)


def sorted_elements(elements: Iterable[str]) -> tuple[str, ...]:
    """Elements in the order of their atomic numbers, which UF3 requires of the names of pairs.

    Raises
    ------
    ModelError
        If a name is not the symbol of an element.
    """
    numbers = {}
    for each in elements:
        try:
            numbers[each] = Element.getBySymbol(each).atomic_number
        except KeyError:
            raise ModelError(
                f"the type {each!r} is not the symbol of an element, and UF3 has no other types; load the model with"
                " types that have the names of elements."
            ) from None
    return tuple(sorted(elements, key=numbers.__getitem__))


def write(
    path: str,
    curves: dict[tuple[str, str], tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]],
) -> None:
    """Write the splines through given energies.

    Parameters
    ----------
    path : str
    curves : dict of (str, str) to (r, energies, (first slope, last slope))
        By pairs of elements, as sorted_elements() sorts them. Distances are in angstrom, and energies in eV.
    """
    elements = sorted_elements({each for pair in curves for each in pair})
    content: dict[str, Any] = {
        "coefficients": dict.fromkeys(elements, 0.0),
        "knots": {},
        "data_coverage": None,
        "knot_strategy": "linear",
        "offset_1b": True,
        "leading_trim": 0,
        "trailing_trim": 0,
        "element_list": list(elements),
        "degree": 2,
    }
    for pair, (r, energies, ends) in curves.items():
        knots = np.concatenate([[r[0]] * (END_KNOTS - 1), r, [r[-1]] * (END_KNOTS - 1)])
        content["knots"]["-".join(pair)] = knots.tolist()
        content["coefficients"]["-".join(pair)] = (_coefficients(knots, r, energies, ends) / ORDERS).tolist()
    content["knots_map"] = content["knots"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


def _coefficients(knots, r, energies, ends):
    """The coefficients of the cubic spline through energies at the knots, with given slopes at both ends."""
    count = len(r) + 2
    _, values, slopes = bspline_at_knots(knots, np.eye(count))
    matrix = np.vstack([slopes[:1], values, slopes[-1:]])
    return np.linalg.solve(matrix, np.concatenate([[ends[0]], energies, [ends[1]]]))
