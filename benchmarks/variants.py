# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""One learned correction of a box, as a LearnedPairForce and as CustomNonbondedForces in several efficient forms.

All forms are made from one PairTable and have as many knots as its longest curve. Types are 1 for hydrogen and 0 for
all other elements, so that their sum (0, 1 or 2) is the index of the curve.
"""

from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
import torch

CURVES = ((0, 0), (0, 1), (1, 1))
#: The shortest distance of the tables (nm), which does not occur in water.
INNER_CUTOFF = 0.1
#: Knots of zeros between the curves of the joined table. The ringing of a spline decays by a factor of 0.27 per knot.
GAP = 16
#: The platforms on which all forces of a force group have one cutoff.
GPU_PLATFORMS = ("OpenCL", "CUDA", "HIP")


@dataclass(frozen=True)
class Correction:
    """A correction, independent of the force that computes it.

    Attributes
    ----------
    table : PairTable
    types : ndarray of int, shape (n_particles,)
    excluded : list of (int, int)
    cutoff : float, nm
    """

    table: lp.PairTable
    types: np.ndarray
    excluded: list
    cutoff: float

    @property
    def knots(self):
        """Get the number of knots of the table's longest curve."""
        return max(len(energies) for energies in self.table.energies)

    def sample(self):
        """Get values and slopes of the three curves at equally spaced knots.

        Returns
        -------
        energies : ndarray, shape (3, knots), kJ/mol
        slopes : ndarray, shape (3, knots), kJ/mol/nm
        spacing : float, nm
        """
        r = np.linspace(self.table.min_distance, self.table.max_distance, self.knots)
        energies, slopes = zip(*(self.table.evaluate(a, b, r) for a, b in CURVES))
        return np.array(energies), np.array(slopes), float(r[1] - r[0])


@dataclass(frozen=True)
class Placement:
    """The label of a variant, its form, and the force group and cutoff (nm) of its forces."""

    label: str
    form: str
    group: int
    cutoff: float


def scale_to_force(network, metadata, distinct, largest_force):
    """Scale a network so that largest_force is the largest |dE/dr| between two distinct particles.

    Parameters
    ----------
    network : torch.nn.Module
        With the attribute energy_scale.
    metadata : dict
        Of load_model().
    distinct : ndarray, shape (2,) of types or (2, n_features)
    largest_force : float, kJ/mol/nm
    """
    network.energy_scale = 1.0
    r = np.linspace(INNER_CUTOFF, metadata["cutoff"], 1000)
    first, second = (np.repeat([pair[k] for pair in CURVES], len(r)) for k in (0, 1))
    _, dEdR = lp.load_model(network, **metadata).evaluate(np.tile(r, len(CURVES)), distinct[first], distinct[second])
    network.energy_scale = largest_force / np.abs(dEdR).max()


def make_correction(box, cutoff, seed, largest_force):
    """Lower a network with random weights to a table.

    Parameters
    ----------
    box : Box
        The exceptions of its NonbondedForce become the excluded pairs.
    cutoff : float, nm
    largest_force : float, kJ/mol/nm
        The largest |dE/dr| of the network, after scaling.

    Returns
    -------
    Correction
    """
    torch.manual_seed(seed)
    network = lp.nn.TypedPairNetwork(2, cutoff, inner=INNER_CUTOFF, energy_scale=1.0)
    metadata = {"types": ["O", "H"], "cutoff": cutoff, "inner_cutoff": INNER_CUTOFF}
    scale_to_force(network, metadata, np.array([0, 1]), largest_force)
    force = lp.load_model(network, **metadata).create_force(box.types)
    return Correction(force.getFunction(), box.types, box.excluded, cutoff)


def exclude(force, pairs):
    """Add exclusions to a force."""
    for i, j in pairs:
        force.addExclusion(i, j)


def learned_pair(correction, cutoff):
    """One LearnedPairForce."""
    force = lp.LearnedPairForce(correction.table)
    force.setCutoffDistance(cutoff)
    force.setParticleTypes(correction.types)
    exclude(force, correction.excluded)
    return [force]


def _custom_force(correction, cutoff, expression):
    """Make a CustomNonbondedForce whose expression may use the types t1 and t2; its cutoff may exceed the table's."""
    force = openmm.CustomNonbondedForce(expression)
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    force.addPerParticleParameter("t")
    for particle_type in correction.types:
        force.addParticle([particle_type])
    exclude(force, correction.excluded)
    return force


def _intervals_beyond(correction, cutoff, spacing):
    """Get the number of intervals beyond its tables that a force with this cutoff reads."""
    return int(np.ceil((cutoff - correction.cutoff) / spacing))


def continuous2d(correction, cutoff):
    """One Continuous2DFunction of r and t1+t2."""
    energies, _, _ = correction.sample()
    force = _custom_force(correction, cutoff, "tab(r, t1+t2)")
    force.addTabulatedFunction(
        "tab",
        openmm.Continuous2DFunction(
            correction.knots, len(CURVES), energies.ravel(), INNER_CUTOFF, correction.cutoff, 0, len(CURVES) - 1
        ),
    )
    return [force]


def continuous1d_select(correction, cutoff):
    """Three Continuous1DFunctions and nested select()."""
    energies, _, _ = correction.sample()
    force = _custom_force(correction, cutoff, "select(c, select(c-1, hh(r), oh(r)), oo(r)); c=t1+t2")
    for name, values in zip(("oo", "oh", "hh"), energies):
        force.addTabulatedFunction(name, openmm.Continuous1DFunction(values, INNER_CUTOFF, correction.cutoff))
    return [force]


def continuous1d_joined(correction, cutoff):
    """One Continuous1DFunction with the three curves concatenated, read at r+(t1+t2)*shift."""
    energies, _, spacing = correction.sample()
    gap = GAP + _intervals_beyond(correction, cutoff, spacing)
    values = np.hstack([energies, np.zeros((len(CURVES), gap))]).ravel()
    shift = spacing * (correction.knots + gap)
    force = _custom_force(correction, cutoff, f"tab(r+{shift!r}*(t1+t2))")
    force.addTabulatedFunction(
        "tab", openmm.Continuous1DFunction(values, INNER_CUTOFF, INNER_CUTOFF + spacing * (len(values) - 1))
    )
    return [force]


def discrete2d_hermite(correction, cutoff):
    """Four Discrete2DFunctions with the coefficients of each interval's cubic."""
    energies, slopes, spacing = correction.sample()
    start, end = energies[:, :-1], energies[:, 1:]
    slope_start, slope_end = spacing * slopes[:, :-1], spacing * slopes[:, 1:]
    rise = end - start
    coefficients = (start, slope_start, 3 * rise - 2 * slope_start - slope_end, slope_start + slope_end - 2 * rise)
    horner = "c0(k,t)+u*(c1(k,t)+u*(c2(k,t)+u*c3(k,t)))"
    names = f"u=x-k; k=floor(x); x=(r-{INNER_CUTOFF!r})*{1 / spacing!r}; t=t1+t2"
    force = _custom_force(correction, cutoff, f"{horner}; {names}")
    # Rounding can carry r just below the cutoff one interval further.
    padding = 1 + _intervals_beyond(correction, cutoff, spacing)
    for i, values in enumerate(coefficients):
        padded = np.pad(values, ((0, 0), (0, padding)))
        force.addTabulatedFunction(f"c{i}", openmm.Discrete2DFunction(padded.shape[1], len(CURVES), padded.ravel()))
    return [force]


def interaction_groups(correction, cutoff):
    """Three CustomNonbondedForces with interaction groups, one Continuous1DFunction each."""
    energies, _, _ = correction.sample()
    members = [np.flatnonzero(correction.types == k).tolist() for k in (0, 1)]
    forces = []
    for (a, b), values in zip(CURVES, energies):
        force = _custom_force(correction, cutoff, "tab(r)")
        force.addTabulatedFunction("tab", openmm.Continuous1DFunction(values, INNER_CUTOFF, correction.cutoff))
        force.addInteractionGroup(members[a], members[b])
        forces.append(force)
    return forces


OURS, GROUPS = "LearnedPairForce", "interaction-groups"
#: The name of each form in the tables, and the function that creates its forces.
FORMS = {
    OURS: learned_pair,
    "continuous2d": continuous2d,
    "continuous1d-select": continuous1d_select,
    "continuous1d-joined": continuous1d_joined,
    "discrete2d-hermite": discrete2d_hermite,
    GROUPS: interaction_groups,
}


def placements(form, platform_name, cutoff, nonbonded_cutoff):
    """Get the possible force groups and cutoffs of a form beside a NonbondedForce in group 0.

    On a GPU platform, all forces of a group have one cutoff. A CustomNonbondedForce with a shorter cutoff than the
    NonbondedForce has two options, and both are timed: a separate group, and with it a separate kernel; or the longer
    cutoff, with tables that end before it. Interaction groups have a separate kernel in any case. LearnedPairForce has
    no such restriction: it stays in group 0, where add_correction puts it.

    Returns
    -------
    list of Placement
    """
    bound = form not in (OURS, GROUPS) and platform_name in GPU_PLATFORMS
    if not bound or cutoff == nonbonded_cutoff:
        return [Placement(form, form, 0, cutoff)]
    places = [Placement(f"{form}, own group", form, 1, cutoff)]
    if cutoff < nonbonded_cutoff:
        places.append(Placement(f"{form}, longer cutoff", form, 0, nonbonded_cutoff))
    return places


def make_forces(placement, correction):
    """Create the forces of a Placement."""
    forces = FORMS[placement.form](correction, placement.cutoff)
    for force in forces:
        force.setForceGroup(placement.group)
    return forces
