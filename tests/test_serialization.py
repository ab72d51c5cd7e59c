# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests copies of a force, by XML, deepcopy and pickle; checkpoints; and simulations without PyTorch."""

import copy
import pickle
import subprocess
import sys

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close, evaluate
from openmm import XmlSerializer


def elaborate_force(chains):
    force = chains.learned(systems.table(knots=57), cutoff=0.55, group=5)
    force.setName("correction")
    force.setInnerCutoffDistance(0.21)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.4)
    force.addInteractionGroup([1, 5, 7], range(30))
    force.setScaleParameter("lambda & more", 0.3)
    force.addEnergyParameterDerivative("lambda & more")
    force.lowering_report = {"description": "<made by hand>", "knots": 57}
    return force


def assert_equal_forces(a, b):
    for name in (
        "getName",
        "getForceGroup",
        "getNonbondedMethod",
        "getCutoffDistance",
        "getInnerCutoffDistance",
        "getUseSwitchingFunction",
        "getSwitchingDistance",
        "getScaleParameter",
        "getScaleDefaultValue",
        "getNumExclusions",
        "getNumInteractionGroups",
        "getNumEnergyParameterDerivatives",
        "usesPeriodicBoundaryConditions",
    ):
        assert getattr(a, name)() == getattr(b, name)(), name
    assert a.lowering_report == b.lowering_report
    assert_close(a.getParticleTypes(), b.getParticleTypes())
    for i in range(a.getNumExclusions()):
        assert a.getExclusionParticles(i) == b.getExclusionParticles(i)
    for i in range(a.getNumInteractionGroups()):
        assert a.getInteractionGroupParameters(i) == b.getInteractionGroupParameters(i)
    f, g = a.getFunction(), b.getFunction()
    if isinstance(f, lp.PairProgram):
        assert str(f) == str(g)
        return
    assert (f.num_types, f.min_distance, f.max_distance, f.curve_indices) == (
        g.num_types,
        g.min_distance,
        g.max_distance,
        g.curve_indices,
    )
    for x, y in zip(f.energies + f.slopes, g.energies + g.slopes):
        assert x.tobytes() == y.tobytes(), "numbers must be equal to the last bit"


COPIES = {
    "xml": lambda f: lp.LearnedPairForce.cast(XmlSerializer.deserialize(XmlSerializer.serialize(f))),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
}


@pytest.mark.parametrize("how", COPIES)
def test_copies_are_equal(how):
    force = elaborate_force(systems.Chains())
    copied = COPIES[how](force)
    assert isinstance(copied, lp.LearnedPairForce)
    assert_equal_forces(force, copied)
    copied.setParticleType(0, -1)
    assert force.getParticleType(0) == 0, "a copy must be independent"


@pytest.mark.parametrize("text", ['say "a"', "a&b", "x<y", "y>x", "'", "100%", "%41", "two\nlines\t", "Å", ""])
def test_xml_preserves_texts(text):
    """OpenMM's parser loses characters after an entity, and line breaks."""

    class Model(torch.nn.Module):
        def forward(self, r, features1, features2, parameter):
            return parameter * features1[..., 0] * features2[..., 0] * (0.6 - r) ** 3

    name = text or "q"
    given = {"features": {name: (-1, 1)}, "global_parameters": {"parameter": (1.0, 0.0, 2.0)}}
    force = lp.load_model(Model(), **given, cutoff=0.6, inner_cutoff=0.2).create_force([[0.5], [0.25]])
    force.setName(text)
    force.setScaleParameter(text and f"{text} scale", 0.5)
    if text:
        force.addEnergyParameterDerivative(f"{text} scale")
    again = COPIES["xml"](force)
    assert_equal_forces(force, again)
    assert list(again.getFunction().feature_ranges) == [name]


def test_xml_preserves_numbers_that_a_context_refuses():
    force = lp.LearnedPairForce(systems.table())
    force.setScaleParameter("scale", float("nan"))
    force.setCutoffDistance(float("inf"))
    again = COPIES["xml"](force)
    assert np.isnan(again.getScaleDefaultValue())
    assert again.getCutoffDistance() == force.getCutoffDistance()


@pytest.mark.parametrize(
    "report", [{"a": "b"}, {"a": 'quote " and & and <tag>'}, {"text": "ends with &"}, {}, {"unicode": "Å ∞"}]
)
def test_xml_preserves_reports(report):
    """OpenMM's parser loses a single character after an entity at the end of a text."""
    force = lp.LearnedPairForce(systems.table())
    force.lowering_report = report
    assert COPIES["xml"](force).lowering_report == report


def test_xml_preserves_extreme_numbers():
    values = np.array([0.0, -0.0, 5e-324, -3.4028234663852886e38, 1 / 3, np.nextafter(1, 2), 1e-300])
    table = lp.PairTable(1, 0.1, 0.5, [values], [values[::-1]], [0])
    force = lp.LearnedPairForce(table)
    again = COPIES["xml"](force).getFunction()
    assert again.energies[0].tobytes() == values.tobytes()
    assert again.slopes[0].tobytes() == values[::-1].copy().tobytes()


def test_copied_systems_have_the_same_energy_and_forces(target):
    chains = systems.Chains()
    system = chains.system()
    system.addForce(elaborate_force(chains))
    system.addForce(chains.nonbonded())
    expected = evaluate(REFERENCE.context(system, chains.positions), groups={5})
    for again in (XmlSerializer.deserialize(XmlSerializer.serialize(system)), copy.deepcopy(system)):
        assert_equal_forces(lp.LearnedPairForce.cast(again.getForce(0)), lp.LearnedPairForce.cast(system.getForce(0)))
        target.assert_agrees(*evaluate(target.context(again, chains.positions), groups={5}), *expected)


RUN_WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'torch':
            raise ImportError('torch is not importable here', name='torch')
sys.meta_path.insert(0, Refuse())
{prelude}
import openmm, numpy
system = openmm.XmlSerializer.deserialize(open(sys.argv[1]).read())
context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform('Reference'))
context.setPositions(numpy.load(sys.argv[2]))
print(repr(context.getState(energy=True).getPotentialEnergy()._value))
context.getIntegrator().step(2)
"""


@pytest.mark.parametrize(
    "prelude", ["", "import learnedpair; assert 'torch' not in sys.modules"], ids=["openmm alone", "learnedpair"]
)
def test_xml_runs_without_torch(tmp_path, prelude):
    topology, positions, box = systems.water(64)
    system = systems.water_system(topology)
    lp.add_correction(system, topology, models.water_model())
    (tmp_path / "system.xml").write_text(XmlSerializer.serialize(system), encoding="utf-8")
    np.save(tmp_path / "positions.npy", positions)
    (tmp_path / "run.py").write_text(RUN_WITHOUT_TORCH.format(prelude=prelude), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "run.py", "system.xml", "positions.npy"], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) == evaluate(REFERENCE.context(system, positions))[0]


def test_message_without_torch_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['torch'] = None\nimport learnedpair\nlearnedpair.load_model('x.pt')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode != 0
    assert "learnedpair.load_model needs PyTorch: pip install 'openmm-learnedpair[torch]'" in result.stderr


def test_checkpoint_continues_identically():
    topology, positions, _ = systems.water(64)
    system = systems.water_system(topology, cutoff=0.5)
    model = lp.load_model(models.network(cutoff=0.5), types=models.RULES, cutoff=0.5, inner_cutoff=0.17)
    lp.add_correction(system, topology, model)
    context = REFERENCE.context(system, positions)
    context.setVelocitiesToTemperature(300, 1)
    context.getIntegrator().step(3)
    checkpoint = context.createCheckpoint()
    context.getIntegrator().step(5)
    expected = context.getState(positions=True).getPositions(asNumpy=True)._value
    other = REFERENCE.context(system)
    other.loadCheckpoint(checkpoint)
    other.getIntegrator().step(5)
    assert (other.getState(positions=True).getPositions(asNumpy=True)._value == expected).all()


DAMAGES = {
    "newer version": (
        (
            'useSwitchingFunction="1" version="5"',
            'useSwitchingFunction="1" version="7"',
        ),
        "version 7.*version 5",
    ),
    "bad character": (('energies="', 'energies="!'), "character '!'"),
    "half a number": (('slopes="AAAA', 'slopes="AAAAAAAA'), "middle of a number|slopes"),
    "bad integer": (('types="0 1', 'types="0 one'), '"one", which is not an integer'),
    "huge integer": (('types="0 1', 'types="0 99999999999'), '"99999999999", which is not an integer'),
    "numbers cut off": (('energies="AAAAAAAAAAAAAAAAAADwPw==', 'energies="AAAAAAAAAAA='), "1 knots, but should have 2"),
    "end in the middle": (('energies="AAAAAAAA', 'energies="AAA=AAAA'), "continue after their end"),
    "half a pair": (('pairs="0 ', 'pairs="'), '"pairs" holds .* particles, but .* pairs should be there'),
    "exclusions of version 1": (('9 11"/>', '9 11"><Exclusion/></Exclusions>'), "should be there"),
    "distance": (('minDistance="', 'minDistance="x'), '"minDistance" holds "x0.2", which is not a number'),
    "no number": (('scaleDefault="0.3"', 'scaleDefault=""'), '"scaleDefault" holds "", which is not a number'),
    "no integer": (('forceGroup="5"', 'forceGroup="5.5"'), '"forceGroup" holds "5.5", which is not an integer'),
    "no truth value": (('useSwitchingFunction="1"', 'useSwitchingFunction="true"'), '"true", which is not 0 or 1'),
    "long word": (('types="0 1', 'types="0 ' + "1" * 1000), '"1{40}\\.\\.\\."'),
    "half a character": (('name="corr', 'name="%4corr'), '"name" holds "%4c", which is not % and two hex'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_xml_is_refused(damage):
    chains = systems.Chains(molecules=4)
    force = elaborate_force(chains)
    force.setFunction(lp.PairTable(2, 0.2, 0.6, [[0.0, 1.0]], [[0.0, 1.0]], [0] * 4))
    text = XmlSerializer.serialize(force)
    (old, new), message = DAMAGES[damage]
    assert old in text, text
    with pytest.raises(openmm.OpenMMException, match=message):
        XmlSerializer.deserialize(text.replace(old, new, 1))


def test_cast_refuses_other_forces():
    with pytest.raises(TypeError, match="HarmonicBondForce.*not a LearnedPairForce"):
        lp.LearnedPairForce.cast(openmm.HarmonicBondForce())
    with pytest.raises(TypeError, match="expected an openmm.Force, got a int"):
        lp.LearnedPairForce.cast(3)
