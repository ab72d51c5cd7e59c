# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of a correction on the Reference platform with its PyTorch model in float64. Needs PyTorch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import Pairs, find_pairs
from ..lowering.pair_model import PairModel
from ..models.pytorch.state import in_default_torch_state
from ..nn.energy import PairEnergy
from .pairs import Allowance, allowance_of_tables, pair_functions, particles_of
from .results import Result, rms
from .subject import Subject, evaluate_alone
from .targets import REFERENCE

#: The error of a program, relative to the size of energy and forces.
PROGRAM = 1e-9
#: What rounding alone may cause, in kJ/mol and kJ/mol/nm.
FLOOR = 1e-9
#: The largest number of pairs that are evaluated together.
BATCH = 200_000


def match_particles(subject: Subject, correction: LearnedPairForce, model: PairModel) -> NDArray[np.generic]:
    """Get the particles of a correction as the model numbers them: indices of its types, or its features.

    Raises
    ------
    ValueError
        If the correction was made from a model with other types or features.
    """
    particles, report = particles_of(correction), correction.lowering_report
    name = subject.refer_to(correction)
    if model.types is None:
        if correction.getNumFeatures() != len(model.features or ()) or report.get("features", model.features) != (
            model.features
        ):
            raise ValueError(
                f"{name} takes {_described(correction)}, and {model.source} the features"
                f" {', '.join(model.features or ())}; give the model that the correction was made from."
            )
        return particles
    names = report.get("types", model.types)
    if correction.getNumFeatures() or not set(names) <= set(model.types):
        raise ValueError(
            f"{name} takes {_described(correction)}, and {model.source} the types {', '.join(model.types)}; give the"
            " model that the correction was made from."
        )
    index = np.array([*(model.types.index(each) for each in names), -1])
    if correction.getParticleTypes().max() >= len(names):
        raise ValueError(
            f"{name} has a particle of type {correction.getParticleTypes().max()}, and {model.source} has"
            f" {len(names)} types; give the model that the correction was made from."
        )
    return index[particles.astype(np.int64)]


def _described(correction: LearnedPairForce) -> str:
    report = correction.lowering_report
    if correction.getNumFeatures():
        return f"the features {', '.join(report.get('features', [str(correction.getNumFeatures())]))}"
    return f"the types {', '.join(report.get('types', [str(correction.getFunction().num_types)]))}"


@in_default_torch_state
def check_model(
    subject: Subject, correction: LearnedPairForce, model: PairModel, name: str, progress: Callable[[str], None]
) -> list[Result]:
    """Compare energy, forces and the function of each pair with the PyTorch model in float64.

    Parameters
    ----------
    subject : Subject
    correction : LearnedPairForce
    model : PairModel
    name : str
        The name of the correction in the results.
    progress : callable
        Called with a line of text before each step.
    """
    particles = match_particles(subject, correction, model)
    progress(f"{name}: all pairs in PyTorch, float64")
    pairs = find_pairs(correction, subject.positions, subject.box)
    values = subject.global_values(correction)
    unknown = values.keys() - model.global_parameters.keys()
    if unknown:
        raise ValueError(
            f"{subject.refer_to(correction)} has the global parameter {sorted(unknown)[0]!r}, and {model.source} does"
            " not; give the model that the correction was made from."
        )
    energies, slopes = _evaluate(PairEnergy(model), particles, pairs, values)
    scale, count = subject.scale(correction), correction.getNumParticles()
    forces = scale * pairs.forces(slopes, count)
    actual, actual_forces = evaluate_alone(subject, correction)
    tolerance, allowance = correction.lowering_report.get("tolerance"), Allowance()
    if tolerance is not None:
        _, dEdR = pair_functions(correction, pairs, values)
        allowance = allowance_of_tables(correction, pairs, dEdR, tolerance, scale)
    size, error = rms(forces), actual_forces - forces
    energy_error = abs(actual - scale * energies.sum())
    energy_limit = PROGRAM * abs(scale) * float(np.abs(energies).sum()) + FLOOR + allowance.energy
    where, relative = f"{REFERENCE} - PyTorch", "of the RMS force"
    note = "the limit includes the error that the tolerance of the table allows" if allowance.rms else ""
    return [
        _compare_distances(correction, model, name, where),
        Result(name, where, "energy error", energy_error, energy_limit, "kJ/mol", note),
        Result(
            name,
            where,
            "force error, RMS",
            rms(error) / size,
            PROGRAM + (FLOOR + allowance.rms) / size,
            relative,
            note,
        ),
        Result(
            name,
            where,
            "force error, largest",
            float(np.abs(error).max()) / size,
            10 * PROGRAM + (FLOOR + allowance.largest) / size,
            relative,
            note,
        ),
        _compare_pairs(correction, model, particles, pairs, values, name, where),
    ]


def _evaluate(
    energy: PairEnergy, particles: NDArray[np.generic], pairs: Pairs, values: dict[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evaluate S(r) f(r) of pairs, times their factors, and its derivative with respect to r, in PyTorch."""
    energies, slopes = np.zeros(len(pairs.r)), np.zeros(len(pairs.r))
    for start in range(0, len(pairs.r), BATCH):
        batch = slice(start, start + BATCH)
        r = torch.tensor(pairs.r[batch], dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            result = energy.pair_energy(
                r, torch.as_tensor(particles[pairs.i[batch]]), torch.as_tensor(particles[pairs.j[batch]]), **values
            )
            (slope,) = torch.autograd.grad(result.sum(), r)
        energies[batch], slopes[batch] = result.detach().numpy(), slope.numpy()
    return pairs.factors * energies, pairs.factors * slopes


def _compare_distances(correction: LearnedPairForce, model: PairModel, name: str, where: str) -> Result:
    """Compare the inner cutoff, the cutoff and the switching distance of a correction with those of the model."""
    difference = abs(correction.getInnerCutoffDistance()._value - model.inner_cutoff)
    if correction.getNonbondedMethod() != correction.NoCutoff:
        difference = max(difference, abs(correction.getCutoffDistance()._value - model.cutoff))
    note = ""
    if correction.getUseSwitchingFunction() != (model.switching_distance is not None):
        difference, note = float("inf"), "one of correction and model is switched off before the cutoff, and one is not"
    elif model.switching_distance is not None:
        difference = max(difference, abs(correction.getSwitchingDistance()._value - model.switching_distance))
    return Result(name, where, "difference of distances", difference, 1e-9, "nm", note)


def _compare_pairs(
    correction: LearnedPairForce,
    model: PairModel,
    particles: NDArray[np.generic],
    pairs: Pairs,
    values: dict[str, float],
    name: str,
    where: str,
) -> Result:
    """Compare dE/dr of the function with that of the model for each pair in range. The limit is the tolerance of a
    table, in its own measure, or the error of a program relative to the largest force of a pair.
    """
    _, actual = pair_functions(correction, pairs, values)
    r = np.maximum(pairs.r, correction.getInnerCutoffDistance()._value)
    _, expected = model.evaluate(r, particles[pairs.i], particles[pairs.j], **values)
    error = np.abs(actual - expected)
    tolerance = correction.lowering_report.get("tolerance")
    if tolerance is None:
        largest = float(np.abs(expected).max())
        return Result(name, where, "pair force error", float(error.max()) / largest, PROGRAM, "of the largest")
    return Result(
        name, where, "pair force error", float((error / (np.abs(expected) + 1)).max()), tolerance, "of |F| + 1"
    )
