# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fixtures for platforms, and options that select tests. Tests on an absent platform are skipped; they fail if
LEARNEDPAIR_REQUIRE names the platform.

pytest                    everything, on the platforms of this machine
pytest --fast             the fast tier: each kernel once on each platform, in single precision, and no slow tests
pytest --platform CUDA    only the tests that need a platform, and only on this one (as under tests/cuda/emulate)
LEARNEDPAIR_GPU=HIP pytest --platform HIP
                          the same on an AMD GPU: HIP takes the place of CUDA
"""

import collections
import contextlib
import os
import random

import hypothesis
import learnedpair  # noqa: F401  (raises an error that explains why, if OpenMM has not loaded the plugin)
import openmm
import pytest
from comparators import GPU, PLATFORMS
from cpu_instructions import SETS, VARIABLE, missing

try:
    import models
    import torch
except ModuleNotFoundError:  # tests/aarch64 runs the tests that need no PyTorch without it
    models = torch = None

REQUIRED = [name for name in os.environ.get("LEARNEDPAIR_REQUIRE", "").split(",") if name]

#: Of a test with many cases the fast tier runs one in this number.
EVERY = 10

# The same random examples in each run, on each machine.
hypothesis.settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("reproducible")


def present(name):
    return name in [
        openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())
    ] and _has_device(name)


def _has_device(name):
    """Whether a Context can be created: a platform may be installed without a device."""
    if name not in ("OpenCL", GPU):
        return True
    system = openmm.System()
    system.addParticle(1.0)
    try:
        openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(name))
    except openmm.OpenMMException:
        return False
    return True


def pytest_addoption(parser):
    parser.addoption("--platform", help="run only the tests that need a platform, on this one")
    parser.addoption(
        "--fast",
        action="store_true",
        help="run only the tests marked core, in single precision, of those that need a platform; and only the tests"
        f" not marked slow, of the others, with every {EVERY}th case of those marked many_cases",
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "core: needs a platform; together these tests run every kernel and every feature of it once. They are the fast"
        " tier, and the tests that run on Intel's OpenCL (opencl_intel)",
    )
    config.addinivalue_line("markers", "all_samples: models are checked as thoroughly as users' models are")
    config.addinivalue_line("markers", "slow: needs no platform, and is not in the fast tier")
    config.addinivalue_line("markers", f"many_cases: needs no platform; the fast tier runs every {EVERY}th case")


def pytest_collection_modifyitems(config, items):
    name, fast = config.getoption("--platform"), config.getoption("--fast")
    cases = collections.Counter()  # of each test function

    def is_in_fast_tier(item):
        if item.get_closest_marker("slow"):
            return False
        if item.get_closest_marker("many_cases"):
            cases[item.function] += 1
            return cases[item.function] % EVERY == 1
        return True

    def is_wanted(item):
        target = parameters(item).get("target")
        if target is None:
            return name is None and (not fast or is_in_fast_tier(item))
        return name in (None, target.name) and not (
            fast and (target not in PLATFORMS or item.get_closest_marker("core") is None)
        )

    wanted = [is_wanted(item) for item in items]
    config.hook.pytest_deselected(items=[item for item, runs in zip(items, wanted) if not runs])
    items[:] = [item for item, runs in zip(items, wanted) if runs]
    for item in items:
        _group_by_cached_reference(item)


def _group_by_cached_reference(item):
    """Run all tests that share a cached reference in one process (pytest-xdist, --dist loadgroup)."""
    for name in ("architecture", "case", "shape"):
        value = parameters(item).get(name)
        if value is not None:
            item.add_marker(pytest.mark.xdist_group(f"{name} {value}"))
            return


def parameters(item):
    """The parameters of a parametrized test, by name."""
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.fixture(autouse=True)
def seed():
    """Equal random weights, and equal ions of Modeller.addSolvent(), which uses `random`, in every run."""
    if torch is not None:
        torch.manual_seed(0)
    random.seed(0)


@pytest.fixture(autouse=True)
def samples_of_checks(request):
    """Check models with few samples, except in tests marked all_samples, which test the checks themselves."""
    all_samples = models is None or request.node.get_closest_marker("all_samples")
    with contextlib.nullcontext() if all_samples else models.few_samples():
        yield


_presence = {}


@pytest.fixture(params=PLATFORMS, ids=str)
def target(request):
    """A platform with a precision: one target per platform, or those that a test chooses with comparators.on()."""
    name = request.param.name
    if name not in _presence:
        _presence[name] = present(name)
    if not _presence[name]:
        message = f"the platform {name} is not available"
        if name in REQUIRED or request.config.getoption("--platform") == name:
            pytest.fail(message)
        pytest.skip(message)
    return request.param


@pytest.fixture(params=SETS)
def instructions(request, monkeypatch):
    """An instruction set that this processor has; Contexts on the CPU platform use it."""
    if request.param in missing():
        pytest.skip(f"the processor does not have {request.param}")
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param
