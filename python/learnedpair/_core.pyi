# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Types of the compiled module. Its full docstrings are in python/src/bindings.cpp and python/src/programs.cpp."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A number, an array, or an OpenMM Quantity, which has no type annotations.
_Distances: TypeAlias = Any
_Doubles: TypeAlias = NDArray[np.float64]

openmm_version: str
version_of_libraries: str

def get_registration_problems() -> list[str]:
    """Get why kernels of the plugin were not registered with a platform, one sentence for each."""

MAX_CURVES: int
GROUP_FEATURE: str
MIN_INTERVALS: int

def tabulate_curves(
    function: Callable[[NDArray[np.int32], _Doubles], tuple[_Doubles, _Doubles]],
    num_curves: int,
    min_distance: float,
    max_distance: float,
    last_distance: float,
    tolerance: float,
    intervals: Sequence[int] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Tabulate curves to a stated error."""

version: str

class LearnedFunction:
    """The base class of PairTable and PairProgram."""

    @property
    def num_types(self) -> int:
        """The number of particle types; 0 if particles have features."""

    @property
    def num_features(self) -> int:
        """The number of features of a particle; 0 if particles have types."""

    @property
    def min_distance(self) -> float:
        """The shortest distance for which the function is defined, in nm."""

    @property
    def max_distance(self) -> float:
        """The longest distance for which the function is defined, in nm; may be infinite."""

class PairTable(LearnedFunction):
    """A tabulated pair function: one piecewise cubic in r for each unordered pair of types."""

    def __init__(
        self,
        num_types: int,
        min_distance: _Distances,
        max_distance: _Distances,
        energies: Iterable[Any],
        slopes: Iterable[Any],
        curve_indices: Sequence[int],
    ) -> None: ...
    @property
    def curve_indices(self) -> list[int]:
        """The index of the curve for each ordered pair of types, in row-major order; -1 for none."""

    @property
    def energies(self) -> list[_Doubles]:
        """For each curve, the energies at its knots, in kJ/mol."""

    @property
    def slopes(self) -> list[_Doubles]:
        """For each curve, dE/dr at its knots, in kJ/mol/nm."""

    def evaluate(self, type1: int, type2: int, r: _Distances) -> tuple[_Doubles, _Doubles]:
        """Evaluate the curve of a pair of types: (energy, dEdR), in kJ/mol and kJ/mol/nm."""

class TensorProgram:
    """A straight-line program on small vectors, as specified in docs/program.md."""

    def __init__(self, text: str, weights: ArrayLike = ..., of_atoms: bool = False) -> None: ...
    @property
    def text(self) -> str:
        """The steps and the outputs, without the weights."""

    @property
    def weights(self) -> _Doubles:
        """The elements of all weights, in the order of the steps."""

    @property
    def num_outputs(self) -> int:
        """The number of outputs."""

    def evaluate(self, **inputs: ArrayLike) -> list[_Doubles]:
        """Evaluate the outputs, arrays of shape (n_pairs, length), from inputs given by name."""

    def fold_constants(self) -> TensorProgram:
        """Evaluate steps whose operands are all constant."""

    def simplify(self) -> TensorProgram:
        """Apply identities that are exact in floating point."""

    def share_subexpressions(self) -> TensorProgram:
        """Compute equal steps only once (common subexpression elimination)."""

    def remove_dead_code(self) -> TensorProgram:
        """Remove steps that no output depends on."""

    def split_linear_layers(self, typed: bool) -> TensorProgram:
        """Split products W x if x combines values of different stages."""

    def regroup_sums(self, typed: bool) -> TensorProgram:
        """Regroup sums, so that terms of the same stage are added first."""

    def optimize(self, typed: bool) -> TensorProgram:
        """Apply all passes until the program no longer changes."""

    def append_gradient(self, input: str) -> TensorProgram:
        """Append the gradient of the first output with respect to an input."""

    def differentiate(self, input: str, element: int, num_outputs: int) -> TensorProgram:
        """Append derivatives of outputs, by forward-mode differentiation."""

    def tabulate_radial(self, typed: bool, min_distance: float, max_distance: float, num_knots: int) -> TensorProgram:
        """Replace values that depend on r alone by one table of cubic Hermite curves."""

    def stages(self, typed: bool) -> list[str]:
        """Get the stage of each step, which says what the step depends on and how often it is computed."""

class EnvironmentFunction(LearnedFunction):
    """The energy of atoms in their environments."""

    def __init__(
        self,
        num_types: int,
        min_distance: _Distances,
        max_distance: _Distances,
        angular: Sequence[int],
        values: Sequence[ArrayLike],
        slopes: Sequence[ArrayLike],
        curve_indices: Sequence[int],
        text: str,
        weights: ArrayLike = ...,
        global_parameters: Mapping[str, float | Sequence[float]] = ...,
        pair: PairTable | None = None,
    ) -> None: ...
    @property
    def angular(self) -> list[int]:
        """The angular order of each channel."""

    @property
    def values(self) -> list[_Doubles]:
        """For each curve the values at its knots, of shape (n_knots, n_channels)."""

    @property
    def slopes(self) -> list[_Doubles]:
        """For each curve the derivatives at its knots, in 1/nm, of shape (n_knots, n_channels)."""

    @property
    def curve_indices(self) -> list[int]:
        """The index of the curve for each ordered pair of types; -1 for none."""

    @property
    def text(self) -> str:
        """The text of the program u."""

    @property
    def weights(self) -> _Doubles:
        """The weights of the program u."""

    @property
    def global_parameters(self) -> dict[str, float]:
        """The default values of the global parameters by name."""

    @property
    def global_parameter_ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges of the global parameters by name."""

    @property
    def pair(self) -> PairTable | None:
        """The pair function f; None without one."""

    def evaluate_densities(self, center: int, neighbor: int, r: _Distances) -> tuple[_Doubles, _Doubles]:
        """Evaluate the densities of all channels for one neighbor: (w, dwdr)."""

    def evaluate_atoms(self, densities: ArrayLike, types: ArrayLike, **globals: float) -> tuple[_Doubles, _Doubles]:
        """Evaluate the program u and its gradient."""

class PairProgram(LearnedFunction):
    """A pair function as a program."""

    def __init__(
        self,
        text: str,
        weights: ArrayLike,
        num_types: int = 0,
        num_features: int = 0,
        min_distance: _Distances = 0.05,
        global_parameters: Mapping[str, float | Sequence[float]] = ...,
        features: Mapping[str, tuple[float, float] | None] | None = None,
    ) -> None: ...
    @property
    def text(self) -> str:
        """The text of the program, without its weights."""

    @property
    def weights(self) -> _Doubles:
        """The elements of all weights, in the order of the steps."""

    @property
    def has_table(self) -> bool:
        """Whether part of the program is a table in the distance, so that max_distance is finite."""

    @property
    def multiply_adds(self) -> int:
        """The number of multiply-adds in linear steps and tables for energy and force of one pair."""

    @property
    def feature_ranges(self) -> dict[str, tuple[float, float]]:
        """The range (low, high) of each feature by name."""

    @property
    def global_parameters(self) -> dict[str, float]:
        """The default value of each global parameter by name."""

    @property
    def global_parameter_ranges(self) -> dict[str, tuple[float, float]]:
        """The range (low, high) of each global parameter by name."""

    def evaluate(
        self, r: _Distances, particle1: ArrayLike, particle2: ArrayLike, **globals: float
    ) -> tuple[_Doubles, _Doubles]:
        """Evaluate the program for many pairs: (energy, dEdR), in kJ/mol and kJ/mol/nm."""

    def evaluate_in_single_precision(
        self, r: _Distances, particle1: ArrayLike, particle2: ArrayLike, **globals: float
    ) -> tuple[_Doubles, _Doubles]:
        """Like evaluate(), but with the pair part in single precision."""

    def evaluate_derivatives(
        self, r: _Distances, particle1: ArrayLike, particle2: ArrayLike, **globals: float
    ) -> dict[str, tuple[_Doubles, _Doubles]]:
        """Compute (dEdG, d2EdRdG) for each global parameter g."""

    def tabulate_radial(self, max_distance: float, num_knots: int) -> PairProgram:
        """Optimize the program, and replace the values that depend on r alone by a table."""

    def describe(self) -> str:
        """Get the optimized program as text for people."""

    def source(self, double_precision: bool = False, unroll: bool = False) -> str:
        """Get the source that GPUs compile for the energy and force of one pair."""

    def tensor_core_source(self) -> str:
        """Get the source that GPUs with tensor cores compile for the energy and force of 16 pairs."""

    def stages(self, derivatives: Sequence[int] = ...) -> dict[str, TensorProgram | None]:
        """Get the parts of the staged program, which platforms evaluate."""

class ForceAccess:
    """The C++ force behind one of OpenMM's proxy objects. Distances are in nm, a Context is its address."""

    def getFunction(self) -> PairTable | PairProgram | EnvironmentFunction: ...
    def setFunction(self, function: LearnedFunction, /) -> None: ...
    def initialize(self, function: LearnedFunction, /) -> None: ...
    def getNumParticles(self) -> int: ...
    @overload
    def addParticle(self, type: int, /) -> int: ...
    @overload
    def addParticle(self, features: Sequence[float], /) -> int: ...
    def getParticleFeatures(self, index: int, /) -> list[float]: ...
    def setParticleFeatures(self, index: int, features: Sequence[float], /) -> None: ...
    def getAllParticleFeatures(self) -> _Doubles: ...
    def setAllParticleFeatures(self, features: ArrayLike, covered: Sequence[bool], /) -> None: ...
    def getParticleType(self, index: int, /) -> int: ...
    def setParticleType(self, index: int, type: int, /) -> None: ...
    def getParticleTypes(self) -> NDArray[np.int32]: ...
    def setParticleTypes(self, types: ArrayLike, /) -> None: ...
    def getNonbondedMethod(self) -> int: ...
    def setNonbondedMethod(self, method: int, /) -> None: ...
    def getCutoffDistance(self) -> float: ...
    def setCutoffDistance(self, distance: float, /) -> None: ...
    def getInnerCutoffDistance(self) -> float: ...
    def setInnerCutoffDistance(self, distance: float, /) -> None: ...
    def convert(self, force: int, inner_cutoff: float, /) -> None: ...
    def validate(self, system: int, /) -> None: ...
    def describeEvaluation(self, system: int, /) -> dict[str, Any]: ...
    def getUseLongRangeCorrection(self) -> bool: ...
    def setUseLongRangeCorrection(self, use: bool, /) -> None: ...
    def getUseSwitchingFunction(self) -> bool: ...
    def setUseSwitchingFunction(self, use: bool, /) -> None: ...
    def getSwitchingDistance(self) -> float: ...
    def setSwitchingDistance(self, distance: float, /) -> None: ...
    def getUseDensityExclusions(self) -> bool: ...
    def setUseDensityExclusions(self, use: bool, /) -> None: ...
    def getEvaluation(self) -> int: ...
    def setEvaluation(self, evaluation: int, /) -> None: ...
    def getTableTolerance(self) -> float: ...
    def setTableTolerance(self, tolerance: float, /) -> None: ...
    def getNumExclusions(self) -> int: ...
    def addExclusion(self, particle1: int, particle2: int, /) -> int: ...
    def addExclusions(self, pairs: ArrayLike, /) -> None: ...
    def getExclusions(self) -> NDArray[np.int32]: ...
    def getExclusionParticles(self, index: int, /) -> tuple[int, int]: ...
    def setExclusionParticles(self, index: int, particle1: int, particle2: int, /) -> None: ...
    def getNumExceptions(self) -> int: ...
    def addException(self, particle1: int, particle2: int, factor: float, replace: bool, /) -> int: ...
    def addExceptions(self, pairs: ArrayLike, factors: Sequence[float], replace: bool, /) -> None: ...
    def getExceptions(self) -> tuple[NDArray[np.int32], _Doubles]: ...
    def getExceptionParameters(self, index: int, /) -> tuple[int, int, float]: ...
    def setExceptionParameters(self, index: int, particle1: int, particle2: int, factor: float, /) -> None: ...
    def createExclusionsFromBonds(self, bonds: Sequence[tuple[int, int]], bondCutoff: int, /) -> None: ...
    def getNumInteractionGroups(self) -> int: ...
    def addInteractionGroup(self, set1: Set[int], set2: Set[int], /) -> int: ...
    def getInteractionGroupParameters(self, index: int, /) -> tuple[set[int], set[int]]: ...
    def setInteractionGroupParameters(self, index: int, set1: Set[int], set2: Set[int], /) -> None: ...
    def getScaleParameter(self) -> str: ...
    def getScaleDefaultValue(self) -> float: ...
    def setScaleParameter(self, name: str, defaultValue: float, /) -> None: ...
    def getNumGlobalParameters(self) -> int: ...
    def getGlobalParameterName(self, index: int, /) -> str: ...
    def getGlobalParameterDefaultValue(self, index: int, /) -> float: ...
    def setGlobalParameterDefaultValue(self, index: int, value: float, /) -> None: ...
    def getGlobalParameterRange(self, index: int, /) -> tuple[float, float]: ...
    def setGlobalParameterRange(self, index: int, low: float, high: float, /) -> None: ...
    def getNumEnergyParameterDerivatives(self) -> int: ...
    def addEnergyParameterDerivative(self, name: str, /) -> None: ...
    def getEnergyParameterDerivativeName(self, index: int, /) -> str: ...
    def getReport(self) -> str: ...
    def setReport(self, report: str, /) -> None: ...
    def getKernelInfo(self, context: int, /) -> dict[str, Any]: ...
    def updateParametersInContext(self, context: int, /) -> None: ...

def prototype_xml() -> str: ...
def is_learned_pair_force(address: int, /) -> bool: ...
def force_at(address: int, /) -> ForceAccess: ...
def handle_of(address: int, /) -> int: ...
def exists(handle: int, /) -> bool: ...
def trust_force(class_name: str) -> None:
    """State that the forces of a class never use OpenMM's nonbonded kernel."""

# What Systems of OpenMM hold, as arrays; an address is int(proxy.this).
def particle_masses(system: int) -> NDArray[np.float64]: ...
def constraints(system: int) -> NDArray[np.int32]: ...
def virtual_sites(system: int) -> NDArray[np.int32]: ...
def exceptions(force: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]: ...
def exclusions(force: int) -> NDArray[np.int32]: ...
def harmonic_bonds(force: int) -> NDArray[np.int32]: ...
def custom_bonds(force: int) -> NDArray[np.int32]: ...
def connected_components(n_particles: int, pairs: NDArray[np.int32]) -> NDArray[np.int32]: ...
def describe_kernel(system: int, force_index: int) -> dict[str, Any]:
    """Say whether a LearnedPairForce of a System shares OpenMM's kernel on GPUs: joins, reason and is_small."""
