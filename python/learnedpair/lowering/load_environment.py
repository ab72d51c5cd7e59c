# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""load_environment(): a PyTorch model of atoms in their environments as an environment function."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from torch.export import ExportedProgram

from ..errors import LoweringError
from ..force.functions import EnvironmentFunction
from ..models.checks.environment import check_environment
from ..models.environment import EnvironmentEvaluator
from ..models.load import IsEnvironmentError, ModelParts, read_model
from ..models.metadata.metadata import warn_of_unusual_cutoff
from ..models.pytorch.state import in_default_torch_state
from .density_tables import tabulate_densities
from .environment_model import EnvironmentModel
from .pair_model import PairModel, load_model
from .recording import record_atoms
from .tolerance import check_tolerance

#: The largest allowed difference between the program and the model, in energies and in derivatives, relative to 1 plus
#: the largest absolute value of the sample.
MAX_DIFFERENCE = 1e-9


@in_default_torch_state
def load_environment(
    path_or_module: str | os.PathLike[str] | torch.nn.Module | ExportedProgram,
    *,
    tolerance: float = 1e-4,
    knots: int | None = None,
    **metadata: Any,
) -> EnvironmentModel:
    """Load an environment model, check it, and turn it into an :class:`EnvironmentFunction`.

    The energy is the sum over atoms of ``atom(q_i, type_i)``. The densities q_i are made of those of the neighbors,
    ``density(r, type_i, type_j)``; see docs/program.md, section 6. The densities are tabulated, and the computation of
    ``atom`` is recorded as a program, which a force runs without PyTorch.

    Parameters
    ----------
    path_or_module : path-like, torch.nn.Module or torch.export.ExportedProgram
        A file of :func:`export_environment`, or a module with the methods ``density(r: Tensor[P], type1: Tensor[P],
        type2: Tensor[P]) -> Tensor[P, K]``, where type1 is that of the atom at the center, and ``atom(densities:
        Tensor[N, K], type: Tensor[N]) -> Tensor[N]``. Types are int64.
    tolerance : float
        The largest allowed error of the tabulated densities, relative to the largest density of the same channel and
        pair of types. The same bound holds for their slopes, relative to the largest slope.
    knots : int, optional
        The number of knots of each table, from 5 to 16385; by default as many as the tolerance requires. Models for the
        same Context need the same number: see :meth:`EnvironmentModel.update_force`.
    **metadata
        Metadata with the names that :func:`export_environment` uses. A module needs them. They add to the metadata of
        a file, or replace them.

    Returns
    -------
    EnvironmentModel

    Raises
    ------
    ModelError
        If the file cannot be read, metadata are missing, or a check of the model fails: densities and energies must be
        finite and differentiable, also for an atom without neighbors; densities must vanish at the cutoff, unless there
        is a switching distance; and no pair or atom may depend on the others of a call.
    LoweringError
        If ``atom`` contains an operation that a program cannot express.
    ToleranceError
        If the tables do not reach the tolerance.

    Examples
    --------
    An atom whose energy is minus the square root of a density, as in the second-moment approximation for metals:

    >>> import torch
    >>> import learnedpair as lp
    >>> class SecondMoment(torch.nn.Module):
    ...     def density(self, r, type1, type2):
    ...         return (torch.exp(-15 * (r - 0.25)) * (1 - (r / 0.6) ** 2) ** 3).unsqueeze(-1)
    ...     def atom(self, densities, type):
    ...         return 50 * (0.1 - torch.sqrt(densities[:, 0] + 0.01))
    >>> model = lp.load_environment(
    ...     SecondMoment(), types=["Cu"], angular=[0], cutoff=0.6, inner_cutoff=0.2
    ... )
    >>> model.isolated_atom_energies
    {'Cu': 0.0}
    >>> model.create_force(["Cu"] * 4)
    <LearnedPairForce 'LearnedPairForce': 4 of 4 particles covered (Cu 4), cutoff 0.6 nm, 1 density channel, group 0>
    """
    tolerance = check_tolerance(tolerance)
    parts = read_model(path_or_module, metadata, "load_environment")
    warn_of_unusual_cutoff(parts.source, parts.metadata)
    if knots is not None and (isinstance(knots, bool) or not isinstance(knots, int) or not 5 <= knots <= 16385):
        raise LoweringError(f"load_environment: knots is {knots!r}; expected an integer from 5 to 16385.")
    return environment_model(parts, tolerance, knots)


def load_either(path: str | os.PathLike[str], tolerance: float = 1e-4) -> PairModel | EnvironmentModel:
    """Load a file of export_model() or export_environment(). The tolerance is for the tables of the latter."""
    try:
        return load_model(path)
    except IsEnvironmentError:
        return load_environment(path, tolerance=tolerance)


def environment_model(parts: ModelParts, tolerance: float, knots: int | None = None) -> EnvironmentModel:
    """Check an environment model and lower it; see load_environment()."""
    evaluator = EnvironmentEvaluator(parts)
    densities, types = check_environment(evaluator)
    values, slopes, error = tabulate_densities(evaluator, tolerance, knots)
    text, weights = record_atoms(
        evaluator.module,
        evaluator.evaluate_atom,
        source=evaluator.source,
        num_channels=evaluator.num_channels,
        energy_factor=evaluator.energy_factor,
    )
    count, metadata = len(evaluator.types), evaluator.metadata
    function = EnvironmentFunction(
        count,
        evaluator.inner_cutoff,
        evaluator.cutoff,
        evaluator.angular,
        values,
        slopes,
        list(range(count * count)),
        text,
        weights,
    )
    expected = _require_same(evaluator, function, densities, types)
    return EnvironmentModel(
        function,
        evaluator.types,
        evaluator.cutoff,
        evaluator.inner_cutoff,
        evaluator.source,
        metadata.description,
        evaluator.digest,
        switching_distance=evaluator.switching_distance,
        type_rules=evaluator.type_rules,
        uncovered=metadata.uncovered,
        isolated_atom_energies=dict(zip(evaluator.types, expected[:count].tolist(), strict=True)),
        training=metadata.training,
        density_ranges=metadata.density_ranges,
        report={"tolerance": tolerance, "knots": len(values[0]), "max_relative_density_error": error},
    )


def _require_same(evaluator, function, densities, types):
    """Require that the program of a function gives the energies and derivatives of its model; get the energies."""
    expected = evaluator.atoms(densities, types)
    found = function.evaluate_atoms(densities, types)
    for a, b, what in zip(found, expected, ("energy", "derivative"), strict=True):
        difference = np.abs(a - b)
        if not (difference <= MAX_DIFFERENCE * (1 + np.abs(b).max())).all():
            k = int(np.argmax(np.where(np.isnan(difference), np.inf, difference))) // (difference.size // len(types))
            kind = "an isolated atom" if k < len(evaluator.types) else "an atom in a random environment"
            advice = (
                " Look for roots and norms of densities, which have no derivative at zero."
                if k < len(evaluator.types)
                else " The model may compute in single precision, or do what cannot be recorded."
            )
            raise LoweringError(
                f"{evaluator.source}: the program of atom() differs from the model: for {kind} of type"
                f" {evaluator.types[types[k]]} its {what} is {a[k]}, and that of the model {b[k]}.{advice}"
            )
    return expected[0]
