# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that masses reveal a topology whose atoms are in another order than the System's particles, and that masses
changed on purpose are accepted.
"""

import io

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from learnedpair.applying.topology_order import require_topology
from openmm import app, unit

E = app.element


def topology_of(*residues):
    """A topology of residues, each a name and atoms (name, element); hydrogens are bonded to the first atom."""
    topology = app.Topology()
    chain = topology.addChain()
    for name, atoms in residues:
        residue = topology.addResidue(name, chain)
        added = [topology.addAtom(atom, element, residue) for atom, element in atoms]
        for atom in added[1:]:
            if atom.element in (E.hydrogen, None):
                topology.addBond(added[0], atom)
    return topology


NA, CL = ("NA", [("Na", E.sodium)]), ("CL", [("Cl", E.chlorine)])
HOH = ("HOH", [("O", E.oxygen), ("H1", E.hydrogen), ("H2", E.hydrogen)])
HHO = ("HOH", [("H1", E.hydrogen), ("H2", E.hydrogen), ("O", E.oxygen)])
OXYGEN = ("O", [("O", E.oxygen)])
FOUR = ("HOH", [*HOH[1], ("M", None)])
FOUR_OTHER = ("HOH", [("M", None), *HOH[1]])


def system_of(*masses):
    system = openmm.System()
    for mass in masses:
        system.addParticle(mass)
    return system


WATER, SODIUM = (15.999, 1.008, 1.008), (22.990,)


def check(system, topology):
    require_topology(topology, system, "here")


@pytest.mark.parametrize(
    "masses, residues, message",
    [
        (
            SODIUM + (15.999,) * 2,
            (OXYGEN, OXYGEN, NA),
            (
                r"2 groups of atoms have other masses than their elements, the first in residue O 1, atom 0 \(O 22.99"
                r" amu\)"
            ),
        ),
        (WATER + SODIUM, (NA, HOH), "residue NA 1, atom 0"),
        (WATER * 2 + SODIUM, (HOH, NA, HOH), "residue NA 2, atom 3"),
        (WATER, (HHO,), "residue HOH 1"),
        ((11.975, 3.02, 3.02), (HHO,), "residue HOH 1"),  # with hydrogens of 3 amu
        ((0.0, *WATER), (FOUR,), "residue HOH 1"),
        ((*WATER, 0.0), (FOUR_OTHER,), "residue HOH 1"),
    ],
)
def test_atoms_in_another_order_are_refused(masses, residues, message):
    with pytest.raises(
        ValueError,
        match=(
            f"here: the topology has its atoms in another order than the System: .*{message}.*, and all masses together"
            " are the same. Give the topology that the System was made from"
        ),
    ):
        check(system_of(*masses), topology_of(*residues))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "masses, residues",
    [
        (WATER + SODIUM, (HOH, NA)),
        ((11.975, 3.02, 3.02), (HOH,)),  # hydrogen mass repartitioning
        ((0.0,) * 3 + SODIUM, (HOH, NA)),  # frozen
        ((0.0, 1.008, 1.008), (HOH,)),
        ((15.999, 2.0141, 2.0141), (HOH,)),  # heavy water
        ((15.999, 2.0141, 1.008), (HOH,)),
        ((*WATER, 0.0), (FOUR,)),  # a virtual site
        ((14.027,) * 2, (("BUT", [("C1", E.carbon), ("C2", E.carbon)]),)),  # united atoms
        ((15.035, 16.043), (("X", [("C1", E.carbon), ("C2", E.carbon)]),)),
        ((72.0, 45.0), (("W", [("W", None), ("X", None)]),)),  # coarse-grained beads
        (
            (15.599, 1.008, 1.008, 0.4),
            (("HOH", [*HOH[1], ("D", None)]),),
        ),  # a Drude particle, whose mass is subtracted from its atom
    ],
)
def test_masses_changed_on_purpose_give_no_warning(masses, residues):
    check(system_of(*masses), topology_of(*residues))


@pytest.mark.parametrize(
    "masses, residues",
    [
        (SODIUM + WATER, (("K", [("K", E.potassium)]), HOH)),
        ((12.0,) * 3, (HOH,)),
        ((159.99, 10.08, 10.08), (HOH,)),  # ten times as heavy, for slower motion
    ],
)
def test_other_masses_give_a_warning(masses, residues):
    with pytest.warns(
        UserWarning,
        match=(
            "here: the topology may not be that of the System: .*If the masses were changed on purpose, this can be"
            " ignored"
        ),
    ):
        check(system_of(*masses), topology_of(*residues))


@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_systems_of_force_fields_have_the_order_of_their_topology():
    """With constraints, ions, three- and four-site water, Drude particles, and hydrogen mass repartitioning."""
    for files, water in (
        (("amber14-all.xml", "amber14/tip4pew.xml"), "tip4pew"),
        (("charmm36_2024.xml", "charmm36_2024/water.xml"), "tip3p"),
        (("charmm_polar_2023.xml",), "swm4ndp"),
    ):
        field = app.ForceField(*files)
        modeller = app.Modeller(app.Topology(), [])
        modeller.addSolvent(field, model=water, numAdded=40, positiveIon="Na+", ionicStrength=1 * unit.molar)
        if water == "swm4ndp":
            modeller.addExtraParticles(field)
        for mass in (None, 3 * unit.amu, 4 * unit.amu):
            check(field.createSystem(modeller.topology, hydrogenMass=mass), modeller.topology)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hydrogen_mass", [None, 3.0, 4.0])
def test_exchanged_atoms_of_a_peptide_are_refused(hydrogen_mass):
    topology = peptide()
    system = system_with_masses_of(topology, hydrogen_mass)
    check(system, topology)
    atoms = list(topology.atoms())
    for first, second in ((0, 1), (2, 9), (3, 4), (1, 6)):  # atoms of different elements
        assert atoms[first].element is not atoms[second].element
        system = system_with_masses_of(topology, hydrogen_mass)
        masses = [system.getParticleMass(i) for i in (first, second)]
        system.setParticleMass(first, masses[1])
        system.setParticleMass(second, masses[0])
        with pytest.raises(ValueError, match="in another order"):
            check(system, topology)


def peptide():
    """Two residues of alanine with all their hydrogens."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(2):
        residue = topology.addResidue("ALA", chain)
        n, ca, cb, c, o = (
            topology.addAtom(name, app.Element.getBySymbol(name[0]), residue) for name in ("N", "CA", "CB", "C", "O")
        )
        for a, b in ((n, ca), (ca, cb), (ca, c), (c, o)):
            topology.addBond(a, b)
        for name, heavy in (("H", n), ("HA", ca), ("HB1", cb), ("HB2", cb), ("HB3", cb)):
            topology.addBond(heavy, topology.addAtom(name, E.hydrogen, residue))
    return topology


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hydrogen_mass", [None, 3.0])
def test_hydrogens_between_two_heavy_atoms_and_between_residues(hydrogen_mass):
    """The mass of a hydrogen is taken from either of its neighbors, which may be in another residue."""
    topology = topology_of(OXYGEN, ("H", [("H", E.hydrogen)]), OXYGEN, CL, ("H", [("H", E.hydrogen)]))
    first, hydrogen, second, chlorine, other = topology.atoms()
    topology.addBond(first, hydrogen)
    topology.addBond(hydrogen, second)
    topology.addBond(chlorine, other)
    system = system_with_masses_of(topology, None)
    if hydrogen_mass is not None:
        for heavy, light in ((first, hydrogen), (chlorine, other)):
            total = sum(system.getParticleMass(atom.index)._value for atom in (heavy, light))
            system.setParticleMass(light.index, hydrogen_mass)
            system.setParticleMass(heavy.index, total - hydrogen_mass)
    check(system, topology)
    masses = [system.getParticleMass(atom.index) for atom in (first, chlorine)]
    system.setParticleMass(first.index, masses[1])
    system.setParticleMass(chlorine.index, masses[0])
    with pytest.raises(ValueError, match="in another order"):
        check(system, topology)


def test_bonds_and_elements_that_no_atom_has_are_refused():
    topology, other = topology_of(HOH), topology_of(*[HOH] * 2)
    topology.addBond(next(topology.atoms()), list(other.atoms())[4])
    with pytest.raises(ValueError, match="here: a bond of the topology has the atom 4, but there are 3; correct it"):
        check(system_of(*WATER), topology)
    with pytest.raises(TypeError, match="the element of the atom O is 'O'; expected an openmm.app.Element"):
        check(system_of(15.999), topology_of(("O", [("O", "O")])))


def test_atoms_may_have_no_name():
    topology = topology_of(*[(None, [(None, None), (None, None)])] * 2)
    assert lp.assign_types(topology, {"A": lambda atom: atom.index < 2}) == ["A", "A", None, None]
    system = system_of(*[1.0] * 4)
    system.addForce(openmm.NonbondedForce())
    with pytest.warns(UserWarning, match="None with 1 of 2 atoms covered"):
        lp.add_correction(system, topology, models.water_model(), types=["O", "O", "H", None])


def system_with_masses_of(topology, hydrogen_mass):
    """A System with hydrogen mass repartitioning, as createSystem(hydrogenMass=...) does it."""
    system = system_of(*(atom.element.mass for atom in topology.atoms()))
    if hydrogen_mass is not None:
        for bond in topology.bonds():
            heavy, hydrogen = sorted(bond[:2], key=lambda atom: atom.element is E.hydrogen)
            if hydrogen.element is E.hydrogen:
                transfer = hydrogen_mass * unit.amu - system.getParticleMass(hydrogen.index)
                system.setParticleMass(hydrogen.index, hydrogen_mass)
                system.setParticleMass(heavy.index, system.getParticleMass(heavy.index) - transfer)
    return system


def test_add_correction_does_not_assign_oxygen_to_sodium():
    topology = topology_of(OXYGEN, OXYGEN, NA)
    system = system_of(22.990, 15.999, 15.999)
    system.addForce(openmm.NonbondedForce())
    model = models.water_model(types={"O": "O", "H": "Na"})
    with pytest.raises(ValueError, match="add_correction: the topology has its atoms in another order than the System"):
        lp.add_correction(system, topology, model)
    assert system.getNumForces() == 1


class Structure:
    """An object with a topology, as ParmEd's Structure and MDTraj's Trajectory are."""

    def __init__(self, topology):
        self.topology = topology


class ForeignTopology:
    """A topology of another package that can be converted, as MDTraj's can."""

    def to_openmm(self):
        raise NotImplementedError


def pdb_file(topology, positions):
    text = io.StringIO()
    app.PDBFile.writeFile(topology, positions * unit.nanometer, text)
    text.seek(0)
    return app.PDBFile(text)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            lambda topology, positions: app.Modeller(topology, positions),
            "the topology is a Modeller; expected an openmm.app.Topology: give its .topology",
        ),
        (
            lambda topology, positions: app.Simulation(
                topology,
                systems.water_system(topology),
                openmm.VerletIntegrator(0.001),
                openmm.Platform.getPlatform("Reference"),
            ),
            "a Simulation; .* give its .topology",
        ),
        (
            lambda topology, positions: pdb_file(topology, positions),
            "the topology is a PDBFile; expected an openmm.app.Topology: give its .topology",
        ),
        (
            lambda topology, positions: Structure(topology),
            "the topology is a Structure; expected an openmm.app.Topology: give its .topology",
        ),
        (
            lambda topology, positions: ForeignTopology(),
            r"a ForeignTopology; .*: give its .to_openmm\(\)",
        ),
        (
            lambda topology, positions: Structure(ForeignTopology()),
            r"the topology is a Structure; .*: give its .topology.to_openmm\(\)",
        ),
        (
            lambda topology, positions: "start.pdb",
            "the topology is a str; expected an openmm.app.Topology: give the topology that the System was made from",
        ),
        (lambda topology, positions: positions, "the topology is a ndarray"),
    ],
)
def test_other_objects_than_a_topology_are_refused(wrong, message):
    topology, positions, _ = systems.water(64)
    with pytest.raises(TypeError, match=message):
        lp.add_correction(systems.water_system(topology), wrong(topology, positions * np.ones(3)), models.water_model())


def test_assign_types_refuses_wrong_arguments():
    topology, positions, _ = systems.water(64)
    with pytest.raises(TypeError, match="assign_types: the topology is a Modeller; .* give its .topology"):
        lp.assign_types(app.Modeller(topology, positions), {"O": "O"})
    with pytest.raises(TypeError, match="assign_types: the rules are a list; expected a dict"):
        lp.assign_types(topology, ["O"])


def test_simulation_in_place_of_a_system_is_refused():
    topology, _, _ = systems.water(64)
    simulation = app.Simulation(
        topology,
        systems.water_system(topology),
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatform("Reference"),
    )
    with pytest.raises(
        TypeError,
        match=(
            r"the system is a Simulation; expected an openmm.System: correct the System before the Simulation is made"
            r" from it. .*reinitialize\(preserveState=True\)"
        ),
    ):
        lp.add_correction(simulation, topology, models.water_model())
