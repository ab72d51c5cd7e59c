# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Converts CustomNonbondedForces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import openmm

from ..force.learned_pair_force import LearnedPairForce
from ..force.particles import as_number
from ..lowering.tolerance import check_tolerance
from ..units import in_nanometers


def from_custom_nonbonded(
    force: openmm.CustomNonbondedForce, *, tolerance: float = 1e-4, inner_cutoff: Any = None
) -> LearnedPairForce:
    """Convert a CustomNonbondedForce to a LearnedPairForce that computes the same energy, and faster.

    The function of the new force is a program with the steps of the expression. The per-particle parameters are its
    features, and the global parameters remain Context parameters of the same names. A Context evaluates it with tables
    for the distinct particles where it can, and exactly otherwise; see :meth:`LearnedPairForce.setEvaluation`.
    Expressions, computed values, tabulated functions, exclusions, interaction groups, switching function, long-range
    correction, energy parameter derivatives, name and force group are converted. A pair that belongs to several
    interaction groups is counted once for each of them, as OpenMM does it.

    Parameters
    ----------
    force : openmm.CustomNonbondedForce
        The force. It is not changed, and remains in its System: use :func:`accelerate` to replace it there.
    tolerance : float
        The largest force error of the tables, relative to ``|F(r)| + 1 kJ/mol/nm`` for every pair.
    inner_cutoff : float, nm, or Quantity, optional
        Below this distance the energy of a pair continues as a straight line, and differs from that of the other force.
        By default it is the longest distance r at which every pair meets one of these conditions: (a) its energy at r
        is at least 1,000 kJ/mol, a repulsive wall; (b) below r, its energy is a straight line within 0.001 kJ/mol;
        (c) r is at most 0.05 nm, where no two atoms are, and the magnitude of its energy is at least 1,000 kJ/mol at r
        or at a shorter distance. It is at least 0.01 nm. If the cutoff is shorter than 1 nm, 0.05 nm and 0.01 nm are
        multiplied by cutoff / 1 nm. The conditions are examined for the present parameters of the particles, and for
        global parameters with their default values and with values from 0 to 1. Give the distance if parameters are
        going to be very different later, for example charges that are now zero.

    Returns
    -------
    LearnedPairForce
        ``lowering_report["expression"]`` holds the original expression.

    Raises
    ------
    TypeError
        If ``force`` is not a CustomNonbondedForce.
    ValueError
        If the force cannot be converted: it has no cutoff, its energy depends on the order of the two particles, or it
        is invalid. The message names the reason.

    References
    ----------
    CustomNonbondedForce of OpenMM: its user guide, section 20.3, and its Reference platform.

    Examples
    --------
    >>> import openmm
    >>> import learnedpair as lp
    >>> buckingham = openmm.CustomNonbondedForce(
    ...     "a*exp(-b*r) - c/r^6; a=sqrt(a1*a2); b=(b1+b2)/2; c=sqrt(c1*c2)"
    ... )
    >>> for name in ("a", "b", "c"):
    ...     index = buckingham.addPerParticleParameter(name)
    >>> for particle in range(100):
    ...     index = buckingham.addParticle([4e5, 36.0, 6e-3])
    >>> buckingham.setNonbondedMethod(buckingham.CutoffPeriodic)
    >>> buckingham.setCutoffDistance(0.9)
    >>> force = lp.from_custom_nonbonded(buckingham)
    >>> force.lowering_report["expression"]
    'a*exp(-b*r) - c/r^6; a=sqrt(a1*a2); b=(b1+b2)/2; c=sqrt(c1*c2)'
    >>> force.getParticleFeatures(0).tolist()
    [400000.0, 36.0, 0.006]
    """
    if not isinstance(force, openmm.CustomNonbondedForce):
        raise TypeError(
            f"from_custom_nonbonded: the force is a {type(force).__name__}; expected an openmm.CustomNonbondedForce."
        )
    tolerance = check_tolerance(tolerance)
    inner = None if inner_cutoff is None else read_inner_cutoff(inner_cutoff, "from_custom_nonbonded")
    cutoff = force.getCutoffDistance()._value
    if inner is not None and inner >= cutoff:
        raise ValueError(
            f"from_custom_nonbonded: inner_cutoff is {inner:g} nm; expected a distance below the cutoff, {cutoff:g} nm."
        )
    result = LearnedPairForce.converted(force, inner or 0.0)
    result.setTableTolerance(tolerance)
    result.lowering_report = {
        "representation": "program",
        "model": f"CustomNonbondedForce '{force.getName()}'",
        "expression": force.getEnergyFunction(),
        "computed_values": _computed_values(force),
        "features": _feature_names(result),
        "domain_nm": [result.getInnerCutoffDistance()._value, result.getCutoffDistance()._value],
        "tolerance": tolerance,
    }
    merged = _merged_parameters(force, result)
    if merged:
        result.lowering_report = {**result.lowering_report, "merged_parameters": merged}
    return result


def read_inner_cutoff(distance: Any, function: str) -> float:
    """Convert an inner cutoff to nm; ``function`` begins the message if it is not positive and finite."""
    what = f"{function}: inner_cutoff"
    number = as_number(in_nanometers(distance, what), what)
    if not 0 < number < math.inf:
        raise ValueError(f"{what} is {number:g} nm; expected a positive, finite distance.")
    return number


def update_from_custom_nonbonded(force: LearnedPairForce, custom: openmm.CustomNonbondedForce) -> None:
    """Change a converted force to that of a CustomNonbondedForce with other numbers: parameters of particles, values of
    tabulated functions, default values of global parameters.

    Types that mean the same are merged again, since other tabulated values may distinguish them. Call
    ``force.updateParametersInContext(context)`` afterwards to change an existing Context.

    Parameters
    ----------
    force : LearnedPairForce
        From :func:`from_custom_nonbonded` or :func:`accelerate`.
    custom : openmm.CustomNonbondedForce
        The original force with other numbers. Its expression, computed values, cutoff, the sizes of its tabulated
        functions, its interaction groups and its number of particles are the same.

    Raises
    ------
    TypeError
        If ``force`` is not a LearnedPairForce, or ``custom`` is not a CustomNonbondedForce.
    ValueError
        If the force does not come from a CustomNonbondedForce with this expression, something else differs that must
        be the same, or ``custom`` cannot be converted.

    Examples
    --------
    >>> import openmm
    >>> import learnedpair as lp
    >>> def pair_coefficients(values):
    ...     custom = openmm.CustomNonbondedForce("c(t1,t2)/r^12")
    ...     custom.addTabulatedFunction("c", openmm.Discrete2DFunction(2, 2, values))
    ...     custom.addPerParticleParameter("t")
    ...     for particle in range(10):
    ...         custom.addParticle([particle % 2])
    ...     custom.setNonbondedMethod(custom.CutoffPeriodic)
    ...     return custom
    >>> force = lp.from_custom_nonbonded(pair_coefficients([1e-6, 2e-6, 2e-6, 4e-6]))
    >>> lp.update_from_custom_nonbonded(force, pair_coefficients([1e-6, 3e-6, 3e-6, 4e-6]))
    """
    if not isinstance(force, LearnedPairForce):
        raise TypeError(
            f"update_from_custom_nonbonded: the force is a {type(force).__name__}; expected a LearnedPairForce."
        )
    if not isinstance(custom, openmm.CustomNonbondedForce):
        raise TypeError(
            f"update_from_custom_nonbonded: the new force is a {type(custom).__name__}; expected an"
            " openmm.CustomNonbondedForce."
        )
    expression = force.lowering_report.get("expression")
    if expression != custom.getEnergyFunction():
        raise ValueError(
            f"update_from_custom_nonbonded: the LearnedPairForce comes from {expression!r}, and the"
            f" CustomNonbondedForce has the expression {custom.getEnergyFunction()!r}; expected a force that was"
            " converted from this expression."
        )
    for what, value, of_custom in (
        ("number of particles", force.getNumParticles(), custom.getNumParticles()),
        ("computed values", force.lowering_report["computed_values"], _computed_values(custom)),
        ("cutoff", f"{force.getCutoffDistance()}", f"{custom.getCutoffDistance()}"),
        ("number of interaction groups", force.getNumInteractionGroups(), custom.getNumInteractionGroups()),
    ):
        if value != of_custom:
            raise ValueError(
                f"update_from_custom_nonbonded: the {what} of the LearnedPairForce and of the CustomNonbondedForce"
                f" differ: {value} and {of_custom}; change numbers only, or convert the force anew."
            )
    inner = force.getInnerCutoffDistance()._value
    changed = from_custom_nonbonded(custom, tolerance=force.getTableTolerance(), inner_cutoff=inner)
    force._replace_converted_function(changed.getFunction(), changed.lowering_report)
    if changed.getNumFeatures():
        force.setAllParticleFeatures(changed.getAllParticleFeatures())


def _computed_values(force):
    """The expressions of the computed values, by name."""
    return dict(force.getComputedValueParameters(i) for i in range(force.getNumComputedValues()))


def _feature_names(result):
    return list(result.getFunction().feature_ranges)


def _merged_parameters(force, result):
    """The names of the per-particle parameters whose values were replaced by those of types that mean the same."""
    count = force.getNumPerParticleParameters()
    if count == 0 or force.getNumTabulatedFunctions() == 0:
        return []
    parameters = np.array([force.getParticleParameters(i) for i in range(force.getNumParticles())]).reshape(-1, count)
    changed = (parameters != result.getAllParticleFeatures()[:, :count]).any(axis=0)
    return [force.getPerParticleParameterName(k) for k in np.flatnonzero(changed)]
