# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times environment functions (densities around atoms and a network of them) beside their alternatives.

    python benchmarks/environment.py --threads 2 --json benchmarks/results/environment_cpu.json

On boxes of TIP3P water: networks of radial and of angular densities; one density, also as a CustomGBForce; and the
network of radial densities in a PythonForce with torch.compile. See benchmarks/README.md.
"""

import argparse
import copy

import learnedpair as lp
import numpy as np
import openmm
import torch
from boxes import make_tiled_water_box
from pair_lists import VerletList
from support import (
    DifferentFunctionError,
    add_timing_arguments,
    create_timed,
    describe_machine,
    describe_platform,
    platform_properties,
    time_in_turns,
    versions,
    write_report,
)
from variants import INNER_CUTOFF, exclude

#: The angular orders of the channels of each network.
NETWORKS = {"8 radial": [0] * 8, "8 radial, 4 + 4 angular": [0] * 8 + [1] * 4 + [2] * 4}
#: The alternatives are timed in boxes of at most this many molecules.
MAX_WATERS_OF_ALTERNATIVES = 1000
#: The largest allowed difference between the forces of an alternative and ours: its root mean square, relative to that
#: of the forces that the correction adds.
MAX_FORCE_DIFFERENCE = 1e-3


class OneDensity(torch.nn.Module):
    """A model with one density, which is the same for all types, and the energy 2 tanh(0.1 q) of an atom."""

    def __init__(self, cutoff):
        super().__init__()
        self.cutoff = cutoff

    def density(self, r, type1, type2):
        x = r / self.cutoff
        return (torch.exp(-(((r - 0.3) / 0.1) ** 2)) * (1 - x * x) ** 3).unsqueeze(-1)

    def atom(self, densities, type):
        return 2.0 * torch.tanh(0.1 * densities[:, 0])


def custom_gb_force(types, excluded, cutoff):
    """OneDensity as a CustomGBForce."""
    force = openmm.CustomGBForce()
    force.addComputedValue("rho", f"exp(-((r-0.3)/0.1)^2)*(1-(r/{cutoff})^2)^3", openmm.CustomGBForce.ParticlePair)
    force.addEnergyTerm("2*tanh(0.1*rho)", openmm.CustomGBForce.SingleParticle)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    force.setForceGroup(1)  # on GPUs the forces of one group must have the same cutoff
    for _ in types:
        force.addParticle([])
    for pair in excluded:
        force.addExclusion(*pair)
    return force


def python_force(network, types, excluded, box, cutoff):
    """A network of radial densities in a PythonForce: a Verlet list, torch.compile, and automatic differentiation up to
    the distances.
    """
    network = copy.deepcopy(network).float().requires_grad_(False)
    pairs = VerletList(box, excluded, len(types), cutoff)
    types = torch.from_numpy(np.asarray(types, dtype=np.int64))

    def energy_of(r, first, second):
        densities = torch.zeros((len(types), len(network.angular)), dtype=r.dtype)
        densities = densities.index_add(0, first, network.density(r, types[first], types[second]))
        densities = densities.index_add(0, second, network.density(r, types[second], types[first]))
        return network.atom(densities, types).sum()

    compiled = torch.compile(energy_of, dynamic=True)

    def compute(state):
        x = torch.from_numpy(state.getPositions(asNumpy=True)._value)
        first, second, d, r = pairs.pairs_in_range(x, cutoff)
        energy = compiled(r, first, second)
        return energy.item(), pairs.forces(energy, first, second, d, r).numpy()

    force = openmm.PythonForce(compute)
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def make_network(angular, cutoff):
    """A network with random weights."""
    torch.manual_seed(1)
    return lp.nn.EnvironmentNetwork(2, cutoff, angular, hidden=16, inner=INNER_CUTOFF, energy_scale=0.1)


def load(module, angular, cutoff):
    return lp.load_environment(
        module, types=["other", "H"], angular=angular, cutoff=cutoff, inner_cutoff=INNER_CUTOFF, tolerance=1e-4
    )


def corrections(box, cutoff, alternatives):
    """Make the forces to time, by name; and for each alternative, get the name of our force that computes the same."""
    modules = {name: (make_network(angular, cutoff), angular) for name, angular in NETWORKS.items()}
    modules["one density"] = OneDensity(cutoff), [0]
    forces, equal = {}, {}
    for name, (module, angular) in modules.items():
        forces[name] = load(module, angular, cutoff).create_force(box.types.tolist())
        exclude(forces[name], box.excluded)
    if alternatives:
        forces["CustomGBForce, one density"] = custom_gb_force(box.types, box.excluded, cutoff)
        network = modules["8 radial"][0]
        forces["PythonForce, 8 radial"] = python_force(network, box.types, box.excluded, box.edges, cutoff)
        equal = {"CustomGBForce, one density": "one density", "PythonForce, 8 radial": "8 radial"}
    return forces, equal


def require_equal(baseline, timed, equal):
    """Compare the forces that alternatives add with those of ours; returns the differences."""
    differences = {}
    for name, other in equal.items():
        added, expected = (timed[each].forces - baseline.forces for each in (name, other))
        difference = float(np.sqrt(np.mean((added - expected) ** 2) / np.mean(expected**2)))
        differences[name] = difference
        if not difference < MAX_FORCE_DIFFERENCE:
            raise DifferentFunctionError(f"{name} differs from {other}: RMS of the forces {difference:.2g}")
    return differences


def measure(waters, arguments):
    """Time one box; returns a dict for JSON."""
    box = make_tiled_water_box(waters, 0.9)
    properties = platform_properties(arguments)
    forces, equal = corrections(box, arguments.cutoff, waters <= MAX_WATERS_OF_ALTERNATIVES)
    baseline = create_timed(box.system, box.positions, arguments.platform, properties)
    timed = {}
    for name, force in forces.items():
        corrected = copy.deepcopy(box.system)
        corrected.addForce(force)
        timed[name] = create_timed(corrected, box.positions, arguments.platform, properties)
    differences = require_equal(baseline, timed, equal)
    timings = time_in_turns(baseline, timed, arguments.seconds, arguments.repeats, arguments.warm_up)
    print(f"### {box.name}\n\n| correction | MM ms/step | added ms/step | ratio [min, max] | overhead |")
    print("|---|---|---|---|---|")
    for name, r in timings.items():
        ours = timings[equal.get(name, name)]
        r["overhead_over_ours"] = r["added_ms"] / ours["added_ms"]
        times = f"{r['overhead_over_ours']:.1f} x ours" if name in equal else ""
        print(
            f"| {name} | {r['baseline_ms']:.2f} | {r['added_ms']:.2f} | {r['ratio']:.3f} [{r['ratio_min']:.3f},"
            f" {r['ratio_max']:.3f}] | {times} |",
            flush=True,
        )
    print()
    info = {
        name: lp.LearnedPairForce.cast(force).getKernelInfo(timed[name].context)
        for name, force in forces.items()
        if lp.LearnedPairForce.is_learned_pair_force(force)
    }
    return {
        "waters": waters,
        "atoms": box.atoms,
        "force_differences": differences,
        "kernels": info,
        "timing": timings,
        "platform": describe_platform(baseline.context),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_timing_arguments(parser)
    parser.add_argument("--cutoff", type=float, default=0.6, help="cutoff of the densities, nm")
    parser.add_argument("--waters", type=int, nargs="+", default=[1000, 8000, 32000])
    arguments = parser.parse_args()
    boxes = [measure(waters, arguments) for waters in arguments.waters]
    report = {"machine": describe_machine(), "versions": versions(), "boxes": boxes}
    for name in [*NETWORKS, "one density"]:
        if len(boxes) > 1:
            atoms = np.log([box["atoms"] for box in boxes])
            added = np.log([box["timing"][name]["added_ms"] for box in boxes])
            exponent = report.setdefault("exponents", {})[name] = float(np.polyfit(atoms, added, 1)[0])
            print(f"{name}: the added time grows with the number of atoms to the power of {exponent:.3f}.")
    write_report(report, arguments.json)


if __name__ == "__main__":
    main()
