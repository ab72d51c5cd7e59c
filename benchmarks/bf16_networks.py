# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Networks whose products with matrices are made of bf16 numbers, modelled in NumPy: what TensorCoreSource.h does on a
GPU, and what it could do instead.
"""

import itertools

import numpy as np

#: Which parts are multiplied, (part of the vector, part of the weight), 0 being the largest.
SCHEMES = {
    "float": None,
    "2 x 2 parts, 3 products": ((0, 0), (0, 1), (1, 0)),
    "2 x 3 parts, 4 products": ((0, 0), (0, 1), (1, 0), (0, 2)),
    "3 x 3 parts, 6 products (ours)": ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)),
}
WIDTHS = (16, 32, 32, 1)
COLUMNS = 16  # that one instruction takes
CUTOFF, RADIAL_WIDTH = 0.7, 0.05  # nm; of the radial functions


def round_to_bf16(x):
    """The nearest bf16 numbers, ties to even, of an array of float32."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def split(x):
    """Three bf16 numbers whose sum a float32 is."""
    parts, rest = [], x.astype(np.float32)
    for _ in range(3):
        parts.append(round_to_bf16(rest))
        rest = rest - parts[-1]
    return parts


def cut_off(x):
    """The nearest float32 towards zero, which is what tensor cores make of a sum."""
    nearest = x.astype(np.float32)
    return np.where(np.abs(nearest) > np.abs(x), np.nextafter(nearest, np.float32(0)), nearest)


def multiply(x, matrix, scheme):
    """Products of vectors, shape [n, columns], with a matrix, shape [rows, columns]; None for the arithmetic of the
    operands.
    """
    if scheme is None:
        return x @ matrix.T
    vectors, weights = split(x), split(matrix)
    product = np.zeros((len(x), len(matrix)), np.float32)
    for first in range(0, x.shape[1], COLUMNS):
        columns = slice(first, first + COLUMNS)
        piece = np.zeros_like(product)
        for i, j in sorted(scheme, key=sum, reverse=True):
            piece = cut_off(piece + vectors[i][:, columns].astype(float) @ weights[j][:, columns].T.astype(float))
        product = product + piece
    return product


def evaluate(matrices, r, scheme, dtype):
    """Energy and slope of a network of radial functions with SiLU, the last layer in float as on a GPU; two arrays of
    float64.
    """
    centers = np.linspace(0.2, CUTOFF, WIDTHS[0]).astype(dtype)
    r = r[:, np.newaxis].astype(dtype)
    x = np.exp(-(((r - centers) / RADIAL_WIDTH) ** 2) / 2).astype(dtype)
    slope = (-(r - centers) / RADIAL_WIDTH**2 * x).astype(dtype)
    for matrix in matrices[:-1]:
        y, dy = multiply(x, matrix.astype(dtype), scheme), multiply(slope, matrix.astype(dtype), scheme)
        sigmoid = (1 / (1 + np.exp(-y))).astype(dtype)
        x, slope = (y * sigmoid).astype(dtype), ((sigmoid + y * sigmoid * (1 - sigmoid)) * dy).astype(dtype)
    last = matrices[-1].astype(dtype)
    return (x @ last.T)[:, 0].astype(float), (slope @ last.T)[:, 0].astype(float)


def random_network(random, cancellation):
    """Matrices with weights that float32 holds. For a cancellation above 1 the two halves of the last hidden layer
    differ by
    1/cancellation only, and are subtracted from each other."""
    first, second, last = (
        1.5 * random.normal(size=(rows, columns)) / np.sqrt(columns) for columns, rows in itertools.pairwise(WIDTHS)
    )
    if cancellation > 1:
        half = WIDTHS[2] // 2
        second[half:] = second[:half] + random.normal(size=(half, WIDTHS[1])) * 1.5 / np.sqrt(WIDTHS[1]) / cancellation
        last[:, half:] = -last[:, :half]
    return [matrix.astype(np.float32).astype(float) for matrix in (first, second, last)]


def measure(cancellation, networks, distances, seed):
    """Errors of each scheme against double precision: one dict of three numbers for each."""
    random = np.random.default_rng(seed)
    errors = {name: [] for name in SCHEMES}
    for _ in range(networks):
        matrices = random_network(random, cancellation)
        r = random.uniform(0.2, CUTOFF, distances).astype(np.float32).astype(float)
        exact_energy, exact_slope = evaluate(matrices, r, None, float)
        for name, scheme in SCHEMES.items():
            energy, slope = evaluate(matrices, r, scheme, np.float32)
            force_error = np.sqrt(np.mean((slope - exact_slope) ** 2) / np.mean(exact_slope**2))
            errors[name].append((force_error, abs(np.mean(energy - exact_energy)) / exact_energy.std()))
    return {
        name: {
            "force_error_median": np.median(rows, axis=0)[0],
            "force_error_largest": np.max(rows, axis=0)[0],
            "energy_bias_largest": np.max(rows, axis=0)[1],
        }
        for name, rows in errors.items()
    }
