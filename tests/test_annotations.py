# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the parameters and results of all public functions and methods have annotations, for type checkers."""

import inspect

import learnedpair as lp
import pytest

PACKAGE = "learnedpair."


def methods_of(owner):
    """The public methods, properties and ``__init__`` that this package defines in Python, by name."""
    for name, member in (item for base in owner.__mro__ for item in vars(base).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, property):
            accessors = {f"{name} ({kind})": getattr(member, kind) for kind in ("fget", "fset")}
        else:
            accessors = {name: member.__func__ if isinstance(member, (staticmethod, classmethod)) else member}
        for each, function in accessors.items():
            if inspect.isfunction(function) and function.__module__.startswith(PACKAGE):
                yield f"{owner.__name__}.{each}", function


def public_functions():
    """All functions and methods of the public API that are written in Python, by name."""
    objects = {name: getattr(lp, name) for name in [*lp.__all__, *lp._NEED_TORCH] if name not in ("fit", "nn")}
    objects |= {name: getattr(module, name) for module in (lp.fit, lp.nn) for name in module.__all__}
    functions = {name: each for name, each in objects.items() if inspect.isfunction(each)}
    for each in objects.values():
        if inspect.isclass(each):
            functions |= dict(methods_of(each))
    return functions


FUNCTIONS = public_functions()


def missing_annotations(function):
    """The names of parameters without annotation, and "return" if the result has none."""
    signature = inspect.signature(function)
    missing = [
        name
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls") and parameter.annotation is parameter.empty
    ]
    return missing + ["return"] * (signature.return_annotation is signature.empty)


def test_functions_are_found():
    assert {
        "load_model",
        "LearnedPairForce.__init__",
        "LearnedPairForce.cast",
        "LearnedPairForce.lowering_report (fset)",
        "PairModel.evaluate",
        "FeaturePairNetwork.forward",
    } <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_annotations_are_complete(name):
    assert missing_annotations(FUNCTIONS[name]) == []


def test_a_missing_annotation_is_reported():
    def function(a, b: int, *c, **d: int):
        pass

    assert missing_annotations(function) == ["a", "c", "return"]
