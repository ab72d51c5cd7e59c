# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of add_correction(exclusions=n), which excludes pairs that are connected by at most n bonds of the topology."""

import itertools
import warnings

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from learnedpair.applying.atom_table import AtomTable
from learnedpair.applying.exclusions import excluded_pairs
from openmm import app, unit


def excluded(most, system, topology, covered=None):
    is_covered = np.ones(system.getNumParticles(), dtype=bool) if covered is None else covered
    return list(map(tuple, excluded_pairs(most, system, AtomTable(topology, "test"), is_covered).tolist()))


def graph(count, bonds, elements=None):
    """A System without forces, and a topology of one molecule with the given bonds."""
    system, topology = openmm.System(), app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    carbon = app.element.carbon
    atoms = [topology.addAtom(f"A{k}", carbon if elements is None else elements[k], residue) for k in range(count)]
    for atom in atoms:
        system.addParticle(12.011 if atom.element else 0.0)
    for i, j in bonds:
        topology.addBond(atoms[i], atoms[j])
    return system, topology


def distances(count, bonds):
    """The number of bonds between all particles of a graph (Floyd-Warshall)."""
    result = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
    for i, j in bonds:
        result[i, j] = result[j, i] = 1
    for k in range(count):
        result = np.minimum(result, result[:, k : k + 1] + result[k])
    return result


@pytest.mark.parametrize("most", [1, 2, 3, 4, 100])
def test_pairs_are_those_of_shortest_paths(most):
    random = np.random.default_rng(1)
    for count, number in ((12, 11), (20, 25), (30, 20)):
        bonds = [tuple(random.choice(count, 2, replace=False).tolist()) for _ in range(number)]
        apart = distances(count, bonds)
        expected = [(i, j) for i, j in itertools.combinations(range(count), 2) if apart[i, j] <= most]
        assert excluded(most, *graph(count, bonds)) == expected


@pytest.fixture(scope="module")
def capped_alanine():
    """ACE-ALA-NME, with bonds, built atom by atom: the positions do not matter for exclusions."""
    topology = app.Topology()
    chain = topology.addChain()
    names = {
        "ACE": ["CH3", "H1", "H2", "H3", "C", "O"],
        "ALA": ["N", "H", "CA", "HA", "CB", "HB1", "HB2", "HB3", "C", "O"],
        "NME": ["N", "H", "C", "H1", "H2", "H3"],
    }
    for name, atoms in names.items():
        residue = topology.addResidue(name, chain)
        for atom in atoms:
            topology.addAtom(atom, app.Element.getBySymbol(atom[0]), residue)
    topology.createStandardBonds()
    return topology


def of_nonbonded_force(system):
    """The pairs of all exceptions of the NonbondedForce."""
    (force,) = [force for force in system.getForces() if isinstance(force, openmm.NonbondedForce)]
    return sorted(tuple(sorted(force.getExceptionParameters(k)[:2])) for k in range(force.getNumExceptions()))


def test_three_bonds_are_the_exceptions_of_amber(capped_alanine):
    topology = capped_alanine
    system = app.ForceField("amber14/protein.ff14SB.xml").createSystem(topology, constraints=app.AllBonds)
    assert excluded(3, system, topology) == of_nonbonded_force(system)
    fewer = excluded(2, system, topology)
    (force,) = [force for force in system.getForces() if isinstance(force, openmm.NonbondedForce)]
    exceptions = [force.getExceptionParameters(k) for k in range(force.getNumExceptions())]
    full = sorted(tuple(sorted((i, j))) for i, j, _, _, epsilon in exceptions if epsilon._value == 0)
    assert fewer == full and len(fewer) < len(excluded(3, system, topology))


@pytest.mark.parametrize("water", ["tip3p.xml", "tip4pew.xml", "tip5p.xml", "swm4ndp.xml"])
def test_waters_with_sites_and_drude_particles_have_the_exclusions_of_their_force_field(water):
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(app.ForceField("tip3p.xml"), numAdded=8)
    field = app.ForceField(water)
    modeller.addExtraParticles(field)
    system = field.createSystem(modeller.topology)
    assert len(list(modeller.topology.atoms())) == 8 * {"tip3": 3, "tip4": 4, "tip5": 5, "swm4": 5}[water[:4]]
    for most in (2, 3):
        assert excluded(most, system, modeller.topology) == of_nonbonded_force(system)
    with_h_h = set(of_nonbonded_force(system)) - set(excluded(1, system, modeller.topology))
    names = {atom.index: atom.name for atom in modeller.topology.atoms()}
    assert {(names[i], names[j]) for i, j in with_h_h} == {("H1", "H2")} and len(with_h_h) == 8


def test_a_polarizable_molecule_has_the_exclusions_of_its_force_field():
    """Ethanol, with lone pairs on the oxygen and Drude particles on the heavy atoms. The hydrogen of its oxygen is four
    bonds from those of the methyl group.
    """
    topology = app.Topology()
    residue = topology.addResidue("ETOH", topology.addChain())
    names = ["C1", "O1", "HO1", "H1A", "H1B", "C2", "H2A", "H2B", "H2C"]
    atoms = {name: topology.addAtom(name, app.Element.getBySymbol(name[0]), residue) for name in names}
    for bond in ("C1 C2", "C1 O1", "C1 H1A", "C1 H1B", "O1 HO1", "C2 H2A", "C2 H2B", "C2 H2C"):
        topology.addBond(*(atoms[name] for name in bond.split()))
    field = app.ForceField("charmm_polar_2023.xml")
    modeller = app.Modeller(topology, np.random.default_rng(0).random((9, 3)) * unit.nanometer)
    modeller.addExtraParticles(field)
    system = field.createSystem(modeller.topology)
    assert system.getNumParticles() == 9 + 3 + 2
    assert sum(system.isVirtualSite(k) for k in range(14)) == 2
    assert excluded(3, system, modeller.topology) == of_nonbonded_force(system)


def test_drude_particle_on_a_lone_pair_has_the_exclusions_of_the_atom():
    """Atoms 0-1-2 in a row; site 3 on atom 0, with a Drude particle 4."""
    carbon = app.element.carbon
    system, topology = graph(5, [(0, 1), (1, 2)], [carbon, carbon, carbon, None, None])
    system.setVirtualSite(3, openmm.LocalCoordinatesSite([0, 1, 2], [1, 0, 0], [-1, 1, 0], [-1, 0, 1], [0.1, 0, 0]))
    drude = openmm.DrudeForce()
    drude.addParticle(4, 3, -1, -1, -1, -0.1, 0.001, 1, 1)
    system.addForce(drude)
    # The site is also excluded from atom 2, which it depends on; its Drude particle is not.
    assert excluded(1, system, topology) == [(0, 1), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4)]


@pytest.mark.parametrize("bonded", [False, True])
def test_a_virtual_site_that_is_an_atom_counts_its_own_bonds(bonded):
    """Atoms 0-1-2 in a row; the hydrogen 3 is a virtual site of atoms 0 and 1."""
    elements = [app.element.carbon] * 3 + [app.element.hydrogen]
    system, topology = graph(4, [(0, 1), (1, 2)] + [(0, 3)] * bonded, elements)
    system.setVirtualSite(3, openmm.TwoParticleAverageSite(0, 1, 1.5, -0.5))
    assert excluded(2, system, topology) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)] + [(2, 3)] * (not bonded)


def test_sites_that_depend_on_each_other_are_refused():
    system, topology = graph(4, [(0, 1)], [app.element.carbon] * 2 + [None, None])
    system.setVirtualSite(2, openmm.TwoParticleAverageSite(3, 0, 0.5, 0.5))
    system.setVirtualSite(3, openmm.TwoParticleAverageSite(2, 0, 0.5, 0.5))
    with pytest.raises(ValueError, match="virtual sites of the System depend on each other in a circle"):
        excluded(3, system, topology)


def unbonded_water(rigid):
    """Water whose topology has no bonds, as files without CONECT records and with unknown residue names give it."""
    bonded, _ = systems.relaxed_water(64)
    topology = app.Topology()
    topology.setPeriodicBoxVectors(bonded.getPeriodicBoxVectors())
    chain = topology.addChain()
    for old in bonded.residues():
        residue = topology.addResidue(old.name, chain)
        for atom in old.atoms():
            topology.addAtom(atom.name, atom.element, residue)
    return systems.water_system(bonded, rigid=rigid), topology


def test_water_without_bonds_is_refused():
    system, topology = unbonded_water(rigid=True)
    with pytest.raises(
        ValueError,
        match=(
            r"exclusions=3 counts bonds of the topology, and 192 constraints, the first of the particles 0 \(HOH:O\)"
            r" and 1 \(HOH:H1\), connect particles that no bonds connect, .*\.createStandardBonds\(\) .*'molecules'"
        ),
    ):
        lp.add_correction(system, topology, models.water_model(), exclusions=3)
    topology.createStandardBonds()
    force = lp.add_correction(system, topology, models.water_model(), exclusions=3)
    assert force.getNumExclusions() == 192


def test_flexible_water_without_bonds_is_refused_or_gives_a_warning():
    system, topology = unbonded_water(rigid=False)
    with pytest.raises(ValueError, match="exclusions=3 counts bonds of the topology, and the topology has none"):
        lp.add_correction(system, topology, models.water_model(), exclusions=3)
    first = list(topology.atoms())[:3]
    topology.addBond(first[0], first[1])
    topology.addBond(first[0], first[2])
    with pytest.warns(UserWarning, match="126 bonds of the System's forces, the first of particles 3 and 4, connect"):
        lp.add_correction(system, topology, models.water_model(), exclusions=3)


def test_constraints_are_no_bonds():
    """Atoms 0-1-2-3-4 in a row, with a constraint between 0 and 4."""
    system, topology = graph(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    system.addConstraint(0, 4, 0.3)
    assert excluded(1, system, topology) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_constraints_of_particles_that_are_not_covered_do_not_matter():
    system, topology = graph(4, [(0, 1)])
    system.addConstraint(2, 3, 0.3)
    with pytest.raises(ValueError, match="1 constraints, the first of the particles 2"):
        excluded(1, system, topology)
    assert excluded(1, system, topology, np.array([True, True, True, False])) == [(0, 1)]


@pytest.mark.parametrize("most", [0, -1])
def test_other_numbers_of_bonds_are_refused(most):
    with pytest.raises(ValueError, match=f"exclusions is {most}; expected at least 1, .* or \\[\\] to exclude none"):
        excluded(most, *graph(2, [(0, 1)]))


@pytest.mark.parametrize("most", [True, 3.0, None])
def test_other_values_than_integers_are_refused(most):
    with pytest.raises(TypeError, match=f"exclusions is {most}; expected 'nonbonded', 'molecules', a number of bonds"):
        excluded(most, *graph(2, [(0, 1)]))


def test_numpy_integers_are_numbers_of_bonds():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert excluded(np.int64(2), *graph(3, [(0, 1), (1, 2)])) == [(0, 1), (0, 2), (1, 2)]


def test_too_many_pairs_are_refused(monkeypatch):
    monkeypatch.setattr("learnedpair.applying.bond_exclusions.MAX_EXCLUSIONS", 100)
    star = [(0, k) for k in range(1, 40)]
    assert len(excluded(1, *graph(40, star))) == 39
    with pytest.raises(ValueError, match="exclusions=2 would exclude [0-9]+ pairs, more than 100; use between"):
        excluded(2, *graph(40, star))
