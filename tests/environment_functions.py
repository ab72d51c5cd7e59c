# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Environment functions for tests: five channels of all angular orders, and a program of the energy of an atom."""

import learnedpair as lp
import numpy as np

CUTOFF, INNER = 0.6, 0.22
ORDERS = [0, 0, 1, 2, 3]
NUM_TYPES = 2
TEXT = """v0[5] = densities
v1[1] = type
v2[15] = weight
v3[3] = linear v2 v0
v4[3] = tanh v3
v5[2] = weight
v6[1] = lookup v1 v5 {1}
v7[3] = weight
v8[1] = linear v7 v4
v9[2] = globals
v10[1] = gather v9 {0}
v11[1] = gather v9 {1}
v12[1] = mul v10 v8
v13[1] = mul v11 v6
v14[1] = add v12 v13
output v14"""
GLOBALS = {"strength": 1.3, "offset": (0.7, 0.0, 2.0)}


def weights():
    random = np.random.default_rng(5)
    return np.concatenate([0.4 * random.normal(size=15), [0.5, -0.8], 2.0 * random.normal(size=3)])


def curves(orders=ORDERS, num_types=NUM_TYPES, knots=60, last=CUTOFF, seed=1):
    """Smooth random densities for each ordered pair of types, which vanish at the cutoff: values and slopes."""
    r = np.linspace(INNER, last, knots)
    values, slopes = [], []
    for pair in range(num_types**2):
        random = np.random.default_rng([seed, pair])
        center, width = random.uniform(0.2, 0.4, len(orders)), random.uniform(0.08, 0.2, len(orders))
        x = (r[:, None] - center) / width
        gauss, envelope = np.exp(-(x**2)), (1 - (r / last) ** 2)[:, None]
        values.append(gauss * envelope**3)
        slopes.append(gauss * (-2 * x / width * envelope**3 - 6 * envelope**2 * r[:, None] / last**2))
    return values, slopes


def pair_table(num_types=NUM_TYPES):
    r = np.linspace(0.2, 0.65, 80)
    energies, slopes = [], []
    for k in range(num_types * (num_types + 1) // 2):
        energies.append((k + 1) * (1 - (r / 0.65) ** 2) ** 3)
        slopes.append(-(k + 1) * 6 * r / 0.65**2 * (1 - (r / 0.65) ** 2) ** 2)
    indices = [max(a, b) * (max(a, b) + 1) // 2 + min(a, b) for a in range(num_types) for b in range(num_types)]
    return lp.PairTable(num_types, 0.2, 0.65, energies, slopes, indices)


def environment(pair=True, given_weights=None, **options):
    values, slopes = curves()
    arguments = dict(
        num_types=NUM_TYPES, min_distance=INNER, max_distance=CUTOFF, angular=ORDERS, values=values, slopes=slopes,
        curve_indices=[0, 1, 2, 3], text=TEXT, weights=weights() if given_weights is None else given_weights,
        global_parameters=GLOBALS, pair=pair_table() if pair is True else pair or None,
    )  # fmt: skip
    return lp.EnvironmentFunction(**(arguments | options))
