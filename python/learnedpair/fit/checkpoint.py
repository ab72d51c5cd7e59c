# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The state of a fit by gradient descent, which a file keeps after each epoch."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from typing import Any

import torch

from ..errors import ModelError
from ..models.pytorch.modules import digest_of_module


def digest_of(*tensors: torch.Tensor) -> str:
    """SHA-256 of the numbers of tensors."""
    digest = hashlib.sha256()
    for each in tensors:
        digest.update(each.numpy().tobytes())
    return digest.hexdigest()


class Checkpoint:
    """The network, the optimizer and the best parameters so far.

    Parameters
    ----------
    module : torch.nn.Module
    epochs : int
        Of the whole fit, for the schedule of the learning rate.
    learning_rate, last_rate : float
        At the first epoch, and the fraction of it at the last one.
    settings : dict
        Everything that the fit depends on beside the initial network, for JSON: a file with other settings, or from
        another network, is refused.
    path : path-like, or None
        The file. If it exists, its state is read. It holds tensors and numbers only: reading it runs no code from it.

    Raises
    ------
    ModelError
        If the file is damaged or belongs to another fit.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        epochs: int,
        learning_rate: float,
        last_rate: float,
        settings: dict[str, Any],
        path: str | os.PathLike[str] | None,
    ) -> None:
        self.module, self.learning_rate, self._path = module, learning_rate, path
        self._settings = json.dumps({**settings, "network": digest_of_module(module)})
        self.optimizer = torch.optim.Adam(module.parameters(), lr=learning_rate)
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, epochs, eta_min=last_rate * learning_rate
        )
        self.history: list[tuple[int, float, float]] = []
        self._best = copy.deepcopy(module.state_dict())
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise ModelError(f"checkpoint is {path!r:.60}; expected the name of a file.")
        if path is not None and (not os.fspath(path) or os.path.isdir(path)):
            raise ModelError(f"checkpoint is {os.fspath(path)!r}; expected the name of a file.")
        if path is not None and os.path.exists(path):
            self._read(path)
        elif path is not None and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise ModelError(f"{os.fspath(path)}: there is no such folder for the checkpoint.")

    @property
    def best_epoch(self) -> int:
        """The first epoch with the smallest loss of the validation data; 0 before the first one."""
        return min(self.history, key=lambda each: each[2])[0] if self.history else 0

    def add_epoch(self, training: float, validation: float) -> None:
        """Record the losses of an epoch, keep the parameters if they are the best ones, and write the file."""
        self.history.append((len(self.history) + 1, training, validation))
        if self.best_epoch == len(self.history):
            self._best = copy.deepcopy(self.module.state_dict())
        self._schedule.step()
        if self._path is not None:
            self._write(self._path)

    def best_module(self) -> torch.nn.Module:
        """A copy of the network with the best parameters."""
        module = copy.deepcopy(self.module)
        module.load_state_dict(self._best)
        return module

    def _write(self, path: str | os.PathLike[str]) -> None:
        """Write the file under a temporary name first, so that an interruption leaves the last one."""
        content = {
            "settings": self._settings,
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "best": self._best,
            "history": self.history,
        }
        temporary = f"{os.fspath(path)}.{os.getpid()}.tmp"
        torch.save(content, temporary)
        os.replace(temporary, path)

    def _read(self, path: str | os.PathLike[str]) -> None:
        name = os.path.basename(os.fspath(path))
        try:
            content = torch.load(path, weights_only=True)
            theirs, ours = json.loads(content["settings"]), json.loads(self._settings)
            different = [key for key in ours if theirs.get(key) != ours[key]]
            if not different:
                self.module.load_state_dict(content["module"])
                self.optimizer.load_state_dict(content["optimizer"])
                self._schedule.load_state_dict(content["schedule"])
                self._best = content["best"]
                self.history = [tuple(each) for each in content["history"]]
        except Exception as error:  # PyTorch raises many types of exceptions for damaged files
            raise ModelError(
                f"{name}: this is no checkpoint of a fit, or a damaged one ({type(error).__name__}); delete it to begin"
                " from the start."
            ) from error
        if different:
            raise ModelError(
                f"{name}: the checkpoint belongs to a fit with other {', '.join(different)}; delete it to begin from"
                " the start, or name another file."
            )
