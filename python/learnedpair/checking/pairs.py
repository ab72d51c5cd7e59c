# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energies and dE/dr of pairs, and the errors that tables may cause for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..force.functions import EnvironmentFunction, PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import Pairs

#: A curve of a table has at least this many intervals between knots.
MIN_INTERVALS = 64


def pair_functions(
    correction: LearnedPairForce, pairs: Pairs, global_values: dict[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evaluate the function of a correction for pairs, in double precision: f in kJ/mol and df/dr in kJ/mol/nm, without
    factor, scale and switching function. Below the inner cutoff, the values at the inner cutoff are returned.
    """
    r = np.maximum(pairs.r, correction.getInnerCutoffDistance()._value)
    function = correction.getFunction()
    if isinstance(function, EnvironmentFunction):
        raise ValueError(
            f"{correction.getName()!r} has an EnvironmentFunction, whose energy is not a sum over pairs; this check is"
            " for pair functions."
        )
    if not isinstance(function, PairTable):
        particles = particles_of(correction)
        return function.evaluate(r, particles[pairs.i], particles[pairs.j], **global_values)
    types = correction.getParticleTypes()
    energy, dEdR = np.zeros_like(r), np.zeros_like(r)
    combined = types[pairs.i].astype(np.int64) * function.num_types + types[pairs.j]
    for both in np.unique(combined):
        chosen = combined == both
        type1, type2 = divmod(int(both), function.num_types)
        energy[chosen], dEdR[chosen] = function.evaluate(type1, type2, r[chosen])
    return energy, dEdR


def particles_of(correction: LearnedPairForce) -> NDArray[np.float64] | NDArray[np.int64]:
    """The types or the features of all particles of a correction."""
    if correction.getNumFeatures():
        return correction.getAllParticleFeatures()
    return correction.getParticleTypes().astype(np.int64)


@dataclass(frozen=True)
class Allowance:
    """The errors that a table may cause in a structure: of the energy, in kJ/mol, and of a force, in kJ/mol/nm, as the
    root mean square over the components and as the largest of all components.
    """

    energy: float = 0.0
    rms: float = 0.0
    largest: float = 0.0


def allowance_of_tables(
    correction: LearnedPairForce, pairs: Pairs, dEdR: NDArray[np.float64], tolerance: float, scale: float
) -> Allowance:
    """Compute the errors of energy and forces that the tolerance of a table allows.

    The force error of a pair is at most tolerance (|F| + 1 kJ/mol/nm), and the energy error at most this times the
    distance to the nearest knot, or to the inner cutoff for pairs below it. All errors may have the same sign.

    Parameters
    ----------
    correction : LearnedPairForce
    pairs : Pairs
    dEdR : ndarray, shape (n_pairs,), kJ/mol/nm
        From :func:`pair_functions`.
    tolerance : float
    scale : float
    """
    inner, outer = correction.getInnerCutoffDistance()._value, correction.getCutoffDistance()._value
    interval = (outer - inner) / MIN_INTERVALS
    of_pair = abs(scale) * np.abs(pairs.factors) * tolerance * (np.abs(dEdR) + 1.0)
    of_energy = of_pair * np.maximum(interval, inner - pairs.r)
    if correction.getUseSwitchingFunction():  # the slope of the switching function multiplies the error of the energy
        steepest = 1.875 / (outer - correction.getSwitchingDistance()._value)
        of_pair = of_pair + steepest * of_energy
    of_particle = pairs.sums(of_pair, correction.getNumParticles())
    return Allowance(
        float(of_energy.sum()), float(np.sqrt(np.mean(of_particle**2) / 3)), float(of_particle.max(initial=0.0))
    )
