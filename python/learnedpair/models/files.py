# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads TorchScript and torch.export files."""

import io
import os
import zipfile
import zlib

import torch

from ..errors import ModelError
from .metadata.metadata import FILE_NAME, parse_json
from .pytorch.exported import is_exported, load_exported, refuse_foreign_objects
from .pytorch.messages import first_line
from .pytorch.state import without_torchscript_warnings


def read_file(path):
    """Read the bytes of a model file.

    Raises
    ------
    ModelError
        If there is no such file.
    """
    if not os.path.isfile(path):
        raise ModelError(
            f"{path}: {'this is a folder, and not a model file' if os.path.isdir(path) else 'there is no such file'}."
        )
    with open(path, "rb") as file:
        return file.read()


def read_module(content, source):
    """Read a module and its metadata from the content of a file.

    Parameters
    ----------
    content : bytes
    source : str
        The name of the model in messages.

    Returns
    -------
    module : torch.nn.Module
    metadata : dict
        Empty if the file has none.

    Raises
    ------
    ModelError
        If it is not a model file; the message says why.
    """
    if content.lstrip()[:1] == b"<":
        raise ModelError(
            f"{source}: this is XML, and not a file of PyTorch; a compiled model is read by load_compiled() and"
            " add_correction(), and everything else needs the model from which it was compiled."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise zipfile.BadZipFile(f"{damaged} is damaged")
            names = archive.namelist()
            exported = is_exported(names)
            if any("/aotinductor/" in f"/{name}" for name in names):
                raise ModelError(
                    f"{source}: the file was compiled by AOTInductor and contains machine code instead of a program"
                    " that can be read; export the module with lp.export_model to a path that ends in .pt2, or save"
                    " its ExportedProgram with torch.export.save."
                )
            if exported:
                refuse_foreign_objects(archive, source)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, UnicodeError) as error:
        raise ModelError(
            f"{source}: this is not a model file, or only a part of one ({error}); expected a file written by"
            " lp.export_model, torch.jit.save or torch.export.save."
        ) from error
    extra = {FILE_NAME: ""}
    try:
        if any(name.endswith("/constants.pkl") for name in names):
            with without_torchscript_warnings():
                module = torch.jit.load(io.BytesIO(content), map_location="cpu", _extra_files=extra)
        elif exported:
            module = load_exported(content, extra, source)
        else:
            raise ModelError(
                f"{source}: the file contains only data, as written by torch.save, and no program; export the module"
                " with lp.export_model."
            )
    except ModelError:
        raise
    except Exception as error:  # a damaged file can make PyTorch raise anything
        raise ModelError(
            f"{source}: PyTorch {torch.__version__} cannot read the file ({type(error).__name__}: {first_line(error)});"
            " export the model again, or install the version of PyTorch that wrote the file."
        ) from error
    text = extra[FILE_NAME]
    return module, parse_json(text, source) if text else {}
