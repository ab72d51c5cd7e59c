# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times the setup of a large System with a correction: adding it, and writing and reading its XML.

    python benchmarks/setup_times.py --json benchmarks/results/setup_times.json

See benchmarks/README.md.
"""

import argparse
import statistics
import time

import learnedpair as lp
import numpy as np
import openmm
from boxes import make_water_topology
from networks import make_network
from openmm import app, unit
from support import add_json_argument, describe_machine, versions, write_report

#: The density of water.
WATERS_PER_NM3 = 33.4
CUTOFF = 0.6
TYPES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--waters", type=int, nargs="+", default=[33334, 333334], help="numbers of molecules")
    parser.add_argument("--repeats", type=int, default=3)
    add_json_argument(parser)
    return parser.parse_args()


def seconds(function):
    """Time a call.

    Returns
    -------
    result
        What the function returns.
    float
        Seconds.
    """
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def time_xml(what):
    """Seconds to write and to read the XML of a System or a force, and its size in MB."""
    xml, writing = seconds(lambda: openmm.XmlSerializer.serialize(what))
    _, reading = seconds(lambda: openmm.XmlSerializer.deserialize(xml))
    return {"write_xml_s": writing, "read_xml_s": reading, "xml_mb": len(xml) / 1e6}


def measure(waters, model, repeats):
    """Set up one box of water several times; return the medians."""
    topology, making_topology = seconds(
        lambda: make_water_topology(waters, np.full(3, (waters / WATERS_PER_NM3) ** (1 / 3)))
    )
    force_field = app.ForceField("tip3p.xml")
    system, creating = seconds(
        lambda: force_field.createSystem(
            topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer, constraints=app.HBonds
        )
    )
    runs = []
    for _ in range(repeats):
        force, adding = seconds(lambda: lp.add_correction(system, topology, model, types=TYPES))
        correction = {f"correction_{name}": value for name, value in time_xml(force).items()}
        system.removeForce(system.getNumForces() - 1)
        runs.append({"add_correction_s": adding, **time_xml(system), **correction})
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {"atoms": 3 * waters, "topology_s": making_topology, "create_system_s": creating, **medians, "runs": runs}


def main():
    arguments = parse_arguments()
    network, metadata, _ = make_network("16-32-32-1", CUTOFF, largest_force=3.0)
    model = lp.load_model(network, **metadata)
    report = {"machine": describe_machine(), "versions": versions(), "boxes": []}
    print(
        "| atoms | createSystem | add_correction | write XML without it | of it alone | read XML without it |"
        " of it alone | XML without it, MB | of it alone |\n|---|---|---|---|---|---|---|---|---|"
    )
    for waters in arguments.waters:
        box = measure(waters, model, arguments.repeats)
        report["boxes"].append(box)
        cells = [f"{box['create_system_s']:.1f} s", f"{box['add_correction_s']:.2f} s"]
        for name in ("write_xml_s", "read_xml_s", "xml_mb"):
            cells += [f"{box[name]:.2f}", f"{box[f'correction_{name}']:.2f}"]
        print(f"| {box['atoms']:,} | {' | '.join(cells)} |", flush=True)
    write_report(report, arguments.json)


if __name__ == "__main__":
    main()
