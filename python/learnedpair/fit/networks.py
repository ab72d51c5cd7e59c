# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""fit_network(): a PyTorch module fitted to reference energies and forces, by gradient descent."""

from __future__ import annotations

import copy
import io
import itertools
import math
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from openmm import unit

from ..errors import ModelError, warn
from ..force.particles import is_finite_number
from ..lowering.export import export_model
from ..lowering.pair_model import PairModel, load_model
from ..models.pytorch.state import default_dtype, in_default_torch_state
from ..nn.networks import TypedPairNetwork
from ..units import in_nanometers
from .arguments import as_flag, as_positive, as_seed, as_whole
from .checkpoint import Checkpoint, digest_of
from .configurations import ReferenceData, require_data
from .distances import Range
from .expected_errors import Errors, default_errors
from .pair_tensors import PairTensors
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .record import begin_record, describe_data, distances_of_model

#: The learning rate at the last epoch, as a fraction of that at the first one.
LAST_RATE = 0.01
#: The default of the batch size: this many batches, unless they become larger than this.
BATCHES_PER_EPOCH, LARGEST_BATCH = 16, 64
#: The norm of the gradient is limited to this number.
MAX_GRADIENT = 10.0
#: The arguments of a TypedPairNetwork that a dict may have.
ARGUMENTS = ("hidden", "num_basis", "energy_scale")
#: Expected errors, where only the errors themselves are wanted.
ANY_ERRORS = Errors((1.0, 0.0), (1.0, 0.0))


@dataclass(frozen=True)
class NetworkFit:
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
        The arguments of :func:`export_model` with which :meth:`save` writes the model.
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
    3 epochs, the best one is ...; validation with 6 of 30 configurations: RMS error of energies ... kJ/mol
    validation loss ...; 1 if the errors are those that are expected of the data
    """

    model: PairModel
    training: ReferenceData
    validation: ReferenceData
    history: list[tuple[int, float, float]]
    best_epoch: int
    energy_error: float
    force_error: float
    metadata: dict[str, Any]
    interacting: Range
    errors_held_out: tuple[float, float] | None = None

    @in_default_torch_state
    def with_held_out(self, data: ReferenceData) -> NetworkFit:
        """The same fit, with its errors for configurations that had no part in it. The validation data have one: they
        choose the epoch. ``print`` shows these errors, and the model has them in its training record, as
        "errors_held_out".

        Raises
        ------
        ModelError
            If a configuration has a type that the model does not have.
        """
        require_data(data, "with_held_out")
        names = names_of(list(self.model.types or ()), data.types, "with_held_out")
        errors = _rms_errors(PairTensors.of([*data], names, self.interacting, ANY_ERRORS), self.model.module)
        training = {
            **self.metadata["training"],
            "data_held_out": describe_data(data),
            "errors_held_out": _describe_errors(*errors),
        }
        metadata = {**self.metadata, "training": training}
        model = load_model(self.model.module, **metadata)
        return replace(self, model=model, metadata=metadata, errors_held_out=errors)

    def save(self, path: str | os.PathLike[str]) -> PairModel:
        """Write the model to a file, as :func:`export_model` does, with the training domain of each pair of types, the
        errors of the validation data and of held-out ones, and the digest of the data.

        Returns
        -------
        PairModel
            The file as :func:`load_model` reads it.
        """
        return export_model(self.model.module, path, **self.metadata)

    def __str__(self) -> str:
        lines = [
            f"{len(self.history)} epochs, the best one is {self.best_epoch}; validation with {len(self.validation)} of"
            f" {len(self.training) + len(self.validation)} configurations:"
            f" {_errors(self.energy_error, self.force_error)}",
            f"validation loss {min(each[2] for each in self.history):.3g}; 1 if the errors are those that are expected"
            " of the data",
        ]
        if self.errors_held_out is not None:
            lines.append(f"configurations that had no part in the fit: {_errors(*self.errors_held_out)}")
        return "\n".join(lines)


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
        ``forward(r, type1, type2)``, such as :class:`learnedpair.nn.TypedPairNetwork`. It is copied. Its energy must
        vanish at the cutoff, unless there is a switching distance. A dict has the arguments ``hidden``, ``num_basis``
        and ``energy_scale`` of a TypedPairNetwork, or some of them, or none. Its first Gaussian is at the inner cutoff,
        or at the shortest distance of the data, and its initial parameters belong to the seed.
    cutoff, switching_distance : float, nm, or Quantity
        Those of the force. Structures with a periodic box are fitted with the switching function, others without it.
    inner_cutoff : float, nm, or Quantity
        As in :func:`fit_splines`. Below it, the fitted function is a straight line, as in the force.
    within_cutoff : bool
        As in :func:`fit_splines`. Choose it if the network does not vanish at the cutoff by itself.
    types : list of str, or dict of str to rule
        As in :func:`export_model`, in the order of the types of the network; by default the types of the data, in the
        order of their first appearance.
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

    Source
    ------
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
    descent = Descent.of(epochs, batch_size, learning_rate, patience, seed, len(data))
    within_cutoff = as_flag(within_cutoff, "fit_network: within_cutoff")
    training, held_out = _divide(data, validation, descent.seed)
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
    settings = dict(
        data=[training.digest, held_out.digest, *(digest_of(each.energy_error, each.force_error) for each in tensors)],
        types=names,
        distances=[cutoff, switching_distance, within_cutoff, inner_cutoff],
        errors=[errors.energy, errors.force],
        epochs=descent.epochs,
        batch_size=descent.batch_size,
        learning_rate=descent.learning_rate,
        seed=descent.seed,
    )
    state = Checkpoint(module, descent.epochs, descent.learning_rate, LAST_RATE, settings, checkpoint)
    _descend(state, tensors, descent, progress)
    best = state.best_module().eval()
    of_energy, of_forces = _rms_errors(tensors[1], best)
    metadata["training"] = _describe(training, held_out, state, of_energy, of_forces)
    model = load_model(best, **metadata)
    return NetworkFit(
        model, training, held_out, state.history, state.best_epoch, of_energy, of_forces, metadata, interacting
    )


@dataclass(frozen=True)
class Descent:
    """The checked settings of a fit by gradient descent."""

    epochs: int
    batch_size: int
    learning_rate: float
    patience: int | None
    seed: int

    @classmethod
    def of(cls, epochs: Any, batch_size: Any, learning_rate: Any, patience: Any, seed: Any, count: int) -> Descent:
        """Check the settings of a fit to a number of configurations."""
        what, expected = "fit_network: ", "a positive integer"
        if batch_size is None:
            batch_size = min(LARGEST_BATCH, max(1, count // BATCHES_PER_EPOCH))
        return cls(
            as_whole(epochs, f"{what}epochs", least=1, expected=expected),
            as_whole(batch_size, f"{what}batch_size", least=1, expected=expected),
            as_positive(learning_rate, f"{what}learning_rate"),
            None if patience is None else as_whole(patience, f"{what}patience", least=1, expected=expected),
            as_seed(seed, f"{what}seed"),
        )


def _divide(data: ReferenceData, validation: Any, seed: int) -> tuple[ReferenceData, ReferenceData]:
    """The data that are fitted, and those that validate the fit."""
    if isinstance(validation, ReferenceData):
        return data, validation
    if not is_finite_number(validation):
        raise ModelError(f"fit_network: validation is {validation!r:.60}; expected a fraction, or ReferenceData.")
    return data.split(float(validation), seed)


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
    if not isinstance(network, torch.nn.Module):
        raise ModelError(f"fit_network: network is a {type(network).__name__}; expected a torch.nn.Module, or a dict.")
    count = getattr(network, "num_types", len(names))
    if count != len(names):
        raise ModelError(
            f"fit_network: the network has {count} types, and the model has {len(names)}: {', '.join(names)}; expected"
            " the same number."
        )
    if isinstance(network, torch.jit.ScriptModule):  # deepcopy makes parameters that cannot be optimized
        content = io.BytesIO()
        torch.jit.save(network, content)
        module = torch.jit.load(io.BytesIO(content.getvalue())).double()
    else:
        module = copy.deepcopy(network).double()
    if not any(True for _ in module.parameters()):
        raise ModelError("fit_network: the network has no parameters; there is nothing to fit.")
    for parameter in module.parameters():
        parameter.requires_grad_()
    return module


def _descend(
    state: Checkpoint,
    tensors: Sequence[PairTensors],
    descent: Descent,
    progress: Callable[[int, float, float], None] | None,
) -> None:
    """Run the epochs that the checkpoint does not have yet."""
    training, held_out = tensors
    for epoch in range(len(state.history) + 1, descent.epochs + 1):
        if descent.patience is not None and epoch - 1 - state.best_epoch >= descent.patience:
            break
        # Batches, and what the network itself draws (dropout), depend on the seed and the epoch only, so that a resumed
        # fit has the same ones.
        order = np.random.default_rng([descent.seed, epoch]).permutation(len(training.energy))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.default_rng([descent.seed, epoch, 1]).integers(2**62)))
            state.module.train()
            losses = [_step(state, training.batch(torch.from_numpy(np.sort(part)))) for part in _parts(order, descent)]
            state.module.eval()
        validation = held_out.loss(state.module).item()
        if not (np.isfinite(losses).all() and math.isfinite(validation)):
            raise ModelError(
                f"fit_network: the loss is not finite in epoch {epoch}; choose a smaller learning_rate than"
                f" {state.learning_rate:g}, or look for wrong data."
            )
        state.add_epoch(float(np.mean(losses)), validation)
        if progress is not None:
            progress(epoch, float(np.mean(losses)), validation)


def _parts(order: NDArray[np.int64], descent: Descent) -> list[NDArray[np.int64]]:
    """The batches."""
    return [order[start : start + descent.batch_size] for start in range(0, len(order), descent.batch_size)]


def _step(state: Checkpoint, batch: PairTensors) -> float:
    """A step of the optimizer; returns the loss before it."""
    loss = batch.loss(state.module)
    state.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.module.parameters(), MAX_GRADIENT)
    state.optimizer.step()
    return loss.item()


def _rms_errors(tensors: PairTensors, module: torch.nn.Module) -> tuple[float, float]:
    """The root mean square errors of energies and of components of forces; NaN without such data."""
    energy, forces = (each.detach() for each in tensors.predict(module, create_graph=False))
    result = []
    for error, expected in (
        (energy - tensors.energy, tensors.energy_error),
        (forces - tensors.forces, tensors.force_error),
    ):
        known = error[torch.isfinite(expected)]
        result.append(float(known.square().mean().sqrt()) if len(known) > 0 else math.nan)
    return result[0], result[1]


def _errors(of_energy: float, of_forces: float) -> str:
    """The errors that are known, as text."""
    texts = (f"energies {of_energy:.3g} kJ/mol", f"forces {of_forces:.3g} kJ/mol/nm")
    known = [text for error, text in zip((of_energy, of_forces), texts) if math.isfinite(error)]
    return f"RMS error of {' and of '.join(known)}"


def _describe(
    training: ReferenceData, validation: ReferenceData, state: Checkpoint, of_energy: float, of_forces: float
) -> dict[str, Any]:
    """The training record of the model, for JSON."""
    return {
        **begin_record(training),
        "data_validation": describe_data(validation),
        "errors_validation": _describe_errors(of_energy, of_forces),
        "epochs": len(state.history),
    }


def _describe_errors(of_energy: float, of_forces: float) -> dict[str, float | None]:
    return {
        "rms_energy_kJ_per_mol": None if math.isnan(of_energy) else of_energy,
        "rms_force_kJ_per_mol_nm": None if math.isnan(of_forces) else of_forces,
    }
