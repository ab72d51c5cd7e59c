# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Mistakes of users, and the messages that they get. docs/user/troubleshooting.md shows those in SHOWN as they are."""

import functools
import warnings

import learnedpair as lp
import models
import numpy as np
import openmm
import systems
import torch
from learnedpair import devices, plugin
from learnedpair.data import WATER
from openmm import app

DOMAIN = dict(types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
POSITIONS = np.array([[0, 0, 0], [0.3, 0, 0], [0, 0.4, 0]])


def provoke(mistake):
    """The exception that a function raises, or its first warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            mistake()
        except Exception as error:
            return error
    assert caught, "neither an exception nor a warning"
    return caught[0].message


class MyNetwork(torch.nn.Module):
    """A model of types that is a function of r, type1 and type2."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, r, type1, type2):
        return self.function(r, type1, type2)


def smooth(r, type1, type2):
    return (1.0 + type1 + type2) * torch.clamp(1 - r, min=0) ** 3


def load(function=smooth, **metadata):
    return lp.load_model(MyNetwork(function), **{**DOMAIN, **metadata})


def force_of(particles=("A", "A", "B"), **options):
    return load().create_force(particles, **options)


def evaluate(force, *others, edge=3.0, positions=POSITIONS, platform="Reference", count=3, **properties):
    """Compute the energy and forces of a force, beside others, in a cubic box; returns the Context."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    for _ in range(count):
        system.addParticle(1.0)
    for each in (*others, force):
        system.addForce(each)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(platform), properties)
    context.setPositions(positions)
    context.getState(energy=True, forces=True)
    return context


def nonbonded(method):
    force = openmm.NonbondedForce()
    for _ in range(3):
        force.addParticle(0.0, 0.3, 0.1)
    force.setNonbondedMethod(method)
    return force


@functools.cache
def topology_of_water(molecules=300):
    return systems.water(molecules)[0]


def correct(model=WATER, molecules=300, **options):
    """Add a correction to a System of water; returns the System and the force."""
    system = systems.water_system(topology_of_water(), method=app.PME, cutoff=0.9)
    return system, lp.add_correction(system, topology_of_water(molecules), model, **options)


def correct_with_rules(rules):
    return correct(load(types=rules))


def file_without_metadata():
    torch.jit.save(torch.jit.script(models.Formula()), "network.pt")
    lp.load_model("network.pt")


def file_of_another_kind():
    with open("delta.pt", "w", encoding="utf-8") as file:
        file.write("not a model")
    lp.load_model("delta.pt")


def changed_cutoff():
    force = force_of()
    context = evaluate(force)
    force.setCutoffDistance(0.9)
    force.updateParametersInContext(context)


def removed_force():
    system, force = correct()
    system.removeForce(system.getNumForces() - 1)
    force.getCutoffDistance()


def generic_force():
    system, _ = correct()
    system.getForce(system.getNumForces() - 1).getCutoffDistance()


def unsupported_operation():
    def sorted_features(r, features1, features2):
        return smooth(r, 0, torch.sort(torch.cat([features1, features2], 1), 1)[0][:, 0])

    lp.load_model(MyNetwork(sorted_features), features={"q": (-1, 1)}, cutoff=1, inner_cutoff=0.1).create_force(
        [[0], [1]]
    )


def feature_out_of_range():
    def product(r, features1, features2):
        return smooth(r, 0, features1[:, 0] * features2[:, 0])

    lp.load_model(MyNetwork(product), features={"q": (-1, 1)}, cutoff=1, inner_cutoff=0.1).create_force([[2], [0.5]])


def derivative_on_two_devices():
    force = force_of()
    force.setScaleParameter("lam", 1.0)
    force.addEnergyParameterDerivative("lam")
    evaluate(force, platform="OpenCL", DeviceIndex="0,0")


def report(reporter, force, positions=POSITIONS):
    """Take a step of a simulation of three particles with a reporter."""
    topology, system = app.Topology(), openmm.System()
    for _ in range(3):
        topology.addAtom("A", None, topology.addResidue("ABC", topology.addChain()))
        system.addParticle(1.0)
    system.setDefaultPeriodicBoxVectors(*(3 * np.eye(3)))
    system.addForce(force)
    integrator = openmm.VerletIntegrator(1e-6)
    simulation = app.Simulation(topology, system, integrator, openmm.Platform.getPlatform("Reference"))
    simulation.context.setPositions(positions)
    simulation.reporters.append(reporter)
    simulation.step(1)


def scaled_force():
    force = force_of()
    force.setScaleParameter("lam", 1.0)
    return force


def reciprocal(r, type1, type2):
    return smooth(r, type1, type2) / (type1 - 1)


#: The mistakes whose messages the page of troubleshooting shows. A message may have several lines.
SHOWN = {
    "another minor version": lambda: plugin.check_version("8.5.0", "8.6.1"),
    "no platform": lambda: openmm.Platform.getPlatform("No such platform"),
    "a rule without atoms": lambda: correct_with_rules({"A": "HOH:OW", "B": ["HOH:H1", "HOH:H2"]}),
    "no rules": lambda: correct(load()),
    "residues in part": lambda: correct_with_rules({"A": "HOH:O", "B": "HOH:H1"}),
    "another topology": lambda: correct(molecules=280),
    "no effect": lambda: correct(types={"O": None, "H": None}),
    "twice": lambda: lp.add_correction(correct()[0], topology_of_water(), WATER),
    "asymmetric": lambda: load(lambda r, a, b: smooth(r, a, a)),
    "no end at the cutoff": lambda: load(lambda r, a, b: torch.exp(-r) + 0 * a),
    "not finite": lambda: load(reciprocal),
    "zero": lambda: load(lambda r, a, b: 0 * r),
    "a jump": lambda: load(lambda r, a, b: smooth(r, a, b) + (r < 0.5) * 1.0),
    "no derivative": lambda: load(lambda r, a, b: smooth(r.detach(), a, b) + 0 * r),
    "no metadata": file_without_metadata,
    "not a model file": file_of_another_kind,
    "unsupported": unsupported_operation,
    "a feature out of range": feature_out_of_range,
    "a small box": lambda: evaluate(force_of(), edge=1.9),
    "NaN on Reference": lambda: evaluate(force_of(), positions=np.nan * POSITIONS),
    "NaN on CPU": lambda: evaluate(force_of(), positions=np.nan * POSITIONS, platform="CPU"),
    "periodic beside nonperiodic": lambda: evaluate(force_of(), nonbonded(openmm.NonbondedForce.NoCutoff)),
    "nonperiodic beside periodic": lambda: evaluate(
        force_of(nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic),
        nonbonded(openmm.NonbondedForce.CutoffPeriodic),
    ),
    "too few particles": lambda: evaluate(force_of(["A", "A"])),
    "an update of the cutoff": changed_cutoff,
    "a removed force": removed_force,
    "a generic force": generic_force,
    "no derivative requested": lambda: report(lp.LambdaReporter("lam.csv", 1, "lam"), scaled_force()),
    "outside of the training domain": lambda: report(
        lp.DomainReporter("domain.csv", 1, domain={("A", "A"): (0.35, 1), ("A", "B"): (0.35, 1)}), force_of()
    ),
}
#: The same, as Python code for a process of its own: without the libraries of the plugin, without its library for the
#: CPU platform, or with all libraries.
SHOWN_WITHOUT_PLUGIN = {
    "no libraries": "import learnedpair",
    "an unknown force": "import openmm; openmm.XmlSerializer.deserialize(open('system.xml', encoding='utf-8').read())",
}
SHOWN_WITHOUT_CPU = {
    "no kernels": "import openmm; openmm.Context(openmm.XmlSerializer.deserialize(open('system.xml', encoding='utf-8')"
    ".read()), openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform('CPU'))",
    "no library": "import learnedpair; learnedpair.devices.find_platform('CPU')",
}
SHOWN_WITH_PLUGIN = {
    "no PyTorch": "import sys; sys.modules['torch'] = None; import learnedpair; learnedpair.load_model('delta.pt')",
}

#: Mistakes whose messages need a device of OpenCL.
SHOWN_WITH_OPENCL = {"two devices": derivative_on_two_devices}

#: Further mistakes, whose messages the index must have.
FURTHER = {
    "an unknown unit": lambda: load(length_unit="Angstrom"),
    "cutoffs": lambda: load(inner_cutoff=1.0),
    "random": lambda: load(lambda r, a, b: torch.nn.functional.dropout(smooth(r, a, b), 0.5, True)),
    "a long cutoff": lambda: load(lambda r, a, b: smooth(r / 10, a, b), cutoff=10.0),
    "no file": lambda: lp.load_model("missing.pt"),
    "an unknown type": lambda: force_of(["A", "C"]),
    "a class": lambda: correct(7),
    "scale is no name": lambda: correct(scale=2),
    "exclusions": lambda: correct(exclusions="bonds"),
    "between": lambda: correct(between=("HOH:O", "HOH:O")),
    "a tolerance": lambda: force_of(tolerance=-1),
    "an unknown platform": lambda: devices.find_platform("Metal"),
    "an exclusion of a particle": lambda: evaluate(with_exclusion(0, 7)),
    "an exclusion twice": lambda: evaluate(with_exclusion(0, 1, 2)),
    "a number of knots": lambda: lp.PairTable(1, 0.1, 1.0, [[1.0]], [[0.0]], [0]),
    "slopes": lambda: lp.PairTable(1, 0.1, 1.0, [[0.0] * 9], [[1.0] * 9], [0]),
    "an unknown operation": lambda: lp.PairProgram("v0[1] = nonsense\noutput v0", [], num_types=2),
    "no LearnedPairForce": lambda: lp.LearnedPairForce.cast(openmm.NonbondedForce()),
    "custom": lambda: lp.from_custom_nonbonded(custom("r1*r")),
    "an asymmetric expression": lambda: lp.from_custom_nonbonded(custom("q1*exp(-r)")),
    "positions too large": lambda: evaluate(
        force_of(nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic), positions=1e13 * POSITIONS, platform="CPU"
    ),
    "a fit without data": lambda: lp.fit.fit_splines(lp.fit.ReferenceData([], "none", "none"), cutoff=1.0),
    "data without an energy": lambda: lp.fit.Configuration("one", ("A", "A"), [[0, 0, 0], [0, 0, 1]]),
    "a table file": lambda: lp.load_tables("missing.table"),
    "EAM": lambda: lp.load_eam("missing.eam.alloy"),
    "widths": lambda: lp.nn.TypedPairNetwork(num_types=2, cutoff=0.6, hidden=(0, 1)),
}


def with_exclusion(first, second, times=1):
    force = force_of()
    for _ in range(times):
        force.addExclusion(first, second)
    return force


def custom(expression):
    force = openmm.CustomNonbondedForce(expression)
    force.addPerParticleParameter("q")
    force.setNonbondedMethod(force.CutoffPeriodic)
    for k in range(3):
        force.addParticle([float(k)])
    return force
