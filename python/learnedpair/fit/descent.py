# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What fits by gradient descent have in common: their settings, the epochs, the errors, and the results."""

from __future__ import annotations

import contextlib
import copy
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import ModelError
from ..force.particles import is_finite_number
from ..models.pytorch.state import in_default_torch_state
from .arguments import as_positive, as_seed, as_whole
from .checkpoint import Checkpoint, digest_of
from .configurations import ReferenceData, require_data
from .distances import Range, find_all_distances
from .expected_errors import Errors
from .pair_tensors import PairTensors
from .pairs_of_types import names_of
from .prediction import Prediction
from .record import begin_record, describe_data, warn_of_other_baseline

#: The learning rate at the last epoch, as a fraction of that at the first one.
LAST_RATE = 0.01
#: The default of the batch size: this many batches, unless they become larger than this.
BATCHES_PER_EPOCH, LARGEST_BATCH = 16, 64
#: The norm of the gradient is limited to this number.
MAX_GRADIENT = 10.0
#: Expected errors, where only the errors themselves are wanted.
ANY_ERRORS = Errors((1.0, 0.0), (1.0, 0.0))


class Tensors(Protocol):
    """Some configurations, and what a module predicts for them."""

    @property
    def targets(self) -> PairTensors:
        """The pairs, with targets and expected errors."""

    def batch(self, chosen: torch.Tensor) -> Any:
        """Some configurations, by their indices in increasing order."""

    def predict_force(self, module: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        """The energies, shape (C,), and the forces, shape (A, 3), of the force that is made of a module."""

    def loss(self, module: torch.nn.Module) -> torch.Tensor:
        """The mean over the configurations of the squared errors, relative to those expected."""


@dataclass(frozen=True)
class Descent:
    """The checked settings of a fit by gradient descent."""

    epochs: int
    batch_size: int
    learning_rate: float
    patience: int | None
    seed: int

    @classmethod
    def of(
        cls, function: str, epochs: Any, batch_size: Any, learning_rate: Any, patience: Any, seed: Any, count: int
    ) -> Descent:
        """Check the settings of a fit to a number of configurations."""
        what, expected = f"{function}: ", "a positive integer"
        if batch_size is None:
            batch_size = min(LARGEST_BATCH, max(1, count // BATCHES_PER_EPOCH))
        return cls(
            as_whole(epochs, f"{what}epochs", least=1, expected=expected),
            as_whole(batch_size, f"{what}batch_size", least=1, expected=expected),
            as_positive(learning_rate, f"{what}learning_rate"),
            None if patience is None else as_whole(patience, f"{what}patience", least=1, expected=expected),
            as_seed(seed, f"{what}seed"),
        )

    def settings(
        self,
        training: ReferenceData,
        validation: ReferenceData,
        tensors: Sequence[Tensors],
        names: list[str],
        distances: Sequence[Any],
        errors: Errors,
    ) -> dict[str, Any]:
        """Everything that a fit depends on beside the initial network, for its checkpoint."""
        targets = [each.targets for each in tensors]
        return dict(
            data=[training.digest, validation.digest]
            + [digest_of(each.energy_error, each.force_error) for each in targets],
            types=names,
            distances=list(distances),
            errors=[errors.energy, errors.force],
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )


def divide(function: str, data: ReferenceData, validation: Any, seed: int) -> tuple[ReferenceData, ReferenceData]:
    """The data that are fitted, and those that validate the fit."""
    if isinstance(validation, ReferenceData):
        warn_of_other_baseline(f"{function}: validation", data, validation)
        return data, validation
    if not is_finite_number(validation):
        raise ModelError(f"{function}: validation is {validation!r:.60}; expected a fraction, or ReferenceData.")
    count = round(float(validation) * len(data))
    if not 0 < count < len(data):
        raise ModelError(
            f"{function}: validation is {validation:g}, which is {count} of {len(data)} configurations; expected a"
            " fraction that leaves at least one on both sides, or ReferenceData."
        )
    return data.split(float(validation), seed)


def copied(function: str, network: Any, names: Sequence[str]) -> torch.nn.Module:
    """A copy of a module in double precision, with parameters that can be fitted: those that require gradients, or all
    if none does.
    """
    if not isinstance(network, torch.nn.Module):
        raise ModelError(f"{function}: network is a {type(network).__name__}; expected a torch.nn.Module, or a dict.")
    count = getattr(network, "num_types", len(names))
    if count != len(names):
        raise ModelError(
            f"{function}: the network has {count} types, and the model has {len(names)}: {', '.join(names)}; expected"
            " the same number."
        )
    if isinstance(network, torch.jit.ScriptModule):  # deepcopy makes parameters that cannot be optimized
        content = io.BytesIO()
        torch.jit.save(network, content)
        module = torch.jit.load(io.BytesIO(content.getvalue())).double()
    else:
        module = copy.deepcopy(network).double()
    if not any(True for _ in module.parameters()):
        raise ModelError(f"{function}: the network has no parameters; there is nothing to fit.")
    if not any(parameter.requires_grad for parameter in module.parameters()):  # as in a model that was loaded
        module.requires_grad_()
    return module


def descend(
    function: str,
    state: Checkpoint,
    tensors: Sequence[Tensors],
    descent: Descent,
    progress: Callable[[int, float, float], None] | None,
) -> None:
    """Run the epochs that the checkpoint does not have yet."""
    if progress is not None and not callable(progress):
        raise ModelError(f"{function}: progress is {progress!r:.60}; expected a function of three numbers.")
    training, held_out = tensors
    for epoch in range(len(state.history) + 1, descent.epochs + 1):
        if descent.patience is not None and epoch - 1 - state.best_epoch >= descent.patience:
            break
        # Batches, and what the network itself draws (dropout), depend on the seed and the epoch only, so that a resumed
        # fit has the same ones.
        order = np.random.default_rng([descent.seed, epoch]).permutation(len(training.targets.energy))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.default_rng([descent.seed, epoch, 1]).integers(2**62)))
            state.module.train()
            losses = [_step(state, training.batch(torch.from_numpy(np.sort(part)))) for part in _parts(order, descent)]
            state.module.eval()
        validation = held_out.loss(state.module).item()
        if not (np.isfinite(losses).all() and math.isfinite(validation)):
            raise ModelError(
                f"{function}: the loss is not finite in epoch {epoch}; choose a smaller learning_rate than"
                f" {state.learning_rate:g}, or look for wrong data."
            )
        state.add_epoch(float(np.mean(losses)), validation)
        if progress is not None:
            progress(epoch, float(np.mean(losses)), validation)


def _parts(order: NDArray[np.int64], descent: Descent) -> list[NDArray[np.int64]]:
    """The batches."""
    return [order[start : start + descent.batch_size] for start in range(0, len(order), descent.batch_size)]


def _step(state: Checkpoint, batch: Tensors) -> float:
    """A step of the optimizer; returns the loss before it."""
    loss = batch.loss(state.module)
    state.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.module.parameters(), MAX_GRADIENT)
    state.optimizer.step()
    return loss.item()


@contextlib.contextmanager
def naming_the_fit(function: str, state: Checkpoint) -> Iterator[None]:
    """Errors that the fitted module causes name the fit and the learning rate."""
    try:
        yield
    except ValueError as error:
        raise ModelError(
            f"{function}: after {len(state.history)} epochs, of which {state.best_epoch} has the smallest validation"
            f" loss, the fitted module is refused; choose a smaller learning_rate than {state.learning_rate:g}. {error}"
        ) from error


def rms_errors(tensors: Tensors, module: torch.nn.Module) -> tuple[float, float]:
    """The root mean square errors of energies and of components of forces; NaN without such data."""
    energy, forces = tensors.predict_force(module)
    targets, result = tensors.targets, []
    for error, expected in (
        (energy - targets.energy, targets.energy_error),
        (forces - targets.forces, targets.force_error),
    ):
        known = error[torch.isfinite(expected)]
        result.append(float(known.square().mean().sqrt()) if len(known) > 0 else math.nan)
    return result[0], result[1]


def _root_mean_square(data: ReferenceData, what: str) -> float:
    """That of the differences of energies or of components of forces; NaN without such data."""
    known = [getattr(each, f"{what}_difference") for each in data]
    values = [np.ravel(value) for value in known if value is not None]
    return float(np.sqrt(np.mean(np.concatenate(values) ** 2))) if values else math.nan


def _errors(of_energy: float, of_forces: float) -> str:
    """The errors that are known, as text."""
    texts = (f"energies {of_energy:.3g} kJ/mol", f"forces {of_forces:.3g} kJ/mol/nm")
    known = [text for error, text in zip((of_energy, of_forces), texts) if math.isfinite(error)]
    return f"RMS error of {' and of '.join(known)}"


def describe_fit(
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


_Fit = TypeVar("_Fit", bound="DescentFit")


@dataclass(frozen=True)
class DescentFit:
    """What the results of :func:`fit_network` and :func:`fit_environment` have in common.

    Attributes
    ----------
    model : PairModel or EnvironmentModel
    training, validation, history, best_epoch, energy_error, force_error, metadata, interacting, errors_held_out
        See :class:`NetworkFit`.
    """

    model: Any
    training: ReferenceData
    validation: ReferenceData
    history: list[tuple[int, float, float]]
    best_epoch: int
    energy_error: float
    force_error: float
    metadata: dict[str, Any]
    interacting: Range
    errors_held_out: tuple[float, float] | None = None

    @property
    def _module(self) -> torch.nn.Module:
        """The fitted module."""
        raise NotImplementedError

    def tensors_of(self, data: ReferenceData) -> Tensors:
        """Some configurations, for predictions by the fitted module; all expected errors are 1."""
        raise NotImplementedError

    def predict(self, data: ReferenceData) -> list[Prediction]:
        """The errors for configurations that were not fitted: predicted minus reference, both without the baseline.

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        list of Prediction
            As :meth:`SplineFit.predict` returns them.

        Raises
        ------
        ModelError
            If a configuration has a type that the model does not have, or no pair in range.
        """
        require_data(data, "predict")
        result = []
        for each, found, energy, forces in zip(
            data, find_all_distances(data, self.interacting), *self.contributions(data)
        ):
            of_energy = None if each.energy_difference is None else energy - each.energy_difference
            of_forces = None if each.force_difference is None else forces - each.force_difference
            distances = {pair: pairs.r for pair, pairs in found.items()}
            result.append(Prediction(each, distances, of_energy, of_energy, of_forces, of_forces))
        return result

    @in_default_torch_state
    def contributions(self, data: ReferenceData) -> tuple[list[float], list[NDArray[np.float64]]]:
        """The energies and forces of the fitted module for configurations.

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        energies : list of float, kJ/mol
        forces : list of ndarray, shape (N, 3), kJ/mol/nm

        Raises
        ------
        ModelError
            If a configuration has a type that the model does not have.
        """
        names_of(list(self.model.types or ()), data.types, type(self).__name__)
        energy, forces = self.tensors_of(data).predict_force(self._module)
        counts = [len(each.types) for each in data]
        return energy.detach().tolist(), [part.numpy() for part in forces.detach().split(counts)]

    def _load(self, metadata: dict[str, Any]) -> Any:
        """The model of the fitted module."""
        raise NotImplementedError

    @in_default_torch_state
    def with_held_out(self: _Fit, data: ReferenceData) -> _Fit:
        """The same fit, with its errors for configurations that had no part in it.

        The validation data have one: they choose the epoch. ``print`` shows these errors, and the model has them in its
        training record, as "errors_held_out".

        Parameters
        ----------
        data : ReferenceData

        Returns
        -------
        NetworkFit or EnvironmentFit

        Raises
        ------
        ModelError
            If a configuration has a type that the model does not have.
        """
        require_data(data, "with_held_out")
        names_of(list(self.model.types or ()), data.types, "with_held_out")
        warn_of_other_baseline("with_held_out", self.training, data)
        errors = rms_errors(self.tensors_of(data), self._module)
        training = {
            **self.metadata["training"],
            "data_held_out": describe_data(data),
            "errors_held_out": _describe_errors(*errors),
        }
        metadata = {**self.metadata, "training": training}
        return replace(self, model=self._load(metadata), metadata=metadata, errors_held_out=errors)

    def __str__(self) -> str:
        size = _errors(*(_root_mean_square(self.validation, name) for name in ("energy", "force")))
        lines = [
            f"{len(self.history)} epochs, the best one is {self.best_epoch}; validation with {len(self.validation)} of"
            f" {len(self.training) + len(self.validation)} configurations:"
            f" {_errors(self.energy_error, self.force_error)} (without the fit, {size.removeprefix('RMS error of ')})",
            f"validation loss {min(each[2] for each in self.history):.3g}; 1 if the errors are those that are expected"
            " of the data",
        ]
        if self.errors_held_out is not None:
            lines.append(f"configurations that had no part in the fit: {_errors(*self.errors_held_out)}")
        return "\n".join(lines)
