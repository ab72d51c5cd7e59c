# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes a trained model to a file that contains its metadata, and checks the file before it gets its final name."""

import os
from collections.abc import Sequence
from typing import Any, Literal

import torch
from openmm import unit
from torch.export import ExportedProgram

from ..models.checks.invariance import compare_models
from ..models.load import read_from_file, read_from_memory
from ..models.metadata.metadata import FIELDS, warn_of_unusual_cutoff
from ..models.metadata.validation import make_metadata
from ..models.pytorch.state import in_default_torch_state
from ..models.writing import written
from .pair_model import PairModel, checked_model
from .particles import particles_of_model
from .programs import lower_to_program


@in_default_torch_state
def export_model(
    module: torch.nn.Module | ExportedProgram,
    path: str | os.PathLike[str],
    *,
    types: Sequence[str] | dict[Any, Any] | None = None,
    features: Sequence[str] | dict[str, Any] | None = None,
    cutoff: float | unit.Quantity,
    inner_cutoff: float | unit.Quantity | None = None,
    switching_distance: float | unit.Quantity | None = None,
    length_unit: Literal["nm", "angstrom", "bohr"] = "nm",
    energy_unit: Literal["kJ/mol", "kcal/mol", "eV", "hartree"] = "kJ/mol",
    global_parameters: dict[str, Any] | None = None,
    description: str = "",
    uncovered: Any = None,
    truncated: bool = False,
    domain: Any = None,
    training: dict[str, Any] | None = None,
    trace: bool = False,
) -> PairModel:
    """Write a pair model and its metadata to a file: for torch.export if the path ends in .pt2, else as TorchScript.

    The file is written under a temporary name, loaded, checked and compared with the module. It gets its final name
    only if all of this succeeds.

    Parameters
    ----------
    module : torch.nn.Module, or torch.export.ExportedProgram for a path that ends in .pt2
        ``forward(r: Tensor[P], type1: Tensor[P], type2: Tensor[P], **globals) -> Tensor[P]`` for a batch of P pairs, or
        with features ``forward(r, features1: Tensor[P, F], features2: Tensor[P, F], **globals)``. Types are int64. The
        energy of a pair must not change when its particles are exchanged. In an ExportedProgram, P must be a dynamic
        dimension, and the global parameters must have been passed to torch.export.export in ``kwargs``.
    path : path-like
        Usually ending in .pt or .pt2.
    types : list of str, or dict of str to rule
        The names of the particle types, in the order of their indices. With rules as in :func:`assign_types`,
        :func:`add_correction` assigns the types by itself. A rule of the type None selects atoms that are meant to have
        no type, such as the hydrogens in a model of oxygen atoms; without it users are warned that only a part of
        their residues is covered.
    features : list of str, or dict of str to (low, high)
        The names of the features, with the ranges that the model was trained on, or None for no range. The model is
        checked within the ranges, and particles outside are refused. Features are plain numbers in the units that the
        model was trained with. Exactly one of types and features must be given.
    cutoff : float in length_unit, or Quantity
        The distance beyond which the model is not evaluated. Its energy and dE/dr must vanish there, unless there is a
        switching distance or the model is truncated.
    inner_cutoff : float in length_unit, or Quantity
        The shortest distance that the model was trained on; by default 0.05 nm.
    switching_distance : float in length_unit, or Quantity
        Where OpenMM's switching function begins, which brings the energy to zero at the cutoff.
    length_unit : {"nm", "angstrom", "bohr"}
    energy_unit : {"kJ/mol", "kcal/mol", "eV", "hartree"}
    global_parameters : dict of str to (float, or (float, float, float))
        For each name the default value, or (default, low, high). The values are passed to ``forward`` by keyword, as
        0-d tensors. Numbers are not converted. A Quantity is converted: a length to length_unit, an energy to
        energy_unit, others to OpenMM's units. The Context does not know the units of the model, so
        ``context.setParameter()`` takes numbers as ``forward`` does. The model is checked over the range from low to
        high, and a Context refuses other values. The default range is 0 to 1 if the default value lies there, else half
        to twice the default value.
    description : str
        Free text, for instance on the purpose and the training data of the model.
    uncovered : rule
        The same as a rule of the type None.
    truncated : bool
        Whether the model is cut off at the cutoff on purpose, so that the energy jumps there.
    domain : dict of (str, str) to (low, high), or (low, high); in length_unit, or Quantities
        The training domain: the range of distances that the training data cover, for each pair of types. A pair that is
        not in the dict has no training data. A model with features has one range for all pairs. A range may begin below
        the inner cutoff and end beyond the cutoff. By default the training domain is not known. It travels with the
        force, and :class:`DomainReporter` compares a simulation with it.
    training : dict
        Anything else that is to be kept with the model: errors on held-out data, a digest of the data, versions of
        software. Texts, finite numbers, truth values, None, and lists and dicts of these; the keys are texts.
    trace : bool
        Trace the module instead of scripting it.

    Returns
    -------
    PairModel
        The file as load_model() reads it.

    Raises
    ------
    ModelError
        If the metadata are wrong, a check of the model fails, or PyTorch cannot script, trace or export the module.
    LoweringError
        If the model needs a program, since it has features or global parameters, and cannot be recorded as one.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import learnedpair as lp
    >>> network = lp.nn.TypedPairNetwork(num_types=2, cutoff=0.6, inner=0.15)
    >>> folder = tempfile.TemporaryDirectory()
    >>> model = lp.export_model(
    ...     network,
    ...     os.path.join(folder.name, "delta.pt"),
    ...     types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]},
    ...     cutoff=0.6,
    ...     inner_cutoff=0.15,
    ...     description="an untrained network",
    ... )
    >>> model.source, model.types, model.description
    ('delta.pt', ['O', 'H'], 'an untrained network')
    >>> folder.cleanup()
    """
    path = os.fspath(path)
    name = os.path.basename(path)
    _check_module(module)
    metadata = make_metadata(
        path,
        types=types,
        features=features,
        cutoff=cutoff,
        inner_cutoff=inner_cutoff,
        switching_distance=switching_distance,
        length_unit=length_unit,
        energy_unit=energy_unit,
        global_parameters=global_parameters,
        description=description,
        uncovered=uncovered,
        truncated=truncated,
        domain=domain,
        training=training,
    )
    warn_of_unusual_cutoff(name, metadata)
    with written(module, path, metadata, name, trace) as temporary:
        model = checked_model(read_from_file(temporary, name, {}))
        original = read_from_memory(module, {field: getattr(metadata, field) for field in FIELDS})
        compare_models(model, checked_model(original))
        if model.features is not None or model.global_parameters:
            lower_to_program(model, particles_of_model(model))  # its only possible representation
    return model


def _check_module(module):
    """Require a module that can be written."""
    if isinstance(module, PairModel) and module.members:
        raise TypeError(
            f"export_model: {module.source} is a committee; export its members one by one, and load the files with"
            " load_committee."
        )
    if isinstance(module, PairModel):
        raise TypeError(
            f"export_model: {module.source} is a loaded PairModel; export its module, PairModel.module, with the"
            " metadata that the file is to have."
        )
    if not isinstance(module, (torch.nn.Module, ExportedProgram)):
        raise TypeError(
            f"export_model: the module is a {type(module).__name__}; expected a torch.nn.Module, or a"
            " torch.export.ExportedProgram."
        )
