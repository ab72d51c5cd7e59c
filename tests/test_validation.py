# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the message for every wrong input to a force, which names the object, the value and the remedy."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import REFERENCE


def set_types(force, types):
    force.setParticleTypes(np.array(types, dtype=np.int32))


def only_two_pairs(force):
    table = systems.table()
    force.setFunction(lp.PairTable(2, 0.2, 0.6, table.energies, table.slopes, [0, -1, -1, 2]))


MISTAKES = {
    "particle count": (lambda f: f.addParticle(0), "has 13 particles, but the System has 12"),
    "no particles": (lambda f: set_types(f, []), "has 0 particles, but the System has 12.*with the type -1"),
    "type too large": (lambda f: f.setParticleType(3, 2), "particle 3 has type 2; it must be between 0 and 1, or -1"),
    "type too small": (lambda f: f.setParticleType(4, -2), "particle 4 has type -2"),
    "pair without function": (only_two_pairs, "types 0 and 1 occur, but the pair function is not defined"),
    "no cutoff": (lambda f: f.setNonbondedMethod(f.NoCutoff), "NoCutoff is not possible with a table.*0.6 nm"),
    "cutoff beyond the table": (lambda f: f.setCutoffDistance(0.61), "cutoff distance is 0.61 nm.*at most 0.6 nm"),
    "cutoff zero": (lambda f: f.setCutoffDistance(0), "cutoff distance is 0 nm; it must be positive"),
    "cutoff NaN": (lambda f: f.setCutoffDistance(float("nan")), "cutoff distance is -?nan"),
    "inner cutoff before the table": (
        lambda f: f.setInnerCutoffDistance(0.1),
        "inner cutoff distance is 0.1 nm; it must be at least 0.2 nm",
    ),
    "inner cutoff beyond cutoff": (
        lambda f: f.setInnerCutoffDistance(0.6),
        "inner cutoff distance is 0.6 nm.*less than the cutoff",
    ),
    "switching at cutoff": (
        lambda f: f.setUseSwitchingFunction(True),
        "switching distance is 0.6 nm.*less than the cutoff distance, 0.6",
    ),
    "switching below inner": (
        lambda f: (f.setUseSwitchingFunction(True), f.setSwitchingDistance(0.1)),
        "switching distance is 0.1 nm",
    ),
    "exclusion index": (lambda f: f.addExclusion(0, 12), "exclusion 12 names particle 12; it must be between 0 and 11"),
    "exclusion of itself": (lambda f: f.addExclusion(5, 5), "exclusion 12 names particle 5 twice"),
    "exclusion repeated": (lambda f: f.addExclusion(1, 0), "exclusion 12 repeats the particles 1 and 0"),
    "group index": (lambda f: f.addInteractionGroup([0], [-1]), "interaction group 0 names particle -1"),
    "scale NaN": (lambda f: f.setScaleParameter("s", float("nan")), 'scale parameter "s" has the default value -?nan'),
    "scale renamed": (
        lambda f: (f.setScaleParameter("s"), f.addEnergyParameterDerivative("s"), f.setScaleParameter("t")),
        'derivative with respect to "s" was asked for, which is no longer a global parameter',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_when_a_context_is_created(mistake):
    chains = systems.Chains(molecules=4)
    system = chains.system()
    force = chains.learned()
    change, message = MISTAKES[mistake]
    change(force)
    system.addForce(force)
    with pytest.raises(openmm.OpenMMException, match="^LearnedPairForce: .*" + message):
        REFERENCE.context(system)


def test_all_platforms_refuse_with_the_same_words(target):
    chains = systems.Chains(molecules=4)
    system = chains.system()
    force = chains.learned()
    force.setParticleType(3, 9)
    system.addForce(force)
    with pytest.raises(
        openmm.OpenMMException,
        match="^LearnedPairForce: particle 3 has type 9; it must be between 0 and 1, or -1 if it is not covered.$",
    ):
        target.context(system)


def test_box_smaller_than_twice_the_cutoff_is_refused(target):
    chains = systems.Chains()
    system = chains.system()
    system.addForce(chains.learned())
    system.setDefaultPeriodicBoxVectors((1.19, 0, 0), (0, 2, 0), (0, 0, 2))
    with pytest.raises(
        openmm.OpenMMException, match="cutoff distance is 0.6 nm, more than half the width of the periodic box, 1.19 nm"
    ):
        target.context(system)


def test_box_that_shrinks_below_twice_the_cutoff_is_refused(target):
    chains = systems.Chains()
    system = chains.system()
    system.addForce(chains.learned())
    context = target.context(system, chains.positions)
    context.setPeriodicBoxVectors((2, 0, 0), (0, 2, 0), (0, 0, 1.1))
    # On GPUs the check of OpenMM's own nonbonded kernel comes first.
    with pytest.raises(
        openmm.OpenMMException,
        match="more than half the width of the periodic box, 1.1 nm|less than twice the nonbonded cutoff",
    ):
        context.getState(energy=True)


def test_too_many_interaction_classes_are_refused():
    chains = systems.Chains(molecules=1000)
    system = chains.system()
    force = chains.learned()
    random = np.random.default_rng(0)
    for _ in range(15):
        force.addInteractionGroup(random.choice(3000, 1500, replace=False), random.choice(3000, 1500, replace=False))
    system.addForce(force)
    with pytest.raises(
        openmm.OpenMMException,
        match=(
            "divide the particles into [0-9]+ interaction classes, of which at most 2048 are supported; use fewer or"
            " simpler interaction groups"
        ),
    ):
        REFERENCE.context(system)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("name", ["Reference", "CPU"])
def test_positions_that_are_not_finite_are_refused(name, periodic, value):
    chains = systems.Chains(periodic=periodic)
    system = chains.system()
    system.addForce(chains.learned())
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(name))
    chains.positions[0, 1] = value
    context.setPositions(chains.positions)
    with pytest.raises(openmm.OpenMMException, match="coordinate is NaN"):
        context.getState(energy=True)


TABLES = {
    "NaN energy": (dict(energies=[[0.0, np.nan]]), "curve 0 has the energy -?nan at knot 1"),
    "beyond single precision": (
        dict(energies=[[0.0, 1e39]]),
        "curve 0 has the energy 1e\\+39 at knot 1; every number must be finite, also in single precision",
    ),
    "two-dimensional": (dict(energies=[[[0.0], [1.0]]]), "curve 0 must be one-dimensional"),
    "infinite slope": (dict(slopes=[[np.inf, 0.0]]), "curve 0 has the slope inf at knot 0"),
    "no types": (dict(num_types=0, curve_indices=[]), "number of types is 0"),
    "range": (dict(max_distance=0.1), "maximum distance is 0.1 nm.*greater than the minimum distance, 0.2"),
    "negative distance": (dict(min_distance=-0.1), "minimum distance is -0.1 nm"),
    "one knot": (dict(energies=[[0.0]], slopes=[[0.0]]), "curve 0 has 1 knots; at least 2"),
    "lengths": (dict(slopes=[[0.0, 0.0, 0.0]]), "curve 0 has 2 energies and 3 slopes"),
    "curves": (dict(slopes=[]), "different numbers of curves"),
    "indices": (dict(curve_indices=[0]), "1 curve indices; 2 types need 4"),
    "index": (
        dict(curve_indices=[0, 0, 0, 1]),
        "types 1 and 1 have the curve index 1; it must be between 0 and 0, or -1",
    ),
    "asymmetric": (
        dict(curve_indices=[0, 0, -1, 0]),
        "types 0 and 1 have the curve index 0, but 1 and 0 have -1; a pair function must be symmetric",
    ),
}


@pytest.mark.parametrize("mistake", TABLES)
def test_wrong_tables_are_refused(mistake):
    arguments = dict(
        num_types=2,
        min_distance=0.2,
        max_distance=0.6,
        energies=[[1.0, 0.0]],
        slopes=[[-1.0, 0.0]],
        curve_indices=[0, 0, 0, 0],
    )
    change, message = TABLES[mistake]
    with pytest.raises(openmm.OpenMMException, match="^PairTable: .*" + message):
        lp.PairTable(**{**arguments, **change})


def curve_with(change, knots=301, kind=0):
    """The arguments for a table of one curve with changed slopes."""
    r = np.linspace(0.2, 0.6, knots)
    energies, slopes = systems.curve(r, kind)
    return dict(
        num_types=1,
        min_distance=0.2,
        max_distance=0.6,
        energies=[energies],
        slopes=[change(slopes, r)],
        curve_indices=[0],
    )


SLOPES = {
    "forces": lambda slopes, r: -slopes,
    "per angstrom": lambda slopes, r: slopes / 10,
    "per meter": lambda slopes, r: slopes * 1e9,
    "none": lambda slopes, r: 0 * slopes,
    "per knot": lambda slopes, r: slopes * (r[1] - r[0]),
}
OTHERS = {
    "of another curve": lambda slopes, r: systems.curve(r, 1)[1],
    "in reverse order": lambda slopes, r: slopes[::-1].copy(),
}
CONTRADICTION = (
    r"^PairTable: curve 0 has slopes that contradict its energies: between knots \d+ and \d+ the energy changes by .*"
    r" kJ/mol/nm, and the mean of the two slopes is .*; "
    "give dE/dr, which is minus the force, in kJ/mol/nm"
)


@pytest.mark.parametrize("mistake", SLOPES)
@pytest.mark.parametrize("knots", [9, 30, 301])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_slopes_that_contradict_the_energies_are_refused(mistake, knots, kind):
    with pytest.raises(openmm.OpenMMException, match=CONTRADICTION):
        lp.PairTable(**curve_with(SLOPES[mistake], knots, kind))


@pytest.mark.parametrize("mistake", OTHERS)
def test_slopes_of_other_energies_are_refused(mistake):
    with pytest.raises(openmm.OpenMMException, match=CONTRADICTION):
        lp.PairTable(**curve_with(OTHERS[mistake]))


@pytest.mark.parametrize("knots", [2, 5, 9, 12, 30, 301])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_slopes_of_coarse_tables_are_accepted(knots, kind):
    lp.PairTable(**curve_with(lambda slopes, r: slopes, knots, kind))


def test_slopes_of_walls_and_of_constants_are_accepted():
    r = np.linspace(0.1, 1.0, 51)
    walls = [
        (r**-12, -12 * r**-13),
        (0 * r, 0 * r),
        (0 * r + 1, 0 * r),
        (1e-12 * np.cos(9 * r), -9e-12 * np.sin(9 * r)),
        (np.maximum(0.5 - r, 0), -1.0 * (r < 0.5)),
    ]
    for energies, slopes in walls:
        lp.PairTable(1, 0.1, 1.0, [energies], [slopes], [0])


def test_slopes_of_tables_in_programs_must_fit_the_energies():
    r = np.linspace(0.2, 0.6, 101)
    numbers = np.stack([np.cos(9 * r), np.exp(-r), -9 * np.sin(9 * r), -np.exp(-r)], axis=1)
    text = "v0[1] = distance\nv1[406] = weight\nv2[2] = table v0 v1 {101}\nv3[1] = sum v2 {1 2 1}\noutput v3"
    lp.PairProgram(text, np.concatenate([[0.2, 0.6], numbers.ravel()]), num_types=1, min_distance=0.2)
    numbers[:, 3] *= -1
    with pytest.raises(
        openmm.OpenMMException,
        match="^PairProgram: curve 1 of the table in step 2 has slopes that contradict its energies",
    ):
        lp.PairProgram(text, np.concatenate([[0.2, 0.6], numbers.ravel()]), num_types=1, min_distance=0.2)


def test_wrong_indices_and_arguments_of_methods_are_refused():
    force = lp.LearnedPairForce(systems.table())
    for call in (
        lambda: force.getParticleType(0),
        lambda: force.setParticleType(-1, 0),
        lambda: force.getExclusionParticles(0),
        lambda: force.setExclusionParticles(2, 0, 1),
        lambda: force.getInteractionGroupParameters(0),
        lambda: force.getEnergyParameterDerivativeName(0),
    ):
        with pytest.raises(openmm.OpenMMException, match="index -?[0-9]+ is out of range; there are 0"):
            call()
    with pytest.raises(
        openmm.OpenMMException, match='"x", which is not a global parameter of this force; it has none. Name the scale'
    ):
        force.addEnergyParameterDerivative("x")
    with pytest.raises(ValueError, match="got 7; expected LearnedPairForce.NoCutoff, "):
        force.setNonbondedMethod(7)
    with pytest.raises(TypeError, match="float64 with shape"):
        force.setParticleTypes([0.5, 1.0])
    with pytest.raises(ValueError, match="reach from 0 to 4294967296"):
        force.setParticleTypes(np.array([0, 2**32]))
    for call in (
        lambda: force.addInteractionGroup("12", [0]),
        lambda: force.addInteractionGroup([0.9], [0]),
        lambda: force.createExclusionsFromBonds([(0.9, 1)], 1),
    ):
        with pytest.raises(TypeError, match="expected an integer|expected two indices, which are integers"):
            call()
    with pytest.raises(TypeError, match="the name is 0.5; expected a string"):
        force.setScaleParameter(0.5)
    with pytest.raises(TypeError, match="got a list; expected a dict"):
        force.lowering_report = []
    with pytest.raises(TypeError, match="a dict; expected a PairTable"):
        lp.LearnedPairForce({})
    with pytest.raises(TypeError, match="expected an openmm.Context"):
        force.updateParametersInContext(None)
    with pytest.raises(openmm.OpenMMException, match="bonded particle index 4"):
        force.createExclusionsFromBonds([(4, 5)], 2)


def test_numbers_and_indices_of_wrong_types_are_refused():
    force = lp.LearnedPairForce(systems.table())
    force.addExclusion(0, 1)
    with pytest.raises(TypeError, match="the types are a masked array"):
        force.setParticleTypes(np.ma.array([0, 1], mask=[True, False]))
    for call in (
        lambda: force.addExclusions(np.array([[0, 2**32 + 1]])),
        lambda: force.addExclusions([(0, 2**32 + 1)]),
        lambda: force.addExclusion(0, 2**32 + 1),
        lambda: force.setExclusionParticles(0, 2**32 + 1, 0),
        lambda: force.createExclusionsFromBonds([(0, 2**32 + 1)], 1),
        lambda: force.addInteractionGroup([2**32 + 1], [0]),
    ):
        with pytest.raises(ValueError, match="4294967297 is not the index of a particle; expected at most 2147483647"):
            call()
    for call, what in (
        (lambda: force.setCutoffDistance("0.5"), "setCutoffDistance: got '0.5'"),
        (lambda: force.setInnerCutoffDistance(True), "setInnerCutoffDistance: got True"),
        (lambda: force.setSwitchingDistance(None), "setSwitchingDistance: got None"),
        (lambda: force.setTableTolerance("1e-4"), "setTableTolerance: got '1e-4'"),
        (lambda: force.setScaleParameter("s", np.ma.masked), "setScaleParameter: got masked"),
    ):
        with pytest.raises(TypeError, match=f"LearnedPairForce.{what}; expected a number"):
            call()
    for pairs in (None, [0, 1], [(0, 1, 2)], [(0, 1), (2,)], "01", np.array([[True, False]]), [[0.0, 1.0]]):
        with pytest.raises(TypeError, match="LearnedPairForce.addExclusions: .*expected"):
            force.addExclusions(pairs)


def test_table_refuses_distances_and_types_that_it_does_not_have():
    table = lp.PairTable(2, 0.2, 0.6, [[1.0, 0.0]], [[-1.0, 0.0]], [0, -1, -1, 0])
    for r in (0.19, 0.61, 1e12, np.inf, np.nan):
        with pytest.raises(
            ValueError, match="the distance .* nm is outside the table, which goes from 0.2.* to 0.6.* nm"
        ):
            table.evaluate(0, 0, [0.3, r])
    with pytest.raises(ValueError, match="type 2 is out of range"):
        table.evaluate(0, 2, [0.3])
    with pytest.raises(ValueError, match="no function is defined for types 0 and 1"):
        table.evaluate(0, 1, [0.3])


def test_exclusions_from_bonds_follow_the_bonds():
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes(np.zeros(6, dtype=int))
    force.addExclusion(2, 0)
    force.createExclusionsFromBonds([(0, 1), (1, 2), (2, 3), (4, 5)], 2)
    pairs = {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}
    assert force.getNumExclusions() == len(pairs)
    assert pairs == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (4, 5)}


def test_exclusions_from_the_bonds_of_a_topology():
    topology, _, _ = systems.water(64)
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes(np.zeros(192, dtype=int))
    force.createExclusionsFromBonds(topology.bonds(), 2)
    assert force.getNumExclusions() == 192 and force.getExclusionParticles(191) == (190, 191)


def test_quantities_are_accepted_and_returned():
    from openmm import unit

    force = lp.LearnedPairForce(systems.table())
    force.setCutoffDistance(5 * unit.angstrom)
    assert force.getCutoffDistance() == 0.5 * unit.nanometer
    force.setSwitchingDistance(0.45)
    assert force.getSwitchingDistance().value_in_unit(unit.angstrom) == pytest.approx(4.5)
    table = lp.PairTable(1, 2 * unit.angstrom, 0.6 * unit.nanometer, [[1.0, 0.0]], [[-1.0, 0.0]], [0])
    assert (table.min_distance, table.max_distance) == (pytest.approx(0.2), 0.6)
    assert table.evaluate(0, 0, [3.0, 4.0] * unit.angstrom)[0] == pytest.approx(table.evaluate(0, 0, [0.3, 0.4])[0])
    assert lp.PairProgram(
        "v0[1] = distance\noutput v0", [], num_types=1, min_distance=1 * unit.angstrom
    ).min_distance == pytest.approx(0.1)
