# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Adds a correction to an existing System in one line."""

import itertools
import operator
import warnings

import openmm

from .assignment import assign_types
from .force import LearnedPairForce, keep_alive

#: More excluded pairs than this mean that something else was meant.
MOST_EXCLUSIONS = 20_000_000


def add_correction(system, topology, model, *, types=None, features=None, exclusions="nonbonded", scale=None, force_group=0,
                   representation="auto", tolerance=1e-4, tabulate_radial=None):
    """Add a learned correction to a System.

    Periodicity follows the System's NonbondedForce, or else its CustomNonbondedForce: NoCutoff and CutoffNonPeriodic give
    CutoffNonPeriodic, since a model has a cutoff, and everything else CutoffPeriodic. Global parameters of the model become
    parameters of the Context.

    Parameters
    ----------
    system : openmm.System
    topology : openmm.app.Topology
        Of the same particles as the System.
    model : PairModel, or path-like
        A loaded model, or the file of one.
    types : dict of str to rule, or sequence with one type (name, index or None) for each particle
        For models with types: rules as in :func:`assign_types`. Not needed if the model has rules inside.
    features : array, shape (n_particles, n_features), or sequence with one row of features, or None, for each particle
        For models with features, which always need them; None for particles that are not covered.
    exclusions : "nonbonded", "molecules", or iterable of (int, int)
        "nonbonded", the default, excludes every exception of the NonbondedForce (exclusion of the CustomNonbondedForce), scaled 1-4
        pairs included; "molecules" every pair of covered particles within one molecule, that is connected by bonds,
        constraints or as virtual sites.
    scale : str
        The name of a global parameter that multiplies the energy, with the default value 1.
    force_group : int
    representation, tolerance, tabulate_radial
        As in :meth:`PairModel.create_force`.

    Returns
    -------
    LearnedPairForce
        It belongs to the System already.

    Raises
    ------
    ValueError
        If the topology does not fit the System, no particle is covered, the types or features are not what the model takes, or
        the System has no nonbonded force to follow.
    ModelError, LoweringError
        As in :meth:`PairModel.create_force`.
    """
    if not hasattr(model, "create_force"):
        from .model import load_model

        model = load_model(model)
    if scale is not None and not (isinstance(scale, str) and scale):
        raise ValueError(f"add_correction: scale is {scale!r}; expected the name of a global parameter, whose value context.setParameter() changes.")
    if scale in model.global_parameters:
        raise ValueError(f"add_correction: scale is {scale!r}, which is a global parameter of {model.source} already; choose another name.")
    _require_what_the_model_takes(model, types, features)
    particles = _particle_types(system, topology, model, types) if model.features is None else _particle_features(system, model, features)
    _warn_of_repetition(system, model)
    nonbonded = _nonbonded_force(system)
    force = model.create_force(particles, nonbonded_method=_method(nonbonded, system), representation=representation, tolerance=tolerance, tabulate_radial=tabulate_radial)
    covered = (force.getParticleTypes() != LearnedPairForce.NotCovered).tolist()
    for i, j in _excluded_pairs(exclusions, nonbonded, system, topology, covered):
        force.addExclusion(i, j)
    if scale is not None:
        force.setScaleParameter(scale, 1.0)
    force.setForceGroup(force_group)
    system.addForce(force)
    keep_alive(force, system)
    return force


def _warn_of_repetition(system, model):
    for other in system.getForces():
        if LearnedPairForce.is_learned_pair_force(other) and LearnedPairForce.cast(other).lowering_report.get("digest") == model.digest:
            warnings.warn(f"add_correction: the System already has a correction from {model.source}, and gets another one.", stacklevel=3)


def _require_what_the_model_takes(model, types, features):
    if model.features is None and features is not None:
        way_out = "leave them out" if types is not None or None not in model.type_rules.values() else "give types instead"
        raise ValueError(f"add_correction: features were given, but {model.source} takes types ({', '.join(model.types)}); {way_out}.")
    if model.features is not None and (types is not None or features is None):
        given = "types and features were given" if features is not None else "no features were given" if types is None else "types were given"
        raise ValueError(f"add_correction: {given}, but {model.source} takes features ({', '.join(model.features)}); give features alone, one row for each particle, None where the model does not apply.")


def _particle_features(system, model, features):
    count = system.getNumParticles()
    if isinstance(features, (str, dict, set, frozenset)) or not hasattr(features, "__iter__") or getattr(features, "ndim", 1) == 0:
        raise ValueError(f"add_correction: the features are a {type(features).__name__}; expected an array or a sequence with one row ({', '.join(model.features)}), or None, for each particle.")
    particles = list(features)
    if len(particles) != count:
        raise ValueError(f"add_correction: {len(particles)} rows of features were given, but the System has {count} particles; give one for each, None where the model does not apply.")
    if all(particle is None for particle in particles):
        raise ValueError(f"add_correction: no particle has features, so that the correction of {model.source} would do nothing; give a row for each particle that it is to cover.")
    return particles


def _particle_types(system, topology, model, types):
    count = system.getNumParticles()
    given = types is not None
    if not given:
        types = model.type_rules
        missing = [name for name, rule in types.items() if rule is None]
        if missing:
            raise ValueError(f"add_correction: {model.source} does not say which atoms have the type {missing[0]!r}; give types, as rules or one for each particle.")
    if isinstance(types, dict):
        unknown = [name for name in types if name not in model.types]
        if unknown:
            raise ValueError(f"add_correction: there is a rule for the type {unknown[0]!r}, but {model.source} has {', '.join(model.types)}.")
        if topology.getNumAtoms() != count:
            raise ValueError(f"add_correction: the topology has {topology.getNumAtoms()} atoms, but the System has {count} particles; give the topology the System was made from.")
        particles = assign_types(topology, types)
        found = set(particles)
        for name, rule in types.items():
            if name not in found and found != {None}:
                problem = f"add_correction: the rule of the type {name!r}, {rule!r}, selects no atom"
                if given:
                    raise ValueError(f"{problem}; check residue and atom names, or leave the rule out.")
                warnings.warn(f"{problem}; if the topology has such atoms under other names, give types.", stacklevel=3)
    else:
        particles = list(types)
        if len(particles) != count:
            raise ValueError(f"add_correction: {len(particles)} types were given, but the System has {count} particles; give one for each, None where the model does not apply.")
    if all(particle is None or particle == LearnedPairForce.NotCovered for particle in particles):
        raise ValueError(f"add_correction: no particle has a type of {model.source}, so that the correction would do nothing; check residue and atom names against the rules ({types if isinstance(types, dict) else 'all None'}).")
    return particles


def _nonbonded_force(system):
    forces = system.getForces()
    for kind in (openmm.NonbondedForce, openmm.CustomNonbondedForce):
        for force in forces:
            if isinstance(force, kind):
                return force
    return None


def _method(nonbonded, system):
    if nonbonded is None:
        periodic = system.usesPeriodicBoundaryConditions()
    else:
        periodic = nonbonded.getNonbondedMethod() not in (type(nonbonded).NoCutoff, type(nonbonded).CutoffNonPeriodic)
    return LearnedPairForce.CutoffPeriodic if periodic else LearnedPairForce.CutoffNonPeriodic


def _excluded_pairs(exclusions, nonbonded, system, topology, covered):
    if isinstance(exclusions, str):
        if exclusions == "nonbonded":
            return _pairs_of_nonbonded(nonbonded)
        if exclusions == "molecules":
            return _pairs_within_molecules(system, topology, covered)
        raise ValueError(f"add_correction: exclusions is {exclusions!r}; expected 'nonbonded', 'molecules', or pairs of particles.")
    pairs = sorted({(min(pair), max(pair)) for pair in ((operator.index(i), operator.index(j)) for i, j in exclusions)})
    for i, j in pairs:
        if not 0 <= i < j < system.getNumParticles():
            raise ValueError(f"add_correction: exclusions has the pair {(i, j)}; expected two different particles from 0 to {system.getNumParticles() - 1}.")
    return pairs


def _pairs_of_nonbonded(nonbonded):
    if nonbonded is None:
        raise ValueError("add_correction: the System has no NonbondedForce or CustomNonbondedForce whose exclusions could be followed; use exclusions='molecules', or give pairs.")
    if isinstance(nonbonded, openmm.NonbondedForce):
        return [tuple(nonbonded.getExceptionParameters(i)[:2]) for i in range(nonbonded.getNumExceptions())]
    return [tuple(nonbonded.getExclusionParticles(i)) for i in range(nonbonded.getNumExclusions())]


def _pairs_within_molecules(system, topology, covered):
    count = system.getNumParticles()
    if topology.getNumAtoms() != count:
        raise ValueError(f"add_correction: the topology has {topology.getNumAtoms()} atoms, but the System has {count} particles; give the topology the System was made from.")
    bonds = [(bond[0].index, bond[1].index) for bond in topology.bonds()]
    bonds += [tuple(system.getConstraintParameters(i)[:2]) for i in range(system.getNumConstraints())]
    for i in range(count):
        if system.isVirtualSite(i):
            site = system.getVirtualSite(i)
            bonds += [(i, site.getParticle(k)) for k in range(site.getNumParticles())]
    parent = list(range(count))

    def root(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in bonds:
        parent[root(i)] = root(j)
    molecules = {}
    for i in range(count):
        if covered[i]:
            molecules.setdefault(root(i), []).append(i)
    total = sum(len(atoms) * (len(atoms) - 1) // 2 for atoms in molecules.values())
    if total > MOST_EXCLUSIONS:
        raise ValueError(f"add_correction: exclusions='molecules' would exclude {total} pairs; use interaction groups to leave a large molecule out.")
    return list(itertools.chain.from_iterable(itertools.combinations(atoms, 2) for atoms in molecules.values()))
