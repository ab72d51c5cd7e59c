# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of DomainReporter: its counts, the atoms, steps and distances that it names, and its messages."""

import csv
import importlib
import io
import subprocess
import sys
import warnings

import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close
from documentation import python_code
from openmm import app, unit

DOMAIN = {("0", "0"): (0.25, 0.5), ("0", "1"): (0.15, 0.6)}


def simulation_of(target, system, positions, topology=None, integrator=None):
    """A Simulation with the platform properties of a target."""
    if topology is None:
        topology = app.Topology()
        residue = topology.addResidue("X", topology.addChain(), id="7")
        for particle in range(len(positions)):
            topology.addAtom(f"C{particle}", app.element.carbon, residue)
    context = target.context(system, positions, integrator or openmm.VerletIntegrator(1e-5))
    simulation = app.Simulation.__new__(app.Simulation)
    simulation.topology, simulation.system = topology, context.getSystem()
    simulation.integrator, simulation.context = context.getIntegrator(), context
    simulation.reporters, simulation._usesPBC = [], system.usesPeriodicBoundaryConditions()
    return simulation


def rows_of(file):
    """The rows of a CSV file, dicts."""
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def pair_system(*separations, periodic=False, domain=None):
    """Pairs of particles of type 0, far from other pairs, with given separations: System, force and positions."""
    system, positions = openmm.System(), []
    for k, separation in enumerate(separations):
        positions += [[0, 0, 3.0 * k], [separation, 0, 3.0 * k]]
        for _ in range(2):
            system.addParticle(12.0)
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes(np.zeros(len(positions), int))
    force.setNonbondedMethod(force.CutoffPeriodic if periodic else force.CutoffNonPeriodic)
    force.setCutoffDistance(systems.CUTOFF)
    if domain is not None:
        force.lowering_report = {"domain": domain}
    system.addForce(force)
    return system, force, np.array(positions)


# ---- the numbers


def expected_rows(chains, positions, domain, exclusions, allowed=None):
    """The counts and extremes for each pair of types, from an enumeration of all pairs."""
    i, j, _, r = oracle.pairs_in_range(
        positions, chains.types, cutoff=systems.CUTOFF, box=chains.box, exclusions=exclusions, allowed=allowed
    )
    for first, second in ((0, 0), (0, 1), (1, 1)):
        chosen = (np.minimum(chains.types[i], chains.types[j]) == first) & (
            np.maximum(chains.types[i], chains.types[j]) == second
        )
        low, high = domain.get((str(first), str(second)), (None, None))
        distances = r[chosen]
        if low is None:
            counts, extreme = (0, 0, len(distances)), min(distances, default=None)
        else:
            below, above = distances[distances < low], distances[distances > high]
            counts = len(below), len(above), 0
            extreme = min(below) if len(below) else max(above, default=None)
        pair = None
        if extreme is not None:
            k = np.flatnonzero(chosen)[np.argmin(abs(distances - extreme))]
            pair = (int(i[k]), int(j[k]))
        yield (first, second), (len(distances), *counts), extreme, pair


@pytest.mark.core
@pytest.mark.parametrize("triclinic", [False, True])
def test_counts_are_those_of_an_enumeration(target, triclinic):
    """With exclusions, exceptions, interaction groups, and particles that are not covered."""
    chains, file = systems.Chains(triclinic=triclinic), io.StringIO()
    force = chains.learned()
    i, j, _, r = oracle.pairs_in_range(
        chains.positions, chains.types, cutoff=systems.CUTOFF, box=chains.box, exclusions=chains.molecule_pairs
    )
    close = [(int(i[k]), int(j[k])) for k in np.argsort(r)[:8]]
    for pair in close[::2]:
        force.addExclusion(*pair)
    for pair in close[1::2]:
        force.addException(*pair, 0.5)
    first, second = set(range(0, 90)), set(range(30, chains.count))
    force.addInteractionGroup(first, second)
    simulation = simulation_of(target, chains.together([force]), chains.positions)
    simulation.reporters.append(lp.DomainReporter(file, 2, domain=DOMAIN))
    with pytest.warns(UserWarning, match="DomainReporter: step 2: "):
        simulation.step(2)
    state = simulation.context.getState(positions=True)
    positions = state.getPositions(asNumpy=True)._value
    rows = rows_of(file)
    assert [(row["step"], row["correction"]) for row in rows] == 3 * [("2", "LearnedPairForce")]
    assert {float(row["time (ps)"]) for row in rows} == {2e-5}
    expected = expected_rows(
        chains,
        positions,
        DOMAIN,
        chains.molecule_pairs + close[::2],
        lambda a, b: (a in first and b in second) or (b in first and a in second),
    )
    for row, (types, counts, extreme, pair) in zip(rows, expected, strict=True):
        assert (row["type 1"], row["type 2"]) == tuple(map(str, types))
        assert [int(row[name]) for name in ("in range", "below", "above", "without data")] == list(counts)
        assert_close(float(row["distance (nm)"]), extreme, atol=1e-6)
        assert (int(row["particle 1"]), int(row["particle 2"])) == pair
    total = {name: sum(int(row[name]) for row in rows) for name in ("in range", "below", "above", "without data")}
    assert min(total.values()) > 0 and total["in range"] > 500
    assert [(row["low (nm)"], row["high (nm)"]) for row in rows] == [("0.25", "0.5"), ("0.15", "0.6"), ("", "")]


def test_the_most_extreme_distance_is_found_across_parts(monkeypatch):
    """The search yields the pairs in parts. A distance that is too short comes before all that are too long."""
    monkeypatch.setattr("learnedpair.force.neighbors.CHUNK", 3)
    separations = [0.59, 0.41, 0.3, 0.21, 0.24, 0.55]
    for order in (separations, separations[::-1]):
        system, _, positions = pair_system(*order)
        file = io.StringIO()
        simulation = simulation_of(REFERENCE, system, positions)
        simulation.reporters.append(lp.DomainReporter(file, 1, domain={("0", "0"): (0.25, 0.5)}))
        with pytest.warns(UserWarning, match=r"are 0.2100 nm apart.* \(2 such pairs in this step\)"):
            simulation.step(1)
        (row,) = rows_of(file)
        assert [row[name] for name in ("in range", "below", "above", "without data")] == ["6", "2", "2", "0"]
        assert_close(float(row["distance (nm)"]), 0.21, atol=1e-6)
        assert int(row["particle 1"]) == 2 * order.index(0.21)


def test_without_a_cutoff_the_pairs_are_those_within_the_cutoff_of_the_model():
    model = lp.load_model(models.Formula(), types=["A"], cutoff=1.0, inner_cutoff=0.1, domain={("A", "A"): (0.2, 1.0)})
    force = model.create_force(4 * ["A"], nonbonded_method=lp.LearnedPairForce.NoCutoff, representation="program")
    system, file = openmm.System(), io.StringIO()
    for _ in range(4):
        system.addParticle(1.0)
    system.addForce(force)
    simulation = simulation_of(REFERENCE, system, [[0, 0, 0], [0.9, 0, 0], [2.0, 0, 0], [9.0, 0, 0]])
    simulation.reporters.append(lp.DomainReporter(file, 1))
    simulation.step(1)
    (row,) = rows_of(file)
    assert (row["in range"], row["above"], row["distance (nm)"]) == ("1", "0", "")


def test_a_correction_that_is_not_periodic_in_a_periodic_system():
    """OpenMM allows this inside a CustomCVForce. In a State whose molecules are moved into the box, the two particles
    would be far apart.
    """
    system, force, positions = pair_system(0.3, domain=[["0", "0", 0.2, 0.6]])
    outer = inside_of_cv(openmm.XmlSerializer.clone(force))
    system.removeForce(0)
    system.addForce(outer)
    system.setDefaultPeriodicBoxVectors([2, 0, 0], [0, 2, 0], [0, 0, 2])
    system.addForce(periodic := openmm.NonbondedForce())
    periodic.setNonbondedMethod(periodic.CutoffPeriodic)
    periodic.setCutoffDistance(0.9)
    for _ in range(2):
        periodic.addParticle(0, 0.1, 0)
    simulation, file = simulation_of(REFERENCE, system, positions + [1.85, 0, 0]), io.StringIO()
    assert simulation._usesPBC
    simulation.reporters.append(lp.DomainReporter(file, 1))
    simulation.step(1)
    (row,) = rows_of(file)
    assert (row["in range"], row["below"]) == ("1", "0")


class Charges(torch.nn.Module):
    def forward(self, r: torch.Tensor, features1: torch.Tensor, features2: torch.Tensor) -> torch.Tensor:
        return (features1 * features2).squeeze(-1) * torch.clamp(1 - r, min=0) ** 3


def test_a_model_with_features_has_one_row():
    """The last particle is not covered, so that its neighbor does not count."""
    model = lp.load_model(
        Charges(), features={"q": (-1.0, 1.0)}, cutoff=1.0, inner_cutoff=0.1, domain=(2.5 * unit.angstrom, 0.9)
    )
    force = model.create_force([[0.5], [0.1], [-0.5], None], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    system, file = openmm.System(), io.StringIO()
    for _ in range(4):
        system.addParticle(12.0)
    system.addForce(force)
    simulation = simulation_of(REFERENCE, system, [[0, 0, 0], [0.2, 0, 0], [0.95, 0, 0], [0.97, 0, 0]])
    simulation.reporters.append(lp.DomainReporter(file, 1))
    with pytest.warns(UserWarning, match=r"X 7 C0 \(atom 0\) and X 7 C1 \(atom 1\) are 0.2000 nm apart, and the corr"):
        simulation.step(1)
    (row,) = rows_of(file)
    assert (row["type 1"], row["type 2"], row["low (nm)"], row["high (nm)"]) == ("*", "*", "0.25", "0.9")
    assert [row[name] for name in ("in range", "below", "above", "without data")] == ["3", "1", "1", "0"]


def test_types_that_cannot_pair_have_no_row():
    """There is one particle of each type."""
    system, force, positions = pair_system(0.4, domain=[["0", "1", 0.2, 0.6]])
    force.setParticleTypes([0, 1])
    file = io.StringIO()
    assert run(system, positions, lp.DomainReporter(file, 1)) == []
    assert [(row["type 1"], row["type 2"], row["in range"]) for row in rows_of(file)] == [("0", "1", "1")]


# ---- a run that leaves the domain


def approaching(target, **arguments):
    """Two particles that approach each other by 0.01 nm in each step, from 0.4 nm; the domain begins at 0.355 nm."""
    system, force, positions = pair_system(0.4, domain=[["0", "0", 0.355, 0.6]])
    force.setScaleParameter("scale", 0.0)
    simulation = simulation_of(target, system, positions, integrator=openmm.VerletIntegrator(0.001))
    simulation.context.setVelocities([[0, 0, 0], [-10, 0, 0]])
    file = io.StringIO()
    simulation.reporters.append(lp.DomainReporter(file, 1, **arguments))
    return simulation, file


MESSAGE = (
    r"DomainReporter: step 5: X 7 C0 \(atom 0\) and X 7 C1 \(atom 1\), of the types 0 and 0, are 0.3500 nm apart, and"
    r" the correction 'LearnedPairForce' has training data that begin at 0.355 nm \(1 such pair in this step\); its"
    " energies there are extrapolated: add such structures to the training data."
)


def test_a_run_that_leaves_the_domain_is_named_once(target):
    simulation, file = approaching(target)
    with pytest.warns(UserWarning, match=f"^{MESSAGE}$") as caught:
        simulation.step(8)
    assert len(caught) == 1
    rows = rows_of(file)
    assert [int(row["below"]) for row in rows] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert_close([float(row["distance (nm)"]) for row in rows[4:]], [0.35, 0.34, 0.33, 0.32], atol=2e-6)
    assert {row["distance (nm)"] for row in rows[:4]} == {""}


def test_stop_ends_the_run(target):
    simulation, file = approaching(target, stop=True)
    with pytest.raises(lp.DomainError, match=f"^{MESSAGE}$"):
        simulation.step(8)
    assert simulation.currentStep == 5
    assert [row["below"] for row in rows_of(file)] == ["0", "0", "0", "0", "1"]
    assert issubclass(lp.DomainError, lp.LearnedPairError) and issubclass(lp.DomainError, RuntimeError)


def test_the_trajectory_is_that_without_a_reporter():
    chains = systems.Chains()

    def positions(*reporters):
        integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 1, 0.001))
        system = chains.together([chains.learned(), chains.bonded()])
        simulation = simulation_of(REFERENCE, system, chains.positions, integrator=integrator)
        simulation.reporters += reporters
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            simulation.step(20)
        return simulation.context.getState(positions=True).getPositions(asNumpy=True)._value

    assert np.array_equal(positions(), positions(lp.DomainReporter(io.StringIO(), 3, domain=DOMAIN)))


@pytest.mark.parametrize(
    "separation, domain, message",
    [
        (0.55, {("0", "0"): (0.3, 0.5)}, r"are 0.5500 nm apart, and .* has training data that end at 0.5 nm"),
        (0.55, {("0", "1"): (0.3, 0.6)}, r"has no training data for this pair of types \(1 such pair in this step\)"),
    ],
)
def test_other_ways_out_of_the_domain(separation, domain, message):
    system, _, positions = pair_system(separation)
    for stop in (False, True):
        simulation = simulation_of(REFERENCE, system, positions)
        simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1, domain=domain, stop=stop))
        with pytest.raises(lp.DomainError, match=message) if stop else pytest.warns(UserWarning, match=message):
            simulation.step(1)


def test_pairs_that_are_too_close_stop_the_run_first():
    """Before pairs of other types that are too far apart."""
    system, force, positions = pair_system(0.55, 0.2)
    force.setParticleTypes([0, 0, 0, 1])
    domain = {("0", "1"): (0.3, 0.5), ("0", "0"): (0.3, 0.5)}
    simulation = simulation_of(REFERENCE, system, positions)
    simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1, domain=domain, stop=True))
    with pytest.raises(lp.DomainError, match=r"\(atom 2\) and X 7 C3 \(atom 3\), of the types 0 and 1, are 0.2000 nm"):
        simulation.step(1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_not_finite(value):
    """Those of particles that are not covered do not matter."""
    system, force, positions = pair_system(0.4, 0.4, domain=[["0", "0", 0.2, 0.6]])
    force.setParticleTypes([0, 0, 0, -1])
    reporter = lp.DomainReporter(io.StringIO(), 1)
    simulation = simulation_of(REFERENCE, system, positions)
    reporter.describeNextReport(simulation)
    for particle in (3, 1):
        positions[particle, 2] = value
        simulation.context.setPositions(positions)
        state = simulation.context.getState(positions=True)
        if particle == 3:
            reporter.report(simulation, state)
        else:
            with pytest.raises(lp.DomainError, match=rf"step 0: the position of X 7 C1 \(atom 1\) is .*{value}"):
                reporter.report(simulation, state)


def test_particles_that_the_topology_lacks():
    system, _, positions = pair_system(0.2, domain=[["0", "0", 0.3, 0.6]])
    simulation = simulation_of(REFERENCE, system, positions, app.Topology())
    simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1))
    with pytest.warns(UserWarning, match="step 1: particle 0 and particle 1, of the types"):
        simulation.step(1)


# ---- several corrections


def two_corrections(domains, names=("first", "second")):
    system, force, positions = pair_system(0.2, domain=domains[0] and [["0", "0", *domains[0]]])
    second = lp.LearnedPairForce.cast(openmm.XmlSerializer.clone(force))
    second.lowering_report = {"domain": domains[1] and [["0", "0", *domains[1]]]}
    for each, name in zip((force, second), names, strict=True):
        each.setName(name)
    system.addForce(second)
    return system, positions


def run(system, positions, *reporters):
    simulation = simulation_of(REFERENCE, system, positions)
    simulation.reporters += reporters
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        simulation.step(1)
    return [str(warning.message) for warning in caught]


def test_several_corrections():
    """Each has a training domain of its own, and equal names are numbered."""
    for names, expected in ((("a", "b"), ["a", "b"]), (("a", "a"), ["a 1", "a 2"])):
        system, positions = two_corrections([(0.1, 0.6), (0.3, 0.6)], names)
        file = io.StringIO()
        (message,) = run(system, positions, lp.DomainReporter(file, 1))
        assert f"the correction {expected[1]!r} has training data that begin at 0.3 nm" in message
        assert [(row["correction"], row["below"]) for row in rows_of(file)] == [(expected[0], "0"), (expected[1], "1")]


def test_one_correction_is_chosen():
    system, positions = two_corrections([(0.1, 0.6), (0.3, 0.6)])
    for index, outside in ((0, 0), (1, 1)):
        file = io.StringIO()
        reporter = lp.DomainReporter(file, 1, force=system.getForce(index))
        assert len(run(system, positions, reporter)) == outside
        assert [row["correction"] for row in rows_of(file)] == [("first", "second")[index]]
    file = io.StringIO()
    reporter = lp.DomainReporter(file, 1, force=system.getForce(0), domain={("0", "1"): (0.2, 0.6)})
    (message,) = run(system, positions, reporter)
    assert "the correction 'first' has no training data for this pair of types" in message


def test_a_correction_without_a_domain_is_named():
    system, positions = two_corrections([None, (0.1, 0.6)])
    file = io.StringIO()
    messages = run(system, positions, lp.DomainReporter(file, 1))
    assert messages == ["DomainReporter: the correction 'first' has no training domain, and is left out."]
    assert [row["correction"] for row in rows_of(file)] == ["second"]


def inside_of_cv(force):
    outer = openmm.CustomCVForce("v")
    outer.addCollectiveVariable("v", force)
    return outer


def inside_of_atm(force):
    outer = openmm.ATMForce("u0 + 0*u1")
    outer.addForce(force)
    for _ in range(lp.LearnedPairForce.cast(force).getNumParticles()):
        outer.addParticle(openmm.Vec3(0, 0, 0))
    return outer


@pytest.mark.parametrize("hold", [inside_of_cv, inside_of_atm, lambda force: inside_of_cv(inside_of_cv(force))])
def test_corrections_inside_other_forces(hold):
    system, force, positions = pair_system(0.2, domain=[["0", "0", 0.3, 0.6]])
    outer = hold(openmm.XmlSerializer.clone(force))
    system.removeForce(0)
    system.addForce(outer)
    (message,) = run(system, positions, lp.DomainReporter(io.StringIO(), 1))
    assert "has training data that begin at 0.3 nm" in message


def test_an_update_of_the_force_changes_the_domain():
    system, force, positions = pair_system(0.2, domain=[["0", "0", 0.1, 0.6]])
    simulation, file = simulation_of(REFERENCE, system, positions), io.StringIO()
    simulation.reporters.append(lp.DomainReporter(file, 1))
    simulation.step(1)
    force.lowering_report = {"domain": [["0", "0", 0.3, 0.6]]}
    with pytest.warns(UserWarning, match="begin at 0.3 nm"):
        simulation.step(1)
    assert [row["low (nm)"] for row in rows_of(file)] == ["0.1", "0.3"]


# ---- arguments and files


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (dict(reportInterval=0), ValueError, "DomainReporter: reportInterval is 0; expected at least 1 step"),
        (dict(reportInterval=1.5), TypeError, "DomainReporter: reportInterval"),
        (dict(stop="raise"), TypeError, "DomainReporter: stop is 'raise'; expected True or False"),
        (dict(force=openmm.NonbondedForce()), TypeError, "not a LearnedPairForce"),
        (dict(force=3), TypeError, "expected an openmm.Force, got a int"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        lp.DomainReporter(**{"file": io.StringIO(), "reportInterval": 1, **arguments})


@pytest.mark.parametrize(
    "domains, arguments, message",
    [
        ([None, None], {}, r"no correction of the System has a training domain; export the model again with domain="),
        (
            [(0.1, 0.6)] * 2,
            dict(domain={("0", "0"): (0, 1)}),
            "domain is given, and the System has 2 corrections; choose",
        ),
        ([(0.1, 0.6)] * 2, dict(force=True), "force is 'other', which is no force of this System"),
        ([(0.6, 0.1)] * 2, {}, r"the correction 'first': the domain of '0' and '0' is \(0.6, 0.1\); expected"),
    ],
)
@pytest.mark.filterwarnings("ignore:DomainReporter. the correction '.*' has no training domain")
def test_what_does_not_fit_the_system(domains, arguments, message):
    system, positions = two_corrections(domains)
    if "force" in arguments:
        other, force, _ = pair_system(0.3)  # "other" must not be deleted, and its force with it
        force.setName("other")
        arguments = dict(force=force)
    simulation = simulation_of(REFERENCE, system, positions)
    simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1, **arguments))
    with pytest.raises(ValueError, match=f"DomainReporter: {message}"):
        simulation.step(1)


def test_a_wrong_domain_of_the_reporter():
    system, _, positions = pair_system(0.3)
    simulation = simulation_of(REFERENCE, system, positions)
    simulation.reporters.append(lp.DomainReporter(io.StringIO(), 1, domain={("0", "O"): (0.1, 0.6)}))
    with pytest.raises(ValueError, match="'LearnedPairForce': domain has .* no type 'O'; the model has 0, 1"):
        simulation.step(1)


def test_files_are_replaced_or_continued(tmp_path):
    path = tmp_path / "domain.csv"
    system, _, positions = pair_system(0.4, domain=[["0", "0", 0.2, 0.6]])

    def lines(**arguments):
        run(system, positions, lp.DomainReporter(path, 1, **arguments))
        return path.read_text(encoding="utf-8").splitlines()

    assert len(lines()) == 2
    assert len(lines()) == 2
    continued = lines(append=True)
    assert [line.split(",")[0] for line in continued] == ["step", "1", "1"]
    path.write_text("step,energy\n1,2\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"DomainReporter: .*domain.csv has the columns step, energy, .* another file\."
    ):
        lines(append=True)
    assert path.read_text(encoding="utf-8") == "step,energy\n1,2\n"


RUN_WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import learnedpair as lp, openmm, numpy
from openmm import app
system = openmm.XmlSerializer.deserialize(open(sys.argv[1]).read())
topology = app.PDBFile(sys.argv[2]).topology
simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-9), openmm.Platform.getPlatform("Reference"))
simulation.context.setPositions(app.PDBFile(sys.argv[2]).positions)
simulation.reporters.append(lp.DomainReporter(sys.argv[3], 1, stop=True))
try:
    simulation.step(1)
except lp.DomainError as error:
    print(error)
"""


def test_xml_is_guarded_without_torch(tmp_path):
    """With the names of types, residues and atoms."""
    topology, positions, box = systems.water(64)
    system = systems.water_system(topology, rigid=False)  # constraints would move the atoms of the PDB file
    lp.add_correction(system, topology, models.water_model(domain={("O", "O"): (0.0, 0.6), ("H", "O"): (0.5, 0.6)}))
    (tmp_path / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    with open(tmp_path / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    (tmp_path / "run.py").write_text(RUN_WITHOUT_TORCH, encoding="utf-8")
    command = [sys.executable, "run.py", "system.xml", "t.pdb", "domain.csv"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    positions = np.array(app.PDBFile(str(tmp_path / "t.pdb")).positions._value)  # which are rounded
    types = np.array([0 if atom.element is app.element.oxygen else 1 for atom in topology.atoms()])
    bonded = [(3 * k + a, 3 * k + b) for k in range(len(types) // 3) for a, b in ((0, 1), (0, 2), (1, 2))]
    i, j, _, r = oracle.pairs_in_range(positions, types, cutoff=0.6, box=box, exclusions=bonded)
    k = np.argmin(np.where(types[i] != types[j], r, np.inf))
    names = [f"{atom.residue.name} {atom.residue.id} {atom.name} (atom {atom.index})" for atom in topology.atoms()]
    assert f"step 1: {names[i[k]]} and {names[j[k]]}, of the types O and H, are {r[k]:.4f} nm apart" in result.stdout
    rows = rows_of(io.StringIO((tmp_path / "domain.csv").read_text(encoding="utf-8")))
    assert [(row["type 1"], row["type 2"]) for row in rows] == [("O", "O"), ("O", "H"), ("H", "H")]
    assert [int(row["in range"]) for row in rows] == [int((types[i] + types[j] == n).sum()) for n in range(3)]


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, model_code, _ = python_code("docs/user/quick-start.md")
    export, watch, stop, reading = python_code("docs/user/guarding.md")
    # TorchScript needs the source in a file.
    (tmp_path / "guarded_model.py").write_text(model_code + export, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("guarded_model")
    names = dict(lp=lp)
    model = lp.load_model("delta.pt")
    assert model.domain == {("O", "O"): (0.24, 0.7), ("O", "H"): (0.16, 0.7)} and model.training["molecules"] == 20000
    topology, positions = systems.relaxed_water(500)
    system = systems.water_system(topology, cutoff=0.9)
    names["force"] = lp.add_correction(system, topology, model)
    platform = openmm.Platform.getPlatform("CPU")
    names["simulation"] = app.Simulation(topology, system, openmm.VerletIntegrator(0.0005), platform)
    names["simulation"].context.setPositions(positions)
    with warnings.catch_warnings(record=True) as caught:  # other pairs of types may be outside, too
        warnings.simplefilter("always")
        exec(watch.replace("000", ""), names)
    (message,) = [str(each.message) for each in caught if "of the types H and H, are" in str(each.message)]
    assert "has no training data for this pair of types" in message
    names["simulation"].reporters.clear()
    exec(stop.replace("000", ""), names)
    assert (tmp_path / "outside.xml").exists()
    rows = rows_of(io.StringIO((tmp_path / "domain.csv").read_text(encoding="utf-8")))
    assert [row["step"] for row in rows] == 3 * ["1"] + 3 * ["2"]
    exec(reading, names)
    assert names["below"].loc[1, ("O", "H")] == float(rows[1]["below"])


def test_an_existing_file_is_kept_if_an_argument_is_wrong(tmp_path):
    """The domain is compared with the System before the first report; only then the file is replaced."""
    path = tmp_path / "old.csv"
    path.write_text("old", encoding="utf-8")
    system, _, positions = pair_system(0.3)
    simulation = simulation_of(REFERENCE, system, positions)
    simulation.reporters.append(lp.DomainReporter(path, 1, domain={("0", "Xx"): (0.3, 1.0)}))
    with pytest.raises(ValueError, match="Xx"):
        simulation.step(1)
    assert path.read_text(encoding="utf-8") == "old"
    with pytest.raises(TypeError, match="DomainReporter: append is 'no'; expected True or False"):
        lp.DomainReporter(path, 1, append="no")
    with pytest.raises(ValueError, match="there is no such folder"):
        lp.DomainReporter(tmp_path / "none" / "d.csv", 1)
