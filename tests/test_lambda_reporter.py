# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of LambdaReporter: its numbers, the parameters after it, and its messages."""

import csv
import io
import math

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
        (dict(reportInterval=1.5), TypeError, "reportInterval is 1.5; expected an integer, the number of steps"),
        (dict(reportInterval=2 * unit.picosecond), TypeError, "reportInterval is 2 ps; expected an integer"),
        (dict(parameters=[]), ValueError, r"the parameters are \[\]; expected the name of a parameter"),
        (dict(parameters=["a", "a"]), ValueError, "several different names"),
        (dict(parameters=3), ValueError, "the parameters are 3; expected the name of a parameter"),
        (dict(parameters={"lam": 0.5}), ValueError, "the parameters are {'lam': 0.5}; expected the name"),
        (dict(parameters="step"), ValueError, "two columns would have the name 'step'"),
        (dict(ladder=["x"]), TypeError, "lam in the ladder: got 'x'; expected a number"),
        (dict(ladder=0.5), TypeError, "the ladder is 0.5; expected a sequence of states, such as"),
        (dict(ladder=2 * unit.kelvin), TypeError, "the ladder is 2 K; expected a sequence of states"),
        (dict(ladder={"lam": 0.5}), TypeError, "the ladder is {'lam': 0.5}; expected a sequence of states"),
        (dict(ladder="0.5"), TypeError, "the ladder is '0.5'; expected a sequence of states"),
        (dict(ladder=[0.5, math.nan]), ValueError, "lam in the ladder is nan; expected a finite number"),
        (dict(ladder=[-math.inf]), ValueError, "lam in the ladder is -inf; expected a finite number"),
        (dict(ladder=[10**400]), TypeError, r"lam in the ladder: got 10{20}\d*; expected a number"),
        (dict(ladder=[0.5, 0.5]), ValueError, "the ladder has the state 0.5 twice; give each state once"),
        (dict(ladder=[1, 0.5, 1.0]), ValueError, "the ladder has the state 1.0 twice"),
        (
            dict(parameters=["a", "b"], ladder=[{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
            ValueError,
            "the ladder has the state {'b': 2, 'a': 1} twice",
        ),
        (
            dict(ladder=[1 * unit.kelvin, 0, 2 * unit.nanometer]),
            ValueError,
            "lam in the ladder is 1 K and 2 nm; expected values of the same dimension",
        ),
        (dict(ladder=[{"other": 1}]), ValueError, "{'other': 1}; expected values of lam"),
        (dict(parameters=["a", "b"], ladder=[0.5]), ValueError, "the state 0.5, and there are 2 parameters"),
        (dict(temperature=-1), ValueError, "the temperature is -1 K; expected a positive number"),
        (dict(temperature=300 * unit.picosecond), TypeError, "the temperature is 300 ps; expected a temperature in K"),
        (dict(temperature=3 * unit.nanometer), TypeError, "the temperature is 3 nm; expected a temperature in K"),
        (dict(temperature=3 * unit.kilojoule_per_mole), TypeError, "the temperature is 3 kJ/mol; expected"),
        (dict(file=3), TypeError, "the file is 3; expected a path, or a text file that is open for writing"),
        (dict(file=b"lam.csv"), TypeError, "the file is b'lam.csv'; expected a path"),
        (dict(file=io.BytesIO()), TypeError, "the file is <_io.BytesIO .*>; expected a path, or a text file"),
        (dict(file=io.BytesIO(), append=True), TypeError, "the file is <_io.BytesIO .*>; expected a path"),
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


HEADER = "step,time (ps),lam,E (kJ/mol),dE/dlam (kJ/mol)"


@pytest.mark.parametrize(
    "content, message",
    [
        (f"{HEADER}\n2,1.0,0.5,1.0,2.0\n4,1.0,0.5", "lam.csv ends within line 3; remove this line to append"),
        (f"{HEADER}\n2,1.0,0.5,1.0,2.0\n4,1.0,0.5,1.0,2.0", "lam.csv ends within line 3; remove this line to append"),
        (f"{HEADER}\n2,1.0,0.5,1.0,2.0\n4,1.0,0.5\n", "lam.csv ends within line 3; remove this line to append"),
        (HEADER, "lam.csv ends within line 1; remove this line to append"),
        (HEADER[:22], "lam.csv ends within line 1; remove this line to append"),
        ("a,b", "lam.csv has the columns a, b, and the columns to append are step, .* give another file"),
        ("a,b\n1", "lam.csv has the columns a, b, and the columns to append are step, .* give another file"),
        (b"\xff\xfe\x80\n", "lam.csv is not a CSV file, or a damaged one; give another file to append to"),
        (b"\n\0\n", "lam.csv (is not a CSV file|has the columns)"),
    ],
)
def test_files_that_cannot_be_continued_stay_as_they_are(content, message, tmp_path):
    path = tmp_path / "lam.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        lp.LambdaReporter(path, 1, "lam", append=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n"])
def test_a_file_that_an_editor_has_written_is_continued(mark, newline, tmp_path):
    """With a byte order mark, other line ends, or an empty line."""
    chains, path = systems.Chains(molecules=10), tmp_path / "lam.csv"
    path.write_bytes(f"{mark}{HEADER}{newline}1,0.0,0.6,1.0,2.0{newline}".encode())
    simulate(REFERENCE, chains, [scaled(chains)], lp.LambdaReporter(path, 2, "lam", append=True))
    with open(path, encoding="utf-8-sig", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "4"]


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    topology, positions = systems.relaxed_water(64)
    system, platform = systems.water_system(topology), openmm.Platform.getPlatform("CPU")
    lp.export_model(models.network(), "delta.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    code, *reading = python_code("docs/user/alchemy.md")
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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of alchemlyb, pandas and pymbar
def test_alchemlyb_and_pymbar_read_the_files_as_the_documentation_says(tmp_path, monkeypatch, capsys):
    """Both estimators give the difference of harmonic springs: ln(k1/k0)/2 for each of 12 degrees of freedom.

    The positions are drawn from the Boltzmann distribution of each state, so that the rows are independent.
    """
    monkeypatch.chdir(tmp_path)
    _, of_alchemlyb, of_pymbar = python_code("docs/user/alchemy.md")
    random, kT, lambdas = np.random.default_rng(1), 0.00831446 * 300, (0.0, 0.5, 1.0)
    system = openmm.System()
    system.addParticle(0.0)  # at the origin
    force = openmm.CustomBondForce("0.5*(1000+1000*lam)*r^2")
    force.addGlobalParameter("lam", 0.0)
    force.addEnergyParameterDerivative("lam")
    for _ in range(4):
        force.addBond(0, system.addParticle(1.0), [])
    system.addForce(force)
    for k, lam in enumerate(lambdas):
        resting = openmm.CustomIntegrator(0.001)  # its steps move nothing
        simulation = app.Simulation(app.Topology(), system, resting, openmm.Platform.getPlatform("Reference"))
        simulation.context.setParameter("lam", lam)
        simulation.reporters.append(lp.LambdaReporter(f"lam_{k}.csv", 1, "lam", ladder=list(lambdas), temperature=300))
        for _ in range(400):
            displacements = np.sqrt(kT / (1000 + 1000 * lam)) * random.normal(size=(4, 3))
            simulation.context.setPositions(np.concatenate([np.zeros((1, 3)), displacements]))
            simulation.step(1)
    names = {}
    exec(of_alchemlyb, names)
    exec(of_pymbar, names)
    expected = 12 / 2 * np.log(2)
    by_pymbar = names["mbar"].compute_free_energy_differences()["Delta_f"][0, -1]
    assert_close([names["MBAR"]().fit(names["u_nk"]).delta_f_.iloc[0, -1], by_pymbar], 2 * [expected], atol=0.2)
    assert_close(names["TI"]().fit(names["dHdl"]).delta_f_.iloc[0, -1], expected, atol=0.3)
    assert "0.0" in capsys.readouterr().out
