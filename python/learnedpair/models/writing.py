# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes a module with its metadata to a file: as TorchScript or for torch.export."""

import contextlib
import inspect
import itertools
import os

import torch
from torch.export import ExportedProgram

from ..errors import ModelError
from .checks.samples import random_rows
from .metadata.metadata import FILE_NAME, read_parameters
from .pytorch.messages import advice, first_line
from .pytorch.modules import copy_of_module, require_numbers, unwrapped
from .pytorch.state import default_dtype, without_torchscript_warnings


@contextlib.contextmanager
def written(module, path, metadata, name, trace):
    """Write a module to a file that gets its final name at the end of the context, unless there is an exception.

    Parameters
    ----------
    others
        As in :func:`write_module`.

    Yields
    ------
    str
        The temporary path.

    Raises
    ------
    ModelError
        If the path is a folder, or its folder does not exist; and as write_module().
    """
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))) or os.path.isdir(path):
        raise ModelError(
            f"{path}: this is a folder, and not the name of a file."
            if os.path.isdir(path)
            else f"{path}: there is no such folder to write to."
        )
    root, ending = os.path.splitext(path)
    temporary = f"{root}.{os.getpid()}.tmp{ending}"
    try:
        write_module(module, temporary, metadata, name, trace)
        yield temporary
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def write_module(module, path, metadata, name, trace):
    """Write a module to a file: for torch.export if the path ends in .pt2, else as TorchScript.

    Parameters
    ----------
    module : torch.nn.Module, or torch.export.ExportedProgram for a path that ends in .pt2
    path : str
    metadata : Metadata
    name : str
        The name of the file in messages.
    trace : bool
        Trace the module instead of scripting it.

    Raises
    ------
    ModelError
        If PyTorch cannot copy, script, trace or export the module.
    """
    if os.path.splitext(path)[1].lower() == ".pt2":
        if trace:
            raise ModelError(
                f"{name}: a file for torch.export (.pt2) is never traced; leave trace out, or choose a path that"
                " ends in .pt."
            )
        torch.export.save(_exported(module, metadata, name), path, extra_files={FILE_NAME: metadata.to_json()})
    else:
        with without_torchscript_warnings():
            torch.jit.save(_scripted(module, metadata, name, trace), path, _extra_files={FILE_NAME: metadata.to_json()})


def _scripted(module, metadata, name, trace):
    """Script or trace a module."""
    if isinstance(module, ExportedProgram):
        raise ModelError(f"{name}: an ExportedProgram is written to a file that ends in .pt2; choose such a path.")
    remedy = "export to a path that ends in .pt2, for torch.export"
    remedy = (
        f"rewrite it with what torch.jit supports, or {remedy}"
        if trace
        else f"rewrite it with what torch.jit.script supports, export with trace=True, or {remedy}"
    )
    module = _copy(module, name)
    with _as_model_error(name, "turn the module into TorchScript", remedy), default_dtype(_dtype(module)):
        return _trace(module, metadata) if trace else torch.jit.script(module)


def _exported(module, metadata, name):
    """Export a module with dynamic numbers of pairs and atoms."""
    if isinstance(module, ExportedProgram):
        return module
    module = _copy(module, name)
    with (
        _as_model_error(
            name,
            "export the module",
            "rewrite it with what torch.export supports, or choose a path that ends in .pt, for TorchScript",
        ),
        default_dtype(_dtype(module)),
    ):
        arguments, keywords = _example_inputs(metadata, _dtype(module))
        names = list(inspect.signature(module.forward).bind(*arguments, **keywords).arguments)
        # Without a maximum PyTorch 2.6 refuses some modules.
        pairs, atoms = (torch.export.Dim(name, min=2, max=2**31 - 1) for name in ("pairs", "atoms"))
        axes = [*[{0: pairs}] * 3, *[{0: atoms}] * (len(arguments) - 3), *[{}] * len(keywords)]
        shapes = dict(zip(names, axes, strict=True))
        # strict=False is the default of newer versions, and accepts more modules.
        return torch.export.export(module, arguments, keywords, dynamic_shapes=shapes, strict=False)


def _copy(module, name):
    """Copy a module to the CPU, in evaluation mode if it has one."""
    module = unwrapped(module)
    require_numbers(module, name)
    with _as_model_error(
        name, "copy the module", "keep its parameters and buffers as dense tensors of a floating-point type"
    ):
        module = copy_of_module(module)
    try:
        return module.eval()
    except NotImplementedError:  # modules of torch.export have no modes
        return module


@contextlib.contextmanager
def _as_model_error(name, what, remedy):
    """Turn any exception inside the context into a ModelError with a remedy."""
    try:
        yield
    except Exception as error:  # PyTorch may raise anything for unsupported code
        raise ModelError(
            f"{name}: PyTorch cannot {what} ({type(error).__name__}: {first_line(error)}); {remedy}.{advice(error)}"
        ) from error


def _dtype(module):
    tensors = itertools.chain(module.parameters(), module.buffers())
    return next((x.dtype for x in tensors if x.is_floating_point()), torch.float64)


def _trace(module, metadata):
    arguments, keywords = _example_inputs(metadata, _dtype(module))
    if not keywords:
        return torch.jit.trace(module, arguments)
    # torch.jit.trace takes either only positional arguments or only keyword arguments.
    named = inspect.signature(module.forward).bind(*arguments, **keywords).arguments
    return torch.jit.trace(module, example_kwarg_inputs=dict(named))


def _example_inputs(metadata, dtype):
    """Example arguments of ``forward`` for tracing or exporting a module.

    Parameters
    ----------
    metadata : Metadata
    dtype : torch.dtype
        The type of the distances, features and global parameters.

    Returns
    -------
    arguments : tuple of Tensor
        The distances, and the types or random features within their ranges; for an environment model also densities
        and types of atoms.
    keywords : dict of str to Tensor
        The default values of the global parameters, as 0-d tensors.
    """
    count = max(7, 2 * len(metadata.types or ()))
    r = torch.linspace(metadata.inner_cutoff, metadata.cutoff, count, dtype=dtype)
    if metadata.types is not None:
        index = torch.arange(count) % len(metadata.types)
        particles = index, index.flip(0)
    else:
        particles = torch.tensor(random_rows(metadata.features, 2 * count), dtype=dtype).split(count)
    if metadata.angular is not None:
        atoms = torch.arange(count + 1) % len(metadata.types)
        particles = *particles, torch.ones((count + 1, len(metadata.angular)), dtype=dtype), atoms
    return (r, *particles), {
        name: torch.tensor(parameter.default, dtype=dtype)
        for name, parameter in read_parameters(metadata.global_parameters).items()
    }
