# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The tails of a model's curves, to show how much of the energy is lost at the cutoff.

An envelope or a switching function makes every curve end at the cutoff, also one that has not decayed yet.
"""

from typing import NamedTuple

import numpy as np

from ...force.switching import switching
from ..metadata.parameters import describe
from .samples import name_pair

#: Where a tail begins, as a fraction of the cutoff.
TAIL_BEGIN = 0.75
#: The number of points of each integral.
INTEGRATION_POINTS = 400
#: The number of pairs for which find_worst_tail() computes integrals.
MAX_PAIRS = 64
#: Energies, in kJ/mol, and their derivatives and integrals are printed as 0 if they are smaller than this.
NEGLIGIBLE = 1e-12


class Tail(NamedTuple):
    """The tail of the curve f(r) of a pair of particles.

    The integrals are over 4 pi r^2 f(r), in kJ/mol nm^3. Multiplied by half the number density, they are the energy per
    particle of a liquid without structure (g(r) = 1).

    Attributes
    ----------
    name : str
        The pair of particles.
    distance : float, nm
        Where the tail begins: 3/4 of the cutoff.
    energy : float, kJ/mol
        f(distance).
    integral : float
        From the inner cutoff to the cutoff.
    beyond : float
        From ``distance`` to the cutoff.
    dispersion : float
        From ``distance`` to infinity, for a curve that equals f at ``distance`` and decays as r^-6.
    """

    name: str
    distance: float
    energy: float
    integral: float
    beyond: float
    dispersion: float

    @property
    def lost(self):
        """The part of the integral that is lost at the cutoff if the curve decays as r^-6."""
        return abs(self.dispersion - self.beyond)

    def __str__(self):
        energy, integral, beyond, dispersion = map(
            printable, (self.energy, self.integral, self.beyond, self.dispersion)
        )
        if not integral:
            fraction = "nothing before"
        elif abs(beyond) <= abs(integral):
            fraction = f"{100 * abs(beyond / integral):.0f} % of the whole"
        else:
            fraction = f"more than the whole, {integral:.3g}, which nearly cancels"
        return (
            f"{self.name:<10} {energy:11.4g} kJ/mol at {self.distance:.4g} nm; integral of 4 pi r^2 f from there"
            f" to the cutoff {beyond:.3g} kJ/mol nm^3 ({fraction}), and {dispersion:.3g} to infinity if it"
            " fell as r^-6"
        )


def printable(number):
    """Return a number for printing: 0 if it is negligible or a negative zero, such as the -9e-80 kJ/mol of a curve that
    has decayed.
    """
    return 0.0 if abs(number) < NEGLIGIBLE else number


def find_tails(model, names, first, second, values):
    """Compute the tails of some pairs of particles, including the switching function.

    Parameters
    ----------
    model : Model
    names : list of str, length n_pairs
        The pairs of particles, for messages.
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
    values : dict of str to float
        The values of the global parameters.

    Returns
    -------
    list of Tail

    References
    ----------
    The integral of 4 pi r^2 E (d/r)^6 from d to infinity is 4 pi E d^3 / 3.
    """
    distance = max(TAIL_BEGIN * model.cutoff, model.inner_cutoff)
    r = [
        np.linspace(low, high, INTEGRATION_POINTS)
        for low, high in ((model.inner_cutoff, distance), (distance, model.last_distance))
    ]
    energies = [_energies(model, part, first, second, values) for part in r]
    before, beyond = (_integral(4 * np.pi * part**2 * energy, part) for part, energy in zip(r, energies, strict=True))
    at_distance = energies[1][:, 0]
    dispersion = 4 / 3 * np.pi * distance**3 * at_distance
    return [
        Tail(name, distance, *map(float, numbers))
        for name, *numbers in zip(names, at_distance, before + beyond, beyond, dispersion, strict=True)
    ]


def find_worst_tail(model, first, second, settings):
    """Find the tail that loses most at the cutoff.

    Only the pairs with the largest energies where the tail begins are integrated.

    Parameters
    ----------
    model : Model
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
    settings : list of dict of str to float
        Values of the global parameters.

    Returns
    -------
    Tail
        Its name contains the pair and the values of the global parameters.
    """
    beginning = np.array([max(TAIL_BEGIN * model.cutoff, model.inner_cutoff)])
    tails = []
    for values in settings:
        largest = np.argsort(-np.abs(_energies(model, beginning, first, second, values)[:, 0]), kind="stable")[
            :MAX_PAIRS
        ]
        pairs = first[largest], second[largest]
        names = [f"{name_pair(model, *pair)}{describe(values)}" for pair in zip(*pairs, strict=True)]
        tails += find_tails(model, names, *pairs, values)
    return max(tails, key=lambda tail: tail.lost)


def _energies(model, r, first, second, values):
    """The energies with switching, shape (n_pairs, n_distances)."""
    particles = [np.repeat(particle, len(r), axis=0) for particle in (first, second)]
    energy = model.evaluate(np.tile(r, len(first)), *particles, **values)[0].reshape(len(first), len(r))
    if model.switching_distance is None:
        return energy
    return energy * switching(r, model.switching_distance, model.cutoff)[0]


def _integral(values, r):
    """Integrate along the last axis by the trapezoidal rule."""
    return ((values[:, 1:] + values[:, :-1]) / 2 * np.diff(r)).sum(axis=1)
