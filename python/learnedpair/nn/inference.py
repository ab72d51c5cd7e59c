# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Evaluates energies inside torch.inference_mode()."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch


def outside_inference_mode(method: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Decorate a method that needs autograd, for the Taylor expansion below the inner cutoff. Inference mode has none:
    there the method is called with copies of its tensors, outside of inference mode and without gradients.
    """

    @functools.wraps(method)
    def wrapper(self: Any, *arguments: Any, **keywords: Any) -> torch.Tensor:
        if not torch.is_inference_mode_enabled():
            return method(self, *arguments, **keywords)
        with torch.inference_mode(False), torch.no_grad():
            return method(self, *map(_normal, arguments), **{name: _normal(value) for name, value in keywords.items()})

    return wrapper


def _normal(value: Any) -> Any:
    """Convert a tensor of inference mode to a normal one. Return any other value unchanged."""
    return value.clone() if isinstance(value, torch.Tensor) else value
