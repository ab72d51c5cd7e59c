# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What fits of pair functions of types have in common: they check the data, and fit connected pairs of types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from openmm import unit

from ..errors import ModelError, warn
from ..units import in_nanometers
from .arguments import as_flag, as_positive
from .configurations import Configuration, ReferenceData, require_data
from .distances import Distances, Range, connected, find_all_distances
from .expected_errors import Errors, default_errors
from .pairs_of_types import PairOfTypes, PairsOfTypes, label_of, names_of
from .record import distances_of_model

_Result = TypeVar("_Result")


#: Data that end at less than this fraction of the cutoff give a warning.
SHORTEST_DATA = 0.25


@dataclass(frozen=True)
class Component:
    """Pairs of types that configurations connect, so that they are fitted together.

    Attributes
    ----------
    pairs : dict of pair of types to (float, float)
        The shortest and the longest distance of the data, in nm.
    chosen : list of (Configuration, dict of pair of types to Distances)
        The configurations with these pairs of types.
    errors : Errors
        The expected errors of these configurations.
    """

    pairs: dict[PairOfTypes, tuple[float, float]]
    chosen: list[tuple[Configuration, dict[PairOfTypes, Distances]]]
    errors: Errors


@dataclass(frozen=True)
class Task:
    """Reference data that are ready to be fitted.

    Attributes
    ----------
    function : str
        The name of the user's function, with which messages begin.
    data : ReferenceData
    names : list of str
        The types of the model.
    interacting : Range
    found : list of dict of pair of types to Distances
        For each configuration.
    ranges : dict of pair of types to (float, float)
        The shortest and the longest distance of the data, in nm.
    metadata : dict
        The arguments of export_model() without the training record.
    has_inner_cutoff : bool
        Whether the user gave an inner cutoff. Without one, no distance of the data is below it.
    """

    function: str
    data: ReferenceData
    names: list[str]
    interacting: Range
    found: list[dict[PairOfTypes, Distances]]
    ranges: dict[PairOfTypes, tuple[float, float]]
    metadata: dict[str, Any]
    has_inner_cutoff: bool

    def components(
        self, energy_error: tuple[float, float] | None, force_error: tuple[float, float] | None
    ) -> list[Component]:
        """Divide the data into components, with expected errors as given or by default."""
        result = []
        for pairs in connected(self.found):
            chosen = [(each, found) for each, found in zip(self.data, self.found) if found.keys() & set(pairs)]
            errors = default_errors([each for each, _ in chosen], energy_error, force_error)
            result.append(Component({pair: self.ranges[pair] for pair in pairs}, chosen, errors))
        return result

    def fit_components(
        self, components: Sequence[Component], fit: Callable[[Component], dict[PairOfTypes, _Result]]
    ) -> PairsOfTypes[_Result]:
        """Fit one component after the other; the results have the order of the types."""
        fitted: dict[PairOfTypes, _Result] = {}
        for component in components:
            try:
                fitted |= fit(component)
            except ModelError as error:
                raise ModelError(f"{self.function}: {', '.join(map(label_of, component.pairs))}: {error}") from error
        return PairsOfTypes(sorted(fitted.items(), key=lambda each: sorted(map(self.names.index, each[0]))))


def prepare(
    function: str,
    data: ReferenceData,
    *,
    cutoff: float | unit.Quantity,
    switching_distance: float | unit.Quantity | None,
    inner_cutoff: float | unit.Quantity | None,
    truncated: bool,
    within_cutoff: bool,
    types: Sequence[str] | dict[Any, Any] | None,
    description: str,
) -> Task:
    """Check the arguments that all fits of pair functions have, and find the distances of the data.

    Raises
    ------
    ModelError
        ``function``, the name of the user's function, begins the message.
    """
    cutoff, switching_distance, inner_cutoff = (
        in_nanometers(cutoff, "cutoff"),
        in_nanometers(switching_distance, "switching_distance"),
        in_nanometers(inner_cutoff, "inner_cutoff"),
    )
    require_data(data, function)
    cutoff = as_positive(cutoff, f"{function}: cutoff", "a positive number, in nm")
    if inner_cutoff is not None:
        inner_cutoff = as_positive(inner_cutoff, f"{function}: inner_cutoff", "a positive number, in nm")
    truncated = as_flag(truncated, f"{function}: truncated")
    within_cutoff = as_flag(within_cutoff, f"{function}: within_cutoff")
    if switching_distance is None and not truncated:
        switching_distance = 0.9 * cutoff
    _require_difference(data, function)
    types = data.types if types is None else types
    names = names_of(types, data.types, function)
    interacting = Range(cutoff, switching_distance, within_cutoff)
    found = find_all_distances(data, interacting)
    ranges = {}
    for pair in sorted({pair for pairs in found for pair in pairs}):
        r = np.concatenate([pairs[pair].r for pairs in found if pair in pairs])
        ranges[pair] = (float(r.min()), float(r.max()))
    has_tail = not within_cutoff and any(each.box is None for each in data)
    for pair, (_, longest) in ranges.items() if has_tail else ():
        if longest < SHORTEST_DATA * cutoff:
            warn(
                f"{function}: the data of {label_of(pair)} end at {longest:.3g} nm, and the cutoff is {cutoff:g} nm:"
                " most of the function is an extrapolation. Check the units, add data, or choose a shorter cutoff."
            )
    metadata = dict(
        types=types,
        switching_distance=switching_distance,
        truncated=truncated,
        description=description,
        **distances_of_model(ranges, cutoff, inner_cutoff, has_tail=has_tail),
    )
    interacting = replace(interacting, inner_cutoff=metadata["inner_cutoff"])
    return Task(function, data, names, interacting, found, ranges, metadata, inner_cutoff is not None)


def _require_difference(data: ReferenceData, function: str) -> None:
    """Require a target that is not zero everywhere."""
    for each in data:
        if (each.energy_difference or 0.0) != 0 or np.any(each.force_difference if each.forces is not None else 0.0):
            return
    raise ModelError(
        f"{function}: all energies and forces of {data.source} are those of the baseline, so that there is nothing to"
        " fit; look for a wrong column."
    )


def indices_of(pairs: Sequence[PairOfTypes], names: Sequence[str]) -> Any:
    """The index of the function of each pair of types, shape (n_types, n_types); -1 for a pair without one."""
    indices = np.full((len(names), len(names)), -1)
    for index, pair in enumerate(pairs):
        first, second = map(names.index, pair)
        indices[first, second] = indices[second, first] = index
    return indices
