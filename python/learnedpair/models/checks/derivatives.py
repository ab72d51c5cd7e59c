# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks the derivatives with respect to global parameters."""

import numpy as np

from ...errors import warn
from ..metadata.parameters import about_assumed_ranges, settings
from .samples import Samples

#: By how much a derivative may differ from a difference of energies, relative to its size plus 1 kJ/mol over the width
#: of the parameter's range, and the step of the difference, relative to that width.
DERIVATIVE, STEP = 1e-3, 1e-5
#: At how many combinations of the other parameters a parameter is tried that seems to change nothing.
FEW = 6


def problems_of_derivatives(model, first, second, tried):
    """What is wrong with the derivatives with respect to global parameters, by kind and parameter."""
    problems = {}
    for values in tried if model.parameters else []:
        samples = Samples(model, first, second, share=4 * len(tried))
        for name, (derivative, mixed) in model.evaluate_derivatives(*samples.arguments, **values).items():
            parameter = model.parameters[name]
            # At an end a derivative may be infinite, as that of a root at zero.
            if name in problems or (
                values[name] in (parameter.low, parameter.high) and values[name] != parameter.default
            ):
                continue
            infinite = ~(np.isfinite(derivative) & np.isfinite(mixed))
            if infinite.any():
                k = int(np.argmax(infinite))
                problems[name] = (
                    f"the derivative with respect to the global parameter {name!r} is not finite: for"
                    f" {samples.name(k, values)} that of the energy is {derivative[k]:g}, and that of its slope"
                    f" {mixed[k]:g}. Look for roots and powers of zero, or give the parameter a range without that"
                    f" value.{about_assumed_ranges(model.parameters, values)}"
                )
                continue
            problem = _problem_of_derivative(model, samples, name, derivative, values)
            if problem:
                problems[name] = problem
    return problems


def _problem_of_derivative(model, samples, name, derivative, values):
    """Compare a derivative with differences of energies to both sides: a sentence, or nothing.

    A parameter may switch between branches of the model. At such a value one of the two differences is right.
    """
    parameter = model.parameters[name]
    width = parameter.high - parameter.low
    energy = model.evaluate(*samples.arguments, **values)[0]
    wrong = np.ones(len(energy), dtype=bool)
    differences = []
    for step in (-STEP * width, STEP * width):
        if parameter.low <= values[name] + step <= parameter.high:
            moved = model.evaluate(*samples.arguments, **values | {name: values[name] + step})[0]
            differences.append((moved - energy) / step)
            rounding = 1e-15 * (np.abs(moved) + np.abs(energy)) / abs(step)
            wrong &= ~(
                np.abs(differences[-1] - derivative)
                <= DERIVATIVE * (np.abs(derivative) + np.abs(differences[-1]) + 1 / width) + rounding
            )
    depends = (derivative != 0) | (np.abs(differences) > DERIVATIVE / width).any(axis=0)
    if not wrong.sum() > 0.5 * depends.sum():
        return ""
    k = int(np.argmax(wrong))
    return (
        f"the derivative with respect to the global parameter {name!r} is not that of the energy: for"
        f" {samples.name(k, values)} automatic differentiation gives {derivative[k]:.6g} kJ/mol, and the energy changes"
        f" by {differences[0][k]:.6g}. Look for detach(), item(), no_grad(), or functions that can be differentiated"
        " only once."
    )


def warn_of_unused_parameters(model, first, second):
    """Warn of global parameters that do not change any energy, such as one whose name is misspelled."""
    if not model.parameters:
        return
    samples = Samples(model, first, second, share=4)
    default, *others = settings(model.parameters)
    for name, parameter in model.parameters.items():
        for around in (default, *others[:: max(1, len(others) // FEW)]):
            ends = [
                model.evaluate(*samples.arguments, **around | {name: value})[0]
                for value in np.linspace(parameter.low, parameter.high, 3)
            ]
            if not (np.array_equal(ends[0], ends[1]) and np.array_equal(ends[0], ends[2])):
                break
        else:
            warn(
                f"{model.source}: the global parameter {name!r} changes nothing from {parameter.low:g} to"
                f" {parameter.high:g}: forward() does not use it, or only outside of this range. Look at its name, or"
                " leave it out."
            )
