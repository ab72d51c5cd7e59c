# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether a model keeps the contract, before anything is built from it."""

import numpy as np

from ...errors import LoweringError, ModelError, warn
from ..metadata.parameters import describe, settings
from .continuity import problem_of_energies, problem_of_slopes
from .samples import FEWEST_POINTS, Samples, is_within_budget, name_pair, pairs_of_ranges, pairs_of_rows, pairs_of_types

#: How far the energy, in kJ/mol, and the force, in kJ/mol/nm, may be from zero at the cutoff without switching.
ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF = 1e-3, 1e-2
#: How close to the cutoff they are looked at, relative to the cutoff: at the cutoff itself a condition like (r <
#: cutoff) hides them.
CLOSE_TO_CUTOFF = 1e-9
#: For NoCutoff a model is evaluated at distances up to this many cutoffs beyond the cutoff.
BEYOND = 20.0
#: By how much two energies of the same pair may differ, relative to 1 kJ/mol plus their size: with the particles
#: exchanged,
#: evaluated again (PyTorch rounds a sum by where in memory it lies), or from a written model and the module it was made
#: from.
SAME = 1e-6
#: How many pairs of particles are evaluated as a batch of their own, and how many single evaluations as a batch of one.
FEW = 6
#: In kJ/mol and kJ/mol/nm: GPUs accumulate forces in fixed point, up to 2e9.
LARGEST = 1e9
#: By how much a derivative with respect to a global parameter may differ from a difference of energies, relative to its
#: size plus
#: 1 kJ/mol over the width of the parameter's range, and the step of the difference, relative to that width.
DERIVATIVE, STEP = 1e-3, 1e-5


def compare_models(written, original):
    """Require a model that was scripted or traced to be the one it was made from.

    Compared are all pairs of types, or random features within their ranges and within (0.1, 1) where they have none, at
    the
    values of the global parameters that :func:`learnedpair.models.metadata.parameters.settings` lists.

    Raises
    ------
    ModelError
        If they differ, as they do when tracing has fixed a choice that depends on the types.
    """
    pairs = pairs_of_types(original) if original.features is None else pairs_of_ranges(original)
    if original.features is not None:  # features without a range may also be negative: half of the samples are
        free = [limits is None for limits in original.feature_ranges.values()]
        pairs = [np.concatenate([rows, np.where(free, -rows, rows)]) for rows in pairs]
    tried = settings(original.parameters)
    for values in tried:
        samples = Samples(original, *pairs, share=len(tried))
        expected, found = (model.evaluate(*samples.arguments, **values)[0] for model in (original, written))
        with np.errstate(invalid="ignore"):
            difference = _difference(found, expected)
        difference[(found == expected) | (np.isnan(found) & np.isnan(expected))] = (
            0  # both may be outside of what they are made for
        )
        k = int(np.argmax(difference))
        if not difference[k] <= SAME:
            raise ModelError(
                f"{written.source}: the written model is not the module: for {samples.name(k, values)} it gives"
                f" {found[k]:.8g} kJ/mol, and the module {expected[k]:.8g}. If it was traced, look for Python code that"
                " depends on the types or other numbers it is given; script it instead."
            )


def check_model(model):
    """Check a model over its domain, for all pairs of types, or for random features within their ranges, at the values
    of its
    global parameters that :func:`learnedpair.models.metadata.parameters.settings` lists.

    Checked are, in this order: finite values and slopes of a possible size, energies without jumps whose derivatives
    the slopes
    are, exchange symmetry, value and slope on the way to the cutoff, derivatives with respect to global parameters, and
    whether
    the model is anything but zero.

    If a feature has no range, nothing is known of the numbers to expect. Then it is only tried whether the model takes
    arguments of these shapes; check_rows() does the rest when the features are known.

    Raises
    ------
    ModelError
        With a line for everything that is wrong, and what to do about it.
    """
    if model.features is None:
        _check(model, *pairs_of_types(model))
        _warn_of_unused_parameters(model, *pairs_of_types(model))
        if not is_within_budget(len(model.types)):
            _require_symmetry(model, *pairs_of_types(model, points=1))
    elif None not in model.feature_ranges.values():
        _check(model, *pairs_of_ranges(model))
        _warn_of_unused_parameters(model, *pairs_of_ranges(model))
    else:
        zeros = np.zeros((FEWEST_POINTS, len(model.features)))
        model.evaluate(np.linspace(model.inner_cutoff, model.last_distance, FEWEST_POINTS), zeros, zeros)


def check_rows(model, rows):
    """Check a model as check_model() does, for the features that are really in use.

    If there are more pairs of distinct rows than can be evaluated in about a second, some are chosen at random, each
    row
    in at least one if possible.

    Parameters
    ----------
    model : PairModel
        With features.
    rows : ndarray, shape (n, n_features)
        Of all covered particles; equal ones are checked once.

    Raises
    ------
    ModelError
    """
    if len(rows) > 0:
        _check(model, *pairs_of_rows(rows))
        if not is_within_budget(len(rows)):
            _require_symmetry(model, *pairs_of_rows(rows, points=1))


def check_types(model, types):
    """Check a model as check_model() does, for the types that a force uses.

    Only needed if the model has so many types that check_model() evaluated a part of their pairs; otherwise it does
    nothing.

    Parameters
    ----------
    model : PairModel
        With types.
    types : ndarray of int
        Distinct ones.

    Raises
    ------
    ModelError
    """
    if len(types) > 0 and not is_within_budget(len(model.types)):
        _check(model, *pairs_of_types(model, types))


def require_zero_beyond_cutoff(model, particles):
    """Require that a model is zero beyond its cutoff, where NoCutoff evaluates it.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        Distinct ones.

    Raises
    ------
    LoweringError
    """
    if len(particles) == 0:
        return
    first, second = pairs_of_types(model, particles) if model.features is None else pairs_of_rows(particles)
    random = np.random.default_rng(0)
    for values in settings(model.parameters):
        r = model.cutoff * (1 + BEYOND * random.random(len(first)) ** 3)
        energy, slope = model.evaluate(r, first, second, **values)
        wrong = ~((np.abs(energy) <= ENERGY_AT_CUTOFF) & (np.abs(slope) <= FORCE_AT_CUTOFF))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise LoweringError(
                f"{model.source}: NoCutoff evaluates the model at all distances, and beyond its cutoff of"
                f" {model.cutoff:g} nm it is not zero: for {name_pair(model, first[k], second[k])} at {r[k]:.4g}"
                f" nm{describe(values)} the energy is {energy[k]:.4g} kJ/mol and its slope {slope[k]:.4g} kJ/mol/nm;"
                " use CutoffNonPeriodic, or let the model end at its cutoff, as by torch.clamp(1 - r / cutoff, min=0)."
            )


def _difference(found, expected):
    return np.abs(found - expected) / (1 + np.abs(expected))


def _require_symmetry(model, first, second):
    """Check exchange symmetry only, at one random distance for each pair: cheap enough for many pairs."""
    r = model.inner_cutoff + (model.last_distance - model.inner_cutoff) * np.random.default_rng(0).random(len(first))
    for values in settings(model.parameters)[:2]:  # at the defaults the model may be zero, as with lambda = 0
        energy, exchanged = model.evaluate(r, first, second, **values)[0], model.evaluate(r, second, first, **values)[0]
        difference = _difference(exchanged, energy)
        k = int(np.argmax(difference))
        if difference[k] > SAME:
            where = f"{name_pair(model, first[k], second[k])} at {r[k]:.4g} nm{describe(values)}"
            raise ModelError(f"{model.source}: {_asymmetric(where, energy[k], exchanged[k])}")


def _asymmetric(where, energy, exchanged):
    return (
        f"the model is asymmetric: for {where} the energy is {energy:.8g} kJ/mol, and {exchanged:.8g} with the"
        " particles exchanged. Make it symmetric, e.g. by averaging both orders."
    )


def _check(model, first, second):
    """Collect what is wrong, each kind of problem once: at the first values of the global parameters where it is
    seen.
    """
    problems, largest = {}, 0.0
    tried = settings(model.parameters)
    for number, values in enumerate(tried):
        samples = Samples(model, first, second, share=1 if number == 0 else len(tried))
        energy, slope = model.evaluate(*samples.arguments, **values)
        _require_finite(model, samples, energy, slope, values)
        if number == 0:
            _require_the_same_again(model, samples, energy, values)
        for kind, check in _CHECKS.items():
            if kind not in problems:
                problem = check(model, samples, energy, slope, values)
                if problem:
                    problems[kind] = problem + _about_assumed_ranges(model, values)
        largest = max(largest, np.abs(energy).max(), np.abs(slope).max())
    problems.update(_problems_of_derivatives(model, first, second, tried))
    if largest == 0 and not problems:
        problems["zero"] = (
            f"the model is zero for every pair, at every distance from {model.inner_cutoff:g} to {model.cutoff:g} nm,"
            " and for every value of the global parameters that was tried. Load its trained weights first; look for a"
            f" cutoff in another unit than length_unit, {model.metadata.length_unit!r}, and for factors that are zero;"
            " a range of a global parameter must go beyond the value that switches the model off."
        )
    if problems:
        raise ModelError(f"{model.source}: " + "\n".join(problems.values()))


def _about_assumed_ranges(model, values):
    """That ranges of global parameters were assumed, if another one than the default made a problem."""
    moved = [
        name
        for name, value in values.items()
        if value != model.parameters[name].default and model.parameters[name].assumed
    ]
    if not moved:
        return ""
    given = ", ".join(f"{name!r}: ({model.parameters[name].default:g}, low, high)" for name in moved)
    ranges = ", ".join(
        f"{name} from {model.parameters[name].low:g} to {model.parameters[name].high:g}" for name in moved
    )
    return (
        f" No range was given, so that {ranges} was assumed; if the model is not made for that, say"
        f" global_parameters={{{given}}}."
    )


def _require_finite(model, samples, energy, slope, values):
    infinite = ~(np.isfinite(energy) & np.isfinite(slope))
    if not infinite.any():
        return
    k = int(np.argmax(infinite))
    problem = (
        f"the model is not finite: for {samples.name(k, values)} the energy is {energy[k]:g} and its slope"
        f" {slope[k]:g}."
    )
    reason = _reason_for_infinity(model, samples, infinite, k, energy, values)
    raise ModelError(f"{model.source}: {problem}{reason}{_about_assumed_ranges(model, values)}")


def _reason_for_infinity(model, samples, infinite, k, energy, values):
    """Why a model is not finite, and what to do: sentences that begin with a blank."""
    weights = model.find_infinite_weights()
    if weights:
        return (
            f" The parameter {weights[0]!r} of the model holds NaN or infinite numbers: train it again, or go back to a"
            " checkpoint from before."
        )
    if np.isfinite(energy[k]):
        arguments = [argument[k : k + 1] for argument in samples.arguments]
        return model.find_infinite_slope(*arguments, **values)
    way_out = "" if model.features is None else " Or narrow the ranges of the features."
    return f"{_longer_inner_cutoff(model, samples, infinite)}{way_out}"


def _longer_inner_cutoff(model, samples, wrong):
    """The distance from which on all pairs are right, as a sentence that begins with a blank."""
    right = ~wrong.reshape(samples.pairs, samples.points).any(axis=0)
    from_here = np.logical_and.accumulate(right[::-1])[::-1]
    if not from_here[len(from_here) // 2]:
        return (
            " Look at length_unit and energy_unit, and for roots, logarithms, divisions and exponentials over the whole"
            " domain."
        )
    r = samples.distances[: samples.points][np.argmax(from_here)] / model.length_factor
    unit = model.metadata.length_unit
    return (
        f" The inner cutoff is {model.metadata.inner_cutoff:g} {unit}, and from {r:.3g} {unit} on all that was sampled"
        " is right: raise inner_cutoff to that, or to the shortest distance that the model was trained on. Below the"
        " inner cutoff the energy goes on as a straight line."
    )


def _require_the_same_again(model, samples, energy, values):
    again, _ = model.evaluate(*samples.arguments, **values)
    different = ~(_difference(again, energy) <= SAME)  # NaN is
    if different.any():
        k = int(np.argmax(different))
        raise ModelError(
            f"{model.source}: the model is random: for {samples.name(k, values)} the energy is {energy[k]:.8g} kJ/mol,"
            f" and {again[k]:.8g} the next time. Look for dropout, which eval() switches off before a module is"
            " exported, and for random numbers."
        )


def _problem_of_size(model, samples, energy, slope, values):
    large = (np.abs(energy) > LARGEST) | (np.abs(slope) > LARGEST)
    if not large.any():
        return ""
    k = int(np.argmax(large))
    return (
        f"the model is too large: for {samples.name(k, values)} the energy is {energy[k]:.3g} kJ/mol and its slope"
        f" {slope[k]:.3g} kJ/mol/nm, of which platforms hold at most"
        f" {LARGEST:g}.{_longer_inner_cutoff(model, samples, large)}"
    )


def _problem_of_continuity(model, samples, energy, slope, values):
    """Jumps, or slopes that are no derivatives, of which jumps are the cause where there are any."""
    energies, slopes = energy.reshape(samples.pairs, samples.points), slope.reshape(samples.pairs, samples.points)
    detached = (np.ptp(energies, axis=1) > 0) & (slopes == 0).all(axis=1)
    if detached.any():
        k = int(np.argmax(detached)) * samples.points
        return (
            f"the model has no slope: for {samples.name(k, values)} and beyond the energy changes with the distance,"
            " but automatic differentiation gives zero. Look for detach() or no_grad()."
        )
    return problem_of_energies(model, samples, energy, slope, values) or problem_of_slopes(model, samples, values)


def _problem_of_coupled_pairs(model, samples, energy, slope, values):
    count = len(energy)
    some = [np.arange(2 * count // 5)]  # the end of this batch lies within the distances of one pair
    some += [
        np.arange(pair * samples.points, (pair + 1) * samples.points)
        for pair in np.unique(np.linspace(0, samples.pairs - 1, FEW).astype(int))
    ]
    some += [np.array([k]) for k in np.unique(np.linspace(0, count - 1, FEW).astype(int))]
    for chosen in some:
        alone, _ = model.evaluate(*(argument[chosen] for argument in samples.arguments), **values)
        different = ~(_difference(alone, energy[chosen]) <= SAME)
        if different.any():
            k = int(np.argmax(different))
            return (
                "the energy of a pair depends on which others are evaluated with it: for"
                f" {samples.name(chosen[k], values)} it is {energy[chosen[k]]:.8g} kJ/mol among {count} pairs, and"
                f" {alone[k]:.8g} among {len(alone)}. Look for means, sums, extremes, any() and len() over the first"
                " axis."
            )
    return ""


def _problem_of_symmetry(model, samples, energy, slope, values):
    exchanged, _ = model.evaluate(samples.distances, samples.particle2, samples.particle1, **values)
    difference = _difference(exchanged, energy)
    if difference.max() <= SAME:
        return ""
    k = int(np.argmax(difference))
    return _asymmetric(samples.name(k, values), energy[k], exchanged[k])


def _problem_at_cutoff(model, samples, energy, slope, values):
    if model.switching_distance is not None or model.truncated:
        return ""
    first = slice(0, None, samples.points)
    r = np.repeat([[model.cutoff * (1 - CLOSE_TO_CUTOFF), model.cutoff]], samples.pairs, axis=0)
    particles = [np.repeat(argument[first], 2, axis=0) for argument in samples.arguments[1:]]
    energy, slope = (array.reshape(r.shape) for array in model.evaluate(r.ravel(), *particles, **values))
    wrong = ((np.abs(energy) > ENERGY_AT_CUTOFF) | (np.abs(slope) > FORCE_AT_CUTOFF)).any(axis=1)
    if not wrong.any():
        return ""
    row = int(np.argmax(wrong))
    column = 0 if abs(energy[row, 0]) > ENERGY_AT_CUTOFF or abs(slope[row, 0]) > FORCE_AT_CUTOFF else 1
    return (
        f"the model does not vanish at the cutoff: for {samples.name((row + 1) * samples.points - 1, values)} the"
        f" energy is {energy[row, column]:.3g} kJ/mol (at most {ENERGY_AT_CUTOFF:g}) and its slope"
        f" {slope[row, column]:.3g} kJ/mol/nm (at most {FORCE_AT_CUTOFF:g}), as the distance approaches it from below."
        f" If the cutoff of {model.cutoff:g} nm is not that of the model, look at length_unit,"
        f" {model.metadata.length_unit!r}. Otherwise multiply the model by a smooth envelope, give a"
        " switching_distance, or say truncated=True if it is cut off there on purpose."
    )


_CHECKS = {
    "size": _problem_of_size,
    "continuity": _problem_of_continuity,
    "coupled pairs": _problem_of_coupled_pairs,
    "symmetry": _problem_of_symmetry,
    "cutoff": _problem_at_cutoff,
}


def _problems_of_derivatives(model, first, second, tried):
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
                    f" value.{_about_assumed_ranges(model, values)}"
                )
                continue
            problem = _problem_of_derivative(model, samples, name, derivative, values)
            if problem:
                problems[name] = problem
    return problems


def _warn_of_unused_parameters(model, first, second):
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
