# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the conformance files, which hold programs with inputs and expected values (conformance/README.md)."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from learnedpair import _core

FOLDER = Path(__file__).parent / "conformance"
NEGATIVE = json.loads((FOLDER / "negative.json").read_text(encoding="utf-8"))


def _number(value):
    return float.fromhex(value) if isinstance(value, str) and "0x" in value else float(value)


def _array(values):
    """An array from nested lists of numbers, some of which are strings."""
    return np.array([_number(v) if not isinstance(v, list) else _array(v) for v in values])


@dataclass
class Case:
    name: str
    text: str
    weights: np.ndarray
    inputs: dict
    outputs: list
    distance_derivatives: list | None
    globals_derivatives: list
    mixed_derivatives: list
    tolerance: float
    derivative_absolute: float
    ieee: bool  # has NaN or infinities, which devices need not support
    double: bool  # has numbers outside the range of single precision
    pair_program: dict | None

    def __str__(self):
        return self.name

    @property
    def program(self):
        return _core.TensorProgram(self.text, self.weights)


def _read(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    derivatives = content.get("derivatives", {})
    return Case(
        name=path.stem,
        text=content["text"],
        weights=_array(content["weights"]),
        inputs={name: _array(values) for name, values in content["inputs"].items()},
        outputs=[_array(output) for output in content["outputs"]],
        distance_derivatives=(
            [_array(output) for output in derivatives["distance"]] if derivatives.get("distance") else None
        ),
        globals_derivatives=[[_array(output) for output in one] for one in derivatives.get("globals", [])],
        mixed_derivatives=[[_array(output) for output in one] for one in derivatives.get("distance_globals", [])],
        tolerance=content["tolerance"],
        derivative_absolute=content.get("derivative_absolute", 0.0),
        ieee=content.get("ieee", False),
        double=content.get("double", False),
        pair_program=content.get("pair_program"),
    )


CASES = [_read(path) for path in sorted(FOLDER.glob("*.json")) if path.stem != "negative"]
PAIR_PROGRAMS = [case for case in CASES if case.pair_program]
