# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Free energies and structure from insertions and simulations."""

import numpy as np
from averages import (
    acceptance_ratio,
    fermi,
    first_peak,
    perturbation,
    potential_from_ratio,
    potential_from_sums,
    simpson,
    with_error,
)
from force_field import KB
from insertion import SLIGHTLY_FURTHER
from many_body import induction, triple_dispersion
from solution import EDGES, NUM_WATERS, SCALES, TEMPERATURE, radial_distribution

KT = KB * TEMPERATURE
FIELD, CORRECTED = "OPLS-AA/TIP3P", "corrected"


def describe_insertions(insertions, losses):
    """Hydration free energies by Widom insertions, and how the weight is distributed over the insertions.

    Parameters
    ----------
    insertions : list of Insertions
    losses : (float, float)
        See tails().
    """
    volumes = np.array([each.volume for each in insertions])
    sums, corrected_sums, close = np.zeros((3, len(insertions)))
    for k, each in enumerate(insertions):
        energies = total_energies(each, losses)
        weights, corrected = (np.exp(-energies[name] / KT) / each.attempts for name in (FIELD, CORRECTED))
        sums[k], corrected_sums[k] = weights.sum(), corrected.sum()
        close[k] = corrected[each.closest < SLIGHTLY_FURTHER].sum()

    def potential(sums, volumes):
        return potential_from_sums(sums, volumes, TEMPERATURE)

    def change(sums, corrected_sums, volumes):
        return potential(corrected_sums, volumes) - potential(sums, volumes)

    weights = np.sort(volumes * sums)[::-1].cumsum()
    return {
        FIELD: with_error(potential, sums, volumes),
        CORRECTED: with_error(potential, corrected_sums, volumes),
        "change": with_error(change, sums, corrected_sums, volumes),
        "tail of Lennard-Jones": float(np.mean(losses[0] * NUM_WATERS / volumes)),
        "tail of correction": float(np.mean(losses[1] * NUM_WATERS / volumes)),
        "insertions": sum(each.attempts for each in insertions),
        "evaluated": sum(len(each.energy) for each in insertions),
        "snapshots": len(insertions),
        "snapshots with half of the weight": int(np.searchsorted(weights, weights[-1] / 2)) + 1,
        f"fraction of the weight with C-O below {SLIGHTLY_FURTHER} nm": float(close.sum() / corrected_sums.sum()),
        "waters per nm^3": with_error(np.mean, NUM_WATERS / volumes),
    }


def total_energies(found, losses):
    """The energies of methane with all waters without and with the correction, tails included.

    Parameters
    ----------
    found : Insertions or Samples
    losses : (float, float)
    """
    tail, tail_of_correction = (loss * NUM_WATERS / found.volume for loss in losses)
    field = found.energy + tail
    return {FIELD: field, CORRECTED: field + found.correction + tail_of_correction}


def combine(insertions, samples, losses):
    """Hydration free energies from insertions and simulations with methane together.

    Parameters
    ----------
    insertions : list of Insertions
    samples : dict of str to Samples
    losses : (float, float)
    """
    volumes, results = np.array([each.volume for each in insertions]), {}
    for name in (FIELD, CORRECTED):
        occupied = total_energies(samples[name], losses)[name]
        offset = float(np.mean(occupied))
        sums = [fermi((total_energies(each, losses)[name] - offset) / KT).sum() / each.attempts for each in insertions]

        def potential(sums, volumes, occupied, offset=offset):
            return potential_from_ratio(sums, volumes, occupied, offset, TEMPERATURE)

        results[name] = with_error(potential, np.array(sums), volumes, fermi((offset - occupied) / KT))
    return results


def describe_solutions(samples, losses):
    """The change of the free energy by the correction, from simulations with methane alone; the structure.

    Parameters
    ----------
    samples : dict of float to Samples
        For each of the three scales.
    losses : (float, float)
    """
    first, middle, last = (samples[scale] for scale in SCALES)
    tail = float(losses[1] * np.mean([np.mean(NUM_WATERS / each.volume) for each in (first, last)]))

    def ratio(forward, backward):
        return acceptance_ratio(forward, backward, TEMPERATURE) + tail

    def forward(differences):
        return perturbation(differences, TEMPERATURE) + tail

    def backward(differences):
        return -perturbation(-differences, TEMPERATURE) + tail

    def integral(*series):
        return simpson(*series) + tail

    def peak(counts, volumes):
        return first_peak((EDGES[1:] + EDGES[:-1]) / 2, radial_distribution(counts, volumes))

    return {
        "acceptance ratio": with_error(ratio, first.correction, last.correction),
        "perturbation from OPLS-AA/TIP3P": with_error(forward, first.correction),
        "perturbation from corrected": with_error(backward, last.correction),
        "thermodynamic integration": with_error(integral, *(samples[scale].correction for scale in SCALES)),
        "mean correction": {str(scale): with_error(np.mean, samples[scale].correction) for scale in SCALES},
        "largest difference of plugin and tables": float(
            max(np.abs(each.correction - each.tabulated).max() for each in samples.values())
        ),
        "peaks": {
            name: with_error(peak, each.counts, each.volume) for name, each in ((FIELD, first), (CORRECTED, last))
        },
    }


def describe_many_body(samples):
    """Estimates of the energies of several molecules, in first order, averaged over the corrected solution."""
    pairs, together = np.transpose([induction(each) for each in samples.waters])
    triples = np.array([triple_dispersion(each) for each in samples.waters])
    return {
        "induction, sum of pairs": with_error(np.mean, pairs),
        "induction, all waters together": with_error(np.mean, together),
        "induction of several waters": with_error(np.mean, together - pairs),
        "dispersion of triples": with_error(np.mean, triples),
    }
