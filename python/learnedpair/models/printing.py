# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The text that print() shows for a model."""

import itertools
import math

from .metadata.metadata import DEFAULT_INNER_CUTOFF_NM

#: print() shows at most this many pairs of types of the training domain, and as many entries of `training`.
MAX_ENTRIES = 10
#: print() shows at most this many characters of an entry of `training`.
MAX_TEXT = 40


def describe(model):
    """Describe a model in a few lines."""
    lines = [f"PairModel {model.source}"]
    lines += [f"  member:      {member.source}, digest {member.digest[:16]}" for member in model.members]
    lines.append(_particles(model))
    if model.global_parameters:
        values = [
            f"{name} = {p.default:g} ({p.low:g} to {p.high:g}{', assumed' if p.assumed else ''})"
            for name, p in model.parameters.items()
        ]
        lines.append(f"  globals:     {'; '.join(values)}")
    lines += [
        f"  distances:   {_distances(model)}",
        f"  units:       {model.metadata.length_unit}, {model.metadata.energy_unit}",
        f"  digest:      {model.digest[:16]}",
    ]
    tail = model.worst_tail()
    if tail is not None:
        lines.append(f"  at cutoff:   {tail}")
    if model.domain is not None:
        lines.append(f"  trained on:  {_training_domain(model)}")
    if model.training:
        lines.append(f"  training:    {_training(model.training)}")
    if model.description:
        lines.append(f"  description: {model.description}")
    return "\n".join(lines)


def _particles(model):
    if model.features is not None:
        ranges = [
            name if limits is None else f"{name} ({limits[0]:g} to {limits[1]:g})"
            for name, limits in model.feature_ranges.items()
        ]
        return f"  features:    {'; '.join(ranges)}"
    rules = {
        name: rule if rule is None or isinstance(rule, str) else ", ".join(rule)
        for name, rule in model.type_rules.items()
    }
    types = [name if rule is None else f"{name} ({rule})" for name, rule in rules.items()]
    return f"  types:       {'; '.join(types)}"


def _distances(model):
    if model.switching_distance is not None:
        end = f", switched from {model.switching_distance:g} nm"
    else:
        end = ", truncated" if model.truncated else ""
    default = " (the default)" if math.isclose(model.inner_cutoff, DEFAULT_INNER_CUTOFF_NM) else ""
    return f"{model.inner_cutoff:g}{default} to {model.cutoff:g} nm{end}"


def _training_domain(model):
    """The training domain: the pairs of types with data, and those without."""
    if model.types is None:
        return "{:g} to {:g} nm".format(*model.domain)
    pairs = list(itertools.combinations_with_replacement(model.types, 2))
    ranges = [f"{a}-{b} {low:g} to {high:g}" for (a, b), (low, high) in model.domain.items()]
    without = [f"{a}-{b}" for a, b in pairs if (a, b) not in model.domain]
    none = f"; no data for {_shortened(without)}" if without else ""
    return f"{_shortened(ranges)} nm{none}"


def _training(training):
    """What is known about the training: short values, and the sizes of others."""
    entries = []
    for key, value in training.items():
        if isinstance(value, (dict, list)):
            entries.append(f"{key} ({len(value)} entries)")
        else:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            entries.append(f"{key} {text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + '...'}")
    return _shortened(entries)


def _shortened(entries):
    """The first of some entries, and the number of the others."""
    more = len(entries) - MAX_ENTRIES
    return ", ".join(entries[:MAX_ENTRIES]) + (f" and {more} more" if more > 0 else "")
