# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The text that print() shows for a model."""

import math

from .metadata.metadata import DEFAULT_INNER_CUTOFF_NM


def describe(model):
    """Describe a model in a few lines: types or features, global parameters, domain, units, digest and tail."""
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
        f"  domain:      {_domain(model)}",
        f"  units:       {model.metadata.length_unit}, {model.metadata.energy_unit}",
        f"  digest:      {model.digest[:16]}",
    ]
    tail = model.worst_tail()
    if tail is not None:
        lines.append(f"  at cutoff:   {tail}")
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


def _domain(model):
    if model.switching_distance is not None:
        end = f", switched from {model.switching_distance:g} nm"
    else:
        end = ", truncated" if model.truncated else ""
    default = " (the default)" if math.isclose(model.inner_cutoff, DEFAULT_INNER_CUTOFF_NM) else ""
    return f"{model.inner_cutoff:g}{default} to {model.cutoff:g} nm{end}"
