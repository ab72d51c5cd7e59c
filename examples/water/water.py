#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Corrects TIP3P water twice: to dimers of quantum chemistry, and to dimers and the liquid at once.

    python water.py [--output FOLDER] [--quick]

README.md has the results.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import dimers
import learnedpair as lp
import liquid
import numpy as np
from learnedpair.devices import processor_name
from report import draw, print_table, row_of

CUTOFF, SWITCHING = 0.75, 0.40  # nm
TYPES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}
#: The expected errors of energies (kJ/mol) and forces (kJ/mol/nm): an absolute error, and a fraction of the value. They
#: are about as large as the errors of the best pair functions. The noise of the data is much smaller.
ENERGY_ERROR, FORCE_ERROR = (0.5, 0.05), (10.0, 0.05)
SEED = 1


@dataclasses.dataclass(frozen=True)
class Lengths:
    """Numbers of molecules, times in ps, and numbers of samples."""

    molecules: int
    equilibration: float
    sampling: float
    rounds: int
    final_molecules: int
    final_equilibration: float
    final_sampling: float
    virial_samples: int


FULL = Lengths(216, 20.0, 100.0, 12, 343, 30.0, 150.0, 40000)
QUICK = Lengths(216, 0.2, 1.0, 2, 216, 0.2, 1.0, 200)


def fit_dimers():
    """Fit the difference of the reference and TIP3P."""
    data, held_out = dimers.load()
    fit = lp.fit.fit_splines(
        data,
        cutoff=CUTOFF,
        switching_distance=SWITCHING,
        within_cutoff=True,
        types=TYPES,
        energy_error=ENERGY_ERROR,
        force_error=FORCE_ERROR,
        description="wB97X-D3(BJ) minus TIP3P for pairs of water molecules (examples/water)",
    )
    return fit.with_held_out(held_out)


def fit_liquid(fit, lengths):
    """Change the fit so that the liquid has the experimental pressure, energy and structure."""
    topology, positions, system = liquid.water_box(lengths.molecules)
    water = lp.fit.Liquid(
        topology,
        system,
        positions,
        liquid.TEMPERATURE,
        liquid.targets(),
        equilibration=lengths.equilibration,
        sampling=lengths.sampling,
        platform="CPU",
        seed=SEED,
    )
    return lp.fit.refine(
        fit,
        water,
        initial=0.02,
        max_rounds=lengths.rounds,
        description="a correction of TIP3P water to dimers (wB97X-D3(BJ)) and to the liquid at 298 K (examples/water)",
        progress=lambda each: print(each, flush=True),
    )


def run(lengths, output):
    """Fit, simulate and compare; returns everything that was found."""
    fit = fit_dimers()
    print(fit)
    refined = fit_liquid(fit, lengths)
    print(refined)
    held_out = dimers.load()[1]
    after = refined.fit.with_held_out(held_out)
    fit.save(output / "water_dimers.pt")
    after.save(output / "water.pt")
    lp.fit.plot_fit(fit, output / "fit_dimers")
    models = {"TIP3P": None, "+ dimers": fit, "+ dimers and liquid": after}
    rows, functions = {}, {}
    for name, each in models.items():
        model = None if each is None else each.model
        averages = liquid.simulate(
            model, lengths.final_molecules, lengths.final_equilibration, lengths.final_sampling, SEED
        )
        virial = dimers.second_virial_coefficient(model, liquid.TEMPERATURE, lengths.virial_samples)
        rows[name] = row_of(held_out, each, averages, virial)
        functions[name] = averages.rdf
        print(name, rows[name], flush=True)
    draw({name: None if each is None else each.model for name, each in models.items()}, functions, output / "water.png")
    return {
        "lengths": dataclasses.asdict(lengths),
        "rounds": [dataclasses.asdict(each) for each in refined.rounds],
        "is_met": refined.is_met,
        "fits": {"dimers": fit.metadata["training"], "dimers and liquid": after.metadata["training"]},
        "table": rows,
        "rdf": {name: np.round(each, 4).tolist() for name, each in functions.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("water_output"), help="folder for models, figures and results"
    )
    parser.add_argument("--quick", action="store_true", help="a short run of a small box, to see that all works")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    start = time.time()
    results = run(QUICK if options.quick else FULL, options.output)
    print_table(results["table"])
    results["processor"], results["seconds"] = processor_name(), round(time.time() - start)
    results["options"] = {"quick": options.quick, "seed": SEED}
    with open(options.output / "results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"written: {options.output / 'results.json'}")


if __name__ == "__main__":
    main()
