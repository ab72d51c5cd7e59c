#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits a correction of methane in water to dimers, and computes the hydration free energy without and with it.

    python methane.py [--output FOLDER] [--quick]

README.md has the results.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import learnedpair as lp
import numpy as np
from analysis import CORRECTED, FIELD, combine, describe_insertions, describe_many_body, describe_solutions
from correction import describe_held_out, fit_correction, make_tables, read_dimers, tails
from force_field import CUTOFF, PRESSURE
from learnedpair.devices import processor_name
from learnedpair.fit.figures import plot_fit
from report import draw, print_held_out, print_table, table
from solution import (
    NUM_WATERS,
    SCALES,
    TEMPERATURE,
    Lengths,
    insert_into_water,
    radial_distribution,
    sample_water,
    simulate,
)

FULL = Lengths(
    equilibration=20,
    water=450,
    solution=100,
    between_insertions=0.75,
    between_samples=0.2,
    num_points=6000,
    num_orientations=2,
)
QUICK = Lengths(
    equilibration=2,
    water=9,
    solution=5,
    between_insertions=0.75,
    between_samples=0.2,
    num_points=3000,
    num_orientations=2,
)
SEED = 1


def pairs_outside(domain_file):
    """The number of reports of a DomainReporter, and the numbers of pairs below and above the training domain."""
    rows = np.atleast_1d(np.genfromtxt(domain_file, delimiter=",", names=True, encoding="utf-8", dtype=None))
    return {"reports": len(rows), "pairs below": int(rows["below"].sum()), "pairs above": int(rows["above"].sum())}


def run(lengths, output):
    """Fit, insert, simulate and compare; returns everything that was found."""
    path = output / "methane_water.pt"
    fit = fit_correction(*read_dimers())
    model = fit.save(path)
    plot_fit(fit, output / "fit")
    print(f"\n{path.name}\n{fit}\n")
    held_out = describe_held_out(fit)
    print_held_out(held_out)
    losses, tables, domain_file = tails(model), make_tables(model), output / "domain.csv"
    start = time.process_time()
    waters, edges, seconds = sample_water(lengths, SEED, output / "water.npz")
    saved = seconds - (time.process_time() - start)  # if the snapshots were read
    insertions = insert_into_water(waters, edges, tables, lengths, SEED)
    samples = {
        scale: simulate(lengths, path, tables, scale, SEED, domain_file if scale == 1 else None) for scale in SCALES
    }
    ends = {FIELD: samples[0.0], CORRECTED: samples[1.0]}
    results = {
        "conditions": {"temperature": TEMPERATURE, "pressure": PRESSURE, "waters": NUM_WATERS, "cutoff": CUTOFF},
        "lengths": dataclasses.asdict(lengths),
        "held out": held_out,
        "insertions": describe_insertions(insertions, losses),
        "insertions and solutions": combine(insertions, ends, losses),
        "solutions": describe_solutions(samples, losses),
        "many-body": describe_many_body(samples[1.0]),
        "training domain": pairs_outside(domain_file),
        "seconds saved": saved,
    }
    results["table"] = table(results)
    structure = {name: radial_distribution(each.counts, each.volume) for name, each in ends.items()}
    draw(model, structure, output / "methane.png")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("methane_output"), help="folder for the model, figures and results"
    )
    parser.add_argument("--quick", action="store_true", help="short simulations, to see that all works")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    results = run(QUICK if options.quick else FULL, options.output)
    print_table(results["table"])
    results["processor"] = processor_name()
    results["seconds"] = round(time.process_time() - start + results.pop("seconds saved"))
    results["software"] = lp.load_model(options.output / "methane_water.pt").training["software"]
    results["options"] = {"quick": options.quick, "seed": SEED}
    with open(options.output / "results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"\nwritten: {options.output / 'results.json'}")


if __name__ == "__main__":
    main()
