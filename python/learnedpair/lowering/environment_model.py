# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""EnvironmentModel: an environment function with the names of its types."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import LoweringError
from ..force.functions import EnvironmentFunction
from ..force.learned_pair_force import LearnedPairForce


@dataclass(frozen=True)
class EnvironmentModel:
    """The energy of atoms in their environments, as :func:`load_environment` and :func:`load_eam` return it.

    Attributes
    ----------
    function : EnvironmentFunction
    types : list of str
        The names of the types, for instance elements.
    cutoff, inner_cutoff : float, nm
    source, description : str
    digest : str
        SHA-256 of the file; or of the code, parameters and buffers of a module.
    switching_distance : float or None, nm
    type_rules : dict of str to rule
        The rules of :func:`assign_types`; None for a type without one.
    uncovered : rule or None
        Selects the atoms that are meant to have no type.
    isolated_atom_energies : dict of str to float, kJ/mol
        The energies of atoms without neighbors, by type.
    report : dict
        What else the lowering report of a force says.

    Examples
    --------
    Two atoms whose energy is the square of a density:

    >>> import numpy as np
    >>> import learnedpair as lp
    >>> r = np.linspace(0.1, 0.6, 101)[:, None]
    >>> values, slopes = (0.6 - r) ** 3, -3 * (0.6 - r) ** 2
    >>> text = "v0[1] = densities\\nv1[1] = mul v0 v0\\noutput v1"
    >>> function = lp.EnvironmentFunction(1, 0.1, 0.6, [0], [values], [slopes], [0], text)
    >>> model = lp.EnvironmentModel(function, ["Cu"], 0.6, 0.1, "by hand", "an example", "")
    >>> force = model.create_force(["Cu", "Cu"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    >>> force
    <LearnedPairForce 'LearnedPairForce': 2 of 2 particles covered (Cu 2), cutoff 0.6 nm, 1 density channel, group 0>
    """

    function: EnvironmentFunction
    types: list[str]
    cutoff: float
    inner_cutoff: float
    source: str
    description: str
    digest: str
    switching_distance: float | None = None
    type_rules: dict[str, Any] = field(default_factory=dict)
    uncovered: Any = None
    isolated_atom_energies: dict[str, float] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)

    #: Environment models have types, and no features.
    features: ClassVar[None] = None

    def __post_init__(self) -> None:
        if not self.type_rules:
            object.__setattr__(self, "type_rules", dict.fromkeys(self.types))
        if not self.isolated_atom_energies:
            count, channels = len(self.types), len(self.function.angular)
            energies = self.function.evaluate_atoms(np.zeros((count, channels)), np.arange(count))[0]
            object.__setattr__(self, "isolated_atom_energies", dict(zip(self.types, energies.tolist(), strict=True)))

    @property
    def global_parameters(self) -> dict[str, float]:
        """Names and default values of the global parameters."""
        return self.function.global_parameters

    def create_force(
        self,
        particles: Sequence[str | int | None],
        *,
        nonbonded_method: int = LearnedPairForce.CutoffPeriodic,
    ) -> LearnedPairForce:
        """Make a force for the particles of a System.

        Parameters
        ----------
        particles : sequence of str, int or None
            For each particle the name or the index of its type, or None if the model does not cover it.
        nonbonded_method : LearnedPairForce.CutoffPeriodic or CutoffNonPeriodic

        Raises
        ------
        LoweringError
            If a type is not known.
        """
        indices = self.type_indices(particles)
        force = LearnedPairForce(self.function)
        force.setParticleTypes(indices)
        force.setNonbondedMethod(nonbonded_method)
        force.setCutoffDistance(self.cutoff)
        force.setInnerCutoffDistance(self.inner_cutoff)
        if self.switching_distance is not None:
            force.setUseSwitchingFunction(True)
            force.setSwitchingDistance(self.switching_distance)
        force.lowering_report = {
            "representation": "environment",
            "model": os.path.basename(self.source),
            "digest": self.digest,
            "description": self.description,
            "types": self.types,
            "domain_nm": [self.inner_cutoff, self.cutoff],
            "isolated_atom_energies": self.isolated_atom_energies,
            **self.report,
        }
        return force

    def type_indices(self, particles: Sequence[str | int | None]) -> NDArray[np.int64]:
        """Convert types, by name or index, to indices; None becomes -1.

        Raises
        ------
        LoweringError
            If a type is not known.
        """
        indices = np.empty(len(particles), dtype=np.int64)
        known: dict[object, int] = {name: k for k, name in enumerate(self.types)} | {None: LearnedPairForce.NotCovered}
        known |= {k: k for k in range(len(self.types))}
        for k, particle in enumerate(particles):
            if isinstance(particle, bool) or particle not in known:
                raise LoweringError(
                    f"{self.source}: particle {k} has the type {particle!r}; expected {', '.join(self.types)}, or None"
                    " if it is not covered."
                )
            indices[k] = known[particle]
        return indices
