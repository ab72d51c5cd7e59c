# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of fits to averages of liquids."""

import copy
from types import SimpleNamespace

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import assert_close
from learnedpair import devices
from learnedpair.fit.liquid.cost import DataCost
from learnedpair.fit.liquid.frames import Frames, Particles, rows_of_frame
from learnedpair.fit.liquid.liquid import Sampler, particles_of
from learnedpair.fit.liquid.response import Response
from learnedpair.fit.liquid.targets import BAR, Observation
from learnedpair.fit.spline_problem import problem_of
from openmm import app, unit

SIGMA, EPSILON = 0.34, 0.996  # nm, kJ/mol
CUTOFF = 0.9
EDGE = 1.82  # nm, for 125 atoms


def lennard_jones(r, epsilon):
    return 4 * epsilon * ((SIGMA / r) ** 12 - (SIGMA / r) ** 6)


def argon_fit(factor):
    """A correction that multiplies the well depth of argon by 1 + factor."""
    configurations = [
        lp.fit.Configuration(
            f"{r:.3f}", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=lennard_jones(r, factor * EPSILON)
        )
        for r in np.linspace(0.28, 1.0, 60)
    ]
    data = lp.fit.ReferenceData(configurations, "Lennard-Jones", "an example")
    return lp.fit.fit_splines(data, cutoff=CUTOFF, switching_distance=0.7, types={"Ar": "*:Ar"}, num_intervals=20)


def argon_liquid(targets, **options):
    """Liquid argon at 100 K: 125 atoms."""
    topology, system, force = app.Topology(), openmm.System(), openmm.NonbondedForce()
    chain = topology.addChain()
    for _ in range(125):
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
        system.addParticle(39.948)
        force.addParticle(0.0, SIGMA, EPSILON)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*(EDGE * np.eye(3)))
    positions = np.array(list(np.ndindex(5, 5, 5))) * EDGE / 5
    options = dict(equilibration=4.0, sampling=8.0, interval=0.05, time_step=0.005, platform="Reference") | options
    return lp.fit.Liquid(topology, system, positions, 100.0, targets, **options)


def sample(fit, liquid):
    return Sampler(liquid, {pair: result.basis for pair, result in fit.pairs.items()}).sample(fit.model)


def water_fit():
    """Random functions of pairs of water, from dimers whose energies are smooth functions of the distances."""
    random = np.random.default_rng(1)
    water = np.array([[0, 0, 0], [0.0757, 0.0586, 0], [-0.0757, 0.0586, 0]])
    configurations = []
    for index in range(150):
        turned = [water @ np.linalg.qr(random.normal(size=(3, 3)))[0] for _ in range(2)]
        positions = np.concatenate([turned[0], turned[1] + [0, 0, random.uniform(0.25, 0.7)]])
        r = np.linalg.norm(positions[:3, None] - positions[None, 3:], axis=2)
        scales = np.array([[3.0, -1.0, -1.0], [-1.0, 0.5, 0.5], [-1.0, 0.5, 0.5]])
        energy = float((scales * np.exp(-8 * (r - 0.3))).sum())
        types, fragments = ("O", "H", "H", "O", "H", "H"), (0, 0, 0, 1, 1, 1)
        configurations.append(
            lp.fit.Configuration(str(index), types, positions, energy=energy, fragments=fragments, rigid=True)
        )
    data = lp.fit.ReferenceData(configurations, "exponential functions", "an example")
    options = dict(cutoff=0.75, inner_cutoff=0.05, switching_distance=0.5, num_intervals=20, within_cutoff=True)
    return lp.fit.fit_splines(data, types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}, **options)


# Sums over the pairs of a frame.


def test_energies_and_pressures_are_linear_in_the_coefficients():
    """The sums of basis functions give the energy and the pressure that the force adds, for molecules."""
    fit = water_fit()
    field = app.ForceField("amber14/tip3p.xml")
    water = app.Modeller(app.Topology(), [])
    water.addSolvent(field, boxSize=openmm.Vec3(1.9, 1.9, 1.9))
    system = field.createSystem(water.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9)
    results = []
    for corrected in (False, True):
        own = copy.deepcopy(system)
        force = lp.add_correction(own, water.topology, fit.model, representation="program") if corrected else None
        barostat = openmm.MonteCarloBarostat(1.0, 300.0, 0)
        own.addForce(barostat)
        context = openmm.Context(own, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
        context.setPositions(water.positions)
        state = context.getState(positions=True, energy=True)
        results.append((state.getPotentialEnergy()._value, barostat.computeCurrentPressure(context)._value))
    particles = particles_of(context, force, fit.model.types, list(fit.pairs))
    positions, box = state.getPositions(asNumpy=True)._value, np.array(state.getPeriodicBoxVectors()._value)
    bases = [result.basis for result in fit.pairs.values()]
    energy, virial = rows_of_frame(particles, positions, box, bases, 0.75, 0.5)
    (energy0, pressure0), (energy1, pressure1) = results
    assert_close(energy @ fit.coefficients, energy1 - energy0, rtol=1e-6)
    added = -BAR / 3 * virial @ fit.coefficients / np.linalg.det(box)
    assert abs(added) > 100  # bar, so that the comparison means something
    assert_close(added, pressure1 - pressure0, rtol=2e-3)


def test_the_radial_distribution_counts_pairs_of_different_molecules():
    """Against a plain loop over all pairs."""
    fit, target = water_fit(), lp.fit.RadialDistribution("O", "H", [0.3, 0.5], [1.0, 1.0], 0.1, width=0.1)
    random = np.random.default_rng(2)
    positions, box = random.uniform(0, 2.0, (30, 3)), 2.0 * np.eye(3)
    molecules = np.repeat(np.arange(10), 3)
    no_curves, no_pairs = np.full((2, 2), -1), np.zeros(0, dtype=np.int64)
    particles = Particles(np.tile([0, 1, 1], 10), ["O", "H"], no_curves, np.ones(30), molecules, no_pairs)
    frames = Frames(particles, positions[None], box[None], *np.zeros((2, 1)), *np.zeros((2, 1, 3)))
    (found,) = target.observe(frames).values
    delta = positions[:, None] - positions[None]
    r = np.linalg.norm(delta - 2.0 * np.round(delta / 2.0), axis=2)
    oxygen = np.arange(30) % 3 == 0
    wanted = oxygen[:, None] & ~oxygen[None] & (molecules[:, None] != molecules[None])
    assert wanted.sum() == frames.number_of_pairs("O", "H") == 180
    assert frames.number_of_pairs("O", "O") == 45
    for value, center in zip(found, (0.3, 0.5)):
        shell = 4 / 3 * np.pi * ((center + 0.05) ** 3 - (center - 0.05) ** 3)
        count = np.sum(wanted & (r >= center - 0.05) & (r < center + 0.05))
        assert_close(value, count / (180 * shell / 8.0), rtol=1e-12)
    assert fit.model.types == ["O", "H"]


def test_the_response_is_the_derivative_of_reweighted_averages():
    random = np.random.default_rng(3)
    rows, values = random.normal(size=(500, 3)), random.normal(size=(500, 2))
    slopes = random.normal(size=(500, 2, 3))
    frames = SimpleNamespace(energy_rows=rows, num_molecules=7)
    response = Response.of(Observation(values, slopes), frames, beta=0.4)

    def averages(change):
        weights = np.exp(-0.4 * rows @ change)
        return weights @ (values + slopes @ change) / weights.sum()

    for k, change in enumerate(1e-5 * np.eye(3)):
        assert_close(response.slopes[:, k], (averages(change) - averages(-change)) / 2e-5, rtol=1e-6)
    assert_close(response.covariance, np.cov(rows.T, bias=True) / 7, rtol=1e-12)


# Refinement.


def test_a_liquid_gets_the_wanted_average():
    """The correction of the dimers adds 20 % to the well; the liquid wants the energy of a correction of 5 %."""
    options = dict(equilibration=3.0, sampling=4.0, platform="CPU")
    energy = sample(argon_fit(0.05), argon_liquid([lp.fit.Pressure(0.0, 1.0)], **options)).potentials.mean() / 125
    targets = [lp.fit.PotentialEnergy(energy, 0.06)]
    rounds = []
    liquid = argon_liquid(targets, seed=5, **options)
    result = lp.fit.refine(argon_fit(0.20), liquid, max_rounds=8, data_weight=1e-3, progress=rounds.append)
    first, last = rounds[0].targets[0], rounds[-1].targets[0]
    assert result.is_met and rounds == list(result.rounds) and 1 < len(rounds) < 8
    assert abs(first.value - energy) > 0.5 and abs(last.value - energy) <= 0.06
    # Another simulation of the refined model agrees.
    again = sample(result.fit, argon_liquid(targets, seed=9, **options)).potentials.mean() / 125
    assert abs(again - energy) < 0.15
    r = np.array([0.35, 0.38, 0.42, 0.5])
    assert_close(result.fit.pairs["Ar", "Ar"].evaluate(r)[0], lennard_jones(r, 0.05 * EPSILON), atol=0.06)
    training = result.model.training["liquids"]
    assert "errors_left_out" not in result.model.training and "errors_of_data" in result.model.training
    assert training["rounds"] == len(rounds) and training["averages"][0]["value"] == last.value
    assert rounds[0].increase == 0 and rounds[-1].increase > 0
    assert "potential energy (kJ/mol per molecule)" in str(result)


def test_the_cost_is_the_increase_of_the_squared_errors():
    """A change of the coefficients, by the quadratic form and by the residuals of the data."""
    fit = water_fit()
    cost = DataCost.of(fit)
    assert cost.increase(fit.coefficients) == 0
    change = 0.05 * np.random.default_rng(0).normal(size=len(fit.coefficients)) * np.abs(fit.coefficients)

    def squares(coefficients):
        (component,) = fit.components
        bases = {pair: fit.pairs[pair].basis for pair in component.pairs}
        problem = problem_of(component, bases, fit.interacting)
        order = [list(fit.pairs).index(pair if pair in list(fit.pairs) else pair[::-1]) for pair in component.pairs]
        parts = np.split(coefficients, 3)
        own = np.concatenate([parts[k] for k in order])
        smoothness = next(iter(fit.pairs.values())).smoothness
        return np.sum((problem.matrix @ own - problem.target) ** 2) + smoothness * np.sum((problem.penalty @ own) ** 2)

    start, end = squares(fit.coefficients), squares(fit.coefficients + change)
    back = squares(fit.coefficients - change)
    size = max(start, len(fit.data))  # an energy for each structure
    assert_close(cost.increase(fit.coefficients + change), (end + back - 2 * start) / 2 / size, rtol=1e-5)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(data_weight=0), "data_weight is 0; expected a positive number"),
        (dict(max_rounds=0), "max_rounds is 0; expected a positive integer"),
        (dict(max_change=np.nan), "max_change is nan; expected a positive number"),
        (dict(initial=-1), "initial is -1; expected a positive number"),
        (dict(initial="1"), "initial is '1'; expected a number"),
        (dict(smoothness=0), "smoothness is 0; expected a positive number"),
        (dict(liquids=[]), "liquids has no Liquid"),
        (dict(fit=None), "fit is a NoneType; expected the result of fit_splines"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = dict(fit=argon_fit(0.1), liquids=argon_liquid([lp.fit.Pressure(1.0, 50.0)])) | change
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.refine(**arguments)


@pytest.mark.parametrize(
    "targets, options, message",
    [
        ([], {}, "there are no targets"),
        ([lp.fit.Pressure(1.0, 1.0)], dict(sampling=0.1), "sampling takes 0.1 ps, the interval is 0.05 ps"),
        ([lp.fit.Pressure(1.0, 1.0)], dict(time_step=-1.0), "time_step is -1; expected a positive number"),
        ([lp.fit.Pressure(1.0, 1.0)], dict(friction="1"), "friction is '1'; expected a number"),
        ([1.0], {}, r"targets is \[1.0\]; expected a list of targets"),
        (lp.fit.Pressure(1.0, 1.0), {}, "expected a list of targets"),
        (
            [lp.fit.RadialDistribution("Ar", "Ar", [0.95], [1.0], 0.1)],
            {},
            "the last bin ends at 0.955 nm, and the box is",
        ),
    ],
)
def test_wrong_liquids_are_refused(targets, options, message):
    with pytest.raises(lp.ModelError, match=message):
        argon_liquid(targets, **options)


def with_force(force):
    """A Liquid of argon at 100 K whose System has another force."""
    liquid = argon_liquid([lp.fit.PotentialEnergy(-6.0, 1.0)])
    system = copy.deepcopy(liquid.system)
    system.addForce(force)
    options = dict(equilibration=0.01, sampling=0.5, interval=0.05, time_step=0.005, platform="Reference")
    return lambda targets: lp.fit.Liquid(liquid.topology, system, liquid.positions, 100.0, targets, **options)


def test_targets_fit_the_ensemble():
    with pytest.raises(lp.ModelError, match="the System of the liquid has no barostat"):
        argon_liquid([lp.fit.Density(1400.0, 5.0)])
    make = with_force(openmm.MonteCarloBarostat(1.0, 100.0))
    with pytest.raises(lp.ModelError, match="the System of the liquid has a barostat"):
        make([lp.fit.Pressure(1.0, 5.0)])
    (found,) = lp.fit.refine(argon_fit(0.1), make([lp.fit.Density(1400.0, 1e6)])).rounds[0].targets
    assert 1000 < found.value < 1600  # kg/m3; the initial density is 1376
    with pytest.raises(lp.ModelError, match="the barostat has the temperature 300 K, and the liquid 100 K"):
        with_force(openmm.MonteCarloBarostat(1.0, 300.0))([lp.fit.Density(1400.0, 1e6)])
    with pytest.raises(lp.ModelError, match="the System has an AndersenThermostat"):
        with_force(openmm.AndersenThermostat(100.0, 1.0))([lp.fit.Pressure(1.0, 5.0)])
    assert not with_force(openmm.MonteCarloBarostat(1.0, 100.0, 0))([lp.fit.Pressure(1.0, 5.0)]).has_barostat


def test_the_default_platform_has_a_suitable_device():
    """It is never an OpenCL device that is a CPU, on which OpenMM's minimizer crashes."""
    liquid = argon_liquid([lp.fit.Pressure(1.0, 50.0)], platform=None)
    assert liquid.platform == devices.find_platform().getName()


def test_a_liquid_has_a_system_of_its_own():
    liquid = argon_liquid([lp.fit.Pressure(1.0, 50.0)])
    make = with_force(openmm.CMMotionRemover())
    assert make([lp.fit.Pressure(1.0, 50.0)]).system is not liquid.system
    system = copy.deepcopy(liquid.system)
    other = lp.fit.Liquid(liquid.topology, system, liquid.positions, 100 * unit.kelvin, [lp.fit.Pressure(1.0, 50.0)])
    system.addForce(openmm.MonteCarloBarostat(1.0, 100.0))
    assert other.system.getNumForces() == 1 and other.temperature == 100.0


def test_types_that_do_not_occur_are_refused():
    """Otherwise their distribution would be 0/0."""
    liquid = argon_liquid([lp.fit.RadialDistribution("X", "Y", [0.4], [1.0], 0.1)], equilibration=0.01, sampling=0.5)
    with pytest.raises(lp.ModelError, match="RadialDistribution is of the type 'X'; the fit has Ar"):
        lp.fit.refine(argon_fit(0.1), liquid)


def test_molecules_across_the_boundary_are_refused():
    field = app.ForceField("amber14/tip3p.xml")
    water = app.Modeller(app.Topology(), [])
    water.addSolvent(field, boxSize=openmm.Vec3(1.9, 1.9, 1.9))
    system = field.createSystem(water.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9)
    positions = np.array(water.positions.value_in_unit(unit.nanometer))
    positions[4, 0] += 1.9
    targets = [lp.fit.Pressure(1.0, 50.0)]
    options = dict(equilibration=0.002, sampling=0.02, interval=0.002)
    liquid = lp.fit.Liquid(water.topology, system, positions, 300.0, targets, **options)
    with pytest.raises(lp.ModelError, match="particle 4 is .* away from the first one of its molecule"):
        sample(water_fit(), liquid)


def test_a_refinement_is_continued():
    """From the coefficients of an earlier result; a refined fit itself is refused, since its cost is another one."""
    fit = argon_fit(0.1)
    options = dict(equilibration=0.05, sampling=0.5)
    liquids = 2 * [argon_liquid([lp.fit.PotentialEnergy(-7.5, 0.2)], **options)]
    first = lp.fit.refine(fit, liquids, max_rounds=2)
    second = lp.fit.refine(fit, liquids, max_rounds=1, initial=first)
    assert_close(second.fit.coefficients, first.fit.coefficients, rtol=1e-12)
    assert second.rounds[0].increase == first.rounds[-1].increase > 0
    assert [target.name for target in second.rounds[0].targets] == [
        "liquid 0: potential energy (kJ/mol per molecule)",
        "liquid 1: potential energy (kJ/mol per molecule)",
    ]
    with pytest.raises(lp.ModelError, match="initial is the result of another fit"):
        lp.fit.refine(water_fit(), liquids, initial=first)
    with pytest.raises(lp.ModelError, match="the functions of this fit are not those of fit_splines"):
        lp.fit.refine(first.fit, liquids)


def test_quantities_are_converted():
    assert_close(lp.fit.Pressure(1 * unit.atmosphere, 50.0).value, 1.01325, rtol=1e-6)
    assert_close(lp.fit.Density(0.997 * unit.gram / unit.milliliter, 1.0).value, 997.0, rtol=1e-9)
    assert_close(lp.fit.PotentialEnergy(-10 * unit.kilocalorie_per_mole, 0.1).value, -41.84, rtol=1e-9)
    with pytest.raises(lp.ModelError, match="Density: value is 1 K; expected a value in"):
        lp.fit.Density(1 * unit.kelvin, 1.0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: lp.fit.Density(np.nan, 1.0), "Density: the value is"),
        (lambda: lp.fit.Pressure(1.0, 0.0), "Pressure: tolerance is .*; expected positive numbers"),
        (lambda: lp.fit.Density([1.0, 2.0], 1.0), "Density: value is .*; expected a number"),
        (lambda: lp.fit.RadialDistribution("O", "O", [0.3], [1.0, 2.0], 0.1), "have the shapes"),
        (lambda: lp.fit.RadialDistribution("O", "O", [0.3, 0.4, 0.5], [1.0, 2.0, 3.0], [0.1, 0.1]), "have the shapes"),
        (lambda: lp.fit.RadialDistribution("O", "O", [], [], 0.1), "at least one distance"),
        (lambda: lp.fit.RadialDistribution("O", "O", [0.004], [1.0], 0.1), "begin below 0"),
        (lambda: lp.fit.RadialDistribution("O", "O", [np.nan], [1.0], 0.1), "expected finite distances"),
    ],
)
def test_wrong_targets_are_refused(make, message):
    with pytest.raises(lp.ModelError, match=message):
        make()
