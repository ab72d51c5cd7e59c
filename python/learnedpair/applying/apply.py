# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Adds a correction to an existing System in one line."""

import os

import openmm

from ..errors import warn
from ..force.learned_pair_force import LearnedPairForce
from ..force.lifetime import keep_alive
from .exclusions import excluded_pairs, nonbonded_forces
from .obstacles import find_obstacle
from .particle_types import particle_types
from .topology_order import require_topology

#: A Context has its own copy of everything that its System has.
_ABOUT_SIMULATIONS = (
    ": correct the System before the Simulation is made from it. "
    "What is added to simulation.system afterwards needs simulation.context.reinitialize(preserveState=True)"
)


def add_correction(
    system,
    topology,
    model,
    *,
    types=None,
    features=None,
    exclusions="nonbonded",
    scale=None,
    force_group=0,
    representation="auto",
    tolerance=1e-4,
    tabulate_radial=None,
):
    """Add a learned correction to a System.

    Periodicity follows the System's NonbondedForces, or else its CustomNonbondedForces: if any of them is periodic,
    CutoffPeriodic,
    and else CutoffNonPeriodic, also for NoCutoff, since a model has a cutoff. Global parameters of the model become
    parameters of
    the Context.

    Parameters
    ----------
    system : openmm.System
    topology : openmm.app.Topology
        Of the same particles as the System, in the same order; masses are compared with elements.
    model : PairModel, or path-like
        A loaded model, or the file of one.
    types : dict of str to rule, or sequence with one type (name, index or None) for each particle
        For models with types: rules as in :func:`assign_types`. They complete or replace those inside the model, type
        by type.
        None in place of a rule says that no atom has the type; a rule of the type None, which atoms are meant to have
        none,
        whatever the other rules say. Of a sequence it is only seen whether it contradicts the rules inside the model,
        or differs
        between residues of the same structure.
    features : array, shape (n_particles, n_features), or sequence with one row of features, or None, for each particle
        For models with features, which always need them; None for particles that are not covered.
    exclusions : "nonbonded", "molecules", or iterable of (int, int)
        "nonbonded", the default, excludes every exception within a molecule of any NonbondedForce, scaled 1-4 pairs
        included, and
        every exception between molecules that does not interact at all (or, without a NonbondedForce, every exclusion
        of the
        CustomNonbondedForces). Exceptions between molecules that interact, such as NBFIX written as exceptions, are no
        exclusions; a warning counts them. "molecules" excludes every pair of covered particles within one molecule,
        that is
        connected by bonds of the topology, constraints, as virtual sites or as Drude particles.
    scale : str
        The name of a global parameter that multiplies the energy, with the default value 1.
    force_group : int
    representation, tolerance, tabulate_radial
        As in :meth:`PairModel.create_force`.

    Returns
    -------
    LearnedPairForce
        It belongs to the System already. A Context that was made from the System before does not know of it until
        ``context.reinitialize(preserveState=True)``.

    Raises
    ------
    ValueError
        If the topology does not fit the System, a rule selects no atom, the correction would do nothing, the types or
        features
        are not what the model takes, or the System has no nonbonded force to follow.
    TypeError
        If the system or the topology is something else.
    ModelError, LoweringError
        As in :meth:`PairModel.create_force`.

    Warns
    -----
    UserWarning
        If residues are covered in part, if residues of the same structure are treated differently, if masses do not fit
        the
        elements, if exceptions between molecules were not followed, or if the System has this correction already.
    """
    if not isinstance(system, openmm.System):
        raise TypeError(
            f"add_correction: the system is a {type(system).__name__}; expected an"
            f" openmm.System{_ABOUT_SIMULATIONS if hasattr(system, 'system') else ''}."
        )
    atoms = require_topology(topology, system, "add_correction")
    model = _loaded(model)
    _require_scale(scale, model)
    _require_what_the_model_takes(model, types, features)
    particles = (
        particle_types(atoms, model, types) if model.features is None else _particle_features(system, model, features)
    )
    _warn_of_repetition(system, model)
    force = model.create_force(
        particles,
        nonbonded_method=_method(system),
        representation=representation,
        tolerance=tolerance,
        tabulate_radial=tabulate_radial,
    )
    is_covered = force.getParticleTypes() != LearnedPairForce.NotCovered
    force.addExclusions(excluded_pairs(exclusions, system, atoms, is_covered))
    obstacle = find_obstacle(force)
    if obstacle:
        raise ValueError(f"add_correction: the correction of {model.source} would do nothing: {obstacle}.")
    if scale is not None:
        force.setScaleParameter(scale, 1.0)
    force.setForceGroup(force_group)
    system.addForce(force)
    keep_alive(force, system)
    return force


def _loaded(model):
    """The model that is given, or that of the file that is given."""
    if hasattr(model, "create_force"):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(
            f"add_correction: the model is a {type(model).__name__}; expected a PairModel, as load_model() returns"
            " it, or the path of a model file."
        )
    from ..lowering.pair_model import load_model  # needs PyTorch, which Systems with a correction can do without

    return load_model(model)


def _require_scale(scale, model):
    if scale is not None and not (isinstance(scale, str) and scale):
        raise ValueError(
            f"add_correction: scale is {scale!r}; expected the name of a global parameter, whose value"
            " context.setParameter() changes."
        )
    if scale in model.global_parameters:
        raise ValueError(
            f"add_correction: scale is {scale!r}, which is a global parameter of {model.source} already; choose another"
            " name."
        )


def _warn_of_repetition(system, model):
    for other in system.getForces():
        if (
            LearnedPairForce.is_learned_pair_force(other)
            and LearnedPairForce.cast(other).lowering_report.get("digest") == model.digest
        ):
            warn(f"add_correction: the System already has a correction from {model.source}, and gets another one.")


def _require_what_the_model_takes(model, types, features):
    if model.features is None and features is not None:
        remedy = (
            "leave them out" if types is not None or None not in model.type_rules.values() else "give types instead"
        )
        raise ValueError(
            f"add_correction: features were given, but {model.source} takes types ({', '.join(model.types)}); {remedy}."
        )
    if model.features is not None and (types is not None or features is None):
        given = (
            "types and features were given"
            if features is not None
            else "no features were given"
            if types is None
            else "types were given"
        )
        raise ValueError(
            f"add_correction: {given}, but {model.source} takes features ({', '.join(model.features)}); give features"
            " alone, one row for each particle, None where the model does not apply."
        )


def _particle_features(system, model, features):
    count = system.getNumParticles()
    if (
        isinstance(features, (str, dict, set, frozenset))
        or not hasattr(features, "__iter__")
        or getattr(features, "ndim", 1) == 0
    ):
        raise ValueError(
            f"add_correction: the features are a {type(features).__name__}; expected an array or a sequence with one"
            f" row ({', '.join(model.features)}), or None, for each particle."
        )
    particles = list(features)
    if len(particles) != count:
        raise ValueError(
            f"add_correction: {len(particles)} rows of features were given, but the System has {count} particles; give"
            " one for each, None where the model does not apply."
        )
    return particles


def _method(system):
    forces = nonbonded_forces(system)
    if not forces:
        periodic = system.usesPeriodicBoundaryConditions()
    else:
        periodic = any(
            force.getNonbondedMethod() not in (type(force).NoCutoff, type(force).CutoffNonPeriodic) for force in forces
        )
    if not periodic:
        for index, force in enumerate(system.getForces()):
            if _is_periodic(force):
                raise ValueError(
                    f"add_correction: the nonbonded forces have no periodic boundary conditions, but force {index} of"
                    f" the System, {force.getName()}, uses them, so that OpenMM may move molecules by whole boxes;"
                    f" {_remedy_of_periodicity(force)}, or give the NonbondedForce a periodic method."
                )
    return LearnedPairForce.CutoffPeriodic if periodic else LearnedPairForce.CutoffNonPeriodic


def _is_periodic(force):
    try:
        return force.usesPeriodicBoundaryConditions()
    except openmm.OpenMMException:  # some forces of plugins do not say
        return False


def _remedy_of_periodicity(force):
    return (
        "call setUsesPeriodicBoundaryConditions(False) on it"
        if hasattr(force, "setUsesPeriodicBoundaryConditions")
        else "leave it out"
    )
