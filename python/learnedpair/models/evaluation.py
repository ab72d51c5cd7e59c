# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Calls the module of a model for a batch of pairs, in double precision and in the module's units."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from openmm import unit

from .. import units
from ..errors import ModelError
from ..force.particles import as_numbers
from .pytorch.double import InDoublePrecision
from .pytorch.messages import advice, reason

#: The number of pairs in a batch. It limits the memory that sampling a large network needs.
BATCH = 65536


def batches(count):
    """Divide a number of pairs into batches: an iterator of slices."""
    return (slice(start, start + BATCH) for start in range(0, count, BATCH))


def check_pairs(
    model: Any, r: ArrayLike | unit.Quantity, particle1: ArrayLike, particle2: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any]]:
    """Convert the arguments of Model.evaluate() to arrays: the distances, and types or features of both particles.

    Raises
    ------
    TypeError
        If the distances are not numbers, or a Quantity that is not a length.
    ValueError
        If the shapes do not match, or the model does not have these types or features.
    """
    what, given = f"{model.source}: r", r
    r = as_numbers(units.in_nanometers(given, what))
    if r is None:
        raise TypeError(f"{what} is {given!r:.60}; expected numbers in nm, or one Quantity with all of them.")
    particles = (np.asarray(particle1), np.asarray(particle2))
    if r.ndim != 1:
        raise ValueError(f"{model.source}: the distances have the shape {r.shape}; expected (n,).")
    for index, values in enumerate(particles, start=1):
        if model.features is None:
            _check_types(model, r, values)
        else:
            _check_features(model, r, values, index)
    return r, *particles


def _check_types(model, r, values):
    if (
        values.shape != r.shape
        or not np.issubdtype(values.dtype, np.integer)
        or (values.size > 0 and not (values.min() >= 0 and values.max() < len(model.types)))
    ):
        raise ValueError(
            f"{model.source}: expected one type from 0 to {len(model.types) - 1} for each of the {r.size} distances."
        )


def _check_features(model, r, values, index):
    if (
        values.shape != (len(r), len(model.features))
        or not np.issubdtype(values.dtype, np.number)
        or np.iscomplexobj(values)
    ):
        raise ValueError(
            f"{model.source}: particle{index} is {values.dtype} of shape {values.shape}; expected"
            f" {expected_features(model)} for each of the {r.size} distances."
        )
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"{model.source}: the feature {model.features[column]!r} of particle{index} is {values[row, column]}"
            f" in row {row}; expected a finite number."
        )


def expected_features(model):
    """The expected features of a particle, for messages."""
    return f"{len(model.features)} features ({', '.join(model.features)})"


def forward(model, r, particle1, particle2, values, differentiate=False):
    """Call the module of a model.

    Parameters
    ----------
    model : Model
    r : ndarray, shape (n,), nm
    particle1, particle2 : ndarray, shape (n,) or (n, n_features)
    values : dict of str to float
        The values of all global parameters.
    differentiate : bool
        Whether gradients with respect to the global parameters are needed.

    Returns
    -------
    distance : Tensor, shape (n,)
    parameters : dict of str to Tensor
    energy : Tensor, shape (n,)
        All are in the units of the module. The energy can be differentiated with respect to the distance and, if asked
        for, the parameters.

    Raises
    ------
    ModelError
        If the module fails, or does not return one number for each pair.
    """
    distance = torch.tensor(r / model.length_factor, dtype=torch.float64, requires_grad=True)
    dtype = torch.int64 if model.features is None else torch.float64
    particles = [torch.tensor(particle, dtype=dtype) for particle in (particle1, particle2)]
    parameters = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=differentiate) for name, value in values.items()
    }
    # Pass clones: PyTorch refuses in-place operations, such as r *= 10, on leaf tensors that require gradients.
    arguments = [tensor.clone() for tensor in (distance, *particles)]
    try:
        energy = model.module(*arguments, **{name: value.clone() for name, value in parameters.items()})
    except Exception as error:  # a user's module may raise anything
        raise ModelError(
            f"{model.source}: the model fails for {len(r)} pairs ({reason(error, InDoublePrecision.last_failure)});"
            f" expected {_signature(model)}.{advice(error) or _advice(model)}"
        ) from error
    if not isinstance(energy, torch.Tensor) or energy.shape != distance.shape or not energy.is_floating_point():
        raise ModelError(
            f"{model.source}: for {len(r)} pairs the model returns {describe_result(energy)}; expected one"
            f" floating-point number for each pair, shape ({len(r)},)."
        )
    return distance, parameters, energy.double()


def describe_result(result):
    """What a module has returned, for messages."""
    if isinstance(result, torch.Tensor):
        return f"{result.dtype} of shape {tuple(result.shape)}"
    return type(result).__name__


def gradient(output, wanted, **options):
    """The gradient of ``output`` with respect to ``wanted``; zero if ``output`` does not depend on it."""
    if not output.requires_grad:
        return torch.zeros_like(wanted)
    (result,) = torch.autograd.grad(output, wanted, materialize_grads=True, **options)
    return result


def _advice(model):
    """How to export a model so that it accepts any number of pairs; empty if it is not a torch.export model."""
    if not isinstance(model.module, torch.fx.GraphModule):
        return ""
    named = (
        f", and its global parameters in kwargs={{{', '.join(repr(name) for name in model.global_parameters)}: ...}}"
        if model.global_parameters
        else ""
    )
    return (
        f" For torch.export.export the number of pairs must be dynamic (dynamic_shapes){named}; lp.export_model"
        " does that for a path that ends in .pt2."
    )


def _signature(model):
    if model.features is None:
        arguments = ["r: Tensor[P]", "type1: Tensor[P]", "type2: Tensor[P]"]
        kinds = "int64 types and float64 arithmetic"
    else:
        rows = f"Tensor[P, {len(model.features)}]"
        arguments, kinds = ["r: Tensor[P]", f"features1: {rows}", f"features2: {rows}"], "float64 arithmetic"
    arguments += [f"{name}: Tensor[]" for name in model.global_parameters]
    return f"forward({', '.join(arguments)}) -> Tensor[P], with {kinds}"
