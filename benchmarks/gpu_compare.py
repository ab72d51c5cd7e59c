# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times corrections on a GPU from 3,000 to a million atoms, beside the alternatives, in one run.

    python benchmarks/gpu_compare.py

A variant that fails is reported with its message, and the others continue. See benchmarks/README.md.
"""

import argparse
import copy
import functools
import gc
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import openmm
import torch
from boxes import UnusableStructureError, add_box_arguments, make_boxes, make_tiled_water_box
from cuda_device import Device, share_of_peak
from gpu_rows import CONTROL, HEAD, attempt, failed, format_row
from gpu_variants import BEST_FORM, make_variants, torch_force_is_missing
from kernel_times import profile
from learnedpair.devices import find_platform
from learnedpair.force.kernel_info import describe_kernel
from networks import COMPILED, EXPRESSION, MLIPOPS, PYTHON, TORCH, TYPED, WIDE
from support import (
    MIN_STEPS,
    DifferentFunctionError,
    add_timing_arguments,
    bare_system,
    count_pairs,
    create_timed,
    describe_machine,
    describe_platform,
    evaluate,
    name_platform,
    platform_properties,
    time_block,
    time_in_turns,
    versions,
    write_report,
)
from variants import FORMS, OURS

#: The largest relative RMS difference of the added forces from those of LearnedPairForce on the CPU platform. The bound
#: is wide, since the added forces are differences of much larger single-precision forces. A wrong function is off by
#: about 1.
MAX_FORCE_DIFFERENCE = 1e-2
NCU_STEPS = 5


class TooSlowError(Exception):
    """Timing a variant would take too long."""


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    add_box_arguments(parser, waters=[1000, 8000, 32000, 128000, 333334])
    parser.set_defaults(
        platform="CUDA",
        seconds=1.0,
        repeats=5,
        warm_up=100,
        json=Path(__file__).parent / "results" / "gpu_compare.json",
    )
    parser.add_argument(
        "--cutoff", type=float, nargs="*", default=[0.6, 0.9], help="cutoffs of the tables, nm; no value for no tables"
    )
    parser.add_argument(
        "--forms",
        nargs="*",
        choices=["all", *(form for form in FORMS if form != OURS)],
        default=[BEST_FORM],
        help="forms of the tables in CustomNonbondedForce",
    )
    parser.add_argument(
        "--networks", nargs="*", choices=[*TYPED, WIDE], default=list(TYPED), help="no value for no networks"
    )
    parser.add_argument(
        "--tabulated",
        nargs="*",
        choices=[*TYPED, WIDE],
        default=["16-32-32-1"],
        help="networks that are also timed with their radial part in a table",
    )
    parser.add_argument("--network-cutoff", type=float, default=0.6, help="cutoff of the networks, nm")
    parser.add_argument(
        "--alternatives",
        nargs="*",
        choices=[PYTHON, COMPILED, TORCH, MLIPOPS, EXPRESSION],
        default=[PYTHON, COMPILED, TORCH, EXPRESSION],
        help="alternatives to LearnedPairForce for the networks",
    )
    parser.add_argument(
        "--in-pytorch",
        nargs="*",
        choices=list(TYPED),
        default=["16-32-32-1"],
        help="networks that are also timed with the alternatives that run PyTorch",
    )
    parser.add_argument("--device", default="0", help="index of the CUDA device, as in OpenMM's property DeviceIndex")
    parser.add_argument(
        "--torch-device",
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="device on which PyTorch computes",
    )
    parser.add_argument(
        "--slow-atoms",
        type=int,
        default=100_000,
        help="largest number of atoms for which the alternatives to the networks are timed",
    )
    parser.add_argument(
        "--most-seconds", type=float, default=120, help="a variant whose blocks would take longer is skipped"
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-4, help="force error of tables in networks, relative to |F| + 1 kJ/mol/nm"
    )
    parser.add_argument("--seed", type=int, default=3, help="seed of the table's network")
    parser.add_argument("--largest-force", type=float, default=3.0, help="largest force of a pair, kJ/mol/nm")
    parser.add_argument(
        "--ncu",
        action="store_true",
        help="also measure the pair kernels with Nsight Compute, which must be on the PATH",
    )
    parser.add_argument("--ncu-waters", type=int, default=8000, help="molecules of the box for --ncu")
    parser.add_argument("--profile", help=argparse.SUPPRESS)  # the variant to run under ncu
    return parser.parse_args(arguments)


def evaluate_exactly(box, forces):
    """Evaluate the forces of a correction alone, on the CPU platform."""
    context = openmm.Context(
        bare_system(box.system, forces), openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("CPU")
    )
    context.setPositions(box.positions)
    return evaluate(context)[1]


def create(box, forces, arguments):
    """Create a Context of a Box with additional forces."""
    corrected = copy.deepcopy(box.system)
    for force in forces:
        corrected.addForce(force)
    properties = platform_properties(arguments)
    if arguments.platform == "CUDA":
        properties["DeviceIndex"] = arguments.device
    return create_timed(corrected, box.positions, arguments.platform, properties)


def create_measured(box, forces, arguments, device):
    """Like create(), and measure the decrease of the device's free memory in MiB; None if it is unknown."""
    gc.collect()  # frees earlier Contexts
    before = device and device.free_memory()
    timed = create(box, forces, arguments)
    return timed, None if before is None else (before - device.free_memory()) / 2**20


def check_forces(timed, baseline, expected):
    """Get the relative RMS difference of the added forces from the expected ones."""
    difference = float(np.linalg.norm(timed.forces - baseline.forces - expected) / np.linalg.norm(expected))
    if not difference <= MAX_FORCE_DIFFERENCE:
        raise DifferentFunctionError(
            f"the added forces differ by {difference:.1e} from those of LearnedPairForce on the CPU platform; allowed"
            f" {MAX_FORCE_DIFFERENCE:g}"
        )
    return difference


def refuse_if_slow(timed, arguments):
    """Raise TooSlowError if the blocks of a variant would take more than --most-seconds."""
    step = time_block(timed, 1)
    needed = step * (arguments.warm_up + arguments.repeats * MIN_STEPS)
    if needed > arguments.most_seconds:
        raise TooSlowError(
            f"a step takes {step:.2g} s, so that warming up and timing would take {needed:.0f} s, more than"
            f" --most-seconds {arguments.most_seconds:g}"
        )


def measure(variant, box, baseline, exact_forces, arguments, device):
    """Create, check and time one Variant; returns a dict for JSON."""
    forces = variant.make()
    timed, memory = create_measured(box, forces, arguments, device)
    row = {"creation_s": timed.creation, "device_memory_mib": memory, "host_memory_mib": timed.memory}
    if variant.exact is not None:
        row["force_difference"] = check_forces(timed, baseline, exact_forces(variant.exact))
    if variant.ours:
        info = forces[0].getKernelInfo(timed.context)
        row.update(kernel=describe_kernel(info), num_curves=info["num_curves"], table_bytes=info["table_bytes"])
        if info["evaluation"] == "program":
            row["multiply_adds_per_pair"] = forces[0].lowering_report["multiply_adds_per_pair"]
    refuse_if_slow(timed, arguments)
    row.update(time_in_turns(baseline, {"": timed}, arguments.seconds, arguments.repeats, arguments.warm_up)[""])
    row["ns_per_atom"] = 1e6 * row["variant_ms"] / box.atoms
    return row


def add_share_of_peak(row, pairs, peak):
    """Add the rate of a program's multiply-adds, in the time that the program adds, as a share of the device's peak."""
    if row.get("multiply_adds_per_pair"):
        row["multiply_adds_per_step"] = pairs * row["multiply_adds_per_pair"]
        resolved = row["ratio_lower_quartile"] > 1
        row["share_of_peak"] = share_of_peak(
            row["multiply_adds_per_step"], 1e-3 * row["added_ms"] if resolved else None, peak
        )


def compare(box, arguments, device, peak, result, save):
    """Measure all Variants in a Box, and save each result immediately."""
    baseline = create(box, [], arguments)
    result.update(
        platform=describe_platform(baseline.context),
        pairs=count_pairs(box.positions, box.edges, box.excluded, arguments.network_cutoff),
    )
    print(f"### {name_platform(result['platform'])}: {box.name}\n\n{HEAD}", flush=True)
    exact_forces = functools.cache(lambda exact: evaluate_exactly(box, exact()))
    for variant in make_variants(box, arguments):
        if variant.max_atoms is not None and box.atoms > variant.max_atoms:
            row = {"left_out": f"more than {variant.max_atoms:,} atoms"}
        else:
            row = attempt(measure, variant, box, baseline, exact_forces, arguments, device)
            if "failed" not in row:
                add_share_of_peak(row, result["pairs"], peak)
        result["variants"].append({"label": variant.label, "ours": variant.ours, **row})
        print(format_row(result["variants"][-1]), flush=True)
        save()
    print(
        "".join(f"\n{row['label']}: {row['kernel']}" for row in result["variants"] if "kernel" in row) + "\n",
        flush=True,
    )


def profile_kernels(arguments):
    """Measure the time of each pair kernel in MM and in MM with each of our variants.

    This starts the script again under ncu, once for each variant.
    """
    box = next(
        make_boxes(argparse.Namespace(**{**vars(arguments), "waters": [arguments.ncu_waters]}), make_tiled_water_box)
    )
    labels = [variant.label for variant in make_variants(box, arguments) if variant.ours or variant.label == CONTROL]
    print(f"### Kernels, by ncu: {box.name}, ms in a step\n\n| variant | kernels |\n|---|---|", flush=True)
    rows = []
    for label in labels:
        row = attempt(
            profile,
            [sys.executable, __file__, *sys.argv[1:], "--waters", str(arguments.ncu_waters), "--profile", label],
        )
        if "failed" not in row:
            row = {
                kernel: {"launches": len(durations), "ms_per_step": 1e-6 * sum(durations) / (NCU_STEPS + 1)}
                for kernel, durations in row.items()
            }
        shown = row.get("failed") or ", ".join(
            f"{kernel} {times['ms_per_step']:.4f} ({times['launches']} launches)" for kernel, times in row.items()
        )
        print(f"| {label} | {shown} |", flush=True)
        rows.append({"label": label, "ours": label != CONTROL, **row})
    print()
    return {"box": box.name, "atoms": box.atoms, "steps": NCU_STEPS, "variants": rows}


def run_for_profiler(arguments):
    """Run under ncu: create a Context of one variant, compute the first forces, and run a few steps."""
    box = next(make_boxes(arguments, make_tiled_water_box))
    variant = next(variant for variant in make_variants(box, arguments) if variant.label == arguments.profile)
    timed = create(box, variant.make(), arguments)
    timed.context.getIntegrator().step(NCU_STEPS)


def command_line(arguments):
    """Get the command line as it was given, with file names in place of paths."""
    words = []
    for word in sys.argv[1:]:
        option, equals, value = word.rpartition("=")
        is_path = value == arguments.pdb or Path(value) == arguments.json
        words.append(option + equals + (Path(value).name if is_path else value))
    return shlex.join(["python", "benchmarks/gpu_compare.py", *words])


def main():
    """Run the comparison.

    Returns the exit status: 1 if plain MM or a LearnedPairForce failed, 2 if the comparison cannot run.
    """
    arguments = parse_arguments()
    if arguments.profile is not None:
        run_for_profiler(arguments)
        return 0
    if arguments.ncu and shutil.which("ncu") is None:
        print("gpu_compare: --ncu needs Nsight Compute's ncu on the PATH, which has none.", file=sys.stderr)
        return 2
    try:
        find_platform(arguments.platform)
    except ValueError as error:
        print("gpu_compare:", error, *openmm.Platform.getPluginLoadFailures(), file=sys.stderr)
        return 2
    device = Device(int(arguments.device.split(",")[0])) if arguments.platform == "CUDA" else None
    gpu = device and device.describe()
    report = {
        "command": command_line(arguments),
        "machine": describe_machine(),
        "gpu": gpu,
        "versions": versions(),
        "arguments": {name: value for name, value in vars(arguments).items() if name not in ("json", "pdb", "profile")},
        "left_out": [],
        "results": [],
    }
    save = functools.partial(write_report, report, arguments.json)
    print(
        "GPU: " + ", ".join(f"{name} {value}" for name, value in gpu.items())
        if gpu
        else f"{arguments.platform}: no CUDA GPU is measured."
    )
    if TORCH in arguments.alternatives and torch_force_is_missing():
        report["left_out"].append(f"{TORCH}: {torch_force_is_missing()}")
        print(f"Left out: {report['left_out'][-1]}.")
    print(f"The alternatives to networks are timed up to {arguments.slow_atoms:,} atoms (--slow-atoms).\n", flush=True)
    try:
        for box in make_boxes(arguments, make_tiled_water_box):
            result = {"box": box.name, "atoms": box.atoms, "variants": []}
            report["results"].append(result)
            failure = attempt(compare, box, arguments, device, gpu and gpu["peak_fp32_flops"], result, save)
            if failure:
                result.update(failure)
                print(f"{box.name}: failed: {failure['failed']}\n", flush=True)
                save()
    except UnusableStructureError as error:
        print(f"gpu_compare: {error}", file=sys.stderr)
        return 1
    if arguments.ncu:
        report["kernels"] = profile_kernels(arguments)
        save()
    return 1 if failed(report["results"] + ([report["kernels"]] if arguments.ncu else [])) else 0


if __name__ == "__main__":
    sys.exit(main())
