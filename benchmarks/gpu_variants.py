# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The variants timed on a GPU: LearnedPairForce with tables and networks, and the alternatives."""

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from gpu_rows import CONTROL
from networks import EXACT, EXPRESSION, RADIAL, TABLES, TORCH, force_makers
from tables import MAX_ATOMS_FOR_GROUPS
from variants import FORMS, GROUPS, OURS, Placement, make_correction, make_forces, placements

#: The form that was most often the fastest on OpenCL (benchmarks/results).
BEST_FORM = "continuous1d-joined"


@dataclass(frozen=True)
class Variant:
    """A set of forces to time.

    Attributes
    ----------
    label : str
    make : function
        Creates the forces, as a list.
    exact : function or None
        Creates, as a list, the LearnedPairForce with the same function, for the comparison of forces.
    ours : bool
        Whether the variant is a LearnedPairForce.
    max_atoms : int or None
        The variant is left out of larger systems.
    """

    label: str
    make: Callable
    exact: Callable | None = None
    ours: bool = False
    max_atoms: int | None = None


def make_variants(box, arguments):
    """Make the list of all Variants that the command line asks for, in a Box."""
    return [Variant(CONTROL, list), *table_variants(box, arguments), *network_variants(box, arguments)]


def table_variants(box, arguments):
    """Generate MM with a table, as LearnedPairForce and as CustomNonbondedForce."""
    chosen = [form for form in FORMS if form != OURS and (form in arguments.forms or "all" in arguments.forms)]
    for cutoff in arguments.cutoff:
        correction = make_correction(box, cutoff, arguments.seed, arguments.largest_force)
        exact = functools.partial(make_forces, Placement(OURS, OURS, 0, cutoff), correction)
        yield Variant(f"table to {cutoff:g} nm: {OURS}", exact, exact, ours=True)
        for form in chosen:
            for place in placements(form, arguments.platform, cutoff, arguments.nonbonded_cutoff):
                max_atoms = MAX_ATOMS_FOR_GROUPS if form == GROUPS else None
                yield Variant(
                    f"table to {cutoff:g} nm: CustomNonbondedForce, {place.label}",
                    functools.partial(make_forces, place, correction),
                    exact,
                    max_atoms=max_atoms,
                )


def network_variants(box, arguments):
    """Generate MM with a network, as LearnedPairForce and as the alternatives."""
    for name in arguments.networks:
        makers = {
            label: functools.partial(_make_list, make)
            for label, make in force_makers(name, box, arguments, arguments.torch_device).items()
        }
        for label in (TABLES, EXACT) + (RADIAL,) * (name in arguments.tabulated):
            yield Variant(f"{name}: {label}", makers[label], makers[EXACT], ours=True)
        for label in arguments.alternatives:
            in_pytorch = label != EXPRESSION
            if (
                label not in makers
                or (in_pytorch and name not in arguments.in_pytorch)
                or (label == TORCH and torch_force_is_missing())
            ):
                continue
            where = f", PyTorch on {arguments.torch_device}" if in_pytorch else ""
            yield Variant(f"{name}: {label}{where}", makers[label], makers[EXACT], max_atoms=arguments.slow_atoms)


def _make_list(make):
    return [make()]


@functools.cache
def torch_force_is_missing():
    """Get why PythonTorchForce is missing; an empty string if it is there."""
    if importlib.util.find_spec("openmmtorch") is None:
        return "openmm-torch is not installed"
    import openmmtorch  # optional

    return "" if hasattr(openmmtorch, "PythonTorchForce") else "this openmm-torch has no PythonTorchForce"
