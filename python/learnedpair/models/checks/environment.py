# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The checks of an environment model: its densities at all distances, and the energies of atoms in random
environments.
"""

import numpy as np

from ...errors import ModelError

#: The number of distances at which densities are checked, and of random environments.
NUM_DISTANCES, NUM_ENVIRONMENTS = 257, 256
#: The largest number of neighbors in a random environment.
MAX_NEIGHBORS = 64
#: The largest density and slope at the cutoff, relative to the largest of the channel, and the largest difference when
#: pairs or atoms are evaluated in another order.
AT_CUTOFF, SLOPE_AT_CUTOFF, COUPLED = 1e-4, 1e-3, 1e-9
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
        densities, types = _random_environments(model, r, values)
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
    largest, steepest = np.abs(values).max(axis=(0, 1, 2)), np.abs(slopes).max(axis=(0, 1, 2))
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
    order = np.random.default_rng(0).permutation(len(r))[: len(r) // 2]
    for i, row in enumerate(values):
        for j, expected in enumerate(row):
            found = model.densities(r[order], i, j)[0]
            if not np.allclose(found, expected[order], rtol=COUPLED, atol=COUPLED * np.abs(expected).max()):
                return (
                    "density() depends on which pairs are evaluated together, or differs from call to call; compute"
                    " with each pair alone, and call eval() for layers such as dropout."
                )
    return ""


def _random_environments(model, r, values):
    """The densities of random environments: neighbors of random types, distances and directions."""
    random = np.random.default_rng(1)
    angular, types = np.array(model.angular), random.integers(len(model.types), size=NUM_ENVIRONMENTS)
    types[: len(model.types)] = np.arange(len(model.types))
    densities = np.zeros((NUM_ENVIRONMENTS, model.num_channels))
    for k in range(len(model.types), NUM_ENVIRONMENTS):
        count = int(np.exp(random.uniform(0, np.log(MAX_NEIGHBORS))))
        near = np.searchsorted(r, np.clip(model.cutoff * random.random(count) ** (1 / 3), r[0], r[-1]))
        w = values[types[k], random.integers(len(model.types), size=count), near]
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
        return (
            f"the energy of {kind} of type {model.types[types[k]]} is {energies[k]:.3g} kJ/mol, and its derivative with"
            f" respect to channel {channel}, {densities[k, channel]:.3g}, is {derivatives[k, channel]:.3g}; both must"
            " be finite. Look for NaN weights, and for roots, powers and logarithms of densities, which may be zero."
        )
    order = np.random.default_rng(2).permutation(len(types))[: len(types) // 2]
    found = model.atoms(densities[order], types[order])[0]
    if not np.allclose(found, energies[order], rtol=COUPLED, atol=COUPLED * np.abs(energies).max()):
        return (
            "atom() depends on which atoms are evaluated together, or differs from call to call; compute with each atom"
            " alone, and call eval() for layers such as dropout."
        )
    if not derivatives.any():
        return "the energies of atoms do not change with their densities: load the trained weights first."
    return ""
