# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The methods of LearnedPairForce that set its scale, the global parameters of its function, and derivatives."""

from __future__ import annotations

from openmm import unit

from ..units import in_model_units, without_unit
from .particles import as_number
from .reported_force import ReportedForce


class ParameterSettings(ReportedForce):
    """The scale, the global parameters and the energy derivatives of a :class:`LearnedPairForce`."""

    def getScaleParameter(self) -> str:
        """Get the name of the global parameter that scales the energy, or an empty string if there is none."""
        return self._access.getScaleParameter()

    def getScaleDefaultValue(self) -> float:
        """Get the value of the scale in a new Context."""
        return self._access.getScaleDefaultValue()

    def setScaleParameter(self, name: str, defaultValue: float | unit.Quantity = 1.0) -> None:
        """Scale the energy by a global parameter.

        Parameters
        ----------
        name : str
            The name of the parameter in the Context. An empty name removes the scale.
        defaultValue : float
            The value of the parameter in a new Context, a number by which the energy is multiplied.

        Examples
        --------
        A correction for argon that is switched on by half:

        >>> import numpy as np
        >>> import openmm
        >>> import learnedpair as lp
        >>> r = np.linspace(0.25, 1.0, 301)
        >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
        >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
        >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
        >>> force.setParticleTypes([0, 0])
        >>> force.setScaleParameter("lambda_delta", 0.5)
        >>> system = openmm.System()
        >>> for particle in range(2):
        ...     index = system.addParticle(39.948)
        >>> index = system.addForce(force)
        >>> integrator = openmm.VerletIntegrator(0.002)
        >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
        >>> context.getState(energy=True).getPotentialEnergy().format("%.4f")
        '-0.0889 kJ/mol'
        >>> context.setParameter("lambda_delta", 1.0)
        >>> context.getState(energy=True).getPotentialEnergy().format("%.4f")
        '-0.1778 kJ/mol'
        """
        if not isinstance(name, str):
            raise TypeError(
                f"LearnedPairForce.setScaleParameter: the name is {name!r}; expected a string. defaultValue is the"
                " value in a new Context; change it later with context.setParameter()."
            )
        what = "LearnedPairForce.setScaleParameter"
        self._access.setScaleParameter(name, as_number(without_unit(defaultValue, f"{what}: defaultValue"), what))

    def getNumGlobalParameters(self) -> int:
        """Get the number of global parameters of the function. The scale is not counted."""
        return self._access.getNumGlobalParameters()

    def getGlobalParameterName(self, index: int) -> str:
        """Get the name of a global parameter of the function."""
        return self._access.getGlobalParameterName(index)

    def getGlobalParameterDefaultValue(self, index: int) -> float:
        """Get the value of a global parameter in a new Context."""
        return self._access.getGlobalParameterDefaultValue(index)

    def setGlobalParameterDefaultValue(self, index: int, value: float | unit.Quantity) -> None:
        """Set the value of a global parameter in a new Context.

        Parameters
        ----------
        index : int
        value : float, or Quantity
            A number in the unit that the function expects. A Quantity is converted to the units of the model, whereas
            ``context.setParameter()`` converts it to OpenMM's units; therefore give numbers to the latter.
        """
        self._access.setGlobalParameterDefaultValue(index, self._parameter_value(index, value))

    def getGlobalParameterRange(self, index: int) -> tuple[float, float]:
        """Get the range of a global parameter of the function, a tuple (low, high). A Context raises an exception if
        the value is outside of the range.
        """
        return self._access.getGlobalParameterRange(index)

    def setGlobalParameterRange(self, index: int, low: float | unit.Quantity, high: float | unit.Quantity) -> None:
        """Set the range of a global parameter of the function.

        The model was checked, and tables in its program were made, for the original range. Results outside of the
        original range are unchecked.

        Parameters
        ----------
        index : int
        low, high : float, or Quantity
            The ends of the range, in the unit that the function expects; may be infinite.

        Examples
        --------
        >>> import torch
        >>> import learnedpair as lp
        >>> class Dispersion(torch.nn.Module):
        ...     def forward(self, r, type1, type2, c6):
        ...         return -c6 / r**6
        >>> model = lp.load_model(
        ...     Dispersion(),
        ...     types=["Ar"],
        ...     global_parameters={"c6": (0.0062, 0.005, 0.007)},
        ...     cutoff=1.0,
        ...     inner_cutoff=0.3,
        ...     switching_distance=0.8,
        ... )
        >>> force = model.create_force(["Ar", "Ar"])
        >>> force.setGlobalParameterRange(0, 0.0, 0.01)
        >>> force.getGlobalParameterName(0), force.getGlobalParameterRange(0)
        ('c6', (0.0, 0.01))
        """
        self._access.setGlobalParameterRange(
            index, self._parameter_value(index, low), self._parameter_value(index, high)
        )

    def _parameter_value(self, index: int, value: float | unit.Quantity) -> float:
        """Convert the value of a global parameter to a number. A Quantity is converted to the units of the model."""
        report = self.lowering_report
        name = self.getGlobalParameterName(index)
        return as_number(
            in_model_units(name, value, report.get("length_unit", "nm"), report.get("energy_unit", "kJ/mol")),
            f"LearnedPairForce: the global parameter {name!r}",
        )

    def getNumEnergyParameterDerivatives(self) -> int:
        """Get the number of parameters for which the derivative of the energy is computed."""
        return self._access.getNumEnergyParameterDerivatives()

    def addEnergyParameterDerivative(self, name: str) -> None:
        """Request the derivative of the energy with respect to the scale or a global parameter of the function.

        A State contains the sum of the derivatives over all forces. One request is enough for every LearnedPairForce of
        the System that has this parameter. OpenMM's own forces contribute only if each of them has a request of its
        own.

        Parameters
        ----------
        name : str
            The name of the scale or of a global parameter of the function.

        Examples
        --------
        The derivative of a correction for argon with respect to its scale, which is its energy at scale 1:

        >>> import numpy as np
        >>> import openmm
        >>> import learnedpair as lp
        >>> r = np.linspace(0.25, 1.0, 301)
        >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
        >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
        >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
        >>> force.setParticleTypes([0, 0])
        >>> force.setScaleParameter("lambda_delta", 0.5)
        >>> force.addEnergyParameterDerivative("lambda_delta")
        >>> system = openmm.System()
        >>> for particle in range(2):
        ...     index = system.addParticle(39.948)
        >>> index = system.addForce(force)
        >>> integrator = openmm.VerletIntegrator(0.002)
        >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
        >>> derivatives = context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()
        >>> round(derivatives["lambda_delta"], 4)
        -0.1778
        """
        self._access.addEnergyParameterDerivative(name)

    def getEnergyParameterDerivativeName(self, index: int) -> str:
        """Get the name of a parameter for which the derivative of the energy is computed."""
        return self._access.getEnergyParameterDerivativeName(index)
