# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that public functions, classes and important methods have examples in their docstrings, and that these run."""

import doctest
import importlib
import inspect
import pkgutil

import learnedpair as lp
import pytest
from learnedpair import _core

#: Exceptions have no examples: users catch them, and do not make them.
EXCEPTIONS = {name for name in lp.__all__ if name.endswith("Error") and issubclass(getattr(lp, name), Exception)}
#: Methods that need examples of their own. Getters, setters of one value, and passes bound for tests need none.
METHODS = {
    lp.LearnedPairForce: [
        "addEnergyParameterDerivative",
        "addInteractionGroup",
        "addParticle",
        "cast",
        "createExclusionsFromBonds",
        "getKernelInfo",
        "setAllParticleFeatures",
        "setFunction",
        "setGlobalParameterRange",
        "setParticleFeatures",
        "setScaleParameter",
        "updateParametersInContext",
    ],
    lp.CommitteeModel: ["create_member_forces"],
    lp.PairModel: ["create_force", "evaluate", "evaluate_derivatives", "update_force", "write_table"],
    lp.PairTable: ["evaluate"],
    lp.PairProgram: ["evaluate", "evaluate_derivatives", "tabulate_radial"],
    _core.TensorProgram: ["differentiate", "evaluate", "optimize"],
}


def public_objects():
    """The public objects that must have examples, by name."""
    objects = {name: getattr(lp, name) for name in [*lp.__all__, *lp._NEED_TORCH] if name not in EXCEPTIONS}
    for module in (lp.fit, lp.nn):
        objects |= {f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name) for name in module.__all__}
    objects["TensorProgram"] = _core.TensorProgram
    for owner, names in METHODS.items():
        objects |= {f"{owner.__name__}.{name}": getattr(owner, name) for name in names}
    return objects


OBJECTS = public_objects()


def run_examples(text, name):
    """Run the examples of a docstring. Return what doctest reports about those that fail."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, f"the Examples of {name} have no line that begins with >>>"
    report = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    return "".join(report)


@pytest.mark.many_cases
@pytest.mark.parametrize("name", OBJECTS)
def test_examples_run(name):
    text = inspect.getdoc(OBJECTS[name])
    assert "Examples\n--------\n" in text
    report = run_examples(text, name)
    assert report == "", report


def test_examples_of_internal_functions_run():
    texts = {inspect.getdoc(each) for each in OBJECTS.values()}
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(lp.__path__, "learnedpair.")
        if not module.name.endswith("__main__")
    ]
    found = [test for module in modules for test in doctest.DocTestFinder().find(module)]
    internal = {test.name: test.docstring for test in found if inspect.cleandoc(test.docstring) not in texts}
    assert "learnedpair.models.metadata.parameters.assumed_range" in internal
    reports = [run_examples(text, name) for name, text in internal.items() if ">>>" in text]
    assert "".join(reports) == ""


def test_wrong_output_is_reported():
    assert run_examples(">>> 1 + 1\n2\n", "right") == ""
    assert "Expected:\n    3\nGot:\n    2" in run_examples(">>> 1 + 1\n3\n", "wrong")
    assert "ZeroDivisionError" in run_examples(">>> 1 / 0\n", "raises")
