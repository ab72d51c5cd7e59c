# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The table and the figure: TIP3P, two corrections, and the reference or experiment."""

import dimers
import liquid
import numpy as np

#: Second virial coefficient at 298.15 K in cm3/mol: A. H. Harvey and E. W. Lemmon, J. Phys. Chem. Ref. Data 33 (2004)
#: 369, equation 4.
_T = liquid.TEMPERATURE / 100
VIRIAL = 1e3 * (0.34404 * _T**-0.5 - 0.75826 * _T**-0.8 - 24.219 * _T**-3.35 - 3978.2 * _T**-8.3)
COLUMNS = {
    "energy error": ("RMS error of held-out dimers, kJ/mol", 2),
    "force error": ("of forces, kJ/mol/nm", 1),
    "depth": ("hydrogen bond, kJ/mol", 1),
    "virial": ("second virial coefficient, cm3/mol", 0),
    "density": ("density, kg/m3", 1),
    "energy": ("energy, kJ/mol", 2),
    "peak": ("first peak of g(O-O), nm", 3),
    "height": ("its height", 2),
    "minimum": ("lowest g(O-O) from 0.30 to 0.40 nm", 2),
    "second": ("highest g(O-O) from 0.40 to 0.50 nm", 2),
}


def row_of(held_out, fit, averages, virial):
    """The numbers of one force field, with standard errors where there are some."""
    energy, force = held_out_errors(held_out, fit)
    model = None if fit is None else fit.model
    g, r = averages.rdf, (liquid.EDGES[1:] + liquid.EDGES[:-1]) / 2
    first = g.argmax()
    well = (r > 0.30) & (r < 0.40)
    second = (r > 0.40) & (r < 0.50)
    return {
        "energy error": energy,
        "force error": force,
        "depth": float(dimers.energies(dimers.curve()[2], model).min()),
        "virial": virial,
        "density": averages.density,
        "energy": averages.energy,
        "peak": float(r[first]),
        "height": float(g[first]),
        "minimum": float(g[well].min()),
        "second": float(g[second].max()),
    }


def held_out_errors(held_out, fit):
    """The root mean square errors of energies and of forces on rigid molecules, of dimers not pushed together."""
    data = held_out.select(lambda dimer: "pushed" not in dimer.name)
    if fit is None:  # what a correction would have to be
        energies = [dimer.energy_difference for dimer in data]
        forces = [dimer.force_difference for dimer in data]
    else:
        predictions = fit.predict(data)
        energies, forces = [each.energy for each in predictions], [each.forces for each in predictions]
    # The net force on each molecule: three times the mean over its atoms.
    net = np.array(forces).reshape(-1, 2, 3, 3).sum(axis=2)
    return float(np.sqrt(np.mean(np.square(energies)))), float(np.sqrt(np.mean(net**2)))


def print_table(rows):
    """Print a table in the form of README.md, in ASCII."""
    known = {
        "depth": float(dimers.curve()[1].min()),
        "virial": VIRIAL,
        "density": liquid.DENSITY,
        "energy": liquid.ENERGY,
        "peak": liquid.RDF_DISTANCES[0],
        "height": liquid.RDF_VALUES[0],
        "minimum": liquid.RDF_VALUES[1],
        "second": liquid.RDF_VALUES[2],
    }
    columns = [*rows, "reference or experiment"]
    print(f"\n| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for key, (title, digits) in COLUMNS.items():
        cells = [_cell(row[key], digits) for row in rows.values()]
        print(f"| {title} | {' | '.join([*cells, _cell(known.get(key), digits)])} |")


def _cell(value, digits):
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"{value[0]:.{digits}f} +- {value[1]:.{digits}f}"
    return f"{value:.{digits}f}"


def draw(models, functions, path):
    """Draw the curves of the hydrogen-bonded dimer and the radial distribution functions."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure((9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    distance, reference, positions = dimers.curve()
    for name, model in models.items():
        left.plot(distance, dimers.energies(positions, model), label=name)
    left.plot(distance, reference, "k+", ms=8, label="wB97X-D3(BJ)")
    left.set(xlabel="O-O distance of the hydrogen bond (nm)", ylabel="energy (kJ/mol)", ylim=(-30, 10))
    for name, g in functions.items():
        right.plot((liquid.EDGES[1:] + liquid.EDGES[:-1]) / 2, g, label=name)
    right.plot(liquid.RDF_DISTANCES, liquid.RDF_VALUES, "k+", ms=10, label="experiment, extrema")
    right.set(xlabel="r (nm)", ylabel="g(O-O)", xlim=(0.22, liquid.EDGES[-1]))
    for panel in (left, right):
        panel.axhline(float(panel is right), color="0.7", lw=0.5)
        panel.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
