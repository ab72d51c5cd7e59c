# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times molecular mechanics with a tabulated correction: LearnedPairForce and CustomNonbondedForce."""

import copy
from dataclasses import asdict

import learnedpair as lp
import numpy as np
import openmm
from learnedpair.force.kernel_info import describe_kernel
from support import (
    DifferentFunctionError,
    bare_system,
    create_timed,
    describe_platform,
    evaluate,
    loops_alone,
    name_platform,
    peak_memory,
    platform_properties,
    time_in_turns,
)
from variants import GROUPS, OURS, Placement, make_correction, make_forces, placements

#: The largest relative differences of energy and forces (RMS) from LearnedPairForce on the Reference platform.
MAX_ENERGY_DIFFERENCE, MAX_FORCE_DIFFERENCE = 1e-4, 1e-3
#: Interaction groups are timed up to this number of atoms, since they list all pairs at any distance.
MAX_ATOMS_FOR_GROUPS = 6000


def evaluate_reference(system, correction, positions):
    """Evaluate energy and forces of the correction alone, as LearnedPairForce on the Reference platform."""
    bare = bare_system(system, make_forces(Placement(OURS, OURS, 0, correction.cutoff), correction))
    context = openmm.Context(bare, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(positions)
    return evaluate(context)


def create_variant(placement, system, correction, positions, arguments):
    """Create a Context of the System with the correction in one of its forms."""
    corrected = copy.deepcopy(system)
    for force in make_forces(placement, correction):
        corrected.addForce(force)
    return create_timed(corrected, positions, arguments.platform, platform_properties(arguments))


def kernel_of(timed):
    """Describe what evaluates the LearnedPairForce of a Context, which is the last force of its System."""
    system = timed.context.getSystem()
    force = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    return describe_kernel(force.getKernelInfo(timed.context))


def check_variant(label, timed, baseline, reference):
    """Compare the energy and forces that a form adds to the baseline with the reference.

    Returns
    -------
    dict
        The added energy (kJ/mol) and the relative differences of energy and forces.

    Raises
    ------
    DifferentFunctionError
        If a difference is too large.
    """
    energy, forces = timed.energy - baseline.energy, timed.forces - baseline.forces
    energy_difference = abs(energy / reference[0] - 1)
    force_difference = np.linalg.norm(forces - reference[1]) / np.linalg.norm(reference[1])
    if not (energy_difference <= MAX_ENERGY_DIFFERENCE and force_difference <= MAX_FORCE_DIFFERENCE):
        raise DifferentFunctionError(
            f"{label} computes another function: its energy is {energy:.6g} kJ/mol; expected {reference[0]:.6g} "
            f"(relative difference {energy_difference:.1e}, allowed {MAX_ENERGY_DIFFERENCE:g}); its forces differ by "
            f"{force_difference:.1e} (RMS, relative, allowed {MAX_FORCE_DIFFERENCE:g})."
        )
    return {"energy": energy, "energy_difference": energy_difference, "force_difference": float(force_difference)}


def compare_tables(box, cutoff, arguments):
    """Check and time all forms with one cutoff (nm) in a Box.

    Returns
    -------
    dict
        For JSON.
    """
    correction = make_correction(box, cutoff, arguments.seed, arguments.largest_force)
    reference = evaluate_reference(box.system, correction, box.positions)
    properties = platform_properties(arguments)
    baseline = create_timed(box.system, box.positions, arguments.platform, properties)
    places = [
        place
        for form in arguments.forms
        if form != GROUPS or box.atoms <= MAX_ATOMS_FOR_GROUPS
        for place in placements(form, arguments.platform, cutoff, arguments.nonbonded_cutoff)
    ]
    timed, checks = {}, {}
    for place in places:
        timed[place.label] = create_variant(place, box.system, correction, box.positions, arguments)
        checks[place.label] = check_variant(place.label, timed[place.label], baseline, reference)
    times = time_in_turns(baseline, timed, arguments.seconds, arguments.repeats, arguments.warm_up)
    variants = {
        place.label: {
            **asdict(place),
            **checks[place.label],
            **times[place.label],
            "creation_s": timed[place.label].creation,
            "memory_mib": timed[place.label].memory,
        }
        for place in places
    }
    (ours,) = make_forces(Placement(OURS, OURS, 0, cutoff), correction)
    return {
        "cutoff_nm": cutoff,
        "alone_ms": loops_alone(box.system, {OURS: ours}, box.positions, arguments.platform, properties),
        "knots": [len(energies) for energies in correction.table.energies],
        "reference_energy": reference[0],
        "platform": describe_platform(baseline.context),
        "kernel": kernel_of(timed[OURS]) if OURS in timed else None,
        "baseline": {"creation_s": baseline.creation, "memory_mib": baseline.memory},
        "peak_memory_mib": peak_memory(),
        "variants": variants,
        "against_best_custom": compare_with_best(variants),
    }


def compare_with_best(variants):
    """Compute the overhead of LearnedPairForce as a fraction of the overhead of the fastest CustomNonbondedForce.

    Returns
    -------
    dict or None
        None if one of the two was not timed. The fraction is None if the scatter of the blocks is larger than the time
        that CustomNonbondedForce adds.
    """
    custom = {label: variant for label, variant in variants.items() if variant["form"] != OURS}
    if OURS not in variants or not custom:
        return None
    best = min(custom, key=lambda label: custom[label]["ratio"])
    resolved = custom[best]["ratio_lower_quartile"] > 1
    fraction = (variants[OURS]["ratio"] - 1) / (custom[best]["ratio"] - 1) if resolved else None
    return {"best": best, "overhead_fraction": fraction}


def format_tables(result, box, arguments):
    """Format the result of compare_tables() as Markdown."""
    knots = " + ".join(map(str, result["knots"]))
    lines = [
        (
            f"### {name_platform(result['platform'])}: {box.name}, table to {result['cutoff_nm']:g} nm, NonbondedForce"
            f" to {arguments.nonbonded_cutoff:g} nm"
        ),
        "",
        (
            f"{arguments.repeats} blocks; tables with {knots} knots; correction on Reference"
            f" {result['reference_energy']:.4f} kJ/mol."
        ),
        "",
        (
            "| form | group | MM ms/step | with correction | ratio [min, max] | of fastest | added ms/step "
            "| creation s | peak RSS + MiB | energy kJ/mol | energy diff. | force diff. |"
        ),
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
    lines += [
        "",
        (
            f"Alone, at fixed positions: {OURS} {result['alone_ms'][OURS]:.2f} ms, {direct}"
            f" {result['alone_ms'][direct]:.2f} ms"
        ),
    ]
    lines += ["", f"Peak memory of the process: {result['peak_memory_mib']:.0f} MiB"]
    return "\n".join(lines) + "\n"
