# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Platforms as fixtures, and which tests are run. A platform that is absent is skipped, unless LEARNEDPAIR_REQUIRE
names it: then that is a failure.

pytest                    everything, on the platforms of this machine
pytest --fast             the fast tier: each kernel once on each platform, in single precision, and nothing slow
pytest --platform CUDA    only the tests that need a platform, on that one (as under tests/cuda/emulate)
"""

import contextlib
import os

import hypothesis
import learnedpair  # noqa: F401  (OpenMM has loaded the plugin; this says clearly if not)
import models
import openmm
import pytest
import torch
from comparators import PLATFORMS
from cpu_instructions import SETS, VARIABLE, missing

REQUIRED = [name for name in os.environ.get("LEARNEDPAIR_REQUIRE", "").split(",") if name]

# The same random examples in each run, on each machine.
hypothesis.settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("reproducible")


def present(name):
    return name in [
        openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())
    ] and _has_device(name)


def _has_device(name):
    """Whether a Context can be made: the library of a platform may be there without a device."""
    if name not in ("OpenCL", "CUDA"):
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
        help="of the tests that need a platform only those marked with core, in single"
        " precision; of the others those not marked with slow",
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "core: with a platform; together these run every kernel and every feature of it once. They are the fast tier,"
        " and all that runs on Intel's OpenCL (opencl_intel)",
    )
    config.addinivalue_line("markers", "all_samples: models are checked as thoroughly as users' models are")
    config.addinivalue_line("markers", "slow: without a platform, and not in the fast tier")


def pytest_collection_modifyitems(config, items):
    name, fast = config.getoption("--platform"), config.getoption("--fast")

    def is_wanted(item):
        target = parameters(item).get("target")
        if target is None:
            return name is None and not (fast and item.get_closest_marker("slow"))
        return name in (None, target.name) and not (
            fast and (target not in PLATFORMS or item.get_closest_marker("core") is None)
        )

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]
    for item in items:
        _share_what_is_cached(item)


def _share_what_is_cached(item):
    """Let one process run all tests of a case whose reference is cached (pytest-xdist, --dist loadgroup)."""
    for name in ("architecture", "case", "shape"):
        value = parameters(item).get(name)
        if value is not None:
            item.add_marker(pytest.mark.xdist_group(f"{name} {value}"))
            return


def parameters(item):
    """What a test is parametrized with."""
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.fixture(autouse=True)
def seed():
    """Weights that a test leaves to PyTorch do not depend on which tests ran before."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def samples_of_checks(request):
    """Models are checked with few samples, except where the checks are what is tested."""
    with contextlib.nullcontext() if request.node.get_closest_marker("all_samples") else models.few_samples():
        yield


_presence = {}


@pytest.fixture(params=PLATFORMS, ids=str)
def target(request):
    """A platform with a precision: one target for each platform, unless a test says on(...) which (comparators.py)."""
    name = request.param.name
    if name not in _presence:
        _presence[name] = present(name)
    if not _presence[name]:
        message = f"the platform {name} is not there"
        if name in REQUIRED or request.config.getoption("--platform") == name:
            pytest.fail(message)
        pytest.skip(message)
    return request.param


@pytest.fixture(params=SETS)
def instructions(request, monkeypatch):
    """An instruction set of this processor, for Contexts on the CPU platform."""
    if request.param in missing():
        pytest.skip(f"the processor does not have {request.param}")
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param
