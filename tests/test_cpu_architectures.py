# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests programs of networks of many architectures on the CPU platform with every instruction set of this machine."""

import pytest
from architectures import ARCHITECTURES
from comparators import CPU
from program_cases import assert_is_the_model
from reference_cases import architecture_case


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
@pytest.mark.many_cases
def test_architectures_agree_with_reference(instructions, architecture):
    assert_is_the_model(CPU, architecture_case, architecture)
