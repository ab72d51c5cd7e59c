#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits the pair functions of He, Ne, Ar and Kr, and compares the liquid of the argon function with experiment.

    python rare_gases.py [--output FOLDER] [--quick]

README.md has the results.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import learnedpair as lp
from analysis import (
    describe_pairs,
    describe_triples,
    difference_of_models,
    first_order_pressures,
    quantum_energy,
    radial_distribution,
    tail_energy,
    with_error,
)
from learnedpair.devices import processor_name
from liquid import (
    CUTOFF,
    DENSITY,
    EPSILON,
    SIGMA,
    SWITCHING,
    TEMPERATURE,
    Lengths,
    lennard_jones,
    lennard_jones_energy,
    pairs_outside,
    simulate,
)
from report import draw, print_table, table

DIMERS = Path(__file__).resolve().parent / "dimers.csv"
METHOD = "RG10N of GSCDB138: accurate ab initio curves, complete basis set"
FULL = Lengths(cells=6, melting=5, equilibration=20, sampling=150)
QUICK = Lengths(cells=5, melting=1, equilibration=3, sampling=4)
SEED = 1
#: Fractions of the experimental density, for derivatives by the density.
DENSITIES = (0.96, 1.04)


def fit_models(output):
    """Fit the four types without a baseline, and argon as a correction; save the models and draw the fits."""
    data = lp.fit.read_dimers(DIMERS, length_unit="angstrom", energy_unit="kcal/mol", method=METHOD)
    options = dict(cutoff=CUTOFF, switching_distance=SWITCHING)
    whole = lp.fit.fit_splines(
        data, types={name: f"*:{name}" for name in data.types}, description="the whole potential", **options
    )
    argon = data.select(lambda dimer: dimer.types == ("Ar", "Ar"))
    argon = lp.fit.subtract_baseline(argon, lambda dimer: lennard_jones(len(dimer.types)))
    correction = lp.fit.fit_splines(
        argon,
        types={"Ar": "*:Ar"},
        description=f"a correction of Lennard-Jones argon, sigma {SIGMA} nm, epsilon {EPSILON} kJ/mol",
        **options,
    )
    for name, fit in (("whole", whole), ("argon_correction", correction)):
        fit.save(output / f"{name}.pt")
        lp.fit.plot_fit(fit, output / f"fit_{name}")
        print(f"\n{name}.pt\n{fit}")
    return whole, correction


def run(lengths, output):
    """Fit, simulate and compare; returns everything that was found."""
    whole, correction = fit_models(output)
    function = whole.pairs["Ar", "Ar"]
    tails = tail_energy(lennard_jones_energy), tail_energy(lambda r: function.evaluate(r)[0])
    lj = simulate(lengths, SEED)
    pairs = simulate(lengths, SEED, output / "argon_correction.pt", output / "domain.csv")
    smaller = dataclasses.replace(lengths, cells=5, sampling=min(lengths.sampling, 40))
    others = [dataclasses.replace(smaller, density=density) for density in DENSITIES]
    pressures = first_order_pressures(
        *((each, simulate(each, SEED, output / "argon_correction.pt")) for each in others)
    )
    reports, below, above = pairs_outside(output / "domain.csv")
    results = {
        "conditions": {"temperature": TEMPERATURE, "density": DENSITY, "cutoff": CUTOFF, "switching": SWITCHING},
        "lengths": [dataclasses.asdict(each) for each in (lengths, *others)],
        "fits": {name: fit.metadata["training"] for name, fit in (("whole", whole), ("correction", correction))},
        "C6": {"Lennard-Jones": 4 * EPSILON * SIGMA**6, "fit": function.c6},
        "Lennard-Jones": describe_pairs(lj, lengths, tails[0]),
        "ab initio pairs": describe_pairs(pairs, lengths, tails[1]),
        "Axilrod-Teller": {**describe_triples(pairs, lengths), "pressure": pressures["Axilrod-Teller"]},
        "quantum": {
            "energy": with_error(quantum_energy, pairs.squared_force, pairs.energy),
            "pressure": pressures["quantum"],
        },
        "largest difference of correction and whole potential": difference_of_models(
            output / "whole.pt", pairs, lengths
        ),
        "training domain": {"reports": reports, "pairs below": below, "pairs above": above},
    }
    results["table"] = table(results)
    functions = {"Lennard-Jones": lj, "ab initio pairs": pairs}
    functions = {name: radial_distribution(each.counts, lengths) for name, each in functions.items()}
    draw(whole, correction, functions, output / "liquid.png")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("rare_gases_output"), help="folder for models, figures and results"
    )
    parser.add_argument("--quick", action="store_true", help="a short run of a small box, to see that all works")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    start = time.time()
    results = run(QUICK if options.quick else FULL, options.output)
    print_table(results["table"])
    domain = results["training domain"]
    print(f"\npairs closer than the data: {domain['pairs below']}; further apart: {domain['pairs above']}")
    results["processor"], results["seconds"] = processor_name(), round(time.time() - start)
    results["options"] = {"quick": options.quick, "seed": SEED}
    with open(options.output / "results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"written: {options.output / 'results.json'}")


if __name__ == "__main__":
    main()
