# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of forces whose function is an EnvironmentFunction: energies, forces and derivatives
against an independent implementation, identities, settings, XML, updates, and what is refused.
"""

import functools
import itertools
from types import SimpleNamespace

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import CPU, CUDA, DOUBLE, MIXED, OPENCL, REFERENCE, assert_close, on
from cpu_instructions import SETS, VARIABLE, missing
from openmm import XmlSerializer

#: The platforms that evaluate environment functions.
TARGETS = [REFERENCE, CPU, OPENCL, CUDA, *MIXED, *DOUBLE]
CUTOFF, INNER = 0.6, 0.22
ORDERS = [0, 0, 1, 2, 3]
NUM_TYPES = 2
TEXT = """v0[5] = densities
v1[1] = type
v2[15] = weight
v3[3] = linear v2 v0
v4[3] = tanh v3
v5[2] = weight
v6[1] = lookup v1 v5 {1}
v7[3] = weight
v8[1] = linear v7 v4
v9[2] = globals
v10[1] = gather v9 {0}
v11[1] = gather v9 {1}
v12[1] = mul v10 v8
v13[1] = mul v11 v6
v14[1] = add v12 v13
output v14"""
GLOBALS = {"strength": 1.3, "offset": (0.7, 0.0, 2.0)}


def weights():
    random = np.random.default_rng(5)
    return np.concatenate([0.4 * random.normal(size=15), [0.5, -0.8], 2.0 * random.normal(size=3)])


def atom_energy(globals_, given=None):
    """The program above in PyTorch."""
    w = torch.as_tensor(weights() if given is None else given)

    def evaluate(densities, type_):
        return globals_[0] * (w[17:] @ torch.tanh(w[:15].reshape(3, 5) @ densities)) + globals_[1] * w[15 + type_]

    return evaluate


def curves(orders=ORDERS, num_types=NUM_TYPES, knots=60, last=CUTOFF, seed=1):
    """Smooth random densities for each ordered pair of types, which vanish at the cutoff: values and slopes."""
    r = np.linspace(INNER, last, knots)
    values, slopes = [], []
    for pair in range(num_types**2):
        random = np.random.default_rng([seed, pair])
        center, width = random.uniform(0.2, 0.4, len(orders)), random.uniform(0.08, 0.2, len(orders))
        x = (r[:, None] - center) / width
        gauss, envelope = np.exp(-(x**2)), (1 - (r / last) ** 2)[:, None]
        values.append(gauss * envelope**3)
        slopes.append(gauss * (-2 * x / width * envelope**3 - 6 * envelope**2 * r[:, None] / last**2))
    return values, slopes


def pair_table(num_types=NUM_TYPES):
    r = np.linspace(0.2, 0.65, 80)
    energies, slopes = [], []
    for k in range(num_types * (num_types + 1) // 2):
        energies.append((k + 1) * (1 - (r / 0.65) ** 2) ** 3)
        slopes.append(-(k + 1) * 6 * r / 0.65**2 * (1 - (r / 0.65) ** 2) ** 2)
    indices = [max(a, b) * (max(a, b) + 1) // 2 + min(a, b) for a in range(num_types) for b in range(num_types)]
    return lp.PairTable(num_types, 0.2, 0.65, energies, slopes, indices)


def environment(pair=True, given_weights=None, **options):
    values, slopes = curves()
    arguments = dict(
        num_types=NUM_TYPES, min_distance=INNER, max_distance=CUTOFF, angular=ORDERS, values=values, slopes=slopes,
        curve_indices=[0, 1, 2, 3], text=TEXT, weights=weights() if given_weights is None else given_weights,
        global_parameters=GLOBALS, pair=pair_table() if pair is True else pair or None,
    )  # fmt: skip
    return lp.EnvironmentFunction(**(arguments | options))


def view(function):
    """The function as the oracle reads it, with the ends of the densities."""
    names = ("angular", "values", "slopes", "curve_indices", "num_types", "pair")
    return SimpleNamespace(
        **{name: getattr(function, name) for name in names},
        min_distance_of_densities=INNER,
        max_distance_of_densities=CUTOFF,
    )


class Cluster:
    """Random particles, two of which are closer than the inner cutoff, and one of which has no neighbor."""

    def __init__(self, box=None, count=20, seed=3):
        random = np.random.default_rng(seed)
        self.box = box
        edge = 1.0 if box is None else box[0, 0]
        self.positions = random.uniform(0, edge, (count, 3)) if box is not None else random.uniform(0, 1.0, (count, 3))
        self.positions[1] = self.positions[0] + [0.12, 0.05, 0.0]
        if box is None:
            self.positions[2] = [5.0, 5.0, 5.0]
        self.types = random.integers(0, NUM_TYPES, count)
        self.types[4] = -1

    def force(self, function, **settings):
        force = lp.LearnedPairForce(function)
        force.setParticleTypes(self.types)
        method = force.CutoffNonPeriodic if self.box is None else force.CutoffPeriodic
        force.setNonbondedMethod(method)
        force.setCutoffDistance(CUTOFF)
        force.setInnerCutoffDistance(INNER)
        for name, value in settings.items():
            getattr(force, name)(*value if isinstance(value, tuple) else (value,))
        return force

    def context(self, force, positions=None, target=REFERENCE):
        system = openmm.System()
        for _ in self.types:
            system.addParticle(12.0)
        if self.box is not None:
            system.setDefaultPeriodicBoxVectors(*self.box)
        system.addForce(force)
        return target.context(system, self.positions if positions is None else positions)

    def expected(self, function, globals_=(1.3, 0.7), **options):
        """Energy, forces, and derivatives by the global parameters, of the oracle."""
        positions = torch.tensor(self.positions, requires_grad=True)
        parameters = torch.tensor(globals_, dtype=torch.float64, requires_grad=True)
        energy = oracle.energy(
            view(function), atom_energy(parameters), positions, self.types.tolist(),
            cutoff=CUTOFF, inner_cutoff=INNER, box=self.box, **options,
        )  # fmt: skip
        gradient, of_parameters = torch.autograd.grad(energy, [positions, parameters])
        return energy.item(), -gradient.numpy(), of_parameters.numpy()


TRICLINIC = np.array([[1.5, 0, 0], [0.4, 1.4, 0], [-0.3, 0.5, 1.3]])
BOXES = {"no box": None, "rectangular": np.diag([1.3, 1.4, 1.5]), "triclinic": TRICLINIC}


def state_of(context):
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


@pytest.fixture(params=BOXES, scope="module")
def cluster(request):
    return Cluster(BOXES[request.param])


def assert_agrees(context, energy, forces, target=REFERENCE):
    target.assert_agrees(*state_of(context), energy, forces)


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
    _, forces = state_of(context)
    for particle, axis in itertools.product((0, 3, 7), range(3)):
        energies = []
        for step in (1e-5, -1e-5):
            positions = cluster.positions.copy()
            positions[particle, axis] += step
            context.setPositions(positions)
            energies.append(state_of(context)[0])
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
        state_of(context)


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
    expected = state_of(cluster.context(cluster.force(table, **settings)))
    assert_agrees(cluster.context(cluster.force(function, **settings), target=target), *expected, target)


@on(TARGETS)
def test_an_isolated_atom_has_the_energy_of_zero_densities(target):
    cluster = Cluster()
    function = environment(False)
    alone = cluster.positions + 10.0 * np.arange(20)[:, None]
    energies, _ = function.evaluate_atoms(np.zeros((20, 5)), np.maximum(cluster.types, 0))
    found = state_of(cluster.context(cluster.force(function), alone, target))
    in_double = target.exact or target is CPU  # the program of the atoms
    assert_close(found[0], energies[cluster.types >= 0].sum(), rtol=1e-12 if in_double else 1e-6)
    assert np.abs(found[1]).max() == 0


@on(TARGETS)
def test_atoms_at_the_same_place_have_no_direction(target):
    """The energy is finite, and so are the forces; angular channels do not count the pair."""
    cluster = Cluster()
    positions = cluster.positions.copy()
    positions[1] = positions[0]
    energy, forces = state_of(cluster.context(cluster.force(environment()), positions, target))
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
    assert state_of(cluster.context(force))[0] == state_of(cluster.context(again))[0]
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
    energy, forces = state_of(cluster.context(cluster.force(environment(given_weights=1.1 * weights()))))
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


# --- larger Systems, on CPU ---

SHAPES = {
    "large": np.diag([4.0, 4.2, 4.4]),
    "flat": np.diag([4.0, 4.0, 1.25]),
    "triclinic": np.array([[4.2, 0, 0], [1.9, 4.1, 0], [-1.7, 1.3, 4.0]]),
    "cluster": None,
}
#: The angular orders of the channels. There are fewer channels of an order than the numbers in a SIMD vector, or more;
#: and "angular" has no channel of order 0.
CHANNELS = {"3 radial": [0] * 3, "17 radial": [0] * 17, "angular": [3, 1, 1, 1, 2], "all": [0, 1, 2, 3] * 5}
CHANNELS["64"] = [0, 1, 2, 3] * 16


@functools.cache
def gas(shape, channels):
    """700 particles of two types in many periodic images, each in a cell of its own, and a pair at the same place:
    System, positions, and the results of Reference. u is a quadratic function of the densities.
    """
    orders, box = CHANNELS[channels], SHAPES[shape]
    random = np.random.default_rng(7)
    count, n = 700, len(orders)
    edges = np.diag([2.6, 2.6, 2.6]) if box is None else box
    places = np.stack(np.meshgrid(*3 * [np.arange(9)], indexing="ij"), axis=-1).reshape(-1, 3)
    fractions = (random.permutation(places)[:count] + random.uniform(0.2, 0.8, (count, 3))) / 9
    images = 0 if box is None else random.integers(-1, 3, (count, 3))
    positions = (fractions + images) @ edges
    positions[5] = positions[6]
    values, slopes = curves(orders)
    text = (
        f"v0[{n}] = densities\nv1[{n * n}] = weight\nv2[{n}] = linear v1 v0\nv3[{n}] = mul v2 v0\n"
        f"v4[1] = sum v3 {{1 {n} 1}}\noutput v4"
    )
    function = lp.EnvironmentFunction(
        2, INNER, CUTOFF, orders, values, slopes, [0, 1, 2, 3], text, random.normal(size=n * n) / n, pair=pair_table()
    )
    force = lp.LearnedPairForce(function)
    types = random.integers(0, 2, count)
    types[::9] = -1
    force.setParticleTypes(types)
    force.setNonbondedMethod(force.CutoffNonPeriodic if box is None else force.CutoffPeriodic)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.5)
    for k in range(0, count - 3, 5):
        force.addExclusion(k, k + 1)
        force.addException(k, k + 2, 0.5)
    system = openmm.System()
    for _ in range(count):
        system.addParticle(12.0)
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    return system, positions, state_of(REFERENCE.context(system, positions))


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_all_instruction_sets_agree_with_reference(instructions, shape, channels, monkeypatch):
    system, positions, expected = gas(shape, channels)
    monkeypatch.setenv(VARIABLE, instructions)
    for threads in (1, 2, 5):
        properties = {"Threads": str(threads), "DeterministicForces": str(threads == 5).lower()}
        platform = openmm.Platform.getPlatform("CPU")
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, properties)
        context.setPositions(positions)
        assert_agrees(context, *expected, CPU)
    info = lp.LearnedPairForce.cast(system.getForce(0)).getKernelInfo(context)
    assert (info["evaluation"], info["instruction_set"]) == ("environment", instructions)


def test_vectors_that_channels_do_not_fill_are_not_used(monkeypatch):
    """With AVX-512, eight channels take the shorter vectors of AVX2, unless the user chooses."""
    monkeypatch.delenv(VARIABLE, raising=False)
    best = next(name for name in SETS if name not in missing())
    for count, expected in ((8, "AVX2" if best == "AVX512" else best), (16, best)):
        values, slopes = curves([0] * count)
        text = f"v0[{count}] = densities\nv1[1] = sum v0 {{1 {count} 1}}\noutput v1"
        function = lp.EnvironmentFunction(2, INNER, CUTOFF, [0] * count, values, slopes, [0, 1, 2, 3], text)
        cluster = Cluster()
        force = cluster.force(function)
        assert force.getKernelInfo(cluster.context(force, target=CPU))["instruction_set"] == expected


def test_the_list_follows_the_particles_and_the_box():
    """After steps that build the list again, and after a change of the box."""
    system, positions, _ = gas("large", "all")
    integrator = openmm.VerletIntegrator(0.002)
    context = CPU.context(system, positions, integrator)
    context.setVelocitiesToTemperature(300, 1)
    for k in range(4):
        velocities = np.random.default_rng(k).normal(0, 3, positions.shape)
        context.setPositions(positions + 0.1 * k * velocities)
        if k == 3:
            context.setPeriodicBoxVectors(*(1.05 * SHAPES["large"]))
        state = context.getState(positions=True, energy=True, forces=True)
        fresh = REFERENCE.context(system, state.getPositions(asNumpy=True)._value)
        fresh.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
        assert_agrees(context, *state_of(fresh), CPU)


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
        state_of(cluster.context(cluster.force(environment()), np.full((20, 3), np.nan)))
    with pytest.raises(ValueError, match="the distance 0.7.* nm is outside of the densities"):
        environment().evaluate_densities(0, 0, [0.7])
    with pytest.raises(ValueError, match="2.0* is not a type; there are 2"):
        environment().evaluate_atoms(np.zeros((1, 5)), [2])
    with pytest.raises(TypeError, match="there is no global parameter 'x'"):
        environment().evaluate_atoms(np.zeros((1, 5)), [0], x=1.0)
