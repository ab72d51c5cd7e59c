# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compares the particles of a model with those of the model that a force was made from."""

from ..errors import LoweringError


def require_same_types(model, force):
    """Require that a force was made from a model with the same types or features.

    Raises
    ------
    LoweringError
    """
    report = force.lowering_report
    own, made_for = (
        _describe_particles(model.types, model.features),
        _describe_particles(report.get("types"), report.get("features")),
    )
    if made_for and made_for != own:
        raise LoweringError(
            f"{model.source}: the model has {own}, and the force was made for {made_for}; make a new force."
        )


def require_same_particles(model, force):
    """Require that a force was made from a model with the same types or features and the same switching distance.

    Raises
    ------
    LoweringError
    """
    require_same_types(model, force)
    switching = force.getSwitchingDistance()._value if force.getUseSwitchingFunction() else None
    if switching != model.switching_distance:
        raise LoweringError(
            f"{model.source}: the switching distance of the model is {model.switching_distance}, and that of the force"
            f" {switching} nm; make a new force."
        )


def _describe_particles(types, features):
    """The types or features by which a model distinguishes particles, for messages."""
    if types:
        return f"the types {', '.join(types)}"
    return f"the features {', '.join(features)}" if features else ""
