# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A trained pair function: its metadata, and its values and derivatives in double precision."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from openmm import unit

from .. import units
from ..errors import ModelError
from ..force.particles import as_numbers, is_finite_number, refuse_masked
from ..force.ranges import check_ranges
from ..force.type_names import TypeNames
from .checks.infinite import find_infinite_derivative, find_infinite_weights
from .checks.samples import pairs_of_ranges, pairs_of_types
from .checks.tail import Tail, find_worst_tail
from .derivatives import parameter_derivatives
from .evaluation import batches, check_pairs, expected_features, forward, gradient
from .files import read_module
from .metadata.domain import domain_in_nanometers
from .metadata.metadata import Metadata, read_parameters
from .metadata.parameters import settings
from .printing import describe
from .pytorch.double import InDoublePrecision
from .pytorch.messages import first_line
from .pytorch.modules import in_double_precision, pickle_module, unpickle_module
from .pytorch.state import in_default_torch_state


class Model(TypeNames):
    """A trained pair function f(r; a1, a2; g) that can be evaluated.

    The attributes are documented in :class:`learnedpair.PairModel`, the subclass that can be turned into a force.
    """

    def __init__(
        self, module: torch.nn.Module, metadata: Metadata, source: str, digest: str, content: bytes | None = None
    ) -> None:
        self.metadata = metadata
        self.source = source
        self.digest = digest
        self._content = content  # bytes of the model file, for pickling
        self.length_factor = units.factor(units.LENGTH, "length", metadata.length_unit)
        self.energy_factor = units.factor(units.ENERGY, "energy", metadata.energy_unit)
        self.type_rules = metadata.types
        self.types = None if metadata.types is None else list(metadata.types)
        self.feature_ranges = metadata.features
        self.features = None if metadata.features is None else list(metadata.features)
        self.parameters = read_parameters(metadata.global_parameters)
        self.global_parameters = {name: parameter.default for name, parameter in self.parameters.items()}
        self.global_parameter_ranges = {
            name: (parameter.low, parameter.high) for name, parameter in self.parameters.items()
        }
        self.cutoff = units.converted_length(metadata.cutoff, self.length_factor)
        self.inner_cutoff = units.converted_length(metadata.inner_cutoff, self.length_factor)
        self.switching_distance = (
            None
            if metadata.switching_distance is None
            else units.converted_length(metadata.switching_distance, self.length_factor)
        )
        self.truncated = metadata.truncated
        # A truncated model may already be zero at the cutoff itself.
        self.last_distance = self.cutoff * (1 - 1e-12) if self.truncated else self.cutoff
        self.uncovered = metadata.uncovered
        self.description = metadata.description
        self.domain = domain_in_nanometers(metadata.domain, self.length_factor)
        self.training = metadata.training
        self.module = in_double_precision(module, source)
        self._worst_tail = None
        self.members: list[Any] = []

    def __str__(self) -> str:
        return describe(self)

    __repr__ = __str__

    def __getstate__(self) -> tuple[Any, ...]:
        return (
            self.metadata,
            self.source,
            self.digest,
            self._content,
            None if self._content else pickle_module(self.module, self.source),
        )

    @in_default_torch_state
    def __setstate__(self, state: tuple[Any, ...]) -> None:
        metadata, source, digest, content, module = state
        module = read_module(content, source)[0] if content else unpickle_module(module)
        Model.__init__(self, module, metadata, source, digest, content)

    def worst_tail(self) -> Tail | None:
        """Find the tail of the curve that loses most at the cutoff.

        Compared are all pairs of types, or pairs of feature vectors within the ranges, at all values of the global
        parameters that the model is checked at.

        Returns
        -------
        learnedpair.models.checks.tail.Tail or None
            None if a feature has no range.
        """
        if self._worst_tail is None and None not in (self.feature_ranges or {}).values():
            first, second = pairs_of_types(self) if self.features is None else pairs_of_ranges(self)
            self._worst_tail = find_worst_tail(self, first, second, settings(self.parameters))
        return self._worst_tail

    @in_default_torch_state
    def evaluate(
        self,
        r: ArrayLike | unit.Quantity,
        particle1: ArrayLike,
        particle2: ArrayLike,
        **global_parameters: float | unit.Quantity,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Evaluate the model for many pairs in double precision.

        Parameters
        ----------
        r : ndarray, shape (n,), nm, or Quantity
        particle1, particle2 : ndarray of int, shape (n,), or of float, shape (n, n_features)
            The types of the particles of each pair, or their features, in the units of the model.
        **global_parameters : float or Quantity
            Values of global parameters, in the units of the model; the others have their default values.

        Returns
        -------
        energy : ndarray, shape (n,), kJ/mol
        dEdR : ndarray, shape (n,), kJ/mol/nm
            By automatic differentiation.

        Raises
        ------
        ValueError
            If the model does not have these types, features or global parameters.
        ModelError
            If the module fails, cannot be differentiated, or does not return one number for each pair.

        Examples
        --------
        A pair of oxygen atoms, and an oxygen and a hydrogen atom:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> model = lp.load_model(WATER)
        >>> oxygen, hydrogen = model.types.index("O"), model.types.index("H")
        >>> energy, dEdR = model.evaluate([0.28, 0.35], [oxygen, oxygen], [oxygen, hydrogen])
        >>> energy.round(2).tolist()
        [-30.47, 8.33]
        >>> dEdR.round(1).tolist()
        [188.1, -87.0]
        """
        r, particle1, particle2 = check_pairs(self, r, particle1, particle2)
        values = self.global_values(global_parameters)
        energies, dEdR = np.empty_like(r), np.empty_like(r)
        with InDoublePrecision():
            for part in batches(len(r)):
                distance, _, energy = forward(self, r[part], particle1[part], particle2[part], values)
                energies[part] = energy.detach().numpy()
                try:
                    dEdR[part] = gradient(energy.sum(), distance).numpy()
                except RuntimeError as error:
                    raise ModelError(
                        f"{self.source}: PyTorch cannot differentiate the model with respect to the distance"
                        f" ({first_line(error)}); look for operations that change a tensor in place."
                    ) from error
        return energies * self.energy_factor, dEdR * (self.energy_factor / self.length_factor)

    @in_default_torch_state
    def evaluate_derivatives(
        self,
        r: ArrayLike | unit.Quantity,
        particle1: ArrayLike,
        particle2: ArrayLike,
        names: Iterable[str] | None = None,
        **global_parameters: float | unit.Quantity,
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Differentiate the model with respect to global parameters, in double precision.

        Parameters
        ----------
        r, particle1, particle2, **global_parameters
            As in :meth:`evaluate`.
        names : iterable of str
            The global parameters to differentiate with respect to; by default all.

        Returns
        -------
        dict of str to (dEdG, d2EdRdG)
            For each name dE/dg, in kJ/mol per unit of g, and d2E/drdg, in kJ/mol/nm per unit of g: ndarrays of shape
            (n,).

        Raises
        ------
        ValueError, ModelError
            As in :meth:`evaluate`.

        Examples
        --------
        A screened Coulomb energy of two charges, with the inverse screening length as a global parameter:

        >>> import torch
        >>> import learnedpair as lp
        >>> class ScreenedCoulomb(torch.nn.Module):
        ...     def forward(self, r, charge1, charge2, kappa):
        ...         return 138.935 * (charge1 * charge2).squeeze(-1) * torch.exp(-kappa * r) / r
        >>> model = lp.load_model(
        ...     ScreenedCoulomb(),
        ...     features={"charge": (-1.0, 1.0)},
        ...     global_parameters={"kappa": (3.0, 1.0, 5.0)},
        ...     cutoff=1.0,
        ...     inner_cutoff=0.2,
        ...     switching_distance=0.8,
        ... )
        >>> dEdG, d2EdRdG = model.evaluate_derivatives([0.5], [[1.0]], [[-1.0]])["kappa"]
        >>> dEdG.round(2).tolist()
        [31.0]
        """
        pairs = check_pairs(self, r, particle1, particle2)
        values = self.global_values(global_parameters)
        names = list(self.global_parameters) if names is None else list(names)
        self._require_globals(names)
        return parameter_derivatives(self, pairs, names, values)

    def _require_globals(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.global_parameters:
                raise ValueError(
                    f"{self.source}: there is no global parameter {name!r}; the model has"
                    f" {', '.join(self.global_parameters) or 'none'}."
                )

    def global_values(self, changes: dict[str, Any]) -> dict[str, float]:
        """The values of all global parameters: the given ones, and default values for the others.

        Parameters
        ----------
        changes : dict of str to (float or Quantity)
            In the units of the model.

        Returns
        -------
        dict of str to float
            In the order of the model's global parameters.

        Raises
        ------
        ValueError
            If there is no such parameter, or a value is not a finite number.
        """
        self._require_globals(changes)
        changes = {
            name: units.in_model_units(name, value, self.metadata.length_unit, self.metadata.energy_unit)
            for name, value in changes.items()
        }
        for name, value in changes.items():
            if not is_finite_number(value):
                raise ValueError(
                    f"{self.source}: the global parameter {name!r} is {value!r:.60}; expected a finite number."
                )
        return {name: float(changes.get(name, default)) for name, default in self.global_parameters.items()}

    def find_infinite_weights(self) -> list[str]:
        """The names of the module's parameters and buffers that contain NaN or infinite numbers."""
        return find_infinite_weights(self.module)

    @in_default_torch_state
    def find_infinite_derivative(
        self, r: ArrayLike, particle1: ArrayLike, particle2: ArrayLike, **global_parameters: float | unit.Quantity
    ) -> str:
        """Explain why dE/dr is infinite or NaN although the energy is finite.

        Parameters
        ----------
        r, particle1, particle2, **global_parameters
            As in :meth:`evaluate`.

        Returns
        -------
        str
            Sentences for an error message, with a leading space.
        """
        with InDoublePrecision():
            return find_infinite_derivative(
                lambda: forward(self, r, particle1, particle2, self.global_values(global_parameters))
            )

    def feature_rows(self, particles: Iterable[ArrayLike | None]) -> NDArray[np.float64]:
        """Convert the feature vectors of particles to an array.

        Parameters
        ----------
        particles : sequence with one feature vector, or None, for each particle
            None for particles that are not covered.

        Returns
        -------
        ndarray, shape (n, n_features)
            NaN for particles that are not covered.

        Raises
        ------
        ValueError
            If a feature vector has the wrong length, or a feature is not finite or outside its range.
        TypeError
            If a feature has a unit.
        """
        if self.features is None or self.feature_ranges is None:
            raise TypeError(f"{self.source}: the model takes types of particles, not features.")
        refuse_masked(particles, f"{self.source}: the features")
        particles = list(particles)
        rows = np.full((len(particles), len(self.features)), np.nan)
        covered = [index for index, particle in enumerate(particles) if particle is not None]
        for index in covered:
            units.refuse_quantity(self.source, index, particles[index])
            row = as_numbers(particles[index])
            if row is None or row.shape != rows[index].shape:
                raise ValueError(
                    f"{self.source}: particle {index} is {particles[index]!r}; expected {expected_features(self)}, or"
                    " None."
                )
            rows[index] = row
        check_ranges(
            self.source,
            self.feature_ranges,
            rows[covered],
            covered,
            "load it with other ranges in features if they are known to be wider",
        )
        return rows
