# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes a trained environment model to a file that contains its metadata, and checks the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import torch
from openmm import unit

from ..errors import ModelError
from ..models.checks.environment import compare_environments
from ..models.environment import EnvironmentEvaluator, has_both_methods
from ..models.load import read_from_file, read_from_memory
from ..models.metadata.metadata import FIELDS, warn_of_unusual_cutoff
from ..models.metadata.validation import make_metadata
from ..models.pytorch.modules import unwrapped
from ..models.pytorch.state import in_default_torch_state
from ..models.writing import written
from .environment_model import EnvironmentModel
from .load_environment import environment_model
from .tolerance import check_tolerance


class _BothFunctions(torch.nn.Module):
    """The two functions of an environment model as one, which a file can hold."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(
        self,
        r: torch.Tensor,
        type1: torch.Tensor,
        type2: torch.Tensor,
        densities: torch.Tensor,
        type: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.module.density(r, type1, type2), self.module.atom(densities, type)


@in_default_torch_state
def export_environment(
    module: torch.nn.Module,
    path: str | os.PathLike[str],
    *,
    types: Sequence[str] | dict[Any, Any],
    angular: Sequence[int],
    cutoff: float | unit.Quantity,
    inner_cutoff: float | unit.Quantity | None = None,
    switching_distance: float | unit.Quantity | None = None,
    length_unit: Literal["nm", "angstrom", "bohr"] = "nm",
    energy_unit: Literal["kJ/mol", "kcal/mol", "eV", "hartree"] = "kJ/mol",
    description: str = "",
    uncovered: Any = None,
    training: dict[str, Any] | None = None,
    density_ranges: dict[str, Any] | None = None,
    trace: bool = False,
    tolerance: float = 1e-4,
) -> EnvironmentModel:
    """Write an environment model and its metadata to a file: for torch.export if the path ends in .pt2, else as
    TorchScript.

    The file is written under a temporary name, loaded and checked as by :func:`load_environment`. It gets its final
    name only if all of this succeeds, and its densities and energies are those of the module.

    Parameters
    ----------
    module : torch.nn.Module
        With the methods ``density(r: Tensor[P], type1: Tensor[P], type2: Tensor[P]) -> Tensor[P, K]`` and
        ``atom(densities: Tensor[N, K], type: Tensor[N]) -> Tensor[N]``; see :func:`load_environment`.
    path : path-like
        Usually ending in .pt or .pt2.
    types : list of str, or dict of str to rule
        The names of the particle types, in the order of their indices, as for :func:`export_model`.
    angular : list of int
        The angular order of each channel, 0 to 3. The density of an atom in a channel of order 0 is the sum of those of
        its neighbors. In a channel of order l, it is the sum over pairs of neighbors of the product of their densities
        and the Legendre polynomial of order l of the angle between them.
    cutoff, inner_cutoff, switching_distance : float in length_unit, or Quantity
        As for :func:`export_model`; the inner cutoff is 0.05 nm by default. It should be the one of the
        :class:`learnedpair.nn.EnvironmentEnergy` that the model was trained with. The switching function multiplies
        densities.
    length_unit, energy_unit, description, uncovered, training, trace
        As for :func:`export_model`. Densities have no unit.
    density_ranges : dict of str to sequence of (low, high), optional
        The ranges of the densities in the training data: for each type the range of each channel, as
        :func:`learnedpair.nn.density_ranges` finds them. They are stored, and :class:`DensityReporter` compares a
        simulation with them.
    tolerance : float
        The tolerance of the model that is returned, as in :func:`load_environment`. It is not stored.

    Returns
    -------
    EnvironmentModel
        The file as load_environment() reads it.

    Raises
    ------
    ModelError
        If the metadata are wrong, a check of the model fails, or PyTorch cannot script, trace or export the module.
    LoweringError, ToleranceError
        As :func:`load_environment`.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import torch
    >>> import learnedpair as lp
    >>> class Crowding(torch.nn.Module):
    ...     def density(self, r, type1, type2):
    ...         return ((1 - (r / 0.5) ** 2) ** 3).unsqueeze(-1)
    ...     def atom(self, densities, type):
    ...         return 2.0 * densities[:, 0] ** 2
    >>> folder = tempfile.TemporaryDirectory()
    >>> model = lp.export_environment(
    ...     Crowding(),
    ...     os.path.join(folder.name, "crowding.pt"),
    ...     types={"O": "HOH:O"},
    ...     uncovered="HOH:*",
    ...     angular=[0],
    ...     cutoff=0.5,
    ...     inner_cutoff=0.2,
    ... )
    >>> model.types, model.source
    (['O'], 'crowding.pt')
    >>> folder.cleanup()
    """
    path = os.fspath(path)
    tolerance = check_tolerance(tolerance)
    module = unwrapped(module) if isinstance(module, torch.nn.Module) else module
    if not has_both_methods(module):
        kind = f"class {module.__name__}" if isinstance(module, type) else type(module).__name__
        raise TypeError(
            f"export_environment: the module is a {kind} without the methods density and atom;"
            " expected a torch.nn.Module with both, and not a loaded file."
        )
    name = os.path.basename(path)
    metadata = make_metadata(
        path,
        types=types,
        angular=angular,
        cutoff=cutoff,
        inner_cutoff=inner_cutoff,
        switching_distance=switching_distance,
        length_unit=length_unit,
        energy_unit=energy_unit,
        description=description,
        uncovered=uncovered,
        training=training,
        density_ranges=density_ranges,
    )
    if metadata.angular is None:
        raise ModelError(f"{path}: angular is None; expected the angular order of each density channel, such as [0].")
    warn_of_unusual_cutoff(name, metadata)
    with written(_BothFunctions(module), path, metadata, name, trace) as temporary:
        parts = read_from_file(temporary, name, {})
        model = environment_model(parts, tolerance)
        original = read_from_memory(module, {field: getattr(metadata, field) for field in FIELDS})
        compare_environments(EnvironmentEvaluator(parts), EnvironmentEvaluator(original))
    return model
