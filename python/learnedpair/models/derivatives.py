# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Derivatives of a model with respect to a global parameter: dE/dg and d2E/drdg."""

import numpy as np
import torch

from ..errors import ModelError
from .evaluation import batches, forward, gradient
from .pytorch.double import InDoublePrecision
from .pytorch.messages import reason


def parameter_derivatives(model, pairs, names, values):
    """Compute dE/dg and d2E/drdg for some global parameters g.

    Parameters
    ----------
    model : Model
    pairs : (r, particle1, particle2)
        As evaluation.check_pairs() returns them.
    names : list of str
        The parameters to differentiate with respect to.
    values : dict of str to float
        The values of all global parameters.

    Returns
    -------
    dict of str to (dEdG, d2EdRdG)
        As in :meth:`learnedpair.PairModel.evaluate_derivatives`.

    Raises
    ------
    ModelError
        If PyTorch cannot compute a derivative.
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
                    dEdG, d2EdRdG = _differentiate(energy, parameters[name], distance)
                except RuntimeError as error:
                    raise ModelError(
                        f"{model.source}: the derivative with respect to the global parameter {name!r} cannot be"
                        f" computed ({reason(error)}); use operations that PyTorch can differentiate repeatedly."
                    ) from error
                result[name][0][part] = dEdG * model.energy_factor
                result[name][1][part] = d2EdRdG * (model.energy_factor / model.length_factor)
    return result


def _differentiate(energy, parameter, distance):
    """Compute dE/dg and d2E/drdg for each pair. All energies depend on one g, and each on its own distance.

    Reverse-mode differentiation with respect to g gives the sum over all pairs. It is computed for energies with
    weights w: the gradient of sum(w * dE/dg) with respect to w has the dE/dg of each pair as its elements.
    """
    weights = torch.ones_like(energy, requires_grad=True)
    total = gradient(energy, parameter, grad_outputs=weights, create_graph=True)
    dEdG = gradient(total, weights, create_graph=True)
    d2EdRdG = gradient(dEdG.sum(), distance, retain_graph=True)
    return dEdG.detach().numpy(), d2EdRdG.detach().numpy()
