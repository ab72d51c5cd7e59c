# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Pairs within a cutoff are those of an enumeration of all pairs and 27 periodic images, in boxes of all shapes."""

import numpy as np
import oracle
import pytest
from comparators import assert_close
from learnedpair.force import neighbors as module
from learnedpair.force.neighbors import neighbors


def found(positions, cutoff, box):
    """The pairs as a dict of (i, j) to displacement and distance; no pair may occur twice."""
    result = {}
    for i, j, delta, r in neighbors(positions, cutoff, box):
        for pair, *values in zip(zip(i.tolist(), j.tolist()), delta, r, strict=True):
            assert pair[0] < pair[1] and pair not in result
            result[pair] = values
    return result


def assert_complete(positions, cutoff, box=None):
    """Compare the pairs with an enumeration, and return their number."""
    pairs = found(positions, cutoff, box)
    i, j, delta, r = oracle.pairs_in_range(positions, np.zeros(len(positions), int), cutoff=cutoff, box=box)
    expected = list(zip(i.tolist(), j.tolist()))
    assert pairs.keys() == set(expected)
    if expected:
        assert_close([pairs[pair][0] for pair in expected], delta, atol=1e-11, rtol=1e-14)
        assert_close([pairs[pair][1] for pair in expected], r, atol=1e-11, rtol=1e-14)
    return len(expected)


@pytest.mark.parametrize("triclinic", [False, True])
def test_pairs_in_random_boxes(triclinic):
    """Boxes of one to many cells along each axis; positions in other images of the box."""
    random, total = np.random.default_rng(0), 0
    for _ in range(60):
        edges = random.uniform(0.5, 4, 3)
        box = np.diag(edges)
        if triclinic:
            box[1, 0], box[2, 0] = random.uniform(-0.5, 0.5, 2) * edges[0]
            box[2, 1] = random.uniform(-0.5, 0.5) * edges[1]
        positions = random.uniform(-2, 3, (random.integers(2, 80), 3)) * edges
        total += assert_complete(positions, edges.min() * random.choice([0.5, 0.49, 0.3, 0.1, 0.05]), box)
    assert total > 1000


@pytest.mark.parametrize("cutoff", [0.5, 1.0, 5.0, np.inf])
def test_pairs_without_a_box(cutoff):
    """Also with a particle far away, particles in a plane, and particles at one point."""
    random = np.random.default_rng(1)
    positions = 2 * random.random((100, 3))
    assert assert_complete(positions, cutoff) > 100
    assert assert_complete(np.append(positions, [[1e7, 0, -1e7]], axis=0), cutoff) > 100
    assert assert_complete(positions * [1, 1, 0], cutoff) > 100
    assert assert_complete(np.ones((4, 3)), cutoff) == 6


def test_particles_on_the_faces_of_cells():
    """Rounding may put a particle at -1e-17 into the last cell, and its partner into the first one."""
    grid = 0.3 * np.stack(np.meshgrid(*3 * [np.arange(-3, 3)], indexing="ij"), -1).reshape(-1, 3)
    grid[::7] -= 1e-17
    assert assert_complete(grid, 0.599, 1.8 * np.eye(3)) == 216 * 26 // 2


def test_pairs_across_as_many_cells_as_are_searched():
    """Two particles on faces of cells whose distance is the cutoff, or less by the last bit; rounding may put them into
    cells that are one further apart.
    """
    edge, shorter = 3.169543029791932, 0
    for cells in range(5, 25):
        for k in range(1, cells - 2):
            ends = edge / cells * k, edge / cells * (k + 2)
            positions = np.array([[ends[0], 0, 0], [ends[1], 0, 0], [0, 0, 0], [edge, 0, 0]])
            found_pairs = found(positions, 2 * edge / cells, None)
            assert ((0, 1) in found_pairs) == (ends[1] - ends[0] < 2 * edge / cells)
            shorter += (0, 1) in found_pairs
    assert shorter > 20


def test_pairs_are_the_same_in_small_parts(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 7)
    positions = np.random.default_rng(2).random((60, 3)) * 1.5
    assert assert_complete(positions, 0.6, 1.5 * np.eye(3)) > 200
    assert assert_complete(positions, 0.6) > 200
    assert max(len(i) for i, *_ in neighbors(positions, 0.6)) <= 60


def test_too_few_particles_have_no_pairs():
    for count in (0, 1):
        assert list(neighbors(np.zeros((count, 3)), 0.5)) == []


def test_a_box_that_openmm_refuses_is_refused():
    with pytest.raises(ValueError, match="the cutoff is 0.6 nm, more than half the width of the periodic box, 1.1 nm"):
        list(neighbors(np.zeros((2, 3)), 0.6, np.diag([1.1, 2, 2])))
    assert assert_complete(np.array([[0, 0, 0], [0.3, 0, 0]]), 0.6, np.diag([1.2, 2, 2])) == 1
    # OpenMM tolerates a cutoff of a little more than half the width, where a pair could have two images in range.
    assert len(found(np.array([[0, 0, 0], [0.599999, 0, 0], [0.6, 1, 0]]), 0.6000005, np.diag([1.2, 2, 2]))) == 1
