# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks the derivatives with respect to global parameters."""

import numpy as np

from ...errors import warn
from ..metadata.parameters import about_assumed_ranges, settings
from .samples import Samples

#: The largest allowed difference of a derivative from a finite difference, relative to its magnitude plus 1 kJ/mol over
#: the width of the parameter's range; and the step of the finite difference, relative to that width.
MAX_DIFFERENCE, STEP = 1e-3, 1e-5
#: The number of combinations of the other parameters at which a parameter without an effect is tried.
MAX_COMBINATIONS = 6


def problems_of_derivatives(model, first, second, tried_values):
    """Check the derivatives with respect to global parameters.

    Returns
    -------
    dict of str to str
        For each parameter with a problem, a sentence.
    """
    problems = {}
    for values in tried_values if model.parameters else []:
        samples = Samples(model, first, second, share=4 * len(tried_values))
        for name, (dEdG, d2EdRdG) in model.evaluate_derivatives(*samples.arguments, **values).items():
            parameter = model.parameters[name]
            # At an end of the range a derivative may be infinite, such as that of a square root at zero.
            if name in problems or (
                values[name] in (parameter.low, parameter.high) and values[name] != parameter.default
            ):
                continue
            infinite = ~(np.isfinite(dEdG) & np.isfinite(d2EdRdG))
            if infinite.any():
                k = int(np.argmax(infinite))
                problems[name] = (
                    f"the derivative with respect to the global parameter {name!r} is not finite: for"
                    f" {samples.name(k, values)} that of the energy is {dEdG[k]:g}, and that of dE/dr"
                    f" is {d2EdRdG[k]:g}. Look for roots and powers of zero, or give the parameter a range without that"
                    f" value.{about_assumed_ranges(model.parameters, values)}"
                )
                continue
            problem = _problem_of_derivative(model, samples, name, dEdG, values)
            if problem:
                problems[name] = problem
    return problems


def _problem_of_derivative(model, samples, name, dEdG, values):
    """Compare a derivative with the finite differences to both sides: a sentence on the problem, or an empty string.

    A parameter may switch between branches of the model. At such a value only one of the two differences is right.
    """
    parameter = model.parameters[name]
    range_width = parameter.high - parameter.low
    energy = model.evaluate(*samples.arguments, **values)[0]
    wrong = np.ones(len(energy), dtype=bool)
    differences = []
    for step in (-STEP * range_width, STEP * range_width):
        if parameter.low <= values[name] + step <= parameter.high:
            moved = model.evaluate(*samples.arguments, **values | {name: values[name] + step})[0]
            differences.append((moved - energy) / step)
            rounding = 1e-15 * (np.abs(moved) + np.abs(energy)) / abs(step)
            wrong &= ~(
                np.abs(differences[-1] - dEdG)
                <= MAX_DIFFERENCE * (np.abs(dEdG) + np.abs(differences[-1]) + 1 / range_width) + rounding
            )
    depends = (dEdG != 0) | (np.abs(differences) > MAX_DIFFERENCE / range_width).any(axis=0)
    if not wrong.sum() > 0.5 * depends.sum():
        return ""
    k = int(np.argmax(wrong))
    return (
        f"the derivative with respect to the global parameter {name!r} is not that of the energy: for"
        f" {samples.name(k, values)} automatic differentiation gives {dEdG[k]:.6g} kJ/mol, and the energy changes"
        f" by {differences[0][k]:.6g}. Look for detach(), item(), no_grad(), or functions that can be differentiated"
        " only once."
    )


def warn_of_unused_parameters(model, first, second):
    """Warn of global parameters that do not change any energy, for instance because of a misspelled name."""
    if not model.parameters:
        return
    samples = Samples(model, first, second, share=4)
    default, *others = settings(model.parameters)
    for name, parameter in model.parameters.items():
        for around in (default, *others[:: max(1, len(others) // MAX_COMBINATIONS)]):
            ends = [
                model.evaluate(*samples.arguments, **around | {name: value})[0]
                for value in np.linspace(parameter.low, parameter.high, 3)
            ]
            if not (np.array_equal(ends[0], ends[1]) and np.array_equal(ends[0], ends[2])):
                break
        else:
            warn(
                f"{model.source}: the global parameter {name!r} changes nothing from {parameter.low:g} to"
                f" {parameter.high:g}: forward() does not use it, or only outside of this range. Check its name, or"
                " leave it out."
            )
