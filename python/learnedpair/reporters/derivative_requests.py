# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Which forces of a System depend on a parameter, and whether OpenMM computes their derivatives with respect to it."""

import openmm

from ..force.learned_pair_force import LearnedPairForce


def why_incomplete(system: openmm.System, parameter: str) -> str:
    """Find the reason why the derivative of the energy with respect to a parameter is not that of the whole System.

    OpenMM sums the derivatives of those forces that were asked for them, and says nothing of the others.

    Parameters
    ----------
    system : openmm.System
    parameter : str

    Returns
    -------
    str
        A sentence with the remedy; empty if all forces contribute that are known to depend on the parameter.
    """
    forces = [_cast(force) for force in system.getForces()]
    dependent = [force for force in forces if parameter in _parameters_of(force)]
    if not dependent:
        return ""
    # One request is enough for all LearnedPairForces of a System.
    learned = any(parameter in _requests_of(force) for force in forces if isinstance(force, LearnedPairForce))
    for force in dependent:
        what = f"the force {force.getName()!r} depends on it and contributes nothing to its derivative"
        ladder = "use ladder=[...], which needs none, with derivatives=False."
        if not hasattr(force, "addEnergyParameterDerivative"):
            return f"{what}, since OpenMM's {type(force).__name__} has no energy parameter derivatives; {ladder}"
        if isinstance(force, openmm.ATMForce) and any(parameter in _parameters_of(each) for each in _inside(force)):
            return f"{what}, since OpenMM's ATMForce has no derivatives of the forces inside of it; {ladder}"
        requested = learned if isinstance(force, LearnedPairForce) else parameter in _requests_of(force)
        if not requested:
            calls = f"addEnergyParameterDerivative({parameter!r})"
            if isinstance(force, openmm.CustomCVForce):
                calls = f"addGlobalParameter({parameter!r}, value) and {calls}"
            return f"{what}; call {calls} on that force before the Simulation is created."
        if isinstance(force, openmm.CustomCVForce):
            reason = why_incomplete(_inner_system(force), parameter)
            if reason:
                return reason
    return ""


def _cast(force: openmm.Force) -> openmm.Force:
    return LearnedPairForce.cast(force) if LearnedPairForce.is_learned_pair_force(force) else force


def _parameters_of(force: openmm.Force) -> set[str]:
    """The names of the parameters of the Context that a force depends on; those of forces inside of it included."""
    names = set()
    if hasattr(force, "getNumGlobalParameters"):
        names = {force.getGlobalParameterName(i) for i in range(force.getNumGlobalParameters())}
    if isinstance(force, LearnedPairForce):
        names.add(force.getScaleParameter())
    for inner in _inside(force):
        names |= _parameters_of(inner)
    return names - {""}


def _requests_of(force: openmm.Force) -> set[str]:
    if not hasattr(force, "getNumEnergyParameterDerivatives"):
        return set()
    return {force.getEnergyParameterDerivativeName(i) for i in range(force.getNumEnergyParameterDerivatives())}


def _inside(force: openmm.Force) -> list[openmm.Force]:
    """The forces inside a CustomCVForce or an ATMForce."""
    if isinstance(force, openmm.CustomCVForce):
        inner = [force.getCollectiveVariable(index) for index in range(force.getNumCollectiveVariables())]
    elif isinstance(force, openmm.ATMForce):
        # getForce() returns objects of the base class; a copy has the class of the force.
        inner = [openmm.XmlSerializer.clone(force.getForce(index)) for index in range(force.getNumForces())]
    else:
        return []
    return [_cast(each) for each in inner]


def _inner_system(force: openmm.CustomCVForce) -> openmm.System:
    """A System of copies of the forces inside a CustomCVForce; without particles."""
    system = openmm.System()
    for inner in _inside(force):
        system.addForce(openmm.XmlSerializer.clone(inner))
    return system
