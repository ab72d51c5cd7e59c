# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Trained models: read from a file, checked, evaluated in double precision, turned into forces."""

import copy
import hashlib
import io
import operator
import os
import zipfile

import numpy as np
import torch

from . import units
from .checks import check_model
from .errors import LoweringError, ModelError
from .force import LearnedPairForce
from .lowering import lower_to_shape, lower_to_table
from .metadata import FIELDS, FILE_NAME, Metadata, make_metadata, parse_json

#: Pairs evaluated at once: bounds the memory that sampling a large network takes.
BATCH = 65536


def load_model(path_or_module, **metadata):
    """Load a pair model and check it.

    Parameters
    ----------
    path_or_module : path-like or torch.nn.Module
        A TorchScript file (.pt), a torch.export file (.pt2), or a module in memory.
    **metadata
        The metadata of :func:`export_model`, by the same names: what the file lacks, or what is to be overridden.

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
    if isinstance(path_or_module, torch.nn.Module):
        source = type(path_or_module).__name__
        try:
            module, digest = copy.deepcopy(path_or_module), _digest_of_module(path_or_module)
        except Exception as error:  # whatever a module may refuse
            raise ModelError(f"{source}: the module cannot be copied ({_first_line(error)}); export it with lp.export_model and load the file.") from error
        return _checked(module, source, digest, metadata)
    path = os.fspath(path_or_module)
    return load_file(path, os.path.basename(path), metadata)


def load_file(path, source, metadata):
    """Load and check a model file that messages call ``source``; see load_model()."""
    module, embedded = _read_file(path, source)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return _checked(module, source, digest, {**embedded, **metadata})


def _checked(module, source, digest, metadata):
    model = PairModel(module, make_metadata(source, **metadata), source, digest)
    if model.features is not None or model.global_parameters:
        what = "features" if model.features is not None else "global parameters"
        raise ModelError(f"{source}: the model has {what}, which this version of openmm-learnedpair cannot evaluate yet; a model with types alone can be used.")
    check_model(model)
    return model


def _digest_of_module(module):
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read_file(path, source):
    """Read a module and its metadata, if any, from a file."""
    if not os.path.isfile(path):
        raise ModelError(f"{path}: there is no such file.")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise zipfile.BadZipFile(f"{damaged} is damaged")
            names = archive.namelist()
            exported = any(name.endswith("archive_format") for name in names)
            if exported:
                _refuse_programs_in_pickles(archive, source)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, UnicodeError) as error:
        raise ModelError(f"{source}: this is not a model file, or only a part of one ({error}); expected what lp.export_model, torch.jit.save or torch.export.save writes.") from error
    extra = {FILE_NAME: ""}
    try:
        if any(name.endswith("/constants.pkl") for name in names):
            module = torch.jit.load(path, map_location="cpu", _extra_files=extra)
        elif exported:
            module = torch.export.load(path, extra_files=extra).module()
        else:
            raise ModelError(f"{source}: the file holds no program, only data, as torch.save writes them; export the module with lp.export_model.")
    except ModelError:
        raise
    except Exception as error:  # PyTorch raises whatever it stumbles over
        raise ModelError(f"{source}: PyTorch cannot read the file ({type(error).__name__}: {_first_line(error)}).") from error
    text = extra[FILE_NAME]
    return module, parse_json(text, source) if text else {}


def _refuse_programs_in_pickles(archive, source):
    """torch.export.load unpickles some members without restrictions, which would run any program that a file brings along."""
    for name in archive.namelist():
        if name.endswith((".pt", ".pkl")):
            try:
                torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)
            except Exception as error:
                raise ModelError(f"{source}: {name} inside the file is not made of tensors alone ({_first_line(error)}), and loading it could run a foreign program; export the model again, without example inputs of other kinds.") from error


def _first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def example_inputs(metadata, dtype):
    """Arguments of ``forward`` for a handful of pairs, to trace a module with."""
    count = max(7, 2 * len(metadata.types or ()))
    r = torch.linspace(metadata.inner_cutoff, metadata.cutoff, count, dtype=dtype)
    if metadata.types is not None:
        index = torch.arange(count) % len(metadata.types)
        return r, index, index.flip(0)
    particles = torch.zeros(count, len(metadata.features), dtype=dtype)
    return r, particles, particles.clone()


def _in_double_precision(module):
    """The module with 64-bit arithmetic, in evaluation mode, without gradients of its parameters."""
    module = module.double()
    try:
        module.eval()
    except NotImplementedError:  # modules of torch.export have no mode
        pass
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module


class PairModel:
    """A trained pair function f(r; type1, type2), checked and ready to be turned into a force.

    Made by :func:`load_model`. Distances here are in nm and energies in kJ/mol, whatever the model itself uses.

    Attributes
    ----------
    types : list of str
    type_rules : dict of str to rule
        For :func:`assign_types`; rules are None where the model has none.
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    description : str
    source : str
        The name of the file or class.
    digest : str
        SHA-256 of the file, or of a module's parameters.
    """

    def __init__(self, module, metadata: Metadata, source, digest):
        self.metadata = metadata
        self.source = source
        self.digest = digest
        self.length_factor = units.factor(units.LENGTH, "length", metadata.length_unit)
        self.energy_factor = units.factor(units.ENERGY, "energy", metadata.energy_unit)
        self.type_rules = metadata.types
        self.types = None if metadata.types is None else list(metadata.types)
        self.features = None if metadata.features is None else list(metadata.features)
        self.global_parameters = metadata.global_parameters
        self.cutoff = metadata.cutoff * self.length_factor
        self.inner_cutoff = metadata.inner_cutoff * self.length_factor
        self.switching_distance = None if metadata.switching_distance is None else metadata.switching_distance * self.length_factor
        self.description = metadata.description
        try:
            self.module = _in_double_precision(module)
        except Exception as error:  # whatever a module may refuse
            raise ModelError(f"{source}: the module cannot compute in double precision ({_first_line(error)}).") from error

    def __str__(self):
        m = self.metadata
        switching = "" if self.switching_distance is None else f", switched from {self.switching_distance:g} nm"
        rules = {name: rule if rule is None or isinstance(rule, str) else ", ".join(rule) for name, rule in self.type_rules.items()}
        lines = [
            f"PairModel {self.source}",
            f"  types:       {'; '.join(name if rule is None else f'{name} ({rule})' for name, rule in rules.items())}",
            f"  domain:      {self.inner_cutoff:g} to {self.cutoff:g} nm{switching}",
            f"  units:       {m.length_unit}, {m.energy_unit}",
            f"  digest:      {self.digest[:16]}",
        ]
        if self.description:
            lines.append(f"  description: {self.description}")
        return "\n".join(lines)

    __repr__ = __str__

    def evaluate(self, r, type1, type2):
        """Evaluate the model itself for many pairs, in double precision.

        Parameters
        ----------
        r : ndarray, shape (n,), nm
        type1, type2 : ndarray of int, shape (n,)

        Returns
        -------
        energy : ndarray, shape (n,), kJ/mol
        slope : ndarray, shape (n,), kJ/mol/nm
            dE/dr, by automatic differentiation.

        Raises
        ------
        ModelError
            If the module fails, or returns something else than one number for each pair.
        """
        r, type1, type2 = np.asarray(r, dtype=float), np.asarray(type1), np.asarray(type2)
        for types in (type1, type2):
            if types.shape != r.shape or r.ndim != 1 or not np.issubdtype(types.dtype, np.integer) or (types.size > 0 and not (0 <= types.min() and types.max() < len(self.types))):
                raise ValueError(f"{self.source}: expected one type from 0 to {len(self.types) - 1} for each of the {r.size} distances.")
        energies, slopes = np.empty_like(r), np.empty_like(r)
        for start in range(0, len(r), BATCH):
            part = slice(start, start + BATCH)
            energies[part], slopes[part] = self._evaluate_batch(r[part], type1[part], type2[part])
        return energies * self.energy_factor, slopes * (self.energy_factor / self.length_factor)

    def _evaluate_batch(self, r, type1, type2):
        distance = torch.tensor(r / self.length_factor, dtype=torch.float64, requires_grad=True)
        arguments = [torch.tensor(np.asarray(types, dtype=np.int64)) for types in (type1, type2)]
        try:
            energy = self.module(distance, *arguments)
        except Exception as error:  # whatever a user's module raises
            raise ModelError(f"{self.source}: the model fails for {len(r)} pairs ({last_line(error)}); expected forward(r: Tensor[P], type1: Tensor[P], type2: Tensor[P]) -> Tensor[P], with int64 types and float64 arithmetic.") from error
        if not isinstance(energy, torch.Tensor) or energy.shape != distance.shape or not energy.is_floating_point():
            got = f"{energy.dtype} of shape {tuple(energy.shape)}" if isinstance(energy, torch.Tensor) else type(energy).__name__
            raise ModelError(f"{self.source}: for {len(r)} pairs the model returns {got}; expected one floating-point number for each pair, shape ({len(r)},).")
        if not energy.requires_grad:  # a constant
            return energy.double().numpy(), np.zeros(len(r))
        slope, = torch.autograd.grad(energy.sum(), distance, allow_unused=True)
        return energy.detach().double().numpy(), np.zeros(len(r)) if slope is None else slope.numpy()

    def type_index(self, particle):
        """The index of a type given by name or index, or -1 for None."""
        if particle is None:
            return LearnedPairForce.NotCovered
        if isinstance(particle, str):
            if particle in self.types:
                return self.types.index(particle)
            raise ValueError(f"{self.source}: there is no type {particle!r}; the model has {', '.join(self.types)}.")
        try:
            index = operator.index(particle)
        except TypeError:
            index = len(self.types)  # no type
        if not LearnedPairForce.NotCovered <= index < len(self.types):
            raise ValueError(f"{self.source}: {particle!r} is not a type; expected a name, an index from 0 to {len(self.types) - 1}, or None.")
        return index

    def create_force(self, particles, *, nonbonded_method=LearnedPairForce.CutoffPeriodic, representation="auto", tolerance=1e-4):
        """Create a force with this model's function, cutoff, inner cutoff and switching.

        Parameters
        ----------
        particles : sequence of str, int or None, one for each particle of the System
            The type of each particle, by name or index; None for particles that are not covered.
        nonbonded_method : LearnedPairForce.CutoffPeriodic or LearnedPairForce.CutoffNonPeriodic
        representation : {"auto", "table"}
            "auto" takes a table.
        tolerance : float
            A table's force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``, for every distance of the domain and
            every pair of types that occurs.

        Returns
        -------
        LearnedPairForce
            Its ``lowering_report`` says what was made and how accurate it is.

        Raises
        ------
        ValueError
            If a particle's type does not exist.
        LoweringError
            If the tolerance cannot be met.
        """
        if representation not in ("auto", "table"):
            raise LoweringError(f"{self.source}: the representation {representation!r} is not available; expected 'auto' or 'table'.")
        if isinstance(particles, (str, set, frozenset, dict)):
            raise TypeError(f"{self.source}: the particles are a {type(particles).__name__}; expected a sequence with one type for each particle.")
        indices = np.array([self.type_index(particle) for particle in particles], dtype=np.int32)
        table, report = lower_to_table(self, occurring_pairs(indices), tolerance)
        force = LearnedPairForce(table)
        force.setParticleTypes(indices)
        force.setNonbondedMethod(nonbonded_method)
        if self.switching_distance is not None:
            force.setUseSwitchingFunction(True)
            force.setSwitchingDistance(self.switching_distance)
        force.lowering_report = report
        return force

    def update_force(self, force, *, tolerance=1e-4):
        """Give an existing force this model's function, at the knots it has: what updateParametersInContext() can take over.

        For a model that was trained further while a Context is in use:
        ``model.update_force(force); force.updateParametersInContext(context)``.

        Parameters
        ----------
        force : LearnedPairForce
            Made from a model with the same types and distances.
        tolerance : float
            As in :meth:`create_force`.

        Raises
        ------
        LoweringError
            If the knots are too few for the tolerance, or the table has another shape; the force is left as it was. A new
            force, or a Context that is reinitialized, has no such limits.
        """
        force = LearnedPairForce.cast(force)
        types = force.lowering_report.get("types", self.types)
        if types != self.types:
            raise LoweringError(f"{self.source}: the model has the types {', '.join(self.types)}, and the force was made for {', '.join(types)}; make a new force.")
        switching = force.getSwitchingDistance()._value if force.getUseSwitchingFunction() else None
        if switching != self.switching_distance:
            raise LoweringError(f"{self.source}: the switching distance of the model is {self.switching_distance}, and that of the force {switching} nm; make a new force.")
        table, report = lower_to_shape(self, force.getFunction(), tolerance)
        force.setFunction(table)
        force.lowering_report = report


def last_line(error):
    """The last line of an exception's message, where PyTorch says what the matter is."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def occurring_pairs(types):
    """The unordered pairs of types that particles of these types can form.

    Parameters
    ----------
    types : ndarray of int, shape (n_particles,)
        -1 for particles that are not covered.

    Returns
    -------
    list of (int, int)
    """
    present, counts = np.unique(types[types >= 0], return_counts=True)
    count = dict(zip(present.tolist(), counts.tolist()))
    return [(i, j) for i in count for j in count if i < j or (i == j and count[i] > 1)]
