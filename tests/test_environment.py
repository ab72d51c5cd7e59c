# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of forces whose function is an EnvironmentFunction: energies, forces and derivatives
against an independent implementation, identities, settings, XML, updates, and what is refused.
"""

import itertools

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import CPU, CUDA, DOUBLE, MIXED, OPENCL, REFERENCE, assert_close, evaluate, on
from environment_functions import CUTOFF, INNER, ORDERS, TEXT, curves, environment, pair_table, weights
from environments import BOXES, Cluster, atom_energy
from openmm import XmlSerializer

#: The platforms that evaluate environment functions.
TARGETS = [REFERENCE, CPU, OPENCL, CUDA, *MIXED, *DOUBLE]


@pytest.fixture(params=BOXES, scope="module")
def cluster(request):
    return Cluster(BOXES[request.param])


def assert_agrees(context, energy, forces, target=REFERENCE):
    target.assert_agrees(*evaluate(context), energy, forces)


@on(TARGETS)
@pytest.mark.parametrize("switching", [None, 0.45])
@pytest.mark.parametrize("pair", [False, True])
def test_energies_and_forces(cluster, pair, switching, target):
    function = environment(pair)
    settings = {} if switching is None else dict(setUseSwitchingFunction=True, setSwitchingDistance=switching)
    context = cluster.context(cluster.force(function, **settings), target=target)
    energy, forces, _ = cluster.expected(function, switching_distance=switching)
    r = np.linalg.norm(cluster.positions[0] - cluster.positions[1])
    assert r < INNER and abs(forces[0]).max() > 1
    assert_agrees(context, energy, forces, target)


def test_forces_are_the_derivative_of_the_energy(cluster):
    force = cluster.force(environment(), setUseSwitchingFunction=True, setSwitchingDistance=0.5)
    context = cluster.context(force)
    _, forces = evaluate(context)
    for particle, axis in itertools.product((0, 3, 7), range(3)):
        energies = []
        for step in (1e-5, -1e-5):
            positions = cluster.positions.copy()
            positions[particle, axis] += step
            context.setPositions(positions)
            energies.append(evaluate(context)[0])
        assert_close(-(energies[0] - energies[1]) / 2e-5, forces[particle, axis], rtol=1e-5, atol=1e-5)


@on(TARGETS)
@pytest.mark.parametrize("in_densities", [True, False])
def test_exclusions_exceptions_and_groups(cluster, in_densities, target):
    """An exclusion and an exception hold for densities by default; groups always."""
    factors = {frozenset((0, 1)): 0.0, frozenset((3, 5)): 0.25, frozenset((0, 7)): 1.5}
    first, second = set(range(12)), set(range(6, 20))
    allowed = lambda i, j: (i in first and j in second) or (j in first and i in second)  # noqa: E731
    function = environment()
    force = cluster.force(function, setUseDensityExclusions=in_densities)
    force.addExclusion(0, 1)
    force.addException(3, 5, 0.25)
    force.addException(0, 7, 1.5)
    force.addInteractionGroup(first, second)
    assert force.getUseDensityExclusions() is in_densities
    factor_of = lambda i, j: allowed(i, j) * factors.get(frozenset((i, j)), 1.0)  # noqa: E731
    options = dict(factor_of=factor_of) if in_densities else dict(factor_of=factor_of, density_factor_of=allowed)
    energy, forces, _ = cluster.expected(function, **options)
    assert_agrees(cluster.context(force, target=target), energy, forces, target)


@on(TARGETS)
def test_scale_global_parameters_and_their_derivatives(cluster, target):
    function = environment()
    force = cluster.force(function, setScaleParameter=("lambda", 0.5))
    for name in ("lambda", "offset", "strength"):
        force.addEnergyParameterDerivative(name)
    context = cluster.context(force, target=target)
    for scale, values in ((0.5, (1.3, 0.7)), (2.0, (-0.4, 1.9))):
        context.setParameter("lambda", scale)
        context.setParameter("strength", values[0])
        context.setParameter("offset", values[1])
        energy, forces, derivatives = cluster.expected(function, values)
        assert_agrees(context, scale * energy, scale * forces, target)
        found = context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()
        rtol = target.energy_tolerance
        assert_close(found["lambda"], energy, rtol=rtol)
        assert_close([found["strength"], found["offset"]], scale * derivatives, rtol=rtol)
    context.setParameter("offset", 3.0)
    with pytest.raises(openmm.OpenMMException, match="'offset' is 3 .* values from 0 to 2"):
        evaluate(context)


@on(TARGETS)
def test_a_linear_function_is_a_pair_sum(cluster, target):
    """u = c q with one radial channel: E = sum over pairs of c (w_ab + w_ba), as a PairTable."""
    values, slopes = curves([0])
    text = "v0[1] = densities\nv1[1] = weight\nv2[1] = mul v0 v1\noutput v2"
    options = dict(angular=[0], values=values, slopes=slopes, text=text, given_weights=[3.0], global_parameters={})
    function = environment(False, **options)
    sums = [3.0 * 2 * values[0], 3.0 * (values[1] + values[2]), 3.0 * 2 * values[3]]
    of_sums = [3.0 * 2 * slopes[0], 3.0 * (slopes[1] + slopes[2]), 3.0 * 2 * slopes[3]]
    table = lp.PairTable(2, INNER, CUTOFF, [e.ravel() for e in sums], [s.ravel() for s in of_sums], [0, 1, 1, 2])
    settings = dict(setUseSwitchingFunction=True, setSwitchingDistance=0.4)
    expected = evaluate(cluster.context(cluster.force(table, **settings)))
    assert_agrees(cluster.context(cluster.force(function, **settings), target=target), *expected, target)


@on(TARGETS)
def test_an_isolated_atom_has_the_energy_of_zero_densities(target):
    cluster = Cluster()
    function = environment(False)
    alone = cluster.positions + 10.0 * np.arange(20)[:, None]
    energies, _ = function.evaluate_atoms(np.zeros((20, 5)), np.maximum(cluster.types, 0))
    found = evaluate(cluster.context(cluster.force(function), alone, target))
    in_double = target.exact or target is CPU  # the program of the atoms
    assert_close(found[0], energies[cluster.types >= 0].sum(), rtol=1e-12 if in_double else 1e-6)
    assert np.abs(found[1]).max() == 0


@on(TARGETS)
def test_atoms_at_the_same_place_have_no_direction(target):
    """The energy is finite, and so are the forces; angular channels do not count the pair."""
    cluster = Cluster()
    positions = cluster.positions.copy()
    positions[1] = positions[0]
    energy, forces = evaluate(cluster.context(cluster.force(environment()), positions, target))
    assert np.isfinite(energy) and np.isfinite(forces).all()


def test_the_methods_of_the_function():
    function = environment()
    assert repr(function) == "<EnvironmentFunction of 2 types: 5 channels, 15 steps, with a pair function>"
    assert function.angular == ORDERS and function.global_parameters == {"strength": 1.3, "offset": 0.7}
    assert function.global_parameter_ranges["offset"] == (0.0, 2.0)
    assert (function.min_distance, function.max_distance) == (INNER, CUTOFF)
    random = np.random.default_rng(0)
    densities, types = random.uniform(0, 2, (6, 5)), np.array([0, 1, 0, 1, 1, 0])
    energy, gradient = function.evaluate_atoms(densities, types, strength=0.9)
    evaluate = atom_energy((0.9, 0.7))
    for k in range(6):
        q = torch.tensor(densities[k], requires_grad=True)
        expected = evaluate(q, int(types[k]))
        assert_close(energy[k], expected.item(), rtol=1e-12)
        assert_close(gradient[k], torch.autograd.grad(expected, q)[0].numpy(), rtol=1e-11)
    w, dwdr = function.evaluate_densities(1, 0, [0.25, 0.41])
    expected = oracle.hermite(INNER, CUTOFF, function.values[2], function.slopes[2], torch.tensor([0.25, 0.41]))
    assert_close(w, expected[0].numpy(), rtol=1e-6, atol=1e-8)
    assert_close(dwdr, expected[1].numpy(), rtol=1e-6, atol=1e-6)


def test_xml_and_copies_keep_everything():
    cluster = Cluster()
    force = cluster.force(environment(), setUseDensityExclusions=False, setScaleParameter=("s", 0.3))
    force.addExclusion(3, 6)
    force.setGlobalParameterDefaultValue(1, 0.9)
    text = XmlSerializer.serialize(force)
    again = lp.LearnedPairForce.cast(XmlSerializer.deserialize(text))
    assert XmlSerializer.serialize(again) == text
    function, other = force.getFunction(), again.getFunction()
    for name in ("angular", "curve_indices", "text"):
        assert getattr(function, name) == getattr(other, name)
    assert other.global_parameters == {"strength": 1.3, "offset": 0.9}
    for name in ("values", "slopes"):
        assert all(map(np.array_equal, getattr(function, name), getattr(other, name)))
    assert np.array_equal(function.weights, other.weights)
    assert np.array_equal(function.pair.energies[1], other.pair.energies[1])
    assert evaluate(cluster.context(force))[0] == evaluate(cluster.context(again))[0]
    without = lp.LearnedPairForce.cast(XmlSerializer.clone(cluster.force(environment(False))))
    assert without.getFunction().pair is None


@on(TARGETS)
def test_updates_in_a_context(target):
    """Types, weights and tables may change; the shape may not."""
    cluster = Cluster()
    force = cluster.force(environment())
    context = cluster.context(force, target=target)
    changed = cluster.force(environment(given_weights=1.1 * weights()))
    force.setFunction(changed.getFunction())
    cluster.types[6] = 1 - cluster.types[6]
    force.setParticleTypes(cluster.types)
    force.updateParametersInContext(context)
    energy, forces = evaluate(cluster.context(cluster.force(environment(given_weights=1.1 * weights()))))
    assert_agrees(context, energy, forces, target)
    for other, message in (
        (environment(False), "the shape of the function"),
        (environment(angular=[0, 0, 1, 2, 2]), "the shape of the function"),
        (environment(text=TEXT.replace("tanh", "sigmoid")), "the shape of the function"),
        (environment(global_parameters={"strength": 1.3, "other": 0.7}), "the names of the global parameters"),
        (pair_table(), "or either into an environment function"),
    ):
        force.setFunction(other)
        with pytest.raises(openmm.OpenMMException, match=message):
            force.updateParametersInContext(context)
    force.setFunction(changed.getFunction())
    force.setUseDensityExclusions(False)
    with pytest.raises(openmm.OpenMMException, match="whether exclusions hold for densities"):
        force.updateParametersInContext(context)


def test_energy_is_conserved():
    """A cluster held together by a harmonic force: the drift of an NVE run is that of its time step."""
    cluster = Cluster(count=12, seed=8)
    force = cluster.force(environment(), setUseSwitchingFunction=True, setSwitchingDistance=0.4)
    restraint = openmm.CustomExternalForce("200*((x-0.5)^2+(y-0.5)^2+(z-0.5)^2)")
    for k in range(12):
        restraint.addParticle(k)
    system = openmm.System()
    for _ in range(12):
        system.addParticle(12.0)
    system.addForce(force)
    system.addForce(restraint)
    spreads = []
    for step in (0.0002, 0.0001):
        context = openmm.Context(system, openmm.VerletIntegrator(step), openmm.Platform.getPlatform("Reference"))
        context.setPositions(cluster.positions)
        energies = []
        for _ in range(40):
            context.getIntegrator().step(round(0.008 / step))
            state = context.getState(energy=True)
            energies.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
        spreads.append(np.ptp(energies))
    assert spreads[0] < 0.05 and spreads[1] < 0.35 * spreads[0]  # of second order in the step


def bad(**options):
    return lambda: environment(**options)


VALUES, SLOPES = curves()


@pytest.mark.parametrize(
    "make, message",
    [
        (bad(angular=[0, 0, 1, 2, 4]), "channel 4 has the angular order 4; expected 0 to 3"),
        (bad(angular=[]), "there are 0 channels; expected 1 to 64"),
        (bad(angular=[0, 0, 1, 2]), r"of curve 0 must have the shape \(n_knots, 4\)"),
        (bad(angular=65 * [0]), "there are 65 channels; expected 1 to 64"),
        (bad(num_types=0), "the number of types is 0; it must be positive"),
        (bad(min_distance=-0.1), "the minimum distance is -0.1 nm; it must be finite and not negative"),
        (bad(max_distance=0.1), "the maximum distance is 0.1 nm; it must be finite and greater"),
        (bad(values=[v[:1] for v in VALUES], slopes=[s[:1] for s in SLOPES]), "at each of at least 2 knots"),
        (bad(slopes=[s[:-1] for s in SLOPES]), "curve 0 has 300 values and 295 slopes"),
        (bad(slopes=SLOPES[:3]), "values are given for 4 curves, and slopes for 3"),
        (bad(values=[np.where(v == v[3, 2], np.nan, v) for v in VALUES]), "value or slope nan in channel 2 at knot 3"),
        (bad(slopes=[-s for s in SLOPES]), "EnvironmentFunction: curve 0, channel 0"),
        (bad(curve_indices=[0, 1, 2]), "there are 3 curve indices; 2 types need 4"),
        (bad(curve_indices=[0, 1, 2, 4]), "types 1 and 1 have the curve index 4; it must be between 0 and 3"),
        (bad(curve_indices=[0, 1, -1, 3]), "types 0 and 1 have the curve index 1, but 1 and 0 have -1; expected a"),
        (bad(text="v0[4] = densities\nv1[1] = sum v0 {1 4 1}\noutput v1", given_weights=[]), "takes 4 densities;"),
        (bad(text="v0[1] = type\noutput v0", given_weights=[]), "takes 0 densities; expected 5"),
        (bad(text="v0[5] = densities\noutput v0", given_weights=[]), "must have one output of length 1"),
        (bad(text="v0[1] = distance\noutput v0", given_weights=[]), "expected the name of an operation or an input"),
        (bad(given_weights=np.full(20, np.nan)), "weight 0 is NaN"),
        (bad(global_parameters={"a": 1.0}), "takes 2 global parameters, but 1 are named"),
        (bad(global_parameters={"a": 1.0, "b": (5.0, 0.0, 2.0)}), "\"b\" has the default value 5 and the range 0 to 2"),
        (bad(pair=pair_table(3)), "the pair function has 3 types, and the densities have 2"),
    ],
)  # fmt: skip
def test_wrong_functions_are_refused(make, message):
    with pytest.raises(openmm.OpenMMException, match=message):
        make()


def test_wrong_settings_are_refused():
    cluster = Cluster()
    for settings, message in (
        (dict(setCutoffDistance=0.7), "the cutoff distance is 0.7 nm; it must be at most 0.6 nm"),
        (dict(setInnerCutoffDistance=0.1), "the inner cutoff distance is 0.1 nm; it must be at least 0.22 nm"),
        (dict(setNonbondedMethod=lp.LearnedPairForce.NoCutoff), "NoCutoff is not possible"),
    ):
        with pytest.raises(openmm.OpenMMException, match=message):
            cluster.context(cluster.force(environment(), **settings))
    function = environment(curve_indices=[0, -1, -1, 3])
    with pytest.raises(openmm.OpenMMException, match="particles of types 0 and 1 occur"):
        cluster.context(cluster.force(function))
    with pytest.raises(openmm.OpenMMException, match="coordinate is NaN or infinite"):
        evaluate(cluster.context(cluster.force(environment()), np.full((20, 3), np.nan)))
    with pytest.raises(ValueError, match="the distance 0.7.* nm is outside of the densities"):
        environment().evaluate_densities(0, 0, [0.7])
    with pytest.raises(ValueError, match="2.0* is not a type; there are 2"):
        environment().evaluate_atoms(np.zeros((1, 5)), [2])
    with pytest.raises(TypeError, match="there is no global parameter 'x'"):
        environment().evaluate_atoms(np.zeros((1, 5)), [0], x=1.0)
