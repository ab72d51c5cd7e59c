# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The interaction energies and forces of a force field, as OpenMM computes them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import openmm
from numpy.typing import NDArray

from ..errors import ModelError
from .configurations import Configuration, ReferenceData

Array = NDArray[np.float64]

#: The distance between fragments that do not interact, in nm: two charges of 1 e have an energy of 1.4e-4 kJ/mol. In
#: double precision, coordinates of this size are exact to 1e-10 nm.
FAR = 1e6


def subtract_baseline(
    data: ReferenceData,
    system: openmm.System | Callable[[Configuration], openmm.System],
) -> ReferenceData:
    """Set the baseline of a fit: the interaction energies and forces of a force field, on the Reference platform.

    The interaction energy of a structure is its potential energy minus that of the same fragments far apart from each
    other. Energies and forces that a fragment has by itself therefore do not matter.

    Parameters
    ----------
    data : ReferenceData
        The atoms of each configuration are in the order of the System.
    system : openmm.System, or function of a Configuration that returns one
        The function is called once for each sequence of types and fragments.

    Returns
    -------
    ReferenceData
        The same structures, whose ``baseline_energy`` and ``baseline_forces`` are set.

    Raises
    ------
    ModelError
        If a System has another number of particles, if an energy is not finite, or if a structure with a periodic box
        has an energy: fragments cannot be moved apart in a box, so that only its forces can be fitted.

    Examples
    --------
    >>> import openmm
    >>> import learnedpair as lp
    >>> def argon(configuration):
    ...     system, force = openmm.System(), openmm.NonbondedForce()
    ...     for _ in configuration.types:
    ...         system.addParticle(39.95)
    ...         force.addParticle(0.0, 0.34, 0.996)
    ...     system.addForce(force)
    ...     return system
    >>> dimer = lp.fit.Configuration("dimer", ("Ar", "Ar"), [[0, 0, 0], [0, 0, 0.38]], energy=-1.18)
    >>> data = lp.fit.ReferenceData([dimer], source="by hand", method="an example")
    >>> round(lp.fit.subtract_baseline(data, argon)[0].baseline_energy, 3)
    -0.995
    """
    contexts: dict[object, openmm.Context] = {}
    energies, forces = [], []
    for each in data:
        if each.box is not None and each.energy is not None:
            raise ModelError(
                f"{each.name}: the structure has a periodic box and an energy, and its fragments cannot be moved apart;"
                " leave the energy out, and fit the forces."
            )
        key = (each.types, each.fragments.tobytes()) if callable(system) else None
        if key not in contexts:
            contexts[key] = openmm.Context(
                system(each) if callable(system) else system,
                openmm.VerletIntegrator(0.001),
                openmm.Platform.getPlatform("Reference"),
            )
        energy, force = _interaction(each, contexts[key])
        energies.append(energy)
        forces.append(force)
    return data.with_baseline(energies, forces)


def _interaction(configuration: Configuration, context: openmm.Context) -> tuple[float, Array]:
    """The interaction energy and forces of one configuration."""
    if context.getSystem().getNumParticles() != len(configuration.types):
        raise ModelError(
            f"{configuration.name}: the System of the baseline has {context.getSystem().getNumParticles()} particles,"
            f" and the structure has {len(configuration.types)} atoms."
        )
    if context.getSystem().usesPeriodicBoundaryConditions() != (configuration.box is not None):
        raise ModelError(
            f"{configuration.name}: the structure has {'no' if configuration.box is None else 'a'} periodic box, and"
            f" the System of the baseline {'does not use' if configuration.box is not None else 'uses'} periodic"
            " boundary conditions; choose nonbonded methods that fit the structure."
        )
    energy, forces = _evaluate(configuration, configuration.positions, context)
    if configuration.box is not None:
        return 0.0, forces
    # On a grid, and not on a line, coordinates of many fragments remain small enough for double precision.
    names, fragments = np.unique(configuration.fragments, return_inverse=True)
    edge = math.ceil(len(names) ** (1 / 3))
    places = np.stack(np.unravel_index(fragments, 3 * (edge,)), axis=1)
    energy_apart, forces_apart = _evaluate(configuration, configuration.positions + FAR * places, context)
    return energy - energy_apart, forces - forces_apart


def _evaluate(configuration: Configuration, positions: Array, context: openmm.Context) -> tuple[float, Array]:
    if configuration.box is not None:
        context.setPeriodicBoxVectors(*configuration.box)
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    energy, forces = state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise ModelError(f"{configuration.name}: the baseline has an energy or a force that is not finite.")
    return energy, forces
