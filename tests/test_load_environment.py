# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of load_environment, export_environment, EnvironmentNetwork and EnvironmentEnergy: the same model in memory and
in files, forces against the module itself, corrections of Systems, and models that are refused.
"""

import itertools

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import CPU, REFERENCE, assert_close, on
from documentation import python_code
from learnedpair.data import WATER
from openmm import app, unit

ANGULAR = [0, 0, 1, 2, 3]
CUTOFF, INNER = 0.6, 0.2
KEYWORDS = dict(types=["A", "B"], angular=ANGULAR, cutoff=CUTOFF, inner_cutoff=INNER)


def network(num_types=2, angular=ANGULAR, seed=0):
    torch.manual_seed(seed)
    return lp.nn.EnvironmentNetwork(num_types, cutoff=CUTOFF, angular=angular, inner=INNER).double()


class InAngstrom(torch.nn.Module):
    """A network of nm and kJ/mol in angstrom and eV."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def density(self, r, type1, type2):
        return self.inner.density(0.1 * r, type1, type2)

    def atom(self, densities, type):
        return self.inner.atom(densities, type) / 96.48533212331


def same_function(a, b):
    return a.text == b.text and all(
        np.array_equal(x, y) for x, y in zip([a.weights, *a.values, *a.slopes], [b.weights, *b.values, *b.slopes])
    )


@pytest.mark.parametrize("name, options", [("a.pt", {}), ("a.pt2", {}), ("a.pt", dict(trace=True))])
def test_files_hold_the_same_model(name, options, tmp_path):
    module = network()
    expected = lp.load_environment(module, **KEYWORDS)
    exported = lp.export_environment(module, tmp_path / name, **KEYWORDS, description="random", **options)
    loaded = lp.load_environment(tmp_path / name)
    assert same_function(exported.function, expected.function) and same_function(loaded.function, expected.function)
    assert loaded.types == ["A", "B"] and loaded.cutoff == CUTOFF and loaded.inner_cutoff == INNER
    assert loaded.description == "random" and loaded.source == name
    assert loaded.digest == exported.digest != expected.digest
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_units():
    expected = lp.load_environment(network(), **KEYWORDS).function
    units = dict(length_unit="angstrom", energy_unit="eV", cutoff=10 * CUTOFF, inner_cutoff=10 * INNER)
    found = lp.load_environment(InAngstrom(network()), **KEYWORDS | units).function
    q = np.random.default_rng(0).uniform(0, 3, (9, len(ANGULAR)))
    types = np.arange(9) % 2
    for a, b in zip(found.evaluate_atoms(q, types), expected.evaluate_atoms(q, types), strict=True):
        assert_close(a, b, rtol=1e-9, atol=1e-9)
    r = np.linspace(INNER, CUTOFF, 50)
    for a, b in zip(found.evaluate_densities(0, 1, r), expected.evaluate_densities(0, 1, r), strict=True):
        assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_the_tolerance_bounds_the_tables():
    module = network()
    models = [lp.load_environment(module, **KEYWORDS, tolerance=tolerance) for tolerance in (1e-3, 1e-6)]
    assert models[0].report["knots"] < models[1].report["knots"]
    r = np.random.default_rng(0).uniform(INNER, CUTOFF, 500)
    for model in models:
        for pair in itertools.product(range(2), repeat=2):
            x = torch.tensor(r, requires_grad=True)
            w = module.density(x, *(torch.full((500,), k) for k in pair))
            largest = max(np.abs(values).max() for values in model.function.values)
            found = model.function.evaluate_densities(*pair, r)
            assert_close(found[0], w.detach().numpy(), atol=model.report["tolerance"] * largest)
            for channel in range(len(ANGULAR)):
                slope = torch.autograd.grad(w[:, channel].sum(), x, retain_graph=True)[0].numpy()
                steepest = max(np.abs(slopes[:, channel]).max() for slopes in model.function.slopes)
                assert_close(found[1][:, channel], slope, atol=2 * model.report["tolerance"] * steepest)


class Box:
    """Random particles, some closer than the inner cutoff, one of them not covered, in a triclinic box."""

    box = np.array([[1.5, 0, 0], [0.4, 1.4, 0], [-0.3, 0.5, 1.3]])
    count = 24

    def __init__(self):
        random = np.random.default_rng(4)
        self.positions = random.uniform(0, 1.3, (self.count, 3))
        self.positions[1] = self.positions[0] + [0.1, 0.05, 0.02]
        self.types = random.integers(0, 2, self.count)
        self.types[5] = -1
        self.exclusions = [(0, 2), (3, 4), (7, 8)]

    def context(self, model, target, exclusions=True):
        force = model.create_force([None if k < 0 else int(k) for k in self.types])
        force.addExclusions(self.exclusions if exclusions else [])
        system = openmm.System()
        for _ in self.types:
            system.addParticle(12.0)
        system.setDefaultPeriodicBoxVectors(*self.box)
        system.addForce(force)
        return target.context(system, self.positions)

    def expected(self, module, switching_distance=None):
        """The energy and forces of the module itself, by neighbors among images and Legendre polynomials."""
        positions = torch.tensor(self.positions, requires_grad=True)
        of = [[] for _ in self.types]
        for i, j, delta in oracle.neighbors(positions, self.box, CUTOFF):
            if min(self.types[i], self.types[j]) < 0 or (min(i, j), max(i, j)) in self.exclusions:
                continue
            r = delta.norm()
            types = [torch.tensor([self.types[k]]) for k in (i, j)]
            at = torch.clamp(r, min=INNER).detach().reshape(1).requires_grad_()
            w = module.density(at, *types)[0]
            slope = torch.stack([torch.autograd.grad(one, at, retain_graph=True)[0][0] for one in w])
            w = w.detach() + slope * (r - at.detach()) if r < INNER else module.density(r.reshape(1), *types)[0]
            if switching_distance is not None:
                w = w * oracle.switching(r, switching_distance, CUTOFF)
            of[i].append((delta / r, w))
        total = 0
        for i, found in enumerate(of):
            if self.types[i] < 0:
                continue
            u, w = (torch.stack(part) for part in zip(*found, strict=True))
            q = [
                w[:, k].sum() if order == 0 else w[:, k] @ oracle.LEGENDRE[order](u @ u.T) @ w[:, k]
                for k, order in enumerate(ANGULAR)
            ]
            total = total + module.atom(torch.stack(q)[None], torch.tensor([self.types[i]]))[0]
        (gradient,) = torch.autograd.grad(total, positions)
        return total.item(), -gradient.numpy()


@on([REFERENCE, CPU])
@pytest.mark.parametrize("switching_distance", [None, 0.45])
def test_forces_are_those_of_the_module(switching_distance, target):
    box, module = Box(), network()
    model = lp.load_environment(module, **KEYWORDS, switching_distance=switching_distance, tolerance=1e-8)
    state = box.context(model, target).getState(energy=True, forces=True)
    energy, forces = box.expected(module, switching_distance)
    assert np.linalg.norm(box.positions[0] - box.positions[1]) < INNER
    assert abs(energy) > 1 and np.abs(forces).max() > 10
    scale = 1e-6 if target.exact else 2e-5
    assert_close(state.getPotentialEnergy()._value, energy, atol=scale * np.abs(forces).max(), what="energy")
    assert_close(
        state.getForces(asNumpy=True)._value, forces, atol=scale * np.abs(forces).max(), what="forces"
    )  # fmt: skip


@pytest.mark.parametrize("switching_distance", [None, 0.45])
def test_environment_energy(switching_distance):
    box, module = Box(), network()
    energy = lp.nn.EnvironmentEnergy(
        module, ANGULAR, cutoff=CUTOFF, inner_cutoff=INNER * unit.nanometer, switching_distance=switching_distance
    )
    expected, forces = box.expected(module, switching_distance)
    positions = torch.tensor(box.positions, requires_grad=True)
    arguments = torch.tensor(box.box), torch.tensor(box.types), box.exclusions
    total = energy(positions, *arguments)
    (gradient,) = torch.autograd.grad(total, positions, create_graph=True)
    assert_close(total.item(), expected, rtol=1e-10)
    assert_close(-gradient.detach().numpy(), forces, rtol=1e-9, atol=1e-9)
    # Force matching: the gradient of a loss of forces reaches all parameters.
    gradient.square().sum().backward()
    assert all(parameter.grad.any() for parameter in module.parameters())
    densities = energy.densities(positions, *arguments)
    assert densities.shape == (box.count, len(ANGULAR)) and not densities[5].any() and densities[0].any()
    both = energy(positions.detach().expand(2, -1, -1), *arguments)
    assert_close(both.detach().numpy(), [expected] * 2, rtol=1e-10)


def test_exceptions_of_environment_energy():
    """Factors multiply densities, as those of a force do."""
    box, module = Box(), network()
    model = lp.load_environment(module, **KEYWORDS, tolerance=1e-8)
    context = box.context(model, REFERENCE, exclusions=False)
    force = lp.LearnedPairForce.cast(context.getSystem().getForce(0))
    force.addException(0, 1, 0.3)
    context.reinitialize(preserveState=True)
    energy = lp.nn.EnvironmentEnergy(module, ANGULAR, CUTOFF, INNER)
    found = energy(
        torch.tensor(box.positions), torch.tensor(box.box), torch.tensor(box.types), exceptions=[(0, 1, 0.3)]
    )
    assert_close(context.getState(energy=True).getPotentialEnergy()._value, found.item(), rtol=1e-6)


def test_isolated_atoms_have_no_energy():
    module = network()
    model = lp.load_environment(module, **KEYWORDS)
    assert model.isolated_atom_energies == {"A": 0.0, "B": 0.0}
    assert model.create_force(["A", "B"]).lowering_report["isolated_atom_energies"] == {"A": 0.0, "B": 0.0}


def water():
    forcefield = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(forcefield, numAdded=64)
    system = forcefield.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.6 * unit.nanometer, rigidWater=True
    )
    return system, modeller


def test_add_correction(tmp_path):
    system, modeller = water()
    module = network()
    path = tmp_path / "water.pt"
    model = lp.export_environment(module, path, **KEYWORDS | dict(types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}))
    force = lp.add_correction(system, modeller.topology, model, scale="lambda", force_group=3)
    assert force.getNumExclusions() == 3 * 64 and force.getNonbondedMethod() == force.CutoffPeriodic
    context = REFERENCE.context(system, modeller.positions)
    energies = []
    for scale in (1.0, 0.5):
        context.setParameter("lambda", scale)
        energies.append(context.getState(energy=True, groups={3}).getPotentialEnergy()._value)
    box = torch.tensor(np.array([list(v._value) for v in system.getDefaultPeriodicBoxVectors()]))
    excluded = [(3 * k + a, 3 * k + b) for k in range(64) for a, b in ((0, 1), (0, 2), (1, 2))]
    positions = torch.tensor(np.array(modeller.positions.value_in_unit(unit.nanometer), dtype=float))
    energy = lp.nn.EnvironmentEnergy(module, ANGULAR, CUTOFF, INNER)
    expected = energy(positions, box, torch.tensor([0, 1, 1] * 64), excluded).item()
    assert_close(energies, [expected, 0.5 * expected], rtol=1e-3)
    with pytest.warns(UserWarning, match="already has a correction from water.pt"):
        lp.add_correction(system, modeller.topology, lp.load_environment(path))
    for options, message in (
        (dict(representation="table"), "representation is 'table', and water.pt is an environment model"),
        (dict(tolerance=1e-5), "tolerance is 1e-05, .*; give it to load_environment"),
        (dict(evaluation="exact"), "evaluation is 'exact'"),
        (dict(features=[[1.0]]), "features were given"),
    ):
        with pytest.raises(ValueError, match=message):
            lp.add_correction(system, modeller.topology, model, **options)
    with pytest.raises(lp.ModelError, match="this is an environment model; load it with lp.load_environment"):
        lp.add_correction(system, modeller.topology, path)


class Faulty(torch.nn.Module):
    """A right model with one fault."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def density(self, r, type1, type2):
        w = torch.exp(-8 * (r - INNER)) * (1 - (r / CUTOFF) ** 2) ** 3
        match self.fault:
            case "density shape":
                return w
            case "density nan":
                w = w / (type1 * type2)
            case "density infinite":
                w = w + torch.sqrt(r - r)
            case "no envelope":
                w = torch.exp(-8 * (r - INNER))
            case "density detached":
                w = w.detach()
            case "density coupled":
                w = w * r.mean()
            case "density raises":
                raise RuntimeError("out of order")
            case "density zero":
                w = 0 * w
            case "density jumps":
                w = w * (1 + (r < 0.3137))
        return w.unsqueeze(-1)

    def atom(self, densities, type):
        q = densities[:, 0]
        match self.fault:
            case "atom shape":
                return densities
            case "atom root":
                return torch.sqrt(q)
            case "atom coupled":
                return q**2 / q.mean()
            case "atom detached":
                return q * q.detach() + q
            case "atom sorts":
                return torch.linalg.eigvalsh(q[:, None, None] * torch.eye(2, dtype=q.dtype)).sum(-1) ** 2
            case "atom constant":
                return 0 * q + 3.0
        return q**2


@pytest.mark.parametrize(
    "fault, error, message",
    [
        ("density shape", lp.ModelError, r"density\(\) returns torch.float64 of shape \(257,\)"),
        ("density nan", lp.ModelError, "channel 0 of a A neighbor of A is inf at 0.2 nm"),
        ("density infinite", lp.ModelError, "a density is not finite"),
        ("no envelope", lp.ModelError, "the densities do not vanish at the cutoff, 0.6 nm: channel 0 .* is 0.0408"),
        ("density detached", lp.ModelError, r"density\(\) has no derivative"),
        ("density coupled", lp.ModelError, r"density\(\) depends on which pairs are evaluated together"),
        ("density raises", lp.ModelError, r"density\(\) fails for 257 pairs \(out of order\)"),
        ("density zero", lp.ModelError, "the densities of channel 0 are zero"),
        ("density jumps", lp.LoweringError, "does not reach the tolerance 0.0001 with 16385 knots.*jump or a kink"),
        ("atom shape", lp.ModelError, r"atom\(\) returns torch.float64 of shape \(256, 1\)"),
        ("atom root", lp.ModelError, "energy of an isolated atom of type A is 0 .*channel 0, 0, is inf"),
        ("atom coupled", lp.ModelError, r"atom\(\) depends on which atoms are evaluated together"),
        ("atom detached", lp.LoweringError, "depends on r or the densities .*detached"),
        ("atom sorts", lp.LoweringError, "is not supported .*at .*test_load_environment.py"),
        ("atom constant", lp.ModelError, "the energies of atoms do not change with their densities"),
    ],
)
def test_faulty_models(fault, error, message, tmp_path):
    keywords = dict(types=["A", "B"], angular=[0], cutoff=CUTOFF, inner_cutoff=INNER)
    with pytest.raises(error, match=message):
        lp.load_environment(Faulty(fault), **keywords)
    assert lp.load_environment(Faulty(""), **keywords).function.num_types == 2
    with pytest.raises(lp.LearnedPairError):
        lp.export_environment(Faulty(fault), tmp_path / "a.pt2", **keywords)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change, error, message",
    [
        (dict(angular=[4]), lp.ModelError, r"angular is \[4\]; expected the angular order"),
        (dict(angular=[]), lp.ModelError, r"angular is \[\]"),
        (dict(angular=[0] * 65), lp.ModelError, "1 to 64 integers"),
        (dict(angular="0"), lp.ModelError, "angular is '0'"),
        (dict(angular=[0, 1]), lp.ModelError, r"returns torch.float64 of shape \(257, 5\); expected .* \(257, 2\)"),
        (dict(angular=None), lp.ModelError, "the metadata have no angular"),
        (dict(features=["q"]), TypeError, "unknown keyword 'features'"),
        (dict(truncated=True), TypeError, "unknown keyword 'truncated'"),
        (dict(cutoff=0.1), lp.ModelError, "inner_cutoff is 0.2; expected a positive number below the cutoff"),
        (dict(types=None), lp.ModelError, "types"),
        (dict(types=["A", "B", "C"]), lp.ModelError, r"density\(\) fails"),
        (dict(tolerance=0), lp.LoweringError, "tolerance"),
    ],
)
def test_wrong_arguments(change, error, message):
    with pytest.raises(error, match=message):
        lp.load_environment(network(), **KEYWORDS | change)


def test_other_models_are_refused(tmp_path):
    with pytest.raises(lp.ModelError, match="the metadata have no angular.*lp.load_model"):
        lp.load_environment(WATER)
    with pytest.raises(TypeError, match="load_model: unknown keyword 'angular'"):
        lp.load_model(network(), types=["A", "B"], cutoff=CUTOFF, angular=ANGULAR)
    with pytest.raises(lp.ModelError, match="the module has no methods density and atom"):
        lp.load_environment(lp.nn.TypedPairNetwork(2, 0.6), **KEYWORDS)
    with pytest.raises(TypeError, match="load_environment: the model is a int"):
        lp.load_environment(3, **KEYWORDS)
    with pytest.raises(TypeError, match="TypedPairNetwork without the methods density and atom"):
        lp.export_environment(lp.nn.TypedPairNetwork(2, 0.6), tmp_path / "a.pt", **KEYWORDS)
    with pytest.raises(lp.ModelError, match="there is no such folder"):
        lp.export_environment(network(), tmp_path / "no" / "a.pt", **KEYWORDS)


@pytest.mark.parametrize(
    "change, error, message",
    [
        (dict(angular=[5]), ValueError, r"angular is \[5\]"),
        (dict(angular=0), TypeError, "angular is 0"),
        (dict(hidden=0), ValueError, "hidden must be at least 1"),
        (dict(num_types=1.5), TypeError, "num_types must be an integer"),
        (dict(inner=0.7), ValueError, "0 <= inner < cutoff"),
    ],
)
def test_wrong_arguments_of_the_network(change, error, message):
    with pytest.raises(error, match=message):
        lp.nn.EnvironmentNetwork(**dict(num_types=2, cutoff=0.6) | change)


def test_wrong_arguments_of_the_energy():
    with pytest.raises(TypeError, match="expected a torch.nn.Module with the methods density and atom"):
        lp.nn.EnvironmentEnergy(lp.nn.TypedPairNetwork(2, 0.6), [0], 0.6, 0.1)
    with pytest.raises(ValueError, match="EnvironmentEnergy: inner_cutoff is 0.7 nm, and cutoff 0.6 nm"):
        lp.nn.EnvironmentEnergy(network(), ANGULAR, 0.6, 0.7)
    energy = lp.nn.EnvironmentEnergy(network(), ANGULAR, CUTOFF, INNER)
    with pytest.raises(ValueError, match="the particles have features"):
        energy(torch.zeros(2, 3), None, torch.ones(2, 1))


def test_the_training_of_the_documentation_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = python_code("docs/user/many-body.md")
    names = {}
    exec(compile(code, "docs/user/many-body.md", "exec"), names)
    assert names["loss"].sqrt() < 0.2 * names["forces"].square().mean().sqrt()
    force = lp.LearnedPairForce.cast(names["force"])
    assert force.lowering_report["description"] == "100 times the triple-dipole energy"
    assert capsys.readouterr().out.startswith("error ")
