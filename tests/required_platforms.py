# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What tests do where a platform is missing."""

import os

import pytest


def skip_or_fail(platform, reason):
    """Skip the running test, or fail it if the environment variable LEARNEDPAIR_REQUIRE names the platform."""
    if platform in os.environ.get("LEARNEDPAIR_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"LEARNEDPAIR_REQUIRE names {platform}, but {reason}")
    pytest.skip(reason)
