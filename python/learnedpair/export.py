# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes a trained model to a file that says everything about itself."""

import inspect
import os

import torch

from .checks import compare_models
from .errors import ModelError
from .metadata import FIELDS, FILE_NAME, make_metadata


def export_model(module, path, *, types=None, features=None, cutoff, inner_cutoff=None, switching_distance=None, length_unit="nm",
                 energy_unit="kJ/mol", global_parameters=None, description="", trace=False):
    """Write a pair model as a TorchScript file with its metadata inside.

    The file is read back and checked before it takes its name, so that what lies there can be used.

    Parameters
    ----------
    module : torch.nn.Module
        ``forward(r: Tensor[P], type1: Tensor[P], type2: Tensor[P], **globals) -> Tensor[P]`` for a batch of P pairs, or
        with features ``forward(r, features1: Tensor[P, F], features2: Tensor[P, F], **globals)``. Types are int64. The
        energy of a pair must not change when its particles are exchanged.
    path : path-like
        Usually ending in .pt.
    types : list of str, or dict of str to rule
        The names of the particle types, in the order of their indices; with rules as in :func:`assign_types`,
        :func:`add_correction` needs no types.
    features : list of str, or dict of str to (low, high)
        The names of the features, with the ranges the model was trained on, or None where there is none: the model is checked
        within them, and particles outside are refused. Exactly one of types and features is given.
    cutoff : float, in length_unit
        The distance beyond which the model is not evaluated, and at which its value and slope vanish, unless there is a
        switching distance.
    inner_cutoff : float, in length_unit
        The shortest distance that the model was trained on; by default 0.05 nm.
    switching_distance : float, in length_unit
        Where OpenMM's switching function sets in, to bring the energy to zero at the cutoff.
    length_unit : {"nm", "angstrom", "bohr"}
    energy_unit : {"kJ/mol", "kcal/mol", "eV", "hartree"}
    global_parameters : dict of str to float
        Names and default values, passed to ``forward`` as 0-d tensors by keyword.
    description : str
        What the model is, and where it came from.
    trace : bool
        Trace the module instead of scripting it.

    Returns
    -------
    PairModel
        The file as load_model() reads it.

    Raises
    ------
    ModelError
        If the metadata or the model is wrong, or PyTorch cannot script the module.
    """
    from .model import first_line, load_file, load_model

    path = os.fspath(path)
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"export_model: the module is a {type(module).__name__}; expected a torch.nn.Module.")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise ModelError(f"{path}: there is no such folder to write to.")
    metadata = make_metadata(path, types=types, features=features, cutoff=cutoff, inner_cutoff=inner_cutoff,
                             switching_distance=switching_distance, length_unit=length_unit, energy_unit=energy_unit,
                             global_parameters=global_parameters, description=description)
    was_training = module.training
    module.eval()
    try:
        if trace:
            scripted = _trace(module, metadata)
        else:
            scripted = torch.jit.script(module)
    except Exception as error:  # whatever PyTorch raises for what it does not support
        way_out = "rewrite it within what torch.jit supports" if trace else "rewrite it within what torch.jit.script supports, or export with trace=True"
        raise ModelError(f"{os.path.basename(path)}: PyTorch cannot turn the module into TorchScript ({type(error).__name__}: {first_line(error)}); {way_out}.") from error
    finally:
        module.train(was_training)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        torch.jit.save(scripted, temporary, _extra_files={FILE_NAME: metadata.to_json()})
        model = load_file(temporary, os.path.basename(path), {})
        compare_models(model, load_model(module, **{name: getattr(metadata, name) for name in FIELDS}))
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    return model


def _trace(module, metadata):
    from .model import example_inputs

    arguments, keywords = example_inputs(metadata, next((p.dtype for p in module.parameters()), torch.float64))
    if not keywords:
        return torch.jit.trace(module, arguments)
    # Either all arguments are given by keyword, or none.
    named = inspect.signature(module.forward).bind(*arguments, **keywords).arguments
    return torch.jit.trace(module, example_kwarg_inputs=dict(named))
