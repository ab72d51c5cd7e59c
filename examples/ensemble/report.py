# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tables and the figure."""

import numpy as np
from water import experiment, slopes

NAMES = {0.0: "TIP3P", 1.0: "corrected"}


def curves(rows):
    """The rows of each force field, and of experiment at the same temperatures, by name."""
    result = {name: [row for row in rows if row["scale"] == scale] for scale, name in NAMES.items()}
    return {**result, "experiment": experiment({row["temperature"] for row in rows})}


def print_tables(rows):
    """Print the averages and the slopes in the form of README.md, in ASCII."""
    by_name = curves(rows)
    columns = [f"{name}, {what}" for what in ("density, kg/m3", "energy, kJ/mol") for name in by_name]
    print(f"\n| temperature, K | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for k, temperature in enumerate(row["temperature"] for row in by_name["TIP3P"]):
        cells = [
            cell(each[k][key], digits) for key, digits in (("density", 1), ("energy", 2)) for each in by_name.values()
        ]
        print(f"| {temperature:.2f} | {' | '.join(cells)} |")
    print("\n| | thermal expansion, 1e-4/K | dE/dT, J/mol/K |\n|---|---|---|")
    for name, each in by_name.items():
        found = slopes(each)
        print(f"| {name} | {cell(found['expansion'], 1)} | {cell(found['dE/dT'], 1)} |")


def cell(value, digits):
    """A value with its standard error, if there is one."""
    return f"{value[0]:.{digits}f} +- {value[1]:.{digits}f}" if value[1] else f"{value[0]:.{digits}f}"


def draw(rows, path):
    """Draw density and potential energy along the ladder, with the means of the replicas."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure((9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2)
    for (name, each), color in zip(curves(rows).items(), ("C0", "C3", "k")):
        temperatures = np.array([row["temperature"] for row in each])
        for k, (panel, key) in enumerate(zip(panels, ("density", "energy"))):
            values, errors = np.transpose([row[key] for row in each])
            if name == "experiment":
                panel.plot(temperatures, values, "--", color=color, label=name)
                continue
            panel.errorbar(temperatures, values, errors, fmt="o-", ms=4, capsize=3, color=color, label=name)
            for row in each:
                means = row["replicas"][k]
                panel.plot(np.full(len(means), row["temperature"]), means, "_", color=color, alpha=0.4)
    panels[0].set(xlabel="temperature (K)", ylabel="density (kg/m³)")
    panels[1].set(xlabel="temperature (K)", ylabel="potential energy (kJ/mol per molecule)")
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def print_means(samples, replicas, equilibration):
    """Print the mean of each column of own Systems, for each state, with standard errors from its replicas."""
    groups = {}
    for each in replicas:
        groups.setdefault((each.temperature, each.parameters), []).append(samples[each.name])
    results = []
    for (temperature, parameters), found in groups.items():
        state = ", ".join([f"{temperature:g} K", *(f"{name} = {value:g}" for name, value in parameters)])
        row = {"temperature": temperature, "parameters": dict(parameters), "replicas": len(found)}
        print(f"\n{state}, {len(found)} replica{'s' if len(found) > 1 else ''}")
        for name in list(found[0])[2:]:
            means = [each[name][each["time (ps)"] > equilibration].mean() for each in found]
            error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else None
            row[name] = [float(np.mean(means)), error]
            text = f" +- {error:.2g}" if len(means) > 1 else ""
            print(f"    {name}: {row[name][0]:.6g}{text}")
        results.append(row)
    return results
