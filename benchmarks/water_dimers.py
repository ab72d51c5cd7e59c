# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reference forces of water dimers, corrections of TIP3P that are fitted to them, and errors of forces."""

import sys
from dataclasses import dataclass
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import torch
from networks import TYPED

WATER = Path(__file__).resolve().parents[1] / "examples" / "water"
sys.path.insert(0, str(WATER))  # dimers.py is there

import dimers  # noqa: E402
from dimers import TYPES  # noqa: E402

DIMERS = WATER / "dimers.npz"
#: The edges (nm) of the periodic box in which forces of dimers are computed. No image is within the cutoff.
EDGES = np.array([4.0, 4.0, 4.0])
#: The expected errors of energies (kJ/mol) and forces (kJ/mol/nm), as in examples/water: an absolute error, and a
#: fraction of the value.
ENERGY_ERROR, FORCE_ERROR = (0.5, 0.05), (10.0, 0.05)
#: The cutoff of densities, nm.
MANY_BODY_CUTOFF = 0.6
#: The number of bootstrap samples for the confidence interval of an error.
RESAMPLES = 1000


@dataclass(frozen=True)
class Dimers:
    """Three parts of the dimers, with TIP3P as their baseline: whole snapshots, in their order in each trajectory.

    Attributes
    ----------
    training, validation : ReferenceData
        The first 70 % of the snapshots of each temperature, and the next 10 %.
    held_out : ReferenceData
        The last 20 %, without dimers that were pushed together.
    snapshot : ndarray of int, shape (len(held_out),)
    """

    training: lp.fit.ReferenceData
    validation: lp.fit.ReferenceData
    held_out: lp.fit.ReferenceData
    snapshot: np.ndarray

    @property
    def positions(self):
        """The positions of the held-out dimers (ndarray, shape (n, 6, 3), nm)."""
        return np.array([each.positions for each in self.held_out])


def read_dimers(path):
    """Read the file of examples/water/make_dataset.py; returns Dimers."""
    arrays = dict(np.load(path))
    masks = [dimers.in_snapshots(arrays, *part) for part in ((0.0, 0.7), (0.7, 0.8), (0.8, 1.0))]
    masks[2] &= ~arrays["compressed"]
    parts = [dimers.reference(arrays, mask, Path(path).name) for mask in masks]
    return Dimers(*parts, arrays["snapshot"][masks[2]])


def near(data, cutoff):
    """The dimers with a pair of atoms within the cutoff."""

    def is_near(dimer):
        return np.linalg.norm(dimer.positions[:3, None] - dimer.positions[None, 3:], axis=2).min() < cutoff

    return data.select(is_near)


def fit_spline(data, cutoff):
    """Fit splines to all dimers within the cutoff that are not held out; returns a SplineFit."""
    return lp.fit.fit_splines(
        near(data.training + data.validation, cutoff),
        cutoff=cutoff,
        within_cutoff=True,
        energy_error=ENERGY_ERROR,
        force_error=FORCE_ERROR,
    )


def fit_many_body(spline, data, angular, epochs):
    """Fit an environment model to what splines leave; returns an EnvironmentModel. Its cutoff is MANY_BODY_CUTOFF."""
    training, validation = (
        lp.fit.subtract_fit(near(part, MANY_BODY_CUTOFF), spline) for part in (data.training, data.validation)
    )
    return lp.fit.fit_environment(
        training,
        {"angular": angular, "energy_scale": 5.0},
        cutoff=MANY_BODY_CUTOFF,
        validation=validation,
        epochs=epochs,
        learning_rate=0.01,
        energy_error=ENERGY_ERROR,
        force_error=FORCE_ERROR,
    ).model


def fit_network(name, data, cutoff, epochs):
    """Fit a network of networks.TYPED; returns a PairModel. The epoch is chosen by the validation data."""
    hidden, num_basis = TYPED[name]
    torch.manual_seed(1)
    network = lp.nn.TypedPairNetwork(2, cutoff, hidden=hidden, num_basis=num_basis, inner=0.15)
    return lp.fit.fit_network(
        data.training,
        network,
        cutoff=cutoff,
        validation=data.validation,
        epochs=epochs,
        learning_rate=0.01,
        energy_error=ENERGY_ERROR,
        force_error=FORCE_ERROR,
    ).model


def forces_of_dimers(make, positions):
    """Compute the forces of openmm.Forces on dimers, on the CPU platform.

    Parameters
    ----------
    make : function
        ``make(types, excluded, edges)`` returns a list of Forces. ``types`` has 0 for each O and 1 for each H,
        ``excluded`` the pairs of atoms that do not interact, and ``edges`` the lengths of the box in nm.
    positions : ndarray, shape (n, 6, 3), nm

    Returns
    -------
    ndarray, shape (n, 6, 3), kJ/mol/nm
    """
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*np.diag(EDGES))
    for _ in TYPES:
        system.addParticle(1.0)
    for force in make(np.array([int(name == "H") for name in TYPES]), dimers.WITHIN, EDGES):
        system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("CPU"))
    result = []
    for each in positions:
        context.setPositions(each)
        result.append(context.getState(forces=True).getForces(asNumpy=True)._value)
    return np.array(result)


def force_error(differences, snapshot):
    """Compute the RMS component of net forces on molecules.

    Forces between the atoms of a rigid molecule do not move it, and add up to zero.

    Parameters
    ----------
    differences : ndarray, shape (n, 6, 3), kJ/mol/nm
        Forces minus those of the reference.
    snapshot : ndarray of int, shape (n,)

    Returns
    -------
    dict
        The error, and its central 95 % if the snapshots are drawn again with replacement.
    """
    squares = (differences.reshape(-1, 2, 3, 3).sum(axis=2) ** 2).mean(axis=(1, 2))
    _, members = np.unique(snapshot, return_inverse=True)
    count, total = np.bincount(members), np.bincount(members, squares)
    drawn = np.random.default_rng(1).integers(len(count), size=(RESAMPLES, len(count)))
    errors = np.sqrt(total[drawn].sum(axis=1) / count[drawn].sum(axis=1))
    return {
        "force_error": float(np.sqrt(squares.mean())),
        "force_error_range": np.quantile(errors, [0.025, 0.975]).tolist(),
    }
