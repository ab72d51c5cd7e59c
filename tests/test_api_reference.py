# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the reference of Python has an entry for every public name, and that each entry is complete.

A complete entry says what the object does, and has a section for each thing that a user must know: the parameters with
their shapes and units, what is returned, what is raised, and an example (tests/test_docstrings.py runs the examples).
"""

import inspect
import re
from pathlib import Path

import learnedpair as lp
import pytest
from numpydoc.docscrape import NumpyDocString

PAGES = Path(__file__).resolve().parents[1] / "docs" / "api"
#: The modules with public names, and the page of each.
MODULES = {"learnedpair": "python.md", "learnedpair.fit": "fit.md", "learnedpair.nn": "nn.md"}
#: Words that give the unit of a number, or say that it has none.
UNIT = re.compile(
    r"\b(nm|kJ/mol|kg/m|K|bar|ps|kT|MiB|length_unit|energy_unit|[Uu]nits? (of|that|in|are)|numbers?"
    r"|fraction|factor|relative|times|multipli\w+|weights?|tolerances?|first epoch|As in)\b"
)
SHAPE = re.compile(r"shape|0-d|for each|one for all", re.IGNORECASE)
#: Methods that are called by OpenMM or by other parts of the package, and by users only to look inside.
INTERNAL = {
    "CommitteeModel.find_infinite_derivative": "part of the message about a model that is not finite",
    "CommitteeModel.find_infinite_weights": "part of the message about a model that is not finite",
    "CommitteeModel.worst_tail": "part of what print shows",
    "EnvironmentFit.tensors_of": "the data as the module receives them",
    "LearnedPairForce.converted": "the core of from_custom_nonbonded",
    "NetworkFit.tensors_of": "the data as the module receives them",
    "PairModel.find_infinite_derivative": "part of the message about a model that is not finite",
    "PairModel.find_infinite_weights": "part of the message about a model that is not finite",
    "PairModel.worst_tail": "part of what print shows",
    "Density.observe": "called in each round of refine",
    "PotentialEnergy.observe": "called in each round of refine",
    "Pressure.observe": "called in each round of refine",
    "RadialDistribution.observe": "called in each round of refine",
}
#: Methods without an example of their own, by name, and the reason.
NO_EXAMPLE = {
    "atom": "the example of the class makes a model of it",
    "contributions": "subtract_fit calls it, and has an example",
    "densities": "the example of the class has the energy, with the same arguments",
    "densities_of_pairs": "a step of densities",
    "density": "the example of the class makes a model of it",
    "describe": "learnedpair inspect prints it",
    "describeNextReport": "OpenMM calls it",
    "describe_for": "learnedpair explain prints it",
    "evaluate_atoms": "the program u alone; a force evaluates it",
    "evaluate_densities": "the functions w alone; a force evaluates them",
    "evaluate_in_single_precision": "shows rounding; a platform evaluates the force",
    "feature_rows": "create_force calls it, and has an example",
    "forward": "the example of the class calls it",
    "global_values": "evaluate calls it, and has an example",
    "neighbor_densities": "a step of densities",
    "pair_energy": "a step of the energy, which the example of the class has",
    "pair_function": "a step of the energy, which the example of the class has",
    "predictions": "the errors that print shows",
    "report": "OpenMM calls it",
    "source": "shows the text of a GPU kernel",
    "stages": "shows how often each step is computed",
    "tensor_core_source": "shows the text of a GPU kernel",
    "type_index": "type_indices has an example",
    "values_of": "an argument as an array",
    "with_baseline": "subtract_baseline calls it, and has an example",
    "with_coefficients": "refine calls it, and has an example",
    "with_training": "refine calls it, and has an example",
}
#: Fits whose methods are those of SplineFit, which has the examples.
LIKE_SPLINE_FIT = ("EnvironmentFit", "LiquidFit", "NetworkFit")
#: Methods whose one sentence is enough: those that read or write settings, named as OpenMM names them.
ACCESSOR = re.compile(r"^(get|set|addExclusion$)")


def public_objects():
    """The objects of the public names, by module and name, without modules."""
    names = {"learnedpair": [*lp.__all__, *lp._NEED_TORCH], "learnedpair.fit": lp.fit.__all__}
    names["learnedpair.nn"] = lp.nn.__all__
    modules = {"learnedpair": lp, "learnedpair.fit": lp.fit, "learnedpair.nn": lp.nn}
    found = {(module, name): getattr(modules[module], name) for module in names for name in names[module]}
    return {key: each for key, each in found.items() if not inspect.ismodule(each)}


OBJECTS = public_objects()
FUNCTIONS = {name: each for (_, name), each in OBJECTS.items() if not inspect.isclass(each)}
EXCEPTIONS = {
    name: each for (_, name), each in OBJECTS.items() if inspect.isclass(each) and issubclass(each, Exception)
}
CLASSES = {
    name: each for (_, name), each in OBJECTS.items() if inspect.isclass(each) and not issubclass(each, Exception)
}


def public_methods(owner):
    """The public methods and properties of a class that this package defines, by name: the function behind each."""
    for name in dir(owner):
        defined_in = next(base for base in owner.__mro__ if name in vars(base)) if not name.startswith("_") else None
        if defined_in is None or not defined_in.__module__.startswith("learnedpair"):
            continue
        each = inspect.getattr_static(owner, name)
        function = each.fget if isinstance(each, property) else getattr(each, "__func__", each)
        if callable(function) and defined_in.__module__ != "learnedpair.force.lifetime":
            yield name, function, isinstance(each, property)


METHODS = {
    f"{owner}.{name}": function
    for owner, each in CLASSES.items()
    for name, function, is_property in public_methods(each)
    if not is_property
}
PROPERTIES = {
    f"{owner}.{name}": function
    for owner, each in CLASSES.items()
    for name, function, is_property in public_methods(each)
    if is_property
}


def entry(each):
    """The parts of the docstring of an object. pybind11 puts the signature before it."""
    text = inspect.cleandoc(each.__doc__ or "")
    return NumpyDocString(re.sub(r"^\w+\([^\n]*\) -> [^\n]*\n+", "", text))


def listed(parts):
    """The parameters or attributes in a docstring by name; several names may share a description."""
    rows = [*parts["Parameters"], *parts["Attributes"]]
    return {name.strip().lstrip("*"): row for row in rows for name in row.name.split(",")}


def arguments(each):
    """The names of the arguments of a function or class; none for compiled ones, which have no signature."""
    try:
        parameters = inspect.signature(each).parameters
    except ValueError:
        return []
    return [name for name in parameters if name not in ("self", "cls") and not name.startswith("_")]


def returns_something(each):
    return inspect.signature(each).return_annotation not in (None, "None", inspect.Signature.empty)


def problems(name, each, sections):
    """What an entry lacks: sections, arguments, shapes and units."""
    parts = entry(each)
    if not parts["Summary"]:
        yield f"{name} has no sentence about what it is"
    for section in sections:
        if not parts[section]:
            yield f"{name} has no section {section}"
    described = listed(parts)
    if not parts["Attributes"]:  # otherwise functions of this package make such objects, and users read them
        for argument in arguments(each):
            if argument not in described:
                yield f"{name} does not describe {argument}"
    for argument, row in described.items():
        text = f"{row.type} {' '.join(row.desc)}"
        if re.search(r"array|Tensor", row.type) and not SHAPE.search(text):
            yield f"{name}: {argument} has no shape"
        if re.search(r"\bfloat\b|Quantity", row.type) and not UNIT.search(text):
            yield f"{name}: {argument} has no unit"


# The pages


def entries(page):
    """The names in the tables of a page of the reference."""
    blocks = re.findall(r"\.\. autosummary::\n   :toctree: generated\n\n((?:   \S+\n)+)", page)
    return [name for block in blocks for name in block.split()]


def test_every_public_name_has_an_entry_once():
    for module, page in MODULES.items():
        names = [name for owner, name in OBJECTS if owner == module]
        text = (PAGES / page).read_text(encoding="utf-8").partition("## Other modules")[0]
        assert sorted(entries(text)) == sorted(names)


# The entries


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_described(name):
    each = FUNCTIONS[name]
    sections = ["Parameters", "Raises", "Examples", *["Returns"] * returns_something(each)]
    assert list(problems(name, each, sections)) == []


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_described(name):
    each = CLASSES[name]
    made_by_users = not entry(each)["Attributes"]
    sections = ["Examples", *["Parameters", "Raises"] * made_by_users]
    assert list(problems(name, each, sections)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exceptions_say_when_they_are_raised(name):
    assert len(EXCEPTIONS[name].__doc__) > 20 and issubclass(EXCEPTIONS[name], lp.LearnedPairError)


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_described(name):
    each = METHODS[name]
    owner, _, method = name.partition(".")
    if name in INTERNAL or ACCESSOR.match(method):
        assert entry(each)["Summary"]
    else:
        try:
            sections = ["Returns"] * returns_something(each)
        except ValueError:  # compiled
            sections = []
        assert list(problems(name, each, sections)) == []


def test_properties_say_what_they_are():
    assert [name for name, each in PROPERTIES.items() if not entry(each)["Summary"]] == []


def without_example():
    """The methods that have no example and need one, unless there is a reason in NO_EXAMPLE."""
    for name, each in METHODS.items():
        owner, _, method = name.partition(".")
        described_elsewhere = owner in LIKE_SPLINE_FIT and entry(METHODS.get(f"SplineFit.{method}"))["Examples"]
        if not (entry(each)["Examples"] or name in INTERNAL or ACCESSOR.match(method) or described_elsewhere):
            yield method


def test_methods_have_examples_or_a_reason():
    assert sorted(set(without_example())) == sorted(NO_EXAMPLE)


def test_the_exceptions_of_this_test_are_needed():
    assert set(INTERNAL) - set(METHODS) == set()


# The test itself


def moved(force, distance, weights, tolerance=1.0):
    """Move something.

    Parameters
    ----------
    distance : float
        How far.
    weights : ndarray
        One number.
    """


def test_incomplete_entries_are_found():
    assert list(problems("moved", moved, ["Returns"])) == [
        "moved has no section Returns",
        "moved does not describe force",
        "moved does not describe tolerance",
        "moved: distance has no unit",
        "moved: weights has no shape",
    ]
    assert list(problems("nothing", lambda: None, [])) == ["nothing has no sentence about what it is"]
    assert entries(".. autosummary::\n   :toctree: generated\n\n   one\n   two\n\n   three\n") == ["one", "two"]
