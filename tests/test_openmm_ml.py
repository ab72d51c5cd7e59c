# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests beside openmm-ml: pair models as potentials, corrections of the interface, and of mixed Systems."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import entry_points
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import REFERENCE, assert_close, evaluate
from documentation import python_code
from openmm import app

openmmml = pytest.importorskip("openmmml")
from openmmml.mlpotential import MLPotential, MLPotentialImpl, MLPotentialImplFactory  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
#: All atoms have a type: H for hydrogens, O for the others.
RULES = {"H": "H", "O": ["C", "N", "O"]}
EXACT = dict(representation="program", evaluation="exact")
#: The difference, in kJ/mol, that interpolation leaves: openmm-ml has a Coulomb constant with fewer digits than OpenMM.
INTERPOLATION = 1e-5
#: The central residue of the peptide.
REGION = range(6, 16)


class NothingFactory(MLPotentialImplFactory):
    def createImpl(self, name, **args):
        return Nothing()


class Nothing(MLPotentialImpl):
    """A potential that is zero, so that what is left in the ML region shows."""

    def addForces(self, topology, system, atoms, forceGroup, **args):
        pass

    def getMLLongRange(self):
        return False


@pytest.fixture(scope="module", autouse=True)
def registered():
    """Register the entry points, as openmm-ml does when it is imported, and a potential that is zero."""
    for point in entry_points.entry_points():
        if point.group == "openmmml.potentials":
            MLPotential.registerImplFactory(point.name, point.load()())
        if point.group == "openmmml.embeddings":
            MLPotential.registerEmbeddingFactory(point.name, point.load()())
    MLPotential.registerImplFactory("nothing", NothingFactory())


@pytest.fixture(scope="module")
def model():
    with models.few_samples():
        return lp.load_model(models.network(), types=RULES, cutoff=0.6, inner_cutoff=0.17)


def peptide():
    """Acetyl-alanine-methylamide: topology, positions, System."""
    file = app.PDBFile(str(ROOT / "tests" / "data" / "alanine_dipeptide.pdb"))
    return file.topology, file.positions, app.ForceField("amber14-all.xml").createSystem(file.topology)


def pair_energy(model, positions, types, pairs):
    """The energy of pairs, by the model itself and its Taylor expansion below the inner cutoff, in kJ/mol."""
    pairs = np.array(sorted(pairs))
    r = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    pairs, r = pairs[r < model.cutoff], r[r < model.cutoff]
    types = np.array([model.types.index(name) for name in types])
    inside = np.maximum(r, model.inner_cutoff)
    energy, slope = model.evaluate(inside, types[pairs[:, 0]], types[pairs[:, 1]])
    return float(np.sum(energy + slope * (r - inside)))


def names(topology):
    return ["H" if atom.element is app.element.hydrogen else "O" for atom in topology.atoms()]


def all_pairs(indices):
    return set(itertools.combinations(sorted(indices), 2))


def exceptions(system):
    [force] = [each for each in system.getForces() if isinstance(each, openmm.NonbondedForce)]
    return {tuple(sorted(force.getExceptionParameters(i)[:2])) for i in range(force.getNumExceptions())}


def learned(system):
    return [f for f in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(f)]


def context_of(system, positions):
    """A Context in which the link atoms at the end of a System are placed, and all positions."""
    missing = system.getNumParticles() - len(positions)
    coordinates = np.concatenate([positions.value_in_unit(openmm.unit.nanometer), np.zeros((missing, 3))])
    context = REFERENCE.context(system, coordinates)
    context.computeVirtualSites()
    return context, context.getState(positions=True).getPositions(asNumpy=True)._value


def energy_of(context, groups=-1):
    return evaluate(context, groups)[0]


def test_a_pair_model_as_the_potential_of_a_system(model):
    topology, positions, _ = peptide()
    system = MLPotential("learnedpair", model=model, **EXACT).createSystem(topology)
    context, coordinates = context_of(system, positions)
    expected = pair_energy(model, coordinates, names(topology), all_pairs(range(22)))
    assert_close(energy_of(context), expected, rtol=1e-9)


def test_a_periodic_system_and_exclusions(tmp_path):
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    topology, positions, _ = systems.water(64)
    system = MLPotential("learnedpair", model=tmp_path / "m.pt", exclusions="molecules", scale="lam").createSystem(
        topology, removeCMMotion=False
    )
    expected = systems.water_system(topology)
    lp.add_correction(expected, topology, tmp_path / "m.pt", force_group=5)
    assert system.usesPeriodicBoundaryConditions() and system.getNumForces() == 1
    assert energy_of(REFERENCE.context(system, positions)) == energy_of(REFERENCE.context(expected, positions), {5})


def test_a_pair_model_as_the_potential_of_the_ml_region(model):
    """The two link atoms, hydrogens, belong to the region."""
    topology, positions, mm_system = peptide()
    info = MLPotential("learnedpair", model=model, **EXACT).createMixedSystem(
        topology, mm_system, REGION, forceGroup=4, returnInfo=True
    )
    context, coordinates = context_of(info["system"], positions)
    assert len(coordinates) == 24
    expected = pair_energy(model, coordinates, names(info["topology"]), all_pairs([*REGION, 22, 23]))
    assert_close(energy_of(context, {4}), expected, rtol=1e-9)


def test_link_atoms_belong_to_the_molecule(model):
    topology, _, mm_system = peptide()
    region = range(4, 22)  # without the methyl group of the acetyl group
    potential = MLPotential("learnedpair", model=model, exclusions="molecules", **EXACT)
    with pytest.raises(ValueError, match="all pairs of the 19 particles that are covered are excluded"):
        potential.createMixedSystem(topology, mm_system, region)


def test_interpolation_of_a_potential(model):
    topology, positions, mm_system = peptide()
    potential = MLPotential("learnedpair", model=model, **EXACT)
    mixed = potential.createMixedSystem(topology, mm_system, REGION)
    both = potential.createMixedSystem(topology, mm_system, REGION, interpolate=True)
    expected = [energy_of(context_of(each, positions)[0]) for each in (mm_system, mixed)]
    context, _ = context_of(both, positions)
    for value, energy in enumerate(expected):
        context.setParameter("lambda_interpolate", value)
        assert_close(energy_of(context), energy, atol=INTERPOLATION)


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (dict(types={"H": "H", "O": ["C", "N"]}), "2 atoms have no type in .* the first atom 5 .ACE:O., and would"),
        (dict(types={"X": "H"}), "there is a rule for the type 'X', but"),
        (dict(types=["H"] * 21), "21 types were given, but the topology has 22 atoms, 0 of which are link atoms"),
        (dict(features=[[0.0]] * 22), "features were given, but .* takes types"),
        (dict(exclusions="nonbonded"), "exclusions is 'nonbonded', but a potential has no NonbondedForce"),
        (dict(force_group=1), "give forceGroup to createMixedSystem"),
    ],
)
def test_wrong_arguments_of_a_potential(arguments, problem, model):
    topology, _, _ = peptide()
    with pytest.raises(ValueError, match=f"MLPotential: {problem}"):
        MLPotential("learnedpair", model=model, **arguments).createSystem(topology)


def test_a_potential_of_a_model_with_features():
    network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
    model = lp.load_model(network, features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
    topology, positions, mm_system = peptide()
    features = np.linspace(-0.5, 0.5, 24)[:, None]
    system = MLPotential("learnedpair", model=model, features=features).createMixedSystem(topology, mm_system, REGION)
    rows = lp.LearnedPairForce.cast(learned(system)[0]).getAllParticleFeatures()
    inside = [*REGION, 22, 23]
    assert np.isnan(np.delete(rows, inside)).all() and (rows[inside] == features[inside]).all()
    context_of(system, positions)


def interface_pairs(mm_system):
    rest = set(range(22)) - set(REGION)
    return {tuple(sorted(pair)) for pair in itertools.product(REGION, rest)} - exceptions(mm_system)


def mixed_with_correction(model, **arguments):
    topology, positions, mm_system = peptide()
    system = MLPotential("nothing").createMixedSystem(
        topology,
        mm_system,
        REGION,
        embedding="learnedpair",
        correction=model,
        correctionOptions={**EXACT, "force_group": 7},
        **arguments,
    )
    return topology, positions, mm_system, system


def test_the_embedding_corrects_the_interface_alone(model):
    topology, positions, mm_system, system = mixed_with_correction(model)
    context, coordinates = context_of(system, positions)
    expected = pair_energy(model, coordinates, names(topology), interface_pairs(mm_system))
    assert abs(expected) > 0.1
    assert_close(energy_of(context, {7}), expected, rtol=1e-9)
    plain = MLPotential("nothing").createMixedSystem(topology, mm_system, REGION)
    others = set(range(7))
    assert_close(energy_of(context, others), energy_of(context_of(plain, positions)[0]), rtol=1e-12)


def test_interpolation_of_the_embedding(model):
    _, positions, mm_system, both = mixed_with_correction(model, interpolate=True)
    mixed = mixed_with_correction(model)[-1]
    context, _ = context_of(both, positions)
    for value, system in enumerate((mm_system, mixed)):
        context.setParameter("lambda_interpolate", value)
        assert_close(energy_of(context), energy_of(context_of(system, positions)[0]), atol=INTERPOLATION)


def test_the_embedding_and_a_correction_of_the_force_field(model):
    """The older correction stops within the ML region, and keeps its own pairs of the interface."""
    topology, positions, mm_system = peptide()
    lp.add_correction(mm_system, topology, model, force_group=6, **EXACT)
    system = MLPotential("nothing").createMixedSystem(
        topology, mm_system, REGION, forceGroup=7, embedding="learnedpair", correction=model, correctionOptions=EXACT
    )
    context, coordinates = context_of(system, positions)
    interface = interface_pairs(mm_system)
    assert_close(energy_of(context, {7}), pair_energy(model, coordinates, names(topology), interface), rtol=1e-9)
    pairs = all_pairs(range(22)) - exceptions(mm_system) - all_pairs(REGION)
    assert_close(energy_of(context, {6}), pair_energy(model, coordinates, names(topology), pairs), rtol=1e-9)


def test_wrong_arguments_of_the_embedding(model):
    topology, _, mm_system = peptide()

    def attempt(**arguments):
        MLPotential("nothing").createMixedSystem(topology, mm_system, REGION, embedding="learnedpair", **arguments)

    with pytest.raises(ValueError, match="no model is given; write createMixedSystem"):
        attempt()
    with pytest.raises(ValueError, match="scale is 'lam', and with interpolate=True the scale is 'lambda_interpolate'"):
        attempt(correction=model, correctionOptions={"scale": "lam"}, interpolate=True)
    outside = {"H": None, "O": "ALA:*", None: "*:*"}
    with pytest.raises(ValueError, match="the model covers no atom outside of the ML region, so that no pair"):
        attempt(correction=model, correctionOptions={"types": outside})


@pytest.mark.parametrize("order", ["correction first", "mixed System first"])
def test_a_correction_of_a_mixed_system(order, model):
    """In both orders, no pair within the ML region is corrected, and link atoms are not covered."""
    topology, positions, mm_system = peptide()
    excluded = exceptions(mm_system)
    potential = MLPotential("nothing")
    if order == "correction first":
        lp.add_correction(mm_system, topology, model, force_group=6, **EXACT)
        system = potential.createMixedSystem(topology, mm_system, REGION)
        lp.exclude_within(system, REGION)
    else:
        info = potential.createMixedSystem(topology, mm_system, REGION, returnInfo=True)
        system = info["system"]
        lp.add_correction(system, info["topology"], model, force_group=6, **EXACT)
        lp.exclude_within(system, REGION)  # changes nothing here
    context, coordinates = context_of(system, positions)
    pairs = all_pairs(range(22)) - excluded - all_pairs(REGION)
    assert_close(energy_of(context, {6}), pair_energy(model, coordinates, names(topology), pairs), rtol=1e-9)
    force = lp.LearnedPairForce.cast(learned(system)[0])
    assert force.getParticleTypes()[22:].tolist() == [-1, -1]


def test_interpolation_with_a_correction_of_the_force_field(model):
    topology, positions, mm_system = peptide()
    lp.add_correction(mm_system, topology, model, scale="lam", force_group=6, **EXACT)
    potential = MLPotential("nothing")
    mixed, both = (
        potential.createMixedSystem(topology, mm_system, REGION, interpolate=interpolate)
        for interpolate in (False, True)
    )
    for system in (mixed, both):
        lp.exclude_within(system, REGION)
    context, _ = context_of(both, positions)
    for lam in (1.0, 0.3):
        for value, system in enumerate((mm_system, mixed)):
            other = context_of(system, positions)[0]
            for each in (context, other):
                each.setParameter("lam", lam)
            context.setParameter("lambda_interpolate", value)
            assert_close(energy_of(context), energy_of(other), atol=INTERPOLATION)
            assert_close(evaluate(context)[1][:22], evaluate(other)[1][:22], atol=10 * INTERPOLATION)


def test_an_ml_region_of_several_molecules(model):
    """A long-range potential leaves interacting exceptions in the region, which add_correction() does not follow."""

    class LongRange(Nothing):
        def getMLLongRange(self):
            return True

    class Factory(MLPotentialImplFactory):
        def createImpl(self, name, **args):
            return LongRange()

    MLPotential.registerImplFactory("long-range", Factory())
    topology, positions, _ = systems.water(64)
    mm_system = systems.water_system(topology, app.PME)
    region = range(9)
    system = MLPotential("long-range").createMixedSystem(topology, mm_system, region)
    with pytest.warns(UserWarning, match="27 exceptions of the NonbondedForce"):
        lp.add_correction(system, topology, models.water_model(), force_group=6, **EXACT)
    lp.exclude_within(system, region)
    expected = systems.water_system(topology, app.PME)
    force = lp.add_correction(expected, topology, models.water_model(), force_group=6, **EXACT)
    force.addExclusions([pair for pair in all_pairs(region) if pair[0] // 3 != pair[1] // 3])
    energies = [energy_of(REFERENCE.context(each, positions), {6}) for each in (system, expected)]
    assert_close(*energies, rtol=1e-9)


def test_the_topology_without_link_atoms_is_refused(model):
    topology, _, mm_system = peptide()
    system = MLPotential("nothing").createMixedSystem(topology, mm_system, REGION)
    with pytest.raises(
        ValueError,
        match=r"the topology has 22 atoms, but the System has 24 particles; .* The last 2 particles are virtual sites:"
        r" if they are link atoms of openmm-ml, call its createMixedSystem\(\) with returnInfo=True",
    ):
        lp.add_correction(system, topology, model)


@pytest.mark.slow
def test_entry_points_of_openmm_ml(tmp_path):
    """openmm-ml finds the potential and the embedding, and does not import learnedpair before they are used."""
    code = (
        "import sys; from openmmml import MLPotential; print('learnedpair' in sys.modules);"
        "from learnedpair.data import WATER; from openmm import app;"
        "potential = MLPotential('learnedpair', model=WATER, exclusions='molecules');"
        "print(potential.getSupportedEmbeddings());"
        "water = app.Modeller(app.Topology(), []); water.addSolvent(app.ForceField('tip3p.xml'), numAdded=100);"
        "print(potential.createSystem(water.topology).getNumForces())"
    )
    path = str(entry_points.install(tmp_path))
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == ["False", "['learnedpair', 'mechanical']", "2"]


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    """With a potential that is zero in place of one that is downloaded."""
    monkeypatch.chdir(tmp_path)
    (code,) = python_code("docs/user/openmm-ml.md")
    lp.export_model(models.network(3), "delta.pt", types=["O", "H", "C"], cutoff=0.6, inner_cutoff=0.17)
    topology, _ = systems.relaxed_water(64)
    names = dict(topology=topology, system=systems.water_system(topology), atoms=[0, 1, 2])
    code = code.replace('"ani2x"', '"nothing"').replace('"C": "C"', '"C": None')
    exec(compile(code, "docs/user/openmm-ml.md", "exec"), names)
    (force,) = [f for f in names["mixed_system"].getForces() if lp.LearnedPairForce.is_learned_pair_force(f)]
    force = lp.LearnedPairForce.cast(force)
    assert force.getScaleParameter() == "lambda_delta" and force.getParticleTypes().tolist()[:3] == [0, 1, 1]
