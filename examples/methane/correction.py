# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits the correction of methane in water to dimers, and evaluates it."""

from pathlib import Path

import learnedpair as lp
import numpy as np
from force_field import CUTOFF, make_system, pair_parameters
from learnedpair.force.switching import switching

TYPES = {"C": "CH4:C", "H": ["CH4:H1", "CH4:H2", "CH4:H3", "CH4:H4"], "OW": "HOH:O", "HW": ["HOH:H1", "HOH:H2"]}
OF_METHANE, OF_WATER = ("C", "H", "H", "H", "H"), ("OW", "HW", "HW")
FRAGMENTS = [0] * 5 + [1] * 3
SWITCHING = 0.9 * CUTOFF
#: The errors that are expected of the reference: kJ/mol and a fraction; kJ/mol/nm and a fraction.
ENERGY_ERROR, FORCE_ERROR = (0.1, 0.02), (0.5, 0.02)
HELD_OUT = 0.2  # of the snapshots at each temperature: the last ones
DIMERS = Path(__file__).resolve().parent / "dimers.npz"


def read_dimers():
    """The sampled dimers minus OPLS-AA and TIP3P: those that are fitted, and those that are held out.

    No held-out dimer has a near copy among the others, since whole blocks of each trajectory are held out.
    """
    with np.load(DIMERS) as file:
        arrays = dict(file)
    configurations = [
        lp.fit.Configuration(
            f"dimer {index}",
            OF_METHANE + OF_WATER,
            positions.astype(float),
            energy=float(arrays["energies"][index]),
            forces=arrays["forces"][index].astype(float),
            fragments=FRAGMENTS,
            rigid=True,
        )
        for index, positions in enumerate(arrays["positions"])
    ]
    data = lp.fit.ReferenceData(configurations, DIMERS.name, str(arrays["method"]))
    data = lp.fit.subtract_baseline(data, make_system(1))
    held_out = np.zeros(len(data), bool)
    for kelvin in np.unique(arrays["temperature"]):
        snapshots = np.unique(arrays["snapshot"][arrays["temperature"] == kelvin])
        held_out |= np.isin(arrays["snapshot"], snapshots[round((1 - HELD_OUT) * len(snapshots)) :])
    chosen = {id(each) for each, is_held_out in zip(data, held_out) if is_held_out}
    return data.select(lambda each: id(each) not in chosen), data.select(lambda each: id(each) in chosen)


def fit_correction(fitted, held_out):
    """Fit the pair functions of the four pairs of types."""
    fit = lp.fit.fit_splines(
        fitted,
        cutoff=CUTOFF,
        switching_distance=SWITCHING,
        types=TYPES,
        energy_error=ENERGY_ERROR,
        force_error=FORCE_ERROR,
        description=f"a correction of OPLS-AA methane in TIP3P water to {fitted.method}",
    )
    return fit.with_held_out(held_out)


def describe_held_out(fit):
    """Root mean square errors for held-out dimers without and with the correction, by the sign of the reference energy.

    Returns
    -------
    dict of str to dict
        The number of dimers; errors of energies in kJ/mol, of the net force on methane in kJ/mol/nm (a component), and
        of the torques in kJ/mol (a component).
    """
    results = {}
    for name, is_chosen in (("attractive", lambda energy: energy < 0), ("repulsive", lambda energy: energy >= 0)):
        chosen = [each for each in fit.held_out if is_chosen(each.configuration.energy)]
        differences = {
            "OPLS-AA/TIP3P": [
                (-each.configuration.energy_difference, -each.configuration.force_difference) for each in chosen
            ],
            "corrected": [(each.energy, each.forces) for each in chosen],
        }
        results[name] = {"dimers": len(chosen)}
        for label, pairs in differences.items():
            rigid = [_rigid_forces(each.configuration.positions, forces) for each, (_, forces) in zip(chosen, pairs)]
            net, torques = (np.array(part) for part in zip(*rigid))
            results[name][label] = {
                "energy": _rms([energy for energy, _ in pairs]),
                "net force": _rms(net),
                "torque": _rms(torques),
            }
    return results


def _rigid_forces(positions, forces):
    """The net force on methane (3), and the torques on both molecules about their mean positions (2, 3)."""
    molecules = [slice(0, 5), slice(5, 8)]
    arms = [positions[each] - positions[each].mean(axis=0) for each in molecules]
    torques = [np.cross(arm, forces[each]).sum(axis=0) for arm, each in zip(arms, molecules)]
    return forces[:5].sum(axis=0), torques


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def make_tables(model, spacing=1e-4):
    """Tabulate the functions of the force, switched off at the cutoff, for the Widom insertions.

    Returns
    -------
    dict of (str, str) to ndarray, kJ/mol
        For each pair of a type of methane and one of water: the values at multiples of the spacing up to the cutoff.
    """
    r = spacing * np.arange(round(CUTOFF / spacing) + 1)
    r[0] = spacing  # the function is a straight line there
    s = switching(r, SWITCHING, CUTOFF)[0]
    return {(a, b): s * evaluate(model, a, b, r) for a in ("C", "H") for b in ("OW", "HW")}


def evaluate(model, first, second, r):
    """The function of a pair of types without a cutoff, in kJ/mol; below the inner cutoff, a straight line."""
    types = [np.full(len(r), model.types.index(name)) for name in (first, second)]
    inner = np.maximum(r, model.inner_cutoff)
    energies, slopes = model.evaluate(inner, *types)
    return energies + (r - inner) * slopes


def evaluate_dimers(model, positions):
    """The energies of the correction without a cutoff for dimers [M, 8, 3] in nm, in kJ/mol."""
    total = np.zeros(len(positions))
    for i, first in enumerate(OF_METHANE):
        for j, second in enumerate(OF_WATER):
            total += evaluate(model, first, second, np.linalg.norm(positions[:, i] - positions[:, 5 + j], axis=1))
    return total


def tails(model):
    """What one methane loses beyond the cutoff if waters are uniform there, times the volume per water: kJ/mol nm^3.

    Returns
    -------
    (float, float)
        Of Lennard-Jones, and of the correction, whose switching function begins before the cutoff.
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)

    def integral(function, low):  # over 1/r, in which the integrand is smooth up to infinity
        u = (1 + nodes) / (2 * low)
        return 4 * np.pi * weights @ (function(1 / u) / u**4) / (2 * low)

    sigmas, epsilons = pair_parameters()
    lennard_jones = sum(
        integral(lambda r, s=s, e=e: 4 * e * ((s / r) ** 12 - (s / r) ** 6), CUTOFF) for s, e in zip(sigmas, epsilons)
    )

    def lost(r):
        s = np.where(r < CUTOFF, switching(r, SWITCHING, CUTOFF)[0], 0.0)
        return (1 - s) * sum(evaluate(model, first, second, r) for first in OF_METHANE for second in OF_WATER)

    return float(lennard_jones), float(integral(lost, SWITCHING))
