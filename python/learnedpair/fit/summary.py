# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The errors of a fit in numbers that a person can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from .expected_errors import well_depth
from .prediction import Prediction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EnergyErrors:
    """Errors of energies, fitted minus reference. Configurations whose reference energy is above the depth are on the
    repulsive wall, where simulations hardly ever are, and only the relative error matters.

    Attributes
    ----------
    depth : float, kJ/mol
        Minus the lowest reference energy; 0 if there is no well: no negative energy, or one that is tiny beside the
        others. If there are configurations with a single pair of atoms, these alone count.
    rms, largest : float, kJ/mol
        Of configurations whose reference energy is below the depth, or of all if there is no well; NaN if there are
        none.
    where : str
        The name of the configuration with the largest error.
    largest_of_wall : float
        The largest relative error of the other configurations; NaN if there are none.
    """

    depth: float
    rms: float
    largest: float
    where: str
    largest_of_wall: float

    def to_dict(self) -> dict[str, float | str | None]:
        """The attributes, with None in place of NaN, which JSON does not know."""
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def energy_errors(
    predictions: Sequence[Prediction], *, left_out: bool, depth: float | None = None
) -> EnergyErrors | None:
    """Summarize the errors of energies; None if no configuration has an energy.

    Parameters
    ----------
    predictions : sequence of Prediction
    left_out : bool
        Whether each configuration is predicted without itself. Those that nothing replaces are ignored.
    depth : float, kJ/mol, optional
        The depth of the well, if other configurations show it; by default that of these configurations.
    """
    chosen = [each for each in predictions if each.energy is not None]
    if not chosen:
        return None
    reference = np.array([each.configuration.energy for each in chosen])
    errors = np.array([each.energy_left_out if left_out else each.energy for each in chosen], dtype=float)
    known = np.isfinite(errors)
    depth = well_depth(_of_dimers(chosen, reference)) if depth is None else depth
    in_well = known & (reference < (depth or np.inf))
    on_wall = known & ~in_well
    of_wall = float(np.abs(errors[on_wall] / reference[on_wall]).max()) if on_wall.any() else np.nan
    if not in_well.any():
        return EnergyErrors(depth, np.nan, np.nan, "", of_wall)
    worst = int(np.flatnonzero(in_well)[np.abs(errors[in_well]).argmax()])
    return EnergyErrors(
        depth,
        float(np.sqrt(np.mean(errors[in_well] ** 2))),
        float(abs(errors[worst])),
        chosen[worst].configuration.name,
        of_wall,
    )


def _of_dimers(chosen: Sequence[Prediction], reference: Array) -> Array:
    """The energies of the configurations with one pair of atoms only; all of them if there are none of these."""
    single = np.array([sum(len(r) for r in each.distances.values()) == 1 for each in chosen])
    return reference[single] if single.any() else reference


def force_error(predictions: Sequence[Prediction], *, left_out: bool) -> float | None:
    """The root mean square error of components of forces, in kJ/mol/nm; None if no configuration has forces."""
    found = [each.forces_left_out if left_out else each.forces for each in predictions]
    errors = [each for each in found if each is not None]
    if not errors:
        return None
    values: Array = np.concatenate(errors)
    return float(np.sqrt(np.nanmean(values**2))) if np.isfinite(values).any() else np.nan
