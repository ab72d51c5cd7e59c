#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Active learning of a correction of Lennard-Jones argon: a committee chooses the dimers that are to be computed.

    python active_learning.py [--output FOLDER] [--quick]

README.md has the results.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
from learnedpair.devices import processor_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rare_gases"))  # liquid.py is there

from figure import draw
from learning import FIRST, GAP, Reference, choose, pair_force, spread_of_pairs, train
from liquid import Lengths
from sampling import simulate

FULL = Lengths(cells=5, melting=2, equilibration=5, sampling=50)
QUICK = Lengths(cells=5, melting=0.5, equilibration=1, sampling=2)
#: The rounds end when the force on no atom of any sample has a larger spread than this, in kJ/mol/nm.
LIMIT = 1.0
MOST_ROUNDS = 6
#: The number of new dimers in each round.
NEW = 2
#: Distances in nm of dimers without contacts, and a distance below them: see without_contacts().
OUTSIDE, BEGIN = 0.32, (0.40, 0.42, 0.44, *FIRST[3:])

TITLES = ("round", "dimers", "spread", "largest", "true error", "largest", "of the energy", "new dimers, nm")


def learn(reference, lengths, output):
    """Learn in rounds; returns what was found in each of them, and the committees."""
    data, rounds, committees = reference.compute(FIRST), [], []
    print_row(TITLES)
    print(f"|{'---|' * len(TITLES)}")
    for number in range(MOST_ROUNDS):
        committee = train(data)
        files = output / f"spread_{number}.csv", output / f"candidates_{number}.xyz"
        found = simulate(committee, reference.fit.model, lengths, number + 1, LIMIT, files)
        is_last = found.largest_spread <= LIMIT or number == MOST_ROUNDS - 1
        new = [] if is_last else choose(files[1], committee, data, NEW)
        rounds.append({"dimers": len(data), **dataclasses.asdict(found), "new": new})
        committees.append(committee)
        print_row(cells(number, rounds[-1]))
        if is_last:
            break
        data += reference.compute(new)
    return rounds, committees


def cells(name, values):
    """The cells of a row of the table of README.md."""
    forces = [f"{values[key]:.2f}" for key in ("spread", "largest_spread", "error", "largest_error")]
    new = ", ".join(f"{r:.3f}" for r in values["new"])
    return str(name), str(values["dimers"]), *forces, f"{values['energy_error']:.4f}", new


def print_row(row):
    print(f"| {' | '.join(row)} |", flush=True)


def without_contacts(reference):
    """The spread and the true error of the force between two atoms that are closer than all dimers of a committee."""
    committee, r = train(reference.compute(BEGIN)), np.array([OUTSIDE])
    (spread,) = spread_of_pairs(committee, r)
    (error,) = pair_force(committee, r) - pair_force(reference.fit.model, r)
    return {"begin": BEGIN[0], "distance": OUTSIDE, "spread": float(spread), "error": float(abs(error))}


def chosen_by_hand(reference, lengths, rounds, output):
    """What as many new dimers at equal distances in the gap of the first ones achieve."""
    count = rounds[-1]["dimers"] - len(FIRST)
    data = reference.compute([*FIRST, *np.linspace(*GAP, count + 2)[1:-1]])
    files = output / "spread_by_hand.csv", output / "candidates_by_hand.xyz"
    found = simulate(train(data), reference.fit.model, lengths, len(rounds), LIMIT, files)
    return {"dimers": len(data), **dataclasses.asdict(found), "new": []}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("active_learning_output"), help="folder for models, figure and results"
    )
    parser.add_argument("--quick", action="store_true", help="short simulations, to see that all works")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    start, lengths = time.time(), QUICK if options.quick else FULL
    reference = Reference()
    rounds, committees = learn(reference, lengths, options.output)
    by_hand = chosen_by_hand(reference, lengths, rounds, options.output)
    print_row(cells("by hand", by_hand))
    draw(reference.fit.model, committees, rounds, options.output / "rounds.png")
    blind = without_contacts(reference)
    print(f"\nThe committee without dimers below {blind['begin']} nm, for two atoms at {blind['distance']} nm:")
    print(f"spread of the force {blind['spread']:.1f}, true error {blind['error']:.1f} kJ/mol/nm")
    results = {
        "lengths": dataclasses.asdict(lengths),
        "limit": LIMIT,
        "rounds": rounds,
        "by hand": by_hand,
        "without contacts": blind,
        "options": {"quick": options.quick},
        "processor": processor_name(),
        "seconds": round(time.time() - start),
    }
    with open(options.output / "results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"written: {options.output / 'results.json'}")


if __name__ == "__main__":
    main()
