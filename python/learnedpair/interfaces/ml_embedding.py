# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The correction of the interface between the ML region and the rest, for the embedding of openmm-ml."""

import copy
from typing import Any

import openmm
from openmm import app

from ..applying.apply import add_correction
from ..force.learned_pair_force import LearnedPairForce
from .ml_region import INTERPOLATION, add_link_atoms, exclude_within


def interface_correction(
    system: openmm.System,
    topology: app.Topology,
    atoms: list[int],
    model: Any,
    options: dict[str, Any],
    interpolate: bool,
) -> LearnedPairForce:
    """Make the correction of the pairs between a region and the rest of a System.

    Parameters
    ----------
    system : openmm.System
        The System of the force field alone, which is not changed. Its exclusions are those of the correction.
    topology : openmm.app.Topology
    atoms : list of int
        The ML region.
    model : PairModel, or path-like
    options : dict
        Keyword arguments of add_correction().
    interpolate : bool
        Whether lambda_interpolate multiplies the correction.

    Returns
    -------
    LearnedPairForce

    Raises
    ------
    ValueError
        If there is no model, no pair that the model covers, or a scale besides lambda_interpolate.
    """
    if model is None:
        raise ValueError(
            'embedding "learnedpair": no model is given; write createMixedSystem(..., embedding="learnedpair",'
            ' correction="delta.pt"), or use embedding="mechanical" for no correction.'
        )
    if interpolate:
        if options.get("scale") not in (None, INTERPOLATION):
            raise ValueError(
                f'embedding "learnedpair": scale is {options["scale"]!r}, and with interpolate=True the scale is'
                f" {INTERPOLATION!r}; leave it out."
            )
        options = {**options, "scale": INTERPOLATION}
    force = copy.copy(add_correction(_without_corrections(system), topology, model, **options))
    is_covered = force.getParticleTypes() != LearnedPairForce.NotCovered
    inside = {index for index in atoms if is_covered[index]}
    outside = set(is_covered.nonzero()[0].tolist()) - set(atoms)
    if not (inside and outside):
        raise ValueError(
            f'embedding "learnedpair": the model covers no atom {"outside of" if inside else "in"} the ML region, so'
            " that no pair would be corrected; correct the rules of its types."
        )
    force.addInteractionGroup(inside, outside)
    return force


def add_interface_correction(system: openmm.System, atoms: list[int], force: LearnedPairForce) -> None:
    """Add the correction of the interface to a mixed System, in which other corrections then skip the ML region.

    Parameters
    ----------
    system : openmm.System
        The mixed System, which may have link atoms.
    atoms : list of int
        The ML region without link atoms.
    force : LearnedPairForce
        As interface_correction() returns it.
    """
    if any(map(LearnedPairForce.is_learned_pair_force, system.getForces())):
        exclude_within(system, atoms)
    add_link_atoms(force, system)
    system.addForce(force)


def _without_corrections(system):
    result = copy.deepcopy(system)
    for index in reversed(range(result.getNumForces())):
        if LearnedPairForce.is_learned_pair_force(result.getForce(index)):
            result.removeForce(index)
    return result
