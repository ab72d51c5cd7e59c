# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Trained models: read from a file, checked, evaluated in double precision, turned into forces."""

import hashlib
import io
import math
import numbers
import operator
import os

import numpy as np
import torch

from .. import units
from ..errors import ModelError
from ..force.learned_pair_force import LearnedPairForce, as_numbers, is_bool
from ..force.ranges import check_ranges, random_rows
from ..lowering.representation import create_force, update_force
from .checks.contract import check_model
from .checks.infinite import find_infinite_slope, find_infinite_weights
from .checks.samples import pairs_of_ranges, pairs_of_types
from .checks.tail import find_worst_tail
from .files import read_file, read_module
from .metadata.metadata import (
    DEFAULT_INNER_CUTOFF_NM,
    FIELDS,
    Metadata,
    combined,
    make_metadata,
    read_parameters,
    warn_of_unusual_cutoff,
)
from .metadata.parameters import settings
from .pytorch.double import InDoublePrecision
from .pytorch.messages import advice, first_line, reason
from .pytorch.modules import (
    copy_of_module,
    digest_of_module,
    in_double_precision,
    pickle_module,
    require_numbers,
    unpickle_module,
    unwrapped,
)
from .pytorch.state import in_default_torch_state

#: Pairs evaluated at once: bounds the memory that sampling a large network takes.
BATCH = 65536


@in_default_torch_state
def load_model(path_or_module, **metadata):
    """Load a pair model and check it.

    Parameters
    ----------
    path_or_module : path-like, torch.nn.Module or torch.export.ExportedProgram
        A TorchScript file (.pt), a torch.export file (.pt2), or a model in memory.
    **metadata
        The metadata of :func:`export_model`, by the same names: what the file lacks, or what is to be overridden. Names
        of types,
        features and global parameters stay those of the file, in its order; a dict gives other rules and ranges to some
        of them.

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
        If the file cannot be read, metadata are missing, or the model does not keep the contract: everything that is
        wrong in one message, with what to do about each.
    """
    unknown = sorted(set(metadata) - set(FIELDS))
    if unknown:
        raise TypeError(f"load_model: unknown keyword {unknown[0]!r}; expected some of {', '.join(FIELDS)}.")
    if isinstance(path_or_module, (torch.export.ExportedProgram, torch.nn.Module)):
        return load_in_memory(path_or_module, metadata)
    if not isinstance(path_or_module, (str, os.PathLike)):
        kind = f"class {path_or_module.__name__}" if isinstance(path_or_module, type) else type(path_or_module).__name__
        raise TypeError(
            f"load_model: the model is a {kind}; expected the path of a model file, a torch.nn.Module, or a"
            " torch.export.ExportedProgram."
        )
    path = os.fspath(path_or_module)
    return load_file(path, os.path.basename(path), metadata)


def load_in_memory(module, metadata, warns=True):
    """Load and check a model in memory; see load_model()."""
    if isinstance(module, torch.export.ExportedProgram):
        return _load_exported(module, metadata, warns)
    module = unwrapped(module)
    source = type(module).__name__
    require_numbers(module, source)
    try:
        module, digest = copy_of_module(module), digest_of_module(module)
    except Exception as error:  # whatever a module may refuse
        raise ModelError(
            f"{source}: the module cannot be copied ({first_line(error)}); keep its parameters and buffers as dense"
            " tensors of float32 or float64."
        ) from error
    return _checked(module, source, digest, metadata, warns=warns)


def load_file(path, source, metadata, warns=True):
    """Load and check a model file that messages call ``source``; see load_model()."""
    content = read_file(path)
    module, embedded = read_module(content, source)
    require_numbers(module, source)
    return _checked(
        module, source, hashlib.sha256(content).hexdigest(), combined(source, embedded, metadata), content, warns
    )


def _load_exported(program, metadata, warns):
    content, module = io.BytesIO(), program.module()
    torch.export.save(program, content)
    source = type(module).__name__
    require_numbers(module, source)
    return _checked(module, source, digest_of_module(module), metadata, content.getvalue(), warns)


def _checked(module, source, digest, metadata, content=None, warns=True):
    metadata = make_metadata(source, **metadata)
    if warns:
        warn_of_unusual_cutoff(source, metadata)
    model = PairModel(module, metadata, source, digest, content)
    check_model(model)
    return model


def example_inputs(metadata, dtype):
    """Arguments of ``forward`` for a handful of pairs, to trace a module with.

    Parameters
    ----------
    metadata : Metadata
    dtype : torch.dtype
        Of the distances, features and global parameters.

    Returns
    -------
    arguments : tuple of Tensor
        The distances, and the types or random features within their ranges.
    keywords : dict of str to Tensor
        The global parameters, 0-d, at their default values.
    """
    count = max(7, 2 * len(metadata.types or ()))
    r = torch.linspace(metadata.inner_cutoff, metadata.cutoff, count, dtype=dtype)
    if metadata.types is not None:
        index = torch.arange(count) % len(metadata.types)
        particles = index, index.flip(0)
    else:
        particles = torch.tensor(random_rows(metadata.features, 2 * count), dtype=dtype).split(count)
    return (r, *particles), {
        name: torch.tensor(parameter.default, dtype=dtype)
        for name, parameter in read_parameters(metadata.global_parameters).items()
    }


class PairModel:
    """A trained pair function f(r; a1, a2; g), checked and ready to be turned into a force.

    What it knows of a particle, a, is a type or a vector of features; g are its global parameters.

    Made by :func:`load_model`. Distances here are in nm and energies in kJ/mol, whatever the model itself uses.

    Attributes
    ----------
    types : list of str, or None for a model with features
    type_rules : dict of str to rule, or None
        For :func:`assign_types`; rules are None where the model has none.
    features : list of str, or None for a model with types
    feature_ranges : dict of str to (low, high), or None
        What the model was made for; ranges are None where it does not say.
    global_parameters : dict of str to float
        Names and default values.
    global_parameter_ranges : dict of str to (low, high)
        What the model is checked for, and what a Context refuses to leave: as given, or else 0 to 1 if the default
        value lies
        there, and half to twice the default value if not.
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    truncated : bool
        Whether the model is cut off at the cutoff on purpose.
    last_distance : float, nm
        Where the model is evaluated last: the cutoff, or just before it if the model is truncated.
    uncovered : rule or None
        For atoms that are meant to have no type.
    description : str
    source : str
        The name of the file or class.
    digest : str
        SHA-256 of the file, or of a module's parameters.
    """

    def __init__(self, module, metadata: Metadata, source, digest, content=None):
        self.metadata = metadata
        self.source = source
        self.digest = digest
        self._content = content  # of the file, to pickle the model
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
        self.cutoff = metadata.cutoff * self.length_factor
        self.inner_cutoff = metadata.inner_cutoff * self.length_factor
        self.switching_distance = (
            None if metadata.switching_distance is None else metadata.switching_distance * self.length_factor
        )
        self.truncated = metadata.truncated
        # At the cutoff itself a model that is cut off there may be zero already.
        self.last_distance = self.cutoff * (1 - 1e-12) if self.truncated else self.cutoff
        self.uncovered = metadata.uncovered
        self.description = metadata.description
        self.module = in_double_precision(module, source)
        self._worst_tail = None

    def __str__(self):
        m = self.metadata
        switching = (
            ", truncated" * self.truncated
            if self.switching_distance is None
            else f", switched from {self.switching_distance:g} nm"
        )
        if self.features is None:
            rules = {
                name: rule if rule is None or isinstance(rule, str) else ", ".join(rule)
                for name, rule in self.type_rules.items()
            }
            particles = (
                "  types:      "
                f" {'; '.join(name if rule is None else f'{name} ({rule})' for name, rule in rules.items())}"
            )
        else:
            ranges = [
                name if limits is None else f"{name} ({limits[0]:g} to {limits[1]:g})"
                for name, limits in self.feature_ranges.items()
            ]
            particles = f"  features:    {'; '.join(ranges)}"
        lines = [f"PairModel {self.source}", particles]
        if self.global_parameters:
            values = [
                f"{name} = {p.default:g} ({p.low:g} to {p.high:g}{', assumed' if p.assumed else ''})"
                for name, p in self.parameters.items()
            ]
            lines.append(f"  globals:     {'; '.join(values)}")
        lines += [
            (
                "  domain:     "
                f" {self.inner_cutoff:g}{' (the default)' * math.isclose(self.inner_cutoff, DEFAULT_INNER_CUTOFF_NM)}"
                f" to {self.cutoff:g} nm{switching}"
            ),
            f"  units:       {m.length_unit}, {m.energy_unit}",
            f"  digest:      {self.digest[:16]}",
        ]
        tail = self.worst_tail()
        if tail is not None:
            lines.append(f"  at cutoff:   {tail}")
        if self.description:
            lines.append(f"  description: {self.description}")
        return "\n".join(lines)

    __repr__ = __str__

    def __getstate__(self):
        return (
            self.metadata,
            self.source,
            self.digest,
            self._content,
            None if self._content else pickle_module(self.module, self.source),
        )

    @in_default_torch_state
    def __setstate__(self, state):
        metadata, source, digest, content, module = state
        module = read_module(content, source)[0] if content else unpickle_module(module)
        self.__init__(module, metadata, source, digest, content)

    def worst_tail(self):
        """The end of the curve that loses most by the cutoff, of all pairs of types or of particles at the ends of
        their ranges, and
        of all values of the global parameters that the model is checked with.

        Returns
        -------
        learnedpair.models.checks.tail.Tail or None
            None for a model of features without ranges.
        """
        if self._worst_tail is None and None not in (self.feature_ranges or {}).values():
            pairs = pairs_of_types(self) if self.features is None else pairs_of_ranges(self)
            self._worst_tail = find_worst_tail(self, *pairs, settings(self.parameters))
        return self._worst_tail

    @in_default_torch_state
    def evaluate(self, r, particle1, particle2, **global_parameters):
        """Evaluate the model itself for many pairs, in double precision.

        Parameters
        ----------
        r : ndarray, shape (n,), nm, or Quantity
        particle1, particle2 : ndarray of int, shape (n,), or of float, shape (n, n_features)
            The types or the features of the particles of each pair.
        **global_parameters : float or Quantity
            Values of global parameters that are not to have their defaults.

        Returns
        -------
        energy : ndarray, shape (n,), kJ/mol
        slope : ndarray, shape (n,), kJ/mol/nm
            dE/dr, by automatic differentiation.

        Raises
        ------
        ValueError
            If types, features or global parameters are not those of the model.
        ModelError
            If the module fails, or returns something else than one number for each pair.
        """
        r, particle1, particle2 = self._check_pairs(r, particle1, particle2)
        values = self.global_values(global_parameters)
        energies, slopes = np.empty_like(r), np.empty_like(r)
        with InDoublePrecision():
            for part in _batches(len(r)):
                distance, _, energy = self._forward(r[part], particle1[part], particle2[part], values)
                energies[part] = energy.detach().numpy()
                try:
                    slopes[part] = _gradient(energy.sum(), distance).numpy()
                except RuntimeError as error:
                    raise ModelError(
                        f"{self.source}: PyTorch cannot differentiate the model with respect to the distance"
                        f" ({first_line(error)}); look for operations that change a tensor in place."
                    ) from error
        return energies * self.energy_factor, slopes * (self.energy_factor / self.length_factor)

    @in_default_torch_state
    def evaluate_derivatives(self, r, particle1, particle2, names=None, **global_parameters):
        """Differentiate the model with respect to global parameters, in double precision.

        Parameters
        ----------
        r, particle1, particle2, **global_parameters
            As in :meth:`evaluate`.
        names : iterable of str
            The global parameters to differentiate by; by default all.

        Returns
        -------
        dict of str to (derivative, mixed)
            For each name dE/dg, in kJ/mol per unit of g, and d2E/(dr dg), in kJ/mol/nm per unit of g: ndarrays of shape
            (n,).

        Raises
        ------
        ValueError, ModelError
            As in :meth:`evaluate`.
        """
        r, particle1, particle2 = self._check_pairs(r, particle1, particle2)
        values = self.global_values(global_parameters)
        names = list(self.global_parameters) if names is None else list(names)
        self._require_globals(names)
        result = {name: (np.empty_like(r), np.empty_like(r)) for name in names}
        with InDoublePrecision():
            for part in _batches(len(r)):
                distance, parameters, energy = self._forward(
                    r[part], particle1[part], particle2[part], values, differentiate=True
                )
                for name in names:
                    try:
                        derivative, mixed = _differentiate(energy, parameters[name], distance)
                    except RuntimeError as error:
                        raise ModelError(
                            f"{self.source}: the derivative with respect to the global parameter {name!r} cannot be"
                            f" computed ({reason(error)}); use operations that PyTorch can differentiate repeatedly."
                        ) from error
                    result[name][0][part] = derivative * self.energy_factor
                    result[name][1][part] = mixed * (self.energy_factor / self.length_factor)
        return result

    def _check_pairs(self, r, particle1, particle2):
        """The arguments of evaluate() as arrays: distances, and types or rows of features."""
        r, particles = np.asarray(units.in_nanometers(r), dtype=float), (np.asarray(particle1), np.asarray(particle2))
        if r.ndim != 1:
            raise ValueError(f"{self.source}: the distances have the shape {r.shape}; expected (n,).")
        for index, values in enumerate(particles, start=1):
            if self.features is None:
                if (
                    values.shape != r.shape
                    or not np.issubdtype(values.dtype, np.integer)
                    or (values.size > 0 and not (values.min() >= 0 and values.max() < len(self.types)))
                ):
                    raise ValueError(
                        f"{self.source}: expected one type from 0 to {len(self.types) - 1} for each of the {r.size}"
                        " distances."
                    )
                continue
            if (
                values.shape != (len(r), len(self.features))
                or not np.issubdtype(values.dtype, np.number)
                or np.iscomplexobj(values)
            ):
                raise ValueError(
                    f"{self.source}: particle{index} is {values.dtype} of shape {values.shape}; expected"
                    f" {self._expected_row()} for each of the {r.size} distances."
                )
            wrong = np.argwhere(~np.isfinite(values))
            if len(wrong):
                row, column = wrong[0]
                raise ValueError(
                    f"{self.source}: the feature {self.features[column]!r} of particle{index} is {values[row, column]}"
                    f" in row {row}; expected a finite number."
                )
        return r, *particles

    def _expected_row(self):
        return f"{len(self.features)} features ({', '.join(self.features)})"

    def _require_globals(self, names):
        for name in names:
            if name not in self.global_parameters:
                raise ValueError(
                    f"{self.source}: there is no global parameter {name!r}; the model has"
                    f" {', '.join(self.global_parameters) or 'none'}."
                )

    def global_values(self, changes):
        """The values of all global parameters (dict of str to float), in their order: their defaults, with some
        changed.

        Raises
        ------
        ValueError
            If there is no such parameter, or its value is no finite number.
        """
        self._require_globals(changes)
        changes = {
            name: units.in_model_units(name, value, self.metadata.length_unit, self.metadata.energy_unit)
            for name, value in changes.items()
        }
        for name, value in changes.items():
            if not isinstance(value, numbers.Real) or not math.isfinite(value):
                raise ValueError(
                    f"{self.source}: the global parameter {name!r} is {value!r}; expected a finite number."
                )
        return {name: float(changes.get(name, default)) for name, default in self.global_parameters.items()}

    def _forward(self, r, particle1, particle2, values, differentiate=False):
        """Call the module: its distances and global parameters, to differentiate by, and energies, all in its own
        units.
        """
        distance = torch.tensor(r / self.length_factor, dtype=torch.float64, requires_grad=True)
        dtype = torch.int64 if self.features is None else torch.float64
        particles = [torch.tensor(particle, dtype=dtype) for particle in (particle1, particle2)]
        parameters = {
            name: torch.tensor(value, dtype=torch.float64, requires_grad=differentiate)
            for name, value in values.items()
        }
        # Clones: PyTorch refuses in-place operations, such as r *= 10, on the tensors that gradients are computed for.
        arguments = [tensor.clone() for tensor in (distance, *particles)]
        try:
            energy = self.module(*arguments, **{name: value.clone() for name, value in parameters.items()})
        except Exception as error:  # whatever a user's module raises
            raise ModelError(
                f"{self.source}: the model fails for {len(r)} pairs ({reason(error, InDoublePrecision.last_failure)});"
                f" expected {self._signature()}.{advice(error) or self._advice()}"
            ) from error
        if not isinstance(energy, torch.Tensor) or energy.shape != distance.shape or not energy.is_floating_point():
            got = (
                f"{energy.dtype} of shape {tuple(energy.shape)}"
                if isinstance(energy, torch.Tensor)
                else type(energy).__name__
            )
            raise ModelError(
                f"{self.source}: for {len(r)} pairs the model returns {got}; expected one floating-point number for"
                f" each pair, shape ({len(r)},)."
            )
        return distance, parameters, energy.double()

    def find_infinite_weights(self):
        """The names of parameters and buffers that hold NaN or infinite numbers."""
        return find_infinite_weights(self.module)

    @in_default_torch_state
    def find_infinite_slope(self, r, particle1, particle2, **global_parameters):
        """What makes the slope of a finite energy infinite or NaN, and what to do: sentences that begin with a blank.

        Parameters
        ----------
        As for :meth:`evaluate`.
        """
        with InDoublePrecision():
            return find_infinite_slope(
                lambda: self._forward(r, particle1, particle2, self.global_values(global_parameters))
            )

    def _advice(self):
        """How to make a model of torch.export that can be called."""
        if not isinstance(self.module, torch.fx.GraphModule):
            return ""
        named = (
            f", and its global parameters in kwargs={{{', '.join(repr(name) for name in self.global_parameters)}: ...}}"
            if self.global_parameters
            else ""
        )
        return (
            f" For torch.export.export the number of pairs must be dynamic (dynamic_shapes){named}; lp.export_model"
            " does that for a path that ends in .pt2."
        )

    def _signature(self):
        if self.features is None:
            arguments, kinds = (
                [
                    "r: Tensor[P]",
                    "type1: Tensor[P]",
                    "type2: Tensor[P]",
                ],
                "int64 types and float64 arithmetic",
            )
        else:
            rows = f"Tensor[P, {len(self.features)}]"
            arguments, kinds = ["r: Tensor[P]", f"features1: {rows}", f"features2: {rows}"], "float64 arithmetic"
        arguments += [f"{name}: Tensor[]" for name in self.global_parameters]
        return f"forward({', '.join(arguments)}) -> Tensor[P], with {kinds}"

    def type_index(self, particle):
        """The index of a type given by name or index, or -1 for None."""
        if particle is None:
            return LearnedPairForce.NotCovered
        if is_bool(particle):
            raise TypeError(
                f"{self.source}: {particle!r} is not a type; expected a name, an index from 0 to {len(self.types) - 1},"
                " or None for a particle that is not covered."
            )
        if isinstance(particle, str):
            if particle in self.types:
                return self.types.index(particle)
            raise ValueError(f"{self.source}: there is no type {particle!r}; the model has {', '.join(self.types)}.")
        try:
            index = operator.index(particle)
        except TypeError:
            index = len(self.types)  # no type
        if any(name.isdecimal() for name in self.types):
            raise ValueError(
                f"{self.source}: {particle!r} is an index, and the model has types whose names are numbers"
                f" ({', '.join(self.types)}); give names, as strings."
            )
        if not LearnedPairForce.NotCovered <= index < len(self.types):
            raise ValueError(
                f"{self.source}: {particle!r} is not a type; expected a name, an index from 0 to {len(self.types) - 1},"
                " or None."
            )
        return index

    def feature_rows(self, particles):
        """The features of particles as an array.

        Parameters
        ----------
        particles : sequence with one row of features, or None, for each particle
            None for particles that are not covered.

        Returns
        -------
        ndarray, shape (n, n_features)
            NaN for particles that are not covered.

        Raises
        ------
        ValueError
            If a row has another length, or a feature is not finite or outside of its range.
        TypeError
            If a feature has a unit.
        """
        particles = list(particles)
        rows = np.full((len(particles), len(self.features)), np.nan)
        covered = [index for index, particle in enumerate(particles) if particle is not None]
        for index in covered:
            units.refuse_quantity(self.source, index, particles[index])
            row = as_numbers(particles[index])
            if row is None or row.shape != rows[index].shape:
                raise ValueError(
                    f"{self.source}: particle {index} is {particles[index]!r}; expected {self._expected_row()}, or"
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

    @in_default_torch_state
    def create_force(
        self,
        particles,
        *,
        nonbonded_method=LearnedPairForce.CutoffPeriodic,
        representation="auto",
        tolerance=1e-4,
        tabulate_radial=None,
    ):
        """Create a force with this model's function, cutoff, inner cutoff and switching.

        Parameters
        ----------
        particles : sequence, one element for each particle of the System
            The type of each particle, by name or index, or its row of features; None for particles that are not
            covered.
        nonbonded_method : LearnedPairForce.CutoffPeriodic, CutoffNonPeriodic or NoCutoff
            NoCutoff takes a program, and evaluates it at all distances: a model that is not zero beyond its cutoff is
            refused.
        representation : {"auto", "table", "program"}
            "table" samples a model of types without global parameters into a table; "program" compiles the model
            itself.
            "auto" takes a table where it is possible, stays below 32 MiB and reaches the tolerance, else a program; a
            warning
            says if it is because of the tolerance, since programs cost more.
        tolerance : float
            The force error of a table is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``: for every distance of the
            domain and every
            pair of types that occurs, or, for the radial part of a program, for the pairs of particles that are
            sampled.
        tabulate_radial : bool or None
            Whether to put what depends on the distance alone, such as radial functions and the layer they go into, in a
            table
            too. By default "auto" does, and "program" evaluates the model exactly.

        Returns
        -------
        LearnedPairForce
            Its ``lowering_report`` says what was made and how accurate it is.

        Raises
        ------
        ValueError
            If a particle's type does not exist, or a feature is outside of its range.
        ModelError
            If the model is not finite or not symmetric for the features given.
        LoweringError
            If the model cannot be represented as asked for, or the tolerance cannot be met.
        """
        return create_force(self, particles, nonbonded_method, representation, tolerance, tabulate_radial)

    @in_default_torch_state
    def update_force(self, force, *, tolerance=1e-4):
        """Give an existing force this model's function, in the structure it has: what updateParametersInContext() can
        take over.

        For a model that was trained further while a Context is in use:
        ``model.update_force(force); force.updateParametersInContext(context)``.

        Parameters
        ----------
        force : LearnedPairForce
            Made from a model with the same types or features and distances.
        tolerance : float
            As in :meth:`create_force`.

        Raises
        ------
        LoweringError
            If the knots of a table are too few for the tolerance, or the table has another shape; the force is left as
            it was.
            A new force, or a Context that is reinitialized, has no such limits.
        """
        update_force(self, force, tolerance)


def _batches(count):
    return (slice(start, start + BATCH) for start in range(0, count, BATCH))


def _gradient(output, wanted, **options):
    """The gradient of a tensor, zero where it does not depend on what it is differentiated by."""
    if not output.requires_grad:
        return torch.zeros_like(wanted)
    (gradient,) = torch.autograd.grad(output, wanted, materialize_grads=True, **options)
    return gradient


def _differentiate(energy, parameter, distance):
    """dE/dg and d2E/(dr dg) for each pair, of energies that depend on one number g and each on its own distance.

    Differentiating by one number sums over the pairs. With a weight on each the sum is linear in the weights, and its
    gradient with respect to them is made of the summands.
    """
    weights = torch.ones_like(energy, requires_grad=True)
    total = _gradient(energy, parameter, grad_outputs=weights, create_graph=True)
    derivative = _gradient(total, weights, create_graph=True)
    mixed = _gradient(derivative.sum(), distance, retain_graph=True)
    return derivative.detach().numpy(), mixed.numpy()
