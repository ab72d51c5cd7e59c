# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""An independent implementation of the energy of an EnvironmentFunction in PyTorch (float64). Forces and derivatives
by parameters come from its automatic differentiation.

It differs from the plugin in what could go wrong there: neighbors are found among 27 periodic images of each atom; the
densities of order l are double sums over neighbors of Legendre polynomials of the angles between them, without
spherical harmonics; and the program u is a PyTorch function.
"""

import itertools

import numpy as np
import torch

LEGENDRE = (
    lambda x: torch.ones_like(x),
    lambda x: x,
    lambda x: (3 * x**2 - 1) / 2,
    lambda x: (5 * x**3 - 3 * x) / 2,
)


def hermite(first, last, values, slopes, r):
    """Piecewise cubic Hermite interpolation: the values at distances r [P] of tables [n_knots, K], and their slopes."""
    values, slopes = torch.as_tensor(values), torch.as_tensor(slopes)
    h = (last - first) / (len(values) - 1)
    x = (r - first) / h
    k = torch.clamp(x.detach().to(torch.int64), 0, len(values) - 2)
    t = (x - k)[:, None]
    a, b, da, db = values[k], values[k + 1], h * slopes[k], h * slopes[k + 1]
    value = a + t * (da + t * (3 * (b - a) - 2 * da - db + t * (da + db - 2 * (b - a))))
    slope = (da + t * (2 * (3 * (b - a) - 2 * da - db) + 3 * t * (da + db - 2 * (b - a)))) / h
    return value, slope


def switching(r, start, end):
    """The switching function of OpenMM's NonbondedForce."""
    y = torch.clamp((r - start) / (end - start), min=0)
    return 1 - 10 * y**3 + 15 * y**4 - 6 * y**5


def neighbors(positions, box, cutoff):
    """All ordered pairs (i, j) closer than the cutoff, and the displacements from i to that image of j."""
    found = []
    shifts = [np.zeros(3)] if box is None else [np.array(n) @ box for n in itertools.product((-1, 0, 1), repeat=3)]
    for i, j in itertools.product(range(len(positions)), repeat=2):
        for shift in shifts:
            delta = positions[j] - positions[i] + torch.as_tensor(shift)
            if i != j and float(delta.detach().norm()) < cutoff:
                found.append((i, j, delta))
    return found


def energy(
    function,
    atom_energy,
    positions,
    types,
    *,
    cutoff,
    inner_cutoff,
    box=None,
    switching_distance=None,
    factor_of=lambda i, j: 1.0,
    density_factor_of=None,
):
    """The energy of an EnvironmentFunction.

    Parameters
    ----------
    function : EnvironmentFunction
        For its tables alone.
    atom_energy : callable (densities [K], type) -> 0-d tensor
    positions : tensor, shape (n, 3), nm
        Within the periodic cell.
    types : sequence of int
        -1 for particles that are not covered.
    factor_of, density_factor_of : callable (i, j) -> float
        The factor of a pair in the pair function and in densities: 0 if it is excluded or not allowed.
    """
    orders, total = function.angular, torch.zeros((), dtype=torch.float64)
    of = [[] for _ in types]  # the neighbors of each atom: direction and values of all channels

    def with_distance_rules(table, r):
        clamped = torch.clamp(r, min=inner_cutoff)
        value, slope = table(clamped)
        value = value + (r - clamped)[:, None] * slope.detach() if bool(r.detach() < inner_cutoff) else value
        return value if switching_distance is None else switching(r, switching_distance, cutoff)[:, None] * value

    for i, j, delta in neighbors(positions, box, cutoff):
        if types[i] < 0 or types[j] < 0:
            continue
        r = delta.norm().reshape(1)
        factor = (density_factor_of or factor_of)(i, j)
        curve = function.curve_indices[types[i] * function.num_types + types[j]]
        if factor != 0:
            ends = (function.min_distance_of_densities, function.max_distance_of_densities)
            table = lambda x, c=curve, e=ends: hermite(*e, function.values[c], function.slopes[c], x)  # noqa: E731
            of[i].append((delta / r, factor * with_distance_rules(table, r)[0]))
        if function.pair is not None and i < j and factor_of(i, j) != 0:
            pair = function.pair
            c = pair.curve_indices[types[i] * pair.num_types + types[j]]
            numbers = (pair.min_distance, pair.max_distance, pair.energies[c][:, None], pair.slopes[c][:, None])
            table = lambda x, n=numbers: hermite(*n, x)  # noqa: E731
            total = total + factor_of(i, j) * with_distance_rules(table, r)[0, 0]
    for i, found in enumerate(of):
        if types[i] < 0:
            continue
        densities = []
        for k, order in enumerate(orders):
            w = torch.stack([values[k] for _, values in found]) if found else torch.zeros(0, dtype=torch.float64)
            if order == 0:
                densities.append(w.sum())
                continue
            u = torch.stack([direction for direction, _ in found]) if found else torch.zeros(0, 3, dtype=torch.float64)
            densities.append((w[:, None] * w[None, :] * LEGENDRE[order](u @ u.T)).sum())
        total = total + atom_energy(torch.stack(densities), types[i])
    return total
