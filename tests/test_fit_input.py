# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of what fits accept, convert and refuse: units, kinds of values, files, and work that would be lost."""

import json

import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from openmm import Vec3, unit

F = lp.fit
KCAL = unit.kilocalorie_per_mole
CUTOFF = 0.8


def lennard_jones(r):
    return 4 * 0.996 * ((0.34 / r) ** 12 - (0.34 / r) ** 6)


def dimers(count=30, low=0.3, high=0.78, types=("Ar", "Ar"), energy=lennard_jones):
    r = np.linspace(low, high, count)
    made = [F.Configuration(f"{x:.4f}", types, [[0, 0, 0], [0, 0, x]], energy=energy(x)) for x in r]
    return F.ReferenceData(made, "dimers", "a function")


def structure(**options):
    return F.Configuration(
        "one", **dict(types=("Ar", "Ar"), positions=[[0, 0, 0], [0, 0, 0.38]], energy=-1.0) | options
    )


# --- conversion ---


@pytest.mark.parametrize(
    "positions",
    [
        [np.zeros(3) * unit.angstrom, np.array([0, 0, 3.8]) * unit.angstrom],
        [Vec3(0, 0, 0) * unit.angstrom, Vec3(0, 0, 3.8) * unit.angstrom],
        [[0 * unit.angstrom] * 3, [0 * unit.nanometer, 0 * unit.nanometer, 0.38 * unit.nanometer]],
        np.array([[0, 0, 0], [0, 0, 3.8]], dtype=">f8") * unit.angstrom,
    ],
    ids=["arrays", "Vec3", "numbers", "one Quantity"],
)
def test_quantities_in_lists_are_converted(positions):
    assert_close(structure(positions=positions).positions, [[0, 0, 0], [0, 0, 0.38]], rtol=1e-12)
    force = [each * 1.0 for each in 2 * [np.ones(3) * KCAL / unit.angstrom]]
    assert_close(structure(forces=force).forces, np.full((2, 3), 41.84), rtol=1e-12)
    with pytest.raises(lp.ModelError, match="forces is in kelvin; expected"):
        structure(forces=2 * [np.ones(3) * unit.kelvin])
    changed = F.ReferenceData([structure()], "a", "b").with_baseline([1.0 * KCAL])
    assert changed[0].baseline_energy == pytest.approx(4.184)
    box = openmm.System().getDefaultPeriodicBoxVectors()
    assert_close(structure(energy=None, forces=np.zeros((2, 3)), box=box).box, 2 * np.eye(3))


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(positions=np.ma.array(np.zeros((2, 3)), mask=True)), "positions is a masked array, whose hidden values"),
        (dict(positions=[["0", "0", "0"], ["0", "0", "1"]]), "positions is .*; expected an array of numbers"),
        (dict(positions=np.zeros((2, 3), dtype=bool)), "positions is .*; expected an array of numbers"),
        (dict(positions=np.ones((2, 3), dtype=complex)), "positions is .*; expected an array of numbers"),
        (dict(positions=None), "positions is None; expected an array of numbers"),
        (dict(fragments=[2.0**53, 2.0**53 + 2]), r"fragments is .*; expected whole numbers, of at most 2\^53"),
        (dict(fragments=np.array([1, 2**63], dtype=np.uint64)), "fragments is .*; expected smaller numbers"),
        (dict(energy=True), "energy is True; expected a finite number"),
        (dict(energy=10**400), "energy is .*; expected a finite number"),
        (dict(baseline_energy=None), "baseline_energy is None; expected a finite number"),
        (dict(weight=None), "weight is None; expected a finite number"),
        (dict(types=("Ar", "")), "types has ''; expected names that are not empty"),
        (dict(types=(1, 2)), "types has 1; expected names"),
        (dict(types=None), "types is None; expected a list with one name for each atom"),
        (dict(types=b"Ar"), "types is b'Ar'; expected a list"),
    ],
    ids=str,
)
def test_other_kinds_of_values_are_refused(options, message):
    with pytest.raises(lp.ModelError, match=f"(?s){message}"):
        structure(**options)


def test_large_integers_are_different_fragments():
    assert structure(fragments=[2**53, 2**53 + 1]).fragments.tolist() == [2**53, 2**53 + 1]


@pytest.mark.parametrize("value", [-1, 1.5, "a", None, True, 2**64])
def test_wrong_seeds_are_refused(value):
    for call in (lambda: dimers().split(0.2, value), lambda: F.fit_network(dimers(), {}, cutoff=CUTOFF, seed=value)):
        with pytest.raises(lp.ModelError, match=r"seed is .*; expected an integer"):
            call()


@pytest.mark.parametrize("value", [np.nan, "0.2", None])
def test_wrong_fractions_are_refused(value):
    with pytest.raises(lp.ModelError, match="fraction is .*; expected a number between 0 and 1"):
        dimers().split(value)
    with pytest.raises(lp.ModelError, match="validation is .*; expected a fraction, or ReferenceData"):
        F.fit_network(dimers(), {}, cutoff=CUTOFF, validation=value)


def test_lists_in_place_of_data_are_refused():
    fit, given = F.fit_splines(dimers(), cutoff=CUTOFF), list(dimers())
    calls = {
        "fit_splines": lambda: F.fit_splines(given, cutoff=CUTOFF),
        "fit_network": lambda: F.fit_network(given, {}, cutoff=CUTOFF),
        "predict": lambda: fit.predict(given),
        r"\+": lambda: dimers() + given,
        "subtract_baseline": lambda: F.subtract_baseline(given, openmm.System()),
    }
    for what, call in calls.items():
        with pytest.raises(lp.ModelError, match=f"{what}: the data are a list; expected ReferenceData"):
            call()
    with pytest.raises(lp.ModelError, match="there is a dict; expected Configurations"):
        F.ReferenceData([{}], "a", "b")


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(within_cutoff="no"), "within_cutoff is 'no'; expected True or False"),
        (dict(smoothness="a"), "smoothness is 'a'; expected a positive number"),
        (dict(smoothness=True), "smoothness is True; expected a positive number"),
        (dict(energy_error=("a", 1)), "energy_error is .*; expected a positive absolute error"),
        (dict(energy_error=(True, 0)), "energy_error is .*; expected a positive absolute error"),
        (dict(num_intervals=2.5), "num_intervals is 2.5; expected an integer from 1"),
        (dict(inner_cutoff=-1), "inner_cutoff is -1; expected a positive number"),
    ],
)
def test_wrong_arguments_of_splines_are_refused(options, message):
    with pytest.raises(lp.ModelError, match=message):
        F.fit_splines(dimers(), **dict(cutoff=CUTOFF) | options)


def test_numbers_of_numpy_are_numbers():
    first = F.fit_splines(dimers(), cutoff=np.float32(0.5), num_intervals=np.int64(20), smoothness=np.float32(2))
    second = F.fit_splines(dimers(), cutoff=0.5, num_intervals=20, smoothness=2.0)
    assert_close(first.coefficients, second.coefficients, rtol=1e-12)
    options = dict(epochs=np.int64(2), batch_size=np.int32(8), learning_rate=np.float32(0.01), seed=np.int64(3))
    assert len(F.fit_network(dimers(), {}, cutoff=CUTOFF, **options).history) == 2


def test_a_cutoff_far_beyond_the_data_gives_a_warning():
    with pytest.warns(UserWarning, match="the data of Ar-Ar end at 0.45 nm, and the cutoff is 1.9 nm: most of the"):
        F.fit_splines(dimers(high=0.45), cutoff=1.9)


# --- files ---


def test_rows_with_too_many_fields_are_refused(tmp_path):
    """A decimal comma would make other numbers of them."""
    path = tmp_path / "d.csv"
    options = dict(length_unit="nm", energy_unit="kJ/mol", method="m")
    path.write_text("type1,type2,distance,energy\nAr,Ar,3,251,1,60\n", encoding="utf-8")
    with pytest.raises(lp.ModelError, match="d.csv line 2: the row has 6 fields, and the header 4; expected as many"):
        F.read_dimers(path, **options)
    path.write_text("type1,type2,distance,energy\nAr,Ar,3_8,1\n", encoding="utf-8")
    with pytest.raises(lp.ModelError, match="'distance' is '3_8'; expected a finite number"):
        F.read_dimers(path, **options)


def test_structures_after_an_empty_line_are_not_lost(tmp_path):
    pytest.importorskip("ase")
    path = tmp_path / "d.xyz"
    frame = "2\nenergy=-1\nAr 0 0 0\nAr 0 0 3.8\n"
    options = dict(length_unit="angstrom", energy_unit="eV", forces=None, method="m")
    path.write_text(frame + "\n" + frame, encoding="utf-8")
    with pytest.raises(lp.ModelError, match="d.xyz: line 5 is empty, and a structure should begin there"):
        F.read_extended_xyz(path, **options)
    path.write_text(frame + frame + "\n\n", encoding="utf-8")
    assert len(F.read_extended_xyz(path, **options)) == 2


# --- the baseline ---


def test_one_system_is_for_structures_of_one_kind():
    mixed = dimers(3) + dimers(3, types=("Ne", "Ar"))
    with pytest.raises(
        lp.ModelError, match="0.3000: the atoms have the types Ne, Ar, and those of 0.3000 the types Ar"
    ):
        F.subtract_baseline(mixed, openmm.System())
    for wrong in (None, "system.xml"):
        with pytest.raises(lp.ModelError, match=r"system is a \w+; expected an openmm.System"):
            F.subtract_baseline(dimers(), wrong)
    with pytest.raises(lp.ModelError, match="what the function returns is a NoneType"):
        F.subtract_baseline(dimers(), lambda each: None)


def test_a_model_says_whether_it_has_a_baseline():
    plain = F.fit_splines(dimers(), cutoff=CUTOFF, inner_cutoff=0.3)
    corrected = F.fit_splines(dimers().with_baseline(np.full(30, 0.1)), cutoff=CUTOFF, inner_cutoff=0.3)
    assert plain.model.training["baseline"] == "none" and "baseline none" in str(plain.model)
    assert corrected.model.training["baseline"] == "subtracted"
    with pytest.raises(
        lp.ModelError, match=r"members\[1\] .* was fitted with the baseline 'subtracted', and members\[0\]"
    ):
        lp.load_committee([plain.model, corrected.model])


# --- rigid molecules, the inner cutoff, the domain ---


def test_fragments_that_the_box_wraps_are_whole():
    """Forces within a rigid molecule do not count, wherever the box cuts it."""
    water = np.array([[0.0, 0.0, 0.0], [0.0957, 0.0, 0.0], [-0.024, 0.0927, 0.0]])
    bond = water[1] - water[0]
    forces = 700 * np.array([bond, -bond, 0 * bond])
    for shift in (0.5, 1.98):
        one = F.Configuration(
            "w",
            ("O", "H", "H"),
            (water + shift) % 2.0,
            forces=forces,
            box=2 * np.eye(3),
            fragments=[0, 0, 0],
            rigid=True,
        )
        assert np.abs(one.forces).max() < 1e-10
    assert np.abs(one.positions[0] - one.positions[1]).max() > 1  # it is wrapped


def test_errors_are_those_of_the_force_below_the_inner_cutoff():
    """For distances below it, given or not, against the force in a Context."""
    near = dimers(3, 0.27, 0.29)
    fits = [
        F.fit_splines(dimers(), cutoff=CUTOFF),
        F.fit_splines(dimers(), cutoff=CUTOFF, inner_cutoff=0.34),
        F.fit_expression(
            dimers(), "A/r^12 - C/r^6", {"A": 1e-5, "C": 1e-2}, cutoff=CUTOFF, inner_cutoff=0.34, constants={}
        ),
        F.fit_network(dimers(), {}, cutoff=CUTOFF, epochs=2, inner_cutoff=0.34, validation=near),
    ]
    for fit in fits:
        force = fit.model.create_force(
            ["Ar", "Ar"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic, tolerance=1e-7
        )
        system = openmm.System()
        for _ in range(2):
            system.addParticle(40.0)
        system.addForce(force)
        platform = openmm.Platform.getPlatform("Reference")
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
        errors = []
        for each in near:
            context.setPositions(each.positions)
            errors.append(context.getState(energy=True).getPotentialEnergy()._value - each.energy)
        if isinstance(fit, F.NetworkFit):
            assert fit.energy_error == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-4)
        else:
            assert_close([each.energy for each in fit.predict(near)], errors, rtol=1e-4)


def test_the_domain_of_data_that_end_near_the_cutoff_ends_at_the_cutoff():
    """Without a box the tail is part of the fit; a network has none."""
    assert F.fit_splines(dimers(high=0.5), cutoff=CUTOFF).model.domain["Ar", "Ar"] == (0.3, CUTOFF)
    for high, expected in ((0.5, 0.5), (0.77, CUTOFF)):
        fit = F.fit_splines(dimers(high=high), cutoff=CUTOFF, within_cutoff=True)
        assert fit.model.domain["Ar", "Ar"] == (0.3, pytest.approx(expected))
        fit = F.fit_network(dimers(high=high), {}, cutoff=CUTOFF, epochs=1, validation=dimers(5, 0.35, 0.45))
        assert fit.model.domain["Ar", "Ar"] == (0.3, pytest.approx(expected))


def test_a_committee_has_the_domain_of_all_members():
    """In any order, and also if one of them is written in angstrom."""
    fits = [F.fit_splines(dimers(30, low, high), cutoff=CUTOFF, inner_cutoff=0.28, within_cutoff=True)
            for low, high in ((0.30, 0.60), (0.32, 0.70))]  # fmt: skip
    models = [fit.model for fit in fits]

    class InAngstrom(torch.nn.Module):
        def forward(self, r, type1, type2):
            return -1e3 * torch.clamp(1 - r / 8, min=0) ** 4 / r**6

    angstrom = lp.load_model(
        InAngstrom(), types=["Ar"], cutoff=8.0, inner_cutoff=2.8, switching_distance=7.2, length_unit="angstrom",
        domain={("Ar", "Ar"): (3.1, 6.5)},
    )  # fmt: skip
    for members in (models, models[::-1], [*models, angstrom], [angstrom, *models]):
        low, high = lp.load_committee(members).domain["Ar", "Ar"]
        assert (low, high) == (pytest.approx(0.32), pytest.approx(0.60))
    unknown = lp.load_model(InAngstrom(), types=["Ar"], cutoff=8.0, inner_cutoff=2.8, switching_distance=7.2,
                            length_unit="angstrom")  # fmt: skip
    assert lp.load_committee([models[0], unknown]).domain is None
    assert lp.load_committee(models).training["members"] == [each.training for each in models]


# --- networks ---


def test_a_fitted_module_can_be_fitted_again():
    first = F.fit_network(dimers(), {"hidden": (4, 4)}, cutoff=CUTOFF, epochs=2)
    second = F.fit_network(dimers(), first.model.module, cutoff=CUTOFF, epochs=5)
    assert len({loss for _, _, loss in second.history}) == 5
    scripted = torch.jit.script(lp.nn.TypedPairNetwork(1, CUTOFF, hidden=(4, 4), inner=0.3))
    assert len({loss for _, _, loss in F.fit_network(dimers(), scripted, cutoff=CUTOFF, epochs=3).history}) == 3

    class Fixed(torch.nn.Module):
        def forward(self, r, type1, type2):
            return torch.clamp(CUTOFF - r, min=0) ** 3

    with pytest.raises(lp.ModelError, match="the network has no parameters; there is nothing to fit"):
        F.fit_network(dimers(), Fixed(), cutoff=CUTOFF)
    with pytest.raises(lp.ModelError, match="network is a str; expected a torch.nn.Module, or a dict"):
        F.fit_network(dimers(), "x", cutoff=CUTOFF)


class WithDropout(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.network = lp.nn.TypedPairNetwork(1, CUTOFF, hidden=(8, 8), inner=0.3)
        self.dropout = torch.nn.Dropout(0.3)

    def forward(self, r, type1, type2):
        return self.dropout(self.network(r, type1, type2))


def test_a_network_that_draws_random_numbers_resumes_to_the_same_result(tmp_path):
    options = dict(cutoff=CUTOFF, epochs=4, validation=dimers(7, 0.35, 0.6))
    whole = F.fit_network(dimers(), WithDropout(), **options)

    class Stop(Exception):
        pass

    def stop(epoch, *_):
        if epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        F.fit_network(dimers(), WithDropout(), checkpoint=tmp_path / "c", progress=stop, **options)
    torch.manual_seed(99)
    resumed = F.fit_network(dimers(), WithDropout(), checkpoint=tmp_path / "c", **options)
    assert resumed.history == whole.history
    module = whole.model.module  # the reported error is that of the model, without dropout
    r = torch.tensor([each.positions[1, 2] for each in whole.validation])
    types = torch.zeros(len(r), dtype=torch.int64)
    errors = module.network(r, types, types).detach().numpy() - [each.energy for each in whole.validation]
    assert whole.energy_error == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-9)


def test_pairs_of_types_without_data_give_a_warning():
    data = dimers() + dimers(types=("Kr", "Kr"))
    with pytest.warns(UserWarning, match="no fitted configuration has Ar-Kr in range: the functions of these pairs"):
        F.fit_network(data, {}, cutoff=CUTOFF, epochs=1)


@pytest.mark.parametrize("checkpoint", ["", "."])
def test_a_checkpoint_that_is_no_file_is_refused_at_once(checkpoint):
    with pytest.raises(lp.ModelError, match="checkpoint is .*; expected the name of a file"):
        F.fit_network(dimers(), {}, cutoff=CUTOFF, checkpoint=checkpoint, progress=lambda *_: pytest.fail("it ran"))


def test_errors_are_found_before_the_fit():
    """A pair of types at one distance, and a module that is no model."""

    class Column(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, r, type1, type2):
            return self.weight * torch.clamp(CUTOFF - r, min=0)[:, None] ** 3

    options = dict(cutoff=CUTOFF, progress=lambda *_: pytest.fail("it ran"))
    one = F.ReferenceData([structure(types=("Ar", "Kr"), positions=[[0, 0, 0], [0, 0, 0.4]])], "a", "b")
    with pytest.raises(lp.ModelError, match=r"the domain of 'Ar' and 'Kr' is \(0.4, 0.4\)"):
        F.fit_network(dimers() + one + one, {}, types=["Ar", "Kr"], validation=dimers(5), **options)
    with pytest.raises(lp.ModelError):
        F.fit_network(dimers(), Column(), **options)


# --- analytic functions ---


def test_constants_are_not_fitted():
    """Of a Lennard-Jones potential plus a repulsion that is known for each pair of types."""
    of_kr = lambda r: lennard_jones(r) + 200 * np.exp(-12 * r)  # noqa: E731
    data = dimers() + dimers(types=("Kr", "Kr"), energy=of_kr)
    constants = {"B": {("Ar", "Ar"): 0.0, ("Kr", "Kr"): 200.0}, "b": 12.0}
    fit = F.fit_expression(
        data, "A/r^12 - C/r^6 + B*exp(-b*r)", {"A": 1e-5, "C": 1e-2}, cutoff=CUTOFF, constants=constants
    )
    for pair in (("Ar", "Ar"), ("Kr", "Kr")):
        found = fit.pairs[pair].parameters
        assert found["C"] == pytest.approx(4 * 0.996 * 0.34**6, rel=1e-6)
        assert found["B"] == constants["B"][pair] and np.isnan(fit.pairs[pair].standard_errors["B"])
    with pytest.raises(lp.ModelError, match="C is a parameter and a constant"):
        F.fit_expression(data, "C/r", {"C": 1.0}, cutoff=CUTOFF, constants={"C": 1.0})
    twice = {("Ar", "Kr"): 1.0, ("Kr", "Ar"): 2.0}
    with pytest.raises(lp.ModelError, match=r"parameters has C for \('Ar', 'Kr'\) in both orders; leave one out"):
        F.fit_expression(data, "C/r", {"C": twice}, cutoff=CUTOFF)


# --- figures and reports ---


def test_the_well_is_that_of_dimers():
    """Deep clusters do not change the depth to which the errors of a pair are compared."""
    r = 0.38
    triangle = r * np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.75**0.5, 0]])
    cluster = F.Configuration("triangle", 3 * ("Ar",), triangle, energy=3 * lennard_jones(r))
    fit = F.fit_splines(dimers() + F.ReferenceData([cluster], "a", "b"), cutoff=CUTOFF)
    errors = fit.model.training["errors_left_out"]["Ar-Ar"]["energy_kJ_per_mol"]
    assert errors["depth"] == pytest.approx(-min(each.energy for each in dimers()))


def test_other_results_are_refused_by_plot_fit(tmp_path):
    with pytest.raises(lp.ModelError, match="plot_fit: got a NoneType; expected the result of a fit"):
        F.plot_fit(None, tmp_path)


def test_infinite_bounds_are_texts_in_json(tmp_path, capsys):
    from learnedpair.cli import main

    rows = [f"Ar,Ar,{each.positions[1, 2]},{each.energy}" for each in dimers()]
    (tmp_path / "d.csv").write_text("\n".join(["type1,type2,distance,energy", *rows]), encoding="utf-8")
    (tmp_path / "fit.toml").write_text(
        '[[data]]\nfile = "d.csv"\nformat = "dimers"\nlength_unit = "nm"\nenergy_unit = "kJ/mol"\nmethod = "m"\n'
        '[fit]\ncutoff = 0.8\nexpression = "A/r^12 - C/r^6"\nparameters = { A = 1e-5, C = 1e-2 }\n'
        'bounds = { C = [0, inf] }\n[output]\nmodel = "m.pt"\n',
        encoding="utf-8",
    )
    assert main(["fit", str(tmp_path / "fit.toml"), "--json", str(tmp_path / "f.json")]) == 0
    document = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert document["settings"]["fit"]["bounds"] == {"C": [0, "inf"]}
