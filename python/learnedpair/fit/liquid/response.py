# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""How averages of a simulation change with the coefficients of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frames import Frames
from .targets import Observation

Array = NDArray[np.float64]

#: The number of blocks for errors of averages.
NUM_BLOCKS = 5


@dataclass(frozen=True)
class Response:
    """Averages of observables, and their derivatives by the coefficients.

    Attributes
    ----------
    values, errors : ndarray, shape (n_values,)
        The averages and their standard errors, from blocks.
    slopes : ndarray, shape (n_values, n_coefficients)
    covariance : ndarray, shape (n_coefficients, n_coefficients)
        Of the derivatives of the energy by the coefficients, divided by the number of molecules, in (kJ/mol)^2: the
        variance of the energy that a change of the coefficients adds is change^T covariance change, per molecule.
    """

    values: Array
    errors: Array
    slopes: Array
    covariance: Array

    @classmethod
    def of(cls, observed: Observation, frames: Frames, beta: float) -> Response:
        """Compute the response from the frames of a simulation.

        Parameters
        ----------
        observed : Observation
        frames : Frames
        beta : float, mol/kJ

        References
        ----------
        d<X>/dc = <dX/dc> - beta (<X dU/dc> - <X> <dU/dc>), as in L.-P. Wang, T. J. Martinez and V. S. Pande, J. Phys.
        Chem. Lett. 5 (2014) 1885 (ForceBalance).
        """
        values = observed.values.mean(axis=0)
        deviations = frames.energy_rows - frames.energy_rows.mean(axis=0)
        count = len(deviations)
        slopes = -beta * (observed.values - values).T @ deviations / count
        if observed.slopes is not None:
            slopes = slopes + observed.slopes.mean(axis=0)
        blocks = np.array([block.mean(axis=0) for block in np.array_split(observed.values, NUM_BLOCKS)])
        errors = blocks.std(axis=0, ddof=1) / np.sqrt(NUM_BLOCKS)
        return cls(values, errors, slopes, deviations.T @ deviations / count / frames.num_molecules)

    def pooled_with(self, other: Response) -> Response:
        """The mean of two simulations of the same functions and length."""
        return Response(
            (self.values + other.values) / 2,
            np.hypot(self.errors, other.errors) / 2,
            (self.slopes + other.slopes) / 2,
            (self.covariance + other.covariance) / 2,
        )
