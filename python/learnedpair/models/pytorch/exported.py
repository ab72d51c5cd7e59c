# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Loads torch.export files.

PyTorch unpickles and executes parts of such a file, so the user must trust its author. This module refuses files whose
pickles contain objects other than tensors; that is no complete protection.
"""

import importlib.util
import io
import json
import logging
import threading
import warnings
import zipfile

import torch

from ...errors import ModelError
from .messages import first_line

#: The archives that PyTorch 2.6 writes have a member of this name. Newer versions read them, too.
OLD_MEMBER = "serialized_exported_program.json"
#: The archives that newer versions write have a member whose name ends like this.
NEW_MEMBER = "archive_format"
_LOGGER = logging.getLogger("torch.export")
#: PyTorch cannot load two files at the same time.
_lock = threading.RLock()


class _Collector(logging.Filter):
    """Keeps log records, so that they are not shown."""

    def __init__(self):
        super().__init__()
        self.records = []

    def filter(self, record):
        self.records.append(record)
        return False


def is_exported(names):
    """Whether the members of an archive are those of a torch.export file."""
    return OLD_MEMBER in names or any(name.endswith(NEW_MEMBER) for name in names)


def reads_new_format():
    """Whether this PyTorch reads the format that versions newer than 2.6 write."""
    return importlib.util.find_spec("torch.export.pt2_archive") is not None


def load_exported(content, extra_files, source):
    """Load a torch.export file as a module.

    For each file in the format of PyTorch 2.6, newer versions log an error, although they read the file. If they cannot
    read a file, they log the cause, and raise an exception without it. Therefore this function collects the log
    messages, shows none, and raises the cause.

    Parameters
    ----------
    content : bytes
    extra_files : dict of str to str
        The files of these names in the archive become its values.
    source : str
        The name of the model in messages.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    ModelError
        If the file has a format that this PyTorch does not read.
    Exception
        Whatever PyTorch raises for a file that it cannot read.
    """
    collector = _Collector()
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the file is old, and those of PyTorch 2.6 about constants
        _LOGGER.addFilter(collector)
        try:
            return torch.export.load(io.BytesIO(content), extra_files=extra_files).module()
        except Exception as error:
            if not reads_new_format() and OLD_MEMBER not in zipfile.ZipFile(io.BytesIO(content)).namelist():
                raise ModelError(
                    f"{source}: PyTorch {torch.__version__} does not read the format of torch.export files that newer"
                    " versions write; install a newer version, or export the model to a path that ends in .pt, for"
                    " TorchScript."
                ) from error
            causes = [record.exc_info[1] for record in collector.records if record.exc_info and record.exc_info[1]]
            raise (causes[0] if causes else error) from error
        finally:
            _LOGGER.removeFilter(collector)


def refuse_foreign_objects(archive, source):
    """Refuse a torch.export file with pickles that contain anything but tensors.

    Parameters
    ----------
    archive : zipfile.ZipFile
    source : str
        The name of the model in messages.

    Raises
    ------
    ModelError
        If there is such a pickle.
    """
    for name in archive.namelist():
        lower = name.lower()  # PyTorch's reader ignores the case
        problem = None
        if "custom_obj_" in lower or "opaque_obj_" in lower:
            problem = "is an object"
        elif lower.endswith(("weights_config.json", "constants_config.json")):
            if _names_pickles(archive.read(name)):
                problem = "names pickled weights"
        # Early versions of torch.export wrote these two pickles to members that are named like JSON files.
        elif lower.endswith((".pt", ".pkl", "serialized_state_dict.json", "serialized_constants.json")):
            try:
                torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)
            except Exception as error:
                problem = f"is a pickle of other things ({first_line(error)})"
        if problem:
            raise ModelError(
                f"{source}: the file must contain no objects but plain tensors, but {name} inside it {problem}; loading"
                " it could execute foreign code. Export the model again, with plain tensors as the weights and as the"
                " only example inputs."
            )


def _names_pickles(content):
    """Whether a description of the weights in a file, as bytes of JSON, says that some of them are pickled."""
    try:
        return any(entry["use_pickle"] for entry in json.loads(content)["config"].values())
    except (ValueError, LookupError, TypeError, AttributeError):
        return False  # PyTorch refuses such a description when it loads the file
