# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times molecular mechanics with networks that are evaluated for every pair: as they are, and with their radial part in a table.

    python benchmarks/compare_programs.py --platform CPU --threads 2 --json benchmarks/results/programs_cpu.json

See benchmarks/README.md.
"""

import argparse
import copy
import json
import pathlib
import sys
import tempfile

import numpy as np
import openmm
import torch

import learnedpair as lp
from support import create_timed, describe_machine, describe_platform, evaluate, platform_properties, relax, summarize, time_in_turns, versions
from variants import INNER_CUTOFF, make_water_box

#: How far a platform may be from the exact program on Reference, root mean square and relative, beside the tolerance of a table.
MOST_FORCE_DIFFERENCE = 1e-3


class WideNetwork(torch.nn.Module):
    """16 Gaussians and 32 features of each particle through three hidden layers of 64."""

    def __init__(self, cutoff):
        super().__init__()
        self.cutoff = cutoff
        self.register_buffer("centers", torch.linspace(INNER_CUTOFF, cutoff, 16))
        self.radial, self.particle = torch.nn.Linear(16, 64), torch.nn.Linear(32, 64, bias=False)
        self.second, self.third, self.last = torch.nn.Linear(64, 64), torch.nn.Linear(64, 64), torch.nn.Linear(64, 1)

    def forward(self, r, features1, features2):
        basis = torch.exp(-500 * (r.unsqueeze(-1) - self.centers) ** 2)
        hidden = torch.nn.functional.silu(self.radial(basis) + self.particle(features1 + features2))
        hidden = torch.nn.functional.silu(self.third(torch.nn.functional.silu(self.second(hidden))))
        return self.last(hidden).squeeze(-1) * (1 - (r / self.cutoff) ** 2) ** 3


def networks(cutoff):
    """Name: (module, metadata, what the two kinds of particles are to it)."""
    typed = {"types": ["O", "H"], "cutoff": cutoff, "inner_cutoff": INNER_CUTOFF}
    rows = np.random.default_rng(5).uniform(-1, 1, (2, 32))
    return {
        "8-8-1": (lambda: lp.nn.TypedPairNetwork(2, cutoff, hidden=(8, 8), num_basis=8, inner=INNER_CUTOFF), typed, (0, 1)),
        "16-32-32-1": (lambda: lp.nn.TypedPairNetwork(2, cutoff, hidden=(32, 32), inner=INNER_CUTOFF), typed, (0, 1)),
        "16-64-64-1": (lambda: lp.nn.TypedPairNetwork(2, cutoff, hidden=(64, 64), inner=INNER_CUTOFF), typed, (0, 1)),
        "16+32 features-64-64-64-1": (lambda: WideNetwork(cutoff), {"features": [f"h{k}" for k in range(32)], "cutoff": cutoff, "inner_cutoff": INNER_CUTOFF}, tuple(rows)),
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--platform", default="CPU", help="name of an OpenMM platform")
    parser.add_argument("--precision", default="mixed", help="of OpenCL and CUDA")
    parser.add_argument("--threads", type=int, help="of CPU; OpenMM's own choice if not given")
    parser.add_argument("--waters", type=int, default=1000, help="number of water molecules")
    parser.add_argument("--cutoff", type=float, default=0.6, help="of the correction, nm")
    parser.add_argument("--networks", nargs="+", choices=list(networks(0.6)), default=list(networks(0.6)))
    parser.add_argument("--tolerance", type=float, default=1e-4, help="force error of the table, relative to |F| + 1 kJ/mol/nm")
    parser.add_argument("--repeats", type=int, default=5, help="timed blocks of each variant")
    parser.add_argument("--steps", type=int, default=5, help="steps of a block")
    parser.add_argument("--warm-up", type=int, default=2, help="steps of each variant before the first block")
    parser.add_argument("--json", type=pathlib.Path, help="file for all that was measured")
    return parser.parse_args()


def make_model(make_module, metadata):
    """A network with random weights of a fixed seed, from a file, as users have it."""
    torch.manual_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        return lp.export_model(make_module(), pathlib.Path(folder) / "model.pt", **metadata)


def make_force(model, kinds, system, topology, **options):
    """The correction between all atoms that the NonbondedForce does not exclude."""
    particles = [kinds[0] if atom.element.symbol == "O" else kinds[1] for atom in topology.atoms()]
    what = {"types": particles} if model.features is None else {"features": particles}
    return lp.add_correction(system, topology, model, **what, **options)


def compare_network(name, system, topology, positions, arguments):
    """Check and time one network.

    Returns
    -------
    dict
        What is written to JSON for it.
    """
    make_module, metadata, kinds = networks(arguments.cutoff)[name]
    model = make_model(make_module, metadata)
    baseline = create_timed(system, positions, arguments.platform, platform_properties(arguments))
    timed, details = {}, {}
    for label, options in {"exact": {"representation": "program"}, "radial table": {"representation": "program", "tabulate_radial": True, "tolerance": arguments.tolerance}}.items():
        corrected = copy.deepcopy(system)
        force = make_force(model, kinds, corrected, topology, **options)
        timed[label] = create_timed(corrected, positions, arguments.platform, platform_properties(arguments))
        if label == "exact":
            reference = openmm.Context(corrected, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
            reference.setPositions(positions)
            bare = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
            bare.setPositions(positions)
            expected = evaluate(reference)[1] - evaluate(bare)[1]
        difference = float(np.linalg.norm(timed[label].forces - baseline.forces - expected) / np.linalg.norm(expected))
        report = force.lowering_report
        if not difference <= MOST_FORCE_DIFFERENCE:
            sys.exit(f"compare_programs: {name}, {label}: the forces differ by {difference:.1e} from those of the exact program on Reference; allowed {MOST_FORCE_DIFFERENCE:g}.")
        details[label] = {"force_difference": difference, "multiply_adds_per_pair": report["multiply_adds_per_pair"], "radial_knots": report["radial_knots"],
                          "max_relative_force_error": report["max_relative_force_error"], "kernel": force.describeKernelInContext(timed[label].context),
                          "creation_s": timed[label].creation}
    blocks = time_in_turns(baseline, timed, arguments.steps, arguments.repeats, arguments.warm_up)
    variants = {label: {**details[label], **summarize(blocks[label], arguments.steps), "blocks_s": blocks[label]} for label in timed}
    return {"network": name, "platform": describe_platform(baseline.context), "variants": variants,
            "saved_by_table": 1 - variants["radial table"]["added_ms"] / variants["exact"]["added_ms"]}


def format_result(result):
    lines = []
    for label, r in result["variants"].items():
        lines.append(f"| {result['network']} | {label} | {r['multiply_adds_per_pair']} | {r['radial_knots']} | {r['max_relative_force_error']:.1e} | {r['baseline_ms']:.1f} | {r['added_ms']:.1f} "
                     f"| {r['ratio']:.2f} [{r['ratio_min']:.2f}, {r['ratio_max']:.2f}] | {r['creation_s']:.2f} | {r['force_difference']:.1e} |")
    return "\n".join(lines)


def main():
    arguments = parse_arguments()
    report = {"machine": describe_machine(), "versions": versions(), "arguments": {name: value for name, value in vars(arguments).items() if name != "json"}, "results": []}
    system, topology, positions = make_water_box(arguments.waters, 0.9)
    positions = relax(system, positions)
    print("| network | radial part | multiply-adds per pair | knots | error of the table | MM ms/step | added ms/step | ratio [min, max] | creation s | force diff. |\n|---|---|---|---|---|---|---|---|---|---|")
    for name in arguments.networks:
        report["results"].append(compare_network(name, system, topology, positions, arguments))
        print(format_result(report["results"][-1]), flush=True)
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
