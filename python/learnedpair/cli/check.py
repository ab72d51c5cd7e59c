# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Check the corrections of a System on every platform and in every precision of this machine.

Example: learnedpair check corrected.xml topology.pdb --model delta.pt --json check.json

Compared are, for each LearnedPairForce of the System,

  energy and forces      with those of the Reference platform, which computes in double precision
  forces                 with differences of the energy, on all platforms that compute in double precision
  Reference              with the PyTorch model in float64, if --model is given
  the drift of energy    with that of the System without its corrections, in a short simulation at constant energy

The table holds each value with its limit and goes to standard output; progress goes to standard error. The exit status
is 0 if all values are within their limits, 1 if one is not, and 2 if the check could not be made.
"""

import contextlib
import hashlib
import math
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

import openmm

from ..applying.topology_order import require_topology
from ..checking.conservation import check_conservation
from ..checking.error_budget import budget_as_json, find_budget, format_budget
from ..checking.platforms import check_platforms, name_of
from ..checking.results import Result, format_results, format_table
from ..checking.subject import Subject, without_correction
from ..checking.targets import find_targets
from ..devices import fastest_platform, find_platform, processor_name
from ..force.functions import core
from ..force.learned_pair_force import describe_coverage
from .apply import read_model, read_structure, read_system
from .input import minimized, positions_of
from .inspect import describe, read_parameter
from .output import require_inputs, require_json, write_json

HELP = "check the corrections of a System on every platform"
#: The exit status if the check could not be made. It is 2, as for wrong arguments, so that 1 keeps its meaning.
ERROR_STATUS = 2


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System with its corrections")
    parser.add_argument("topology", type=Path, help="PDB or PDBx/mmCIF file with the same particles, and positions")
    parser.add_argument(
        "--model", action="append", default=[], help="model file of a correction; repeat the option for each correction"
    )
    parser.add_argument(
        "--platform", action="append", default=[], help="check this platform only; repeat the option for further ones"
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a global parameter, such as a scale (default: its default value)",
    )
    parser.add_argument(
        "--steps", type=int, default=1000, help="steps at constant energy; 0 for none (default: 1000, at least 100)"
    )
    parser.add_argument("--time-step", type=float, default=1.0, help="time step in femtoseconds (default: 1)")
    parser.add_argument(
        "--members",
        nargs="+",
        action="append",
        default=[],
        metavar="MODEL",
        help=(
            "model files of the members of a committee, whose spread is added to the error budget; once for each"
            " correction, in the order of the forces"
        ),
    )
    parser.add_argument("--json", type=Path, help="JSON file to write the results to")


def run(options):
    _check_options(options)
    with _native_output_on_stderr():
        document, lines = _check(options)
    print("\n".join(lines))
    if options.json is not None:
        write_json(options.json, document)
    return 0 if document["passed"] else 1


@contextlib.contextmanager
def _native_output_on_stderr():
    """Redirect what libraries write to the standard output of the process, such as OpenMM's warning about an OpenCL
    implementation: the table is the only output.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _check(options):
    """Make all checks. Returns the document for the JSON file, and the lines of the table."""
    models = [read_model(path, True, "") for path in options.model]
    subject = _read_subject(options)
    if len(models) not in (0, len(subject.corrections)):
        raise ValueError(
            f"--model was given {len(models)} times, and {options.system} has {len(subject.corrections)} corrections;"
            " give one model for each, in the order of the forces in the System."
        )
    members = _member_forces(options, subject)
    targets, skipped = find_targets(options.platform)
    report = check_platforms(subject, targets, _progress)
    report.skipped += skipped
    report.results += _check_reports(subject)
    report.results += _check_models(subject, models)
    simulation = None
    if options.steps:
        simulation, results = _check_conservation(subject, options, targets)
        report.results += results
    budgets = [
        find_budget(subject, index, report, forces, _progress)
        for index, forces in enumerate(members or [[]] * len(subject.corrections))
    ]
    document = _document(options, subject, models, report, simulation)
    document["error_budgets"] = [budget_as_json(budget) for budget in budgets]
    return document, list(_text(document, report, simulation, budgets))


def _progress(text):
    print(f"learnedpair check: {text} ...", file=sys.stderr, flush=True)


def _check_options(options):
    if options.steps != 0 and options.steps < 100:
        raise ValueError(f"--steps is {options.steps}; expected at least 100, or 0 for no simulation.")
    if not (options.time_step > 0 and math.isfinite(options.time_step)):
        raise ValueError(f"--time-step is {options.time_step}; expected a positive number.")
    members = [path for paths in options.members for path in paths]
    read = [options.system, options.topology, *map(Path, options.model), *map(Path, members)]
    require_inputs(read)
    require_json(options, read)
    for name in options.platform:
        find_platform(name)  # raises if there is none


def _read_subject(options):
    system, structure = read_system(options.system), read_structure(options.topology)
    require_topology(structure.topology, system, str(options.topology))
    positions, box, is_default = positions_of(structure, system)
    if not is_default:
        _progress(f"the box of {options.topology} differs from that of {options.system} and is used")
    parameters = dict(read_parameter(text) for text in options.parameter)
    return Subject(str(options.system), system, positions, box, parameters)


def _check_reports(subject):
    """The errors of tables that were measured when they were made, against their tolerance."""
    results = []
    for index, correction in enumerate(subject.corrections):
        report = correction.lowering_report
        if report.get("tolerance") is not None and "max_relative_force_error" in report:
            results.append(
                Result(
                    name_of(index),
                    "lowering report",
                    "pair force error",
                    report["max_relative_force_error"],
                    report["tolerance"],
                    "of |F| + 1",
                )
            )
    return results


def _check_models(subject, models):
    if not models:
        return []
    from ..checking.model import check_model  # imported here, since it needs PyTorch

    return [
        result
        for index, (correction, model) in enumerate(zip(subject.corrections, models))
        for result in check_model(subject, correction, model, name_of(index), _progress)
    ]


def _member_forces(options, subject):
    """The forces of the members of committees, for each correction; empty without --members."""
    if not options.members:
        return []
    if len(options.members) != len(subject.corrections):
        raise ValueError(
            f"--members was given {len(options.members)} times, and {options.system} has {len(subject.corrections)}"
            " corrections; give the members of one committee for each, in the order of the forces in the System."
        )
    from ..lowering.committee import load_committee  # imported here, since it needs PyTorch

    return [
        load_committee(paths).create_member_forces(correction)
        for paths, correction in zip(options.members, subject.corrections)
    ]


def _check_conservation(subject, options, targets):
    """Simulate on the fastest platform, in mixed precision if it has a choice."""
    fastest = fastest_platform().getName()
    names = [target.platform for target in targets]
    name = fastest if fastest in names else names[-1]
    found = {target.precision: target for target in targets if target.platform == name}
    target = found.get("mixed") or next(iter(found.values()))
    _progress("minimization on a CPU")
    positions = minimized(subject.system, subject.positions, subject.box, subject.parameters)
    plain = without_correction(subject.system)
    return check_conservation(subject, plain, positions, target, options.steps, options.time_step * 1e-3, _progress)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _document(options, subject, models, report, simulation):
    """Collect everything that was measured in a dict, for the JSON file and the table."""
    return {
        "passed": all(result.passed for result in report.results),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "learnedpair": core.version,
        "openmm": openmm.Platform.getOpenMMVersion(),
        "processor": processor_name(),
        "system": {
            "file": str(options.system),
            "sha256": _digest(options.system),
            "particles": subject.system.getNumParticles(),
            "forces": [force.getName() for force in subject.system.getForces()],
        },
        "structure": {"file": str(options.topology), "sha256": _digest(options.topology)},
        "parameters": subject.parameters,
        "corrections": [
            {
                "name": correction.getName(),
                "coverage": describe_coverage(correction),
                "lowering_report": correction.lowering_report,
                "model": model and {"file": model.source, "digest": model.digest},
                "energy_kJ_per_mol": expected.energy,
                "rms_force_kJ_per_mol_nm": expected.rms,
            }
            for correction, model, expected in zip(
                subject.corrections, models or [None] * len(subject.corrections), report.expected
            )
        ],
        "platforms": report.targets,
        "skipped": [vars(skipped) for skipped in report.skipped],
        "results": [result.as_dict() for result in report.results],
        "simulation": simulation
        and {
            "platform": simulation.target.platform,
            "precision": simulation.target.precision,
            "steps": simulation.steps,
            "time_step_fs": 1000 * simulation.time_step,
            "kernels": simulation.kernels,
            "drift_without_kJ_per_mol_ps": simulation.without.slope,
            "drift_with_kJ_per_mol_ps": simulation.with_.slope,
            "standard_error_without_kJ_per_mol_ps": simulation.without.error,
            "standard_error_with_kJ_per_mol_ps": simulation.with_.error,
            "fluctuation_without_kJ_per_mol": simulation.without.fluctuation,
            "fluctuation_with_kJ_per_mol": simulation.with_.fluctuation,
        },
    }


def _text(document, report, simulation, budgets):
    """Format the results as lines of text."""
    passed = sum(result.passed for result in report.results)
    yield f"learnedpair check, {document['date']}"
    yield f"versions:    openmm-learnedpair {document['learnedpair']}, OpenMM {document['openmm']}"
    yield f"processor:   {document['processor']}"
    for key in ("system", "structure"):
        yield f"{key + ':':<12} {document[key]['file']}, SHA-256 {document[key]['sha256']}"
    yield f"forces:      {', '.join(document['system']['forces'])}; {document['system']['particles']} particles"
    if document["parameters"]:
        yield f"parameters:  {', '.join(f'{name} = {value:g}' for name, value in document['parameters'].items())}"
    for index, correction in enumerate(document["corrections"]):
        yield ""
        yield from _correction_text(index, correction)
    yield ""
    yield from format_table(
        ["platform", "precision", "device", "evaluation"],
        [
            [str(target["platform"]), str(target["precision"]), str(target["device"]), text]
            for target in report.targets
            for text in target["evaluations"]
        ],
    )
    for skipped in report.skipped:
        yield f"{skipped.platform}, {skipped.precision}: not checked: {skipped.reason}"
    yield ""
    yield from format_results(report.results)
    for index, budget in enumerate(budgets):
        yield ""
        yield from format_budget(name_of(index), budget)
    yield ""
    yield from _simulation_text(simulation)
    yield (
        f"All {passed} values are within their limits."
        if document["passed"]
        else f"{len(report.results) - passed} of {len(report.results)} values are NOT within their limits."
    )


def _correction_text(index, correction):
    report = correction["lowering_report"]
    yield f"{name_of(index)}: {correction['name']}, {correction['coverage']}"
    yield (
        f"  model:       {report.get('model', 'unknown')}, digest {report.get('digest', 'unknown')}"
        f"{', ' + report['description'] if report.get('description') else ''}"
    )
    if correction["model"]:
        same = "the same" if correction["model"]["digest"] == report.get("digest") else "ANOTHER digest"
        yield f"  compared:    {correction['model']['file']}, digest {correction['model']['digest']} ({same})"
    yield from describe(report).splitlines()
    yield (
        f"  Reference:   energy {correction['energy_kJ_per_mol']:.6f} kJ/mol, RMS force"
        f" {correction['rms_force_kJ_per_mol_nm']:.6f} kJ/mol/nm"
    )


def _simulation_text(simulation):
    if simulation is None:
        return
    yield (
        f"Constant energy: {simulation.target}, {simulation.steps} steps of {1000 * simulation.time_step:g} fs, "
        f"evaluated by {'; '.join(simulation.kernels)}. Drift per degree of freedom, with its standard error:"
    )
    for name, drift in (("without", simulation.without), ("with", simulation.with_)):
        yield (
            f"  {name + ' corrections:':<21} {drift.slope:9.2e} +- {drift.error:.1e} kJ/mol/ps; the total energy"
            f" fluctuates by {drift.fluctuation:.3g} kJ/mol"
        )
