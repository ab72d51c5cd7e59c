# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The checks of an environment model: its densities at all distances, and the energies of atoms in random
environments.
"""

import itertools

import numpy as np

from ...errors import ModelError

#: The number of distances at which densities are checked, and of random environments.
NUM_DISTANCES, NUM_ENVIRONMENTS = 257, 256
#: The largest number of neighbors in a random environment. In one environment of four, neighbors may also be as near
#: as this fraction of the inner cutoff, where densities are extrapolated.
MAX_NEIGHBORS, NEAREST = 256, 0.5
#: The number of random pairs, and of random atoms, that are also evaluated alone.
NUM_ALONE = 24
#: The largest density and slope at the cutoff, relative to the largest of the pair of types, and the largest difference
#: when pairs or atoms are evaluated together with others.
AT_CUTOFF, SLOPE_AT_CUTOFF, COUPLED = 1e-4, 1e-3, 1e-9
#: The largest jump of an energy, in kJ/mol, that is not an error; it is looked for on lines between environments, at
#: this number of points, and by halving the worst interval of each line this often.
MAX_JUMP, NUM_POINTS, NUM_HALVINGS = 1e-3, 129, 40
#: Numbers beyond this are too large for the platforms.
MAX_MAGNITUDE = 1e9


def check_environment(model):
    """Check an environment model.

    Parameters
    ----------
    model : EnvironmentEvaluator

    Returns
    -------
    densities : ndarray, shape (n, n_channels)
    types : ndarray of int, shape (n,)
        Random environments, for which its program is compared with it. The first ones, one for each type, are isolated
        atoms.

    Raises
    ------
    ModelError
        With all problems and their remedies.
    """
    count = len(model.types)
    r = np.linspace(model.inner_cutoff, model.cutoff, NUM_DISTANCES)
    curves = [[model.densities(r, i, j) for j in range(count)] for i in range(count)]
    values, slopes = (np.array([[curve[k] for curve in row] for row in curves]) for k in range(2))
    problems = [_problem_of_size(model, r, values, slopes)]
    if not problems[0]:
        problems = [
            _problem_of_derivatives(model, values, slopes),
            _problem_at_cutoff(model, values, slopes),
            _problem_of_coupled_pairs(model, r, values),
        ]
    if not any(problems):
        densities, types = _random_environments(model, r, values, slopes)
        problems.append(_problem_of_atoms(model, densities, types))
    if any(problems):
        raise ModelError(f"{model.source}: " + "\n".join(filter(None, problems)))
    return densities, types


def _name(model, row, column, channel):
    return f"channel {channel} of a {model.types[column]} neighbor of {model.types[row]}"


def _problem_of_size(model, r, values, slopes):
    wrong = ~((np.abs(values) < MAX_MAGNITUDE) & (np.abs(slopes) < MAX_MAGNITUDE))
    if wrong.any():
        i, j, k, channel = np.argwhere(wrong)[0]
        return (
            f"a density is not finite or too large: {_name(model, i, j, channel)} is {values[i, j, k, channel]:.3g} at"
            f" {r[k]:.4g} nm, and its derivative {slopes[i, j, k, channel]:.3g} per nm. Look for NaN weights, and for"
            f" square roots and quotients of zero, or raise the inner cutoff, {model.inner_cutoff:g} nm."
        )
    zero = ~values.any(axis=(0, 1, 2))
    if zero.any():
        return (
            f"the densities of channel {np.argmax(zero)} are zero for all types and distances: load the trained weights"
            f" first, and look for a cutoff in another unit than length_unit, {model.metadata.length_unit!r}."
        )
    return ""


def _problem_of_derivatives(model, values, slopes):
    detached = (np.ptp(values, axis=2) > 0) & ~slopes.any(axis=2)
    if not detached.any():
        return ""
    i, j, channel = np.argwhere(detached)[0]
    return (
        f"density() has no derivative: {_name(model, i, j, channel)} changes with the distance, but automatic"
        " differentiation gives zero. Look for detach() or no_grad()."
    )


def _problem_at_cutoff(model, values, slopes):
    if model.switching_distance is not None:
        return ""
    largest, steepest = np.abs(values).max(axis=2), np.abs(slopes).max(axis=2)
    wrong = (np.abs(values[:, :, -1]) > AT_CUTOFF * largest) | (np.abs(slopes[:, :, -1]) > SLOPE_AT_CUTOFF * steepest)
    if not wrong.any():
        return ""
    i, j, channel = np.argwhere(wrong)[0]
    return (
        f"the densities do not vanish at the cutoff, {model.cutoff:g} nm: {_name(model, i, j, channel)} is"
        f" {values[i, j, -1, channel]:.3g} there, and its derivative {slopes[i, j, -1, channel]:.3g} per nm. If the"
        f" cutoff is not that of the model, check length_unit, {model.metadata.length_unit!r}. Otherwise multiply"
        " density() by a smooth envelope, or give a switching_distance."
    )


def _problem_of_coupled_pairs(model, r, values):
    """Whether the densities of a pair depend on the other pairs of a call."""
    random = np.random.default_rng(0)
    count = max(NUM_ALONE, len(r))
    i, j, k = (random.integers(n, size=count) for n in (len(values), len(values), len(r)))
    together, expected = model.densities(r[k], i, j)[0], values[i, j, k]
    alone = [model.densities(r[[k[n], k[n]]], i[n], j[n])[0][0] for n in range(NUM_ALONE)]
    bound = COUPLED * np.abs(values).max(axis=(0, 1, 2))
    if not ((np.abs(together - expected) <= bound).all() and (np.abs(alone - expected[:NUM_ALONE]) <= bound).all()):
        return (
            "density() depends on which pairs are evaluated together, or differs from call to call; compute with each"
            " pair alone, and call eval() for layers such as dropout."
        )
    return ""


def _random_environments(model, r, values, slopes):
    """The densities of random environments: neighbors of random types, distances and directions."""
    random = np.random.default_rng(1)
    number = max(NUM_ENVIRONMENTS, 8 * len(model.types))
    angular, types = np.array(model.angular), np.arange(number) % len(model.types)
    densities = np.zeros((number, model.num_channels))
    for k in range(len(model.types), number):
        count = int(np.exp(random.uniform(0, np.log(MAX_NEIGHBORS))))
        distance = model.cutoff * random.random(count) ** (1 / 3)
        distance = np.maximum(distance, r[0] * (NEAREST if k % 4 == 0 else 1))
        near, others = np.searchsorted(r, np.maximum(distance, r[0])), random.integers(len(model.types), size=count)
        below = np.minimum(distance - r[0], 0)[:, None]
        w = values[types[k], others, near] + below * slopes[types[k], others, near]
        direction = random.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        x = direction @ direction.T
        legendre = np.array([np.ones_like(x), x, (3 * x**2 - 1) / 2, (5 * x**3 - 3 * x) / 2])
        for channel, order in enumerate(angular):
            densities[k, channel] = (
                w[:, channel].sum() if order == 0 else w[:, channel] @ legendre[order] @ w[:, channel]
            )
    return densities, types


def _problem_of_atoms(model, densities, types):
    energies, derivatives = model.atoms(densities, types)
    wrong = ~((np.abs(energies) < MAX_MAGNITUDE) & (np.abs(derivatives) < MAX_MAGNITUDE).all(axis=1))
    if wrong.any():
        k = int(np.argmax(wrong))
        channel = int(np.argmax(~(np.abs(derivatives[k]) < MAX_MAGNITUDE)))
        kind = "an isolated atom" if k < len(model.types) else "an atom in a random environment"
        if k >= len(model.types) and k % 4 == 0:
            kind += ", perhaps with neighbors below the inner cutoff, where densities are extrapolated,"
        return (
            f"the energy of {kind} of type {model.types[types[k]]} is {energies[k]:.3g} kJ/mol, and its derivative with"
            f" respect to channel {channel}, {densities[k, channel]:.3g}, is {derivatives[k, channel]:.3g}; both must"
            " be finite. Look for NaN weights, and for roots, powers and logarithms of densities, which may be zero."
        )
    order = np.random.default_rng(2).permutation(len(types))[: len(types) // 2]
    found = model.atoms(densities[order], types[order])[0]
    alone = [model.atoms(densities[[n, n]], types[[n, n]])[0][0] for n in order[:NUM_ALONE]]
    bound = COUPLED * np.abs(energies).max()
    if not ((np.abs(found - energies[order]) <= bound).all() and np.allclose(alone, found[:NUM_ALONE], 0, bound)):
        return (
            "atom() depends on which atoms are evaluated together, or differs from call to call; compute with each atom"
            " alone, and call eval() for layers such as dropout."
        )
    jump = _problem_of_jump(model, densities, types)
    if jump:
        return jump
    if not derivatives.any():
        return "the energies of atoms do not change with their densities: load the trained weights first."
    return ""


def _problem_of_jump(model, densities, types):
    """A sentence on a jump of the energy of an atom between two environments; empty if there is none."""
    ends = densities, np.random.default_rng(3).permutation(densities)

    def at(place):
        q = ends[0] + place[:, None] * (ends[1] - ends[0])
        energies, derivatives = model.atoms(q, types)
        return place, energies, (derivatives * (ends[1] - ends[0])).sum(axis=1)

    def contradiction(a, b):
        return np.abs(b[1] - a[1] - (b[0] - a[0]) * (a[2] + b[2]) / 2)

    points = [at(np.full(len(types), place)) for place in np.linspace(0, 1, NUM_POINTS)]
    worst = np.argmax([contradiction(a, b) for a, b in itertools.pairwise(points)], axis=0)
    every = np.arange(len(types))
    table = np.array(points)  # [point][place, energy, derivative][line]
    left, right = table[worst, :, every].T, table[worst + 1, :, every].T
    for _ in range(NUM_HALVINGS):
        middle = np.array(at((left[0] + right[0]) / 2))
        in_left = contradiction(left, middle) > contradiction(middle, right)
        left, right = np.where(in_left, left, middle), np.where(in_left, middle, right)
    jump = np.abs(right[1] - left[1])
    steepest = np.maximum(np.abs(left[2]), np.abs(right[2]))
    jump[jump < MAX_JUMP + 10 * (right[0] - left[0]) * steepest + 1e-12 * np.abs(left[1])] = 0
    if not jump.any():
        return ""
    k = int(np.argmax(jump))
    q = densities[k] + left[0][k] * (ends[1][k] - densities[k])
    return (
        f"the energy of atoms jumps: for type {model.types[types[k]]} it goes from {left[1][k]:.4g} to"
        f" {right[1][k]:.4g} kJ/mol at the densities {np.array2string(q, precision=4, threshold=8)}, where a force"
        " would be infinite. Look for conditions, floor() and round() in atom()."
    )


def compare_environments(model, original):
    """Require that a file has the densities and energies of the module that was exported.

    Parameters
    ----------
    model, original : EnvironmentEvaluator

    Raises
    ------
    ModelError
    """
    random, count = np.random.default_rng(4), NUM_ENVIRONMENTS
    r = random.uniform(model.inner_cutoff, model.cutoff, count)
    center, neighbor, types = random.integers(len(model.types), size=(3, count))
    densities = random.uniform(0, 5, (count, model.num_channels)) * (random.random((count, 1)) < 0.9)
    for method in ("densities", "atoms"):
        arguments = (r, center, neighbor) if method == "densities" else (densities, types)
        results = (getattr(each, method)(*arguments) for each in (model, original))
        for found, expected in zip(*results, strict=True):
            difference = np.abs(found - expected)
            if not (difference <= COUPLED * (1 + np.abs(expected).max())).all():
                name = "density()" if method == "densities" else "atom()"
                raise ModelError(
                    f"{model.source}: {name} of the file differs from that of the module, by up to"
                    f" {np.nanmax(difference):.3g}. A trace keeps the branches and numbers of its example: export"
                    " without trace=True, and do not compute with Python numbers made from tensors."
                )
