# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Converts CustomNonbondedForces."""

from __future__ import annotations

from typing import Any

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
        By default it is the longest distance at which each pair either has an energy of more than 1,000 kJ/mol in
        magnitude or continues as a straight line within 0.001 kJ/mol. From 0.05 nm on it is sufficient that the energy
        exceeds 1,000 kJ/mol at a shorter distance. It is at least 0.01 nm. If the cutoff is shorter than 1 nm, both
        distances are shorter in proportion.

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

    Source
    ------
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
    inner = 0.0
    if inner_cutoff is not None:
        cutoff = force.getCutoffDistance()._value
        inner = as_number(in_nanometers(inner_cutoff), "from_custom_nonbonded: inner_cutoff")
        if not 0 < inner < cutoff:
            raise ValueError(
                f"from_custom_nonbonded: inner_cutoff is {inner:g} nm; expected a positive distance below the cutoff,"
                f" {cutoff:g} nm."
            )
    result = LearnedPairForce.converted(force, inner)
    result.setTableTolerance(tolerance)
    result.lowering_report = {
        "representation": "program",
        "model": f"CustomNonbondedForce '{force.getName()}'",
        "expression": force.getEnergyFunction(),
        "computed_values": dict(force.getComputedValueParameters(i) for i in range(force.getNumComputedValues())),
        "features": [force.getPerParticleParameterName(i) for i in range(force.getNumPerParticleParameters())],
        "domain_nm": [result.getInnerCutoffDistance()._value, result.getCutoffDistance()._value],
        "tolerance": tolerance,
    }
    return result
