# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of load_environment, export_environment, EnvironmentNetwork and EnvironmentEnergy: the same model in memory and
in files, forces against the module itself, corrections of Systems, and models that are refused.
"""

import copy
import itertools
import pickle

import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import CPU, CUDA, DOUBLE, OPENCL, REFERENCE, assert_close, on
from documentation import python_code
from environment_models import ANGULAR, CUTOFF, INNER, KEYWORDS, Box, network
from learnedpair.cli import main
from learnedpair.data import WATER
from openmm import app, unit


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


@on([REFERENCE, CPU, OPENCL, CUDA, *DOUBLE])
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


def test_atoms_at_the_same_place():
    """They count in channels of order 0 only, and have no force on each other, as in a force."""
    box, module = Box(), network()
    box.positions[1] = box.positions[0]
    box.exclusions = []
    state = box.context(lp.load_environment(module, **KEYWORDS, tolerance=1e-8), REFERENCE).getState(
        energy=True, forces=True
    )
    positions = torch.tensor(box.positions, requires_grad=True)
    energy = lp.nn.EnvironmentEnergy(module, ANGULAR, CUTOFF, INNER)
    total = energy(positions, torch.tensor(box.box), torch.tensor(box.types))
    (gradient,) = torch.autograd.grad(total, positions)
    assert_close(state.getPotentialEnergy()._value, total.item(), rtol=1e-6)
    assert_close(state.getForces(asNumpy=True)._value, -gradient.numpy(), atol=1e-5)


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
    with pytest.warns(UserWarning, match="already has"):
        assert lp.add_correction(system, modeller.topology, path).lowering_report == force.lowering_report
    with pytest.raises(lp.ModelError, match="this is an environment model, .* load it with lp.load_environment"):
        lp.load_model(path)


def test_command_line(tmp_path, capsys):
    """All commands for Systems take environment functions beside pair corrections."""
    system, modeller = water()
    module = network()
    model = lp.export_environment(
        module, tmp_path / "m.pt", **KEYWORDS | dict(types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]})
    )
    lp.add_correction(system, modeller.topology, model)
    (tmp_path / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    with open(tmp_path / "water.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, file)
    paths = [str(tmp_path / name) for name in ("system.xml", "water.pdb")]
    assert main(["explain", paths[0]]) == 0
    out = capsys.readouterr().out
    assert "an environment function, 192 of 192 particles covered" in out
    assert "every platform evaluates it as it is; GPUs with a neighbor list of its own" in out
    assert main(["check", *paths, "--platform", "CPU", "--steps", "0"]) == 0
    out = capsys.readouterr().out
    assert f"environment: densities up to 0.6 nm, tables of {model.report['knots']} knots" in out
    options = ["--platform", "CPU", "--steps", "5", "--repeats", "2"]
    assert main(["bench", "--system", paths[0], "--pdb", paths[1], *options]) == 0
    assert "environment: densities up to 0.6 nm" in capsys.readouterr().out
    for command in (
        ["inspect", str(tmp_path / "m.pt")],
        ["plot", str(tmp_path / "m.pt"), "-o", str(tmp_path / "a.png")],
    ):
        assert main(command) != 0
        assert "m.pt: this is an environment model, and a pair model was expected" in capsys.readouterr().err


def test_update_of_a_running_context():
    box = Box()
    options = KEYWORDS | dict(knots=257)
    model = lp.load_environment(network(), **options)
    context = box.context(model, REFERENCE)
    force = lp.LearnedPairForce.cast(context.getSystem().getForce(0))
    other = lp.load_environment(network(seed=9), **options)
    other.update_force(force)
    force.updateParametersInContext(context)
    expected = box.context(other, REFERENCE).getState(energy=True).getPotentialEnergy()
    assert context.getState(energy=True).getPotentialEnergy() == expected
    assert force.lowering_report["digest"] == other.digest and force.lowering_report["types"] == ["A", "B"]
    for change, message in (
        (dict(knots=129), "numbers of knots of the model"),
        (dict(inner_cutoff=0.25), "inner cutoff of the model: 0.25, and of the force: 0.2"),
        (dict(cutoff=0.61), "the cutoff of the model: 0.61"),
        (dict(switching_distance=0.5), "switching distance of the model is 0.5, and that of the force None"),
        (dict(types=["B", "A"]), "the model has the types B, A, and the force was made for the types A, B"),
    ):
        before = openmm.XmlSerializer.serialize(force)
        with pytest.raises(lp.LoweringError, match=message):
            lp.load_environment(network(), **options | change).update_force(force)
        assert openmm.XmlSerializer.serialize(force) == before
    narrow = lp.load_environment(network(angular=[0, 0, 1, 2, 2]), **options | dict(angular=[0, 0, 1, 2, 2]))
    with pytest.raises(lp.LoweringError, match="angular orders of the model"):
        narrow.update_force(force)
    with pytest.raises(lp.LoweringError, match="another kind of function"):
        other.update_force(lp.load_model(WATER).create_force(["O", "H"]))
    with pytest.raises(lp.LoweringError, match="does not reach the tolerance 0.0001 with 33 knots.*give more knots"):
        lp.load_environment(network(), **options | dict(knots=33))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(copied):
    model = lp.load_environment(network(), **KEYWORDS)
    other = copied(model)
    assert same_function(model.function, other.function) and other.function.angular == ANGULAR
    assert repr(model) == repr(other) == (
        "<EnvironmentModel EnvironmentNetwork: A, B, 5 density channels, 0.2 to 0.6 nm>"
    )  # fmt: skip
    assert {**vars(model), "function": 0} == {**vars(other), "function": 0}


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
            case "density of the first types":
                w = w * (1 + type1[0] + 2 * type2[0])
            case "density of the nearest":
                w = w * (2 if bool(r.min() < 0.25) else 1)
            case "density of a few":
                w = w * (2 if r.shape[0] < 100 else 1)
            case "density of one pair of types jumps":
                w = torch.where(type1 == 0, 1e5 * w, torch.exp(-r))
        return w.unsqueeze(-1)

    def atom(self, densities, type):
        q = densities[:, 0]
        match self.fault:
            case "atom shape":
                return densities
            case "atom of dense surroundings":
                return torch.log(10 - q)
            case "atom of a few":
                return q**2 * (2 if densities.shape[0] < 100 else 1)
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
            case "atom jumps":
                return torch.where(q > 0.37, 5.0, 0.0) + q
            case "atom rounds":
                return torch.floor(20 * q) + q
            case "atom norm":
                return torch.linalg.norm(densities, dim=1)
            case "atom loops":
                return torch.stack([q[k] ** 2 for k in range(len(q))])
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
        ("density of the first types", lp.ModelError, "depends on which pairs are evaluated together"),
        ("density of the nearest", lp.ModelError, "depends on which pairs are evaluated together"),
        ("density of a few", lp.ModelError, "depends on which pairs are evaluated together"),
        ("density of one pair of types jumps", lp.ModelError, "do not vanish .*: channel 0 of a A neighbor of B is"),
        ("density raises", lp.ModelError, r"density\(\) fails for 257 pairs \(out of order\)"),
        ("density zero", lp.ModelError, "the densities of channel 0 are zero"),
        ("density jumps", lp.LoweringError, "does not reach the tolerance 0.0001 with 16385 knots.*jump or a kink"),
        ("atom shape", lp.ModelError, r"atom\(\) returns torch.float64 of shape \(256, 1\)"),
        ("atom of dense surroundings", lp.ModelError, "an atom in a random environment.* is nan"),
        ("atom of a few", lp.ModelError, r"atom\(\) depends on which atoms are evaluated together"),
        ("atom root", lp.ModelError, "energy of an isolated atom of type A is 0 .*channel 0, 0, is inf"),
        ("atom coupled", lp.ModelError, r"atom\(\) depends on which atoms are evaluated together"),
        ("atom detached", lp.LoweringError, "depends on r or the densities .*detached"),
        ("atom sorts", lp.LoweringError, "is not supported .*at .*test_load_environment.py"),
        ("atom jumps", lp.ModelError, "energy of atoms jumps: for type [AB] it goes from .* at the densities .0.37"),
        ("atom rounds", lp.ModelError, "energy of atoms jumps"),
        ("atom norm", lp.LoweringError, "for an isolated atom of type A its derivative is .nan.*roots and norms"),
        ("atom loops", lp.LoweringError, "mixes atoms.*The energy of an atom .* of length N"),
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
        (dict(angular=[0, 1]), lp.ModelError, r"angular is \[0, 1\], and the module has channels .*\[0, 0, 1, 2, 3\]"),
        (dict(domain=(0.2, 0.5)), TypeError, "unknown keyword 'domain'"),
        (dict(knots=3), lp.LoweringError, "knots is 3; expected an integer from 5 to 16385"),
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


class Coordination(torch.nn.Module):
    """The number of neighbors, by the switching function alone."""

    def density(self, r, type1, type2):
        return torch.ones_like(r).unsqueeze(-1)

    def atom(self, densities, type):
        return 3.0 * densities[:, 0] ** 2


def test_constant_densities():
    """A switching function alone makes a coordination number; also with pairs below the inner cutoff."""
    box = Box()
    options = dict(cutoff=CUTOFF, inner_cutoff=INNER, switching_distance=0.3)
    model = lp.load_environment(Coordination(), types=["A", "B"], angular=[0], **options)
    energy = lp.nn.EnvironmentEnergy(Coordination(), [0], **options)
    found = box.context(model, REFERENCE).getState(energy=True).getPotentialEnergy()._value
    arguments = torch.tensor(box.positions), torch.tensor(box.box), torch.tensor(box.types), box.exclusions
    assert_close(energy(*arguments).item(), found, rtol=1e-12)
    with torch.inference_mode():
        assert_close(energy(*arguments).item(), found, rtol=1e-12)
        assert energy.densities(*arguments).shape == (box.count, 1)


def test_extrapolated_densities_are_checked():
    """Below the inner cutoff this density goes on as a line, down to negative numbers."""

    class Root(torch.nn.Module):
        def density(self, r, type1, type2):
            return (torch.exp(-(((r - 0.4) / 0.05) ** 2)) * (1 - (r / CUTOFF) ** 2) ** 3).unsqueeze(-1)

        def atom(self, densities, type):
            return torch.sqrt(densities[:, 0] + 0.001)

    with pytest.raises(lp.ModelError, match="perhaps with neighbors below the inner cutoff, where .* extrapolated"):
        lp.load_environment(Root(), types=["A"], angular=[0], cutoff=CUTOFF, inner_cutoff=0.38)


def test_a_loaded_program_leaves_the_module_as_it_was(tmp_path):
    """torch.export shares the parameters of the module with the program."""
    module = lp.nn.TypedPairNetwork(2, CUTOFF, inner=INNER)
    pairs = torch.export.Dim("pairs", min=2)
    inputs = torch.full((4,), 0.3), torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    shapes = {name: {0: pairs} for name in ("r", "type1", "type2")}
    program = torch.export.export(module, inputs, dynamic_shapes=shapes)
    lp.load_model(program, types=["A", "B"], cutoff=CUTOFF, inner_cutoff=INNER)
    assert all(each.dtype == torch.float32 and each.requires_grad for each in module.parameters())
    assert all(each.dtype != torch.float64 for each in program.state_dict.values())


def test_wrapped_modules(tmp_path):
    module = network()
    wrapped = torch.nn.DataParallel(module)
    expected = lp.load_environment(module, **KEYWORDS).function
    assert same_function(lp.export_environment(wrapped, tmp_path / "a.pt", **KEYWORDS).function, expected)
    assert lp.nn.EnvironmentEnergy(wrapped, ANGULAR, CUTOFF, INNER).function is module
    with pytest.raises(lp.ModelError, match=r"angular is \[0\], but the model in the file has \[0, 0, 1, 2, 3\]"):
        lp.load_environment(tmp_path / "a.pt", angular=[0])
    with pytest.raises(TypeError, match="the module is a class EnvironmentNetwork"):
        lp.export_environment(lp.nn.EnvironmentNetwork, tmp_path / "b.pt", **KEYWORDS)


def test_traced_buffers(tmp_path):
    """A module without parameters is traced in the precision of its buffers."""

    class Buffers(Coordination):
        def __init__(self):
            super().__init__()
            self.register_buffer("w", torch.tensor([[2.0]]))

        def atom(self, densities, type):
            return torch.tanh(densities @ self.w).sum(1)

    options = dict(types=["A"], angular=[0], cutoff=CUTOFF, switching_distance=0.3)
    assert lp.export_environment(Buffers(), tmp_path / "a.pt", trace=True, **options).types == ["A"]


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_trace_that_differs_from_the_module_is_refused(tmp_path):
    """The trace keeps the branch for the types of its example."""

    class Branches(Coordination):
        def atom(self, densities, type):
            factor = 2.0 if bool((densities == 1).all()) else 1.0
            return factor * densities[:, 0] ** 2

    options = dict(types=["A"], angular=[0], cutoff=CUTOFF, switching_distance=0.3)
    with pytest.raises(lp.ModelError, match=r"a.pt: atom\(\) of the file differs .*export without trace=True"):
        lp.export_environment(Branches(), tmp_path / "a.pt", trace=True, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("particles", [[1.5], [True], {"A": 1}, [["A"]], 5, None, [2], ["C"]])
def test_wrong_types_of_particles(particles):
    with pytest.raises((TypeError, ValueError), match="EnvironmentNetwork: "):
        lp.load_environment(network(), **KEYWORDS).create_force(particles)


def test_other_models_are_refused(tmp_path):
    with pytest.raises(lp.ModelError, match="the metadata have no angular.*lp.load_model"):
        lp.load_environment(WATER)
    assert lp.load_model(lp.nn.TypedPairNetwork(1, 0.6), types=["A"], cutoff=0.6, angular=None).types == ["A"]
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
    with pytest.raises(lp.LoweringError, match="nonbonded_method is 0; expected LearnedPairForce.CutoffPeriodic"):
        lp.load_environment(network(), **KEYWORDS).create_force(["A"], nonbonded_method=lp.LearnedPairForce.NoCutoff)


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
    with pytest.raises(ValueError, match=r"angular is \[0, 0, 0, 0, 0\], and the function has channels of the orders"):
        lp.nn.EnvironmentEnergy(network(), [0] * 5, CUTOFF, INNER)
    energy = lp.nn.EnvironmentEnergy(network(), ANGULAR, CUTOFF, INNER)
    with pytest.raises(ValueError, match="the particles have features"):
        energy(torch.zeros(2, 3), None, torch.ones(2, 1))
    with pytest.raises(TypeError, match="the function is of the type ABCMeta|the function is of the type type"):
        lp.nn.EnvironmentEnergy(lp.nn.EnvironmentNetwork, ANGULAR, CUTOFF, INNER)
    close = torch.tensor([[0.0, 0, 0], [0.3, 0, 0]], dtype=torch.float64), None, torch.zeros(2, dtype=torch.int64)
    for orders, faulty, message in (
        (
            [0, 0],
            Faulty(""),
            r"density\(\) of the function returns torch.float64 of shape \(2, 1\); expected shape \(2, 2\)",
        ),
        (
            [0],
            Faulty("atom shape"),
            r"atom\(\) of the function returns torch.float64 of shape \(2, 1\); expected shape \(2,\)",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            lp.nn.EnvironmentEnergy(faulty, orders, CUTOFF, INNER)(*close)


@pytest.mark.filterwarnings("ignore:DensityReporter")  # no other force holds the atoms together
def test_the_training_of_the_documentation_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in python_code("docs/user/many-body.md"):
        exec(compile(code, "docs/user/many-body.md", "exec"), names)
    assert names["loss"].sqrt() < 0.2 * names["forces"].square().mean().sqrt()
    assert names["model"].description == "100 times the triple-dipole energy"
    assert names["alloy"].isolated_atom_energies == {"Cu": pytest.approx(0, abs=1e-6), "Au": pytest.approx(0, abs=1e-6)}
    assert lp.LearnedPairForce.cast(names["force"]).lowering_report["knots"] == 257
    assert capsys.readouterr().out.startswith("error ")
