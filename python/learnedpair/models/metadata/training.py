# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a model file says about its training: a dict without a fixed form."""

import math

from ...errors import ModelError

#: The largest number of dicts and lists inside each other.
MAX_DEPTH = 20


def read_training(training):
    """Check what a model file is to say about its training, and copy it.

    Parameters
    ----------
    training : dict or None
        Texts, finite numbers, truth values, None, and lists and dicts of these, as JSON can hold them. The keys are
        texts. Tuples become lists.

    Returns
    -------
    dict or None

    Raises
    ------
    ModelError
        If there is anything else in it; the message names its key.

    Examples
    --------
    >>> from learnedpair.models.metadata.training import read_training
    >>> read_training({"held-out RMSE (kJ/mol)": 0.31, "versions": {"torch": "2.9.1"}, "layers": (32, 32)})
    {'held-out RMSE (kJ/mol)': 0.31, 'versions': {'torch': '2.9.1'}, 'layers': [32, 32]}
    """
    if training is None:
        return None
    if not isinstance(training, dict):
        raise ModelError(f"training is {training!r}; expected a dict, such as {{'held-out RMSE (kJ/mol)': 0.3}}.")
    return _copy(training, "training", 0)


def _copy(value, where, depth):
    """Copy a value; ``where`` names it in messages."""
    if depth > MAX_DEPTH:
        raise ModelError(f"{where} is inside of more than {MAX_DEPTH} dicts and lists; expected fewer.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ModelError(f"{where} has the key {key!r}; expected a text, as JSON requires.")
        return {str(key): _copy(each, f"{where}[{key!r}]", depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(each, f"{where}[{index}]", depth + 1) for index, each in enumerate(value)]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ModelError(f"{where} is {value!r}; expected a finite number, since JSON has no others.")
        return float(value)
    raise ModelError(
        f"{where} is a {type(value).__name__}, which JSON cannot hold; expected a text, a number, True, False, None, or"
        " a list or dict of these (float(), int() and tolist() convert numbers of NumPy and PyTorch)."
    )
