# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of spline fits: the basis, the least squares, known functions that are found again, and the rare gases."""

import dataclasses
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import oracle
import pytest
import torch
from comparators import REFERENCE, assert_close
from documentation import python_code
from learnedpair.fit.basis import InverseSplineBasis
from learnedpair.fit.least_squares import SMOOTHNESS, Problem, solve
from learnedpair.fit.module import InverseSplineCurves
from learnedpair.fit.summary import energy_errors, force_error
from openmm import unit

DIMERS = Path(__file__).resolve().parents[1] / "examples" / "rare_gases" / "dimers.csv"
BASIS = InverseSplineBasis(0.2, 1.1, 12)


def coefficients(basis, seed=0):
    return np.random.default_rng(seed).normal(size=basis.size)


# The basis.


def test_derivatives_of_the_basis_are_differences():
    """Below the shortest distance, between the knots, at them, and beyond the longest distance."""
    knots = 1 / np.linspace(1 / 1.1, 1 / 0.2, 13)
    r, step = np.concatenate([[0.1, 0.15, 1.3, 2.0], knots[1:-1], np.linspace(0.21, 1.09, 40)]), 1e-6
    values = [BASIS.evaluate(r + shift)[0] for shift in (step, -step)]
    slopes = BASIS.evaluate(r)[1]
    assert_close((values[0] - values[1]) / (2 * step), slopes, atol=1e-5 * np.abs(slopes).max())


def test_the_basis_has_two_continuous_derivatives():
    c = coefficients(BASIS)
    for knot in 1 / np.linspace(1 / 1.1, 1 / 0.2, 13)[1:-1]:
        below, above = (BASIS.evaluate(np.array([knot + shift]))[1] @ c for shift in (-1e-9, 1e-9))
        assert_close(below, above, rtol=1e-5)


def test_the_basis_continues_as_a_line_and_as_dispersion():
    """As a straight line far below the shortest distance, with a continuous second derivative; as C6/r^6 + C8/r^8
    beyond the longest distance.
    """
    c = coefficients(BASIS)
    r = np.array([0.001, 0.005, 0.01])
    energy, dEdR = (part @ c for part in BASIS.evaluate(r))
    assert_close(dEdR, np.full(3, dEdR[-1]), rtol=1e-7)
    assert_close(np.diff(energy) / np.diff(r), dEdR[1:], rtol=1e-7)
    step = 1e-6
    below, at, above = (BASIS.evaluate(np.array([0.2 + k * step]))[1][0] @ c for k in (-1, 0, 1))
    assert_close((at - below) / step, (above - at) / step, rtol=1e-3)
    assert_close((above - below) / (2 * step), BASIS.curvature_at_shortest() @ c[-4:], rtol=1e-3)
    r = np.array([1.1, 1.5, 3.0, 50.0])
    scaled = BASIS.evaluate(r)[0] @ c * r**6
    c8 = np.diff(scaled) / np.diff(1 / r**2)
    assert_close(c8, np.full(3, c8[0]), rtol=1e-9)
    assert_close(BASIS.at_infinity() @ c * 1.1**6, scaled[0] - c8[0] / 1.1**2, rtol=1e-9)


def test_the_module_equals_the_basis():
    bases = [BASIS, InverseSplineBasis(0.15, 0.9, 12)]
    c = [coefficients(basis, seed) for seed, basis in enumerate(bases)]
    module = InverseSplineCurves(bases, c, np.array([[0, 1], [1, -1]]))
    r = torch.tensor([0.1, 0.15, 0.2, 0.33, 0.9, 1.0, 1.1, 2.0], dtype=torch.float64, requires_grad=True)
    for first, second, index in ((0, 0, 0), (0, 1, 1), (1, 0, 1)):
        types = [torch.full((8,), each) for each in (first, second)]
        energy = module(r, *types)
        (dEdR,) = torch.autograd.grad(energy.sum(), r)
        expected = [part @ c[index] for part in bases[index].evaluate(r.detach().numpy())]
        assert_close(energy.detach().numpy(), expected[0], rtol=1e-12)
        assert_close(dEdR.numpy(), expected[1], rtol=1e-11)
        scripted = torch.jit.script(module)(r, *types)
        assert_close(scripted.detach().numpy(), expected[0], rtol=1e-12)
    assert not module(r, torch.ones(8, dtype=torch.int64), torch.ones(8, dtype=torch.int64)).any()


# Least squares.


def problem(rows_per_group, constraints=0, seed=0):
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(rows_per_group)), rows_per_group)
    matrix, target = random.normal(size=(len(groups), 6)), random.normal(size=len(groups))
    penalty, constrained = np.diff(np.eye(6), 2, axis=0), random.normal(size=(constraints, 6))
    return Problem(matrix, target, groups, penalty, constrained, np.zeros(len(groups), dtype=bool))


def direct(each, smoothness, left_out=None):
    """The solution by Lagrange multipliers, without the rows of a group."""
    kept = each.groups != left_out
    matrix, target = each.matrix[kept], each.target[kept]
    normal = matrix.T @ matrix + smoothness * each.penalty.T @ each.penalty
    n = len(each.constraints)
    system = np.block([[normal, each.constraints.T], [each.constraints, np.zeros((n, n))]])
    return np.linalg.solve(system, np.concatenate([matrix.T @ target, np.zeros(n)]))[:6]


@pytest.mark.parametrize("rows", [[1] * 20, [1, 4, 2, 7, 3, 5]])
@pytest.mark.parametrize("constraints", [0, 2])
def test_leave_one_out_errors_are_those_of_fits_without_a_configuration(rows, constraints):
    each = problem(rows, constraints)
    solution = solve(each, 0.3)
    assert_close(solution.coefficients, direct(each, 0.3), rtol=1e-9)
    assert_close(solution.residuals, each.matrix @ solution.coefficients - each.target, atol=1e-12)
    for group in range(len(rows)):
        own = each.groups == group
        expected = each.matrix[own] @ direct(each, 0.3, left_out=group) - each.target[own]
        assert_close(solution.leave_one_out[own], expected, rtol=1e-8)


def test_the_effective_number_of_coefficients_and_the_covariance():
    """The trace of the matrix from data to predictions; the covariance for a weak penalty is that of least squares."""
    each = problem([1] * 20)
    hat = np.stack([direct(dataclasses.replace(each, target=row), 0.3) for row in np.eye(20)])
    assert_close(solve(each, 0.3).num_effective, np.trace(each.matrix @ hat.T), rtol=1e-9)
    solution = solve(each, 1e-9)
    assert_close(solution.root @ solution.root.T, np.linalg.inv(each.matrix.T @ each.matrix), rtol=1e-6)
    row = np.arange(6.0)
    expected = solution.error_of_rows * np.sqrt(row @ np.linalg.inv(each.matrix.T @ each.matrix) @ row)
    assert_close(solution.error_of(row), expected, rtol=1e-6)
    assert_close(solution.error_of_rows, np.sqrt((solution.residuals**2).sum() / 14), rtol=1e-6)


def test_the_smoothness_has_the_smallest_leave_one_out_error():
    random = np.random.default_rng(3)
    x = np.sort(random.random(40))
    matrix = np.stack([np.exp(-0.5 * ((x - center) / 0.05) ** 2) for center in np.linspace(0, 1, 25)], axis=1)
    noisy = Problem(
        matrix,
        np.sin(6 * x) + 0.2 * random.normal(size=40),
        np.arange(40),
        np.diff(np.eye(25), 3, axis=0),
        np.zeros((0, 25)),
        np.arange(40) < 2,
    )
    chosen = solve(noisy)
    counted = ~noisy.at_ends
    errors = {each: solve(noisy, each).leave_one_out_error(counted) for each in SMOOTHNESS}
    assert_close(errors[chosen.smoothness], np.sqrt(np.mean(chosen.leave_one_out[2:] ** 2)), rtol=1e-9)
    within = [each for each, error in errors.items() if error <= 1.02 * min(errors.values())]
    assert chosen.smoothness == max(within)
    assert 2 < chosen.num_effective < 15


def test_undetermined_coefficients_are_refused():
    each = problem([1] * 20)
    doubled = Problem(
        np.concatenate([each.matrix, each.matrix], axis=1),
        each.target,
        each.groups,
        np.zeros((1, 12)),
        np.zeros((0, 12)),
        each.at_ends,
    )
    with pytest.raises(lp.ModelError, match="the data do not determine the pair functions"):
        solve(doubled, 1.0)


# Known functions.


def exponential(pair):
    """A function for each pair of types, and its derivative."""
    strength, decay = {("A", "A"): (400.0, 20.0), ("A", "B"): (-90.0, 12.0), ("B", "B"): (250.0, 15.0)}[pair]
    return lambda r: strength * np.exp(-decay * r), lambda r: -strength * decay * np.exp(-decay * r)


def cluster(seed, box=None, energy=True, forces=True):
    """Four molecules A-B-B, which may overlap less than 0.2 nm, with energies and forces of the functions above."""
    random = np.random.default_rng(seed)
    types, fragments = ("A", "B", "B") * 4, np.repeat(np.arange(4), 3)
    edge = 0.9 if box is None else box
    while True:
        centers = edge * random.random((4, 3))
        positions = (centers[:, None] + 0.06 * random.normal(size=(4, 3, 3))).reshape(-1, 3)
        delta = positions[None] - positions[:, None]
        if box is not None:
            delta -= box * np.round(delta / box)
        r = np.sqrt((delta**2).sum(axis=2))
        between = fragments[:, None] != fragments
        if r[between].min() > 0.2:
            break
    total, total_forces = 0.0, np.zeros((12, 3))
    for i, j in zip(*np.nonzero(np.triu(between))):
        if box is not None and r[i, j] >= 0.9:
            continue
        value, slope = exponential(tuple(sorted((types[i], types[j]))))
        s, dsdr = (1.0, 0.0) if box is None else oracle.switching(r[i, j], 0.7, 0.9)
        total += s * value(r[i, j])
        push = (s * slope(r[i, j]) + dsdr * value(r[i, j])) * delta[i, j] / r[i, j]
        total_forces[i] += push
        total_forces[j] -= push
    return lp.fit.Configuration(
        f"cluster {seed}",
        types,
        positions,
        energy=total if energy else None,
        forces=total_forces if forces else None,
        box=None if box is None else box * np.eye(3),
        fragments=fragments,
    )


def data_of(configurations):
    return lp.fit.ReferenceData(configurations, "clusters", "exponential functions")


@pytest.mark.parametrize(
    "options", [dict(), dict(forces=False), dict(energy=False), dict(box=1.9, energy=False), dict(box=1.9)], ids=str
)
def test_known_functions_are_found(options):
    configurations = [cluster(seed, **options) for seed in range(120 if options.get("forces", True) else 400)]
    fit = lp.fit.fit_splines(data_of(configurations), cutoff=0.9, switching_distance=0.7, num_intervals=20)
    assert list(fit.pairs) == [("A", "A"), ("A", "B"), ("B", "B")]
    for pair, result in fit.pairs.items():
        value, slope = exponential(pair)
        r = np.linspace(0.25, 0.65, 30)
        found, dEdR = result.evaluate(r)
        if options.get("energy", True):
            assert_close(found, value(r), atol=0.02)
        assert_close(dEdR, slope(r), atol=0.02 * np.abs(slope(r)).max())
    summary = energy_errors(fit.predictions(), left_out=True)
    assert (summary is None) == (not options.get("energy", True))
    if options.get("forces", True):
        assert force_error(fit.predictions(), left_out=True) < 1


def test_the_force_in_openmm_has_the_fitted_energy():
    configurations = [cluster(seed) for seed in range(60)]
    fit = lp.fit.fit_splines(data_of(configurations), cutoff=0.9, truncated=True, num_intervals=20)
    force = fit.model.create_force(
        list(configurations[0].types), nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic
    )
    force.addExclusions([(i, j) for i in range(12) for j in range(i) if i // 3 == j // 3])
    system = openmm.System()
    for _ in range(12):
        system.addParticle(1.0)
    system.addForce(force)
    context = REFERENCE.context(system, configurations[0].positions)
    predictions = fit.predictions()
    for each, predicted in zip(configurations, predictions):
        if max(r.max() for r in predicted.distances.values()) > 0.9:
            continue
        context.setPositions(each.positions)
        state = context.getState(energy=True, forces=True)
        assert_close(state.getPotentialEnergy()._value, each.energy + predicted.energy, atol=1e-2)
        assert_close(state.getForces(asNumpy=True)._value, each.forces + predicted.forces, atol=0.1)


@pytest.mark.parametrize("box", [None, 1.9])
def test_predictions_of_configurations_that_were_not_fitted(box):
    """Against a sum of the fitted functions over pairs; with the switching function in a box."""
    fit = lp.fit.fit_splines(
        data_of([cluster(seed, box) for seed in range(40)]), cutoff=0.9, switching_distance=0.7, num_intervals=20
    )
    held_out = [cluster(seed, box) for seed in range(100, 103)]
    held_out[1] = dataclasses.replace(held_out[1], energy=None, weight=4.0)
    held_out[2] = dataclasses.replace(held_out[2], forces=None, baseline_energy=1.5)
    found = fit.predict(data_of(held_out))
    assert [(each.energy is None, each.forces is None) for each in found] == [(0, 0), (1, 0), (0, 1)]
    for each, prediction in zip(held_out, found):
        energy, forces = fitted_interaction(fit, each, box)
        if each.energy is not None:
            assert_close(prediction.energy, energy - (each.energy - each.baseline_energy), atol=1e-9)
            assert prediction.energy_left_out == prediction.energy
        if each.forces is not None:
            assert_close(prediction.forces, forces - each.forces, atol=1e-8)
    errors = fit.with_held_out(data_of(held_out)).model.training["errors_held_out"]["A-B"]
    assert errors["configurations"] == 3
    components = np.concatenate([found[0].forces, found[1].forces])
    assert_close(errors["rms_force_kJ_per_mol_nm"], np.sqrt(np.mean(components**2)), rtol=1e-12)


def fitted_interaction(fit, configuration, box):
    """The energy and the forces of a cluster, pair by pair."""
    energy, forces = 0.0, np.zeros((12, 3))
    fragments, types = configuration.fragments, configuration.types
    for i, j in zip(*np.nonzero(np.triu(fragments[:, None] != fragments))):
        delta = configuration.positions[j] - configuration.positions[i]
        delta -= 0 if box is None else box * np.round(delta / box)
        r = np.linalg.norm(delta)
        if box is not None and r >= 0.9:
            continue
        (value,), (slope,) = fit.pairs[tuple(sorted((types[i], types[j])))].evaluate([r])
        s, dsdr = (1.0, 0.0) if box is None else oracle.switching(r, 0.7, 0.9)
        energy += s * value
        push = (s * slope + dsdr * value) * delta / r
        forces[i] += push
        forces[j] -= push
    return energy, forces


def test_predictions_of_the_fitted_data_are_their_residuals(rare_gases):
    predicted, fitted = rare_gases.predict(rare_gases.data), rare_gases.predictions()
    assert_close([each.energy for each in predicted], [each.energy for each in fitted], atol=1e-8)


def test_predictions_of_other_pairs_of_types_are_refused(rare_gases):
    with pytest.raises(lp.ModelError, match="dimer 0.3: Ar and Xe are in range, and no configuration of the fit has"):
        rare_gases.predict(data_of([dimer(0.3, ("Xe", "Ar"))]))
    with pytest.raises(lp.ModelError, match="dimer 0.3: no two atoms of different fragments are in range"):
        rare_gases.predict(data_of([dimer(0.3, ("Ar", "Ar"), fragments=[0, 0])]))


def test_held_out_errors_have_the_well_of_the_fitted_data(rare_gases):
    """On the wall there is only a relative error, and where the data have no energies there are those of forces."""
    data = rare_gases.data.select(lambda each: (each.energy or 0) > 20)
    wall = rare_gases.with_held_out(data)
    found = wall.model.training["errors_held_out"]["Ar-Ar"]
    assert 0 < found["configurations"] == sum(each.types == ("Ar", "Ar") for each in data) < len(data)
    errors = found["energy_kJ_per_mol"]
    assert errors["rms"] is None and errors["largest"] is None and 0 < errors["largest_of_wall"] < 0.05
    assert errors["depth"] == rare_gases.model.training["errors_left_out"]["Ar-Ar"]["energy_kJ_per_mol"]["depth"]
    *_, line = (line for line in str(wall).splitlines() if line.startswith("Ar-Ar"))
    assert line.split()[-4:] == ["-", "-", "-", f"{errors['largest_of_wall']:.2%}"]
    forces = rare_gases.with_held_out(data_of([dimer(0.4, ("Ar", "Ar"), energy=None, forces=np.zeros((2, 3)))]))
    slope = rare_gases.pairs["Ar", "Ar"].evaluate([0.4])[1][0]
    assert str(forces).endswith(f"no energies; forces {abs(slope) / np.sqrt(3):.3g} kJ/mol/nm RMS")
    assert "configurations that were not fitted" not in str(rare_gases)


def test_a_repulsive_end_unless_the_data_say_otherwise():
    """Noise makes the slope at the shortest distance attractive; an attraction that the data show remains."""
    random = np.random.default_rng(5)
    r = np.linspace(0.3, 0.9, 25)

    def fitted(r, energies):
        configurations = [
            lp.fit.Configuration(f"{x}", ("A", "A"), [[0, 0, 0], [0, 0, x]], energy=e) for x, e in zip(r, energies)
        ]
        return lp.fit.fit_splines(data_of(configurations), cutoff=1.0, energy_error=(0.05, 0.0)).pairs["A", "A"]

    results = [fitted(r, 0.2 * random.normal(size=25)) for _ in range(12)]
    assert any(result.is_flat for result in results)
    for result in results:
        slope = result.evaluate(np.array([0.01]))[1][0]
        assert slope < 1e-6 or not result.is_flat
        if result.is_flat:
            assert abs(slope) < 1e-6  # rounding; other slopes are above 1 kJ/mol/nm
    r = np.linspace(0.3, 0.9, 100)
    attractive = fitted(r, -50 * np.exp(-5 * r))
    assert not attractive.is_flat
    assert_close(attractive.evaluate(np.array([0.3]))[1], [250 * np.exp(-1.5)], rtol=0.01)


def soft_repulsion(r):
    return 50 * np.exp(-9 * (r - 0.3))


def curve_of(r, function=soft_repulsion, types=("A", "A")):
    energies = function(r)
    return [
        lp.fit.Configuration(f"dimer {x:.4g}", types, [[0, 0, 0], [0, 0, x]], energy=e) for x, e in zip(r, energies)
    ]


def test_a_single_close_contact_does_not_spoil_the_rest():
    """It alone determines a part of the function, so that it has no leave-one-out error."""
    r = np.linspace(0.3, 0.9, 80)
    alone = lp.fit.fit_splines(data_of(curve_of(r)), cutoff=1.0)
    with (
        pytest.warns(UserWarning, match=r"without dimer 0.1 \(1 of the configurations\), the data do not determine"),
        pytest.warns(UserWarning, match=r"where the data have a gap from 0.1 to 0.3 nm; add data there"),
    ):
        both = lp.fit.fit_splines(data_of([*curve_of(r), *curve_of(np.array([0.1]))]), cutoff=1.0)
    for fit, largest in ((alone, 1e-3), (both, 0.05)):
        found = fit.pairs["A", "A"].evaluate(r)[0]
        assert np.abs(found - soft_repulsion(r)).max() < largest
    assert both.pairs["A", "A"].smoothness < 1e6
    assert "since without them the data do not determine the functions at their distances: 1" in str(both)


def test_a_gap_without_an_extremum_gives_no_warning(recwarn):
    r = np.concatenate([np.linspace(0.3, 0.4, 30), np.linspace(0.55, 0.9, 30)])
    lp.fit.fit_splines(data_of(curve_of(r)), cutoff=1.0)
    assert not recwarn.list


def test_a_lowest_energy_that_is_negative_by_chance_is_no_well():
    """The default error of the energies would become a thousandth of it."""
    r = np.linspace(0.3, 0.9, 60)
    energies = soft_repulsion(r)
    configurations = curve_of(r, lambda _: np.where(np.arange(60) == 50, -1e-6, energies))
    fit = lp.fit.fit_splines(data_of(configurations), cutoff=1.0)
    summary = energy_errors(fit.predictions(), left_out=True)
    assert summary.depth == 0 and np.isnan(summary.largest_of_wall)


def test_pairs_of_types_have_the_order_of_the_types_and_either_order():
    data = data_of(curve_of(np.linspace(0.3, 0.9, 20), types=("O", "H-1")))
    fit = lp.fit.fit_splines(data, cutoff=1.0)
    assert fit.pairs["O", "H-1"] is fit.pairs["H-1", "O"]
    with pytest.raises(KeyError):
        fit.pairs["O", "O"]
    assert list(fit.metadata["training"]["errors_left_out"]) == ["H-1 | O"]


def test_an_inner_cutoff_can_be_given():
    data = data_of(curve_of(np.linspace(0.3, 0.9, 20)))
    assert lp.fit.fit_splines(data, cutoff=1.0).model.inner_cutoff == 0.3
    assert lp.fit.fit_splines(data, cutoff=1.0, inner_cutoff=3.2 * unit.angstrom).model.inner_cutoff == 0.32


def test_errors_of_forces_are_shown_beside_those_of_energies():
    fit = lp.fit.fit_splines(data_of([cluster(seed) for seed in range(40)]), cutoff=0.9, num_intervals=20)
    expected = force_error(fit.predictions(), left_out=True)
    assert f"components of forces left out of the fit: RMS error {expected:.3g} kJ/mol/nm" in str(fit)


# The rare gases.


@pytest.fixture(scope="module")
def rare_gases():
    data = lp.fit.read_dimers(
        DIMERS, length_unit="angstrom", energy_unit="kcal/mol", method="RG10N: CCSD(T) and beyond, complete basis set"
    )
    return lp.fit.fit_splines(data, cutoff=1.2)


def test_left_out_points_of_the_rare_gases(rare_gases):
    """Within 0.5 % of the depth of the well, but for He-He, which has seven points, and He-Ar, where a single point is
    0.6 % off: its neighbors agree with each other.
    """
    errors = {
        "-".join(pair): energy_errors(result.predictions, left_out=True) for pair, result in rare_gases.pairs.items()
    }
    assert len(errors) == 10
    within = {name for name, each in errors.items() if each.largest < 0.005 * each.depth}
    assert within == set(errors) - {"He-He", "Ar-He"}
    assert errors["Ar-He"].largest < 0.007 * errors["Ar-He"].depth
    assert errors["Ar-Ar"].rms < 3e-4 * errors["Ar-Ar"].depth


@pytest.mark.parametrize(
    "pair, minimum, depth, c6",
    [(("Ar", "Ar"), 0.3762, 1.1906, 64.3), (("Ne", "Ne"), 0.3090, 0.3506, 6.38), (("Kr", "Kr"), 0.4016, 1.6730, 129.6)],
)
def test_wells_and_dispersion_of_the_rare_gases(pair, minimum, depth, c6, rare_gases):
    """Against potentials and C6 of others, in atomic units: K. T. Tang and J. P. Toennies, J. Chem. Phys. 118 (2003)
    4976, Table II.
    """
    result = rare_gases.pairs[pair]
    (found,) = [(r, energy) for kind, r, energy in result.extrema() if kind == "minimum"]
    assert_close(found[0], minimum, rtol=5e-3)
    assert_close(-found[1], depth, rtol=0.03)
    assert_close(result.c6 / (2625.4996394798 * 0.0529177210903**6), c6, rtol=0.05)
    assert len(result.extrema()) == 1


def test_a_saved_fit_has_its_domain_its_errors_and_its_data(rare_gases, tmp_path):
    model = rare_gases.save(tmp_path / "rare_gases.pt")
    assert_close(model.domain["Ar", "Kr"], (0.24, 1.5), rtol=1e-12)
    training = model.training
    assert training["data"] == {
        "source": "dimers.csv",
        "sha256": rare_gases.data.digest,
        "configurations": 275,
    }
    errors = training["errors_left_out"]["Ar-Ar"]["energy_kJ_per_mol"]
    assert errors == energy_errors(rare_gases.pairs["Ar", "Ar"].predictions, left_out=True).to_dict()
    energy, _ = model.evaluate([0.38], [0], [1])
    assert_close(energy, rare_gases.pairs["Ar", "Kr"].evaluate([0.38])[0], rtol=1e-9)


def test_a_fit_prints_its_errors(rare_gases):
    lines = str(rare_gases).splitlines()
    assert lines[0] == "<ReferenceData dimers.csv: 275 configurations of Ar, Kr, He, Ne; 275 energies>"
    (row,) = [line for line in lines if line.startswith("Ar-Ar")]
    assert row.split()[1:8] == ["33", "0.200", "to", "2.000", "0.376", "-1.1812", row.split()[7]]


def test_figures(rare_gases, tmp_path):
    from learnedpair.fit.figures import plot_fit

    paths = plot_fit(rare_gases, tmp_path / "report")
    assert [Path(path).name for path in paths] == ["curves.png", "errors.png", "coverage.png", "parity.png"]
    assert all(Path(path).stat().st_size > 10_000 for path in paths)


# Refusals.


def dimer(r, types=("A", "A"), **more):
    return lp.fit.Configuration(f"dimer {r}", types, [[0, 0, 0], [0, 0, r]], **{"energy": -1.0, **more})


@pytest.mark.parametrize(
    "configurations, options, message",
    [
        ([dimer(0.3), dimer(0.4), dimer(0.5)], {}, "clusters: A and A occur at 3 different distances; expected at"),
        ([dimer(0.3 + 0.01 * k) for k in range(9)], dict(cutoff=-1), "fit_splines: cutoff is -1; expected a positive"),
        ([dimer(0.3 + 0.01 * k) for k in range(9)], dict(types=["B"]), "the data have the type 'A', and types has"),
        (
            [dimer(0.3 + 0.01 * k) for k in range(9)],
            dict(energy_error=(0, 0.1)),
            r"energy_error is \(0, 0.1\); expected a positive absolute error",
        ),
        ([dimer(0.3)], dict(num_intervals=0), "fit_splines: num_intervals is 0; expected an integer from 1 to 1000"),
        ([dimer(0.3)], dict(num_intervals=6.0), "fit_splines: num_intervals is 6.0; expected an integer"),
        ([dimer(0.3)], dict(smoothness=-1.0), "fit_splines: smoothness is -1.0; expected a positive number"),
        ([dimer(0.3, fragments=[0, 0])], {}, "dimer 0.3: no two atoms of different fragments are in range; leave it"),
        ([dimer(0.3, box=np.eye(3))], {}, "dimer 0.3: the box is 1 nm wide, less than twice the cutoff, 1 nm; choose"),
        ([dimer(0.0)], {}, "dimer 0.0: two atoms are at the same place"),
        ([dimer(0.3 + 0.01 * k) for k in range(9)], dict(energy_error=0.1), "energy_error is 0.1; expected a positive"),
        ([dimer(0.3 + 0.01 * k) for k in range(9)], dict(types="AA"), "types is 'AA'; expected a list of names"),
        ([dimer(0.3 + 0.01 * k) for k in range(9)], dict(num_intervals=2000), "expected an integer from 1 to 1000"),
        (
            [dimer(0.3 + 0.01 * k, energy=0.0) for k in range(9)],
            {},
            "are those of the baseline, so that there is nothing",
        ),
        ([dimer(3 + 0.1 * k) for k in range(9)], {}, "begin at 3 nm, and the cutoff is 1 nm; check the length"),
    ],
)
def test_wrong_fits_are_refused(configurations, options, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.fit_splines(data_of(configurations), **{"cutoff": 1.0, **options})


def test_a_baseline_of_energies_alone_is_refused_for_forces():
    with pytest.raises(lp.ModelError, match="the data have forces, and the baseline has energies only; give both"):
        data_of([dimer(0.3, forces=np.zeros((2, 3)))]).with_baseline([1.0])


def test_types_are_a_tuple_of_names():
    assert dimer(0.3, ["A", "B"]).types == ("A", "B")
    with pytest.raises(lp.ModelError, match="dimer 0.3: types is 'AB'; expected a list with one name for each atom"):
        dimer(0.3, "AB")


def test_quantities_are_converted():
    x = np.array([[0, 0, 0], [0, 0, 3.0]]) * unit.angstrom
    forces = np.ones((2, 3)) * unit.kilocalorie_per_mole / unit.angstrom
    each = dimer(0.3, energy=-2 * unit.kilocalorie_per_mole, forces=forces, box=30 * np.eye(3) * unit.angstrom)
    each = dataclasses.replace(each, positions=x)
    assert_close(each.positions, [[0, 0, 0], [0, 0, 0.3]], rtol=1e-12)
    assert_close(each.energy, -8.368, rtol=1e-12)
    assert_close(each.forces, np.full((2, 3), 41.84), rtol=1e-12)
    assert_close(each.box, 3 * np.eye(3), rtol=1e-12)
    data = data_of([each]).with_baseline(np.array([1.0]) * unit.kilocalorie_per_mole, [np.zeros((2, 3))])
    assert_close(data[0].baseline_energy, 4.184, rtol=1e-12)


@pytest.mark.parametrize(
    "more, message",
    [
        (dict(energy=None), "the structure has neither an energy nor forces; leave it out"),
        (dict(energy=np.nan), "energy is nan; expected a finite number"),
        (dict(forces=np.zeros((3, 3))), r"forces has the shape \(3, 3\); expected \(2, 3\)"),
        (dict(weight=0), "weight is 0; expected a positive number"),
        (dict(energy=1 * unit.nanometer), "energy is in nanometer; expected kilojoule/mole"),
        (dict(fragments=[0.0, 0.5]), r"fragments is \[0.0, 0.5\]; expected whole numbers"),
        (dict(fragments=["A", "B"]), r"fragments is \['A', 'B'\]; expected an array of numbers"),
        (dict(box=np.full((3, 3), np.inf)), "box has a value that is not finite"),
        (dict(box=[[9, 0, 0], [0, 9, 0], [0, 5, 9]]), "the box vectors .* are not in the reduced form"),
        (dict(box=[[9, 0, 0], [5, 9, 0], [0, 0, 9]]), "the box vectors .* are not in the reduced form"),
        (dict(box=[[9, 0, 0], [0, 9, 0], [0, 0, -9]]), "the box vectors .* are not in the reduced form"),
    ],
)
def test_wrong_configurations_are_refused(more, message):
    with pytest.raises(lp.ModelError, match=f"dimer 0.3: {message}"):
        dimer(0.3, **more)


# The documentation.


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch):
    code, of_expression, _, of_trimers, in_steps = python_code("docs/user/fitting.md")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code.replace("examples/rare_gases/dimers.csv", str(DIMERS)), "fitting.md", "exec"), names)
    fit, model = names["fit"], names["model"]
    assert model.type_rules == {"Ar": "*:Ar"} and len(fit.data) == 33
    (row,) = [line for line in str(fit).splitlines() if line.startswith("Ar-Ar")]
    assert row.split()[5:7] == ["-", "-"]  # the correction has no minimum
    energy, _ = model.evaluate([0.3762], [0], [0])
    x = (0.34 / 0.3762) ** 6
    assert_close(energy + 4 * 0.996 * (x**2 - x), [-1.181], atol=2e-3)
    exec(compile(of_expression, "fitting.md", "exec"), names)
    exec(compile(of_trimers, "fitting.md", "exec"), names)
    assert names["many_body"].history[-1][2] < 0.1 * names["many_body"].history[0][2]
    data, test = names["trimers"].split(0.25, 1)
    steps = dict(lp=lp, data=data, test=test)
    exec(compile(in_steps.replace("cutoff=0.6)", "cutoff=0.6, epochs=2)"), "fitting.md", "exec"), steps)
    assert len(steps["rest"]) == 45 and len(steps["many_body"].history) == 2
    largest = [
        energy_errors(each.predictions, left_out=True).largest / 1.181
        for each in (names["buckingham"].pairs["Ar", "Ar"], fit.pairs["Ar", "Ar"])
    ]
    assert 0.06 < largest[0] < 0.065 and largest[1] < 0.001
