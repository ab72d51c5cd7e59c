# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The tables and the figure."""

import learnedpair as lp
import numpy as np
from analysis import CORRECTED, FIELD
from correction import DIMERS, FRAGMENTS, OF_METHANE, OF_WATER, evaluate, evaluate_dimers
from force_field import make_system
from solution import EDGES

#: The hydration free energy, 2.00 kcal/mol with an uncertainty of 0.2, for equal concentrations in gas and water: M. H.
#: Abraham et al., J. Chem. Soc., Perkin Trans. 2 (1990) 291, as given by the database FreeSolv, D. L. Mobley and J. P.
#: Guthrie, J. Comput. Aided Mol. Des. 28 (2014) 711.
EXPERIMENT = (2.00 * 4.184, 0.2 * 4.184)


def add(*terms):
    """The sum of values with independent standard errors."""
    values, errors = np.transpose(terms)
    return float(sum(values)), float(np.sqrt(np.sum(errors**2)))


def table(results):
    """The rows of the report: the hydration free energy and its change by the correction, in kJ/mol; position (nm) and
    height of the first peak of C-O. None where nothing was computed.
    """
    insertions, solutions, both = (results[name] for name in ("insertions", "solutions", "insertions and solutions"))
    peaks = {name: [*zip(*solutions["peaks"][name])] for name in (FIELD, CORRECTED)}
    induction = results["many-body"]["induction of several waters"]
    return {
        FIELD: [both[FIELD], None, *peaks[FIELD]],
        CORRECTED: [both[CORRECTED], solutions["acceptance ratio"], *peaks[CORRECTED]],
        f"{FIELD}, insertions alone": [insertions[FIELD], None, None, None],
        f"{CORRECTED}, insertions alone": [insertions[CORRECTED], insertions["change"], None, None],
        f"{CORRECTED}, thermodynamic integration": [None, solutions["thermodynamic integration"], None, None],
        "+ induction of several waters, estimated": [add(both[CORRECTED], induction), induction, None, None],
        "experiment": [EXPERIMENT, None, None, None],
    }


def print_table(rows):
    """Print a table in the form of README.md, with standard errors, in ASCII."""
    print("\n| | hydration free energy, kJ/mol | change | first peak C-O, nm | its height |\n|---|---|---|---|---|")
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(map(_cell, values, (2, 2, 4, 3)))} |")


def print_held_out(held_out):
    """Print the errors for held-out dimers, in ASCII."""
    names = ("energy", "net force", "torque")
    print("| held-out dimers | | energy, kJ/mol | net force, kJ/mol/nm | torque, kJ/mol |\n|---|---|---|---|---|")
    for name, results in held_out.items():
        for label in (FIELD, CORRECTED):
            cells = " | ".join(f"{results[label][each]:.2f}" for each in names)
            print(f"| {name}, {results['dimers']} | {label} | {cells} |")


def _cell(value, digits):
    return "" if value is None else f"{value[0]:.{digits}f} +- {value[1]:.{digits}f}"


def draw(model, structure, path):
    """Draw the curves of dimers, the pair functions and the radial distribution functions."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure((12, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _draw_curves(model, left)
    r = np.linspace(0.18, 0.75, 500)
    for first, second in (("C", "OW"), ("C", "HW"), ("H", "OW"), ("H", "HW")):
        middle.plot(r, evaluate(model, first, second, r), label=f"{first}-{second}")
    middle.set(xlabel="r (nm)", ylabel="correction (kJ/mol)", ylim=(-4, 4))
    for name, g in structure.items():
        right.plot((EDGES[1:] + EDGES[:-1]) / 2, g, label=name)
    right.set(xlabel="C-O distance (nm)", ylabel="g(r)")
    for panel in (left, middle, right):
        panel.axhline(float(panel is right), color="0.7", lw=0.5)
        panel.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def _draw_curves(model, panel):
    """Draw the energies of the two curves of dimers, which were not fitted."""
    with np.load(DIMERS) as file:
        positions, reference = file["curve_positions"].astype(float), file["curve_energies"]
    configurations = [
        lp.fit.Configuration("point", OF_METHANE + OF_WATER, each, energy=0.0, fragments=FRAGMENTS)
        for each in positions
    ]
    data = lp.fit.ReferenceData(configurations, DIMERS.name, "curves")
    baseline = np.array([each.baseline_energy for each in lp.fit.subtract_baseline(data, make_system(1))])
    corrected = baseline + evaluate_dimers(model, positions)
    r = np.linalg.norm(positions[:, 5] - positions[:, 0], axis=1)
    for k, (name, color) in enumerate((("O-H...C", "C0"), ("C-H...O", "C3"))):
        part = slice(k * len(r) // 2, (k + 1) * len(r) // 2)
        panel.plot(r[part], reference[part], "o", ms=4, color=color, label=f"{name}, DFT")
        panel.plot(r[part], baseline[part], "--", color=color, label=FIELD)
        panel.plot(r[part], corrected[part], color=color, label=CORRECTED)
    panel.set(xlabel="C-O distance (nm)", ylabel="energy (kJ/mol)", ylim=(-6, 8))
