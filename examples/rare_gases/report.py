# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The table and the figure: two pair potentials of liquid argon, and experiment."""

import numpy as np
from liquid import EDGES, lennard_jones_energy

#: Saturated liquid argon at 85 K. Density, pressure, and internal energy minus that of the ideal gas: equation of state
#: of C. Tegeler, R. Span and W. Wagner, J. Phys. Chem. Ref. Data 28 (1999) 779, evaluated with CoolProp 8.0.0. First
#: peak of g(r): J. L. Yarnell, M. J. Katz, R. G. Wenzel and S. H. Koenig, Phys. Rev. A 7 (1973) 2130, read from their
#: figure, with an uncertainty of about 0.003 nm and 0.05.
EXPERIMENT = {"energy": -5.860, "pressure": 0.079, "peak position": 0.369, "peak height": 3.05}


def add(*terms):
    """The sum of values with standard errors."""
    values, errors = np.transpose(terms)
    return float(sum(values)), float(np.sqrt(np.sum(errors**2)))


def table(results):
    """The rows of the report: energy, pressure, position and height of the first peak; None where nothing was
    computed.
    """
    rows = {name: [results[name][key] for key in EXPERIMENT] for name in ("Lennard-Jones", "ab initio pairs")}
    total = rows["ab initio pairs"]
    for name in ("Axilrod-Teller", "quantum"):
        total = [add(total[0], results[name]["energy"]), add(total[1], results[name]["pressure"]), None, None]
        rows[f"+ {name}"] = total
    rows["experiment"] = [(value, None) for value in EXPERIMENT.values()]
    return rows


def print_table(rows):
    """Print a table in the form of README.md, with standard errors, in ASCII."""
    print("\n| | energy, kJ/mol | pressure, MPa | first peak, nm | its height |\n|---|---|---|---|---|")
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(map(_cell, values, (3, 1, 4, 3)))} |")


def _cell(value, digits):
    if value is None:
        return ""
    number, error = value
    return f"{number:g}" if error is None else f"{number:.{digits}f} +- {error:.{digits}f}"


def draw(whole, correction, functions, path):
    """Draw the potentials of argon and the radial distribution functions."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure((9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    r = np.linspace(0.31, 0.9, 500)
    left.plot(r, lennard_jones_energy(r), label="Lennard-Jones")
    left.plot(r, whole.pairs["Ar", "Ar"].evaluate(r)[0], label="ab initio")
    left.plot(r, correction.pairs["Ar", "Ar"].evaluate(r)[0], label="correction")
    left.set(xlabel="r (nm)", ylabel="energy (kJ/mol)", ylim=(-1.4, 1.4))
    for name, g in functions.items():
        right.plot((EDGES[1:] + EDGES[:-1]) / 2, g, label=name)
    right.plot(EXPERIMENT["peak position"], EXPERIMENT["peak height"], "k+", ms=10, label="experiment, first peak")
    right.set(xlabel="r (nm)", ylabel="g(r)", xlim=(0.25, EDGES[-1]))
    for panel in (left, right):
        panel.axhline(float(panel is right), color="0.7", lw=0.5)
        panel.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
