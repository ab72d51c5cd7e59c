# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of add_correction() with Systems from every source: the files of Amber, CHARMM and GROMACS, force fields of
OpenMM, System XML; and with polarizable force fields and water with virtual sites.

Energies and forces are compared with a sum over all pairs (oracle.py) with exclusions that are written down here.
"""

import copy
import functools
import itertools
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import CPU, OPENCL, PLATFORMS, REFERENCE, evaluate, kernels_of, on
from openmm import app, unit

#: OpenMM's readers of CHARMM and GROMACS files leave the files open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

DATA = Path(__file__).parent / "data"
BY_ELEMENT = {"O": "O", "H": "H"}
#: CharmmPsfFile uses the force groups 0 to 6 for its own forces.
OURS = 29


def water_at(x, y, z, turn):
    """A TIP3P water with its oxygen at a point, in nm."""
    bond, angle = 0.09572, np.radians(104.52)
    first, second = turn, turn + angle
    oxygen = np.array([x, y, z])
    return [oxygen + bond * np.array([np.cos(t), np.sin(t), 0]) for t in (first, second)], oxygen


def positions_of_peroxide():
    """Hydrogen peroxide (O1 O2 H1 H2) and two waters (O H1 H2), in nm."""
    result = [[0, 0, 0], [0.1453, 0, 0], [-0.0145, 0.0955, 0], [0.1598, -0.0350, 0.0889]]
    for place in ((0.05, 0.28, 0.05, 0.4), (0.12, -0.15, 0.29, 2.0)):
        hydrogens, oxygen = water_at(*place)
        result += [oxygen, *hydrogens]
    return np.array(result)


TYPES = [0, 0, 1, 1] + [0, 1, 1] * 2
#: All pairs within each of the three molecules, the scaled 1-4 pair (2, 3) included.
EXCLUDED = [pair for molecule in (range(4), range(4, 7), range(7, 10)) for pair in itertools.combinations(molecule, 2)]


def from_amber():
    file = app.AmberPrmtopFile(str(DATA / "peroxide.prmtop"))
    return file.createSystem(constraints=app.HBonds), file.topology


def from_charmm():
    file = app.CharmmPsfFile(str(DATA / "peroxide.psf"))
    return file.createSystem(app.CharmmParameterSet(str(DATA / "peroxide.prm"))), file.topology


def from_gromacs():
    file = app.GromacsTopFile(str(DATA / "peroxide.top"))
    return file.createSystem(), file.topology


def from_force_field():
    topology = app.AmberPrmtopFile(str(DATA / "peroxide.prmtop")).topology
    field = app.ForceField(str(DATA / "peroxide.xml"), "tip3p.xml")
    return field.createSystem(topology, rigidWater=False), topology


def from_xml():
    system, topology = from_force_field()
    return openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(system)), topology


SOURCES = {
    "ForceField": from_force_field,
    "AmberPrmtopFile": from_amber,
    "CharmmPsfFile": from_charmm,
    "GromacsTopFile": from_gromacs,
    "System XML": from_xml,
}


def excluded(force):
    return sorted(tuple(sorted(force.getExclusionParticles(k))) for k in range(force.getNumExclusions()))


def expected_of(force, positions, exclusions, box=None):
    """Energy and forces of a correction with a table and the water model's cutoffs, by a sum over all pairs."""
    result = oracle.energy_and_forces(
        systems.table_function(force.getFunction()),
        positions,
        force.getParticleTypes(),
        cutoff=0.6,
        inner_cutoff=0.17,
        box=box,
        exclusions=exclusions,
    )
    assert np.abs(result[1]).max() > 1
    return result[:2]


@pytest.mark.parametrize("source", SOURCES)
@on(PLATFORMS)
def test_the_correction_is_the_same_whatever_the_source(target, source):
    system, topology = SOURCES[source]()
    force = lp.add_correction(system, topology, models.water_model(), types=BY_ELEMENT, force_group=OURS)
    assert force.getParticleTypes().tolist() == TYPES
    assert excluded(force) == EXCLUDED
    assert force.getNonbondedMethod() == force.CutoffNonPeriodic
    context = target.context(system, positions_of_peroxide())
    target.assert_agrees(*evaluate(context, groups={OURS}), *expected_of(force, positions_of_peroxide(), EXCLUDED))


@pytest.mark.parametrize("source", SOURCES)
def test_molecules_are_found_whatever_the_source(source):
    system, topology = SOURCES[source]()
    force = lp.add_correction(system, topology, models.water_model(), types=BY_ELEMENT, exclusions="molecules")
    assert excluded(force) == EXCLUDED


@pytest.mark.parametrize("source", SOURCES)
def test_bonds_are_counted_whatever_the_source(source):
    """GromacsTopFile makes no bonds for rigid water ([ settles ]); then exclusions by number of bonds are refused."""
    system, topology = SOURCES[source]()
    arguments = dict(types=BY_ELEMENT, exclusions=3)
    if source == "GromacsTopFile":
        with pytest.raises(ValueError, match=r"6 constraints, the first of the particles 4 \(HOH:O\) and 5 \(HOH:H1\)"):
            lp.add_correction(system, topology, models.water_model(), **arguments)
        topology.createStandardBonds()
    assert excluded(lp.add_correction(system, topology, models.water_model(), **arguments)) == EXCLUDED


@pytest.mark.parametrize("source", ["AmberPrmtopFile", "CharmmPsfFile", "GromacsTopFile"])
def test_periodic_systems_of_files_are_followed(source):
    """The same molecules across the corner of a periodic box."""
    file, arguments = {
        "AmberPrmtopFile": lambda: (app.AmberPrmtopFile(str(DATA / "peroxide.prmtop")), ()),
        "CharmmPsfFile": lambda: (
            app.CharmmPsfFile(str(DATA / "peroxide.psf")),
            (app.CharmmParameterSet(str(DATA / "peroxide.prm")),),
        ),
        "GromacsTopFile": lambda: (app.GromacsTopFile(str(DATA / "peroxide.top")), ()),
    }[source]()
    box = 1.4 * np.eye(3)
    if source == "CharmmPsfFile":
        file.setBox(*[1.4 * unit.nanometer] * 3)
    else:
        file.topology.setPeriodicBoxVectors(box * unit.nanometer)
    system = file.createSystem(*arguments, nonbondedMethod=app.PME, nonbondedCutoff=0.65 * unit.nanometer)
    system.setDefaultPeriodicBoxVectors(*box)
    force = lp.add_correction(system, file.topology, models.water_model(), types=BY_ELEMENT, force_group=OURS)
    assert force.getNonbondedMethod() == force.CutoffPeriodic
    positions = np.mod(positions_of_peroxide() - 0.1, 1.4)
    expected = expected_of(force, positions, EXCLUDED, box)
    REFERENCE.assert_agrees(*evaluate(REFERENCE.context(system, positions), groups={OURS}), *expected)


def _without_empty_forces(system):
    """Remove AMOEBA's forces for proteins. Even without bonds each takes ten seconds of the creation of a Context."""
    for k in reversed(range(system.getNumForces())):
        force = system.getForce(k)
        if getattr(force, "getNumBonds", lambda: 1)() == 0 or isinstance(force, openmm.AmoebaTorsionTorsionForce):
            system.removeForce(k)
    return system


@functools.cache
def solvent(water):
    """Waters of a force field of OpenMM: topology, positions (nm), box (nm), System.

    64 molecules in a periodic box; for AMOEBA, whose PME takes minutes on the Reference platform, the first 8 in
    vacuum.
    """
    topology, positions = systems.relaxed_water(64)
    modeller = app.Modeller(topology, positions * unit.nanometer)
    field = app.ForceField(water)
    modeller.addExtraParticles(field)
    if "amoeba" in water:
        modeller.delete([residue for residue in modeller.topology.residues() if residue.index >= 8])
        modeller.topology.setPeriodicBoxVectors(None)
        return (
            modeller.topology,
            np.array(modeller.positions._value),
            None,
            _without_empty_forces(field.createSystem(modeller.topology)),
        )
    system = field.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.6 * unit.nanometer, rigidWater=True
    )
    return modeller.topology, np.array(modeller.positions._value), systems.water(64)[2], system


def with_correction(water, **arguments):
    """The System of solvent() with a correction, the positions with virtual sites in place, and what is expected."""
    topology, positions, box, system = solvent(water)
    system = copy.deepcopy(system)
    force = lp.add_correction(system, topology, models.water_model(), force_group=OURS, **arguments)
    context = REFERENCE.context(system, positions)
    context.computeVirtualSites()
    positions = context.getState(positions=True).getPositions(asNumpy=True)._value
    molecules = [[atom.index for atom in residue.atoms()] for residue in topology.residues()]
    pairs = sorted(pair for molecule in molecules for pair in itertools.combinations(molecule, 2))
    covered = [pair for pair in pairs if (force.getParticleTypes()[list(pair)] >= 0).all()]
    return system, force, positions, expected_of(force, positions, pairs, box), pairs, covered


def assert_agrees(target, water, **arguments):
    """Require the right correction, and the same energy of the force field with and without it."""
    system, force, positions, expected, *_ = with_correction(water, **arguments)
    context = target.context(system, positions)
    target.assert_agrees(*evaluate(context, groups={OURS}), *expected, what="the correction")
    # On PoCL, OpenMM 8.6.1 crashes in AmoebaMultipoleForce, even without this plugin.
    if target.name != "OpenCL" or "amoeba" not in water:
        alone = target.context(copy.deepcopy(solvent(water)[3]), positions)
        target.assert_agrees(*evaluate(context, groups={0}), *evaluate(alone), what="the force field")
    return system, context


@on(PLATFORMS)
def test_water_with_a_virtual_site(target):
    """TIP4P-Ew: the site has no type, and the forces on it are those of the force field."""
    _, force, _, _, pairs, _ = with_correction("tip4pew.xml")
    assert force.getParticleTypes()[:4].tolist() == [0, 1, 1, -1] and excluded(force) == pairs
    system, context = assert_agrees(target, "tip4pew.xml")
    if target.on_gpus:
        assert kernels_of(system, context) == ["shared kernel"]


@pytest.mark.parametrize("exclusions", ["nonbonded", "molecules", 2])
def test_exclusions_of_polarizable_water(exclusions):
    """SWM4-NDP: oxygen, Drude particle, hydrogens, virtual site."""
    _, force, _, _, pairs, covered = with_correction("swm4ndp.xml", exclusions=exclusions)
    assert sorted(force.getParticleTypes()[:5].tolist()) == [-1, -1, 0, 1, 1]
    assert excluded(force) == (covered if exclusions == "molecules" else pairs)


@on([REFERENCE, CPU, OPENCL])
def test_water_with_drude_particles(target):
    assert_agrees(target, "swm4ndp.xml")


def test_amoeba_has_no_exclusions_that_could_be_followed():
    topology, _, _, system = solvent("amoeba2018.xml")
    with pytest.raises(ValueError, match="no NonbondedForce or CustomNonbondedForce whose exclusions"):
        lp.add_correction(copy.deepcopy(system), topology, models.water_model())


@pytest.mark.parametrize("exclusions", ["molecules", 2])
@on([REFERENCE, CPU, OPENCL])
def test_amoeba_water(target, exclusions):
    system, force, _, _, pairs, _ = with_correction("amoeba2018.xml", exclusions=exclusions)
    assert force.getNonbondedMethod() == force.CutoffNonPeriodic and excluded(force) == pairs
    system, context = assert_agrees(target, "amoeba2018.xml", exclusions=exclusions)
    if target.name == "OpenCL":
        assert kernels_of(system, context) == ["own kernel"]
