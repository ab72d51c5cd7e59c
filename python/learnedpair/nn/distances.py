# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the cutoff, the inner cutoff and the switching distance of an energy."""

from __future__ import annotations

from typing import Any

from ..force.particles import as_number
from ..units import in_nanometers


def read_distances(
    name: str, cutoff: Any, inner_cutoff: Any, switching_distance: Any
) -> tuple[float, float, float | None]:
    """Convert the distances to nm, and check their order; ``name`` begins messages."""
    if cutoff is None or inner_cutoff is None:
        raise ValueError(f"{name}: a module needs cutoff and inner_cutoff, in nm.")
    end, inner = _in_nm(cutoff, f"{name}: cutoff"), _in_nm(inner_cutoff, f"{name}: inner_cutoff")
    if not 0 <= inner < end:
        raise ValueError(
            f"{name}: inner_cutoff is {inner:g} nm, and cutoff {end:g} nm; expected 0 <= inner_cutoff < cutoff."
        )
    if switching_distance is None:
        return end, inner, None
    switching = _in_nm(switching_distance, f"{name}: switching_distance")
    if not inner <= switching < end:
        raise ValueError(
            f"{name}: switching_distance is {switching:g} nm; expected a distance from inner_cutoff, {inner:g} nm,"
            f" to below the cutoff, {end:g} nm."
        )
    return end, inner, switching


def _in_nm(distance: Any, what: str) -> float:
    return float(as_number(in_nanometers(distance, what), what))
