# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Say what each platform is going to do with the LearnedPairForces of a System, and why. No GPU is needed.

Example: learnedpair explain corrected.xml --json explanation.json

Shown are, for each LearnedPairForce of the System,

  the platforms          the kernel that evaluates the pairs, and the force or setting that is the reason for it
  the evaluation         tables or the program itself, the reason, the size of tables and their error
  the excluded pairs     compared with those of the NonbondedForce
  interaction groups     whether they keep the shared kernel

and, for each CustomNonbondedForce, what learnedpair accelerate would do with it. Tables are made to measure them, for
the default values of global parameters, which takes as long as when a Context is created. Forces inside another force,
such as a CustomCVForce, are not seen.

The exit status is 0 if a Context can be created, 1 if one of these forces is in the way, and 2 if the System cannot be
read.
"""

import copy
import dataclasses
from pathlib import Path

from ..applying.acceleration import accelerate
from ..checking.explanation import explain
from ..checking.results import format_table
from .apply import read_system
from .output import require_inputs, require_json, write_json

HELP = "say what each platform does with the forces of a System"
#: The exit status if the System cannot be read. It is 2, as for wrong arguments, so that 1 keeps its meaning.
ERROR_STATUS = 2


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System")
    parser.add_argument("--json", type=Path, help="JSON file to write the explanation to")


def run(options):
    require_inputs([options.system])
    require_json(options, [options.system])
    system = read_system(options.system)
    explanations = explain(system)
    acceleration = accelerate(copy.deepcopy(system))
    print("\n".join(_text(explanations, acceleration)))
    if options.json is not None:
        document = {
            "system": str(options.system),
            "forces": [dataclasses.asdict(each) for each in explanations],
            "accelerate": acceleration.to_dict(),
        }
        write_json(options.json, document)
    return 1 if any(each.problem for each in explanations) else 0


def _text(explanations, acceleration):
    if not explanations:
        yield "The System has no LearnedPairForce."
    for each in explanations:
        yield from _force_text(each)
        yield ""
    if acceleration.forces:
        yield f"learnedpair accelerate would do this, with a tolerance of {acceleration.tolerance:g}:"
        yield from str(acceleration).splitlines()
    else:
        yield "There is no CustomNonbondedForce that learnedpair accelerate could replace."


def _force_text(each):
    cutoff = "no cutoff" if each.cutoff is None else f"cutoff {each.cutoff:g} nm"
    periodic = "periodic" if each.is_periodic else "not periodic"
    article = "an" if each.function == "environment function" else "a"
    yield f"force {each.index}, {each.name}: {article} {each.function}, {each.coverage}, {cutoff}, {periodic}"
    if each.problem:
        yield f"  a Context cannot be created: {each.problem}"
    elif each.evaluation is None:
        yield "  every platform evaluates it as it is; GPUs with a neighbor list of its own, and on one device only"
    else:
        yield from (f"  {line}" for line in _platforms(each))
        yield f"  {_tables(each.evaluation)}"
    yield from (f"  {line}" for line in _excluded(each.excluded))
    if each.num_interaction_groups:
        yield f"  interaction groups: {each.num_interaction_groups}{_effect_of_groups(each.placement)}"


def _effect_of_groups(placement):
    """What interaction groups do to the kernel on GPUs: they are a part of the interaction classes, and need none."""
    if placement is None:
        return ""
    if placement.reason:
        return f"; they are not the reason for the {placement.name}"
    return "; they keep the shared kernel"


def _platforms(each):
    """What each platform does, as lines of a table."""
    evaluation, placement = each.evaluation, each.placement
    exact = "the table" if each.function == "table" else "the program for every pair"
    usual = "the program for every pair"
    if evaluation.kind == "table":
        usual = "the table" if each.function == "table" else "tables"
    on_gpus = exact if evaluation.exact_on_gpus_because else usual
    yield from format_table(
        ["platform", "precision", "pairs", "evaluates"],
        [
            ["Reference", "double", "all pairs", exact],
            ["CPU", "single", "SIMD loop", usual],
            ["OpenCL, CUDA, HIP", "single, mixed", placement.name, on_gpus],
            ["OpenCL, CUDA, HIP", "double", placement.name_in_double, exact],
        ],
    )
    if evaluation.exact_on_gpus_because:
        yield f"no tables on GPUs, since {evaluation.exact_on_gpus_because}"
    if placement.reason:
        yield f"{placement.name} on GPUs, since {placement.reason}"


def _tables(evaluation):
    """How the function is evaluated in single and mixed precision, and what it costs."""
    distinct = f"{evaluation.num_distinct:,} distinct particle{'s' * (evaluation.num_distinct != 1)}"
    if evaluation.kind == "program":
        return f"no tables, since {evaluation.exact_because}; {distinct}"
    size = "" if evaluation.table_bytes is None else f", {evaluation.table_bytes:,} bytes"
    error = (
        "of unknown error"
        if evaluation.max_relative_force_error is None
        else f"force error at most {evaluation.max_relative_force_error:.1e} of |F| + 1 kJ/mol/nm"
    )
    return f"tables: {distinct}, {evaluation.num_curves:,} curve{'s' * (evaluation.num_curves != 1)}{size}, {error}"


def _excluded(excluded):
    """The excluded pairs, and how they differ from those of each other force."""
    count = excluded.num_exceptions
    exceptions = f", and {count:,} exception{'s' * (count != 1)} with a factor" if count else ""
    yield f"excluded pairs: {excluded.num_exclusions:,}{exceptions}"
    for other in excluded.compared:
        if other.is_equal:
            yield f"  the same pairs as those of {other.other}"
        if other.num_only_here:
            yield f"  {other.num_only_here:,} are not those of {other.other}, the first {_pair(other.first_only_here)}"
        if other.num_only_there:
            yield (
                f"  {other.num_only_there:,} of {other.other} are missing, the first {_pair(other.first_only_there)}"
            )
        if other.num_scaled_there_and_excluded:
            yield (
                f"  {other.num_scaled_there_and_excluded:,} interact in {other.other}, such as scaled 1-4 pairs, and"
                " not here"
            )


def _pair(pair):
    return f"{pair[0]} and {pair[1]}"
