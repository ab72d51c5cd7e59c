# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the model of tensor-core products in benchmarks/bf16_networks.py."""

from pathlib import Path

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent / "benchmarks"))


def test_floats_are_split_into_three_bf16_numbers():
    from bf16_networks import round_to_bf16, split

    x = (np.random.default_rng(1).normal(size=10000) * 10.0 ** np.arange(-5, 5).repeat(1000)).astype(np.float32)
    np.testing.assert_array_equal(round_to_bf16(x), torch.from_numpy(x).bfloat16().float().numpy())
    parts = split(x)
    np.testing.assert_array_equal(sum(part.astype(float) for part in parts), x.astype(float))
    assert all(np.abs(smaller / larger).max() <= 2.0**-8 for larger, smaller in zip(parts, parts[1:], strict=False))


def test_six_products_are_as_accurate_as_float_and_fewer_are_not():
    from bf16_networks import measure

    for cancellation in (1, 10):
        errors = [
            row["force_error_median"] for row in measure(cancellation, networks=5, distances=200, seed=2).values()
        ]
        assert errors[3] <= 1.5 * errors[0] and min(errors[1:3]) > 8 * errors[0]
