# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that results do not depend on the global state of PyTorch, or on the device or type of parameters; pickling."""

import contextlib
import pickle
import subprocess
import sys
import warnings

import environment_models
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import assert_close

METADATA = dict(
    features={"q": (-1.0, 1.0), "w": (0.5, 2.0)}, cutoff=0.6, inner_cutoff=0.17, global_parameters={"lam": 1.0}
)
ROWS = [[0.5, 1.0], [-0.5, 1.5], [0.25, 0.75]]
PAIRS = np.array([0.2, 0.3, 0.5]), np.array(ROWS), np.array(ROWS[::-1])


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.network = lp.nn.FeaturePairNetwork(2, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=30.0)
        self.shift = torch.tensor([0.25, 0.5])  # neither a parameter nor a buffer

    def forward(self, r, features1, features2, lam):
        return lam * (1 + self.shift[0]) * self.network(r, features1, features2)


class PlainNetwork(Network):
    """The network without a global parameter, with which checks would take several times as long."""

    def forward(self, r, features1, features2):
        return (1 + self.shift[0]) * self.network(r, features1, features2)


PLAIN = {**METADATA, "global_parameters": {}}


@contextlib.contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextlib.contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


STATES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "set_grad_enabled": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.autocast("cpu"),
    "default device": lambda: default_device("meta"),
    "device context": lambda: torch.device("meta"),
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
}


#: The states in which models are also written, which takes longer.
WRITING = ("inference_mode", "default device", "bfloat16")


def results_of(module, folder, writing):
    """The results of loading, writing, evaluating and lowering a model, as numbers and texts."""
    model = lp.load_model(module, **METADATA)
    energies = [model.evaluate(*PAIRS, lam=0.5)]
    if writing:
        files = [
            lp.export_model(module, folder / name, trace=name == "traced.pt", **METADATA)
            for name in ("m.pt", "traced.pt", "m.pt2")
        ]
        energies += [each.evaluate(*PAIRS, lam=0.5) for each in (*files, lp.load_model(folder / "m.pt"))]
    derivatives = model.evaluate_derivatives(*PAIRS)["lam"]
    force = model.create_force(ROWS)
    model.update_force(force)
    program = force.getFunction()
    return model.digest, energies, derivatives, (program.text, program.weights.tolist()), str(model)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return Network(), results_of(Network(), tmp_path_factory.mktemp("usual"), False)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.slow
def test_results_do_not_depend_on_the_state_of_pytorch(state, usual, tmp_path):
    module, expected = usual
    with STATES[state]():
        found = results_of(module, tmp_path, state in WRITING)
        assert torch.is_grad_enabled() == (
            state not in ("no_grad", "inference_mode", "set_grad_enabled")
        ) and torch.is_inference_mode_enabled() == (state == "inference_mode")
    assert found[0] == expected[0] and found[3:] == expected[3:]
    assert len(found[1]) == (5 if state in WRITING else 1)
    for energies in found[1]:
        assert_close(energies, expected[1][0], rtol=1e-7)  # traced constants have the type of the module
    assert_close(np.array(found[2]), np.array(expected[2]), rtol=1e-12)


def test_modules_made_in_inference_mode_can_be_loaded():
    with torch.inference_mode():
        module = Network()
    assert_close(
        lp.load_model(module, **METADATA).evaluate(*PAIRS),
        lp.load_model(Network(), **METADATA).evaluate(*PAIRS),
        rtol=1e-12,
    )


def test_pair_energy_works_in_inference_mode():
    chains = systems.Chains(molecules=8)
    energy = lp.nn.PairEnergy(models.water_model())
    arguments = torch.tensor(chains.positions), torch.tensor(chains.box), torch.tensor(chains.types), chains.bonds
    expected = energy(*arguments).item()
    for state in ("no_grad", "inference_mode"):
        with STATES[state]():
            assert energy(
                *[x.clone() if isinstance(x, torch.Tensor) else x for x in arguments]
            ).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.many_cases
def test_parameters_may_have_any_floating_point_type(dtype, tmp_path):
    module = PlainNetwork().to(dtype)
    model = lp.load_model(module, **PLAIN)
    rounded = PlainNetwork().to(dtype).double()
    with torch.no_grad():
        expected = rounded(*map(torch.tensor, PAIRS)).numpy()
    assert_close(model.evaluate(*PAIRS)[0], expected, rtol=1e-12)
    for name in ("m.pt", "m.pt2"):
        exported = lp.export_model(module, tmp_path / name, **PLAIN)
        assert_close(exported.evaluate(*PAIRS)[0], expected, rtol=1e-12)
    assert model.digest != lp.load_model(PlainNetwork(), **PLAIN).digest
    assert next(module.parameters()).dtype == dtype


class Elsewhere(torch.Tensor):
    """A tensor that claims to be on a GPU; only cpu() gives its numbers. For machines without a GPU."""

    @staticmethod
    def __new__(cls, numbers):
        return torch.Tensor._make_wrapper_subclass(
            cls, numbers.shape, dtype=numbers.dtype, device="cuda", requires_grad=False
        )

    def __init__(self, numbers):
        self.numbers = numbers

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default and torch.device(kwargs.get("device", "cuda")).type == "cpu":
            return args[0].numbers.clone()
        if func is torch.ops.aten.detach.default:
            return args[0]
        raise RuntimeError(f"{func} on a GPU")


def test_parameters_may_be_on_a_gpu(tmp_path):
    expected = lp.load_model(PlainNetwork(), **PLAIN)
    module = PlainNetwork()
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            part._parameters[name] = torch.nn.Parameter(Elsewhere(parameter.detach()), requires_grad=False)
        for name, buffer in list(part.named_buffers(recurse=False)):
            part._buffers[name] = Elsewhere(buffer)
    module.shift = Elsewhere(module.shift)
    assert all(tensor.device.type == "cuda" for tensor in (*module.parameters(), *module.buffers(), module.shift))
    for model in (
        lp.load_model(module, **PLAIN),
        lp.export_model(module, tmp_path / "m.pt", **PLAIN),
        lp.export_model(module, tmp_path / "m.pt2", **PLAIN),
    ):
        assert_close(model.evaluate(*PAIRS), expected.evaluate(*PAIRS), rtol=1e-12)
    assert next(module.parameters()).device.type == "cuda", "the user's module must not change"


def test_shared_parameters_stay_shared():
    module = Network()
    module.network.second.weight = module.network.of_product.weight = torch.nn.Parameter(torch.rand(8, 8))
    with pytest.raises(lp.ModelError, match="the model fails"):  # the product of features has 2 elements, not 8
        lp.load_model(module, **METADATA)
    module = Network()
    module.again = module.network.second.weight
    copy = lp.load_model(module, **METADATA).module
    assert copy.again is copy.network.second.weight and copy.again is not module.again


@pytest.mark.parametrize("form", ["module", "m.pt", "m.pt2"])
def test_models_can_be_pickled(form, tmp_path):
    model = (
        lp.load_model(models.network(), types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
        if form == "module"
        else lp.export_model(
            models.network(), tmp_path / form, types=models.RULES, cutoff=0.6, inner_cutoff=0.17, description="d"
        )
    )
    again = pickle.loads(pickle.dumps(model))
    pairs = np.linspace(0.17, 0.6, 7), np.array([0, 1, 0, 1, 0, 1, 0]), np.array([0, 0, 1, 1, 0, 0, 1])
    assert_close(again.evaluate(*pairs), model.evaluate(*pairs), rtol=1e-14)
    assert (str(again), again.metadata, again.type_rules) == (str(model), model.metadata, model.type_rules)
    assert np.array_equal(
        again.create_force(["O", "H", "H"]).getFunction().energies[0],
        model.create_force(["O", "H", "H"]).getFunction().energies[0],
    )


@pytest.mark.slow
def test_pickled_models_can_be_used_in_other_processes(tmp_path):
    """As multiprocessing sends objects."""
    model = lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).evaluate([0.3], [0], [1])[0][0])"
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.pickle"], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) == pytest.approx(model.evaluate([0.3], [0], [1])[0][0], rel=1e-14)


def test_modules_that_cannot_be_pickled_are_named():
    class Local(models.Formula):
        pass

    model = lp.load_model(Local(), types=["A"], cutoff=1.0, inner_cutoff=0.1)
    with pytest.raises(
        lp.ModelError,
        match=(
            "Local: the module cannot be pickled .*; define its class at the top of a file, or export it with"
            " lp.export_model"
        ),
    ):
        pickle.dumps(model)


def test_forces_can_be_pickled():
    chains = systems.Chains()
    force = chains.learned()
    force.setScaleParameter("s", 2.0)
    again = pickle.loads(pickle.dumps(force))
    assert isinstance(again, lp.LearnedPairForce) and again.getScaleParameter() == "s"
    assert openmm.XmlSerializer.serialize(again) == openmm.XmlSerializer.serialize(force)
    del force
    system = chains.system()
    system.addForce(again)
    assert system.getNumForces() == 1


@pytest.mark.filterwarnings("default")
def test_deprecation_warnings_of_torchscript_are_suppressed(tmp_path):
    scripted = torch.jit.script(models.network())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
        lp.export_model(
            models.network(), tmp_path / "t.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17, trace=True
        )
        lp.load_model(scripted, types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
        pickle.loads(pickle.dumps(model)).create_force(["O", "H", "H"], representation="program", evaluation="exact")
    assert not [warning for warning in caught if "torch.jit" in str(warning.message)]


def test_files_of_torch_export_need_no_torchscript(tmp_path, monkeypatch):
    """Models that are written to .pt2 files keep working when PyTorch no longer has TorchScript."""

    def refuse(*_, **__):
        raise AssertionError("TorchScript was used")

    for name in ("script", "trace", "trace_module", "freeze", "save", "load"):
        monkeypatch.setattr(torch.jit, name, refuse)
    with models.few_samples():
        path = tmp_path / "delta.pt2"
        lp.export_model(models.network(), path, types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
        model = pickle.loads(pickle.dumps(lp.load_model(path)))
    expected = lp.load_model(models.network(), types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    for own, other in zip(model.evaluate([0.3], [0], [1]), expected.evaluate([0.3], [0], [1]), strict=True):
        assert_close(own, other, rtol=1e-12)
    model.save_compiled(tmp_path / "delta.xml")
    keywords = environment_models.KEYWORDS
    lp.export_environment(environment_models.network(), tmp_path / "many.pt2", **keywords)
    assert lp.load_environment(tmp_path / "many.pt2").types == keywords["types"]
