# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the parameters of a NonbondedForce as features."""

import math

import numpy as np
import openmm
from numpy.typing import NDArray

from ..force.particles import as_number
from .exclusions import nonbonded_forces

#: The parameters of a particle in a NonbondedForce, in OpenMM's order.
NAMES = ("charge", "sigma", "epsilon")
_SIGMA, _EPSILON = NAMES.index("sigma"), NAMES.index("epsilon")


def features_from_nonbonded(
    system: openmm.System, *names: str, sigma_without_epsilon: float | None = None
) -> NDArray[np.float64]:
    """Get parameters of the particles in a NonbondedForce, as features for :func:`add_correction`.

    Parameters that depend on global parameters (particle parameter offsets) have the value for the default values of
    these, p = p0 + sum of scale_k * default_k. They do not change when ``context.setParameter()`` changes the global
    parameters.

    Parameters
    ----------
    system : openmm.System
        A System with exactly one NonbondedForce, which may be inside an ATMForce or a CustomCVForce.
    *names : {"charge", "sigma", "epsilon"}
        The parameters, in the order of the features of the model.
    sigma_without_epsilon : float, optional
        The sigma of particles whose epsilon is 0, in nm. The sigma of such particles means nothing: it is 1 nm for the
        hydrogens of TIP3P in OpenMM's files, which is outside the range of most models. Give a value inside the range;
        the model must not depend on sigma where epsilon is 0. Without it, sigma is that of the NonbondedForce. A
        particle whose epsilon has an offset keeps its sigma.

    Returns
    -------
    ndarray of float, shape (n_particles, n_names)
        Charges in e, sigma in nm, epsilon in kJ/mol.

    Raises
    ------
    TypeError
        If ``system`` is not an openmm.System, or ``sigma_without_epsilon`` is not a number.
    ValueError
        If a name is unknown or given twice, the System has no NonbondedForce or several, the force has another number
        of particles than the System or several offsets of one parameter for one particle, or ``sigma_without_epsilon``
        is not positive or is given without "sigma".

    Examples
    --------
    >>> import learnedpair as lp
    >>> from openmm import app
    >>> water = app.Modeller(app.Topology(), [])
    >>> forcefield = app.ForceField("amber14/tip3p.xml")
    >>> water.addSolvent(forcefield, numAdded=100)
    >>> system = forcefield.createSystem(water.topology)
    >>> lp.features_from_nonbonded(system, "charge", "sigma", "epsilon", sigma_without_epsilon=0.3)[:2].round(3)
    array([[-0.834,  0.315,  0.636],
           [ 0.417,  0.3  ,  0.   ]])
    """
    if not isinstance(system, openmm.System):
        raise TypeError(
            f"features_from_nonbonded: the system is a {type(system).__name__}; expected an openmm.System"
            f"{', such as its .system' if hasattr(system, 'system') else ''}."
        )
    columns = _columns(names)
    replacement = _replacement(sigma_without_epsilon, names)
    force = _nonbonded_force(system)
    values, has_offset = _with_offsets(force, _parameters(force))
    if replacement is not None:
        values[(values[:, _EPSILON] == 0) & ~has_offset[:, _EPSILON], _SIGMA] = replacement
    return values[:, columns]


def _columns(names):
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise ValueError(
            f"features_from_nonbonded: {f'there is no parameter {unknown[0]!r}' if unknown else 'no name was given'};"
            f" expected one or more of {', '.join(map(repr, NAMES))}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"features_from_nonbonded: a name is repeated in {names!r}; give each once.")
    return [NAMES.index(name) for name in names]


def _replacement(sigma, names):
    if sigma is None:
        return None
    what = "features_from_nonbonded: sigma_without_epsilon"
    number = as_number(sigma, what)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{what} is {sigma!r}; expected a positive length in nm.")
    if "sigma" not in names:
        raise ValueError(f"{what} was given, but 'sigma' is not among the names; leave it out.")
    return number


def _nonbonded_force(system):
    forces = [force for force in nonbonded_forces(system) if isinstance(force, openmm.NonbondedForce)]
    if len(forces) != 1:
        found = f"{len(forces)} NonbondedForces" if forces else "no NonbondedForce"
        raise ValueError(
            f"features_from_nonbonded: the System has {found}; expected exactly one. Give add_correction an array of"
            " features instead."
        )
    (force,) = forces
    if force.getNumParticles() != system.getNumParticles():
        raise ValueError(
            f"features_from_nonbonded: the NonbondedForce has {force.getNumParticles()} particles, and the System"
            f" {system.getNumParticles()}; add the missing ones."
        )
    return force


def _parameters(force):
    """The parameters of all particles without offsets, an array of shape (n_particles, 3)."""
    rows = ([value._value for value in force.getParticleParameters(i)] for i in range(force.getNumParticles()))
    return np.array(list(rows), dtype=float).reshape(-1, len(NAMES))


def _with_offsets(force, values):
    """Add the offsets at the default values of the global parameters, and find the parameters that have one."""
    defaults = {
        force.getGlobalParameterName(i): force.getGlobalParameterDefaultValue(i)
        for i in range(force.getNumGlobalParameters())
    }
    has_offset, seen = np.zeros(values.shape, dtype=bool), set()
    for index in range(force.getNumParticleParameterOffsets()):
        parameter, particle, *scales = force.getParticleParameterOffset(index)
        if not 0 <= particle < len(values):
            raise ValueError(
                f"features_from_nonbonded: particle parameter offset {index} of the NonbondedForce names the particle"
                f" {particle}, but there are {len(values)}; correct its index."
            )
        if (parameter, particle) in seen:
            raise ValueError(
                f"features_from_nonbonded: particle {particle} of the NonbondedForce has two offsets for the parameter"
                f" {parameter!r}. OpenMM 8.6.1 adds them on CPU and GPUs and uses the last one on Reference; make them"
                " one."
            )
        seen.add((parameter, particle))
        values[particle] += np.array(scales) * defaults[parameter]
        has_offset[particle] |= np.array(scales) != 0
    return values, has_offset
