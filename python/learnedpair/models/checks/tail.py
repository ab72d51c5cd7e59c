# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a model leaves of its curves at the cutoff: an envelope or a switching function makes every curve end there,
also one that has not decayed.
"""

from typing import NamedTuple

import numpy as np

from ..metadata.parameters import describe
from .samples import name_pair

#: Where the tail begins, as a fraction of the cutoff.
BEGINNING = 0.75
#: Points of the integrals.
POINTS = 400
#: Of how many pairs find_worst_tail() computes integrals.
MAX_INTEGRATED = 64


class Tail(NamedTuple):
    """The end of the curve of a pair of particles. Integrals are those of 4 pi r^2 f(r), in kJ/mol nm^3: times half the
    number density they are the energy per particle of a liquid without structure.

    ``distance`` is 3/4 of the cutoff, ``energy`` f there; ``integral`` goes from the inner cutoff to the cutoff, and
    ``beyond`` from
    ``distance`` on; ``dispersion`` is that of a curve with the same energy at ``distance`` that falls with r^-6 from
    there to infinity.
    """

    name: str
    distance: float
    energy: float
    integral: float
    beyond: float
    dispersion: float

    @property
    def lost(self):
        """What the cutoff takes away from a curve that falls with r^-6."""
        return abs(self.dispersion - self.beyond)

    def __str__(self):
        share = f"{100 * abs(self.beyond / self.integral):.0f} % of the whole" if self.integral else "nothing before"
        return (
            f"{self.name:<10} {self.energy:11.4g} kJ/mol at {self.distance:.4g} nm; integral of 4 pi r^2 f from there"
            f" to the cutoff {self.beyond:.3g} kJ/mol nm^3 ({share}), and {self.dispersion:.3g} to infinity if it fell"
            " as r^-6"
        )


def find_tails(model, names, first, second, values):
    """The ends of the curves of some pairs of particles, with switching.

    Parameters
    ----------
    model : Model
    names : list of str, length n_pairs
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
    values : dict of str to float
        Of the global parameters.

    Returns
    -------
    list of Tail

    Source
    ------
    The integral of 4 pi r^2 E (d/r)^6 from d to infinity is 4 pi E d^3 / 3.
    """
    distance = max(BEGINNING * model.cutoff, model.inner_cutoff)
    r = [
        np.linspace(low, high, POINTS)
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
    """The tail that loses most by the cutoff.

    Many pairs are sorted out by their energy where the tail begins, and only those with the largest are integrated.

    Parameters
    ----------
    model : Model
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
    settings : list of dict of str to float
        Values of the global parameters.

    Returns
    -------
    Tail
        Its name says the pair and the values of the global parameters.
    """
    beginning = np.array([max(BEGINNING * model.cutoff, model.inner_cutoff)])
    tails = []
    for values in settings:
        largest = np.argsort(-np.abs(_energies(model, beginning, first, second, values)[:, 0]), kind="stable")[
            :MAX_INTEGRATED
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
    y = np.clip((r - model.switching_distance) / (model.cutoff - model.switching_distance), 0, None)
    return energy * (1 - 10 * y**3 + 15 * y**4 - 6 * y**5)


def _integral(values, r):
    """By the trapezoidal rule, along the last axis."""
    return ((values[:, 1:] + values[:, :-1]) / 2 * np.diff(r)).sum(axis=1)
