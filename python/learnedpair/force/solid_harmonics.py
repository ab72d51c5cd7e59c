# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Real spherical harmonics, for NumPy arrays and PyTorch tensors."""

from typing import Any


def solid_harmonics(x: Any, y: Any, z: Any, order: int) -> list[Any]:
    """Real spherical harmonics of one order at unit vectors, normalized so that the sum of their squares is 1.

    Parameters
    ----------
    x, y, z : ndarray or Tensor, shape (n,)
        The components of the vectors.
    order : int
        0 to 3.

    Returns
    -------
    list of ndarray or Tensor, shape (n,)
        2 * order + 1 of them.

    References
    ----------
    D. A. Varshalovich, A. N. Moskalev and V. K. Khersonskii, Quantum Theory of Angular Momentum, ch. 5; the order of
    the components is that of plugin/include/internal/solidHarmonics.h.
    """
    if order == 0:
        return [0 * x + 1]
    if order == 1:
        return [y, z, x]
    if order == 2:
        a = 3**0.5
        return [a * x * y, a * y * z, z**2 - (x**2 + y**2) / 2, a * x * z, a / 2 * (x**2 - y**2)]
    a, b, c, q = 0.625**0.5, 15**0.5, 0.375**0.5, 4 * z**2 - x**2 - y**2
    parts = [a * y * (3 * x**2 - y**2), b * x * y * z, c * y * q, z * (z**2 - 1.5 * (x**2 + y**2))]
    return [*parts, c * x * q, b / 2 * z * (x**2 - y**2), a * x * (x**2 - 3 * y**2)]
