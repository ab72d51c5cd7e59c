# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""LearnedPairForce as a Python class: a real openmm.Force, with OpenMM's names, units and manners."""

import copy
import json
import operator

import numpy as np
import openmm
from openmm import unit
from openmm.app import Atom

from ..units import in_md_units, in_model_units, in_nanometers
from .functions import PairProgram, PairTable, core
from .lifetime import GuardedForce
from .particles import as_type, as_types, feature_rows


def _require_function(function):
    if not isinstance(function, (PairTable, PairProgram)):
        raise TypeError(
            f"LearnedPairForce: the function is a {type(function).__name__}; expected a PairTable or a PairProgram,"
            " such as PairModel.create_force(...).getFunction()."
        )


def _address_of(context):
    if not isinstance(context, openmm.Context):
        raise TypeError(f"LearnedPairForce: expected an openmm.Context, got a {type(context).__name__}.")
    return int(context.this)


class LearnedPairForce(GuardedForce):
    """A learned correction between pairs of particles, added on top of any other forces.

    E = s * sum over pairs i<j of P with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    f is the pair function, a_i the type or the features of a particle, g the function's global parameters, which are
    those of the Context by the same names. P holds the pairs that are not excluded, are allowed by the interaction
    groups if there are any, and have two particles that the function covers. Below the inner cutoff f is replaced by
    its first-order Taylor expansion there. S is OpenMM's quintic switching function, off by default; s an optional
    global parameter.

    Usually made by :meth:`PairModel.create_force` or :func:`add_correction`. Forces that come back from a System are
    OpenMM's generic objects: :meth:`cast` makes them LearnedPairForces again.

    Parameters
    ----------
    function : PairTable or PairProgram
        The inner cutoff is set to its shortest distance, the cutoff to its longest, or to 1 nm for a program, which has
        none.

    Source
    ------
    The class of the same name in C++, plugin/include/LearnedPairForce.h.
    """

    NoCutoff = 0
    CutoffNonPeriodic = 1
    CutoffPeriodic = 2
    #: The type of a particle that takes no part in this force.
    NotCovered = -1

    def __init__(self, function):
        _require_function(function)
        # OpenMM makes the proxy object, from a force with next to nothing in it, so that it owns it like any other
        # force.
        self.this = openmm.XmlSerializer.deserialize(core.prototype_xml()).this
        self._access.initialize(function)

    def __repr__(self):
        function = self.getFunction()
        what = (
            f"{len(function.energies)} curves"
            if isinstance(function, PairTable)
            else f"a program with {len(function.weights)} weights"
        )
        return (
            f"<LearnedPairForce '{self.getName()}': {describe_coverage(self)}, cutoff {self.getCutoffDistance()}, "
            f"{what}, group {self.getForceGroup()}>"
        )

    def __copy__(self):
        _ = self.this  # raises if the force no longer exists
        result = LearnedPairForce.cast(openmm.XmlSerializer.clone(self))
        result.__dict__.update(
            {name: copy.deepcopy(value) for name, value in self.__dict__.items() if name != "_pointer"}
        )
        return result

    @property
    def _access(self):
        return core.force_at(int(self.this))

    @staticmethod
    def cast(force):
        """Get a force that came out of a System, an XML file or a copy as a LearnedPairForce.

        Parameters
        ----------
        force : openmm.Force

        Returns
        -------
        LearnedPairForce
            The same force, not a copy.

        Raises
        ------
        TypeError
            If it is another kind of force.
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
    def is_learned_pair_force(force):
        """Get whether a force can be cast."""
        return core.is_learned_pair_force(int(force.this))

    def getFunction(self):
        """Get the pair function, a PairTable or a PairProgram."""
        return self._access.getFunction()

    def setFunction(self, function):
        """Replace the pair function, and clear the lowering report; default values of global parameters become the new
        function's. In an existing Context this needs updateParametersInContext(), and a table of the same shape or a
        program of the same structure: see :meth:`PairModel.update_force`.
        """
        _require_function(function)
        self._access.setFunction(function)

    def getNumParticles(self):
        """Get the number of particles; it must equal that of the System."""
        return self._access.getNumParticles()

    def addParticle(self, particle):
        """Add a particle, and get its index.

        Parameters
        ----------
        particle : int, or sequence of float, or None
            The type; or the features, if the function takes features. NotCovered, or None, if it takes no part.
        """
        if self.getNumFeatures() > 0:
            return self._access.addParticle(self._row(self.getNumParticles(), particle))
        return self._access.addParticle(self.NotCovered if particle is None else as_type(particle, "addParticle"))

    def _row(self, index, features):
        """The features of one particle as a list, empty for None."""
        rows, covered = feature_rows([features], self.getNumFeatures(), first=index)
        if features is not None and not covered[0]:
            raise ValueError(
                f"LearnedPairForce: the features of particle {index} are NaN; give None for a particle that is not"
                " covered."
            )
        return rows[0].tolist() if covered[0] else []

    def getParticleType(self, index):
        """Get the type of a particle (int)."""
        return self._access.getParticleType(index)

    def setParticleType(self, index, type):
        """Set the type of a particle (int, or NotCovered)."""
        self._access.setParticleType(index, as_type(type, "setParticleType"))

    def getParticleTypes(self):
        """Get the types of all particles, an ndarray of shape (n_particles,)."""
        return self._access.getParticleTypes()

    def setParticleTypes(self, types):
        """Set the types of all particles at once, replacing all particles there were.

        Parameters
        ----------
        types : array of int, shape (n_particles,)
            NotCovered (-1) for particles that take no part.
        """
        self._access.setParticleTypes(as_types(types))

    def getNumFeatures(self):
        """Get the number of features that the function takes of each particle; 0 if it takes types."""
        return self.getFunction().num_features

    def getParticleFeatures(self, index):
        """Get the features of a particle, an ndarray of shape (n_features,), or None if it is not covered."""
        row = self._access.getParticleFeatures(index)
        return np.array(row) if row else None

    def setParticleFeatures(self, index, features):
        """Set the features of a particle.

        Parameters
        ----------
        index : int
        features : sequence of float, or None
            None if the particle is not covered.

        Raises
        ------
        ValueError
            If there are too few or too many, or one is NaN or outside of the range that the function was made for.
        """
        index = operator.index(index)
        self._access.setParticleFeatures(index, self._row(index, features))

    def getAllParticleFeatures(self):
        """Get the features of all particles, an ndarray of shape (n_particles, n_features); NaN for those that are not
        covered.
        """
        rows = self._access.getAllParticleFeatures().reshape(self.getNumParticles(), self.getNumFeatures())
        rows[self.getParticleTypes() == self.NotCovered] = np.nan
        return rows

    def setAllParticleFeatures(self, features):
        """Set the features of all particles at once, replacing all particles there were.

        Parameters
        ----------
        features : array, shape (n_particles, n_features), or sequence with a row or None for each particle
            None for particles that are not covered. getAllParticleFeatures() returns a row of NaN for these; such a row
            is accepted for particles that are not covered already, and is an error for covered ones.

        Raises
        ------
        ValueError
            If a feature of a covered particle is NaN, or outside of the range that the function was made for.
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

    def getNonbondedMethod(self):
        """Get the method used for long distances: NoCutoff, CutoffNonPeriodic or CutoffPeriodic."""
        return self._access.getNonbondedMethod()

    def setNonbondedMethod(self, method):
        """Set the method used for long distances. The default is CutoffPeriodic."""
        self._access.setNonbondedMethod(method)

    def getCutoffDistance(self):
        """Get the cutoff distance (Quantity, length)."""
        return self._access.getCutoffDistance() * unit.nanometer

    def setCutoffDistance(self, distance):
        """Set the cutoff distance (Quantity, or a number in nm); at most where the function ends."""
        self._access.setCutoffDistance(float(in_nanometers(distance)))

    def getInnerCutoffDistance(self):
        """Get the inner cutoff distance (Quantity, length)."""
        return self._access.getInnerCutoffDistance() * unit.nanometer

    def setInnerCutoffDistance(self, distance):
        """Set the inner cutoff distance (Quantity, or a number in nm); at least where the function begins."""
        self._access.setInnerCutoffDistance(float(in_nanometers(distance)))

    def getUseSwitchingFunction(self):
        """Get whether the switching function is used."""
        return self._access.getUseSwitchingFunction()

    def setUseSwitchingFunction(self, use):
        """Set whether the switching function is used."""
        self._access.setUseSwitchingFunction(use)

    def getSwitchingDistance(self):
        """Get the distance at which the switching function begins to reduce the energy (Quantity, length)."""
        return self._access.getSwitchingDistance() * unit.nanometer

    def setSwitchingDistance(self, distance):
        """Set the switching distance (Quantity, or a number in nm), between the inner cutoff and the cutoff."""
        self._access.setSwitchingDistance(float(in_nanometers(distance)))

    def getNumExclusions(self):
        """Get the number of excluded pairs."""
        return self._access.getNumExclusions()

    def addExclusion(self, particle1, particle2):
        """Exclude a pair of particles, and get the index of the exclusion."""
        return self._access.addExclusion(particle1, particle2)

    def addExclusions(self, pairs):
        """Exclude many pairs of particles at once.

        Parameters
        ----------
        pairs : array of int, shape (n, 2), or sequence of pairs
        """
        pairs = np.asarray(pairs if len(pairs) else np.empty((0, 2), np.int32))
        if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
            raise TypeError(
                f"LearnedPairForce.addExclusions: got an array of {pairs.dtype} with shape {pairs.shape}; expected"
                " integers with shape (n, 2)."
            )
        self._access.addExclusions(pairs)

    def getExclusionParticles(self, index):
        """Get the two particles of an exclusion, as a tuple."""
        return self._access.getExclusionParticles(index)

    def setExclusionParticles(self, index, particle1, particle2):
        """Set the two particles of an exclusion."""
        self._access.setExclusionParticles(index, particle1, particle2)

    def createExclusionsFromBonds(self, bonds, bondCutoff):
        """Exclude all pairs that are connected by few bonds.

        Parameters
        ----------
        bonds : iterable of (int, int), or of pairs of atoms as topology.bonds() gives them
        bondCutoff : int
            Pairs separated by this number of bonds or fewer are excluded.
        """
        pairs = [
            tuple(atom.index if isinstance(atom, Atom) else operator.index(atom) for atom in bond[:2]) for bond in bonds
        ]
        self._access.createExclusionsFromBonds(pairs, bondCutoff)

    def getNumInteractionGroups(self):
        """Get the number of interaction groups."""
        return self._access.getNumInteractionGroups()

    def addInteractionGroup(self, set1, set2):
        """Add an interaction group, and get its index. If there is any, only pairs with one particle in the first set
        and the other in the second set of some group interact; a pair in several groups counts once."""
        return self._access.addInteractionGroup({operator.index(i) for i in set1}, {operator.index(i) for i in set2})

    def getInteractionGroupParameters(self, index):
        """Get the two sets of an interaction group, as a tuple."""
        return self._access.getInteractionGroupParameters(index)

    def setInteractionGroupParameters(self, index, set1, set2):
        """Set the two sets of an interaction group."""
        self._access.setInteractionGroupParameters(
            index, {operator.index(i) for i in set1}, {operator.index(i) for i in set2}
        )

    def getScaleParameter(self):
        """Get the name of the global parameter s, or an empty string if there is none."""
        return self._access.getScaleParameter()

    def getScaleDefaultValue(self):
        """Get the value of s in a new Context."""
        return self._access.getScaleDefaultValue()

    def setScaleParameter(self, name, defaultValue=1.0):
        """Multiply the energy by a global parameter of the Context; an empty name removes it."""
        if not isinstance(name, str):
            raise TypeError(
                f"LearnedPairForce.setScaleParameter: the name is {name!r}; expected a string. The value is the default"
                " value, and is changed by context.setParameter()."
            )
        self._access.setScaleParameter(name, float(in_md_units(defaultValue)))

    def getNumGlobalParameters(self):
        """Get the number of global parameters of the function; the scale is not one of them."""
        return self._access.getNumGlobalParameters()

    def getGlobalParameterName(self, index):
        """Get the name of a global parameter of the function."""
        return self._access.getGlobalParameterName(index)

    def getGlobalParameterDefaultValue(self, index):
        """Get the value of a global parameter in a new Context."""
        return self._access.getGlobalParameterDefaultValue(index)

    def setGlobalParameterDefaultValue(self, index, value):
        """Set the value of a global parameter in a new Context: the number that the function takes, or a Quantity,
        which is converted to the units of the model. (``context.setParameter()`` converts Quantities to OpenMM's units:
        give it numbers.)
        """
        self._access.setGlobalParameterDefaultValue(index, self._parameter_value(index, value))

    def getGlobalParameterRange(self, index):
        """Get the range of a global parameter of the function, a tuple (low, high): outside of it a Context refuses to
        compute.
        """
        return self._access.getGlobalParameterRange(index)

    def setGlobalParameterRange(self, index, low, high):
        """Set the range of a global parameter of the function. The function was checked, and tables in it were made,
        for the range that it came with.
        """
        self._access.setGlobalParameterRange(
            index, self._parameter_value(index, low), self._parameter_value(index, high)
        )

    def _parameter_value(self, index, value):
        """The number of a global parameter, of a Quantity in the units that the model was written in."""
        report = self.lowering_report
        return float(
            in_model_units(
                self.getGlobalParameterName(index),
                value,
                report.get("length_unit", "nm"),
                report.get("energy_unit", "kJ/mol"),
            )
        )

    def getNumEnergyParameterDerivatives(self):
        """Get the number of parameters with respect to which the derivative of the energy is computed."""
        return self._access.getNumEnergyParameterDerivatives()

    def addEnergyParameterDerivative(self, name):
        """Ask for the derivative of the energy with respect to the scale or a global parameter of the function.

        A State holds the sum over all forces. Every LearnedPairForce of the System that has this parameter adds its
        part, whether it was asked or not; OpenMM's own forces must each be asked.
        """
        self._access.addEnergyParameterDerivative(name)

    def getEnergyParameterDerivativeName(self, index):
        """Get the name of a parameter with respect to which the derivative of the energy is computed."""
        return self._access.getEnergyParameterDerivativeName(index)

    @property
    def lowering_report(self):
        """Where the function came from and how accurate it is: a dict, empty for a function that was made by hand.

        :func:`learnedpair.lowering.tables.lower_to_table` and :func:`learnedpair.lowering.programs.lower_to_program`
        list its entries. It travels with the force and its XML.
        """
        text = self._access.getReport()
        try:
            report = json.loads(text or "{}")
        except ValueError:
            report = None
        return report if isinstance(report, dict) else {"text": text}

    @lowering_report.setter
    def lowering_report(self, report):
        if not isinstance(report, dict):
            raise TypeError(f"LearnedPairForce.lowering_report: got a {type(report).__name__}; expected a dict.")
        self._access.setReport(json.dumps(report))

    def updateParametersInContext(self, context):
        """Copy the particles' types or features and the numbers of the function (a table's values, a program's weights)
        to a Context that exists already.

        Raises
        ------
        openmm.OpenMMException
            If something else has changed, which needs a new Context or context.reinitialize(preserveState=True).
        """
        self._access.updateParametersInContext(_address_of(context))

    def getKernelInfo(self, context):
        """Get what evaluates this force in a Context.

        Parameters
        ----------
        context : openmm.Context

        Returns
        -------
        dict
            ``platform`` : str
                The name of the platform.
            ``placement`` : str
                Where the pairs are evaluated: "all pairs" (Reference), "SIMD loop" (CPU), or on GPUs "shared kernel",
                OpenMM's own nonbonded kernel together with other forces; "own kernel", another one, which is slower,
                since the cutoff, exclusions or boundary conditions of the other forces, or a force unknown to this
                plugin, do not allow to share; or "compacted pairs", a kernel of this plugin for programs that are too
                large to share, which compacts the pairs in range before it evaluates them.
            ``neighbor_list`` : str
                "shared" with OpenMM's other forces, "own", or "none".
            ``instruction_set`` : str
                On CPU "AVX512", "AVX2", "SSE4" or "portable"; elsewhere empty.
            ``tensor_cores`` : bool
                Whether products with matrices run on tensor cores.
            ``evaluation`` : str
                "table" or "program".
            ``num_devices`` : int
        """
        return self._access.getKernelInfo(_address_of(context))


def describe_coverage(force):
    """How many particles a force covers, and how many of each type, as "6 of 888 particles covered (Na 3, Cl 3)"."""
    types = np.asarray(force.getParticleTypes())
    covered = types[types != LearnedPairForce.NotCovered]
    names = force.lowering_report.get("types")
    counts = ", ".join(f"{names[index]} {(covered == index).sum()}" for index in np.unique(covered)) if names else ""
    return f"{len(covered)} of {len(types)} particles covered{f' ({counts})' * bool(counts)}"
