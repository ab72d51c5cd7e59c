# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the TOML file of learnedpair fit, and requires sections, keys and values that are known."""

import math
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """What a value has to be: words for it, and a test."""

    expected: str
    is_met: Any


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_texts(value):
    return isinstance(value, list) and len(value) > 0 and all(isinstance(each, str) for each in value)


TEXT = Kind("a text", lambda value: isinstance(value, str))
NAME = Kind("a text that is not empty", lambda value: isinstance(value, str) and value != "")
NAME_OR_FALSE = Kind("a text, or false for none", lambda value: value is False or NAME.is_met(value))
TRUTH = Kind("true or false", lambda value: isinstance(value, bool))
POSITIVE = Kind("a positive number", lambda value: _is_number(value) and value > 0)
FRACTION = Kind("a number between 0 and 1", lambda value: _is_number(value) and 0 < value < 1)
COUNT = Kind("an integer of at least 1", lambda value: type(value) is int and value >= 1)
SEED = Kind("an integer of at least 0", lambda value: type(value) is int and value >= 0)
ERROR = Kind(
    "an absolute error and a fraction, such as [0.01, 0.01]",
    lambda value: (
        isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] > 0 and value[1] >= 0
    ),
)
NUMBERS = Kind(
    "numbers by name, such as { A = 1.0 }",
    lambda value: isinstance(value, dict) and len(value) > 0 and all(map(_is_number, value.values())),
)
BOUNDS = Kind(
    "pairs of numbers by name, such as { A = [0.0, inf] }",
    lambda value: isinstance(value, dict) and all(isinstance(each, list) and len(each) == 2 for each in value.values()),
)
WIDTHS = Kind(
    "two integers of at least 1, such as [32, 32]",
    lambda value: isinstance(value, list) and len(value) == 2 and all(map(COUNT.is_met, value)),
)
COLUMNS = Kind("four texts", lambda value: _is_texts(value) and len(value) == 4)
RULE = Kind("a rule, or a list of rules", lambda value: isinstance(value, str) or _is_texts(value))
NAMES = Kind("a list of names, or a section of rules", _is_texts)

#: The formats of data, and the keys that each of them has besides those of all.
FORMATS = {
    "dimers": {"columns": COLUMNS},
    "xyz": {"energy": NAME_OR_FALSE, "forces": NAME_OR_FALSE, "types": NAME, "fragments": NAME, "weight": NAME},
    "npz": {},
}
FORMAT = Kind(f"one of {', '.join(FORMATS)}", lambda value: isinstance(value, str) and value in FORMATS)
#: The keys of all data. All of them are required.
DATA = {"file": NAME, "format": FORMAT, "length_unit": NAME, "energy_unit": NAME, "method": TEXT}
#: Other keys of all data.
OPTIONAL_DATA = {"rigid": TRUTH}
#: The other sections, without that of the types, whose keys are the names of types.
SECTIONS = {
    "baseline": {"system": NAME},
    "fit": {
        "cutoff": POSITIVE,
        "switching_distance": POSITIVE,
        "inner_cutoff": POSITIVE,
        "truncated": TRUTH,
        "within_cutoff": TRUTH,
        "energy_error": ERROR,
        "force_error": ERROR,
        "num_intervals": COUNT,
        "smoothness": POSITIVE,
        "expression": NAME,
        "parameters": NUMBERS,
        "bounds": BOUNDS,
        "constants": NUMBERS,
        "description": TEXT,
    },
    "network": {
        "hidden": WIDTHS,
        "num_basis": COUNT,
        "energy_scale": POSITIVE,
        "epochs": COUNT,
        "batch_size": COUNT,
        "learning_rate": POSITIVE,
        "patience": COUNT,
        "validation": FRACTION,
        "checkpoint": NAME,
        "seed": SEED,
    },
    "test": {"fraction": FRACTION, "seed": SEED},
    "output": {"model": NAME, "report": NAME},
}
#: The keys of [network] that are arguments of lp.nn.TypedPairNetwork. The others are arguments of lp.fit.fit_network.
OF_NETWORK = ("hidden", "num_basis", "energy_scale")
#: The keys of [fit] that only fits of splines have, those that only fits of expressions have, and those that fits of
#: networks do not have.
ONLY_SPLINES, ONLY_EXPRESSIONS = ("num_intervals", "smoothness"), ("parameters", "bounds", "constants")
NOT_NETWORKS = ("truncated", "expression", *ONLY_SPLINES, *ONLY_EXPRESSIONS)
#: The keys without which a section is refused, and the sections without which a file is refused.
REQUIRED_KEYS = {
    "baseline": ("system",),
    "fit": ("cutoff",),
    "network": (),
    "test": ("fraction",),
    "output": ("model",),
}
REQUIRED_SECTIONS = ("data", "fit", "output")


def read_settings(path):
    """Read the file of learnedpair fit.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        The sections as they are in the file: "data" is a list of dicts, "types" a list or a dict, and the others are
        dicts. Only "data", "fit" and "output" are always there.

    Raises
    ------
    ValueError
        If the file is not TOML, a section or key is missing or not known, or a value is of another kind.
    """
    settings = _read_toml(path)
    known = ("data", *SECTIONS, "types")
    for name in settings:
        if name not in known:
            raise ValueError(f"{path}: there is no section or key {name!r}; the known ones are {', '.join(known)}.")
    for name in REQUIRED_SECTIONS:
        if name not in settings:
            raise ValueError(f"{path}: the section {_title(name)} is missing; add it.")
    data = settings["data"]
    if not isinstance(data, list) or not data or not all(isinstance(each, dict) for each in data):
        raise ValueError(f"{path}: data is not a list of sections; begin each of them with [[data]].")
    for index, each in enumerate(data):
        _require_data(each, f"{path}: [[data]]{f' number {index + 1}' if len(data) > 1 else ''}")
    for name, kinds in SECTIONS.items():
        if name in settings:
            _require_section(settings[name], kinds, REQUIRED_KEYS[name], f"{path}: [{name}]")
    _require_one_kind_of_fit(settings["fit"], "network" in settings, f"{path}: [fit]")
    if "types" in settings:
        _require_types(settings["types"], path)
    return settings


def _read_toml(path):
    try:
        import tomllib
    except ImportError:  # Python 3.10
        try:
            import tomli as tomllib
        except ImportError as error:
            raise ImportError("learnedpair fit needs tomli on Python 3.10: pip install tomli", name="tomli") from error
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}: this is not TOML ({error}).") from error


def _title(name):
    return "[[data]]" if name == "data" else f"[{name}]"


def _require_data(section, where):
    """Require the keys of all formats first, since the others depend on the format."""
    format_ = section.get("format")
    if format_ is not None and not FORMAT.is_met(format_):
        raise ValueError(f"{where} has format = {_show(format_)}; expected {FORMAT.expected}.")
    others = {key: kind for kinds in FORMATS.values() for key, kind in kinds.items()}
    allowed = DATA | OPTIONAL_DATA | (others if format_ is None else FORMATS[format_])
    of_format = "" if format_ is None else f", which are those of the format {format_}"
    _require_section(section, allowed, tuple(DATA), where, of_format)


def _require_section(section, kinds, required, where, remark=""):
    if not isinstance(section, dict):
        raise ValueError(f"{where} is {_show(section)}; expected a section with {', '.join(kinds)}.")
    for key in section:
        if key not in kinds:
            raise ValueError(f"{where} has no key {key!r}; the known ones are {', '.join(kinds)}{remark}.")
    for key in required:
        if key not in section:
            raise ValueError(f"{where} lacks {key}; add it.")
    for key, value in section.items():
        if not kinds[key].is_met(value):
            raise ValueError(f"{where} has {key} = {_show(value)}; expected {kinds[key].expected}.")


def _require_one_kind_of_fit(section, is_network, where):
    """Require keys of [fit] that belong together: those of splines, of an expression, or of a network."""
    for key in NOT_NETWORKS if is_network else ():
        if key in section:
            raise ValueError(f"{where} has {key}, which a fit of a network does not have; leave it or [network] out.")
    is_expression = "expression" in section
    for key in ONLY_SPLINES if is_expression else ONLY_EXPRESSIONS:
        if key in section:
            remedy = "which is for splines; leave it out" if is_expression else "and no expression; add it"
            raise ValueError(f"{where} has {key}, {remedy}.")
    if is_expression and "parameters" not in section:
        raise ValueError(f"{where} has an expression, and no parameters with their starting values; add them.")


def _require_types(types, path):
    if not isinstance(types, dict):
        if not NAMES.is_met(types):
            raise ValueError(f"{path}: types is {_show(types)}; expected {NAMES.expected}.")
    elif not types:
        raise ValueError(f"{path}: [types] is empty; add a line for each type, or leave the section out.")
    else:
        _require_section(types, dict.fromkeys(types, RULE), (), f"{path}: [types]")


def _show(value):
    """A value in a message, at most 60 characters of it."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
