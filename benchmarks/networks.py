# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times molecular mechanics with a network of pairs: LearnedPairForce, PythonForce and CustomNonbondedForce."""

import copy

import learnedpair as lp
import numpy as np
import openmm
import torch
from alternatives import expression_force, mlipops_force, python_force, python_torch_force
from learnedpair.force.kernel_info import describe_kernel
from support import (
    DifferentFunctionError,
    count_pairs,
    create_timed,
    describe_platform,
    evaluate,
    loops_alone,
    measure_matrix_products,
    platform_properties,
    time_in_turns,
)
from variants import GPU_PLATFORMS, INNER_CUTOFF, exclude, scale_to_force

#: The largest relative RMS difference of the forces from those of the exact program on Reference.
MAX_FORCE_DIFFERENCE = 1e-3
#: Hidden layers and Gaussians of each network.
TYPED = {"8-8-1": ((8, 8), 8), "16-32-32-1": ((32, 32), 16), "32-64-64-1": ((64, 64), 32)}
WIDE = "16+32 features-64-64-64-1"
#: Networks that are timed as an expression: larger ones take minutes to compile.
EXPRESSIONS = ("8-8-1",)
TABLES, EXACT, RADIAL = "LearnedPairForce, tables", "LearnedPairForce, exact", "LearnedPairForce, radial table"
PYTHON, COMPILED, TORCH, MLIPOPS, EXPRESSION = (
    "PythonForce",
    "PythonForce, torch.compile",
    "PythonTorchForce",
    "PythonForce, mlipops",
    "CustomNonbondedForce",
)
#: Above this number of atoms mlipops on a CPU is left out: its pair list makes matrices of all pairs.
MOST_ATOMS_OF_MLIPOPS = 6000


class WideNetwork(torch.nn.Module):
    """16 Gaussians and 32 features of each particle through three hidden layers of 64."""

    def __init__(self, cutoff):
        super().__init__()
        self.cutoff = cutoff
        self.register_buffer("centers", torch.linspace(INNER_CUTOFF, cutoff, 16))
        self.radial, self.particle = torch.nn.Linear(16, 64), torch.nn.Linear(32, 64, bias=False)
        self.second, self.third, self.last = torch.nn.Linear(64, 64), torch.nn.Linear(64, 64), torch.nn.Linear(64, 1)
        self.energy_scale = 1.0

    def forward(self, r, features1, features2):
        basis = torch.exp(-500 * (r.unsqueeze(-1) - self.centers) ** 2)
        hidden = torch.nn.functional.silu(self.radial(basis) + self.particle(features1 + features2))
        hidden = torch.nn.functional.silu(self.third(torch.nn.functional.silu(self.second(hidden))))
        return self.energy_scale * self.last(hidden).squeeze(-1) * (1 - (r / self.cutoff) ** 2) ** 3


def make_network(name, cutoff, largest_force):
    """Make a network with random weights of a fixed seed.

    Returns
    -------
    network : torch.nn.Module
    metadata : dict
        Of load_model().
    distinct : tuple
        The types or features of the two distinct particles: hydrogen second, all other elements first.
    """
    torch.manual_seed(3)
    if name == WIDE:
        distinct = tuple(np.random.default_rng(5).uniform(-1, 1, (2, 32)))
        network, metadata = (
            WideNetwork(cutoff),
            {
                "features": [f"h{k}" for k in range(32)],
                "cutoff": cutoff,
                "inner_cutoff": INNER_CUTOFF,
            },
        )
    else:
        distinct = (0, 1)
        hidden, num_basis = TYPED[name]
        network = lp.nn.TypedPairNetwork(2, cutoff, hidden=hidden, num_basis=num_basis, inner=INNER_CUTOFF)
        metadata = {"types": ["O", "H"], "cutoff": cutoff, "inner_cutoff": INNER_CUTOFF}
    scale_to_force(network, metadata, np.array(distinct), largest_force)
    return network, metadata, distinct


def force_makers(name, box, arguments, device="cpu"):
    """Get a function that creates the force, for each form of a network; PythonForce uses the given PyTorch device."""
    cutoff = arguments.network_cutoff
    network, metadata, distinct = make_network(name, cutoff, arguments.largest_force)
    model = lp.load_model(network, **metadata)
    particles = [distinct[type] for type in box.types]

    def ours(evaluation, **options):
        force = model.create_force(
            particles, representation="program", evaluation=evaluation, tolerance=arguments.tolerance, **options
        )
        exclude(force, box.excluded)
        return force

    def expression():
        force = expression_force(network, particles, box.excluded, cutoff)
        if arguments.platform in GPU_PLATFORMS:
            force.setForceGroup(1)  # since its cutoff differs from that of group 0
        return force

    makers = {
        TABLES: lambda: ours("table"),
        EXACT: lambda: ours("exact"),
        RADIAL: lambda: ours("exact", tabulate_radial=True),
    }
    if model.features is None:
        in_pytorch = network, particles, box.excluded, box.edges, cutoff
        makers[PYTHON] = lambda: python_force(*in_pytorch, False, device)
        makers[COMPILED] = lambda: python_force(*in_pytorch, True, device)
        makers[TORCH] = lambda: python_torch_force(*in_pytorch, False, device)
        if device != "cpu" or box.atoms <= MOST_ATOMS_OF_MLIPOPS:
            makers[MLIPOPS] = lambda: mlipops_force(*in_pytorch, device)
        if name in EXPRESSIONS:
            makers[EXPRESSION] = expression
    return makers


def make_variants(name, box, arguments):
    """Make a dict of Systems, with the network in each of its forms, and a dict of the LearnedPairForces among them."""
    makers = force_makers(name, box, arguments)
    systems, ours = {}, {}
    for label in (TABLES, EXACT, RADIAL, *arguments.alternatives):
        if label in makers:
            force = makers[label]()
            systems[label] = copy.deepcopy(box.system)
            systems[label].addForce(force)
            if label in (TABLES, EXACT, RADIAL):
                ours[label] = force
    return systems, ours


def added_forces(corrected, system, positions):
    """Get the forces of a correction on the Reference platform, as a difference of two Systems."""
    forces = []
    for one in (corrected, system):
        context = openmm.Context(one, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
        context.setPositions(positions)
        forces.append(evaluate(context)[1])
    return forces[0] - forces[1]


def compare_network(name, box, arguments):
    """Check and time one network in a Box.

    Returns
    -------
    dict
        For JSON.
    """
    systems, ours = make_variants(name, box, arguments)
    expected = added_forces(systems[EXACT], box.system, box.positions)
    properties = platform_properties(arguments)
    baseline = create_timed(box.system, box.positions, arguments.platform, properties)
    timed, details = {}, {}
    for label, corrected in systems.items():
        timed[label] = create_timed(corrected, box.positions, arguments.platform, properties)
        difference = float(np.linalg.norm(timed[label].forces - baseline.forces - expected) / np.linalg.norm(expected))
        if not difference <= MAX_FORCE_DIFFERENCE:
            raise DifferentFunctionError(
                f"{name}, {label}: the forces differ by {difference:.1e} from those of the exact program on Reference;"
                f" allowed {MAX_FORCE_DIFFERENCE:g}."
            )
        details[label] = {
            "force_difference": difference,
            "creation_s": timed[label].creation,
            "memory_mib": timed[label].memory,
        }
    for label, force in ours.items():
        report, info = force.lowering_report, force.getKernelInfo(timed[label].context)
        error = info if label == TABLES else report
        details[label].update(
            {key: report[key] for key in ("multiply_adds_per_pair", "radial_knots")},
            max_relative_force_error=error["max_relative_force_error"],
            num_curves=info["num_curves"],
            table_bytes=info["table_bytes"],
            kernel=describe_kernel(info),
        )
    times = time_in_turns(baseline, timed, arguments.seconds, arguments.repeats, arguments.warm_up)
    variants = {label: {**details[label], **times[label]} for label in timed}
    matrix_products = measure_matrix_products()
    alone = loops_alone(box.system, ours, box.positions, arguments.platform, properties)
    pairs = count_pairs(box.positions, box.edges, box.excluded, arguments.network_cutoff)
    for label in ours:
        variants[label].update(alone_ms=alone[label])
    for label in (EXACT, RADIAL):
        rate = pairs * variants[label]["multiply_adds_per_pair"] / (1e-3 * alone[label])
        variants[label].update(multiply_adds_per_s=rate, share_of_matrix_products=rate / matrix_products)
    return {
        "network": name,
        "platform": describe_platform(baseline.context),
        "pairs": pairs,
        "matrix_products_per_s": matrix_products,
        "direct_space_ms": alone["NonbondedForce, direct space"],
        "variants": variants,
    }


NETWORK_HEAD = (
    "| network | variant | multiply-adds per pair | knots, error of the table | MM ms/step | added ms/step | ratio"
    " [min, max] | alone ms, share of matrix products | creation s | peak RSS + MiB | force diff."
    " |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def format_network(result):
    """Format the result of compare_network() as rows of the table under NETWORK_HEAD."""
    lines = []
    for label, r in result["variants"].items():
        knots = f"{r['radial_knots']}, {r['max_relative_force_error']:.1e}" if "radial_knots" in r else ""
        alone = f"{r['alone_ms']:.2f}" if "alone_ms" in r else ""
        if "share_of_matrix_products" in r:
            alone += f", {100 * r['share_of_matrix_products']:.0f} %"
        lines.append(
            f"| {result['network']} | {label} | {r.get('multiply_adds_per_pair', '')} | {knots} |"
            f" {r['baseline_ms']:.1f} | {r['added_ms']:.1f} | {r['ratio']:.2f} [{r['ratio_min']:.2f},"
            f" {r['ratio_max']:.2f}] | {alone} | {r['creation_s']:.2f} | {r['memory_mib']:.0f} |"
            f" {r['force_difference']:.1e} |"
        )
    return "\n".join(lines)
