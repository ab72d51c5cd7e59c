# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compares OpenMM's own forces and integrators on the emulated CUDA platform with its Reference platform.

Run as: emulate -- python openmm_cases.py CASE PRECISION [ARGUMENT...]; prints a JSON object for
test_emulator_openmm.py. Lengths are in nm, energies in kJ/mol. Errors are relative, unless their name ends in a unit.
"""

import json
import os
import sys
import tempfile

import numpy as np

# The emulator's log names the kernels that ran; the driver opens it at the first launch.
LOG = os.environ.setdefault("EMULATE_LOG", os.path.join(tempfile.mkdtemp(), "launches.log"))

import openmm as mm  # noqa: E402  (after EMULATE_LOG is set)

WATER_CHARGES = (-0.834, 0.417, 0.417)
OH, HOH = 0.09572, 1.82421813  # bond length and angle


def context(system, positions, platform, precision=None, integrator=None, devices=None):
    properties = {} if precision is None else {"Precision": precision}
    if devices is not None:
        properties["DeviceIndex"] = devices
    result = mm.Context(system, integrator or mm.VerletIntegrator(0.001), mm.Platform.getPlatform(platform), properties)
    result.setPositions(positions)
    return result


def evaluate(c, groups=-1):
    state = c.getState(energy=True, forces=True, groups=groups)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def positions_of(c):
    return c.getState(positions=True).getPositions(asNumpy=True)._value


def force_error(c, reference, groups=-1):
    f, f0 = evaluate(c, groups)[1], evaluate(reference, groups)[1]
    return np.linalg.norm(f - f0) / np.linalg.norm(f0)


def compare(system, positions, precision, devices=None):
    """The CUDA Context, and the largest errors of its force groups."""
    c, reference = (
        context(system, positions, "CUDA", precision, devices=devices),
        context(system, positions, "Reference"),
    )
    force_errors, energy_errors = [], []
    for group in sorted({force.getForceGroup() for force in system.getForces()}):
        (e, f), (e0, f0) = evaluate(c, {group}), evaluate(reference, {group})
        force_errors.append(np.linalg.norm(f - f0) / np.linalg.norm(f0))
        energy_errors.append(abs(e - e0) / max(abs(e0), 0.1 * np.abs(f0).mean() * len(f0)))
    return c, {"force_error": np.max(force_errors), "energy_error": np.max(energy_errors)}


# ---- systems ----


def grid(n, spacing, jitter=0.3, seed=1):
    """n points on a jittered cubic grid, and the edge of the box."""
    m = int(np.ceil(round(n ** (1 / 3), 6)))
    sites = np.array([(i % m, i // m % m, i // m // m) for i in range(n)])
    return (sites + jitter * np.random.default_rng(seed).random((n, 3))) * spacing, m * spacing


def particles(n, spacing):
    positions, edge = grid(n, spacing)
    system = mm.System()
    system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    for _ in range(n):
        system.addParticle(18.0)
    return system, positions


def water(n, method, rigid=True, cutoff=0.9):
    """n water molecules in random orientations; bonded forces are in group 0, nonbonded forces in group 1."""
    oxygens, edge = grid(n, 0.31, jitter=0.05)
    random = np.random.default_rng(2)
    system, bonds, angles, nonbonded = mm.System(), mm.HarmonicBondForce(), mm.HarmonicAngleForce(), mm.NonbondedForce()
    system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    nonbonded.setNonbondedMethod(method)
    nonbonded.setCutoffDistance(cutoff)
    nonbonded.setForceGroup(1)
    local = OH * np.array([[0, 0, 0], [1, 0, 0], [np.cos(HOH), np.sin(HOH), 0]])
    positions = np.concatenate([oxygen + local @ np.linalg.qr(random.normal(size=(3, 3)))[0] for oxygen in oxygens])
    for o in range(0, 3 * n, 3):
        for k, mass in enumerate((15.99943, 1.007947, 1.007947)):
            system.addParticle(mass)
            nonbonded.addParticle(WATER_CHARGES[k], 0.31507524 if k == 0 else 1.0, 0.635968 if k == 0 else 0.0)
        for i, j, length in ((o, o + 1, OH), (o, o + 2, OH), (o + 1, o + 2, 2 * OH * np.sin(HOH / 2))):
            nonbonded.addException(i, j, 0, 1, 0)
            if rigid:
                system.addConstraint(i, j, length)
        if not rigid:
            bonds.addBond(o, o + 1, 0.1, 462750)
            bonds.addBond(o, o + 2, 0.1, 462750)
            angles.addAngle(o + 1, o, o + 2, 1.9, 836)
    for force in (nonbonded,) if rigid else (nonbonded, bonds, angles):
        system.addForce(force)
    return system, positions


def tabulated(n, method):
    """A pair potential that depends on types, with tabulated functions and exclusions."""
    system, positions = particles(n, 0.31)
    force = mm.CustomNonbondedForce("scale(type1,type2)*shape(r)*(1+0.1*charge1*charge2)")
    r = np.linspace(0, 1, 101)
    force.addTabulatedFunction("shape", mm.Continuous1DFunction(np.cos(7 * r) * np.exp(-2 * r), 0, 1))
    force.addTabulatedFunction("scale", mm.Discrete2DFunction(2, 2, [1.0, 2.0, 2.0, 0.5]))
    force.addPerParticleParameter("type")
    force.addPerParticleParameter("charge")
    force.setNonbondedMethod(method)
    force.setCutoffDistance(0.8)
    for i in range(n):
        force.addParticle([i % 2, 0.5 * (i % 3)])
    for i in range(0, n - 1, 5):
        force.addExclusion(i, i + 1)
    system.addForce(force)
    return system, positions


def lennard_jones(n, charge, sigma, epsilon, method, cutoff):
    force = mm.NonbondedForce()
    force.setNonbondedMethod(method)
    force.setCutoffDistance(cutoff)
    for i in range(n):
        force.addParticle(charge * (-1) ** i, sigma, epsilon)
    return force


def fused_system():
    """A CustomNonbondedForce that OpenMM fuses into the same kernel as a NonbondedForce."""
    system, positions = particles(300, 0.31)
    system.addForce(lennard_jones(300, 0.3, 0.25, 0.3, mm.NonbondedForce.CutoffPeriodic, 0.9))
    force = mm.CustomNonbondedForce("a1*a2*exp(-3*r)*(1-r)^2")
    force.addPerParticleParameter("a")
    force.setNonbondedMethod(mm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.9)
    for i in range(300):
        force.addParticle([1 + i % 3])
    system.addForce(force)
    return system, positions


def chain():
    """A random chain with six kinds of bonded forces, each in its own group."""
    n = 40
    random = np.random.default_rng(3)
    step = random.normal(size=(n, 3))
    positions = np.cumsum(0.15 * step / np.linalg.norm(step, axis=1)[:, None], axis=0)
    bond, angle, torsion, rb, cmap = (
        mm.HarmonicBondForce(),
        mm.HarmonicAngleForce(),
        mm.PeriodicTorsionForce(),
        mm.RBTorsionForce(),
        mm.CMAPTorsionForce(),
    )
    compound = mm.CustomCompoundBondForce(3, "(distance(p1,p3)-0.3)^2+angle(p1,p2,p3)")
    cmap.addMap(24, random.normal(size=576))
    system = mm.System()
    for i in range(n):
        system.addParticle(12.0)
        if i > 0:
            bond.addBond(i - 1, i, 0.14, 2e4)
        if i > 1:
            angle.addAngle(i - 2, i - 1, i, 1.9, 300)
            compound.addBond([i - 2, i - 1, i])
        if i > 2:
            torsion.addTorsion(i - 3, i - 2, i - 1, i, 1 + i % 3, 0.4, 5)
            rb.addTorsion(i - 3, i - 2, i - 1, i, 1, 2, 3, -1, 0.5, 0.2)
        if i > 3:
            cmap.addTorsion(0, i - 4, i - 3, i - 2, i - 1, i - 3, i - 2, i - 1, i)
    for group, force in enumerate((bond, angle, torsion, rb, cmap, compound)):
        force.setForceGroup(group)
        system.addForce(force)
    return system, positions


# ---- cases: each returns a Context of the CUDA platform and the measured quantities ----


def exact_parameters(precision):
    """Parameters that are exact in float. In double precision only the rounding of fixed-point forces remains."""
    system, positions = particles(512, 0.32)
    system.addForce(lennard_jones(512, 0.25, 0.25, 0.25, mm.NonbondedForce.CutoffPeriodic, 0.75))
    return compare(system, positions, precision)


def fused(precision):
    return compare(*fused_system(), precision)


def reaction_field(precision):
    return compare(*water(300, mm.NonbondedForce.CutoffPeriodic), precision)


def pme(precision):
    return compare(*water(300, mm.NonbondedForce.PME, rigid=False), precision)


def tabulated_functions(precision):
    return compare(*tabulated(300, mm.CustomNonbondedForce.NoCutoff), precision)


def tabulated_neighbor_list(precision):
    """CustomNonbondedForce uses a neighbor list from 2000 particles on."""
    return compare(*tabulated(2200, mm.CustomNonbondedForce.CutoffPeriodic), precision)


def bonded(precision):
    return compare(*chain(), precision)


def born_solvation(precision):
    """A cluster of charges in generalized Born solvent, whose kernels process all tiles twice."""
    system, positions = particles(150, 0.28)
    born = mm.GBSAOBCForce()
    for i in range(150):
        born.addParticle(0.4 * (-1) ** i, 0.15, 0.8)
    born.setForceGroup(1)
    system.addForce(lennard_jones(150, 0.4, 0.25, 0.3, mm.NonbondedForce.NoCutoff, 1.0))
    system.addForce(born)
    return compare(system, positions, precision)


def verlet(precision):
    """The same ten constrained steps on both platforms."""
    system, positions = water(64, mm.NonbondedForce.CutoffNonPeriodic)
    velocities = np.random.default_rng(5).normal(size=positions.shape) * 0.3
    ends = []
    for platform in ("Reference", "CUDA"):
        c = context(system, positions, platform, precision if platform == "CUDA" else None, mm.VerletIntegrator(0.002))
        c.setVelocities(velocities)
        c.applyConstraints(1e-6)
        c.applyVelocityConstraints(1e-6)
        c.getIntegrator().step(10)
        ends.append(positions_of(c))
    return c, {"position_error_nm": np.abs(ends[1] - ends[0]).max(), "moved_nm": np.abs(ends[1] - positions).max()}


def langevin(precision):
    """Measures temperature and constraints, since random numbers differ between platforms."""
    system, positions = water(64, mm.NonbondedForce.CutoffNonPeriodic)
    integrator = mm.LangevinMiddleIntegrator(300, 50, 0.002)
    integrator.setRandomNumberSeed(7)  # 6 of 40 random seeds give a temperature below 250 K or above 350 K
    c = context(system, positions, "CUDA", precision, integrator)
    before = c.getState(energy=True).getPotentialEnergy()._value
    mm.LocalEnergyMinimizer.minimize(c, maxIterations=20)
    after = c.getState(energy=True).getPotentialEnergy()._value
    c.setVelocitiesToTemperature(300, 7)
    c.getIntegrator().step(60)
    freedom = 3 * system.getNumParticles() - system.getNumConstraints() - 3
    temperature = 2 * c.getState(energy=True).getKineticEnergy()._value / freedom / 0.00831446
    x = positions_of(c)
    constraints = [system.getConstraintParameters(i) for i in range(system.getNumConstraints())]
    errors = [abs(np.linalg.norm(x[i] - x[j]) / d._value - 1) for i, j, d in constraints]
    return c, {"temperature": temperature, "constraint_error": max(errors), "minimized": after - before}


def neighbor_list(precision):
    """More than 3000 atoms, so that NonbondedForce uses the neighbor list with single pairs; then atoms are moved."""
    system, positions = water(1100, mm.NonbondedForce.CutoffPeriodic)
    c, reference = context(system, positions, "CUDA", precision), context(system, positions, "Reference")
    result = {"force_error": force_error(c, reference)}
    result["builds"], result["idle"] = list_builds()
    evaluate(c)
    result["builds_after_nothing_moved"], result["idle_after_nothing_moved"] = list_builds()
    oxygens = np.repeat(positions[::3], 3, axis=0)
    for k in (c, reference):
        k.setPositions(positions + 0.08 * np.sin(oxygens[:, [1, 2, 0]] * 2 * np.pi / 3.41))  # whole molecules, smoothly
    result["force_error_after_move"] = force_error(c, reference)
    result["builds_after_move"], _ = list_builds()
    return c, result


def several_devices(precision, devices, kind):
    """Forces of a Context on several devices. OpenMM rebalances the work between the devices at each evaluation."""
    system, positions = {
        "water": lambda: water(300, mm.NonbondedForce.PME, rigid=False),
        "fused": fused_system,
        "tabulated": lambda: tabulated(2200, mm.CustomNonbondedForce.CutoffPeriodic),
    }[kind]()
    c, result = compare(system, positions, precision, devices)
    one = context(system, positions, "CUDA", precision, devices="0")
    result["rounds"] = 5
    result["launches"], result["launches_by_one"] = 0, 0
    differences = []
    for k in range(result["rounds"]):
        for each in (c, one):
            each.setPositions(positions + 0.004 * k * np.sin(7 * positions[:, [1, 2, 0]]))
        before = nonbonded_launches()
        e, f = evaluate(c)
        between = nonbonded_launches()
        e1, f1 = evaluate(one)
        result["launches"] += between - before
        result["launches_by_one"] += nonbonded_launches() - between
        differences += [np.linalg.norm(f - f1) / np.linalg.norm(f1), abs(e - e1) / abs(e1)]
    result["difference"] = max(differences)
    return c, result


def steps_on_several_devices(precision, devices):
    """The same ten constrained steps on one device and on several."""
    system, positions = water(64, mm.NonbondedForce.CutoffPeriodic, cutoff=0.6)
    velocities = np.random.default_rng(5).normal(size=positions.shape) * 0.3
    ends = []
    for indices in ("0", devices):
        c = context(system, positions, "CUDA", precision, mm.VerletIntegrator(0.002), indices)
        c.setVelocities(velocities)
        c.applyConstraints(1e-6)
        c.applyVelocityConstraints(1e-6)
        c.getIntegrator().step(10)
        ends.append(positions_of(c))
    return c, {"position_difference_nm": np.abs(ends[1] - ends[0]).max(), "moved_nm": np.abs(ends[1] - positions).max()}


# ---- the log ----


def launches():
    return [line.split() for line in open(LOG, encoding="utf-8")]


def nonbonded_launches():
    return sum(words[:2] == ["launch", "computeNonbonded"] for words in launches())


def list_builds():
    """The neighbor list builds so far as (tiles, single pairs), and the number of launches that built no list.

    The kernel calls warp collectives only if it builds the list, and OpenMM then downloads the two counts.
    """
    builds, idle, building = [], 0, False
    for words in launches():
        if words[:2] == ["launch", "findBlocksWithInteractions"]:
            building = int(words[5]) > 0
            idle += not building
        elif building and words[0] == "download" and len(words) == 3:
            builds.append((int(words[1]), int(words[2])))
            building = False
    return builds, idle


if __name__ == "__main__":
    case, precision, *arguments = sys.argv[1:]
    c, result = globals()[case](precision, *arguments)
    result["device"] = c.getPlatform().getPropertyValue(c, "DeviceName")
    result["launched"] = sorted({words[1] for words in launches() if words[0] == "launch"})
    print(json.dumps(result, default=float))
