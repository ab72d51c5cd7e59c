# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The methods of LearnedPairForce that set what it knows of each particle: types or features."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .lifetime import GuardedForce
from .particles import as_type, as_types, feature_rows


class ParticleSettings(GuardedForce):
    """The types or the features of the particles of a :class:`LearnedPairForce`."""

    #: The type of a particle that the function does not cover: it does not interact through this force.
    NotCovered = -1

    def getNumParticles(self) -> int:
        """Get the number of particles; it must equal the number of particles in the System."""
        return self._access.getNumParticles()

    def addParticle(self, particle: int | ArrayLike | None) -> int:
        """Add a particle. Particles are added in the order in which they appear in the System.

        Parameters
        ----------
        particle : int, or sequence of float, or None
            The type of the particle, or its features, shape (n_features,), in the units of the model. None if the
            particle is not covered; with types also NotCovered.

        Returns
        -------
        int
            The index of the particle.

        Raises
        ------
        TypeError
            If the type is not an integer, or the features are not the right number of real numbers.
        ValueError
            If a feature is NaN or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(["O", "H", "H"])
        >>> force.addParticle(0)  # the oxygen atom of another molecule
        3
        >>> force.addParticle(None)  # an ion that the model does not cover
        4
        >>> force.getParticleTypes().tolist()
        [0, 1, 1, 0, -1]
        """
        if self.getNumFeatures() > 0:
            return self._access.addParticle(self._row(self.getNumParticles(), particle))
        return self._access.addParticle(self.NotCovered if particle is None else as_type(particle, "addParticle"))

    def _row(self, index: int, features: ArrayLike | None) -> list[float]:
        """Convert the features of one particle to a list, which is empty for None."""
        rows, covered = feature_rows([features], self.getNumFeatures(), first=index)
        if features is not None and not covered[0]:
            raise ValueError(
                f"LearnedPairForce: the features of particle {index} are NaN; give None for a particle that is not"
                " covered."
            )
        return rows[0].tolist() if covered[0] else []

    def getParticleType(self, index: int) -> int:
        """Get the type of a particle (int)."""
        return self._access.getParticleType(index)

    def setParticleType(self, index: int, type: int) -> None:
        """Set the type of a particle (int, or NotCovered)."""
        self._access.setParticleType(index, as_type(type, "setParticleType"))

    def getParticleTypes(self) -> NDArray[np.int32]:
        """Get the types of all particles, an ndarray of shape (n_particles,)."""
        return self._access.getParticleTypes()

    def setParticleTypes(self, types: ArrayLike) -> None:
        """Set the types of all particles at once. Existing particles are replaced; their number may change.

        Parameters
        ----------
        types : array of int, shape (n_particles,)
            NotCovered (-1) for particles that are not covered.
        """
        self._access.setParticleTypes(as_types(types))

    def getNumFeatures(self) -> int:
        """Get the number of features per particle; 0 if the function takes types."""
        return self._access.getFunction().num_features

    def getParticleFeatures(self, index: int) -> NDArray[np.float64] | None:
        """Get the features of a particle, an ndarray of shape (n_features,), or None if it is not covered."""
        row = self._access.getParticleFeatures(index)
        return np.array(row) if row else None

    def setParticleFeatures(self, index: int, features: ArrayLike | None) -> None:
        """Set the features of a particle.

        Parameters
        ----------
        index : int
        features : sequence of float, shape (n_features,), or None
            In the units of the model. None if the particle is not covered.

        Raises
        ------
        TypeError
            If ``features`` are not the right number of real numbers.
        ValueError
            If a feature is NaN or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
        >>> model = lp.load_model(network, features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
        >>> force = model.create_force([[-0.8], [0.4], [0.4]])
        >>> force.setParticleFeatures(0, [-0.9])
        >>> force.setParticleFeatures(2, None)
        >>> force.getAllParticleFeatures().tolist()
        [[-0.9], [0.4], [nan]]
        """
        index = operator.index(index)
        self._access.setParticleFeatures(index, self._row(index, features))

    def getAllParticleFeatures(self) -> NDArray[np.float64]:
        """Get the features of all particles, an ndarray of shape (n_particles, n_features). Rows of particles that are
        not covered are NaN.
        """
        rows = self._access.getAllParticleFeatures().reshape(self.getNumParticles(), self.getNumFeatures())
        rows[self.getParticleTypes() == self.NotCovered] = np.nan
        return rows

    def setAllParticleFeatures(self, features: ArrayLike | Sequence[ArrayLike | None]) -> None:
        """Set the features of all particles at once. Existing particles are replaced; their number may change.

        Parameters
        ----------
        features : array, shape (n_particles, n_features), or sequence with a row or None for each particle
            None for particles that are not covered. A row of NaN, which getAllParticleFeatures() returns for an
            uncovered particle, leaves an uncovered particle uncovered. It is refused for a covered particle; to uncover
            one, give None.

        Raises
        ------
        TypeError
            If a row is not the right number of real numbers.
        ValueError
            If a feature of a covered particle is NaN, or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
        >>> model = lp.load_model(network, features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
        >>> force = model.create_force([[-0.8], [0.4], [0.4], None])
        >>> force.setAllParticleFeatures([[-0.9], [0.45], [0.45], None])
        >>> force.getAllParticleFeatures().tolist()
        [[-0.9], [0.45], [0.45], [nan]]
        """
        rows, covered = feature_rows(features, self.getNumFeatures())
        was_covered = self.getParticleTypes() != self.NotCovered
        for i in np.flatnonzero(np.isnan(rows).all(axis=1)).tolist():
            if i < len(was_covered) and was_covered[i]:
                raise ValueError(
                    f"LearnedPairForce: the features of particle {i} are NaN, and it is covered; give None for"
                    " particles that are not to be covered any more."
                )
        self._access.setAllParticleFeatures(rows.ravel(), covered.tolist())
