# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times molecular mechanics with a tabulated correction: LearnedPairForce against CustomNonbondedForce.

    python benchmarks/compare_tables.py --platform CPU --cutoff 0.6 0.9 --json benchmarks/results/cpu.json

See benchmarks/README.md.
"""

import argparse
import copy
import sys
from dataclasses import asdict

import numpy as np
import openmm

from support import add_platform_arguments, create_timed, describe_machine, describe_platform, evaluate, loops_alone, peak_memory, platform_properties, relax, summarize, time_in_turns, versions, write_report
from variants import FORMS, GROUPS, OURS, Placement, make_correction, make_forces, make_water_box, placements

#: How far a form may be from LearnedPairForce on the Reference platform: relative, of energy and of force (RMS).
MOST_ENERGY_DIFFERENCE, MOST_FORCE_DIFFERENCE = 1e-4, 1e-3
#: Up to how many waters interaction groups are timed by default: they list all pairs, whatever their distance.
MOST_WATERS_FOR_GROUPS = 2000


class DifferentFunctionError(Exception):
    """A form does not compute the function of the others, so that a comparison would mean nothing."""


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_platform_arguments(parser)
    parser.add_argument("--waters", type=int, default=1000, help="number of water molecules")
    parser.add_argument("--cutoff", type=float, nargs="+", default=[0.6, 0.9], help="of the correction, nm")
    parser.add_argument("--nonbonded-cutoff", type=float, default=0.9, help="of the NonbondedForce, nm")
    parser.add_argument("--forms", nargs="+", choices=list(FORMS),
                        help=f"forms to time; by default all, without {GROUPS} above {MOST_WATERS_FOR_GROUPS} waters")
    parser.add_argument("--repeats", type=int, default=7, help="timed blocks of each form")
    parser.add_argument("--steps", type=int, default=20, help="steps of a block")
    parser.add_argument("--warm-up", type=int, default=20, help="steps of each form before the first block")
    parser.add_argument("--seed", type=int, default=3, help="of the network's weights")
    parser.add_argument("--largest-force", type=float, default=3.0, help="of a pair, kJ/mol/nm")
    arguments = parser.parse_args()
    if arguments.forms is None:
        small = arguments.waters <= MOST_WATERS_FOR_GROUPS
        arguments.forms = [form for form in FORMS if small or form != GROUPS]
    return arguments


def evaluate_reference(system, correction, positions):
    """Energy and forces of the correction alone: LearnedPairForce on the Reference platform."""
    bare = openmm.System()
    bare.setDefaultPeriodicBoxVectors(*system.getDefaultPeriodicBoxVectors())
    for i in range(system.getNumParticles()):
        bare.addParticle(system.getParticleMass(i))
    for force in make_forces(Placement(OURS, OURS, 0, correction.cutoff), correction):
        bare.addForce(force)
    context = openmm.Context(bare, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(positions)
    return evaluate(context)


def create_variant(placement, system, correction, positions, arguments):
    """A Context of the System with the correction in one of its forms."""
    corrected = copy.deepcopy(system)
    for force in make_forces(placement, correction):
        corrected.addForce(force)
    return create_timed(corrected, positions, arguments.platform, platform_properties(arguments))


def check_variant(label, timed, baseline, reference):
    """Compare what a form adds to the baseline with the reference.

    Returns
    -------
    dict
        The energy it adds (kJ/mol) and the relative differences of energy and force.

    Raises
    ------
    DifferentFunctionError
        If a difference is too large.
    """
    energy, forces = timed.energy - baseline.energy, timed.forces - baseline.forces
    energy_difference = abs(energy / reference[0] - 1)
    force_difference = np.linalg.norm(forces - reference[1]) / np.linalg.norm(reference[1])
    if not (energy_difference <= MOST_ENERGY_DIFFERENCE and force_difference <= MOST_FORCE_DIFFERENCE):
        raise DifferentFunctionError(
            f"{label} computes another function: its energy is {energy:.6g} kJ/mol; expected {reference[0]:.6g} "
            f"(relative difference {energy_difference:.1e}, allowed {MOST_ENERGY_DIFFERENCE:g}); its forces differ by "
            f"{force_difference:.1e} (RMS, relative, allowed {MOST_FORCE_DIFFERENCE:g})."
        )
    return {"energy": energy, "energy_difference": energy_difference, "force_difference": float(force_difference)}


def compare(system, topology, positions, cutoff, arguments):
    """Check and time all forms with one cutoff.

    Returns
    -------
    dict
        What is written to JSON for this cutoff.
    """
    correction = make_correction(system, topology, cutoff, arguments.seed, arguments.largest_force)
    reference = evaluate_reference(system, correction, positions)
    baseline = create_timed(system, positions, arguments.platform, platform_properties(arguments))
    places = [place for form in arguments.forms
              for place in placements(form, arguments.platform, cutoff, arguments.nonbonded_cutoff)]
    timed, checks = {}, {}
    for place in places:
        timed[place.label] = create_variant(place, system, correction, positions, arguments)
        checks[place.label] = check_variant(place.label, timed[place.label], baseline, reference)
    blocks = time_in_turns(baseline, timed, arguments.steps, arguments.repeats, arguments.warm_up)
    variants = {
        place.label: {
            **asdict(place),
            **checks[place.label],
            **summarize(blocks[place.label], arguments.steps),
            "creation_s": timed[place.label].creation,
            "memory_mib": timed[place.label].memory,
            "blocks_s": blocks[place.label],
        }
        for place in places
    }
    ours, = make_forces(Placement(OURS, OURS, 0, cutoff), correction)
    alone = loops_alone(system, {OURS: ours}, positions, arguments.platform, platform_properties(arguments))
    return {
        "cutoff_nm": cutoff,
        "alone_ms": alone,
        "knots": [len(energies) for energies in correction.table.energies],
        "reference_energy": reference[0],
        "platform": describe_platform(baseline.context),
        "baseline": {"creation_s": baseline.creation, "memory_mib": baseline.memory, "blocks_s": baseline.blocks},
        "peak_memory_mib": peak_memory(),
        "variants": variants,
        "against_best_custom": compare_with_best(variants),
    }


def compare_with_best(variants):
    """The overhead of LearnedPairForce as a fraction of that of the fastest CustomNonbondedForce.

    Returns
    -------
    dict or None
        None if one of the two was not timed. The fraction is None where the time that CustomNonbondedForce adds is lost
        in the scatter of the blocks.
    """
    custom = {label: variant for label, variant in variants.items() if variant["form"] != OURS}
    if OURS not in variants or not custom:
        return None
    best = min(custom, key=lambda label: custom[label]["ratio"])
    resolved = custom[best]["ratio_lower_quartile"] > 1
    fraction = (variants[OURS]["ratio"] - 1) / (custom[best]["ratio"] - 1) if resolved else None
    return {"best": best, "overhead_fraction": fraction}


def format_result(result, arguments):
    """One cutoff as a Markdown table."""
    where = ", ".join(result["platform"].values())
    knots = " + ".join(map(str, result["knots"]))
    lines = [
        f"### {where}: {3 * arguments.waters} atoms, correction to {result['cutoff_nm']:g} nm, "
        f"NonbondedForce to {arguments.nonbonded_cutoff:g} nm",
        "",
        f"{arguments.repeats} blocks of {arguments.steps} steps; tables with {knots} knots; "
        f"correction on Reference {result['reference_energy']:.4f} kJ/mol.",
        "",
        "| form | group | MM ms/step | with correction | ratio [min, max] | of fastest | added ms/step "
        "| creation s | peak RSS + MiB | energy kJ/mol | energy diff. | force diff. |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for label, r in result["variants"].items():
        lines.append(
            f"| {label} | {r['group']} | {r['baseline_ms']:.2f} | {r['variant_ms']:.2f} "
            f"| {r['ratio']:.3f} [{r['ratio_min']:.3f}, {r['ratio_max']:.3f}] | {r['ratio_of_fastest']:.3f} "
            f"| {r['added_ms']:.2f} | {r['creation_s']:.2f} | {r['memory_mib']:.0f} "
            f"| {r['energy']:.4f} | {r['energy_difference']:.1e} | {r['force_difference']:.1e} |"
        )
    against = result["against_best_custom"]
    if against is not None:
        fraction = against["overhead_fraction"]
        value = "not resolved, repeat with more or longer blocks" if fraction is None else f"{fraction:.3f}"
        lines += ["", f"Overhead of {OURS} / overhead of the best CustomNonbondedForce ({against['best']}): {value}"]
    direct = "NonbondedForce, direct space"
    lines += ["", f"Alone, at fixed positions: {OURS} {result['alone_ms'][OURS]:.2f} ms, {direct} {result['alone_ms'][direct]:.2f} ms"]
    lines += ["", f"Peak memory of the process: {result['peak_memory_mib']:.0f} MiB"]
    return "\n".join(lines) + "\n"


def main():
    """Run the comparison; returns the exit status."""
    arguments = parse_arguments()
    report = {
        "machine": describe_machine(),
        "versions": versions(),
        "arguments": {name: value for name, value in vars(arguments).items() if name != "json"},
        "results": [],
    }
    system, topology, positions = make_water_box(arguments.waters, arguments.nonbonded_cutoff)
    positions = relax(system, positions)
    for cutoff in arguments.cutoff:
        try:
            report["results"].append(compare(system, topology, positions, cutoff, arguments))
        except DifferentFunctionError as error:
            print(f"compare_tables: cutoff {cutoff:g} nm: {error}", file=sys.stderr)
            return 1
        print(format_result(report["results"][-1], arguments), flush=True)
    write_report(report, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
