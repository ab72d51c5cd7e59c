# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The ranges of densities in training data."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def density_ranges(
    densities: torch.Tensor, types: torch.Tensor, names: Sequence[str]
) -> dict[str, list[tuple[float, float]]]:
    """Find the range of the densities of each type and channel, for the metadata of a model.

    Parameters
    ----------
    densities : Tensor, shape (M, K)
        Of all atoms of the training data: see :meth:`EnvironmentEnergy.densities`.
    types : Tensor of int64, shape (M,)
        Their types; -1 for atoms that are not covered.
    names : sequence of str
        The names of the types.

    Returns
    -------
    dict of str to list of (float, float)
        The smallest and the largest density of each channel. A type that does not occur is left out.

    Raises
    ------
    TypeError, ValueError
        If an argument has another type, names repeat, the shapes do not fit, a type has no name, or a density of a
        covered atom is not finite.

    Examples
    --------
    >>> import torch
    >>> import learnedpair as lp
    >>> densities = torch.tensor([[0.5, 1.0], [0.25, 3.0], [2.0, 2.0]])
    >>> lp.nn.density_ranges(densities, torch.tensor([0, 0, 1]), ["O", "H", "Na"])
    {'O': [(0.25, 0.5), (1.0, 3.0)], 'H': [(2.0, 2.0), (2.0, 2.0)]}
    """
    for what, value in (("densities", densities), ("types", types)):
        if not isinstance(value, torch.Tensor):
            raise TypeError(f"density_ranges: the {what} are a {type(value).__name__}; expected a Tensor.")
    if types.dtype.is_floating_point or types.dtype == torch.bool:
        raise TypeError(f"density_ranges: the types have the dtype {types.dtype}; expected integers.")
    if isinstance(names, str) or not all(isinstance(name, str) for name in names) or len({*names}) != len(names):
        raise ValueError(f"density_ranges: names is {names!r:.80}; expected a list of different names.")
    if densities.dim() != 2 or types.shape != densities.shape[:1]:
        raise ValueError(
            f"density_ranges: the densities have the shape {tuple(densities.shape)} and the types"
            f" {tuple(types.shape)}; expected (M, K) and (M,)."
        )
    largest = int(types.max()) if len(types) > 0 else -1
    if largest >= len(names):
        raise ValueError(f"density_ranges: there is an atom of type {largest}, and {len(names)} names of types.")
    if not bool(densities[types >= 0].isfinite().all()):
        raise ValueError("density_ranges: a density is NaN or infinite; expected finite numbers.")
    result = {}
    for index, name in enumerate(names):
        chosen = densities.detach()[types == index].double()
        if len(chosen) > 0:
            result[name] = list(zip(chosen.amin(dim=0).tolist(), chosen.amax(dim=0).tolist()))
    return result
