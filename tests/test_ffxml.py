# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the <LearnedPairForce> element of force field files."""

import copy
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import entry_points
import learnedpair as lp
import models
import openmm
import pytest
import systems
from comparators import REFERENCE, evaluate
from documentation import blocks, python_code
from learnedpair.interfaces import ffxml
from openmm import app
from openmm.app import forcefield as openmm_forcefield

INCLUDE = '<Include file="learnedpair/required.xml"/>'
ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
TIP3P = "amber14/tip3p.xml"
#: Atom classes of amber14/tip3p.xml.
CLASSES = '<Type name="O" class="tip3p-O"/><Type name="H" class="tip3p-H"/>'


@pytest.fixture(autouse=True)
def installed(tmp_path_factory, monkeypatch):
    """Let OpenMM find the entry points, as after an installation."""
    monkeypatch.syspath_prepend(str(entry_points.install(tmp_path_factory.mktemp("site"))))
    monkeypatch.setattr(openmm_forcefield, "_dataDirectories", None)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "delta.pt"
    with models.few_samples():
        lp.export_model(models.network(), path, types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    return path


@pytest.fixture
def write(tmp_path, model_file):
    """A function that writes a force field file beside a model file delta.pt."""
    shutil.copy(model_file, tmp_path / "delta.pt")

    def write(children, attributes="", name="mine.xml", include=INCLUDE, model="delta.pt", more=""):
        element = f'<LearnedPairForce model="{model}" {attributes}>{children}</LearnedPairForce>'
        (tmp_path / name).write_text(f"<ForceField>{include}{more}{element}</ForceField>", encoding="utf-8")
        return str(tmp_path / name)

    return write


def corrections(system):
    return [
        lp.LearnedPairForce.cast(each) for each in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(each)
    ]


def correction(system):
    """A copy of the only correction of a System, which outlives the System."""
    [force] = corrections(system)
    return copy.deepcopy(force)


def excluded(force):
    return {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}


def exceptions(system):
    [nonbonded] = [each for each in system.getForces() if isinstance(each, openmm.NonbondedForce)]
    return {tuple(sorted(nonbonded.getExceptionParameters(i)[:2])) for i in range(nonbonded.getNumExceptions())}


def test_a_compiled_model_needs_no_pytorch(write, tmp_path, monkeypatch):
    topology, positions, _ = systems.water(150)
    expected = app.ForceField(TIP3P, write(CLASSES)).createSystem(topology)
    lp.load_model(tmp_path / "delta.pt").save_compiled(tmp_path / "delta.xml")
    monkeypatch.setitem(sys.modules, "learnedpair.lowering.load_environment", None)
    system = app.ForceField(TIP3P, write(CLASSES, model="delta.xml")).createSystem(topology)
    energies = [
        REFERENCE.context(each, positions).getState(energy=True).getPotentialEnergy() for each in (system, expected)
    ]
    assert energies[0] == energies[1]


@pytest.mark.parametrize(
    "children",
    [
        "",
        CLASSES,
        '<Type name="O" type="tip3p-O"/><Type name="H" type="tip3p-H"/>',
        '<Type name="O" residue="HOH" atom="O"/><Type name="H" residue="HOH" atom="H1"/>'
        '<Type name="H" residue="HOH" atom="H2"/>',
    ],
    ids=["model", "class", "type", "residue"],
)
def test_equal_to_add_correction(children, write, model_file):
    topology, positions, _ = systems.water(64)
    arguments = dict(nonbondedMethod=app.PME, nonbondedCutoff=0.6)
    expected = app.ForceField(TIP3P).createSystem(topology, **arguments)
    lp.add_correction(expected, topology, model_file, force_group=3)
    system = app.ForceField(TIP3P, write(children, 'forceGroup="3"')).createSystem(topology, **arguments)
    force = correction(system)
    assert force.getParticleTypes().tolist() == [0, 1, 1] * 64
    assert excluded(force) == exceptions(system) and len(excluded(force)) == 3 * 64
    assert force.getForceGroup() == 3 and force.getNonbondedMethod() == force.CutoffPeriodic
    energies = [evaluate(REFERENCE.context(each, positions), groups={3})[0] for each in (system, expected)]
    assert energies[0] == energies[1] != 0


def test_attributes_are_arguments_of_add_correction(write):
    topology, _, _ = systems.water(64)
    attributes = (
        'scale="lam" forceGroup="7" exclusions="molecules" representation="program" tolerance="1e-3" evaluation="exact"'
    )
    system = app.ForceField(TIP3P, write(CLASSES, attributes)).createSystem(topology)
    force = correction(system)
    assert (force.getScaleParameter(), force.getForceGroup(), force.getNumExclusions()) == ("lam", 7, 3 * 64)
    assert isinstance(force.getFunction(), lp.PairProgram)
    assert (force.getEvaluation(), force.getTableTolerance()) == (force.ExactEvaluation, 1e-3)


def peptide():
    file = app.PDBFile(str(DATA / "alanine_dipeptide.pdb"))
    return file.topology, file.positions


def every_class(*files):
    """<Type> elements for all atom classes of a force field: H for hydrogens, O for the others."""
    field = app.ForceField(*files)
    is_hydrogen = {each.atomClass: each.element is app.element.hydrogen for each in field._atomTypes.values()}
    return "".join(f'<Type name="{"H" if h else "O"}" class="{name}"/>' for name, h in is_hydrogen.items())


@pytest.mark.parametrize("includes", [False, True], ids=["beside", "includes"])
def test_exclusions_when_a_file_is_included(includes, write):
    """Generators of included files follow ours, so that our postprocessSystem() would see no exceptions."""
    topology, _ = peptide()
    children = every_class("amber14-all.xml")
    path = write(children, include=INCLUDE + '<Include file="amber14-all.xml"/>' * includes)
    field = app.ForceField(path) if includes else app.ForceField("amber14-all.xml", path)
    assert isinstance(field.getGenerators()[0], ffxml.CorrectionGenerator)
    system = field.createSystem(topology)
    assert excluded(correction(system)) == exceptions(system)
    assert len(exceptions(system)) == 98


def test_exceptions_of_a_script_that_is_loaded_later_are_excluded(write, tmp_path):
    topology, _, _ = systems.water(64)
    (tmp_path / "script.xml").write_text(
        "<ForceField><Script>\n"
        "[force] = [f for f in sys.getForces() if 'NonbondedForce' == type(f).__name__]\n"
        "force.addException(0, 9, 0, 1, 0)\n"
        "</Script></ForceField>",
        encoding="utf-8",
    )
    system = app.ForceField(TIP3P, write(CLASSES), str(tmp_path / "script.xml")).createSystem(topology)
    assert (0, 9) in excluded(correction(system)) == exceptions(system)


@pytest.mark.parametrize(
    "arguments",
    [
        dict(nonbondedMethod=app.CutoffNonPeriodic, nonbondedCutoff=0.7),
        dict(constraints=app.HBonds, hydrogenMass=3.0),
        dict(constraints=app.HAngles, flexibleConstraints=True),
        dict(rigidWater=False, hydrogenMass=4.0, removeCMMotion=False),
        dict(ignoreExternalBonds=True, residueTemplates="ALA"),
    ],
    ids=lambda arguments: "-".join(arguments),
)
def test_arguments_of_create_system(arguments, write):
    topology, positions = peptide()
    if "residueTemplates" in arguments:
        residues = {residue.name: residue for residue in topology.residues()}
        arguments = {**arguments, "residueTemplates": {residues["ALA"]: "ALA"}}
    field = app.ForceField("amber14-all.xml", write(every_class("amber14-all.xml")))
    system = field.createSystem(topology, **arguments)
    force = correction(system)
    assert force.getParticleTypes().tolist() == [int(a.element is app.element.hydrogen) for a in topology.atoms()]
    assert excluded(force) == exceptions(system)
    assert not force.usesPeriodicBoundaryConditions()
    evaluate(REFERENCE.context(system, positions))


def test_virtual_sites_are_not_covered(write):
    tip4p = "amber14/tip4pew.xml"
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(app.ForceField(tip4p), model="tip4pew", numAdded=100)
    children = '<Type name="O" residue="HOH" atom="O"/><Type name="H" class="tip4pew-H"/>'
    system = app.ForceField(tip4p, write(children)).createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.6
    )
    force = correction(system)
    assert force.getParticleTypes().tolist() == [0, 1, 1, -1] * 100
    assert excluded(force) == exceptions(system)
    evaluate(REFERENCE.context(system, modeller.positions))


def test_drude_particles_are_not_covered(write):
    polar = "charmm_polar_2023.xml"
    topology, positions, _ = copy.deepcopy(systems.water(64))
    plain = app.ForceField(polar)
    modeller = app.Modeller(topology, positions)
    modeller.addExtraParticles(plain)
    children = '<Type name="O" type="SWM4-OH2"/><Type name="H" class="HDW"/>'
    system = app.ForceField(polar, write(children)).createSystem(modeller.topology, drudeMass=0.3)
    force = correction(system)
    elements = [atom.element and atom.element.symbol for atom in modeller.topology.atoms()]
    expected = [{"O": 0, "H": 1}.get(element, -1) for element in elements]
    assert force.getParticleTypes().tolist() == expected and len(set(expected)) == 3
    assert excluded(force) <= exceptions(system)
    assert len(excluded(force)) == len(exceptions(system))


PATCHED = """
<AtomTypes>
  <Type name="plain-O" class="OA" element="O" mass="15.999"/>
  <Type name="patched-O" class="OB" element="O" mass="15.999"/>
  <Type name="added-H" class="HB" element="H" mass="1.008"/>
</AtomTypes>
<Residues><Residue name="OXY"><Atom name="O" type="plain-O"/><AllowPatch name="acid"/></Residue></Residues>
<Patches><Patch name="acid">
  <ChangeAtom name="O" type="patched-O"/><AddAtom name="H" type="added-H"/><AddBond atomName1="O" atomName2="H"/>
</Patch></Patches>
<NonbondedForce coulomb14scale="1" lj14scale="1">
  <Atom class="OA" charge="0" sigma="0.3" epsilon="0.5"/><Atom class="OB" charge="0" sigma="0.3" epsilon="0.5"/>
  <Atom class="HB" charge="0" sigma="0.1" epsilon="0"/>
</NonbondedForce>
"""


def test_types_of_patches(write):
    """A patch changes the class of an atom of the template, and adds an atom."""
    topology = app.Topology()
    chain = topology.addChain()
    for has_hydrogen in (False, True, True):
        residue = topology.addResidue("OXY", chain)
        oxygen = topology.addAtom("O", app.element.oxygen, residue)
        if has_hydrogen:
            topology.addBond(oxygen, topology.addAtom("H", app.element.hydrogen, residue))
    children = '<Type name="O" class="OB"/><Type name="H" type="added-H"/>'
    system = app.ForceField(write(children, more=PATCHED)).createSystem(topology)
    force = correction(system)
    assert force.getParticleTypes().tolist() == [-1, 0, 1, 0, 1]
    assert excluded(force) == {(1, 2), (3, 4)}


def two_files(write, first, second, attributes=("", ""), **arguments):
    return app.ForceField(
        TIP3P, write(first, attributes[0], "a.xml"), write(second, attributes[1], "b.xml", **arguments)
    )


def test_elements_with_the_same_model_merge(write, tmp_path, model_file):
    """Also if the model files are copies of each other in different places."""
    (tmp_path / "other").mkdir()
    shutil.copy(model_file, tmp_path / "other" / "copy.pt")
    oxygen, hydrogen = '<Type name="O" class="tip3p-O"/>', '<Type name="H" type="tip3p-H"/>'
    topology, _, _ = systems.water(64)
    field = two_files(
        write, oxygen, hydrogen + oxygen, ('scale="lam"', 'forceGroup="2" scale="lam"'), model="other/copy.pt"
    )
    system = field.createSystem(topology)
    force = correction(system)
    assert force.getParticleTypes().tolist() == [0, 1, 1] * 64
    assert (force.getScaleParameter(), force.getForceGroup()) == ("lam", 2)
    assert field.createSystem(topology).getNumForces() == system.getNumForces()


def test_different_models_are_different_forces(write, tmp_path):
    lp.export_model(models.network(seed=1), tmp_path / "second.pt", types=["A", "B"], cutoff=0.6, inner_cutoff=0.17)
    topology, _, _ = systems.water(64)
    second = '<Type name="A" class="tip3p-O"/><Uncovered class="tip3p-H"/>'
    system = two_files(write, CLASSES, second, model="second.pt").createSystem(topology)
    assert [force.getParticleTypes()[:3].tolist() for force in corrections(system)] == [[0, 1, 1], [0, -1, -1]]


@pytest.mark.parametrize(
    "first, second, attributes, problem",
    [
        (CLASSES, CLASSES, ('scale="a"', 'scale="b"'), "b.xml.*scale is 'b' for the model delta.pt, and 'a' in a.xml"),
        (CLASSES, CLASSES, ('forceGroup="1"', 'forceGroup="0"'), "force_group is 0 .* and 1 in a.xml"),
        (CLASSES, "", ("", ""), "b.xml leaves the types of delta.pt to the rules inside the model, and a.xml assigns"),
        ("", CLASSES, ("", ""), "a.xml leaves the types of delta.pt to the rules inside the model, and b.xml assigns"),
    ],
)
def test_contradictions_are_refused(first, second, attributes, problem, write):
    with pytest.raises(ValueError, match=problem):
        two_files(write, first, second, attributes)


def test_two_types_of_an_atom_are_refused(write):
    field = two_files(write, CLASSES, '<Type name="H" residue="HOH" atom="O"/>')
    topology, _, _ = systems.water(64)
    with pytest.raises(
        ValueError,
        match=r"atom 0 \(HOH:O\) has the type 'O' by class=\"tip3p-O\" in a.xml and 'H' by residue=\"HOH\" atom=\"O\""
        r" in b.xml; make the rules exclude each other\.",
    ):
        field.createSystem(topology)


@pytest.mark.parametrize(
    "children, attributes, problem",
    [
        (CLASSES, 'forcegroup="1"', 'there is no attribute "forcegroup"; did you mean forceGroup?'),
        (CLASSES, 'units="nm"', 'there is no attribute "units"; expected model, scale, forceGroup, exclusions, '),
        (CLASSES, 'forceGroup="one"', 'forceGroup is "one"; expected an integer from 0 to 31.'),
        (CLASSES, 'forceGroup="40"', 'forceGroup is "40"; expected an integer from 0 to 31.'),
        (CLASSES, 'tolerance="small"', 'tolerance is "small"; expected a positive number.'),
        ("<Atom class='OW'/>", "", "it contains <Atom>; expected <Type> and <Uncovered> alone."),
        ("<Type name='O'/>", "", "no attribute to select atoms; expected class, or type, or residue and atom."),
        ("<Type name='O' class='a' type='b'/>", "", "it has class and type to select atoms"),
        ("<Type name='O' residue='HOH'/>", "", "it has residue to select atoms"),
        ("<Type class='a'/>", "", "the attribute name is missing; give a type of the model"),
        ("<Type name='O' class=''/>", "", 'class is ""; expected a name.'),
        ("<Type name='O' residue='HOH' atom='O:1'/>", "", 'atom is "O:1"; expected a name without a colon.'),
        ("<Type name='O' clas='a'/>", "", 'there is no attribute "clas"; did you mean class?'),
        ("<Uncovered name='O' class='a'/>", "", '<Uncovered> of <LearnedPairForce>: there is no attribute "name"'),
        ("<Type name='O' class='a'><Type/></Type>", "", "it contains <Type>; expected no element."),
    ],
)
def test_malformed_elements_are_refused(children, attributes, problem, write):
    with pytest.raises(ValueError, match=rf"^mine\.xml, .*{re.escape(problem)}"):
        app.ForceField(TIP3P, write(children, attributes))


@pytest.mark.parametrize(
    "children, attributes, problem",
    [
        ('<Type name="Ow" class="tip3p-O"/>', "", 'delta.pt has no type "Ow"; did you mean O?'),
        ('<Type name="O" class="tip3p-0"/>', "", 'the force field has no atom class "tip3p-0"; did you mean tip3p-O?'),
        ('<Type name="O" type="OW"/>', "", 'the force field has no atom type "OW"; '),
        (CLASSES, 'exclusions="bonded"', "exclusions is 'bonded'; expected"),
        (CLASSES, 'representation="net"', "there is no representation 'net'"),
        (CLASSES, 'evaluation="fast"', "there is no evaluation 'fast'"),
        (CLASSES, 'tolerance="-1"', "tolerance"),
        (CLASSES, 'scale=""', "scale is ''; expected the name of a global parameter"),
    ],
)
def test_wrong_values_are_refused(children, attributes, problem, write):
    topology, _, _ = systems.water(64)
    field = app.ForceField(TIP3P, write(children, attributes))
    with pytest.raises(ValueError, match=rf"^mine\.xml, <LearnedPairForce>.*{re.escape(problem)}"):
        field.createSystem(topology)


def test_the_file_of_a_wrong_rule_is_named_once(write):
    """Rules of several files merge; the force field is made of the first one."""
    topology, _, _ = systems.water(64)
    for children, problem in [
        ('<Type name="O" class="tip3p-0"/>', 'the force field has no atom class "tip3p-0"; did you mean tip3p-O?'),
        ('<Type name="O" type="tip3p-0"/>', 'the force field has no atom type "tip3p-0"; did you mean tip3p-O?'),
        ('<Type name="Ow" class="tip3p-O"/>', 'delta.pt has no type "Ow"; did you mean O?'),
    ]:
        for field, file in [
            (app.ForceField(TIP3P, write(children)), "mine.xml"),
            (two_files(write, CLASSES, children), "b.xml"),
        ]:
            with pytest.raises(ValueError, match=f"^{re.escape(f'{file}, <LearnedPairForce>: {problem}')}$"):
                field.createSystem(topology)


@pytest.mark.parametrize("tag", ["learnedPairForce", "LEARNEDPAIRFORCE", "LearnedPairForces", "LearnedForce"])
@pytest.mark.parametrize(
    "before, others",
    [(INCLUDE, []), (INCLUDE + '<LearnedPairForce model="delta.pt"/>', []), ("", ["mine.xml"])],
    ids=["alone", "beside another one", "without the line, and another file has it"],
)
def test_misspelt_elements_are_refused(tag, before, others, write, tmp_path):
    """OpenMM ignores elements that it does not know."""
    write(CLASSES)
    element = f'<{tag} model="delta.pt">{CLASSES}</{tag}>'
    (tmp_path / "wrong.xml").write_text(f"<ForceField>{before}{element}</ForceField>", encoding="utf-8")
    message = rf"^wrong\.xml: there is an element <{tag}>, which OpenMM ignores; did you mean <LearnedPairForce>\?$"
    with pytest.raises(ValueError, match=message):
        app.ForceField(TIP3P, *[str(tmp_path / name) for name in [*others, "wrong.xml"]])


def test_elements_in_another_element_are_refused(write):
    children = f'<LearnedPairForce model="delta.pt">{CLASSES}</LearnedPairForce>'
    with pytest.raises(ValueError, match="^mine.xml: <LearnedPairForce> is inside of <Residues>, where OpenMM ignores"):
        app.ForceField(TIP3P, write(CLASSES, more=f"<Residues>{children}</Residues>"))


def test_a_required_file_without_an_element_is_reported(write, tmp_path):
    (tmp_path / "empty.xml").write_text(f"<ForceField>{INCLUDE}</ForceField>", encoding="utf-8")
    message = "^empty.xml: the file includes learnedpair/required.xml, and no <LearnedPairForce> element was found"
    with pytest.warns(UserWarning, match=message):
        app.ForceField(TIP3P, str(tmp_path / "empty.xml"))
    topology, _, _ = systems.water(64)
    (tmp_path / "main.xml").write_text(
        f'<ForceField>{INCLUDE}<Include file="mine.xml"/></ForceField>', encoding="utf-8"
    )
    write(CLASSES)
    assert corrections(app.ForceField(TIP3P, str(tmp_path / "main.xml")).createSystem(topology))


def test_elements_of_others_are_not_taken_for_misspelt_ones(write):
    """<LennardJonesForce> is one of OpenMM, and <LennardJonesForces> is none that OpenMM knows."""
    more = "<LennardJonesForce lj14scale='1'/><LennardJonesForces/><PairForce/><Info><Learned/></Info>"
    app.ForceField(TIP3P, write(CLASSES, more=more))


def test_missing_model_files_are_named(write, tmp_path):
    path = re.escape(str(tmp_path / "sub" / "none.pt"))
    with pytest.raises(ValueError, match=rf'^mine\.xml, .*there is no file {path} \(model="sub/none.pt"\)'):
        app.ForceField(TIP3P, write(CLASSES, model="sub/none.pt"))
    with pytest.raises(ValueError, match="the attribute model is missing"):
        app.ForceField(TIP3P, write(CLASSES, model=""))


def test_models_with_features_are_refused(write, tmp_path):
    network = lp.nn.FeaturePairNetwork(num_features=1, cutoff=0.6, hidden=(4, 4), inner=0.2)
    lp.export_model(network, tmp_path / "f.pt", features={"charge": (-1.0, 1.0)}, cutoff=0.6, inner_cutoff=0.2)
    topology, _, _ = systems.water(64)
    for children in ("", CLASSES):
        with pytest.raises(ValueError, match=r"f.pt takes features \(charge\), and force field files can assign types"):
            app.ForceField(TIP3P, write(children, model="f.pt")).createSystem(topology)


def test_models_without_rules_need_types(write, tmp_path):
    lp.export_model(models.network(), tmp_path / "bare.pt", types=["A", "B"], cutoff=0.6, inner_cutoff=0.17)
    topology, _, _ = systems.water(64)
    with pytest.raises(ValueError, match="does not say which atoms have the type 'A'; add <Type name=\"A\""):
        app.ForceField(TIP3P, write("", model="bare.pt")).createSystem(topology)


def test_residues_that_are_covered_in_part(write):
    topology, _, _ = systems.water(64)
    oxygen = '<Type name="O" class="tip3p-O"/>'
    with pytest.warns(UserWarning, match=r"mine.xml, <LearnedPairForce>: the rules cover .* <Uncovered> elements"):
        app.ForceField(TIP3P, write(oxygen)).createSystem(topology)
    system = app.ForceField(TIP3P, write(oxygen + '<Uncovered class="tip3p-H"/>')).createSystem(topology)
    assert correction(system).getParticleTypes().tolist() == [0, -1, -1] * 64
    system = app.ForceField(TIP3P, write(CLASSES + '<Uncovered type="tip3p-H"/>')).createSystem(topology)
    assert correction(system).getParticleTypes().tolist() == [0, -1, -1] * 64


def test_unknown_residues_are_reported(write):
    topology, _, _ = systems.water(64)
    wrong = '<Type name="O" residue="WAT" atom="O"/>'
    with pytest.warns(UserWarning, match=r'residue="WAT" atom="O" selects no atom, .* did you mean HOH:O'):
        app.ForceField(TIP3P, write(CLASSES + wrong)).createSystem(topology)
    other = '<Type name="O" residue="ALA" atom="O"/>'  # a residue of the force field that this topology lacks
    system = app.ForceField("amber14-all.xml", TIP3P, write(CLASSES + other)).createSystem(topology)
    assert correction(system).getParticleTypes().tolist() == [0, 1, 1] * 64


def test_a_correction_without_effect_is_reported(write):
    field = app.ForceField("amber14-all.xml", TIP3P, write(CLASSES))
    topology, _ = peptide()
    with pytest.warns(UserWarning, match="no particle is covered. The System gets no correction"):
        assert corrections(field.createSystem(topology)) == []
    assert corrections(field.createSystem(app.Topology())) == []


def test_atom_types_of_template_generators_are_not_known_beforehand(write):
    topology, _, _ = systems.water(64)
    field = app.ForceField(TIP3P, write(CLASSES + '<Type name="O" class="c3"/>'))
    field.registerTemplateGenerator(lambda field, residue: False)
    assert correction(field.createSystem(topology)).getParticleTypes().tolist() == [0, 1, 1] * 64


def test_the_line_that_includes_the_required_file_is_required(write):
    with pytest.raises(ValueError, match=r'does not contain the line <Include file="learnedpair/required.xml"/>; add'):
        app.ForceField(TIP3P, write(CLASSES, include=""))


def test_file_objects(write, tmp_path, monkeypatch):
    topology, _, _ = systems.water(64)
    path = write(CLASSES)
    with open(path, encoding="utf-8") as file:
        assert corrections(app.ForceField(TIP3P, file).createSystem(topology))
    monkeypatch.chdir(tmp_path)
    with open(path, encoding="utf-8") as file:
        assert corrections(app.ForceField(TIP3P, io.StringIO(file.read())).createSystem(topology))
    monkeypatch.chdir("/")
    assert corrections(app.ForceField(TIP3P, path).createSystem(topology))


def test_a_file_in_a_folder_of_force_fields(write, tmp_path, monkeypatch):
    """Another package ships a force field with a correction, and its model, in a folder that OpenMM searches."""
    write(CLASSES, name="shipped.xml")
    openmm_forcefield._getDataDirectories().append(str(tmp_path))
    topology, _, _ = systems.water(64)
    assert corrections(app.ForceField(TIP3P, "shipped.xml").createSystem(topology))


def test_modeller_and_copies_work_with_the_force_field(write):
    modeller = app.Modeller(*peptide())
    field = app.ForceField("amber14-all.xml", TIP3P, write(every_class("amber14-all.xml", TIP3P)))
    modeller.addSolvent(field, numAdded=350)
    system = copy.deepcopy(field).createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.7)
    assert excluded(correction(system)) == exceptions(system)
    evaluate(REFERENCE.context(system, modeller.positions))


SCRIPT = """
import sys, warnings
from openmm import app
warnings.simplefilter("ignore")
topology = app.Modeller(app.Topology(), [])
plain = app.ForceField("amber14/tip3p.xml")
topology.addSolvent(plain, numAdded=60)
print("learnedpair" in sys.modules, "torch" in sys.modules)
try:
    field = app.ForceField(*sys.argv[1:])
except Exception as error:
    print(type(error).__name__, error)
else:
    print("torch" in sys.modules)
    system = field.createSystem(topology.topology)
    print(system.getForce(system.getNumForces() - 1).getName())
"""


#: Hides all entry points from OpenMM, those of an installed learnedpair included.
WITHOUT_ENTRY_POINTS = """
import importlib.metadata, sys
sys.modules["importlib_metadata"] = None
importlib.metadata.entry_points = lambda: importlib.metadata.EntryPoints(())
"""


def run_script(*files, path=(), before=""):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-c", before + SCRIPT, *files]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("files", ["both", "mine"])
def test_without_importing_the_package(files, write, tmp_path):
    """The entry point is enough: OpenMM searches the included file, and calls it."""
    mine = write(CLASSES, include=INCLUDE + f'<Include file="{TIP3P}"/>' * (files == "mine"))
    path = [entry_points.install(tmp_path / "site")]
    lines = run_script(*[TIP3P] * (files == "both"), mine, path=path)
    assert lines == ["False False", "False", "LearnedPairForce"]


@pytest.mark.slow
def test_without_the_package(write):
    """The included file makes the ForceField fail. Without it, OpenMM ignores the element."""
    lines = run_script(TIP3P, write(CLASSES), before=WITHOUT_ENTRY_POINTS)
    assert lines[1] == 'ValueError Could not locate file "learnedpair/required.xml"'
    assert run_script(TIP3P, write(CLASSES, include=""), before=WITHOUT_ENTRY_POINTS)[-1] == "HarmonicAngleForce"


def test_a_package_that_cannot_be_loaded_is_reported(write, monkeypatch):
    """OpenMM ignores exceptions of entry points, so that the libraries are loaded when an element is read."""
    from learnedpair_hooks.ffxml import directory

    monkeypatch.delitem(openmm_forcefield.parsers, "LearnedPairForce")
    monkeypatch.setitem(sys.modules, "learnedpair.interfaces.ffxml", None)
    directory()
    with pytest.raises(ImportError):
        app.ForceField(TIP3P, write(CLASSES))


def test_a_missing_pytorch_is_reported(write, monkeypatch):
    topology, _, _ = systems.water(64)
    field = app.ForceField(TIP3P, write(CLASSES))
    monkeypatch.delitem(sys.modules, "learnedpair.lowering.load_environment", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)  # its import fails as if it were not installed
    with pytest.raises(ImportError, match=r"mine.xml, .*reading the model delta.pt needs PyTorch: pip install"):
        field.createSystem(topology)


def test_a_parser_that_is_called_directly_needs_an_absolute_path(model_file):
    from xml.etree import ElementTree

    field, element = app.ForceField(TIP3P), ElementTree.fromstring('<LearnedPairForce model="delta.pt"/>')
    with pytest.raises(ValueError, match="the file that contains the element is unknown; give the absolute path"):
        ffxml.parse_element(element, field)
    element.set("model", str(model_file))
    ffxml.parse_element(element, field)
    topology, _, _ = systems.water(64)
    assert corrections(field.createSystem(topology))


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch, model_file):
    monkeypatch.chdir(tmp_path)
    shutil.copy(model_file, "delta.pt")
    page = "docs/user/ffxml.md"
    (element,), (create, find) = blocks(page, "xml"), python_code(page)
    (tmp_path / "delta.xml").write_text(element, encoding="utf-8")
    names = dict(topology=systems.relaxed_water(64)[0])
    exec(compile(create, page, "exec"), names)
    exec(compile(find, page, "exec"), names)
    force = names["force"]
    assert (force.getScaleParameter(), force.getForceGroup()) == ("lambda_delta", 1)
    assert force.getParticleTypes().tolist()[:3] == [0, 1, 1]
