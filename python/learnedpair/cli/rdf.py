# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The radial distribution function, accumulated frame by frame."""

import numpy as np


class RadialDistribution:
    """The radial distribution function g(r) of N equal particles in a periodic box.

    g(r) = V / (N (N-1) / 2) * n(r) / (4 pi r^2 dr), where n(r) is the number of pairs with distances from r to r+dr and
    V is the volume of the box.

    Parameters
    ----------
    particles : sequence of int
        The indices of the particles.
    longest : float, nm
        The longest distance; at most half the width of the box.
    bins : int
        The number of bins.
    """

    def __init__(self, particles, longest=1.0, bins=200):
        self.particles = np.asarray(particles)
        self.edges = np.linspace(0, longest, bins + 1)
        self.sum = np.zeros(bins)
        self.frames = 0

    def add(self, positions, box):
        """Add a frame.

        Parameters
        ----------
        positions : ndarray, shape (n_particles, 3), nm
        box : ndarray, shape (3, 3), nm
            The periodic box vectors, in OpenMM's reduced form.
        """
        selected = positions[self.particles]
        counts = np.zeros(len(self.sum))
        for i in range(len(selected) - 1):
            delta = selected[i + 1 :] - selected[i]
            for k in (2, 1, 0):  # minimum image
                delta -= np.round(delta[:, k : k + 1] / box[k, k]) * box[k]
            counts += np.histogram(np.sqrt((delta**2).sum(axis=1)), self.edges)[0]
        pairs = len(selected) * (len(selected) - 1) / 2
        shells = 4 / 3 * np.pi * np.diff(self.edges**3)
        self.sum += counts / shells * np.linalg.det(box) / pairs
        self.frames += 1

    @property
    def centers(self):
        """The center of each bin, in nm."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def values(self):
        """g(r), averaged over all frames so far."""
        return self.sum / max(1, self.frames)
