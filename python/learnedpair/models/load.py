# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads a model from a file or from a module in memory, and combines its metadata with those given by the user."""

import hashlib
import io
import os
from typing import NamedTuple

import torch

from ..errors import ModelError
from .files import read_file, read_module
from .metadata.metadata import ENVIRONMENT_FIELDS, FIELDS, PAIR_FIELDS, Metadata, combined
from .metadata.validation import make_metadata
from .pytorch.messages import first_line
from .pytorch.modules import copy_of_module, digest_of_module, require_numbers, unwrapped


class IsEnvironmentError(ModelError):
    """A pair model was expected, and the file has an environment model."""


class ModelParts(NamedTuple):
    """The arguments of :class:`learnedpair.models.model.Model`.

    ``source`` is the name of the model in messages. ``content`` holds the bytes of the model file; it is None for a
    module in memory.
    """

    module: torch.nn.Module
    metadata: Metadata
    source: str
    digest: str
    content: bytes | None = None


def read_model(path_or_module, metadata, what="load_model"):
    """Read a model.

    Parameters
    ----------
    path_or_module : path-like, torch.nn.Module or torch.export.ExportedProgram
    metadata : dict
        Fields of Metadata by name; not necessarily all of them.
    what : {"load_model", "load_environment"}
        The function that reads a pair model or an environment model.

    Returns
    -------
    ModelParts

    Raises
    ------
    ModelError
        If the file cannot be read, or metadata are missing or wrong.
    TypeError
        If ``path_or_module`` has another type, or Metadata has no such field.
    """
    kinds = {"load_model": ENVIRONMENT_FIELDS, "load_environment": PAIR_FIELDS}
    known = [field for field in FIELDS if field not in kinds[what]]
    # All fields of another model of this kind may be passed on, with those that it does not have.
    metadata = {
        name: value
        for name, value in metadata.items()
        if name not in kinds[what] or not (value is None or value is False)
    }
    unknown = sorted(set(metadata) - set(known))
    if unknown:
        raise TypeError(f"{what}: unknown keyword {unknown[0]!r}; expected some of {', '.join(known)}.")
    if isinstance(path_or_module, (torch.export.ExportedProgram, torch.nn.Module)):
        parts = read_from_memory(path_or_module, metadata)
    elif isinstance(path_or_module, (str, os.PathLike)):
        path = os.fspath(path_or_module)
        parts = read_from_file(path, os.path.basename(path), metadata)
    else:
        kind = f"class {path_or_module.__name__}" if isinstance(path_or_module, type) else type(path_or_module).__name__
        raise TypeError(
            f"{what}: the model is a {kind}; expected the path of a model file, a torch.nn.Module, or a"
            " torch.export.ExportedProgram."
        )
    is_environment = parts.metadata.angular is not None
    if is_environment and what == "load_model":
        raise IsEnvironmentError(
            f"{parts.source}: this is an environment model, and a pair model was expected; load it with"
            " lp.load_environment. lp.add_correction takes both."
        )
    if not is_environment and what == "load_environment":
        raise ModelError(
            f"{parts.source}: the metadata have no angular, the orders of the density channels; give angular=[...], or"
            " load a pair model with lp.load_model."
        )
    return parts


def read_from_memory(module, metadata):
    """Read a torch.nn.Module, which is copied, or an ExportedProgram; see read_model()."""
    if isinstance(module, torch.export.ExportedProgram):
        return _read_exported(module, metadata)
    module = unwrapped(module)
    source = type(module).__name__
    require_numbers(module, source)
    try:
        module, digest = copy_of_module(module), digest_of_module(module)
    except Exception as error:  # a user's module may raise anything
        raise ModelError(
            f"{source}: the module cannot be copied ({first_line(error)}); keep its parameters and buffers as dense"
            " tensors of float32 or float64."
        ) from error
    return ModelParts(module, make_metadata(source, **metadata), source, digest)


def read_from_file(path, source, metadata):
    """Read a model file; messages call it ``source``. See read_model()."""
    content = read_file(path)
    module, embedded = read_module(content, source)
    require_numbers(module, source)
    metadata = make_metadata(source, **combined(source, embedded, metadata))
    return ModelParts(module, metadata, source, hashlib.sha256(content).hexdigest(), content)


def _read_exported(program, metadata):
    content = io.BytesIO()
    torch.export.save(program, content)
    content.seek(0)
    module = torch.export.load(content).module()  # a copy: the program shares its parameters with the user's module
    source = type(module).__name__
    require_numbers(module, source)
    digest = digest_of_module(module)
    return ModelParts(module, make_metadata(source, **metadata), source, digest, content.getvalue())
