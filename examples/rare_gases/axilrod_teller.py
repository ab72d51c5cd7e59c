# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The Axilrod-Teller energy of argon: the leading energy of three atoms that no pair potential contains.

    E = C9 sum over triples (1 + 3 cos a cos b cos c) / (r_ab r_bc r_ca)^3

where a, b and c are the angles of the triangle.

Source: B. M. Axilrod and E. Teller, J. Chem. Phys. 11 (1943) 299.
"""

import numpy as np

#: The coefficient C9 of three argon atoms, 7.32e-108 J m^9, converted to kJ/mol nm^9. Source: P. J. Leonard and
#: J. A. Barker, in Theoretical Chemistry: Advances and Perspectives, Vol. 1, Academic Press 1975, p. 117. Later values
#: from measured oscillator strengths differ from it by about 1 %.
C9 = 7.32e-108 * 6.02214076e23 / 1e3 * 1e81


def axilrod_teller(positions, edge, cutoff):
    """Sum the energy of all triples whose three distances are below the cutoff.

    With the tensors T_ij = (3 u u - 1) / r_ij^3 of the interaction of two dipoles (u is the direction from i to j), the
    energy of a triple is -C9/3 Tr(T_ij T_jk T_ki). The matrix of all T has 3N rows, and the trace of its third power
    counts each triple six times. Two matrix products therefore replace three loops.

    Parameters
    ----------
    positions : ndarray, shape (N, 3), nm
    edge : float, nm
        The edge of the cubic periodic box.
    cutoff : float, nm
        At most a third of the edge. Beyond it, the three nearest images of a triple need not form a triangle.

    Returns
    -------
    float, kJ/mol
    """
    if not 0 < 3 * cutoff <= edge:
        raise ValueError(f"axilrod_teller: cutoff is {cutoff:g} nm; expected at most a third of the edge, {edge:g} nm.")
    delta = positions[:, None] - positions[None]
    delta -= edge * np.round(delta / edge)
    r = np.linalg.norm(delta, axis=-1)
    np.fill_diagonal(r, np.inf)
    r[r >= cutoff] = np.inf
    direction = delta / r[..., None]
    tensors = (3 * direction[..., :, None] * direction[..., None, :] - np.eye(3)) / (r**3)[..., None, None]
    matrix = tensors.transpose(0, 2, 1, 3).reshape(3 * len(positions), -1)
    return float(-C9 / 18 * np.vdot(matrix @ matrix, matrix))
