# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The interaction energies and forces of a force field, as OpenMM computes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from ..errors import ModelError
from .configurations import Configuration, ReferenceData, require_data
from .distances import find_distances

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
    other. Energies and forces that a fragment has by itself therefore do not matter. In a periodic box, fragments
    cannot be moved apart: the forces within them remain. Make the fragments rigid there, or make sure that the
    reference has the same forces within them.

    Parameters
    ----------
    data : ReferenceData
        The atoms of each configuration are in the order of the System.
    system : openmm.System, or function of a Configuration that returns one
        One System is for structures that all have the same types in the same order. The function is called once for
        each sequence of types and fragments.

    Returns
    -------
    ReferenceData
        The same structures, whose ``baseline_energy`` and ``baseline_forces`` are set.

    Raises
    ------
    ModelError
        If a System has another number of particles, if one System is given for structures of several kinds,
        if an energy is not finite, or if a structure with a periodic box
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
    require_data(data, "subtract_baseline")
    if not callable(system):
        _require_system(system, "system")
        _require_same_types(data)
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
            contexts[key] = _make_context(system(each) if callable(system) else system, each)
        energy, force = _interaction(each, contexts[key])
        energies.append(energy)
        forces.append(force)
    return data.with_baseline(energies, forces)


def _require_system(system: object, what: str) -> None:
    if not isinstance(system, openmm.System):
        raise ModelError(f"subtract_baseline: {what} is a {type(system).__name__}; expected an openmm.System.")


def _make_context(system: openmm.System, configuration: Configuration) -> openmm.Context:
    """A Context for structures like a configuration."""
    _require_system(system, f"{configuration.name}: what the function returns")
    try:
        return openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    except openmm.OpenMMException as error:
        raise ModelError(f"{configuration.name}: the System of the baseline: {error}") from error


def _require_same_types(data: ReferenceData) -> None:
    """Require structures that one System can describe."""
    for each in data:
        if each.types != data[0].types:
            raise ModelError(
                f"{each.name}: the atoms have the types {', '.join(each.types)}, and those of {data[0].name} the types"
                f" {', '.join(data[0].types)}; one System cannot describe both: give a function of the configuration"
                " that returns its System."
            )


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
    try:
        state = context.getState(energy=True, forces=True)
    except openmm.OpenMMException as error:
        raise ModelError(f"{configuration.name}: the System of the baseline: {error}") from error
    energy, forces = state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise ModelError(f"{configuration.name}: the baseline has an energy or a force that is not finite.")
    return energy, forces


def subtract_fit(data: ReferenceData, fit: Any) -> ReferenceData:
    """Add a fit to the baseline, for fits in steps: pairs first, and a many-body model to what they leave.

    Parameters
    ----------
    data : ReferenceData
        The data of the fit, or others with the same baseline.
    fit : SplineFit, ExpressionFit, NetworkFit or EnvironmentFit

    Returns
    -------
    ReferenceData
        The same structures. Their baseline is the old one plus the energies and forces of the fit.

    Raises
    ------
    ModelError
        If a configuration has a type that the fit does not have; or if the functions of the fit continue beyond the
        cutoff, where the force has none: it needs ``within_cutoff=True``.

    Examples
    --------
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=2e-6 / r**12 - 4e-3 / r**6)
    ...         for r in np.linspace(0.3, 1.0, 40)
    ...     ],
    ...     source="a Lennard-Jones potential",
    ...     method="an example",
    ... )
    >>> rest = lp.fit.subtract_fit(data, lp.fit.fit_splines(data, cutoff=1.2, within_cutoff=True))
    >>> abs(rest[5].energy_difference) < 0.001 < abs(data[5].energy_difference)
    True
    """
    require_data(data, "subtract_fit")
    if not hasattr(fit, "contributions"):
        raise ModelError(f"subtract_fit: fit is a {type(fit).__name__}; expected the result of a fit.")
    if not fit.interacting.within_cutoff and any(each.box is None for each in data):
        raise ModelError(
            "subtract_fit: the functions of this fit continue beyond the cutoff, and those of the force do not, so that"
            " the energies of the force are not known here; fit with within_cutoff=True."
        )
    in_range = [each for each in data if find_distances(each, fit.interacting)]
    found = fit.contributions(ReferenceData(in_range, data.source, data.method)) if in_range else ([], [])
    known = {id(each): values for each, *values in zip(in_range, *found)}
    energies, forces = [], []
    for each in data:
        energy, added = known.get(id(each), (0.0, np.zeros((len(each.types), 3))))
        old = np.zeros((len(each.types), 3)) if each.baseline_forces is None else each.baseline_forces
        energies.append(each.baseline_energy + float(energy))
        forces.append(None if each.forces is None else old + added)
    return data.with_baseline(energies, forces)
