# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""fit_environment(): an environment model fitted to reference energies and forces, by gradient descent."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from openmm import unit

from ..errors import ModelError, warn
from ..lowering.environment_model import EnvironmentModel
from ..lowering.export_environment import export_environment
from ..lowering.load_environment import load_environment
from ..models.environment import has_both_methods
from ..models.metadata.angular import EXPECTED, read_orders
from ..models.pytorch.state import default_dtype, in_default_torch_state
from ..nn.density_ranges import density_ranges
from ..nn.environment_network import EnvironmentNetwork
from ..units import in_nanometers
from .arguments import as_positive
from .checkpoint import Checkpoint
from .configurations import ReferenceData, require_data
from .descent import (
    ANY_ERRORS,
    LAST_RATE,
    Descent,
    DescentFit,
    copied,
    descend,
    describe_fit,
    divide,
    naming_the_fit,
    rms_errors,
)
from .distances import Range
from .environment_tensors import EnvironmentTensors
from .expected_errors import default_errors
from .pairs_of_types import names_of
from .record import distances_of_model

#: The arguments of an EnvironmentNetwork that a dict may have.
ARGUMENTS = ("angular", "hidden", "num_basis", "energy_scale")


@dataclass(frozen=True)
class EnvironmentFit(DescentFit):
    """The result of :func:`fit_environment`.

    Attributes
    ----------
    model : EnvironmentModel
        With the parameters of the epoch whose validation loss was smallest, and the ranges of the densities of all
        configurations of the fit.
    training, validation : ReferenceData
    history : list of (int, float, float)
        For each epoch its number, the mean loss of its batches, and the loss of the validation data afterwards.
    best_epoch : int
    energy_error, force_error : float, kJ/mol and kJ/mol/nm
        The root mean square errors of the validation data: of energies, and of components of forces. NaN without them.
    metadata : dict
        The arguments that :meth:`save` passes to :func:`learnedpair.export_environment`.
    interacting : Range
        Which pairs interact in the fit.
    errors_held_out : (float, float), kJ/mol and kJ/mol/nm, or None
        The root mean square errors of configurations that had no part in the fit, if :meth:`with_held_out` was given
        some.
    module : torch.nn.Module
        The fitted module.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(
    ...             f"{r:.3f} nm", ("Ar",) * 3, [[0, 0, 0], [0, 0, r], [0, r, 0]], energy=5 * np.exp(-5 * r)
    ...         )
    ...         for r in np.linspace(0.3, 0.7, 30)
    ...     ],
    ...     source="an exponential function",
    ...     method="an example",
    ... )
    >>> fit = lp.fit.fit_environment(data, {"angular": [0, 0, 1]}, cutoff=0.8, epochs=3)
    >>> print(fit)
    3 epochs, the best one is ...; validation with 6 of 30 configurations: RMS error of energies ... kJ/mol)
    validation loss ...; 1 if the errors are those that are expected of the data
    """

    model: EnvironmentModel
    module: torch.nn.Module = field(kw_only=True)

    @property
    def _module(self) -> torch.nn.Module:
        return self.module

    def tensors_of(self, data: ReferenceData) -> EnvironmentTensors:
        """Some configurations, for predictions by the fitted module; all expected errors are 1."""
        angular = self.model.function.angular
        return EnvironmentTensors.of([*data], list(self.model.types), angular, self.interacting, ANY_ERRORS)

    def _load(self, metadata: dict[str, Any]) -> EnvironmentModel:
        return load_environment(self.module, **metadata)

    def save(self, path: str | os.PathLike[str]) -> EnvironmentModel:
        """Write the model to a file, as :func:`learnedpair.export_environment` does.

        The file has the ranges of its densities, the errors of the validation data and of held-out ones, and the digest
        of the data.

        Parameters
        ----------
        path : path-like
            Ending in .pt or .pt2.

        Returns
        -------
        EnvironmentModel
            The file as :func:`learnedpair.load_environment` reads it.
        """
        return export_environment(self.module, path, **self.metadata)


@in_default_torch_state
def fit_environment(
    data: ReferenceData,
    network: torch.nn.Module | dict[str, Any],
    *,
    cutoff: float | unit.Quantity,
    angular: Sequence[int] | None = None,
    switching_distance: float | unit.Quantity | None = None,
    inner_cutoff: float | unit.Quantity | None = None,
    types: Sequence[str] | dict[Any, Any] | None = None,
    validation: float | ReferenceData = 0.2,
    epochs: int = 300,
    batch_size: int | None = None,
    learning_rate: float = 5e-3,
    patience: int | None = None,
    energy_error: tuple[float, float] | None = None,
    force_error: tuple[float, float] | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Callable[[int, float, float], None] | None = None,
    description: str = "",
) -> EnvironmentFit:
    """Fit the parameters of an environment model to reference energies and forces.

    As :func:`fit_network` does it, for a module of densities and of the energies of atoms: see
    :func:`learnedpair.load_environment`. Pairs within a fragment do not count in densities.

    Parameters
    ----------
    data : ReferenceData
        The target is the reference minus the baseline. Energies are relative to those of isolated fragments, whose
        atoms have no neighbors.
    network : torch.nn.Module, or dict
        With the methods ``density`` and ``atom``, such as :class:`learnedpair.nn.EnvironmentNetwork`. It is copied;
        parameters that require no gradient stay as they are, unless none does. Its densities must vanish at the cutoff,
        unless there is a switching distance. A dict has the arguments ``angular``, ``hidden``, ``num_basis`` and
        ``energy_scale`` of an EnvironmentNetwork, or some of them, or none. Its first Gaussian is at the inner cutoff,
        or at the shortest distance of the data, and its initial parameters belong to the seed.
    cutoff, switching_distance : float, nm, or Quantity
        Those of the force. Pairs beyond the cutoff do not count in any structure.
    angular : sequence of int
        The angular order of each channel; by default the attribute ``angular`` of the module.
    inner_cutoff, types
        As in :func:`fit_network`.
    validation, epochs, batch_size, learning_rate, patience, energy_error, force_error
        As in :func:`fit_network`.
    seed, checkpoint, progress, description
        As in :func:`fit_network`.

    Returns
    -------
    EnvironmentFit

    Raises
    ------
    ModelError
        If an argument is wrong, the loss is not finite, or the checkpoint belongs to another fit.

    References
    ----------
    docs/program.md, section 6; :func:`fit_network`

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(
    ...             f"{r:.3f} nm", ("Ar",) * 3, [[0, 0, 0], [0, 0, r], [0, r, 0]], energy=5 * np.exp(-5 * r)
    ...         )
    ...         for r in np.linspace(0.3, 0.7, 30)
    ...     ],
    ...     source="an exponential function",
    ...     method="an example",
    ... )
    >>> fit = lp.fit.fit_environment(data, dict(angular=[0, 0, 1], hidden=8), cutoff=0.8, epochs=60, batch_size=8)
    >>> fit.history[-1][2] < fit.history[0][2]
    True
    """
    name = "fit_environment"
    require_data(data, name)
    cutoff = as_positive(in_nanometers(cutoff, "cutoff"), f"{name}: cutoff", "a positive number, in nm")
    switching_distance = in_nanometers(switching_distance, "switching_distance")
    inner_cutoff = in_nanometers(inner_cutoff, "inner_cutoff")
    descent = Descent.of(name, epochs, batch_size, learning_rate, patience, seed, len(data))
    training, held_out = divide(name, data, validation, descent.seed)
    types = data.types if types is None else types
    names = names_of(types, [*training.types, *held_out.types], name)
    errors = default_errors([*training], energy_error, force_error)
    interacting = Range(cutoff, switching_distance, within_cutoff=True)
    domain = EnvironmentTensors.of([*training], names, [0], interacting, errors).targets.domain(names)
    distances = distances_of_model(domain, cutoff, inner_cutoff, has_tail=False)
    del distances["domain"]  # environment models have ranges of densities in its place
    interacting = replace(interacting, inner_cutoff=distances["inner_cutoff"])
    module = _module_of(network, angular, names, interacting, descent.seed)
    orders = _orders_of(module, angular)
    metadata = dict(
        types=types, angular=orders, switching_distance=switching_distance, description=description, **distances
    )
    load_environment(module, **metadata)  # an error is better found now than after the fit
    _warn_of_missing_types(training, names)
    tensors = [EnvironmentTensors.of([*part], names, orders, interacting, errors) for part in (training, held_out)]
    settings = descent.settings(
        training, held_out, tensors, names, [cutoff, switching_distance, inner_cutoff, orders], errors
    )
    state = Checkpoint(module, descent.epochs, descent.learning_rate, LAST_RATE, settings, checkpoint)
    descend(name, state, tensors, descent, progress)
    return _result_of(state, tensors, training, held_out, metadata, names)


def _result_of(
    state: Checkpoint,
    tensors: Sequence[EnvironmentTensors],
    training: ReferenceData,
    held_out: ReferenceData,
    metadata: dict[str, Any],
    names: list[str],
) -> EnvironmentFit:
    """The result with the best parameters; ``tensors`` are those of the fitted and of the validation data."""
    best = state.best_module().eval()
    with naming_the_fit("fit_environment", state):
        of_energy, of_forces = rms_errors(tensors[1], best)
        densities = torch.cat([each.densities(best) for each in tensors])
        types = torch.cat([each.targets.type_of_atom for each in tensors])
        metadata = {
            **metadata,
            "training": describe_fit(training, held_out, state, of_energy, of_forces),
            "density_ranges": density_ranges(densities, types, names),
        }
        model = load_environment(best, **metadata)
    return EnvironmentFit(
        model,
        training,
        held_out,
        state.history,
        state.best_epoch,
        of_energy,
        of_forces,
        metadata,
        tensors[0].interacting,
        module=best,
    )


def _module_of(
    network: torch.nn.Module | dict[str, Any],
    angular: Sequence[int] | None,
    names: list[str],
    interacting: Range,
    seed: int,
) -> torch.nn.Module:
    """A copy of the module in double precision, with parameters that can be fitted; of a dict, a new network."""
    if isinstance(network, dict):
        arguments = dict(network)
        for key in arguments:
            if key not in ARGUMENTS:
                raise ModelError(f"fit_environment: network has {key!r}; expected some of {', '.join(ARGUMENTS)}.")
        if angular is not None:
            arguments.setdefault("angular", angular)
        with torch.random.fork_rng(devices=[]), default_dtype(torch.float32):
            torch.manual_seed(seed)
            network = EnvironmentNetwork(
                len(names), interacting.cutoff, inner=float(interacting.inner_cutoff), **arguments
            )
    module = copied("fit_environment", network, names)
    if not has_both_methods(module):
        raise ModelError(
            f"fit_environment: network is a {type(network).__name__} without the methods density and atom; expected a"
            " module with both. For functions of pairs there is fit_network."
        )
    return module


def _orders_of(module: torch.nn.Module, angular: Sequence[int] | None) -> list[int]:
    """The angular orders that are given, or else those of the module."""
    given = getattr(module, "angular", None) if angular is None else angular
    orders: list[int] | None = read_orders(given)
    if orders is None:
        raise ModelError(f"fit_environment: angular is {given!r:.80}; expected {EXPECTED}.")
    return orders


def _warn_of_missing_types(data: ReferenceData, names: Sequence[str]) -> None:
    """Warn of types without data, whose densities and energies nothing determines."""
    missing = [name for name in names if name not in data.types]
    if missing:
        warn(
            f"fit_environment: no fitted configuration has {', '.join(missing)}: the densities and energies of these"
            " types are arbitrary. Add data, or do not use the model for them."
        )
