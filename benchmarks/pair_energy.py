# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times lp.nn.PairEnergy: many dimers in one call beside one dimer a call, and a periodic box whose pairs are found by
vesin beside one whose pairs are all tried.

    python benchmarks/pair_energy.py --threads 1 --json benchmarks/results/pair_energy.json

Energies and forces are timed, in double precision. The variants are timed in turns. See benchmarks/README.md.
"""

import argparse
import statistics
import time
from importlib.metadata import version

import learnedpair as lp
import numpy as np
import torch
from boxes import make_water_box
from learnedpair.nn import pair_list
from networks import make_network
from support import DifferentFunctionError, add_json_argument, describe_machine, versions, write_report

NONBONDED_CUTOFF = 0.9
LARGEST_FORCE = 3.0  # kJ/mol/nm, of a pair
#: The pairs within the two molecules of a dimer.
WITHIN = np.array([(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--network", default="16-32-32-1", help="hidden layers of the network")
    parser.add_argument("--cutoff", type=float, default=0.6, help="nm")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 256, 1024], help="dimers in a call")
    parser.add_argument("--waters", type=int, default=1000, help="molecules in the periodic box")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--threads", type=int, help="threads of PyTorch; if not given, PyTorch chooses")
    add_json_argument(parser)
    return parser.parse_args()


def energies_and_forces(energy, positions, *arguments):
    """Compute the energies and the forces of all particles."""
    positions = positions.detach().requires_grad_()
    energies = energy(positions, *arguments)
    (gradient,) = torch.autograd.grad(energies.sum(), positions)
    return energies.detach(), -gradient


def choose_dimers(box, count):
    """The positions of pairs of neighboring molecules, shape (count, 6, 3), nm."""
    molecules = box.positions.reshape(-1, 3, 3)
    oxygens = molecules[:, 0]
    random = np.random.default_rng(0)
    dimers = []
    for first in random.integers(0, len(molecules), count):
        shift = np.round((oxygens - oxygens[first]) / box.edges) * box.edges
        near = np.linalg.norm(oxygens - shift - oxygens[first], axis=1).argsort()[1:9]
        second = random.choice(near)
        dimers.append(np.concatenate([molecules[first], molecules[second] - shift[second]]))
    return torch.tensor(np.array(dimers))


def milliseconds(function):
    start = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - start)


def time_in_turns(baseline, variant, repeats):
    """Time two functions alternately, after one call of each; returns a dict for JSON."""
    first, second = baseline(), variant()
    for one, other in zip(first, second, strict=True):
        if not torch.allclose(one, other, rtol=1e-9, atol=1e-9 * float(one.abs().max())):
            raise DifferentFunctionError("the variants differ by more than 1e-9 of the largest value")
    pairs = [(milliseconds(baseline), milliseconds(variant)) for _ in range(repeats)]
    ratios = [a / b for a, b in pairs]
    return {
        "baseline_ms": statistics.median(a for a, _ in pairs),
        "variant_ms": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "blocks_ms": pairs,
    }


def measure_dimers(energy, box, number, repeats):
    """Time as many calls as there are dimers beside one call with all of them."""
    dimers, types = choose_dimers(box, number), torch.tensor(box.types[:6], dtype=torch.int64)

    def separately():
        found = [energies_and_forces(energy, each, None, types, WITHIN) for each in dimers]
        return tuple(torch.stack(parts) for parts in zip(*found))

    times = time_in_turns(
        separately, lambda: energies_and_forces(energy, dimers, None, types, WITHIN), max(3, repeats * 16 // number)
    )
    return {"dimers": number, **times}


def measure_box(energy, box, repeats):
    """Time a periodic box whose pairs are all tried beside the same box with vesin."""
    positions, edges = torch.tensor(box.positions), torch.diag(torch.tensor(box.edges))
    arguments = positions, edges, torch.tensor(box.types, dtype=torch.int64), np.array(box.excluded)
    most = pair_list.MOST_ENUMERATED

    def enumerated():
        pair_list.MOST_ENUMERATED = box.atoms
        try:
            return energies_and_forces(energy, *arguments)
        finally:
            pair_list.MOST_ENUMERATED = most

    return {
        "atoms": box.atoms,
        **time_in_turns(enumerated, lambda: energies_and_forces(energy, *arguments), max(3, repeats // 3)),
    }


def format_ratio(times):
    return f"{times['ratio']:.1f} [{times['ratio_min']:.1f}, {times['ratio_max']:.1f}]"


def main():
    arguments = parse_arguments()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    network, metadata, _ = make_network(arguments.network, arguments.cutoff, LARGEST_FORCE)
    energy = lp.nn.PairEnergy(network.double(), arguments.cutoff, metadata["inner_cutoff"])
    box = make_water_box(arguments.waters, NONBONDED_CUTOFF)
    machine = {**describe_machine(), "torch_threads": torch.get_num_threads()}
    print(f"{machine['processor']}, {machine['torch_threads']} threads, load {machine['load_average']:.1f}\n")
    print("| dimers in a call | ms/dimer, one a call | ms/dimer, together | ratio [min, max] |\n|---|---|---|---|")
    dimers = []
    for number in arguments.batches:
        times = measure_dimers(energy, box, number, arguments.repeats)
        dimers.append(times)
        one, together = times["baseline_ms"] / number, times["variant_ms"] / number
        print(f"| {number} | {one:.3f} | {together:.4f} | {format_ratio(times)} |", flush=True)
    times = measure_box(energy, box, arguments.repeats)
    print("\n| atoms | ms/call, all pairs tried | ms/call, vesin | ratio [min, max] |\n|---|---|---|---|")
    print(
        f"| {times['atoms']:,} | {times['baseline_ms']:.0f} | {times['variant_ms']:.0f} | {format_ratio(times)} |",
        flush=True,
    )
    write_report(
        {
            "machine": machine,
            "versions": {**versions(), "vesin": version("vesin")},
            "network": arguments.network,
            "cutoff_nm": arguments.cutoff,
            "dimers": dimers,
            "box": times,
        },
        arguments.json,
    )


if __name__ == "__main__":
    main()
