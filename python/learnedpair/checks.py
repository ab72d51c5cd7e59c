# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether a model keeps the contract, before anything is built from it."""

import numpy as np

from .errors import ModelError

#: How far the energy, in kJ/mol, and the force, in kJ/mol/nm, may be from zero at the cutoff without switching.
ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF = 1e-3, 1e-2
#: By how much two energies of the same pair may differ, relative to 1 kJ/mol plus their size: with the particles exchanged,
#: evaluated again (PyTorch rounds a sum by where in memory it lies), or from a written model and the module it was made from.
SAME = 1e-6
#: In kJ/mol and kJ/mol/nm: GPUs accumulate forces in fixed point, up to 2e9.
LARGEST = 1e9
#: Evaluations spent on the checks; models with many types are sampled at fewer distances each.
BUDGET = 200000
#: The fewest and most distances for each pair of particles.
FEWEST_POINTS, MOST_POINTS = 16, 257
#: How many pairs of particles the ranges of features are sampled with.
RANDOM_PAIRS = 128
#: What stands in for the range of a feature that has none, where any numbers will do.
STAND_IN = (0.1, 1.0)
#: How far a feature may be outside of its range, relative to the range's width: ranges are often known in single precision only.
ROUNDING = 1e-6
#: Messages name this many features of a particle.
MOST_NAMED = 8


def random_rows(ranges, count, seed=0):
    """Rows of features within their ranges, or within (0.1, 1) where there is none.

    Parameters
    ----------
    ranges : dict of str to (low, high) or None
    count, seed : int

    Returns
    -------
    ndarray, shape (count, n_features)
    """
    low, high = np.array([limits or STAND_IN for limits in ranges.values()]).T
    return low + (high - low) * np.random.default_rng(seed).random((count, len(low)))


class _Samples:
    """The same distances over the domain for each of some pairs of particles.

    Parameters
    ----------
    model : PairModel
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
        The types or features of the particles of each pair.

    Attributes
    ----------
    pairs, points : int
        How many pairs there are, and how many distances for each.
    arguments : (distances, particle1, particle2)
        All pairs at all distances, the distances of one pair after another: the arguments of PairModel.evaluate().
    """

    def __init__(self, model, first, second):
        self.model = model
        self.pairs = len(first)
        self.points = int(np.clip(BUDGET // self.pairs, FEWEST_POINTS, MOST_POINTS))
        self.distances = np.tile(np.linspace(model.inner_cutoff, model.cutoff, self.points), self.pairs)
        self.particle1, self.particle2 = (np.repeat(particles, self.points, axis=0) for particles in (first, second))

    @classmethod
    def of_types(cls, model):
        """All pairs of types, or as many random ones as the budget allows, each type in at least one if possible."""
        return cls(model, *_pairs_within_budget(len(model.types)))

    @classmethod
    def of_ranges(cls, model):
        """The extremes of the ranges, and random pairs within them; the same in every process."""
        low, high = (np.array([(limits or STAND_IN)[end] for limits in model.feature_ranges.values()]) for end in (0, 1))
        rows = random_rows(model.feature_ranges, 2 * RANDOM_PAIRS)
        return cls(model, np.vstack([low, low, high, rows[::2]]), np.vstack([low, high, high, rows[1::2]]))

    @classmethod
    def of_rows(cls, model, rows):
        """All pairs of distinct rows, or as many random ones as the budget allows, each row in at least one if possible."""
        rows = np.unique(rows, axis=0)
        first, second = _pairs_within_budget(len(rows))
        return cls(model, rows[first], rows[second])

    @property
    def arguments(self):
        return self.distances, self.particle1, self.particle2

    def name(self, k):
        """What messages call a pair at a distance."""
        first, second = (_name_particle(self.model, particles[k]) for particles in (self.particle1, self.particle2))
        return f"{'types' if self.model.features is None else 'features'} {first} and {second} at {self.distances[k]:.4g} nm"


def _pairs_within_budget(count):
    """Pairs of indices below a count: all, or as many random ones as the budget allows, each index in at least one if possible."""
    most = BUDGET // FEWEST_POINTS
    if count * (count + 1) // 2 <= most:
        return np.triu_indices(count)
    random = np.random.default_rng(0)
    return np.resize(random.permutation(count), most), random.integers(0, count, most)


def _name_particle(model, particle):
    if model.features is None:
        return model.types[particle]
    named = [f"{name}={value:.4g}" for name, value in zip(model.features, particle, strict=True)]
    return f"({', '.join(named[:MOST_NAMED] + ['...'] * (len(named) > MOST_NAMED))})"


def _moved(global_parameters):
    """Values of global parameters that differ from their defaults, and are as probably allowed."""
    return {name: 0.9 * value if value != 0 else 0.1 for name, value in global_parameters.items()}


def compare_models(written, original):
    """Require a model that was scripted or traced to be the one it was made from.

    Compared are all pairs of types, or random features within their ranges and within (0.1, 1) where they have none; with the
    default values of the global parameters, and with others.

    Raises
    ------
    ModelError
        If they differ, as they do when tracing has fixed a choice that depends on the types.
    """
    samples = _Samples.of_types(original) if original.features is None else _Samples.of_ranges(original)
    moved = _moved(original.global_parameters)
    for values in [{}, moved, *({name: factor * value for name, value in moved.items()} for factor in (0.0, 0.5, 2.0, -1.0))] if moved else [{}]:
        expected, found = (model.evaluate(*samples.arguments, **values)[0] for model in (original, written))
        with np.errstate(invalid="ignore"):
            difference = _difference(found, expected)
        difference[(found == expected) | (np.isnan(found) & np.isnan(expected))] = 0  # both may be outside of what they are made for
        k = int(np.argmax(difference))
        if not difference[k] <= SAME:
            where = samples.name(k) + "".join(f", {name}={value:g}" for name, value in values.items())
            raise ModelError(f"{written.source}: the written model is not the module: for {where} it gives {found[k]:.8g} kJ/mol, and the module {expected[k]:.8g}. "
                             "If it was traced, look for Python code that depends on the types or other numbers it is given; script it instead.")


def check_model(model):
    """Check a model over its domain, for all pairs of types, or for random features within their ranges.

    Checked are, in this order: finite values and slopes of a possible size, exchange symmetry, value
    and slope at the cutoff, derivatives with respect to global parameters. Global parameters have their default values.

    If a feature has no range, nothing is known of the numbers to expect. Then it is only tried whether the model takes
    arguments of these shapes; check_rows() does the rest when the features are known.

    Raises
    ------
    ModelError
        With a line for everything that is wrong, and what to do about it.
    """
    if model.features is None:
        _check(model, _Samples.of_types(model))
    elif None not in model.feature_ranges.values():
        _check(model, _Samples.of_ranges(model))
    else:
        zeros = np.zeros((FEWEST_POINTS, len(model.features)))
        model.evaluate(np.linspace(model.inner_cutoff, model.cutoff, FEWEST_POINTS), zeros, zeros)


def check_rows(model, rows):
    """Check a model as check_model() does, for the features that are really in use.

    If there are more pairs of distinct rows than can be evaluated in about a second, some are chosen at random, each row
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
        _check(model, _Samples.of_rows(model, rows))


def check_ranges(source, ranges, rows, particles, way_out):
    """Require features to be finite, and within their ranges if they have any.

    Parameters
    ----------
    source : str
        The name of the model.
    ranges : dict of str to (low, high) or None
    rows : ndarray, shape (n, n_features)
    particles : sequence of int, length n
        The particles they belong to, for messages.
    way_out : str
        How to have other ranges, the end of a sentence.

    Raises
    ------
    ValueError
        Naming the first particle that is outside.
    """
    for column, (name, limits) in enumerate(ranges.items()):
        values = rows[:, column]
        low, high = limits or (-np.inf, np.inf)
        slack = ROUNDING * (high - low) if limits else 0.0
        outside = ~(np.isfinite(values) & (values >= low - slack) & (values <= high + slack))
        if outside.any():
            k = int(np.argmax(outside))
            if not np.isfinite(values[k]):
                raise ValueError(f"{source}: the feature {name!r} of particle {particles[k]} is {values[k]}; expected a finite number, or None instead of the features of a particle that is not covered.")
            others = f" {outside.sum() - 1} more are outside of it." if outside.sum() > 1 else ""
            raise ValueError(f"{source}: the feature {name!r} of particle {particles[k]} is {values[k]:g}; expected {low:g} to {high:g}, the range that the model was made for.{others} "
                             f"Give None for particles that the model does not cover, or {way_out}.")


def _difference(found, expected):
    return np.abs(found - expected) / (1 + np.abs(expected))


def _check(model, samples):
    points = samples.points
    energy, slope = model.evaluate(*samples.arguments)
    problems = []

    infinite = ~(np.isfinite(energy) & np.isfinite(slope))
    if infinite.any():
        k = int(np.argmax(infinite))
        way_out = "" if model.features is None else ", or narrow the ranges of the features"
        problems.append(f"the model is not finite: for {samples.name(k)} the energy is {energy[k]:g} and its slope {slope[k]:g}. Look for NaN weights, or raise the inner cutoff{way_out}.")
        raise ModelError(f"{model.source}: {problems[0]}")

    large = (np.abs(energy) > LARGEST) | (np.abs(slope) > LARGEST)
    if large.any():
        k = int(np.argmax(large))
        problems.append(f"the model is too large: for {samples.name(k)} the energy is {energy[k]:.3g} kJ/mol and its slope {slope[k]:.3g} kJ/mol/nm, of which platforms hold at most {LARGEST:g}. Raise the inner cutoff.")
    values, slopes = energy.reshape(samples.pairs, points), slope.reshape(samples.pairs, points)
    detached = (np.ptp(values, axis=1) > 0) & (slopes == 0).all(axis=1)
    if detached.any():
        k = int(np.argmax(detached)) * points
        problems.append(f"the model has no slope: for {samples.name(k)} and beyond the energy changes with the distance, but automatic differentiation gives zero. Look for detach() or no_grad().")

    again, _ = model.evaluate(*samples.arguments)
    different = ~(_difference(again, energy) <= SAME)  # NaN is
    if different.any():
        k = int(np.argmax(different))
        raise ModelError(f"{model.source}: the model is random: for {samples.name(k)} the energy is {energy[k]:.8g} kJ/mol, and {again[k]:.8g} the next time. Look for dropout, which eval() switches off before a module is exported, and for random numbers.")
    some = slice(0, 2 * len(energy) // 5)  # not those of one pair of particles, whose distances are the same as of the others
    alone, _ = model.evaluate(*(values[some] for values in samples.arguments))
    different = ~(_difference(alone, energy[some]) <= SAME)
    if different.any():
        k = int(np.argmax(different))
        problems.append(f"the energy of a pair depends on which others are evaluated with it: for {samples.name(k)} it is {energy[k]:.8g} kJ/mol among {len(energy)} pairs, and {alone[k]:.8g} among {len(alone)}. Look for means, sums and extremes over the first axis.")
    exchanged, _ = model.evaluate(samples.distances, samples.particle2, samples.particle1)
    difference = _difference(exchanged, energy)
    if not difference.max() <= SAME:
        k = int(np.argmax(difference))
        problems.append(f"the model is asymmetric: for {samples.name(k)} the energy is {energy[k]:.8g} kJ/mol, and {exchanged[k]:.8g} with the particles exchanged. Make it symmetric, e.g. by averaging both orders.")

    if model.switching_distance is None:
        last = np.arange(points - 1, len(energy), points)
        wrong = last[(np.abs(energy[last]) > ENERGY_AT_CUTOFF) | (np.abs(slope[last]) > FORCE_AT_CUTOFF)]
        if len(wrong):
            k = int(wrong[0])
            problems.append(f"the model does not vanish at the cutoff: for {samples.name(k)} the energy is {energy[k]:.3g} kJ/mol (at most {ENERGY_AT_CUTOFF:g}) and its slope {slope[k]:.3g} kJ/mol/nm (at most {FORCE_AT_CUTOFF:g}). Multiply it by a smooth envelope, or give a switching_distance.")
    problems += _problems_of_derivatives(model, samples, energy)
    if problems:
        raise ModelError(f"{model.source}: " + "\n".join(problems))


def _problems_of_derivatives(model, samples, energy):
    """What is wrong with the derivatives with respect to global parameters, at their default values."""
    if not model.global_parameters:
        return []
    problems = []
    for name, (derivative, mixed) in model.evaluate_derivatives(*samples.arguments).items():
        infinite = ~(np.isfinite(derivative) & np.isfinite(mixed))
        if infinite.any():
            k = int(np.argmax(infinite))
            problems.append(f"the derivative with respect to the global parameter {name!r} is not finite at its default, {model.global_parameters[name]:g}: for {samples.name(k)} that of the energy is {derivative[k]:g}, and that of its slope {mixed[k]:g}. "
                            "Look for roots and powers of zero, or choose another default.")
        elif not derivative.any() and _changes_without_derivative(model, samples, energy, name):
            problems.append(f"the model has no derivative with respect to the global parameter {name!r}: the energy changes with it, but automatic differentiation gives zero. Look for detach(), item(), no_grad(), or functions that can be differentiated only once.")
    return problems


def _changes_without_derivative(model, samples, energy, name):
    """Whether the energy depends on a global parameter that automatic differentiation does not see; a derivative may also just be zero."""
    moved = {name: _moved(model.global_parameters)[name]}
    changed = (_difference(model.evaluate(*samples.arguments, **moved)[0], energy) > SAME).any()
    return changed and not model.evaluate_derivatives(*samples.arguments, [name], **moved)[name][0].any()
