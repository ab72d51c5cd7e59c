# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""LearnedPairForce as a Python class: an openmm.Force that follows OpenMM's naming and unit conventions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import openmm
from openmm import unit

from ..units import in_nanometers
from .functions import EnvironmentFunction, Function, PairProgram, PairTable, core
from .pair_settings import PairSettings
from .parameter_settings import ParameterSettings
from .particle_settings import ParticleSettings
from .particles import as_constant, as_number


def _require_function(function: object) -> None:
    if not isinstance(function, (PairTable, PairProgram, EnvironmentFunction)):
        raise TypeError(
            f"LearnedPairForce: the function is a {type(function).__name__}; expected a PairTable, a PairProgram or an"
            " EnvironmentFunction, such as PairModel.create_force(...).getFunction()."
        )


def _distance(distance: object, what: str) -> float:
    """Convert a distance to nm."""
    return float(as_number(in_nanometers(distance, f"{what}: the distance"), what))


def _address_of(context: object) -> int:
    if not isinstance(context, openmm.Context):
        raise TypeError(f"LearnedPairForce: expected an openmm.Context, got a {type(context).__name__}.")
    return int(context.this)


class LearnedPairForce(ParticleSettings, PairSettings, ParameterSettings):
    """A learned correction between pairs of particles, added on top of any other forces.

    E = s * sum over pairs i<j in P with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    f is the pair function, r_c the cutoff, and a_i the type or the features of particle i. g are the global parameters
    of f, which are Context parameters of the same names. P is the set of pairs of two covered particles that are not
    excluded. If there are interaction groups, only their pairs count. Below the inner cutoff, f is replaced by its
    first-order Taylor expansion at the inner cutoff. S is OpenMM's quintic switching function, off by default. s is the
    scale, an optional global parameter. Exceptions are pairs with a factor of their own, in place of 1. Optionally the
    energy of a homogeneous liquid beyond the cutoff is added.

    The function may also be an EnvironmentFunction, the energy of each particle as a function of densities, which are
    sums over the pairs of P. Cutoff, inner cutoff and switching function then apply to the densities.

    Usually created by :meth:`PairModel.create_force` or :func:`add_correction`. System.getForces() and the
    XmlSerializer return generic openmm.Force objects; use :meth:`cast` to get a LearnedPairForce from them.

    Parameters
    ----------
    function : PairTable, PairProgram or EnvironmentFunction
        The pair function f. The inner cutoff is set to its ``min_distance``, and the cutoff to its ``max_distance``, or
        to 1 nm if that is infinite.

    Raises
    ------
    TypeError
        If the function is something else.

    References
    ----------
    The class of the same name in C++, plugin/include/LearnedPairForce.h.

    Examples
    --------
    A correction to the Lennard-Jones energy of two argon atoms, -0.3 kJ/mol (1 - r^2)^3 up to 1 nm:

    >>> import numpy as np
    >>> import openmm
    >>> import learnedpair as lp
    >>> from openmm import unit
    >>> r = np.linspace(0.25, 1.0, 301)
    >>> table = lp.PairTable(
    ...     num_types=1,
    ...     min_distance=0.25,
    ...     max_distance=1.0,
    ...     energies=[-0.3 * (1 - r**2) ** 3],
    ...     slopes=[1.8 * r * (1 - r**2) ** 2],
    ...     curve_indices=[0],
    ... )
    >>> system = openmm.System()
    >>> system.setDefaultPeriodicBoxVectors([3, 0, 0], [0, 3, 0], [0, 0, 3])
    >>> nonbonded = openmm.NonbondedForce()
    >>> nonbonded.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    >>> correction = lp.LearnedPairForce(table)
    >>> correction.setForceGroup(1)
    >>> for particle in range(2):
    ...     index = system.addParticle(39.948)
    ...     index = nonbonded.addParticle(0, 0.34, 0.996)
    ...     index = correction.addParticle(0)
    >>> for force in (nonbonded, correction):
    ...     index = system.addForce(force)
    >>> integrator = openmm.VerletIntegrator(2 * unit.femtosecond)
    >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
    >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
    >>> energy = context.getState(energy=True, groups={1}).getPotentialEnergy()
    >>> round(energy.value_in_unit(unit.kilojoule_per_mole), 4)
    -0.1778
    """

    NoCutoff = 0
    CutoffNonPeriodic = 1
    CutoffPeriodic = 2
    #: How a Context evaluates a program; see :meth:`setEvaluation`.
    AutomaticEvaluation = 0
    ExactEvaluation = 1
    TableEvaluation = 2

    def __init__(self, function: Function) -> None:
        _require_function(function)
        # OpenMM's Python layer creates the proxy object by deserializing a minimal force, so that it owns the C++ force
        # as it owns any other force.
        self.this = openmm.XmlSerializer.deserialize(core.prototype_xml()).this
        self._access.initialize(function)

    def __repr__(self) -> str:
        function = self.getFunction()
        if isinstance(function, PairTable):
            what = f"{len(function.energies)} curve{'s' * (len(function.energies) != 1)}"
        elif isinstance(function, EnvironmentFunction):
            what = f"{len(function.angular)} density channel{'s' * (len(function.angular) != 1)}"
        else:
            what = f"a program with {len(function.weights)} weights"
        return (
            f"<LearnedPairForce '{self.getName()}': {describe_coverage(self)}, cutoff {self.getCutoffDistance()}, "
            f"{what}, group {self.getForceGroup()}>"
        )

    def __copy__(self) -> LearnedPairForce:
        _ = self.this  # raises if the force no longer exists
        result = LearnedPairForce.cast(openmm.XmlSerializer.clone(self))
        result.__dict__.update(
            {name: copy.deepcopy(value) for name, value in self.__dict__.items() if name != "_pointer"}
        )
        return result

    @staticmethod
    def cast(force: openmm.Force) -> LearnedPairForce:
        """Convert a generic openmm.Force from a System, an XML file or a copy to a LearnedPairForce.

        Parameters
        ----------
        force : openmm.Force

        Returns
        -------
        LearnedPairForce
            A Python object for the same C++ force, not a copy.

        Raises
        ------
        TypeError
            If ``force`` is not a learned pair force.

        Examples
        --------
        >>> import openmm
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> system = openmm.System()
        >>> for mass in [15.999, 1.008, 1.008]:
        ...     index = system.addParticle(mass)
        >>> index = system.addForce(lp.load_model(WATER).create_force(["O", "H", "H"]))
        >>> loaded = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(system))
        >>> lp.LearnedPairForce.cast(loaded.getForce(0)).getParticleTypes().tolist()
        [0, 1, 1]
        """
        if not isinstance(force, openmm.Force):
            raise TypeError(f"LearnedPairForce.cast: expected an openmm.Force, got a {type(force).__name__}.")
        if not LearnedPairForce.is_learned_pair_force(force):
            raise TypeError(
                f"LearnedPairForce.cast: the force '{force.getName()}' is a {type(force).__name__}, not a"
                " LearnedPairForce."
            )
        result = LearnedPairForce.__new__(LearnedPairForce)
        result.this = force.this
        return result

    @staticmethod
    def trustForce(class_name: str) -> None:
        """State that the forces of a class never use OpenMM's nonbonded kernel on GPUs.

        Beside a force of an unknown class, such as one of another plugin, a LearnedPairForce has a kernel of its own,
        which is slower and always correct. If the statement is wrong, the creation of a Context fails or energies are
        wrong: compare them with those of the Reference platform once. It holds for all Contexts that this process
        creates afterwards.

        Parameters
        ----------
        class_name : str
            The name of the class in System XML files, such as "PlumedForce".

        Examples
        --------
        >>> import learnedpair as lp
        >>> lp.LearnedPairForce.trustForce("PlumedForce")
        """
        if not isinstance(class_name, str):
            raise TypeError(
                f"LearnedPairForce.trustForce: expected the name of a class, got a {type(class_name).__name__}."
            )
        core.trust_force(class_name)

    @staticmethod
    def converted(force: openmm.CustomNonbondedForce, inner_cutoff: float = 0.0) -> LearnedPairForce:
        """Convert a CustomNonbondedForce: the core of :func:`from_custom_nonbonded`.

        Parameters
        ----------
        force : openmm.CustomNonbondedForce
        inner_cutoff : float, nm
            0 means that it is chosen.
        """
        result = LearnedPairForce(PairTable(1, 0.0, 1.0, [[0.0, 0.0]], [[0.0, 0.0]], [0]))
        result._access.convert(int(force.this), inner_cutoff)
        return result

    @staticmethod
    def is_learned_pair_force(force: openmm.Force) -> bool:
        """Get whether :meth:`cast` accepts a force.

        Parameters
        ----------
        force : openmm.Force

        Returns
        -------
        bool

        Examples
        --------
        >>> import openmm
        >>> import learnedpair as lp
        >>> lp.LearnedPairForce.is_learned_pair_force(openmm.NonbondedForce())
        False
        """
        return core.is_learned_pair_force(int(force.this))

    def getFunction(self) -> Function:
        """Get the function: a PairTable, a PairProgram or an EnvironmentFunction."""
        return self._access.getFunction()

    def setFunction(self, function: Function) -> None:
        """Replace the pair function.

        The lowering report is cleared. The names, default values and ranges of the global parameters become those of
        the new function. An existing Context uses the new function after updateParametersInContext(), which requires a
        table of the same shape or a program of the same structure: see :meth:`PairModel.update_force`.

        Parameters
        ----------
        function : PairTable, PairProgram or EnvironmentFunction

        Raises
        ------
        TypeError
            If it is something else.
        openmm.OpenMMException
            If there are particles, and the number of features changes.

        Examples
        --------
        Another coefficient for argon atoms, in place of the first table:

        >>> import numpy as np
        >>> import learnedpair as lp
        >>> r = np.linspace(0.25, 1.0, 301)
        >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
        >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
        >>> force.setFunction(lp.PairTable(1, 0.25, 1.0, [2 * energy], [2 * slope], [0]))
        >>> round(float(force.getFunction().energies[0][0]), 3)
        -0.494
        """
        _require_function(function)
        merged = self.lowering_report.get("merged_parameters")
        if merged:
            raise ValueError(
                f"LearnedPairForce.setFunction: types that mean the same were merged when this force was converted"
                f" ({', '.join(merged)}), and another function may distinguish them; use"
                " learnedpair.update_from_custom_nonbonded(force, custom)."
            )
        self._access.setFunction(function)

    def _replace_converted_function(self, function: Function, report: dict[str, Any]) -> None:
        """Replace the pair function and the lowering report; also if types that mean the same were merged."""
        _require_function(function)
        self._access.setFunction(function)
        self.lowering_report = report

    def getNonbondedMethod(self) -> int:
        """Get the method used for long distances: NoCutoff, CutoffNonPeriodic or CutoffPeriodic."""
        return self._access.getNonbondedMethod()

    def setNonbondedMethod(self, method: int) -> None:
        """Set the method used for long distances. The default is CutoffPeriodic.

        Parameters
        ----------
        method : LearnedPairForce.NoCutoff, CutoffNonPeriodic or CutoffPeriodic

        Raises
        ------
        TypeError, ValueError
            If it is not one of these constants.
        """
        names = ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic")
        self._access.setNonbondedMethod(as_constant(method, names, "LearnedPairForce.setNonbondedMethod"))

    def getCutoffDistance(self) -> unit.Quantity:
        """Get the cutoff distance (Quantity, length)."""
        return self._access.getCutoffDistance() * unit.nanometer

    def setCutoffDistance(self, distance: float | unit.Quantity) -> None:
        """Set the cutoff distance (Quantity, or a number in nm); at most the function's ``max_distance``."""
        self._access.setCutoffDistance(_distance(distance, "LearnedPairForce.setCutoffDistance"))

    def getInnerCutoffDistance(self) -> unit.Quantity:
        """Get the inner cutoff distance (Quantity, length)."""
        return self._access.getInnerCutoffDistance() * unit.nanometer

    def setInnerCutoffDistance(self, distance: float | unit.Quantity) -> None:
        """Set the inner cutoff distance (Quantity, or a number in nm); at least the function's ``min_distance``."""
        self._access.setInnerCutoffDistance(_distance(distance, "LearnedPairForce.setInnerCutoffDistance"))

    def getUseSwitchingFunction(self) -> bool:
        """Get whether the switching function is used."""
        return self._access.getUseSwitchingFunction()

    def setUseSwitchingFunction(self, use: bool) -> None:
        """Set whether the switching function is used."""
        self._access.setUseSwitchingFunction(use)

    def getSwitchingDistance(self) -> unit.Quantity:
        """Get the distance at which the switching function begins to reduce the energy (Quantity, length)."""
        return self._access.getSwitchingDistance() * unit.nanometer

    def setSwitchingDistance(self, distance: float | unit.Quantity) -> None:
        """Set the switching distance (Quantity, or a number in nm); from the inner cutoff to less than the cutoff."""
        self._access.setSwitchingDistance(_distance(distance, "LearnedPairForce.setSwitchingDistance"))

    def getUseLongRangeCorrection(self) -> bool:
        """Get whether the energy includes a correction for pairs beyond the cutoff."""
        return self._access.getUseLongRangeCorrection()

    def setUseLongRangeCorrection(self, use: bool) -> None:
        """Set whether the energy includes a correction for pairs beyond the cutoff, which is off by default.

        It is the energy C/V that a homogeneous liquid has there, as OpenMM's CustomNonbondedForce defines it. It
        changes the energy and the pressure, and no forces. It requires CutoffPeriodic and a function that is defined at
        all distances, such as that of :func:`from_custom_nonbonded`; this is checked when a Context is created.
        """
        self._access.setUseLongRangeCorrection(use)

    def getUseDensityExclusions(self) -> bool:
        """Get whether exclusions and exceptions hold for the densities of an EnvironmentFunction."""
        return bool(self._access.getUseDensityExclusions())

    def setUseDensityExclusions(self, use: bool) -> None:
        """Set whether exclusions and exceptions hold for the densities of an EnvironmentFunction, which is the default.

        If not, excluded particles are neighbors like all others, and exclusions hold for its pair function only.
        """
        self._access.setUseDensityExclusions(use)

    def getEvaluation(self) -> int:
        """Get how a Context evaluates a program."""
        return int(self._access.getEvaluation())

    def setEvaluation(self, evaluation: int) -> None:
        """Set how a Context evaluates a program: exactly, or with tables.

        Tables have one curve for each pair of distinct particles (types or feature vectors) that may interact. They are
        made in double precision when a Context is created, and again when weights, features or global parameters
        change. The cost then does not depend on the size of the program. The setting has no effect if the function is a
        PairTable.

        Parameters
        ----------
        evaluation : LearnedPairForce.AutomaticEvaluation, ExactEvaluation or TableEvaluation
            ExactEvaluation, the default of a new force, runs the program for every pair of particles. TableEvaluation
            makes tables; if that is not possible, the Context raises an exception. AutomaticEvaluation makes tables if
            they take little time and memory, the platform computes in single precision, and neither global parameters
            nor features or weights change too often. ``getKernelInfo(context)`` tells what a Context does, and why. The
            Reference platform always evaluates exactly.

        Raises
        ------
        TypeError, ValueError
            If it is not one of these constants.

        Examples
        --------
        >>> import learnedpair as lp
        >>> force = lp.LearnedPairForce(
        ...     lp.PairProgram("v0[1] = distance\\nv1[1] = neg v0\\noutput v1", [], num_types=1, min_distance=0.1)
        ... )
        >>> force.setEvaluation(force.AutomaticEvaluation)
        >>> force.setTableTolerance(1e-5)
        >>> force.getEvaluation() == lp.LearnedPairForce.AutomaticEvaluation, force.getTableTolerance()
        (True, 1e-05)
        """
        names = ("AutomaticEvaluation", "ExactEvaluation", "TableEvaluation")
        self._access.setEvaluation(as_constant(evaluation, names, "LearnedPairForce.setEvaluation"))

    def getTableTolerance(self) -> float:
        """Get the tolerance of the tables with which a Context evaluates a program."""
        return float(self._access.getTableTolerance())

    def setTableTolerance(self, tolerance: float) -> None:
        """Set the tolerance of the tables with which a Context evaluates a program.

        Parameters
        ----------
        tolerance : float
            The force error of a table is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``. The default is 1e-4.

        Raises
        ------
        openmm.OpenMMException
            If the tolerance is not positive and finite.
        """
        self._access.setTableTolerance(as_number(tolerance, "LearnedPairForce.setTableTolerance"))

    def describe_for(self, system: openmm.System) -> dict[str, Any]:
        """Check this force for a System, and describe how a Context in single or mixed precision would evaluate it.

        The force need not belong to the System. Its tables are made for the default values of the global parameters.

        Parameters
        ----------
        system : openmm.System

        Returns
        -------
        dict
            The entries of :meth:`getKernelInfo` that describe the evaluation, and "exact_on_gpus_because": if GPUs run
            the program although the CPU platform uses tables, the reason, else an empty string.

        Raises
        ------
        OpenMMException
            If a Context with this force cannot be created.
        """
        self._access.validate(int(system.this))
        return dict(self._access.describeEvaluation(int(system.this)))

    def updateParametersInContext(self, context: openmm.Context) -> None:
        """Update an existing Context with what has changed in this force since.

        These are the types or features of the particles, the values of a table or the weights of a program, and the
        factors of exceptions.

        Parameters
        ----------
        context : openmm.Context
            A Context of a System with this force.

        Raises
        ------
        openmm.OpenMMException
            If anything else has changed. Other changes require a new Context or
            ``context.reinitialize(preserveState=True)``.

        Examples
        --------
        The second of two argon atoms is left out of the correction:

        >>> import numpy as np
        >>> import openmm
        >>> import learnedpair as lp
        >>> r = np.linspace(0.25, 1.0, 301)
        >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
        >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
        >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
        >>> force.setParticleTypes([0, 0])
        >>> system = openmm.System()
        >>> for particle in range(2):
        ...     index = system.addParticle(39.948)
        >>> index = system.addForce(force)
        >>> integrator = openmm.VerletIntegrator(0.002)
        >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
        >>> force.setParticleType(1, force.NotCovered)
        >>> force.updateParametersInContext(context)
        >>> context.getState(energy=True).getPotentialEnergy().format("%.4f")
        '0.0000 kJ/mol'
        """
        self._access.updateParametersInContext(_address_of(context))

    def getKernelInfo(self, context: openmm.Context) -> dict[str, Any]:
        """Get a description of the kernel that evaluates this force in a Context.

        Parameters
        ----------
        context : openmm.Context

        Returns
        -------
        dict
            ``platform`` : str
                The name of the platform.
            ``placement`` : str
                Where the pairs are evaluated: "all pairs" on Reference and "SIMD loop" on CPU. On GPUs one of
                "shared kernel": OpenMM's nonbonded kernel, together with other forces.
                "own kernel": a second nonbonded kernel, which is slower. It is used if this force has other exclusions
                or boundary conditions or a longer cutoff than the other forces, if the System has a force that this
                plugin does not know, or for a large program without a cutoff.
                "compacted pairs": a kernel of this plugin that compacts the pairs in range before it evaluates them. It
                is used for programs that are too large for OpenMM's nonbonded kernel, and for environment functions.
            ``neighbor_list`` : str
                "shared" (with OpenMM's other forces), "own", or "none".
            ``instruction_set`` : str
                On CPU "AVX512", "AVX2", "SSE4", "NEON" or "portable"; on other platforms empty.
            ``tensor_cores`` : bool
                Whether matrix products run on tensor cores.
            ``evaluation`` : str
                "table"; "program" if the program is run for every pair of particles; or "environment".
            ``exact_because`` : str
                If a program is run: why no tables are used. See :meth:`setEvaluation`.
            ``num_curves`` : int
                If a program is evaluated with tables, the number of their distinct curves, else 0. If the function of
                the force is a PairTable, this entry and the next three are 0: see ``lowering_report``.
            ``num_curves_made`` : int
                The number of curves that were made so far, also for other values of the global parameters.
            ``table_bytes`` : int
                The size of these tables.
            ``max_relative_force_error`` : float
                Their largest measured force error, relative to ``|F| + 1`` kJ/mol/nm.
            ``num_devices`` : int
                The number of devices that the Context uses.

        Examples
        --------
        >>> import numpy as np
        >>> import openmm
        >>> import learnedpair as lp
        >>> r = np.linspace(0.25, 1.0, 301)
        >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
        >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
        >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
        >>> force.setParticleTypes([0, 0])
        >>> system = openmm.System()
        >>> for particle in range(2):
        ...     index = system.addParticle(39.948)
        >>> index = system.addForce(force)
        >>> integrator = openmm.VerletIntegrator(0.002)
        >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
        >>> info = force.getKernelInfo(context)
        >>> info["platform"], info["placement"], info["evaluation"]
        ('Reference', 'all pairs', 'table')
        """
        return self._access.getKernelInfo(_address_of(context))


def describe_coverage(force: LearnedPairForce) -> str:
    """Describe how many particles a force covers, and how many of each type, such as "6 of 888 particles covered (Na 3,
    Cl 3)".
    """
    types = np.asarray(force.getParticleTypes())
    covered = types[types != LearnedPairForce.NotCovered]
    names = force.lowering_report.get("types")
    counts = ", ".join(f"{names[index]} {(covered == index).sum()}" for index in np.unique(covered)) if names else ""
    return f"{len(covered)} of {len(types)} particles covered{f' ({counts})' * bool(counts)}"
