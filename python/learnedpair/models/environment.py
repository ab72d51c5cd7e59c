# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The two functions of an environment model, evaluated in double precision: the densities of neighbors, and the energy
of an atom.
"""

import numpy as np
import torch

from .. import units
from ..errors import ModelError
from .evaluation import batches, describe_result, gradient
from .load import ModelParts
from .metadata.angular import other_orders
from .pytorch.double import InDoublePrecision
from .pytorch.messages import advice, reason
from .pytorch.modules import in_double_precision


def has_both_methods(module):
    """Whether a module has the methods of an environment model."""
    return isinstance(module, torch.nn.Module) and all(
        callable(getattr(module, name, None)) for name in ("density", "atom")
    )


class EnvironmentEvaluator:
    """Evaluates the module of an environment model in nm and kJ/mol.

    The module has the methods ``density(r: Tensor[P], type1: Tensor[P], type2: Tensor[P]) -> Tensor[P, K]`` and
    ``atom(densities: Tensor[N, K], type: Tensor[N]) -> Tensor[N]``. In a file of export_environment() both are results
    of ``forward(r, type1, type2, densities, type)``.

    Attributes
    ----------
    module : torch.nn.Module
        In double precision.
    metadata : Metadata
    source, digest : str
    type_rules : dict of str to rule
    types : list of str
    num_channels : int
    angular : list of int
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    energy_factor : float
    """

    def __init__(self, parts: ModelParts) -> None:
        metadata = parts.metadata
        self.metadata, self.source, self.digest = metadata, parts.source, parts.digest
        self.type_rules = dict(metadata.types or {})
        self.types = list(self.type_rules)
        self.angular = list(metadata.angular or ())
        self.num_channels = len(self.angular)
        self._length_factor = units.factor(units.LENGTH, "length", metadata.length_unit)
        self.energy_factor = units.factor(units.ENERGY, "energy", metadata.energy_unit)
        self.cutoff = units.converted_length(metadata.cutoff, self._length_factor)
        self.inner_cutoff = units.converted_length(metadata.inner_cutoff, self._length_factor)
        self.switching_distance = (
            None
            if metadata.switching_distance is None
            else units.converted_length(metadata.switching_distance, self._length_factor)
        )
        self._has_methods = has_both_methods(parts.module)
        if not self._has_methods and not isinstance(parts.module, (torch.jit.ScriptModule, torch.fx.GraphModule)):
            raise ModelError(
                f"{self.source}: the module has no methods density and atom; expected"
                f" {_signature(self, 'density')}, and {_signature(self, 'atom')}."
            )
        orders = other_orders(parts.module, self.angular)
        if orders is not None:
            raise ModelError(
                f"{self.source}: angular is {self.angular}, and the module has channels of the orders {orders}; give"
                " those."
            )
        self.module = in_double_precision(parts.module, self.source)

    def densities(self, r, center, neighbor):
        """The densities of neighbors at distances r.

        Parameters
        ----------
        r : ndarray, shape (n,), nm
        center, neighbor : int, or ndarray of int, shape (n,)
            Their types.

        Returns
        -------
        values, slopes : ndarray, shape (n, n_channels)
            Slopes are in 1/nm.

        Raises
        ------
        ModelError
            If the module fails, cannot be differentiated, or returns something else.
        """
        values, slopes = np.empty((len(r), self.num_channels)), np.empty((len(r), self.num_channels))
        with InDoublePrecision():
            for part in batches(len(r)):
                distance = torch.tensor(r[part] / self._length_factor, dtype=torch.float64, requires_grad=True)
                types = [
                    torch.tensor(np.broadcast_to(type_, r.shape)[part].copy(), dtype=torch.int64)
                    for type_ in (center, neighbor)
                ]
                result = self._call("density", (distance.clone(), *types), (len(distance), self.num_channels))
                values[part] = result.detach().numpy()
                for channel in range(self.num_channels):
                    slopes[part, channel] = self._gradient(result[:, channel].sum(), distance, retain_graph=True)
        return values, slopes / self._length_factor

    def atoms(self, densities, types):
        """The energies of atoms.

        Parameters
        ----------
        densities : ndarray, shape (n, n_channels)
        types : ndarray of int, shape (n,)

        Returns
        -------
        energies : ndarray, shape (n,), kJ/mol
        derivatives : ndarray, shape (n, n_channels), kJ/mol
            With respect to the densities.

        Raises
        ------
        ModelError
            If the module fails, cannot be differentiated, or returns something else.
        """
        with InDoublePrecision():
            q = torch.tensor(densities, dtype=torch.float64, requires_grad=True)
            energies = self._call("atom", (q.clone(), torch.tensor(types, dtype=torch.int64)), (len(q),))
            derivatives = self._gradient(energies.sum(), q)
        return energies.detach().numpy() * self.energy_factor, derivatives * self.energy_factor

    def evaluate_atom(self, call, densities, types):
        """Call the part of the module for atoms; ``call`` calls the whole module."""
        if self._has_methods:
            return self.module.atom(densities, types)
        r = torch.full((2,), self.cutoff / self._length_factor, dtype=torch.float64)
        none = torch.zeros(2, dtype=torch.int64)
        return call(r, none, none, densities, types)[1]

    def _evaluate_density(self, r, type1, type2):
        if self._has_methods:
            return self.module.density(r, type1, type2)
        densities = torch.zeros((2, self.num_channels), dtype=torch.float64)
        return self.module(r, type1, type2, densities, torch.zeros(2, dtype=torch.int64))[0]

    def _call(self, method, arguments, shape):
        what = f"for {shape[0]} {'pairs' if method == 'density' else 'atoms'}"
        try:
            result = (
                self._evaluate_density(*arguments)
                if method == "density"
                else self.evaluate_atom(self.module, *arguments)
            )
        except Exception as error:  # a user's module may raise anything
            raise ModelError(
                f"{self.source}: {method}() fails {what} ({reason(error, InDoublePrecision.last_failure)}); expected"
                f" {_signature(self, method)}, with int64 types and float64 arithmetic.{advice(error)}"
            ) from error
        if not isinstance(result, torch.Tensor) or tuple(result.shape) != shape or not result.is_floating_point():
            raise ModelError(
                f"{self.source}: {what} {method}() returns {describe_result(result)}; expected floating-point numbers"
                f" of shape {shape}."
            )
        return result.double()

    def _gradient(self, output, wanted, **options):
        try:
            return gradient(output, wanted, **options).numpy()
        except RuntimeError as error:
            raise ModelError(
                f"{self.source}: PyTorch cannot differentiate the model ({reason(error)}); look for operations that"
                " change a tensor in place."
            ) from error


def _signature(model, method):
    if method == "density":
        return f"density(r: Tensor[P], type1: Tensor[P], type2: Tensor[P]) -> Tensor[P, {model.num_channels}]"
    return f"atom(densities: Tensor[N, {model.num_channels}], type: Tensor[N]) -> Tensor[N]"
