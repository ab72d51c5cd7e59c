# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Corrections of a System whose ML region has another potential: they must not act within the region."""

from collections.abc import Iterable

import numpy as np
import openmm

from ..applying.bond_exclusions import sorted_pairs, without_pairs
from ..force.learned_pair_force import LearnedPairForce
from ..force.lifetime import keep_alive
from ..force.particles import as_index

#: The global parameter by which openmm-ml interpolates between the force field (0) and the mixed System (1).
INTERPOLATION = "lambda_interpolate"


def exclude_within(system: openmm.System, atoms: Iterable[int]) -> list[LearnedPairForce]:
    """Exclude the pairs within a region, such as the ML region of openmm-ml, from all corrections of a System.

    Use it after ``createMixedSystem()`` if the force field's System had a correction already. openmm-ml copies forces
    that it does not know without a change, so that the correction would still act within the ML region, and would have
    no particles for link atoms. Pairs of the region with the rest keep the correction.

    If the System interpolates between force field and mixed System (``interpolate=True``), the correction within the
    region is multiplied by 1 - lambda_interpolate, in a CustomCVForce.

    Parameters
    ----------
    system : openmm.System
        The System that ``createMixedSystem()`` returned.
    atoms : iterable of int
        The atoms of the region, without link atoms.

    Returns
    -------
    list of LearnedPairForce
        The corrections, which belong to the System.

    Raises
    ------
    ValueError
        If the System has no correction; if a correction has fewer particles than the System, and those missing at the
        end are not virtual sites, as link atoms are; or if the System interpolates and a correction has interaction
        groups.
    TypeError
        If an index is not an integer.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER
    >>> from openmm import app
    >>> water = app.Modeller(app.Topology(), [])
    >>> forcefield = app.ForceField("amber14/tip3p.xml")
    >>> water.addSolvent(forcefield, numAdded=150)
    >>> system = forcefield.createSystem(water.topology)
    >>> force = lp.add_correction(system, water.topology, WATER)
    >>> force.getNumExclusions()
    450
    >>> [force] = lp.exclude_within(system, range(6))  # the first two molecules are the ML region
    >>> force.getNumExclusions()
    459
    """
    region = _indices(atoms, system)
    forces = [
        LearnedPairForce.cast(each) for each in system.getForces() if LearnedPairForce.is_learned_pair_force(each)
    ]
    if not forces:
        raise ValueError("exclude_within: the System has no LearnedPairForce; call add_correction() first.")
    interpolates = any(map(_interpolates, system.getForces()))
    for force in forces:
        _require_no_groups(force, interpolates)
        add_link_atoms(force, system)
    for force in forces:
        if interpolates:
            system.addForce(_within_region(force, region))
        _exclude(force, region)
        keep_alive(force, system)
    return forces


def add_link_atoms(force: LearnedPairForce, system: openmm.System) -> None:
    """Add uncovered particles for the link atoms at the end of a System.

    Raises
    ------
    ValueError
        If the particles that the force lacks are not virtual sites.
    """
    for index in range(force.getNumParticles(), system.getNumParticles()):
        if not system.isVirtualSite(index):
            raise ValueError(
                f"exclude_within: the correction '{force.getName()}' has {force.getNumParticles()} particles and the"
                f" System {system.getNumParticles()}, and particle {index} is no virtual site, as a link atom of"
                " openmm-ml is; make the correction for this System."
            )
        force.addParticle(None)


def _indices(atoms, system):
    """The sorted indices of a region."""
    region = sorted({as_index(index, "exclude_within: atoms") for index in atoms})
    wrong = [index for index in region if not 0 <= index < system.getNumParticles()]
    if wrong or not region:
        what = f"atoms has the index {wrong[0]}" if wrong else "atoms is empty"
        raise ValueError(f"exclude_within: {what}; expected indices from 0 to {system.getNumParticles() - 1}.")
    return region


def _interpolates(force):
    return isinstance(force, openmm.CustomCVForce) and INTERPOLATION in [
        force.getGlobalParameterName(index) for index in range(force.getNumGlobalParameters())
    ]


def _require_no_groups(force, interpolates):
    if interpolates and force.getNumInteractionGroups() > 0:
        raise ValueError(
            f"exclude_within: the System interpolates by {INTERPOLATION}, and the correction '{force.getName()}' has"
            " interaction groups, so that the part within the region cannot be separated; add the correction without"
            " them."
        )


def _within_region(force, region):
    """The correction within a region, which the mixed System lacks and the force field has."""
    inside = LearnedPairForce.cast(openmm.XmlSerializer.clone(force))
    inside.addInteractionGroup(region, region)
    result = openmm.CustomCVForce(f"(1-{INTERPOLATION})*inside")
    result.addGlobalParameter(INTERPOLATION, 1.0)
    result.addCollectiveVariable("inside", openmm.XmlSerializer.clone(inside))
    result.setForceGroup(force.getForceGroup())
    result.setName(f"{force.getName()} within the ML region")
    return result


def _exclude(force, region):
    region, exceptions = np.array(region, dtype=int), force._access.getExceptions()[0]
    for index in np.flatnonzero(np.isin(exceptions, region).all(axis=1)).tolist():
        force.setExceptionParameters(index, *exceptions[index].tolist(), 0.0)
    covered = region[force.getParticleTypes()[region] != force.NotCovered]
    pairs = covered[np.column_stack(np.triu_indices(len(covered), 1))]
    existing = np.concatenate([force._access.getExclusions(), exceptions])
    force.addExclusions(without_pairs(sorted_pairs(pairs), sorted_pairs(existing)))
