# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A NumPy model of networks whose matrix products use bf16 numbers: the bf16x3 splitting of TensorCorePlan.h, and
cheaper alternatives.
"""

import itertools

import numpy as np

#: The products in each scheme: (part of the vector, part of the weight), where part 0 is the largest.
SCHEMES = {
    "float": None,
    "2 x 2 parts, 3 products": ((0, 0), (0, 1), (1, 0)),
    "2 x 3 parts, 4 products": ((0, 0), (0, 1), (1, 0), (0, 2)),
    "3 x 3 parts, 6 products (ours)": ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)),
}
WIDTHS = (16, 32, 32, 1)
COLUMNS = 16  # of one tensor-core instruction
CUTOFF, RADIAL_WIDTH = 0.7, 0.05  # cutoff, and width of the radial functions, nm


def round_to_bf16(x):
    """Round an array of float32 to the nearest bf16 numbers, ties to even."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def split(x):
    """Split each float32 into three bf16 numbers with the same sum."""
    parts, rest = [], x.astype(np.float32)
    for _ in range(3):
        parts.append(round_to_bf16(rest))
        rest = rest - parts[-1]
    return parts


def truncate(x):
    """Round to float32 towards zero, as tensor cores do with sums."""
    nearest = x.astype(np.float32)
    return np.where(np.abs(nearest) > np.abs(x), np.nextafter(nearest, np.float32(0)), nearest)


def multiply(x, matrix, scheme):
    """Multiply vectors, shape [n, columns], by a matrix, shape [rows, columns].

    The scheme None uses the arithmetic of the operands.
    """
    if scheme is None:
        return x @ matrix.T
    vectors, weights = split(x), split(matrix)
    product = np.zeros((len(x), len(matrix)), np.float32)
    for first in range(0, x.shape[1], COLUMNS):
        columns = slice(first, first + COLUMNS)
        piece = np.zeros_like(product)
        for i, j in sorted(scheme, key=sum, reverse=True):
            piece = truncate(piece + vectors[i][:, columns].astype(float) @ weights[j][:, columns].T.astype(float))
        product = product + piece
    return product


def evaluate(matrices, r, scheme, dtype):
    """Evaluate the energy and dE/dr (two arrays of float64) of a network of radial functions with SiLU.

    The last layer does not use the scheme: GPUs compute it in float.
    """
    centers = np.linspace(0.2, CUTOFF, WIDTHS[0]).astype(dtype)
    r = r[:, np.newaxis].astype(dtype)
    x = np.exp(-(((r - centers) / RADIAL_WIDTH) ** 2) / 2).astype(dtype)
    derivative = (-(r - centers) / RADIAL_WIDTH**2 * x).astype(dtype)
    for matrix in matrices[:-1]:
        y, dy = multiply(x, matrix.astype(dtype), scheme), multiply(derivative, matrix.astype(dtype), scheme)
        sigmoid = (1 / (1 + np.exp(-y))).astype(dtype)
        x, derivative = (y * sigmoid).astype(dtype), ((sigmoid + y * sigmoid * (1 - sigmoid)) * dy).astype(dtype)
    last = matrices[-1].astype(dtype)
    return (x @ last.T)[:, 0].astype(float), (derivative @ last.T)[:, 0].astype(float)


def random_network(random, cancellation):
    """Make random matrices whose weights are exact in float32.

    For a cancellation above 1, the two halves of the last hidden layer differ by only 1/cancellation, and the last
    layer subtracts one from the other.
    """
    first, second, last = (
        1.5 * random.normal(size=(rows, columns)) / np.sqrt(columns) for columns, rows in itertools.pairwise(WIDTHS)
    )
    if cancellation > 1:
        half = WIDTHS[2] // 2
        second[half:] = second[:half] + random.normal(size=(half, WIDTHS[1])) * 1.5 / np.sqrt(WIDTHS[1]) / cancellation
        last[:, half:] = -last[:, :half]
    return [matrix.astype(np.float32).astype(float) for matrix in (first, second, last)]


def measure(cancellation, networks, distances, seed):
    """Measure the errors of each scheme against double precision; returns a dict of three numbers for each scheme."""
    random = np.random.default_rng(seed)
    errors = {name: [] for name in SCHEMES}
    for _ in range(networks):
        matrices = random_network(random, cancellation)
        r = random.uniform(0.2, CUTOFF, distances).astype(np.float32).astype(float)
        exact_energy, exact_derivative = evaluate(matrices, r, None, float)
        for name, scheme in SCHEMES.items():
            energy, derivative = evaluate(matrices, r, scheme, np.float32)
            force_error = np.sqrt(np.mean((derivative - exact_derivative) ** 2) / np.mean(exact_derivative**2))
            errors[name].append((force_error, abs(np.mean(energy - exact_energy)) / exact_energy.std()))
    return {
        name: {
            "force_error_median": np.median(rows, axis=0)[0],
            "force_error_largest": np.max(rows, axis=0)[0],
            "energy_bias_largest": np.max(rows, axis=0)[1],
        }
        for name, rows in errors.items()
    }
