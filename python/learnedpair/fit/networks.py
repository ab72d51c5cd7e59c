# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""fit_network(): a PyTorch module fitted to reference energies and forces, by gradient descent."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from openmm import unit

from ..errors import ModelError, warn
from ..lowering.export import export_model
from ..lowering.pair_model import PairModel, load_model
from ..models.pytorch.state import default_dtype, in_default_torch_state
from ..nn.networks import TypedPairNetwork
from ..units import in_nanometers
from .arguments import as_flag, as_positive
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
from .expected_errors import default_errors
from .pair_tensors import PairTensors
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .record import distances_of_model

#: The arguments of a TypedPairNetwork that a dict may have.
ARGUMENTS = ("hidden", "num_basis", "energy_scale")


@dataclass(frozen=True)
class NetworkFit(DescentFit):
    """The result of :func:`fit_network`.

    Attributes
    ----------
    model : PairModel
        With the parameters of the epoch whose validation loss was smallest.
    training, validation : ReferenceData
    history : list of (int, float, float)
        For each epoch its number, the mean loss of its batches, and the loss of the validation data afterwards.
    best_epoch : int
    energy_error, force_error : float, kJ/mol and kJ/mol/nm
        The root mean square errors of the validation data: of energies, and of components of forces. NaN without them.
    metadata : dict
        The arguments that :meth:`save` passes to :func:`learnedpair.export_model`.
    interacting : Range
        Which pairs interact in the fit.
    errors_held_out : (float, float), kJ/mol and kJ/mol/nm, or None
        The root mean square errors of configurations that had no part in the fit, if :meth:`with_held_out` was given
        some.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(f"{r:.3f} nm", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=5 * np.exp(-5 * r))
    ...         for r in np.linspace(0.3, 0.7, 30)
    ...     ],
    ...     source="an exponential function",
    ...     method="an example",
    ... )
    >>> network = lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3)
    >>> fit = lp.fit.fit_network(data, network, cutoff=0.8, epochs=3)
    >>> print(fit)
    3 epochs, the best one is ...; validation with 6 of 30 configurations: RMS error of energies ... kJ/mol)
    validation loss ...; 1 if the errors are those that are expected of the data
    """

    model: PairModel

    @property
    def _module(self) -> torch.nn.Module:
        return self.model.module

    def tensors_of(self, data: ReferenceData) -> PairTensors:
        """Some configurations, for predictions by the fitted module; all expected errors are 1."""
        return PairTensors.of([*data], list(self.model.types or ()), self.interacting, ANY_ERRORS)

    def _load(self, metadata: dict[str, Any]) -> PairModel:
        return load_model(self.model.module, **metadata)

    def save(self, path: str | os.PathLike[str]) -> PairModel:
        """Write the model to a file, as :func:`learnedpair.export_model` does.

        The file has the training domain of each pair of types, the errors of the validation data and of held-out ones,
        and the digest of the data.

        Parameters
        ----------
        path : path-like
            Ending in .pt or .pt2.

        Returns
        -------
        PairModel
            The file as :func:`learnedpair.load_model` reads it.
        """
        return export_model(self.model.module, path, **self.metadata)


@in_default_torch_state
def fit_network(
    data: ReferenceData,
    network: torch.nn.Module | dict[str, Any],
    *,
    cutoff: float | unit.Quantity,
    switching_distance: float | unit.Quantity | None = None,
    inner_cutoff: float | unit.Quantity | None = None,
    within_cutoff: bool = False,
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
) -> NetworkFit:
    """Fit the parameters of a network of types to reference energies and forces.

    Adam with a cosine schedule of the learning rate, in double precision, on batches of configurations. The parameters
    with the smallest loss of the validation data are kept. For pair functions of types, :func:`fit_splines` is simpler,
    faster, and usually more accurate; a network is needed if its form is what you want.

    Parameters
    ----------
    data : ReferenceData
        The target is the reference minus the baseline.
    network : torch.nn.Module, or dict
        ``forward(r, type1, type2)``, such as :class:`learnedpair.nn.TypedPairNetwork`. It is copied; parameters that
        require no gradient stay as they are, unless none does. Its energy must vanish at the cutoff, unless there is a
        switching distance. A dict has the arguments ``hidden``, ``num_basis`` and ``energy_scale`` of a
        TypedPairNetwork, or some of them, or none. Its first Gaussian is at the inner cutoff, or at the shortest
        distance of the data, and its initial parameters belong to the seed.
    cutoff, switching_distance : float, nm, or Quantity
        Those of the force. Structures with a periodic box are fitted with the switching function, others without it.
    inner_cutoff : float, nm, or Quantity
        As in :func:`fit_splines`.
    within_cutoff : bool
        As in :func:`fit_splines`. Choose it if the network does not vanish at the cutoff by itself.
    types : list of str, or dict of str to rule
        As in :func:`learnedpair.export_model`, in the order of the types of the network; by default the types of
        the data, in the order of their first appearance.
    validation : float or ReferenceData
        The fraction of the configurations that is held out, or other configurations.
    epochs : int
    batch_size : int
        By default a sixteenth of the configurations, and at most 64.
    learning_rate : float
        At the first epoch; it falls to a hundredth.
    patience : int
        Stop if the validation loss has not become smaller for so many epochs. By default never.
    energy_error, force_error : (float, float)
        As in :func:`fit_splines`.
    seed : int
        Of the validation data, the batches, and the initial parameters if the network is a dict.
    checkpoint : path-like
        A file that is written after each epoch. If it exists, the fit continues from it, and ends with the same
        parameters as one that was not interrupted. It must come from the same data, network and arguments.
    progress : function
        Called with the number of the epoch, the mean loss of its batches, and the loss of the validation data.
    description : str

    Returns
    -------
    NetworkFit

    Raises
    ------
    ModelError
        If an argument is wrong, the loss is not finite, or the checkpoint belongs to another fit.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015; I. Loshchilov and F. Hutter,
    "SGDR", ICLR 2017, for the schedule.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(f"{r:.3f} nm", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=5 * np.exp(-5 * r))
    ...         for r in np.linspace(0.3, 0.7, 30)
    ...     ],
    ...     source="an exponential function",
    ...     method="an example",
    ... )
    >>> fit = lp.fit.fit_network(data, dict(hidden=(8, 8), num_basis=8), cutoff=0.8, epochs=60, batch_size=8)
    >>> fit.history[-1][2] < fit.history[0][2]
    True
    """
    require_data(data, "fit_network")
    cutoff = as_positive(in_nanometers(cutoff, "cutoff"), "fit_network: cutoff", "a positive number, in nm")
    switching_distance = in_nanometers(switching_distance, "switching_distance")
    inner_cutoff = in_nanometers(inner_cutoff, "inner_cutoff")
    descent = Descent.of("fit_network", epochs, batch_size, learning_rate, patience, seed, len(data))
    within_cutoff = as_flag(within_cutoff, "fit_network: within_cutoff")
    training, held_out = divide("fit_network", data, validation, descent.seed)
    types = data.types if types is None else types
    names = names_of(types, [*training.types, *held_out.types], "fit_network")
    interacting = Range(cutoff, switching_distance, within_cutoff)
    errors = default_errors([*training], energy_error, force_error)
    domain = PairTensors.of([*training], names, interacting, errors).domain(names)
    distances = distances_of_model(domain, cutoff, inner_cutoff, has_tail=False)
    metadata = dict(types=types, switching_distance=switching_distance, description=description, **distances)
    interacting = replace(interacting, inner_cutoff=distances["inner_cutoff"])
    module = _module_of(network, names, interacting, descent.seed)
    load_model(module, **metadata)  # an error is better found now than after the fit
    _warn_of_missing_pairs(domain, names)
    tensors = [PairTensors.of([*part], names, interacting, errors) for part in (training, held_out)]
    settings = descent.settings(
        training, held_out, tensors, names, [cutoff, switching_distance, within_cutoff, inner_cutoff], errors
    )
    state = Checkpoint(module, descent.epochs, descent.learning_rate, LAST_RATE, settings, checkpoint)
    descend("fit_network", state, tensors, descent, progress)
    best = state.best_module().eval()
    with naming_the_fit("fit_network", state):
        of_energy, of_forces = rms_errors(tensors[1], best)
        metadata["training"] = describe_fit(training, held_out, state, of_energy, of_forces)
        model = load_model(best, **metadata)
    return NetworkFit(
        model, training, held_out, state.history, state.best_epoch, of_energy, of_forces, metadata, interacting
    )


def _warn_of_missing_pairs(domain: Collection[PairOfTypes], names: Sequence[str]) -> None:
    """Warn of pairs of types without data, whose functions nothing determines."""
    known = PairsOfTypes(dict.fromkeys(domain))
    missing = [pair for pair in itertools.combinations_with_replacement(names, 2) if pair not in known]
    if missing:
        warn(
            f"fit_network: no fitted configuration has {', '.join(map(label_of, missing))} in range: the functions of"
            " these pairs of types are arbitrary. Add data, or do not use the model for them."
        )


def _module_of(
    network: torch.nn.Module | dict[str, Any], names: list[str], interacting: Range, seed: int
) -> torch.nn.Module:
    """A copy of the module in double precision, with parameters that can be fitted; of a dict, a new network."""
    if isinstance(network, dict):
        for name in network:
            if name not in ARGUMENTS:
                raise ModelError(f"fit_network: network has {name!r}; expected some of {', '.join(ARGUMENTS)}.")
        with torch.random.fork_rng(devices=[]), default_dtype(torch.float32):
            torch.manual_seed(seed)
            inner = float(interacting.inner_cutoff)
            network = TypedPairNetwork(len(names), interacting.cutoff, inner=inner, **network)
    return copied("fit_network", network, names)
