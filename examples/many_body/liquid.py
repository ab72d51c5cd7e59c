#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits a many-body correction of TIP3P for liquid water with lp.fit, and simulates the liquid with it.

    python liquid.py [--output FOLDER] [--nanoseconds 1] [--quick]

First splines of pairs are fitted to trimers and to clusters of 24 molecules, then an environment model to what they
leave. README.md has the results.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
from learnedpair.devices import processor_name
from many_body import HELD_OUT, VALIDATION
from openmm import app, unit

FOLDER = Path(__file__).parent
PAIR_CUTOFF, SWITCHING, CUTOFF, INNER = 0.8, 0.4, 0.6, 0.15  # nm
TYPES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}
#: The expected errors of energies (kJ/mol) and forces (kJ/mol/nm): an absolute error, and a fraction of the value.
ENERGY_ERROR, FORCE_ERROR = (1.0, 0.02), (10.0, 0.05)
MODELS = {"radial densities": [0] * 8, "radial and angular densities": [0] * 8 + [1] * 4 + [2] * 4}
TEMPERATURE, NUM_WATERS = 298.0, 216


def read(name, first, last):
    """The configurations of a file from snapshots `first` to `last`, counted from the end of the file."""
    with np.load(FOLDER / name) as file:
        arrays = dict(file)
    from_end = arrays["snapshot"].max() - arrays["snapshot"]
    configurations = []
    for k in np.flatnonzero((from_end >= first) & (from_end < last)):
        count = len(arrays["positions"][k]) // 3
        configurations.append(
            lp.fit.Configuration(
                f"{name} {k}",
                ("O", "H", "H") * count,
                arrays["positions"][k],
                energy=arrays["energy"][k],
                forces=arrays["forces"][k],
                fragments=np.repeat(np.arange(count), 3),
                baseline_energy=arrays["tip3p_energy"][k],
                baseline_forces=arrays["tip3p_forces"][k],
                rigid=True,
            )
        )
    return lp.fit.ReferenceData(configurations, name, "GFN2-xTB, tblite")


def errors_of(data):
    """Root mean square of what the baseline leaves of the net forces on molecules (kJ/mol/nm) and of the energies per
    molecule (kJ/mol).
    """
    forces = np.concatenate([each.force_difference.reshape(-1, 3, 3).sum(axis=1) for each in data])
    energies = [3 * each.energy_difference / len(each.types) for each in data]
    return {
        "force_kJ_per_mol_nm": float(np.sqrt(np.mean(forces**2))),
        "energy_per_molecule_kJ_per_mol": float(np.sqrt(np.mean(np.square(energies)))),
    }


def fit_all(output, quick):
    """Fit pairs and environment models, write the best ones to files, and get the errors of held-out configurations."""
    parts = {}
    for name, first, last in (
        ("training", HELD_OUT + VALIDATION, HELD_OUT + VALIDATION + 2 if quick else 999),
        ("validation", HELD_OUT, HELD_OUT + VALIDATION),
        ("held_out", 0, HELD_OUT),
    ):
        parts[name] = read("trimers.npz", first, last), read("clusters.npz", first, last)
    training, validation = (parts[name][0] + parts[name][1] for name in ("training", "validation"))
    errors = {"TIP3P": [errors_of(each) for each in parts["held_out"]]}
    start = time.perf_counter()
    pairs = lp.fit.fit_splines(
        training + validation, cutoff=PAIR_CUTOFF, switching_distance=SWITCHING, within_cutoff=True, types=TYPES,
        energy_error=ENERGY_ERROR, force_error=FORCE_ERROR,
    )  # fmt: skip
    pairs.save(output / "pairs.pt")
    training, validation = lp.fit.subtract_fit(training, pairs), lp.fit.subtract_fit(validation, pairs)
    held_out = [lp.fit.subtract_fit(each, pairs) for each in parts["held_out"]]
    errors["pairs"] = [errors_of(each) for each in held_out]
    print(f"pairs: fitted in {time.perf_counter() - start:.0f} s", flush=True)
    for name, angular in MODELS.items():
        start = time.perf_counter()
        fit = lp.fit.fit_environment(
            training, {"angular": angular, "hidden": 16, "energy_scale": 5.0}, cutoff=CUTOFF, inner_cutoff=INNER,
            types=TYPES, validation=validation, epochs=1 if quick else 60, batch_size=8, learning_rate=0.01,
            energy_error=ENERGY_ERROR, force_error=FORCE_ERROR,
        )  # fmt: skip
        errors[f"pairs and {name}"] = [errors_of(lp.fit.subtract_fit(each, fit)) for each in held_out]
        print(f"{name}: fitted in {time.perf_counter() - start:.0f} s\n{fit}", flush=True)
        fit.save(output / "environment.pt")
    print("| held out | net force, trimers | net force, clusters | energy per molecule, clusters |\n|---|---|---|---|")
    for name, (trimers, clusters) in errors.items():
        print(f"| {name} | {trimers['force_kJ_per_mol_nm']:.1f} | {clusters['force_kJ_per_mol_nm']:.1f} |"
              f" {clusters['energy_per_molecule_kJ_per_mol']:.2f} |")  # fmt: skip
    return errors


def simulate(output, nanoseconds):
    """Simulate the liquid at 298 K and 1 bar; returns a dict for JSON."""
    field, modeller = app.ForceField("tip3p.xml"), app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, numAdded=NUM_WATERS)
    system = field.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.8 * unit.nanometer, rigidWater=True,
        hydrogenMass=4 * unit.dalton,
    )  # fmt: skip
    for name in ("pairs.pt", "environment.pt"):
        lp.add_correction(system, modeller.topology, output / name)
    system.addForce(openmm.MonteCarloBarostat(1 * unit.bar, TEMPERATURE * unit.kelvin))
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE * unit.kelvin, 1 / unit.picosecond, 4 * unit.femtoseconds)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(modeller.topology, system, integrator, openmm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=200)
    simulation.context.setVelocitiesToTemperature(TEMPERATURE * unit.kelvin, 1)
    steps = round(nanoseconds * 250_000)
    interval = max(1, steps // 100)
    simulation.reporters.append(
        app.StateDataReporter(
            str(output / "liquid.csv"), interval, time=True, density=True, temperature=True, potentialEnergy=True
        )
    )
    simulation.reporters.append(lp.DensityReporter(output / "densities.csv", interval))
    start = time.perf_counter()
    simulation.step(steps)
    simulation.saveState(str(output / "liquid.xml"))
    with open(output / "liquid.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    values = np.array(rows, dtype=float)
    later = values[len(values) // 5 :]
    with open(output / "densities.csv", encoding="utf-8") as file:
        outside = [
            (int(row["below"]) + int(row["above"])) / int(row["atoms"])
            for row in csv.DictReader(file)
            if int(row["step"]) > steps // 5
        ]
    return {
        "nanoseconds": nanoseconds,
        "atoms": system.getNumParticles(),
        "seconds": time.perf_counter() - start,
        "density_kg_per_m3": [1000 * float(later[:, 3].mean()), 1000 * float(later[:, 3].std())],
        "temperature_K": float(later[:, 2].mean()),
        "energy_kJ_per_mol": [float(part[:, 1].mean()) for part in np.array_split(later, 4)],
        "fraction_of_densities_outside": float(np.mean(outside)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("liquid_output"))
    parser.add_argument("--nanoseconds", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true", help="a test of seconds: few data, one epoch, 0.1 ps")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    report = {"processor": processor_name(), "held_out_errors": fit_all(arguments.output, arguments.quick)}
    report["liquid"] = simulate(arguments.output, 0.0001 if arguments.quick else arguments.nanoseconds)
    print(json.dumps(report["liquid"], indent=1))
    (arguments.output / "liquid.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
