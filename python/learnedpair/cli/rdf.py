# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The radial distribution function, accumulated frame by frame."""

import numpy as np


class RadialDistribution:
    """g(r) of one kind of particle in a periodic box.

    g(r) = V / (N (N-1) / 2) * n(r) / (4 pi r^2 dr), with n(r) the number of pairs between r and r+dr.

    Parameters
    ----------
    particles : sequence of int
    longest : float, nm
        At most half the width of the box.
    bins : int
    """

    def __init__(self, particles, longest=1.0, bins=200):
        self.particles = np.asarray(particles)
        self.edges = np.linspace(0, longest, bins + 1)
        self.sum = np.zeros(bins)
        self.frames = 0

    def add(self, positions, box):
        """Add a frame: positions, shape (n, 3), nm; box, shape (3, 3), nm, reduced form."""
        selected = positions[self.particles]
        counts = np.zeros(len(self.sum))
        for i in range(len(selected) - 1):
            delta = selected[i + 1 :] - selected[i]
            for k in (2, 1, 0):
                delta -= np.round(delta[:, k : k + 1] / box[k, k]) * box[k]
            counts += np.histogram(np.sqrt((delta**2).sum(axis=1)), self.edges)[0]
        pairs = len(selected) * (len(selected) - 1) / 2
        shells = 4 / 3 * np.pi * np.diff(self.edges**3)
        self.sum += counts / shells * np.linalg.det(box) / pairs
        self.frames += 1

    @property
    def centers(self):
        """The middle of each bin, nm."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def values(self):
        """The mean g(r) of the frames so far."""
        return self.sum / max(1, self.frames)
