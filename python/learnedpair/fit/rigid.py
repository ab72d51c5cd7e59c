# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces on rigid molecules: what remains of forces on atoms if only their sum and their torque matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RigidFragments:
    """Rigid bodies, each with some of the atoms. A body of one atom leaves the force on it as it is.

    Attributes
    ----------
    arms : Tensor, shape (A, 3), nm
        The positions of the atoms, minus the mean position of their body.
    body : Tensor of int64, shape (A,)
        The body of each atom.
    count : Tensor, shape (B,)
        The number of atoms of each body.
    inverse : Tensor, shape (B, 3, 3), 1/nm^2
        The pseudo-inverse of the inertia tensor, with masses of 1.
    """

    arms: torch.Tensor
    body: torch.Tensor
    count: torch.Tensor
    inverse: torch.Tensor

    @classmethod
    def of(cls, positions: Array, fragments: NDArray[np.int64]) -> RigidFragments:
        """The bodies of atoms at some positions, shape (A, 3), with the same fragment."""
        _, body = np.unique(fragments, return_inverse=True)
        count = np.bincount(body)
        centers = np.stack([np.bincount(body, positions[:, k]) for k in range(3)], axis=1) / count[:, None]
        arms = positions - centers[body]
        inertia = np.zeros((len(count), 3, 3))
        np.add.at(inertia, body, (arms**2).sum(axis=1)[:, None, None] * np.eye(3) - arms[:, :, None] * arms[:, None, :])
        inverse = np.linalg.pinv(inertia, rcond=1e-10, hermitian=True)
        arrays = (arms, body.astype(np.int64), count.astype(float), inverse)
        return cls(*(torch.from_numpy(each) for each in arrays))

    def of_atoms(self, atoms: torch.Tensor) -> RigidFragments:
        """The bodies of some atoms, given by their indices: all atoms of each body."""
        bodies, body = torch.unique(self.body[atoms], return_inverse=True)
        return RigidFragments(self.arms[atoms], body, self.count[bodies], self.inverse[bodies])

    def project(self, forces: torch.Tensor) -> torch.Tensor:
        """The smallest forces on the atoms that have the same sum and the same torque on each body as the given ones.

        Parameters
        ----------
        forces : Tensor, shape (..., A, 3)

        Returns
        -------
        Tensor, shape (..., A, 3)
        """
        zeros = forces.new_zeros(*forces.shape[:-2], len(self.count), 3)
        total = zeros.index_add(-2, self.body, forces) / self.count[:, None]
        torque = zeros.index_add(-2, self.body, torch.linalg.cross(self.arms.expand_as(forces), forces))
        rotation = (self.inverse @ torque[..., None])[..., 0]
        turning = torch.linalg.cross(rotation[..., self.body, :], self.arms.expand_as(forces))
        return total[..., self.body, :] + turning


def make_whole(positions: Array, fragments: NDArray[np.int64], box: Array) -> Array:
    """Move the atoms of each fragment to the periodic image that is next to its first atom.

    Parameters
    ----------
    positions : ndarray, shape (A, 3), nm
    fragments : ndarray of int, shape (A,)
    box : ndarray, shape (3, 3), nm
        In OpenMM's reduced form.
    """
    _, first, body = np.unique(fragments, return_index=True, return_inverse=True)
    reference = positions[first[body]]
    delta = positions - reference
    for k in (2, 1, 0):
        delta = delta - np.round(delta[:, k : k + 1] / box[k, k]) * box[k]
    return reference + delta


def project(forces: Array, positions: Array, fragments: NDArray[np.int64]) -> Array:
    """As :meth:`RigidFragments.project`, for NumPy arrays of shape (A, 3) or (A, 3, n), for n sets of forces."""
    bodies = RigidFragments.of(positions, fragments)
    sets = torch.from_numpy(np.ascontiguousarray(forces.reshape(*forces.shape[:2], -1).transpose(2, 0, 1)))
    return np.asarray(bodies.project(sets).numpy().transpose(1, 2, 0).reshape(forces.shape))
