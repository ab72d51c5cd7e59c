# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Estimates of many-body energies, of methane and several waters, which a sum over pairs does not contain."""

import numpy as np
from force_field import COULOMB, HOH, OH, WATER_CHARGES

#: The polarizability of methane, nm^3: T. N. Olney et al., Chem. Phys. 223 (1997) 59.
POLARIZABILITY = 2.593e-3
#: The dipole of an isolated water molecule, e nm (1.855 D), and that of TIP3P (2.35 D).
DIPOLE = 1.855 * 0.0208194
TIP3P_DIPOLE = 2 * WATER_CHARGES[1] * OH * np.cos(np.radians(HOH / 2))
#: The dispersion coefficients of methane-water and water-water, kJ/mol nm^6: the geometric mean of 129.6 and 45.4, and
#: 45.4 atomic units; G. D. Zeiss and W. J. Meath, Mol. Phys. 33 (1977) 1155.
ATOMIC_UNIT = 2625.4996 * 0.0529177211**6
C6_METHANE_WATER, C6_WATER = np.sqrt(129.6 * 45.4) * ATOMIC_UNIT, 45.4 * ATOMIC_UNIT
#: The triple-dipole coefficient C9 of one methane and two waters, kJ/mol nm^9. It is estimated from the dispersion
#: coefficients of the three pairs, C9^2 = C6(1,2) C6(1,3) C6(2,3): S. Grimme et al., J. Chem. Phys. 132 (2010) 154104.
C9 = np.sqrt(C6_METHANE_WATER**2 * C6_WATER)
CUTOFF = 0.9  # nm, of the C-O distances


def induction(waters):
    """The induction energy of methane in kJ/mol: as a sum over pairs, and with the field of all waters together.

    A pair correction has the sum over waters of -a E_i^2 / 2, where E_i is the field of one isolated water molecule. In
    the liquid the energy is -a (sum of E_i)^2 / 2, where the fields of waters on opposite sides cancel. These fields
    are those of TIP3P, whose dipole is enhanced as in a liquid.

    Parameters
    ----------
    waters : ndarray, shape (M, 3, 3), nm
        Relative to the carbon.

    Returns
    -------
    pairs, together : float
    """
    waters = waters[np.linalg.norm(waters[:, 0], axis=1) < CUTOFF]
    r = np.linalg.norm(waters, axis=2)
    fields = -np.einsum("a,mak,ma->mk", WATER_CHARGES, waters, r**-3)
    factor = -COULOMB * POLARIZABILITY / 2
    scaled = (DIPOLE / TIP3P_DIPOLE) ** 2
    return factor * scaled * np.sum(fields**2), factor * np.sum(fields.sum(axis=0) ** 2)


def triple_dispersion(waters):
    """The Axilrod-Teller energy of methane and two waters, C-O-O, in kJ/mol, without damping.

    Parameters
    ----------
    waters : ndarray, shape (M, 3, 3), nm
        Relative to the carbon.
    """
    oxygens = waters[np.linalg.norm(waters[:, 0], axis=1) < CUTOFF, 0]
    i, j = np.triu_indices(len(oxygens), k=1)
    a, b = oxygens[i], oxygens[j]
    ra, rb, rab = (np.linalg.norm(each, axis=1) for each in (a, b, b - a))
    dot = np.sum(a * b, axis=1)
    cosines = (dot / (ra * rb)) * ((ra**2 - dot) / (ra * rab)) * ((rb**2 - dot) / (rb * rab))
    return float(np.sum(C9 * (1 + 3 * cosines) / (ra * rb * rab) ** 3))
