# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The ranges of the densities in the training data of an environment model, for each type and channel.

They are a dict of type to a list with (low, high) for each channel. A type without training data is left out. None
means that they are not known. Densities have the unit that the model gives them.
"""

from typing import Any

from ...errors import ModelError
from ...force.particles import is_finite_number

DensityRanges = dict[str, list[tuple[float, float]]]


def read_density_ranges(ranges: Any, types: list[str], num_channels: int) -> DensityRanges | None:
    """Check the ranges of densities that a user gives, or that are in a file.

    Parameters
    ----------
    ranges : dict of str to sequence of (low, high), shape (num_channels, 2); or None
    types : list of str
        The names of the types in their order.
    num_channels : int

    Returns
    -------
    dict of str to list of (float, float), or None
        In the order of the types.

    Raises
    ------
    ModelError
        With one line for each problem.

    Examples
    --------
    >>> from learnedpair.models.metadata.density_ranges import read_density_ranges
    >>> read_density_ranges({"O": [[0, 2], [0.5, 1]]}, ["O", "H"], 2)
    {'O': [(0.0, 2.0), (0.5, 1.0)]}
    """
    if ranges is None:
        return None
    expected = f"a dict of type to (low, high) for each of the {num_channels} channels"
    if not isinstance(ranges, dict) or not ranges:
        raise ModelError(f"density_ranges is {ranges!r:.80}; expected {expected}, or None if they are not known.")
    problems, result = [], {}
    for name, given in ranges.items():
        if name not in types:
            problems.append(f"density_ranges has the type {name!r}, and the model has {', '.join(types)}.")
            continue
        limits = _read_limits(given, num_channels)
        if limits is None:
            problems.append(
                f"the density_ranges of {name!r} are {given!r:.80}; expected (low, high), finite numbers with low <="
                f" high, for each of the {num_channels} channels."
            )
        else:
            result[name] = limits
    if problems:
        raise ModelError("\n".join(problems))
    return {name: result[name] for name in types if name in result}


def _read_limits(given: Any, num_channels: int) -> list[tuple[float, float]] | None:
    """Convert the limits of all channels to numbers; None if they are something else."""
    if hasattr(given, "tolist"):  # NumPy arrays and tensors
        given = given.tolist()
    if not isinstance(given, (list, tuple)) or len(given) != num_channels:
        return None
    limits = []
    for each in given:
        if not isinstance(each, (list, tuple)) or len(each) != 2 or not all(map(is_finite_number, each)):
            return None
        low, high = map(float, each)
        if low > high:
            return None
        limits.append((low, high))
    return limits
