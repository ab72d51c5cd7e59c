# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of wrong input that used to give wrong numbers without an error or a warning, and of valid input that used to
be refused. Each case was found by trying to circumvent the checks.
"""

import copy
import pickle

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import assert_close, evaluate
from openmm import app, unit

pytestmark = pytest.mark.all_samples

CUTOFF = {"cutoff": 0.6, "inner_cutoff": 0.1}


def envelope(r):
    return torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3


class Model(torch.nn.Module):
    """A function of the arguments of forward(), times the envelope."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, r, particle1, particle2, **parameters):
        return self.function(r, particle1, particle2, **parameters) * envelope(r)


class Ions(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.where(
            (type1 == 0) & (type2 == 0), 10.0, torch.where((type1 == 1) & (type2 == 1), -3.0, 1.0)
        ) * envelope(r)


class Features(torch.nn.Module):
    def forward(self, r, features1, features2):
        return (features1[:, 0] * features2[:, 0] + 3 * features1[:, 1] * features2[:, 1]) * envelope(r)


R = np.array([0.3, 0.4])


@pytest.mark.parametrize(
    "types",
    [{"Na": "NA:Na", "Cl": "CL:Cl"}, {"Cl": "CL:Cl", "Na": "NA:Na"}, {"Cl": "CL:Cl"}, ["Na", "Cl"], {None: "HOH:*"}],
)
def test_types_of_a_file_keep_their_order(tmp_path, types):
    """With a dict in another order, chloride used to get the curve of sodium."""
    lp.export_model(Ions(), tmp_path / "ions.pt", types={"Na": "NA:NA", "Cl": "CL:CL"}, **CUTOFF)
    model = lp.load_model(tmp_path / "ions.pt", types=types)
    assert model.types == ["Na", "Cl"] and model.uncovered == ("HOH:*" if None in types else None)
    assert_close(model.evaluate(R, [1, 1], [1, 1])[0], -3 * (1 - (R / 0.6) ** 2) ** 3)


@pytest.mark.parametrize("types", [["Cl", "Na"], ["Na"], {"K": "K"}, ["A", "B"]])
def test_other_types_than_those_of_a_file_are_refused(tmp_path, types):
    lp.export_model(Ions(), tmp_path / "ions.pt", types=["Na", "Cl"], **CUTOFF)
    with pytest.raises(
        lp.ModelError,
        match=(
            r"ions.pt: types is .*, but the model in the file has Na, Cl, in this order; give a dict with some of these"
            r" names"
        ),
    ):
        lp.load_model(tmp_path / "ions.pt", types=types)


def test_features_and_parameters_of_a_file_keep_their_order(tmp_path):
    lp.export_model(Features(), tmp_path / "f.pt", features={"charge": (-1, 1), "width": (0, 1)}, **CUTOFF)
    model = lp.load_model(tmp_path / "f.pt", features={"width": (0.1, 1.2)})
    assert model.feature_ranges == {"charge": (-1, 1), "width": (0.1, 1.2)}
    assert lp.load_model(tmp_path / "f.pt", features={"width": (0.1, 1.2), "charge": (-1, 1)}).features == [
        "charge",
        "width",
    ]
    with pytest.raises(
        lp.ModelError, match="features is .*, but the model in the file has charge, width, in this order"
    ):
        lp.load_model(tmp_path / "f.pt", features=["width", "charge"])


class TwoParameters(torch.nn.Module):
    def forward(self, r, type1, type2, lam, mu):
        return (lam + 2 * mu) * (1 + type1 + type2) * envelope(r)


def test_range_of_one_global_parameter_may_be_replaced(tmp_path):
    lp.export_model(
        TwoParameters(),
        tmp_path / "g.pt",
        types=["A"],
        global_parameters={"lam": (0.0, 0.0, 1.0), "mu": (3.0, 1.0, 5.0)},
        **CUTOFF,
    )
    model = lp.load_model(tmp_path / "g.pt", global_parameters={"lam": (0.5, 0.2, 0.8)})
    assert model.global_parameter_ranges == {"lam": (0.2, 0.8), "mu": (1.0, 5.0)} and model.global_parameters == {
        "lam": 0.5,
        "mu": 3.0,
    }


class Pairs(torch.nn.Module):
    """A weight for each pair of types."""

    def __init__(self, count, changed):
        super().__init__()
        weights = torch.ones(count, count)
        for i, j, value in changed:
            weights[i, j] = value
        self.register_buffer("weights", weights)

    def forward(self, r, type1, type2):
        return self.weights[type1, type2] * envelope(r)


def test_one_asymmetric_pair_of_many_types_is_found():
    """Platforms evaluate a pair in either order, and used to give different energies."""
    with pytest.raises(lp.ModelError, match="Pairs: the model is asymmetric: for types T0 and T2 at "):
        lp.load_model(Pairs(200, [(0, 2, 50)]), types=[f"T{k}" for k in range(200)], **CUTOFF)


def test_types_in_use_are_checked_if_there_are_too_many_to_check_all():
    """For 200 types, half of the pairs are evaluated when the model is loaded."""
    module = Pairs(200, [(i, j, np.nan) for i, j in ((0, 2), (2, 0))])
    names = [f"T{k}" for k in range(200)]
    module.weights[0, 2] = module.weights[2, 0] = 1
    model = lp.load_model(module, types=names, **CUTOFF)
    model.module.weights[0, 2] = model.module.weights[2, 0] = 1e12
    with pytest.raises(lp.ModelError, match="the model is too large: for types T0 and T2"):
        model.create_force(["T0"] * 3 + ["T2"] * 3, representation="program", evaluation="exact")
    model.create_force(["T0"] * 3 + ["T3"] * 3, representation="program", evaluation="exact")


def test_one_asymmetric_pair_of_many_features_is_found():
    def charges(r, a, b):
        return torch.where((a[:, 0] > 0.497) & (b[:, 0] < -0.497), 2.0, 1.0)

    model = lp.load_model(Model(charges), features=["q"], **CUTOFF)
    with pytest.raises(
        lp.ModelError,
        match=(
            r"the model is asymmetric: for features \(q=0.5\) and \(q=-0.5\)|the model is asymmetric: for features"
            r" \(q=-0.5\) and \(q=0.5\)"
        ),
    ):
        model.create_force(np.linspace(-0.5, 0.5, 400)[:, None])


def test_periodic_correction_in_a_nonperiodic_system_is_refused(target):
    """create_force() makes periodic forces, which used to interact across OpenMM's default box of 2 nm."""
    system = openmm.System()
    nonbonded = openmm.NonbondedForce()
    for _ in range(2):
        system.addParticle(12)
        nonbonded.addParticle(0, 1, 0)
    system.addForce(nonbonded)
    model = lp.load_model(models.network(), types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    system.addForce(model.create_force(["O", "O"]))
    with pytest.raises(
        openmm.OpenMMException,
        match=(
            "the force uses CutoffPeriodic, but force 0 of the System, NonbondedForce, has no periodic boundary"
            " conditions; use CutoffNonPeriodic"
        ),
    ):
        target.context(system, np.array([[0, 0, 0], [1.8, 0, 0]]))
    system.removeForce(1)
    system.addForce(model.create_force(["O", "O"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic))
    assert evaluate(target.context(system, np.array([[0, 0, 0], [1.8, 0, 0]])))[0] == 0


def topology_of(*residues):
    """A topology of residues (name, atoms, bonded); atoms are pairs of a name and an element symbol or None."""
    topology = app.Topology()
    chain = topology.addChain()
    for name, atoms, bonded in residues:
        residue = topology.addResidue(name, chain)
        made = [topology.addAtom(atom, symbol and app.Element.getBySymbol(symbol), residue) for atom, symbol in atoms]
        for other in made[1:] if bonded else []:
            topology.addBond(made[0], other)
    return topology


HYDROXYL = [("O", "O"), ("H1", "H")]


def test_rule_of_the_type_none_comes_first():
    """Atoms that it leaves out used to be covered if another rule selected them, too."""
    topology = topology_of(("HOH", HYDROXYL, True), ("ETH", HYDROXYL, True))
    assert lp.assign_types(topology, {"O": "O", None: "HOH:*"}) == [None, None, "O", None]
    assert lp.assign_types(topology, {"O": "O", None: ["HOH:H1", "*:*"]}) == ["O", None, "O", None]


def water_system(topology):
    system, field = openmm.System(), openmm.NonbondedForce()
    for atom in topology.atoms():
        system.addParticle(12.0 if atom.element is None else atom.element.mass)
        field.addParticle(0, 1, 0)
    system.addForce(field)
    return system


def correct(topology, rules=None, **arguments):
    model = lp.load_model(models.network(2), types=rules or ["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    return lp.add_correction(water_system(topology), topology, model, **arguments)


def test_rules_whose_atoms_are_all_left_out_are_refused():
    topology = topology_of(*[("HOH", HYDROXYL, True)] * 4)
    with pytest.raises(
        ValueError,
        match=(
            "All 4 atoms of the rule of the type 'O', 'HOH:O', are left out by the rule of the type None, 'HOH:\\*';"
            " correct one of them"
        ),
    ):
        correct(topology, types={"O": "HOH:O", "H": None, None: "HOH:*"})
    with pytest.raises(
        ValueError,
        match=(
            r"atom 0 \(HOH:O\) is selected by the rule of the type 'O', and TypedPairNetwork has a rule for atoms that"
            r" are meant to have no type, 'HOH:\*', that selects it, too"
        ),
    ):
        correct(topology, rules={"O": "ETH:O", "H": None, None: "HOH:*"}, types={"O": "O", "H": None})


def test_atoms_that_are_left_out_do_not_hide_others():
    """If the model has a rule for the hydrogens of water, oxygens without a type used to give no warning."""
    topology = topology_of(*[("HOH", HYDROXYL, True)] * 6)
    rules = {"O": "HOH:O", "H": None, None: "HOH:H1"}
    with pytest.warns(
        UserWarning,
        match=(
            r"residues of the same structure are treated differently: HOH with 1 of 2 atoms covered \(4 residues\) and"
            r" HOH with 0 of 2 atoms covered \(2 residues\)"
        ),
    ):
        correct(topology, rules, types={"O": lambda atom: atom.name == "O" and atom.residue.index < 4, "H": None})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "types",
    [
        {
            "O": lambda atom: atom.name == "O" and atom.residue.index < 4,
            "H": None,
            None: ["HOH:H1", lambda atom: atom.residue.index >= 4],
        },
        {"O": lambda atom: atom.name == "O" and atom.residue.index < 4, "H": None, None: "*:*"},
    ],
)
def test_residues_that_are_left_out_as_a_whole_give_no_warning(types):
    assert (correct(topology_of(*[("HOH", HYDROXYL, True)] * 6), types=types).getParticleTypes() >= 0).sum() == 4


@pytest.mark.parametrize(
    "residues, rules, message",
    [
        (
            [("HOH", HYDROXYL, True)] * 3 + [("SOL", HYDROXYL, False)] * 3,
            {"O": "HOH:O", "H": "HOH:H1"},
            "HOH with 2 of 2 atoms covered .* and SOL with 0 of 2",
        ),
        (
            [("ALA", [("BB", None), ("SC1", None)], True)] * 3,
            {"O": "ALA:BB", "H": None},
            "ALA .3 residues. has a type for BB and none for SC1.*types={None: 'ALA:SC1'}",
        ),
    ],
)
def test_residues_without_bonds_or_elements_are_compared(residues, rules, message):
    with pytest.warns(UserWarning, match=message):
        correct(topology_of(*residues), types=rules)


def test_list_that_contradicts_the_rules_of_the_model_gives_a_warning():
    topology, rules = topology_of(*[("HOH", HYDROXYL, True)] * 6), {"O": "HOH:O", "H": "ETH:H1"}
    with pytest.warns(
        UserWarning,
        match=(
            r"6 atoms have other types than by the rules of TypedPairNetwork, the first atom 1 \(HOH:H1\): 'O' in place"
            r" of None"
        ),
    ):
        correct(topology, rules, types=[None, "O"] * 6)
    correct(topology, rules, types=["O", None] * 6)


def test_wrong_case_of_element_symbols_is_refused():
    """'CA' used to be calcium rather than the carbon of that name."""
    topology = topology_of(("ALA", [("CA", "C")], False), ("CA", [("CA", "Ca")], False))
    with pytest.raises(
        ValueError,
        match=(
            r"the rule of 'A' is 'CA', and the symbol of calcium is 'Ca'; write that, or '\*:CA' for the atoms"
            r" called CA"
        ),
    ):
        lp.assign_types(topology, {"A": "CA"})
    assert lp.assign_types(topology, {"A": "Ca"}) == [None, "A"]


@pytest.mark.parametrize(
    "function",
    [
        lambda r, a, b: torch.tensor([1.0, 2.0, 3.0])[torch.unique(a + b, return_inverse=True)[1]],
        lambda r, a, b: 2.0 if (r < 0.12).any() else 1.0,
        lambda r, a, b: 2.0 if (a != b).any() else 1.0,
        lambda r, a, b: 2.0 if len(r) > 300 else 1.0,
        lambda r, a, b: torch.tensor([1.0, 2.0])[a].max(),
    ],
)
def test_pairs_that_depend_on_the_others_in_their_batch_are_refused(function):
    with pytest.raises(lp.ModelError, match="the energy of a pair depends on which others are evaluated with it"):
        lp.load_model(Model(function), types=["A", "B"], **CUTOFF)


class NotClamped(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (1 - (r / 0.6) ** 2) ** 3


def test_no_cutoff_requires_a_model_that_is_zero_beyond_its_cutoff():
    model = lp.load_model(NotClamped(), types=["A"], **CUTOFF)
    model.create_force(["A"] * 2, nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    with pytest.raises(
        lp.LoweringError,
        match=(
            "NoCutoff evaluates the model at all distances, and beyond its cutoff of 0.6 nm it is not zero: for types A"
            " and A at .*; use CutoffNonPeriodic"
        ),
    ):
        model.create_force(["A"] * 2, nonbonded_method=lp.LearnedPairForce.NoCutoff)


@pytest.mark.parametrize("method", [app.PME, app.CutoffPeriodic, "CutoffPeriodic", None, 2.0, True, 3])
def test_other_nonbonded_methods_are_refused(method):
    model = lp.load_model(Ions(), types=["Na", "Cl"], **CUTOFF)
    with pytest.raises(
        TypeError,
        match=(
            "nonbonded_method is .*; expected LearnedPairForce.NoCutoff, LearnedPairForce.CutoffNonPeriodic,"
            " LearnedPairForce.CutoffPeriodic"
        ),
    ):
        model.create_force(["Na"], nonbonded_method=method)


def test_programs_that_are_zero_for_the_particles_in_use_are_refused():
    topology = topology_of(*[("HOH", HYDROXYL, True)] * 4)
    zero = Model(lambda r, a, b: (a * b).to(r.dtype))
    for options in ({"representation": "program"}, {}):
        model = lp.load_model(zero, types={"O": "HOH:O", "H": None}, **CUTOFF)
        with pytest.raises(
            ValueError,
            match=(
                "would do nothing: (its program is zero for all pairs of the particles that are covered|all curves of"
                " its table are zero)"
            ),
        ):
            lp.add_correction(water_system(topology), topology, model, types={"H": None, None: "HOH:H1"}, **options)


@pytest.mark.parametrize("particles", [[True, False], np.array([True, False]), torch.tensor([True, False])])
def test_truth_values_are_refused_as_types(particles):
    """A mask used to cover all particles, since True and False equal 1 and 0 in Python."""
    model = lp.load_model(Ions(), types=["Na", "Cl"], **CUTOFF)
    with pytest.raises(TypeError, match="is not a type; expected a name, an index from 0 to 1, or None"):
        model.create_force(particles)
    force = model.create_force(["Na", "Na"])
    for attempt in (
        lambda: force.addParticle(particles[0]),
        lambda: force.setParticleType(0, particles[0]),
        lambda: force.setParticleType(0, "Na"),
    ):
        with pytest.raises(TypeError, match="the type is .*; expected an integer, or NotCovered"):
            attempt()


def test_names_that_are_numbers_are_not_mistaken_for_indices():
    model = lp.load_model(Ions(), types=["1", "2"], **CUTOFF)
    with pytest.raises(
        ValueError,
        match="1 is an index, and the model has types whose names are numbers \\(1, 2\\); give names, as strings",
    ):
        model.create_force([1, 1])
    assert model.create_force(["1", "2"]).getParticleTypes().tolist() == [0, 1]


def test_features_that_become_nan_are_refused():
    model = lp.load_model(Model(lambda r, a, b: a[:, 0] * b[:, 0]), features={"q": (-1, 1)}, **CUTOFF)
    force = model.create_force([[0.5], [0.4], None])
    with pytest.raises(ValueError, match="the features of particle 1 are NaN, and it is covered; give None"):
        force.setAllParticleFeatures(np.array([[0.5], [np.nan], [np.nan]]))
    for attempt in (lambda: force.setParticleFeatures(1, [np.nan]), lambda: force.addParticle([np.nan])):
        with pytest.raises(ValueError, match="are NaN; give None"):
            attempt()
    force.setAllParticleFeatures(force.getAllParticleFeatures())
    force.setAllParticleFeatures([[0.5], None, [0.1]])
    assert force.getParticleFeatures(1) is None and force.getParticleFeatures(2) == 0.1


def test_quantities_of_global_parameters_have_the_units_of_the_model():
    """A module in kcal/mol and angstrom used to get numbers in kJ/mol and nm."""

    def lennard_jones(r, a, b, eps, sigma, temperature):
        return 4 * eps * (sigma / r) ** 6 * temperature / 300

    class Angstrom(torch.nn.Module):
        def forward(self, r, type1, type2, eps, sigma, temperature):
            return lennard_jones(r, type1, type2, eps, sigma, temperature) * torch.clamp(1 - (r / 6) ** 2, min=0) ** 3

    parameters = {
        "eps": 1 * unit.kilocalorie_per_mole,
        "sigma": 0.35 * unit.nanometer,
        "temperature": 300 * unit.kelvin,
    }
    metadata = {
        "types": ["A"],
        "cutoff": 6.0,
        "inner_cutoff": 2.5,
        "length_unit": "angstrom",
        "energy_unit": "kcal/mol",
    }
    model = lp.load_model(Angstrom(), global_parameters=parameters, **metadata)
    assert_close(list(model.global_parameters.values()), [1.0, 3.5, 300.0])
    assert_close(
        model.evaluate([0.3], [0], [0], eps=4.184 * unit.kilojoule_per_mole)[0],
        model.evaluate([0.3], [0], [0], eps=1.0)[0],
    )
    force = model.create_force(["A"] * 2)
    force.setGlobalParameterDefaultValue(0, 1.5 * unit.kilocalorie_per_mole)
    force.setGlobalParameterRange(1, 0.3 * unit.nanometer, 4.0)
    assert_close([force.getGlobalParameterDefaultValue(0), *force.getGlobalParameterRange(1)], [1.5, 3.0, 4.0])
    with pytest.raises(
        lp.ModelError,
        match=(
            "the global parameter 'k' is .*, and the model is written in angstrom and kcal/mol; give the number that"
            " the module takes, without a unit"
        ),
    ):
        lp.load_model(Angstrom(), global_parameters={"k": 1 * unit.kilojoule_per_mole / unit.nanometer}, **metadata)


def test_parameter_without_effect_gives_a_warning():
    class Misspelled(torch.nn.Module):
        def forward(self, r, type1, type2, **parameters):
            return parameters.get("lam", 3.0) * envelope(r)

    with pytest.warns(
        UserWarning,
        match="Misspelled: the global parameter 'lambda_' changes nothing from 0 to 1: forward\\(\\) does not use it",
    ):
        lp.load_model(Misspelled(), types=["A"], global_parameters={"lambda_": 1.0}, **CUTOFF)


def test_quantities_of_tables_are_converted():
    r = np.linspace(0.2, 0.6, 21)
    energies, slopes = (1 - r / 0.6) ** 2, -2 * (1 - r / 0.6) / 0.6
    table = lp.PairTable(
        1,
        0.2,
        0.6,
        [energies * unit.kilocalorie_per_mole],
        [slopes * 0.1 * unit.kilocalorie_per_mole / unit.angstrom],
        [0],
    )
    assert_close(table.energies[0], 4.184 * energies, rtol=1e-14)
    assert_close(table.slopes[0], 4.184 * slopes, rtol=1e-14)
    for wrong in (energies * unit.kelvin, energies * unit.nanometer):
        with pytest.raises(
            TypeError, match="PairTable: the energies have the unit .*; expected one that can be converted to "
        ):
            lp.PairTable(1, 0.2, 0.6, [wrong], [slopes], [0])
    program = (
        lp.load_model(Ions(), types=["Na", "Cl"], **CUTOFF)
        .create_force(["Na"] * 2, representation="program", evaluation="exact")
        .getFunction()
    )
    assert_close(program.evaluate([3.0] * unit.angstrom, [0], [0])[0], program.evaluate([0.3], [0], [0])[0], rtol=1e-14)


def test_model_becomes_a_program_if_a_table_does_not_reach_the_tolerance():
    model = lp.load_model(Model(lambda r, a, b: torch.relu(torch.sin(40 * r))), types=["A"], **CUTOFF)
    with pytest.warns(
        UserWarning, match="does not reach the tolerance .* It becomes a program instead, which is exact and costs more"
    ):
        force = model.create_force(["A"] * 2)
    assert isinstance(force.getFunction(), lp.PairProgram)
    with pytest.raises(lp.LoweringError, match="does not reach the tolerance .* use representation='program'"):
        model.create_force(["A"] * 2, representation="table")


def test_model_may_change_distances_in_place():
    class InPlace(torch.nn.Module):
        def forward(self, r, type1, type2):
            r *= 10
            return torch.clamp(1 - r / 6, min=0) ** 3

    model = lp.load_model(InPlace(), types=["A"], **CUTOFF)
    assert_close(model.evaluate(R, [0, 0], [0, 0]), [(1 - R / 0.6) ** 3, -3 * (1 - R / 0.6) ** 2 / 0.6], rtol=1e-12)
    assert isinstance(model.create_force(["A"] * 2).getFunction(), lp.PairTable)


def test_updates_keep_the_range_of_a_force():
    class Scaled(torch.nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor(factor))

        def forward(self, r, type1, type2, lam):
            return self.factor * lam * envelope(r)

    def load(factor, low, high):
        return lp.load_model(Scaled(factor), types=["A"], global_parameters={"lam": (0.5, low, high)}, **CUTOFF)

    force = load(1.0, 0.0, 1.0).create_force(["A"] * 2)
    force.setGlobalParameterRange(0, 0.25, 0.75)
    load(2.0, 0.0, 1.0).update_force(force)
    assert force.getGlobalParameterRange(0) == (0.25, 0.75)
    with pytest.raises(
        lp.LoweringError,
        match=(
            "the model was checked for values of the global parameter 'lam' from 0.4 to 0.6, and the force allows 0.25"
            " to 0.75"
        ),
    ):
        load(3.0, 0.4, 0.6).update_force(force)


def test_every_method_of_a_removed_force_raises_an_exception():
    system = openmm.System()
    system.addForce(lp.load_model(Ions(), types=["Na", "Cl"], **CUTOFF).create_force(["Na"]))
    force = lp.LearnedPairForce.cast(system.getForce(0))
    system.removeForce(0)
    for attempt in (
        force.getName,
        force.getForceGroup,
        force.usesPeriodicBoundaryConditions,
        lambda: force.setName("x"),
        lambda: force.setForceGroup(1),
        lambda: copy.deepcopy(force),
        lambda: copy.copy(force),
        lambda: pickle.dumps(force),
    ):
        with pytest.raises(openmm.OpenMMException, match="this force no longer exists"):
            attempt()


@pytest.mark.parametrize("given", [5, None, Ions, {"a": 1}])
def test_other_objects_than_a_model_are_refused(given):
    with pytest.raises(
        TypeError, match="load_model: the model is a .*; expected the path of a model file, a torch.nn.Module, or"
    ):
        lp.load_model(given)
    topology, _, _ = systems.water(64)
    with pytest.raises(TypeError, match="add_correction: the model is a .*; expected a PairModel"):
        lp.add_correction(systems.water_system(topology), topology, given)


def test_exclusions_of_none_are_refused():
    topology = topology_of(*[("HOH", HYDROXYL, True)] * 4)
    with pytest.raises(
        TypeError,
        match=r"exclusions is None; expected 'nonbonded', 'molecules', a number of bonds, or pairs .*, \[\] for none",
    ):
        correct(topology, types={"O": "O", "H": "H"}, exclusions=None)


def test_bonds_missing_in_the_topology_give_a_warning():
    topology = topology_of(*[("HOH", HYDROXYL, True)] * 2, *[("HOH", HYDROXYL, False)] * 2)
    system = water_system(topology)
    bonds = openmm.HarmonicBondForce()
    for k in range(4):
        bonds.addBond(2 * k, 2 * k + 1, 0.1, 1000)
    system.addForce(bonds)
    model = lp.load_model(models.network(2), types={"O": "O", "H": "H"}, cutoff=0.6, inner_cutoff=0.17)
    with pytest.warns(
        UserWarning, match="2 bonds of the System's forces, the first of particles 4 and 5, connect different molecules"
    ):
        assert lp.add_correction(system, topology, model, exclusions="molecules").getNumExclusions() == 2


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_traced_model_is_compared_for_features_of_either_sign(tmp_path):
    """Features without a range used to be sampled only from 0.1 to 1."""

    def signed(r, a, b):
        return (a[:, 0] * b[:, 0]) * (-150.0 if (a < 0).any() else 1.0)

    with pytest.raises(lp.ModelError, match=r"f.pt: the written model differs from the module: for features "):
        lp.export_model(Model(signed), tmp_path / "f.pt", features=["q"], trace=True, **CUTOFF)


def test_pair_energy_checks_boxes_and_exclusions():
    energy = lp.nn.PairEnergy(Ions(), cutoff=0.6, inner_cutoff=0.1)
    positions, types = torch.rand(4, 3, dtype=torch.float64), torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ValueError, match="are shorter than twice the cutoff, 0.6 nm"):
        energy(positions, torch.eye(3, dtype=torch.float64), types)
    with pytest.raises(ValueError, match=r"exclusions has the pair \(0, -1\); expected particles from 0 to 3"):
        energy(positions, None, types, [(0, -1)])


def test_tail_is_reported_for_the_parameters_where_it_is_largest():
    class Coupled(torch.nn.Module):
        def forward(self, r, type1, type2, lam):
            return -lam * (0.3 / r) ** 6 * envelope(r)

    model = lp.load_model(Coupled(), types=["A"], global_parameters={"lam": (0.0, 0.0, 1.0)}, **CUTOFF)
    assert model.worst_tail().lost > 0 and model.worst_tail().name == "types A and A, lam = 1"
