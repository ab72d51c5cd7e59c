# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Platforms as fixtures. A platform that is absent is skipped, unless LEARNEDPAIR_REQUIRE names it: then that is a
failure.

pytest                    everything, on the platforms of this machine
pytest --platform CUDA    only the tests that need a platform, on that one (as under tests/cuda/emulate)
"""

import os

import learnedpair  # noqa: F401  (OpenMM has loaded the plugin; this says clearly if not)
import openmm
import pytest
from comparators import SEVERAL_DEVICES, TARGETS

REQUIRED = [name for name in os.environ.get("LEARNEDPAIR_REQUIRE", "").split(",") if name]


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


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "one_device: not for Contexts with several devices: they have no energy parameter derivatives, and some of"
        " OpenMM's forces refuse them",
    )
    config.addinivalue_line(
        "markers",
        "combinations: many Contexts with OpenMM's own forces or large programs; left out where every kernel is"
        " compiled anew for seconds (opencl_intel)",
    )
    config.addinivalue_line(
        "markers", "large: a system that needs a neighbor list; on an emulated device it takes a while"
    )


def pytest_collection_modifyitems(config, items):
    name = config.getoption("--platform")

    def is_wanted(item):
        target = getattr(item, "callspec", _NoCall).params.get("target")
        if target is None:
            return name is None
        return name in (None, target.name) and (target.devices == 1 or item.get_closest_marker("one_device") is None)

    unwanted = [item for item in items if not is_wanted(item)]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if is_wanted(item)]


class _NoCall:
    params = {}


_presence = {}


@pytest.fixture(params=TARGETS + SEVERAL_DEVICES, ids=str)
def target(request):
    """A platform with a precision. Tests that use it run once on each; those that are marked with one_device not on
    several.
    """
    name = request.param.name
    if name not in _presence:
        _presence[name] = present(name)
    if not _presence[name]:
        message = f"the platform {name} is not there"
        if name in REQUIRED or request.config.getoption("--platform") == name:
            pytest.fail(message)
        pytest.skip(message)
    return request.param
