# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Second derivatives of a model: by a global parameter, and by that and the distance."""

import numpy as np
import torch

from ..errors import ModelError
from .evaluation import batches, forward, gradient
from .pytorch.double import InDoublePrecision
from .pytorch.messages import reason


def parameter_derivatives(model, pairs, names, values):
    """dE/dg and d2E/(dr dg) for some global parameters g.

    Parameters
    ----------
    model : Model
    pairs : (r, particle1, particle2)
        As evaluation.check_pairs() returns them.
    names : list of str
        The parameters to differentiate by.
    values : dict of str to float
        Of all global parameters.

    Returns
    -------
    dict of str to (derivative, mixed)
        As of :meth:`learnedpair.PairModel.evaluate_derivatives`.

    Raises
    ------
    ModelError
    """
    count = len(pairs[0])
    result = {name: (np.empty(count), np.empty(count)) for name in names}
    with InDoublePrecision():
        for part in batches(count):
            distance, parameters, energy = forward(
                model, *(argument[part] for argument in pairs), values, differentiate=True
            )
            for name in names:
                try:
                    derivative, mixed = _differentiate(energy, parameters[name], distance)
                except RuntimeError as error:
                    raise ModelError(
                        f"{model.source}: the derivative with respect to the global parameter {name!r} cannot be"
                        f" computed ({reason(error)}); use operations that PyTorch can differentiate repeatedly."
                    ) from error
                result[name][0][part] = derivative * model.energy_factor
                result[name][1][part] = mixed * (model.energy_factor / model.length_factor)
    return result


def _differentiate(energy, parameter, distance):
    """dE/dg and d2E/(dr dg) for each pair, of energies that depend on one number g and each on its own distance.

    Differentiating by one number sums over the pairs. With a weight on each the sum is linear in the weights, and its
    gradient with respect to them is made of the summands.
    """
    weights = torch.ones_like(energy, requires_grad=True)
    total = gradient(energy, parameter, grad_outputs=weights, create_graph=True)
    derivative = gradient(total, weights, create_graph=True)
    mixed = gradient(derivative.sum(), distance, retain_graph=True)
    return derivative.detach().numpy(), mixed.numpy()
