# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Environment functions and Systems for tests, small enough for an emulated device: random particles of two types, some
closer than the inner cutoff, some not covered.
"""

import functools
from types import SimpleNamespace

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import torch
from comparators import REFERENCE

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
