# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of DensityReporter, the ranges of densities in models and files, and densities in NumPy."""

import csv
import io
import warnings

import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from environment_functions import CUTOFF, INNER, NUM_TYPES, ORDERS, curves
from environment_models import ANGULAR, KEYWORDS, Box, network
from environments import TRICLINIC, Cluster
from learnedpair.force.densities import densities_of
from openmm import XmlSerializer, app


def each_density_is_an_energy(channel):
    """An environment function whose energy is the sum of the densities of one channel."""
    values, slopes = curves()
    text = f"v0[5] = densities\nv1[1] = gather v0 {{{channel}}}\noutput v1"
    return lp.EnvironmentFunction(NUM_TYPES, INNER, CUTOFF, ORDERS, values, slopes, [0, 1, 2, 3], text)


@pytest.mark.parametrize("in_densities", [True, False])
@pytest.mark.parametrize("box", [None, TRICLINIC], ids=["no box", "triclinic"])
def test_densities_are_those_of_the_force(box, in_densities):
    """Energies of five forces are the sums of their densities, with exclusions, exceptions, groups and switching."""
    cluster = Cluster(box)
    for channel in range(5):
        force = cluster.force(
            each_density_is_an_energy(channel),
            setUseSwitchingFunction=True,
            setSwitchingDistance=0.4,
            setUseDensityExclusions=in_densities,
        )
        force.addExclusion(0, 1)
        force.addException(3, 5, 0.25)
        force.addInteractionGroup(set(range(15)), set(range(20)))
        found = densities_of(force, cluster.positions, box)
        assert found.shape == (20, 5) and not found[cluster.types < 0].any()
        energy = cluster.context(force).getState(energy=True).getPotentialEnergy()._value
        assert abs(energy) > 0.1
        assert_close(found[:, channel].sum(), energy, rtol=1e-11)


def test_densities_are_those_of_pytorch():
    """Atom by atom, with an exclusion."""
    box, module = Box(), network()
    model = lp.load_environment(module, **KEYWORDS, tolerance=1e-8)
    force = model.create_force([None if t < 0 else int(t) for t in box.types])
    for pair in box.exclusions:
        force.addExclusion(*map(int, pair))
    energy = lp.nn.EnvironmentEnergy(module.double(), ANGULAR, cutoff=model.cutoff, inner_cutoff=model.inner_cutoff)
    expected = energy.densities(
        torch.tensor(box.positions), torch.tensor(box.box), torch.tensor(box.types), box.exclusions
    )
    assert_close(densities_of(force, box.positions, box.box), expected.detach().numpy(), atol=1e-6)


# --- the reporter ---


def trimer(distance, **options):
    """Three argon atoms in a row, whose model knows densities up to that of one neighbor at 0.3 nm."""
    r = np.linspace(0.1, 0.6, 101)[:, None]
    text = "v0[1] = densities\nv1[1] = mul v0 v0\noutput v1"
    function = lp.EnvironmentFunction(1, 0.1, 0.6, [0], [(0.6 - r) ** 2], [-2 * (0.6 - r)], [0], text)
    model = lp.EnvironmentModel(function, ["Ar"], 0.6, 0.1, "argon.pt", "", "", **options)
    force = model.create_force(["Ar"] * 3, nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    system, topology = openmm.System(), app.Topology()
    chain = topology.addChain()
    for _ in range(3):
        system.addParticle(40.0)
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    system.addForce(force)
    simulation = app.Simulation(
        topology, XmlSerializer.clone(system), openmm.VerletIntegrator(1e-7), openmm.Platform.getPlatform("Reference")
    )
    simulation.context.setPositions([[distance * k, 0, 0] for k in range(3)])
    return simulation


RANGES = {"Ar": [(0.05, 0.1)]}


def watch(simulation, **options):
    simulation.reporters.append(lp.DensityReporter(io.StringIO(), 1, **options))
    simulation.step(1)


def rows_of(file):
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_counts_and_one_warning():
    """At 0.3 nm the atom in the middle has twice the density of the others; the ranges travel in the XML."""
    simulation, file = trimer(0.3, density_ranges=RANGES), io.StringIO()
    simulation.reporters.append(lp.DensityReporter(file, 1))
    with pytest.warns(UserWarning, match="DensityReporter") as caught:
        simulation.step(3)
    (warning,) = caught
    assert str(warning.message) == (
        "DensityReporter: step 1: Ar 2 Ar (atom 1), of the type Ar, has the density 0.18 in channel 0, and the training"
        " data of the correction 'LearnedPairForce' have 0.05 to 0.1 (1 such atom of 3 in this step); its energy is"
        " extrapolated: add such structures to the training data."
    )
    rows = rows_of(file)
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    expected = {"type": "Ar", "channel": "0", "low": "0.05", "high": "0.1", "atoms": "3", "below": "0", "above": "1"}
    assert expected.items() <= rows[0].items() and rows[0]["particle"] == "1"
    assert (float(rows[0]["smallest"]), float(rows[0]["largest"])) == pytest.approx((0.09, 0.18), abs=1e-6)


def test_a_range_that_holds_has_no_warning():
    simulation, file = trimer(0.3, density_ranges={"Ar": [(0.09, 0.18)]}), io.StringIO()
    simulation.reporters.append(lp.DensityReporter(file, 1, stop=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulation.step(2)
    assert all((row["below"], row["above"], row["particle"]) == ("0", "0", "") for row in rows_of(file))


@pytest.mark.parametrize("margin, fails", [(0.0, True), (1.0, True), (1.7, False)])
def test_the_margin_is_a_fraction_of_the_width(margin, fails):
    simulation = trimer(0.3, density_ranges=RANGES)
    simulation.reporters.append(lp.DensityReporter(io.StringIO(), 1, margin=margin, stop=True))
    if fails:
        with pytest.raises(lp.DomainError, match="has the density 0.18 in channel 0"):
            simulation.step(1)
    else:
        simulation.step(1)


def test_densities_that_are_too_small():
    simulation = trimer(0.44, density_ranges=RANGES)
    file = io.StringIO()
    simulation.reporters.append(lp.DensityReporter(file, 1, stop=True))
    with pytest.raises(lp.DomainError, match=r"Ar [13] Ar \(atom [02]\), .* has the density 0.0256 .* \(2 such atoms"):
        simulation.step(1)
    assert rows_of(file)[0]["below"] == "2"  # the rows of the report are written


def test_a_type_without_training_data():
    simulation, file = trimer(0.3, density_ranges=RANGES), io.StringIO()
    simulation.reporters.append(lp.DensityReporter(file, 1, density_ranges={"Ar": RANGES["Ar"]}, margin=2.0))
    simulation.step(1)
    other, file = trimer(0.3), io.StringIO()
    force = lp.LearnedPairForce.cast(other.system.getForce(0))
    report = force.lowering_report
    force.lowering_report = report | {"types": ["Ar"], "density_ranges": {}}
    other.reporters.append(lp.DensityReporter(file, 1))
    with pytest.raises(ValueError, match="density_ranges is {}; expected a dict of type"):
        other.step(1)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({}, ValueError, "no correction of the System has a range of densities; export the model again with density_"),
        ({"density_ranges": {"Kr": [(0, 1)]}}, ValueError, "density_ranges has the type 'Kr', and the model has Ar"),
        ({"density_ranges": {"Ar": [(0, 1), (0, 1)]}}, ValueError, r"are \[\(0, 1\), \(0, 1\)\]; .* the 1 channels"),
        ({"density_ranges": {"Ar": [(1, 0)]}}, ValueError, "finite numbers with low <= high"),
        ({"density_ranges": {"Ar": [(0, np.nan)]}}, ValueError, "finite numbers with low <= high"),
        ({"density_ranges": [(0, 1)]}, ValueError, "expected a dict of type to"),
        ({"margin": -0.1}, ValueError, "margin is -0.1; expected a number that is not negative"),
        ({"margin": "x"}, ValueError, "margin is 'x'"),
        ({"stop": 1}, TypeError, "stop is 1; expected True or False"),
    ],
)
@pytest.mark.filterwarnings("ignore:DensityReporter. the correction")
def test_wrong_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        watch(trimer(0.3), **options)


def test_each_guard_names_the_other_one():
    """A DomainReporter leaves out environment functions, and a DensityReporter leaves out pair functions."""
    simulation = trimer(0.3, density_ranges=RANGES)
    simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1))
    with (
        pytest.warns(UserWarning, match="is an environment function, .* watch its densities with lp.DensityReporter"),
        pytest.raises(ValueError, match="no correction of the System has a training domain"),
    ):
        simulation.step(1)
    system = openmm.System()
    system.addParticle(1.0)
    table = lp.LearnedPairForce(lp.PairTable(1, 0.2, 0.6, [[1.0, 0.0]], [[-2.5, -2.5]], [0]))
    table.setParticleTypes([0])
    table.setNonbondedMethod(table.CutoffNonPeriodic)
    system.addForce(table)
    simulation = app.Simulation(
        app.Topology(), system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference")
    )
    simulation.reporters.append(lp.DensityReporter(io.StringIO(), 1))
    with (
        pytest.warns(UserWarning, match="is no environment function, .* watch its distances with lp.DomainReporter"),
        pytest.raises(ValueError, match="no correction of the System has a range of densities"),
    ):
        simulation.step(1)


# --- in models and files ---


@pytest.mark.parametrize("suffix", [".pt", ".pt2"])
def test_ranges_travel_with_the_model(suffix, tmp_path):
    box, module = Box(), network()
    names = list(KEYWORDS["types"])
    energy = lp.nn.EnvironmentEnergy(
        module.double(), ANGULAR, cutoff=KEYWORDS["cutoff"], inner_cutoff=KEYWORDS["inner_cutoff"]
    )
    densities = energy.densities(torch.tensor(box.positions), torch.tensor(box.box), torch.tensor(box.types))
    ranges = lp.nn.density_ranges(densities, torch.tensor(box.types), names)
    for index, name in enumerate(names):
        of_type = densities.detach().numpy()[np.array(box.types) == index]
        assert_close(ranges[name], np.stack([of_type.min(axis=0), of_type.max(axis=0)], axis=1), rtol=1e-12)
    written = lp.export_environment(module, tmp_path / f"m{suffix}", **KEYWORDS, density_ranges=ranges)
    loaded = lp.load_environment(tmp_path / f"m{suffix}")
    assert written.density_ranges == loaded.density_ranges == ranges
    assert loaded.create_force([None] * 3).lowering_report["density_ranges"] == {
        name: [list(limits) for limits in each] for name, each in ranges.items()
    }
    other = lp.load_environment(tmp_path / f"m{suffix}", density_ranges={names[0]: ranges[names[0]]})
    assert other.density_ranges == {names[0]: ranges[names[0]]}
    with pytest.raises(lp.ModelError, match=r"the density_ranges of 'A' are \[\(0, 1\)\]; expected .* the \d channels"):
        lp.load_environment(module, **KEYWORDS, density_ranges={names[0]: [(0, 1)]})


@pytest.mark.parametrize(
    "densities, types, message",
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.int64), r"have the shape \(3,\) and the types \(3,\)"),
        (torch.zeros(3, 2), torch.zeros(2, dtype=torch.int64), r"expected \(M, K\) and \(M,\)"),
        (torch.zeros(1, 2), torch.tensor([1]), "there is an atom of type 1, and 1 names of types"),
        (torch.full((1, 2), torch.nan), torch.tensor([0]), "a density is NaN or infinite"),
        (np.zeros((1, 2)), torch.tensor([0]), "the densities are a ndarray; expected a Tensor"),
        (torch.zeros(1, 2), torch.tensor([True]), "the types have the dtype torch.bool; expected integers"),
    ],
)
def test_wrong_densities_are_refused(densities, types, message):
    with pytest.raises((TypeError, ValueError), match=message):
        lp.nn.density_ranges(densities, types, ["Ar"])
    with pytest.raises(ValueError, match="expected a list of different names"):
        lp.nn.density_ranges(torch.zeros(1, 1), torch.tensor([0]), ["Ar", "Ar"])


def test_names_of_corrections_are_different():
    simulation, file = trimer(0.3, density_ranges=RANGES), io.StringIO()
    (first,) = simulation.system.getForces()
    system = openmm.System()
    for _ in range(3):
        system.addParticle(40.0)
    for name in ("c 2", "c", "c"):
        force = lp.LearnedPairForce.cast(XmlSerializer.clone(first))
        force.setName(name)
        system.addForce(force)
    again = app.Simulation(
        simulation.topology, system, openmm.VerletIntegrator(1e-7), openmm.Platform.getPlatform("Reference")
    )
    again.context.setPositions(simulation.context.getState(positions=True).getPositions())
    again.reporters.append(lp.DensityReporter(file, 1))
    with pytest.warns(UserWarning, match="DensityReporter") as caught:
        again.step(1)
    assert len({row["correction"] for row in rows_of(file)}) == len(caught) == 3
