# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Adding a correction to an existing System."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import openmm
from numpy.typing import ArrayLike, NDArray
from openmm import app, unit

from ..errors import ModelError, pytorch_for, warn
from ..force.learned_pair_force import LearnedPairForce
from ..force.lifetime import keep_alive
from ..force.particles import is_finite_number, refuse_masked
from ..lowering.compiled_model import SUFFIX, CompiledModel, load_compiled
from ..lowering.environment_model import EnvironmentModel
from .bond_exclusions import without_pairs
from .exclusions import excluded_pairs, nonbonded_forces, pairs_14
from .interaction_groups import groups_of, require_covered, require_pairs
from .no_effect import NoEffectError, why_no_effect
from .particle_types import particle_types
from .topology_order import require_topology

if TYPE_CHECKING:  # these need PyTorch
    from ..lowering.creation import Evaluation
    from ..lowering.pair_model import PairModel
    from ..lowering.representation import Representation

    AnyModel: TypeAlias = PairModel | EnvironmentModel | CompiledModel

#: A Context copies its System when it is created, so later changes of the System do not reach it.
_ABOUT_SIMULATIONS = (
    ": correct the System before the Simulation is made from it. "
    "A force that is added to simulation.system afterwards needs simulation.context.reinitialize(preserveState=True)"
)


def add_correction(
    system: openmm.System,
    topology: app.Topology,
    model: AnyModel | str | os.PathLike[str],
    *,
    types: dict[Any, Any] | Sequence[str | int | None] | NDArray[Any] | None = None,
    features: ArrayLike | Sequence[ArrayLike | None] | None = None,
    exclusions: Literal["nonbonded", "molecules"] | int | Iterable[Sequence[int]] = "nonbonded",
    scale_14: float | None = None,
    between: Sequence[tuple[Any, Any]] | None = None,
    scale: str | None = None,
    force_group: int = 0,
    representation: Representation = "auto",
    tolerance: float = 1e-4,
    evaluation: Evaluation = "auto",
    tabulate_radial: bool | None = None,
) -> LearnedPairForce:
    """Add a learned correction to a System.

    The correction is periodic (CutoffPeriodic) if any NonbondedForce of the System is periodic. Without
    NonbondedForces, the CustomNonbondedForces decide. Without either, it is periodic if another force is, if the
    topology has a periodic box, or if the System has one that is not OpenMM's default. Otherwise the method is
    CutoffNonPeriodic, even if the other forces use NoCutoff, because a model has a cutoff. Global parameters of the
    model become parameters of the Context.

    Parameters
    ----------
    system : openmm.System
    topology : openmm.app.Topology
        The atoms of the topology must be the particles of the System in the same order. The masses are compared with
        the elements.
    model : PairModel, EnvironmentModel, CompiledModel, or path-like
        A loaded model, or the path of a model file. Compiled models (.xml) need no PyTorch.
    types : dict of str to rule, or sequence with one type (name, index or None) for each particle
        For models with types only. A dict has rules as in :func:`assign_types`, which complete or replace the rules
        inside the model, type by type. None in place of a rule states that no atom has the type. A rule of the type
        None selects atoms that have no type; it takes precedence over the other rules. A sequence is used as it is; a
        warning reports where it contradicts the rules inside the model or differs between residues of the same
        structure.
    features : array, shape (n_particles, n_features), or sequence with one feature vector, or None, for each particle
        Required by models with features, and for these only. None for particles that are not covered.
    exclusions : "nonbonded", "molecules", int, or iterable of (int, int)
        "nonbonded", the default, follows the exceptions of the NonbondedForces. Every exception within a molecule is
        excluded, including scaled 1-4 pairs. An exception between molecules is excluded only if its pair does not
        interact at all. Exceptions between molecules that do interact, such as NBFIX written as exceptions, are not
        excluded; a warning counts them. Without a NonbondedForce, the exclusions of the CustomNonbondedForces are
        copied.
        "molecules" excludes every pair of covered particles within one molecule. A molecule is a set of particles that
        are connected by bonds of the topology or by constraints, or as virtual sites or Drude particles.
        An integer n, at least 1, excludes the pairs that are connected by at most n bonds of the topology. Constraints
        are no bonds. A Drude particle has the exclusions of its parent, and a virtual site those of the first particle
        that defines it; both are also excluded from all particles that they depend on.
        An iterable lists the excluded pairs; ``[]`` excludes none.
    scale_14 : float, optional
        The factor of the pairs that are exactly three bonds of the topology apart: they become exceptions of the force,
        and are not excluded. By default ``exclusions`` decides about them: "nonbonded" excludes them.
    between : list of (rule, rule), optional
        Interaction groups: only pairs with one particle in each of the two parts of an element interact. A part is a
        rule as in :func:`assign_types`, or a list or array of indices of particles, in any order. The parts may also
        select particles that are not covered, which do not interact. A pair that belongs to several elements counts
        once. Where the two parts overlap, the pairs within the overlap interact as well: ``[("LIG:*", "*:*")]`` are the
        pairs of the ligand with everything, itself included. By default all pairs interact.
    scale : str, optional
        The name of a global parameter that multiplies the energy. Its default value is 1.
    force_group : int
        The force group of the new force.
    representation, tolerance, evaluation, tabulate_radial
        As in :meth:`PairModel.create_force`. Environment models and compiled models have none of these choices.

    Returns
    -------
    LearnedPairForce
        The new force, which already belongs to the System. An existing Context ignores it until
        ``context.reinitialize(preserveState=True)``.

    Raises
    ------
    ValueError
        If the topology does not match the System, a rule selects no atom, the correction or an element of ``between``
        would have no effect, the types or features are not those that the model takes, ``exclusions`` is "nonbonded"
        and the System has no NonbondedForce or CustomNonbondedForce, or ``exclusions`` is a number and bonds are
        missing.
    TypeError
        If an argument has the wrong type.
    ModelError, LoweringError
        As in :meth:`PairModel.create_force`.

    Warns
    -----
    UserWarning
        If residues are covered in part, if residues of the same structure are treated differently, if masses do not
        match the elements, if exceptions between molecules were not followed, if the two parts of an element of
        ``between`` overlap and neither contains the other, or if the System already has this correction.

    Examples
    --------
    A box of TIP3P water, with the correction that ships with the package:

    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER
    >>> from openmm import app, unit
    >>> water = app.Modeller(app.Topology(), [])
    >>> forcefield = app.ForceField("amber14/tip3p.xml")
    >>> water.addSolvent(forcefield, numAdded=150)
    >>> system = forcefield.createSystem(
    ...     water.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.7 * unit.nanometer
    ... )
    >>> lp.add_correction(system, water.topology, WATER, scale="lambda_water", force_group=1)
    <LearnedPairForce ...: 450 of 450 particles covered (O 150, H 300), cutoff 0.75 nm, 3 curves, group 1>
    """
    if not isinstance(system, openmm.System):
        raise TypeError(
            f"add_correction: the system is a {type(system).__name__}; expected an"
            f" openmm.System{_ABOUT_SIMULATIONS if hasattr(system, 'system') else ''}."
        )
    atoms = require_topology(topology, system, "add_correction")
    model = loaded(model, "add_correction")
    _require_scale(scale, model)
    _require_matching_input(model, types, features)
    options: dict[str, Any] = {
        "representation": representation,
        "tolerance": tolerance,
        "evaluation": evaluation,
        "tabulate_radial": tabulate_radial,
    }
    if isinstance(model, (EnvironmentModel, CompiledModel)):
        _refuse_options(model, options)
        options = {}
    particles = (
        particle_types(atoms, model, types) if model.features is None else _particle_features(system, model, features)
    )
    _require_factor(scale_14)
    groups = [] if between is None else groups_of(between, atoms)
    _warn_of_repetition(system, model)
    force = model.create_force(particles, nonbonded_method=_nonbonded_method(system, topology), **options)
    _add_pairs(force, exclusions, scale_14, between, groups, system, atoms)
    reason = why_no_effect(force)
    if reason:
        raise NoEffectError(f"add_correction: the correction of {model.source} would do nothing: {reason}.")
    if scale is not None:
        force.setScaleParameter(scale, 1.0)
    force.setForceGroup(force_group)
    system.addForce(force)
    keep_alive(force, system)
    return force


def _add_pairs(force, exclusions, scale_14, between, groups, system, atoms):
    """Add the exclusions, the exceptions and the interaction groups to a force."""
    is_covered = force.getParticleTypes() != LearnedPairForce.NotCovered
    require_covered(groups, between, is_covered)
    excluded = excluded_pairs(exclusions, system, atoms, is_covered)
    if scale_14 is not None:
        pairs = pairs_14(system, atoms, is_covered)
        excluded = without_pairs(excluded, pairs)
        force.addExceptions(pairs, scale_14)
    require_pairs(groups, between, is_covered, excluded)
    force.addExclusions(excluded)
    for first, second in groups:
        force.addInteractionGroup(np.flatnonzero(first).tolist(), np.flatnonzero(second).tolist())


def loaded(model: AnyModel | str | os.PathLike[str], source: str) -> AnyModel:
    """Return a model as it is; load it if its path is given. ``source`` begins the message if it is neither."""
    if isinstance(model, (str, os.PathLike)):
        if os.fspath(model).endswith(SUFFIX):
            return load_compiled(model)
        if not os.path.exists(model):
            raise ModelError(f"{os.fspath(model)}: there is no such file.")
        with pytorch_for(f"{source}: reading the model {os.path.basename(model)}"):
            from ..lowering.load_environment import load_either
        return load_either(model)
    if not hasattr(model, "create_force"):
        raise TypeError(
            f"{source}: the model is a {type(model).__name__}; expected a PairModel, EnvironmentModel or"
            " CompiledModel, as load_model(), load_environment() and load_compiled() return them, or the path of a"
            " model file."
        )
    return model


def _refuse_options(model, options):
    """Refuse arguments that environment models and compiled models do not have."""
    defaults = {"representation": "auto", "tolerance": 1e-4, "evaluation": "auto", "tabulate_radial": None}
    for name, value in options.items():
        if value is not defaults[name] and value != defaults[name]:
            if isinstance(model, CompiledModel):
                raise ValueError(
                    f"add_correction: {name} is {value!r}, and {model.source} is a compiled model, for which"
                    " save_compiled has made this choice; leave it out."
                )
            remedy = " give it to load_environment." if name == "tolerance" else " leave it out."
            raise ValueError(
                f"add_correction: {name} is {value!r}, and {model.source} is an environment model, whose densities are"
                f" tables and whose energies are a program;{remedy}"
            )


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


def _require_factor(scale_14):
    if scale_14 is not None and not is_finite_number(scale_14):
        raise ValueError(
            f"add_correction: scale_14 is {scale_14!r:.60}; expected a finite number, the factor of the pairs that are"
            " three bonds apart, or None."
        )


def _warn_of_repetition(system, model):
    for other in system.getForces():
        if (
            LearnedPairForce.is_learned_pair_force(other)
            and LearnedPairForce.cast(other).lowering_report.get("digest") == model.digest
        ):
            warn(f"add_correction: the System already has a correction from {model.source}, and gets another one.")


def _require_matching_input(model, types, features):
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
    refuse_masked(features, "add_correction: the features")
    particles = list(features)
    if len(particles) != count:
        raise ValueError(
            f"add_correction: {len(particles)} feature vectors were given, but the System has {count} particles; give"
            " one for each, None where the model does not apply."
        )
    return particles


def _nonbonded_method(system, topology):
    forces = nonbonded_forces(system)
    if not forces:
        periodic = system.usesPeriodicBoundaryConditions() or _has_box(system, topology)
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


def _has_box(system, topology):
    """Whether a System without nonbonded forces has a periodic box: that of the topology, or one that was set."""
    box, own = topology.getPeriodicBoxVectors(), _diagonal(system.getDefaultPeriodicBoxVectors())
    is_unset = own == _diagonal(openmm.System().getDefaultPeriodicBoxVectors())
    if box is not None and is_unset and not np.allclose(_diagonal(box), own, rtol=1e-3):
        raise ValueError(
            f"add_correction: the topology has a periodic box, {_diagonal(box)} nm, and the System has"
            " none; call system.setDefaultPeriodicBoxVectors(*topology.getPeriodicBoxVectors()), or remove the box with"
            " topology.setPeriodicBoxVectors(None)."
        )
    return box is not None or not is_unset


def _diagonal(vectors):
    """The diagonal of the box vectors, in nm."""
    return [float(vector[k].value_in_unit(unit.nanometer)) for k, vector in enumerate(vectors)]


def _is_periodic(force):
    try:
        return force.usesPeriodicBoundaryConditions()
    except openmm.OpenMMException:  # not implemented by some forces of plugins
        return False


def _remedy_of_periodicity(force):
    return (
        "call setUsesPeriodicBoundaryConditions(False) on it"
        if hasattr(force, "setUsesPeriodicBoundaryConditions")
        else "leave it out"
    )
