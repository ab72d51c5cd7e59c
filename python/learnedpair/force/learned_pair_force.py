# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""LearnedPairForce as a Python class: an openmm.Force that follows OpenMM's naming and unit conventions."""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import openmm
from numpy.typing import ArrayLike, NDArray
from openmm import unit
from openmm.app import Atom

from ..units import in_model_units, in_nanometers, without_unit
from .functions import PairProgram, PairTable, core
from .lifetime import GuardedForce
from .particles import as_constant, as_index, as_number, as_pairs, as_type, as_types, feature_rows


def _require_function(function: object) -> None:
    if not isinstance(function, (PairTable, PairProgram)):
        raise TypeError(
            f"LearnedPairForce: the function is a {type(function).__name__}; expected a PairTable or a PairProgram,"
            " such as PairModel.create_force(...).getFunction()."
        )


def _as_sets(set1: Iterable[int], set2: Iterable[int], what: str) -> tuple[set[int], set[int]]:
    """Convert the indices of an interaction group."""
    return {as_index(i, what) for i in set1}, {as_index(i, what) for i in set2}


def _distance(distance: object, what: str) -> float:
    """Convert a distance to nm."""
    return float(as_number(in_nanometers(distance, f"{what}: the distance"), what))


def _address_of(context: object) -> int:
    if not isinstance(context, openmm.Context):
        raise TypeError(f"LearnedPairForce: expected an openmm.Context, got a {type(context).__name__}.")
    return int(context.this)


class LearnedPairForce(GuardedForce):
    """A learned correction between pairs of particles, added on top of any other forces.

    E = s * sum over pairs i<j in P with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    f is the pair function, r_c the cutoff, and a_i the type or the features of particle i. g are the global parameters
    of f, which are Context parameters of the same names. P is the set of pairs of two covered particles that are not
    excluded. If there are interaction groups, only their pairs count. Below the inner cutoff, f is replaced by its
    first-order Taylor expansion at the inner cutoff. S is OpenMM's quintic switching function, off by default. s is the
    scale, an optional global parameter. Exceptions are pairs with a factor of their own, in place of 1. Optionally the
    energy of a homogeneous liquid beyond the cutoff is added.

    Usually created by :meth:`PairModel.create_force` or :func:`add_correction`. System.getForces() and the
    XmlSerializer return generic openmm.Force objects; use :meth:`cast` to get a LearnedPairForce from them.

    Parameters
    ----------
    function : PairTable or PairProgram
        The pair function f. The inner cutoff is set to its ``min_distance``, and the cutoff to its ``max_distance``, or
        to 1 nm if that is infinite.

    Source
    ------
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
    #: The type of a particle that the function does not cover: it does not interact through this force.
    NotCovered = -1

    def __init__(self, function: PairTable | PairProgram) -> None:
        _require_function(function)
        # OpenMM's Python layer creates the proxy object by deserializing a minimal force, so that it owns the C++ force
        # as it owns any other force.
        self.this = openmm.XmlSerializer.deserialize(core.prototype_xml()).this
        self._access.initialize(function)

    def __repr__(self) -> str:
        function = self.getFunction()
        what = (
            f"{len(function.energies)} curve{'s' * (len(function.energies) != 1)}"
            if isinstance(function, PairTable)
            else f"a program with {len(function.weights)} weights"
        )
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

    @property
    def _access(self) -> Any:
        return core.force_at(int(self.this))

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
        """Get whether :meth:`cast` accepts a force."""
        return core.is_learned_pair_force(int(force.this))

    def getFunction(self) -> PairTable | PairProgram:
        """Get the pair function, a PairTable or a PairProgram."""
        return self._access.getFunction()

    def setFunction(self, function: PairTable | PairProgram) -> None:
        """Replace the pair function.

        The lowering report is cleared. The names, default values and ranges of the global parameters become those of
        the new function. An existing Context uses the new function after updateParametersInContext(), which requires a
        table of the same shape or a program of the same structure: see :meth:`PairModel.update_force`.

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

    def _replace_converted_function(self, function: PairTable | PairProgram, report: dict[str, Any]) -> None:
        """Replace the pair function and the lowering report; also if types that mean the same were merged."""
        _require_function(function)
        self._access.setFunction(function)
        self.lowering_report = report

    def getNumParticles(self) -> int:
        """Get the number of particles; it must equal the number of particles in the System."""
        return self._access.getNumParticles()

    def addParticle(self, particle: int | ArrayLike | None) -> int:
        """Add a particle. Particles are added in the order in which they appear in the System.

        Parameters
        ----------
        particle : int, or sequence of float, or None
            The type of the particle, or its features if the function takes features. None if the particle is not
            covered; with types also NotCovered.

        Returns
        -------
        int
            The index of the particle.

        Raises
        ------
        TypeError
            If the type is not an integer, or the features are not the right number of real numbers.
        ValueError
            If a feature is NaN or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(["O", "H", "H"])
        >>> force.addParticle(0)  # the oxygen atom of another molecule
        3
        >>> force.addParticle(None)  # an ion that the model does not cover
        4
        >>> force.getParticleTypes().tolist()
        [0, 1, 1, 0, -1]
        """
        if self.getNumFeatures() > 0:
            return self._access.addParticle(self._row(self.getNumParticles(), particle))
        return self._access.addParticle(self.NotCovered if particle is None else as_type(particle, "addParticle"))

    def _row(self, index: int, features: ArrayLike | None) -> list[float]:
        """Convert the features of one particle to a list, which is empty for None."""
        rows, covered = feature_rows([features], self.getNumFeatures(), first=index)
        if features is not None and not covered[0]:
            raise ValueError(
                f"LearnedPairForce: the features of particle {index} are NaN; give None for a particle that is not"
                " covered."
            )
        return rows[0].tolist() if covered[0] else []

    def getParticleType(self, index: int) -> int:
        """Get the type of a particle (int)."""
        return self._access.getParticleType(index)

    def setParticleType(self, index: int, type: int) -> None:
        """Set the type of a particle (int, or NotCovered)."""
        self._access.setParticleType(index, as_type(type, "setParticleType"))

    def getParticleTypes(self) -> NDArray[np.int32]:
        """Get the types of all particles, an ndarray of shape (n_particles,)."""
        return self._access.getParticleTypes()

    def setParticleTypes(self, types: ArrayLike) -> None:
        """Set the types of all particles at once. Existing particles are replaced; their number may change.

        Parameters
        ----------
        types : array of int, shape (n_particles,)
            NotCovered (-1) for particles that are not covered.
        """
        self._access.setParticleTypes(as_types(types))

    def getNumFeatures(self) -> int:
        """Get the number of features per particle; 0 if the function takes types."""
        return self.getFunction().num_features

    def getParticleFeatures(self, index: int) -> NDArray[np.float64] | None:
        """Get the features of a particle, an ndarray of shape (n_features,), or None if it is not covered."""
        row = self._access.getParticleFeatures(index)
        return np.array(row) if row else None

    def setParticleFeatures(self, index: int, features: ArrayLike | None) -> None:
        """Set the features of a particle.

        Parameters
        ----------
        index : int
        features : sequence of float, or None
            None if the particle is not covered.

        Raises
        ------
        TypeError
            If ``features`` are not the right number of real numbers.
        ValueError
            If a feature is NaN or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
        >>> model = lp.load_model(network, features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
        >>> force = model.create_force([[-0.8], [0.4], [0.4]])
        >>> force.setParticleFeatures(0, [-0.9])
        >>> force.setParticleFeatures(2, None)
        >>> force.getAllParticleFeatures().tolist()
        [[-0.9], [0.4], [nan]]
        """
        index = operator.index(index)
        self._access.setParticleFeatures(index, self._row(index, features))

    def getAllParticleFeatures(self) -> NDArray[np.float64]:
        """Get the features of all particles, an ndarray of shape (n_particles, n_features). Rows of particles that are
        not covered are NaN.
        """
        rows = self._access.getAllParticleFeatures().reshape(self.getNumParticles(), self.getNumFeatures())
        rows[self.getParticleTypes() == self.NotCovered] = np.nan
        return rows

    def setAllParticleFeatures(self, features: ArrayLike | Sequence[ArrayLike | None]) -> None:
        """Set the features of all particles at once. Existing particles are replaced; their number may change.

        Parameters
        ----------
        features : array, shape (n_particles, n_features), or sequence with a row or None for each particle
            None for particles that are not covered. A row of NaN, which getAllParticleFeatures() returns for an
            uncovered particle, leaves an uncovered particle uncovered. It is refused for a covered particle; to uncover
            one, give None.

        Raises
        ------
        TypeError
            If a row is not the right number of real numbers.
        ValueError
            If a feature of a covered particle is NaN, or outside of the range of the function.

        Examples
        --------
        >>> import learnedpair as lp
        >>> network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
        >>> model = lp.load_model(network, features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
        >>> force = model.create_force([[-0.8], [0.4], [0.4], None])
        >>> force.setAllParticleFeatures([[-0.9], [0.45], [0.45], None])
        >>> force.getAllParticleFeatures().tolist()
        [[-0.9], [0.45], [0.45], [nan]]
        """
        rows, covered = feature_rows(features, self.getNumFeatures())
        was_covered = self.getParticleTypes() != self.NotCovered
        for i in np.flatnonzero(np.isnan(rows).all(axis=1)).tolist():
            if i < len(was_covered) and was_covered[i]:
                raise ValueError(
                    f"LearnedPairForce: the features of particle {i} are NaN, and it is covered; give None for"
                    " particles that are not to be covered any more."
                )
        self._access.setAllParticleFeatures(rows.ravel(), covered.tolist())

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

    def getNumExclusions(self) -> int:
        """Get the number of excluded pairs."""
        return self._access.getNumExclusions()

    def addExclusion(self, particle1: int, particle2: int) -> int:
        """Exclude a pair of particles. Returns the index of the exclusion."""
        what = "LearnedPairForce.addExclusion"
        return self._access.addExclusion(as_index(particle1, what), as_index(particle2, what))

    def addExclusions(self, pairs: Iterable[Sequence[int]] | NDArray[np.integer]) -> None:
        """Exclude many pairs of particles at once.

        Parameters
        ----------
        pairs : array of int, shape (n, 2), or iterable of (int, int)

        Raises
        ------
        TypeError
            If they are no pairs of integers.
        ValueError
            If an index does not fit into 32 bits.
        """
        self._access.addExclusions(as_pairs(pairs, "LearnedPairForce.addExclusions"))

    def getExclusionParticles(self, index: int) -> tuple[int, int]:
        """Get the two particles of an exclusion, as a tuple."""
        return self._access.getExclusionParticles(index)

    def setExclusionParticles(self, index: int, particle1: int, particle2: int) -> None:
        """Set the two particles of an exclusion."""
        what = "LearnedPairForce.setExclusionParticles"
        self._access.setExclusionParticles(index, as_index(particle1, what), as_index(particle2, what))

    def getNumExceptions(self) -> int:
        """Get the number of exceptions."""
        return self._access.getNumExceptions()

    def addException(self, particle1: int, particle2: int, factor: float, replace: bool = False) -> int:
        """Give a pair of particles a factor of its own, in place of the 1 of all other pairs.

        It is used for scaled 1-4 pairs. An exception contributes only below the cutoff, between covered particles, and
        if the interaction groups allow it. Unless it is replaced, the pair must not have an exclusion or another
        exception, which is checked when a Context is created.

        Parameters
        ----------
        particle1, particle2 : int
            The indices of the particles.
        factor : float
            It multiplies the energy of the pair; 0 excludes the pair.
        replace : bool
            Whether the exception replaces what the pair has already: its exclusion, which is removed, so that the
            indices of later exclusions change, or its exception, whose factor changes.

        Returns
        -------
        int
            The index of the exception.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(["O", "H", "H", "O"])
        >>> force.addException(0, 3, 0.5)
        0
        >>> force.getExceptionParameters(0)
        (0, 3, 0.5)
        """
        what = "LearnedPairForce.addException"
        return self._access.addException(
            as_index(particle1, what),
            as_index(particle2, what),
            as_number(factor, f"{what}: the factor"),
            bool(replace),
        )

    def addExceptions(
        self, pairs: Iterable[Sequence[int]] | NDArray[np.integer], factors: float | ArrayLike, replace: bool = False
    ) -> None:
        """Give many pairs of particles factors of their own at once.

        Parameters
        ----------
        pairs : array of int, shape (n, 2), or iterable of (int, int)
        factors : float, or array, shape (n,)
            The factor of each pair, or one factor for all of them.
        replace : bool
            As in :meth:`addException`.

        Raises
        ------
        TypeError
            If the pairs are no pairs of integers.
        ValueError
            If an index does not fit into 32 bits, or if the factors are no numbers, or not one for each pair.
        """
        what = "LearnedPairForce.addExceptions"
        array = as_pairs(pairs, what)
        try:
            each = np.asarray(factors, dtype=float)
        except (TypeError, ValueError):
            each = np.empty((0, 0))
        if each.shape not in ((), (len(array),)):
            raise ValueError(
                f"{what}: the factors are {factors!r:.60}; expected a number, or one for each of {len(array)} pairs."
            )
        self._access.addExceptions(array, np.broadcast_to(each, len(array)).tolist(), bool(replace))

    def getExceptionParameters(self, index: int) -> tuple[int, int, float]:
        """Get the two particles and the factor of an exception, as a tuple."""
        return self._access.getExceptionParameters(index)

    def setExceptionParameters(self, index: int, particle1: int, particle2: int, factor: float) -> None:
        """Set the two particles and the factor of an exception.

        :meth:`updateParametersInContext` copies the factor to an existing Context; it cannot change the particles.
        """
        what = "LearnedPairForce.setExceptionParameters"
        self._access.setExceptionParameters(
            index, as_index(particle1, what), as_index(particle2, what), as_number(factor, f"{what}: the factor")
        )

    def createExclusionsFromBonds(self, bonds: Iterable[Sequence[int | Atom]], bondCutoff: int) -> None:
        """Exclude all pairs of particles that are connected by a few bonds. Existing exclusions are kept.

        Parameters
        ----------
        bonds : iterable of (int, int), or of pairs of atoms such as topology.bonds()
        bondCutoff : int
            Pairs separated by this number of bonds or fewer are excluded.

        Examples
        --------
        The hydrogen atoms of a water molecule are two bonds apart:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> from openmm import app
        >>> water = app.Modeller(app.Topology(), [])
        >>> water.addSolvent(app.ForceField("amber14/tip3p.xml"), numAdded=10)
        >>> force = lp.load_model(WATER).create_force(10 * ["O", "H", "H"])
        >>> force.createExclusionsFromBonds(water.topology.bonds(), 2)
        >>> force.getNumExclusions()
        30
        """
        pairs = [[atom.index if isinstance(atom, Atom) else atom for atom in bond[:2]] for bond in bonds]
        what = "LearnedPairForce.createExclusionsFromBonds"
        self._access.createExclusionsFromBonds(as_pairs(pairs, what).tolist(), bondCutoff)

    def getNumInteractionGroups(self) -> int:
        """Get the number of interaction groups."""
        return self._access.getNumInteractionGroups()

    def addInteractionGroup(self, set1: Iterable[int], set2: Iterable[int]) -> int:
        """Add an interaction group.

        Without interaction groups, all pairs interact. With them, only pairs with one particle in the first set and the
        other in the second set of at least one group interact. A pair that belongs to several groups counts once.

        Parameters
        ----------
        set1, set2 : iterable of int
            Indices of particles.

        Returns
        -------
        int
            The index of the group.

        Examples
        --------
        Only pairs of the first of ten water molecules with the others:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(10 * ["O", "H", "H"])
        >>> force.addInteractionGroup(range(3), range(3, 30))
        0
        """
        what = "LearnedPairForce.addInteractionGroup"
        self._require_changeable_groups(what)
        return self._access.addInteractionGroup(*_as_sets(set1, set2, what))

    def getInteractionGroupParameters(self, index: int) -> tuple[set[int], set[int]]:
        """Get the two sets of an interaction group, as a tuple."""
        return self._access.getInteractionGroupParameters(index)

    def setInteractionGroupParameters(self, index: int, set1: Iterable[int], set2: Iterable[int]) -> None:
        """Set the two sets of an interaction group."""
        what = "LearnedPairForce.setInteractionGroupParameters"
        self._require_changeable_groups(what)
        self._access.setInteractionGroupParameters(index, *_as_sets(set1, set2, what))

    def _require_changeable_groups(self, what: str) -> None:
        """Refuse to change groups that the function of a converted force counts."""
        function = self.getFunction()
        if isinstance(function, PairProgram) and core.GROUP_FEATURE in function.feature_ranges:
            raise ValueError(
                f"{what}: a pair of this force counts once for each of its interaction groups, as in the"
                " CustomNonbondedForce from which it was converted, and the function knows the groups; change those of"
                " the CustomNonbondedForce, and convert it again."
            )

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
            The value of the parameter in a new Context.

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
            The ends of the range; may be infinite.

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

    @property
    def lowering_report(self) -> dict[str, Any]:
        """The origin and accuracy of the function, as a dict; empty for a function that was not made from a model.

        The report is copied and serialized with the force. Its entries are

        ``representation`` : str
            "table" or "program".
        ``model``, ``digest``, ``description`` : str
            The name, the SHA-256 digest and the description of the model.
        ``members`` : list of dict
            The names and digests of the members, as ``model`` and ``digest``, if the model is a committee.
        ``domain_nm`` : list of float
            The inner cutoff and the cutoff of the model, in nm.
        ``domain`` : list or None
            The training domain in nm: for a model of types a list of [type, type, low, high], for a model with features
            [low, high]. Pairs of types that are not in the list have no training data. None if it is not known.
        ``truncated`` : bool
            Whether the model is cut off at its cutoff on purpose.
        ``tolerance`` : float or None
            The tolerance of the table; None for a program without a table.
        ``max_relative_force_error``, ``max_energy_error`` : float
            The largest force error, relative to |F| + 1 kJ/mol/nm, and the largest energy error, in kJ/mol. They are
            measured between the knots of a table, or at sampled pairs, distances and global parameters for a program.
        ``types`` : list of str
            The names of the types, unless the model takes features.

        Only for a table:

        ``max_force_error``, ``rms_force_error``, ``rms_energy_error`` : float
            In kJ/mol/nm and kJ/mol.
        ``curves``, ``knots``, ``bytes`` : int
            The number of distinct curves, the number of all their knots, and their size in single precision.

        Only for a program:

        ``features``, ``feature_ranges`` : list of str, dict
            The names of the features and their ranges, if the model takes features.
        ``global_parameters``, ``global_parameter_ranges`` : dict
            The default values and the ranges of the global parameters.
        ``length_unit``, ``energy_unit`` : str
            The units of the model, to which Quantities of global parameters are converted.
        ``radial_knots`` : int
            The number of knots of the tabulated radial part; 0 without one.
        ``weights``, ``multiply_adds_per_pair`` : int
            The number of weights, and the cost of a pair.
        """
        text = self._access.getReport()
        try:
            report = json.loads(text or "{}")
        except ValueError:
            report = None
        return report if isinstance(report, dict) else {"text": text}

    @lowering_report.setter
    def lowering_report(self, report: dict[str, Any]) -> None:
        if not isinstance(report, dict):
            raise TypeError(f"LearnedPairForce.lowering_report: got a {type(report).__name__}; expected a dict.")
        self._access.setReport(json.dumps(report))

    def describe_for(self, system: openmm.System) -> dict[str, Any]:
        """Check this force for a System, and describe how a Context in single or mixed precision would evaluate it.

        The force need not belong to the System. Its tables are made for the default values of the global parameters.

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
        """Update an existing Context with the types or features of the particles, and with the values of a table or the
        weights of a program.

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
                is used for programs that are too large for OpenMM's nonbonded kernel.
            ``neighbor_list`` : str
                "shared" (with OpenMM's other forces), "own", or "none".
            ``instruction_set`` : str
                On CPU "AVX512", "AVX2", "SSE4" or "portable"; on other platforms empty.
            ``tensor_cores`` : bool
                Whether matrix products run on tensor cores.
            ``evaluation`` : str
                "table", or "program" if the program is run for every pair of particles.
            ``exact_because`` : str
                If a program is run: why no tables are used. See :meth:`setEvaluation`.
            ``num_curves`` : int
                The number of distinct curves of the tables that evaluate a program, else 0.
            ``num_curves_made`` : int
                The number of curves that were made so far, also for other values of the global parameters.
            ``table_bytes`` : int
                The size of these tables.
            ``max_relative_force_error`` : float
                Their largest measured force error, relative to |F| + 1 kJ/mol/nm.
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
