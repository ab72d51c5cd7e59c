# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Free energies and their standard errors, from blocks of samples."""

import numpy as np
from force_field import KB

BLOCKS = 10


def with_error(function, *series):
    """Compute a function of series of samples, and its standard error by the jackknife, which leaves out blocks.

    Parameters
    ----------
    function : callable
        A function of arrays; its result is a number or an array.
    *series : ndarray or list
        Samples in the order of time. Each series is divided into blocks of its own.
    """
    blocks = [np.array_split(np.arange(len(values)), BLOCKS) for values in series]
    left_out = [
        function(*(np.delete(values, of_series[k], axis=0) for values, of_series in zip(series, blocks)))
        for k in range(BLOCKS)
    ]
    error = np.std(left_out, axis=0) * np.sqrt(BLOCKS - 1)
    return np.asarray(function(*series)).tolist(), error.tolist()


def potential_from_sums(sums, volumes, temperature):
    """The excess chemical potential at constant pressure, -kT ln(<V exp(-U/kT)> / <V>), in kJ/mol.

    Parameters
    ----------
    sums : ndarray, shape (n,)
        The mean of exp(-U/kT) over the insertions into each snapshot.
    volumes : ndarray, shape (n,), nm^3
    temperature : float, K

    Source
    ------
    B. Widom, J. Chem. Phys. 39 (1963) 2808; at constant pressure: K. S. Shing and S. T. Chung, J. Phys. Chem. 91
    (1987) 1674.
    """
    return float(-KB * temperature * np.log(np.sum(volumes * sums) / np.sum(volumes)))


def potential_from_ratio(sums, volumes, occupied, offset, temperature):
    """The excess chemical potential from insertions into water and from methane in water, in kJ/mol.

    With f(x) = 1/(1 + exp(x)) and any offset C it is C - kT ln(<V f((U - C)/kT)> / <V> / <f((C - U)/kT)>): the first
    mean is over insertions, the second one over a simulation with methane. The largest weights of Widom's formula are
    bounded here.

    Parameters
    ----------
    sums : ndarray, shape (n,)
        The mean of f((U - C)/kT) over the insertions into each snapshot.
    volumes : ndarray, shape (n,), nm^3
    occupied : ndarray, shape (m,)
        f((C - U)/kT) of each sample with methane.
    offset : float, kJ/mol
        C.
    temperature : float, K

    Source
    ------
    C. H. Bennett, J. Comput. Phys. 22 (1976) 245.
    """
    ratio = np.sum(volumes * sums) / np.sum(volumes) / np.mean(occupied)
    return float(offset - KB * temperature * np.log(ratio))


def fermi(x):
    """1/(1 + exp(x))."""
    return 1 / (1 + np.exp(np.minimum(x, 700.0)))


def perturbation(differences, temperature):
    """The free energy difference -kT ln<exp(-dU/kT)>, in kJ/mol."""
    kT = KB * temperature
    return float(-kT * np.log(np.mean(np.exp(-differences / kT))))


def acceptance_ratio(forward, backward, temperature):
    """The free energy difference of two states by Bennett's acceptance ratio, in kJ/mol.

    Parameters
    ----------
    forward, backward : ndarray, kJ/mol
        The energy of state 1 minus that of state 0, for samples of state 0 and of state 1.

    Source
    ------
    C. H. Bennett, J. Comput. Phys. 22 (1976) 245.
    """
    kT = KB * temperature
    offset = np.log(len(backward) / len(forward))
    low, high = min(forward.min(), backward.min()), max(forward.max(), backward.max())
    while high - low > 1e-9:
        middle = (low + high) / 2
        of_forward = np.sum(fermi((forward - middle) / kT - offset))
        of_backward = np.sum(fermi((middle - backward) / kT + offset))
        low, high = (middle, high) if of_forward < of_backward else (low, middle)
    return float((low + high) / 2)


def simpson(first, middle, last):
    """The integral from 0 to 1 of the means of dU/dscale at 0, 0.5 and 1."""
    return float((np.mean(first) + 4 * np.mean(middle) + np.mean(last)) / 6)


def first_peak(r, g):
    """The position (nm) and height of the highest peak: the top of a parabola through the bins around it."""
    k = int(np.argmax(g))
    a, b, c = np.polyfit(r[k - 4 : k + 5] - r[k], g[k - 4 : k + 5], 2)
    return np.array([r[k] - b / (2 * a), c - b**2 / (4 * a)])
