# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The mean of several models: its module, its metadata, and whether the models fit together."""

import dataclasses
import hashlib
import math
from typing import Any, NamedTuple

import numpy as np
import torch

from ..errors import ModelError
from .checks.samples import Samples, pairs_of_ranges, pairs_of_types
from .load import ModelParts
from .metadata.parameters import settings
from .model import Model

#: The fraction of the budget of a check, as its inverse, that comparing two members takes.
SHARE = 64
#: The largest number of names of members in the name of a committee.
MAX_NAMES = 3


class MeanOfMembers(torch.nn.Module):
    """The mean energy of several modules.

    Parameters
    ----------
    modules : list of torch.nn.Module
    units : list of (float, float), or None
        The units of length and energy of each module, in the units of the mean. None if they are the same.
    """

    def __init__(self, modules, units):
        super().__init__()
        self.members = torch.nn.ModuleList(modules)
        self.units = units

    def forward(self, r, particle1, particle2, **global_parameters):
        total = None
        for index, member in enumerate(self.members):
            if self.units is None:
                energy = member(r, particle1, particle2, **global_parameters)
            else:
                length, unit_of_energy = self.units[index]
                energy = unit_of_energy * member(r / length, particle1, particle2, **global_parameters)
            total = energy if total is None else total + energy
        return total / len(self.members)


def label(members: list[Model], index: int) -> str:
    """A member for messages, such as "members[1] (delta_2.pt)"."""
    return f"members[{index}] ({members[index].source})"


def parts_of_committee(members: list[Model]) -> ModelParts:
    """Combine models that fit together to the parts of their mean.

    The mean has the units of the members if these are the same, else nm and kJ/mol.

    Parameters
    ----------
    members : list of Model

    Returns
    -------
    ModelParts
    """
    first = members[0]
    metadata = dataclasses.replace(
        first.metadata,
        description=_description(members),
        training={"members": [member.training for member in members]} if any(m.training for m in members) else None,
    )
    units = None
    if len({_units(member) for member in members}) > 1:
        units = [(member.length_factor, member.energy_factor) for member in members]
        metadata = dataclasses.replace(
            metadata,
            length_unit="nm",
            energy_unit="kJ/mol",
            cutoff=first.cutoff,
            inner_cutoff=first.inner_cutoff,
            switching_distance=first.switching_distance,
        )
    domain = _common_domain(members, first.length_factor if units is None else 1.0)
    metadata = dataclasses.replace(metadata, domain=domain)
    names = list(dict.fromkeys(member.source for member in members))
    shown = ", ".join(names[:MAX_NAMES]) + ", ..." * (len(names) > MAX_NAMES)
    digest = hashlib.sha256("\n".join(["committee", *(member.digest for member in members)]).encode()).hexdigest()
    module = MeanOfMembers([member.module for member in members], units)
    return ModelParts(module, metadata, f"committee of {len(members)} ({shown})", digest)


def _common_domain(members, factor):
    """The training domain that all members have in common, in a unit given by its factor to nm; None if a member has
    none.
    """
    domains = [member.domain for member in members]
    if any(domain is None for domain in domains):
        return None
    if not isinstance(domains[0], dict):
        return _common_range(domains, factor)
    pairs = [pair for pair in domains[0] if all(pair in domain for domain in domains)]
    ranges = {pair: _common_range([domain[pair] for domain in domains], factor) for pair in pairs}
    return {pair: limits for pair, limits in ranges.items() if limits[0] < limits[1]} or None


def _common_range(ranges, factor):
    return max(low for low, _ in ranges) / factor, min(high for _, high in ranges) / factor


def _units(model):
    return model.metadata.length_unit, model.metadata.energy_unit


def _description(members):
    """The different descriptions of the members."""
    return "; ".join(dict.fromkeys(member.description for member in members if member.description))


class _Setting(NamedTuple):
    """What all members must have in common: its name, and its value for a model; its keyword in load_committee()."""

    name: str
    value: Any
    keyword: str


def _settings(model):
    parameters = {name: (p.default, p.low, p.high) for name, p in model.parameters.items()}
    return [
        _Setting("types", model.types, ""),
        _Setting("features", model.features, ""),
        _Setting("names of global parameters", list(parameters), ""),
        _Setting("assignment rules", model.type_rules, "types"),
        _Setting("rule for uncovered atoms", model.uncovered, "uncovered"),
        _Setting("ranges of features", model.feature_ranges, "features"),
        _Setting("global parameters (default, low, high)", parameters, "global_parameters"),
        _Setting("cutoff in nm", model.cutoff, "cutoff"),
        _Setting("inner cutoff in nm", model.inner_cutoff, "inner_cutoff"),
        _Setting("switching distance in nm", model.switching_distance, "switching_distance"),
        _Setting("property 'truncated'", model.truncated, "truncated"),
    ]


def require_agreement(members: list[Model]) -> None:
    """Require models whose mean has a meaning: everything but the energy must be the same.

    Raises
    ------
    ModelError
        The message names the first member that differs, both values, and the way out.
    """
    for index, member in enumerate(members):
        for first, other in zip(_settings(members[0]), _settings(member), strict=True):
            if not _agree(first.value, other.value):
                raise ModelError(
                    f"load_committee: the {first.name} of {label(members, index)}: {_text(other.value)}; of"
                    f" {label(members, 0)}: {_text(first.value)}. All members must have the same: {_remedy(first)}."
                )
    _require_same_baseline(members)
    for index, member in enumerate(members):
        if member.parameters and _units(member) != _units(members[0]):
            raise ModelError(
                f"load_committee: {label(members, index)} is written in {' and '.join(_units(member))}, and"
                f" {label(members, 0)} in {' and '.join(_units(members[0]))}. The numbers of global parameters"
                f" ({', '.join(member.parameters)}) have the units of the model, so that one number would mean two"
                " things; export all members in the same units."
            )


def require_different_energies(members: list[Model]) -> None:
    """Require that no two members have the same energies at sampled pairs, distances and values of global parameters.

    The digest alone would not do: it does not contain Python numbers that are attributes of a module.

    Raises
    ------
    ModelError
    """
    first = members[0]
    particle1, particle2 = pairs_of_types(first) if first.features is None else pairs_of_ranges(first)
    arguments = Samples(first, particle1, particle2, SHARE).arguments
    known: dict[bytes, int] = {}
    for index, member in enumerate(members):
        energies = [member.evaluate(*arguments, **values)[0] for values in settings(first.parameters)]
        same = known.setdefault(np.concatenate(energies).tobytes(), index)
        if same != index:
            raise ModelError(
                f"load_committee: {label(members, index)} has the same energies as {label(members, same)}, which would"
                " make the spread smaller than it is; leave one of them out."
            )


def _agree(first, second):
    """Whether two values are the same; numbers may differ by rounding."""
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=1e-9)
    return first == second


def _require_same_baseline(members):
    """Require that all members are corrections of a force field, or none is, as far as they say it."""
    records = [member.training or {} for member in members]
    known = [(k, record["baseline"]) for k, record in enumerate(records) if "baseline" in record]
    for index, baseline in known[1:]:
        if baseline != known[0][1]:
            raise ModelError(
                f"load_committee: {label(members, index)} was fitted with the baseline {baseline!r}, and"
                f" {label(members, known[0][0])} with the baseline {known[0][1]!r}: one is a correction of a force"
                " field, and the other one is not; leave one of them out."
            )


def _remedy(setting):
    if not setting.keyword:
        return "train the members with the same names in the same order"
    return f"leave the member out, or give {setting.keyword}=... to load_committee if one value is right for all"


def _text(value):
    return "none" if value is None or value == {} or value == [] else f"{value}"
