# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of LambdaReporter: its numbers, the parameters after it, and its messages."""

import io

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import DOUBLE, PLATFORMS, REFERENCE, assert_close, on
from documentation import python_code
from openmm import app, unit
from simulations import rows_of, simulate

LADDER = [0.0, 0.25, 1.0]


def scaled(chains, derivative=True):
    """A correction with the scale lam, 0.6 in a new Context."""
    force = chains.learned()
    force.setScaleParameter("lam", 0.6)
    if derivative:
        force.addEnergyParameterDerivative("lam")
    return force


def harmonic(derivative=True, name="lam"):
    """A CustomBondForce whose energy is quadratic in lam."""
    force = openmm.CustomBondForce(f"1000*{name}^2*(r-0.1)^2")
    force.addGlobalParameter(name, 0.6)
    if derivative:
        force.addEnergyParameterDerivative(name)
    force.addBond(0, 1)
    return force


def energy_at(context, **parameters):
    for name, value in parameters.items():
        context.setParameter(name, value)
    return context.getState(energy=True).getPotentialEnergy()._value


@on([*PLATFORMS, *DOUBLE])
@pytest.mark.core
def test_energies_and_derivatives_are_those_of_the_context(target):
    """Beside another force that depends on the parameter, too: OpenMM adds the derivatives. OpenMM's HarmonicBondForce
    and NonbondedForce keep their parameters in single precision, even in double precision, and would hide errors.
    """
    chains, file = systems.Chains(), io.StringIO()
    reporter = lp.LambdaReporter(file, 2, "lam", ladder=LADDER, temperature=300 * unit.kelvin)
    forces = [scaled(chains), harmonic()]
    simulation = simulate(target, chains, forces, reporter)
    context = simulation.context
    assert context.getParameter("lam") == 0.6
    rows = rows_of(file)
    assert [row["step"] for row in rows] == [2, 4]
    assert_close([row["time (ps)"] for row in rows], [2e-5, 4e-5], rtol=1e-9)
    row = rows[-1]
    assert row["lam"] == 0.6
    precise = REFERENCE.context(simulation.system)  # the same positions on Reference
    precise.setPositions(context.getState(positions=True).getPositions())
    size = 1 + abs(energy_at(precise, lam=0.6)) + abs(energy_at(precise, lam=0.0))
    tolerance = target.energy_tolerance * 10 * size
    assert_close(row["E (kJ/mol)"], energy_at(precise, lam=0.6), atol=tolerance)
    for value in LADDER:
        assert_close(row[f"E(lam={value}) (kJ/mol)"], energy_at(precise, lam=value), atol=tolerance)
    # The energy is quadratic in lam, so the central difference is exact.
    difference = (energy_at(precise, lam=0.7) - energy_at(precise, lam=0.5)) / 0.2
    assert_close(row["dE/dlam (kJ/mol)"], difference, atol=10 * tolerance)
    beta = 1 / (0.00831446261815324 * 300)
    assert_close(row["du/dlam"], beta * row["dE/dlam (kJ/mol)"], rtol=1e-9)
    for value in LADDER:
        assert_close(row[f"u(lam={value})"], beta * row[f"E(lam={value}) (kJ/mol)"], rtol=1e-9)


def test_the_trajectory_is_that_without_a_reporter():
    chains = systems.Chains()
    forces = [scaled(chains), chains.bonded()]

    def positions(*reporters):
        integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 1, 0.001))
        simulation = simulate(REFERENCE, chains, forces, *reporters, steps=20, integrator=integrator)
        return simulation.context.getState(positions=True).getPositions(asNumpy=True)._value

    plain = positions()
    assert np.array_equal(plain, positions(lp.LambdaReporter(io.StringIO(), 3, "lam", ladder=LADDER)))
    assert np.array_equal(plain, positions(lp.LambdaReporter(io.StringIO(), 3, "lam")))


def two_parameters(chains):
    model = lp.load_model(
        models.TwoParameters(),
        types=["A", "B", "C"],
        cutoff=0.7,
        inner_cutoff=0.2,
        global_parameters={"lam": (0.5, 0.0, 1.0), "temperature": (300.0, 200.0, 400.0)},
    )
    force = model.create_force([None if each < 0 else "AB"[each] for each in chains.types])
    force.addExclusions(chains.molecule_pairs)
    for name in ("lam", "temperature"):
        force.addEnergyParameterDerivative(name)
    return force


def test_several_parameters():
    """States may leave a parameter at its present value."""
    chains, file = systems.Chains(), io.StringIO()
    ladder = [{"lam": 0.2, "temperature": 250}, {"temperature": 350}, {"lam": 1}]
    reporter = lp.LambdaReporter(file, 1, ["lam", "temperature"], ladder=ladder)
    simulation = simulate(REFERENCE, chains, [two_parameters(chains)], reporter, steps=1)
    context = simulation.context
    assert (context.getParameter("lam"), context.getParameter("temperature")) == (0.5, 300.0)
    (row,) = rows_of(file)
    for name, parameters in {
        "E(lam=0.2, temperature=250.0) (kJ/mol)": dict(lam=0.2, temperature=250),
        "E(temperature=350.0) (kJ/mol)": dict(lam=0.5, temperature=350),
        "E(lam=1.0) (kJ/mol)": dict(lam=1.0, temperature=300),
        "E (kJ/mol)": dict(lam=0.5, temperature=300),
    }.items():
        assert_close(row[name], energy_at(context, **parameters), rtol=1e-12, what=name)
    slope = (energy_at(context, lam=0.5, temperature=310) - energy_at(context, lam=0.5, temperature=290)) / 20
    assert_close(row["dE/dtemperature (kJ/mol)"], slope, rtol=1e-9)


def test_parameters_are_set_back_after_an_exception():
    """The second state is outside of the range of the model."""
    chains, file = systems.Chains(), io.StringIO()
    reporter = lp.LambdaReporter(file, 1, "lam", ladder=[1.0, 1.5])
    force = two_parameters(chains)
    simulation = simulate(REFERENCE, chains, [force], steps=1)
    simulation.context.setParameter("lam", 0.3)
    simulation.reporters.append(reporter)
    with pytest.raises(openmm.OpenMMException, match="lam"):
        simulation.step(1)
    assert simulation.context.getParameter("lam") == 0.3
    assert len(file.getvalue().splitlines()) == 1, "no row that is not complete"


def test_only_the_force_groups_of_the_integrator_count():
    chains, file = systems.Chains(), io.StringIO()
    other = harmonic()
    other.setForceGroup(5)
    integrator = openmm.VerletIntegrator(1e-5)
    integrator.setIntegrationForceGroups({0})
    reporter = lp.LambdaReporter(file, 1, "lam", ladder=[0.6])
    simulate(REFERENCE, chains, [scaled(chains), other], reporter, steps=1, integrator=integrator)
    (row,) = rows_of(file)
    assert_close(row["E(lam=0.6) (kJ/mol)"], row["E (kJ/mol)"], rtol=1e-12)
    assert_close(0.6 * row["dE/dlam (kJ/mol)"], row["E (kJ/mol)"], rtol=1e-9)


# ---- derivatives that would be incomplete


def offsets(chains):
    force = chains.nonbonded()
    force.addGlobalParameter("lam", 0.6)
    force.addParticleParameterOffset("lam", 0, 0.1, 0, 0)
    return force


def inside_atm(force):
    """An ATMForce with a force inside, which asks for the derivative; OpenMM 8.6.1 then says 0.0."""
    outer = openmm.ATMForce("u0 + 0.3*(u1-u0)")
    outer.addForce(force)
    outer.addGlobalParameter("lam", 0.6)
    outer.addEnergyParameterDerivative("lam")
    return outer


def inside(force, derivative):
    """A CustomCVForce with a force inside."""
    outer = openmm.CustomCVForce("v")
    outer.addCollectiveVariable("v", force)
    if derivative:
        outer.addGlobalParameter("lam", 0.6)
        outer.addEnergyParameterDerivative("lam")
    return outer


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda c: [scaled(c, derivative=False)], r"'LearnedPairForce' .* call addEnergyParameterDerivative\('lam'\)"),
        (lambda c: [scaled(c), harmonic(derivative=False)], r"'CustomBondForce' .* call addEnergyParameterDerivative"),
        (lambda c: [scaled(c), offsets(c)], "NonbondedForce has no energy parameter derivatives; use ladder"),
        (
            lambda c: [scaled(c), inside(harmonic(), False)],
            r"'CustomCVForce' .* call addGlobalParameter\('lam', value\) and",
        ),
        (lambda c: [scaled(c), inside(harmonic(False), True)], "the force 'CustomBondForce' depends on it"),
        (lambda c: [inside(scaled(c), False)], "the force 'CustomCVForce' depends on it"),
        (lambda c: [scaled(c), inside_atm(harmonic())], "ATMForce has no derivatives of the forces inside of it; use"),
        (lambda c: [harmonic(name="other")], "the Context has no parameter 'lam', only other"),
        (lambda c: [c.bonded()], "the Context has no parameter 'lam', only none at all"),
    ],
)
def test_incomplete_derivatives_are_refused(make, message):
    chains = systems.Chains(molecules=10)
    with pytest.raises(ValueError, match=message):
        simulate(REFERENCE, chains, make(chains), lp.LambdaReporter(io.StringIO(), 1, "lam"))


def test_one_request_is_enough_for_all_learned_pair_forces_and_forces_inside_of_others():
    """The sum of the derivatives is that of finite differences."""
    chains, file = systems.Chains(), io.StringIO()
    reporter = lp.LambdaReporter(file, 1, "lam", ladder=[0.5, 0.7])
    forces = [scaled(chains), scaled(chains, derivative=False), inside(harmonic(), True), inside(scaled(chains), True)]
    simulate(REFERENCE, chains, forces, reporter, steps=1)
    (row,) = rows_of(file)
    difference = (row["E(lam=0.7) (kJ/mol)"] - row["E(lam=0.5) (kJ/mol)"]) / 0.2
    assert_close(row["dE/dlam (kJ/mol)"], difference, rtol=1e-9)


def test_a_ladder_needs_no_derivatives():
    chains, file = systems.Chains(), io.StringIO()
    reporter = lp.LambdaReporter(file, 1, "lam", ladder=LADDER, derivatives=False)
    simulation = simulate(REFERENCE, chains, [offsets(chains), chains.bonded()], reporter, steps=1)
    (row,) = rows_of(file)
    assert "dE/dlam (kJ/mol)" not in row
    for value in LADDER:
        assert_close(row[f"E(lam={value}) (kJ/mol)"], energy_at(simulation.context, lam=value), rtol=1e-12)


# ---- arguments and files


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (dict(reportInterval=0), ValueError, "reportInterval is 0; expected at least 1 step"),
        (dict(reportInterval=1.5), TypeError, "LambdaReporter: reportInterval"),
        (dict(parameters=[]), ValueError, r"the parameters are \[\]; expected the name of a parameter"),
        (dict(parameters=["a", "a"]), ValueError, "several different names"),
        (dict(ladder=["x"]), TypeError, "lam in the ladder: got 'x'; expected a number"),
        (dict(ladder=[{"other": 1}]), ValueError, "{'other': 1}; expected values of lam"),
        (dict(parameters=["a", "b"], ladder=[0.5]), ValueError, "the state 0.5, and there are 2 parameters"),
        (dict(temperature=-1), ValueError, "the temperature is -1 K; expected a positive number"),
        (dict(derivatives=False), ValueError, "nothing to write with derivatives=False and no ladder"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        lp.LambdaReporter(**{"file": io.StringIO(), "reportInterval": 1, "parameters": "lam", **arguments})


def test_files_are_replaced_or_continued(tmp_path):
    chains = systems.Chains(molecules=10)
    path = tmp_path / "lam.csv"

    def run(**arguments):
        reporter = lp.LambdaReporter(path, 2, "lam", **{"ladder": LADDER, **arguments})
        simulate(REFERENCE, chains, [scaled(chains)], reporter)
        return path.read_text(encoding="utf-8").splitlines()

    assert len(run()) == 3
    assert len(run()) == 3
    lines = run(append=True)
    assert len(lines) == 5 and [line.split(",")[0] for line in lines] == ["step", "2", "4", "2", "4"]
    assert len({len(line.split(",")) for line in lines}) == 1
    with pytest.raises(ValueError, match="lam.csv has the columns step, .* give another file"):
        run(append=True, ladder=[0.0])
    assert path.read_text(encoding="utf-8").splitlines() == lines
    path.unlink()
    assert len(run(append=True)) == 3


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    topology, positions = systems.relaxed_water(64)
    system, platform = systems.water_system(topology), openmm.Platform.getPlatform("CPU")
    lp.export_model(models.network(), "delta.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    (code,) = python_code("docs/user/alchemy.md")
    code = code.replace("integrator)\n", "integrator, platform)\n", 1).replace("1000", "2")
    names = dict(lp=lp, app=app, system=system, topology=topology, platform=platform)
    names["integrator"] = openmm.VerletIntegrator(0.0005)
    exec(code, names)
    names["simulation"].context.setPositions(positions)
    names["simulation"].step(4)
    rows = rows_of(io.StringIO((tmp_path / "lam_0.csv").read_text(encoding="utf-8")))
    assert list(rows[0])[-4:] == ["du/dlam", "u(lam=0.0)", "u(lam=0.5)", "u(lam=1.0)"] and len(rows) == 2
    # The energy is linear in lam.
    assert_close(rows[1]["u(lam=1.0)"] - rows[1]["u(lam=0.0)"], rows[1]["du/dlam"], rtol=1e-3)
