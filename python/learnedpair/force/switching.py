# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""OpenMM's switching function, for NumPy arrays and PyTorch tensors."""

from typing import Any


def switching(r: Any, start: float, cutoff: float) -> tuple[Any, Any]:
    """The switching function S(r) and its derivative dS/dr.

    Parameters
    ----------
    r : ndarray or Tensor, nm
    start, cutoff : float, nm
        S is 1 up to ``start``, and 0 from ``cutoff`` on.

    Returns
    -------
    S, dSdR : ndarray or Tensor
        In the shape of ``r``.

    References
    ----------
    NonbondedForce of OpenMM, setUseSwitchingFunction(): S = 1 - 10 x^3 + 15 x^4 - 6 x^5, where x goes from 0 at the
    switching distance to 1 at the cutoff.
    """
    width = cutoff - start
    x = ((r - start) / width).clip(0, 1)
    return 1 + x**3 * (-10 + x * (15 - 6 * x)), -30 * (x * (1 - x)) ** 2 / width
