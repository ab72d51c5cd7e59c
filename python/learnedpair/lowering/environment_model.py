# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""EnvironmentModel: an environment function with the names of its types."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import openmm

from ..errors import LoweringError
from ..force.functions import EnvironmentFunction
from ..force.learned_pair_force import LearnedPairForce
from ..force.type_names import TypeNames
from .compiled_model import CompiledModel, write_compiled
from .creation import force_with_cutoff
from .same_particles import require_same_particles


@dataclass(frozen=True, repr=False)
class EnvironmentModel(TypeNames):
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
    training : dict or None
        What the file says about the training.
    density_ranges : dict of str to list of (float, float), or None
        The ranges of the densities in the training data, by type and channel, in the units of the
        densities; None if they are not known.
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
    training: dict[str, Any] | None = None
    density_ranges: dict[str, list[tuple[float, float]]] | None = None
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

    def __repr__(self) -> str:
        channels = len(self.function.angular)
        return (
            f"<EnvironmentModel {self.source}: {', '.join(self.types)},"
            f" {channels} density channel{'s' * (channels != 1)}, {self.inner_cutoff:g} to {self.cutoff:g} nm>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"function": LearnedPairForce(self.function)}  # a force can be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, function=LearnedPairForce.cast(state["function"]).getFunction())

    @property
    def global_parameters(self) -> dict[str, float]:
        """Names and default values of the global parameters."""
        return self.function.global_parameters

    def create_force(
        self,
        particles: Iterable[str | int | None],
        *,
        nonbonded_method: int = LearnedPairForce.CutoffPeriodic,
    ) -> LearnedPairForce:
        """Make a force for the particles of a System.

        Parameters
        ----------
        particles : iterable of str, int or None
            For each particle the name or the index of its type, or None if the model does not cover it.
        nonbonded_method : LearnedPairForce.CutoffPeriodic or CutoffNonPeriodic

        Returns
        -------
        LearnedPairForce
            With the cutoff, the inner cutoff and the switching distance of the model, and without exclusions.

        Raises
        ------
        ValueError, TypeError
            If a type is not known.
        LoweringError
            If the nonbonded method is another one.

        Examples
        --------
        >>> import torch
        >>> import learnedpair as lp
        >>> network = lp.nn.EnvironmentNetwork(num_types=2, cutoff=0.6, angular=[0, 0, 1], inner=0.15)
        >>> options = dict(types=["O", "H"], angular=network.angular, cutoff=0.6, inner_cutoff=0.15, knots=129)
        >>> model = lp.load_environment(network, **options)
        >>> model.create_force(["O", "H", "H", None])
        <LearnedPairForce ...: 3 of 4 particles covered (O 1, H 2), cutoff 0.6 nm, 3 density channels, group 0>
        """
        force = force_with_cutoff(self, self.function, particles, nonbonded_method)
        force.lowering_report = self._lowering_report()
        return force

    def save_compiled(self, path: str | os.PathLike[str]) -> CompiledModel:
        """Write this model as it is inside a force, for use without PyTorch; :func:`add_correction` takes the file.

        Parameters
        ----------
        path : path-like
            Ending in .xml.

        Returns
        -------
        CompiledModel
            The model as it is in the file.

        Raises
        ------
        ModelError
            If an assignment rule is a function, or the path has another ending.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> import torch
        >>> import learnedpair as lp
        >>> network = lp.nn.EnvironmentNetwork(num_types=2, cutoff=0.6, angular=[0, 0, 1], inner=0.15)
        >>> options = dict(types=["O", "H"], angular=network.angular, cutoff=0.6, inner_cutoff=0.15, knots=129)
        >>> model = lp.load_environment(network, **options)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     compiled = model.save_compiled(os.path.join(folder, "water.xml"))
        >>> compiled.types
        ['O', 'H']
        """
        return write_compiled(self.create_force(2 * self.types), self, path)

    def update_force(self, force: openmm.Force) -> None:
        """Replace the function of an existing force by this model, without a change of its structure.

        This is for a model whose training continues while a Context is in use: ``model.update_force(force);
        force.updateParametersInContext(context)``.

        Parameters
        ----------
        force : LearnedPairForce
            A force that was made from a model with the same types, distances, channels, numbers of knots and program.
            :func:`load_environment` with ``knots`` makes models with equal numbers of knots.

        Raises
        ------
        LoweringError
            If the model has another structure. The force is then unchanged; make a new one.

        Examples
        --------
        >>> import torch
        >>> import learnedpair as lp
        >>> network = lp.nn.EnvironmentNetwork(num_types=2, cutoff=0.6, angular=[0, 0, 1], inner=0.15)
        >>> options = dict(types=["O", "H"], angular=network.angular, cutoff=0.6, inner_cutoff=0.15, knots=129)
        >>> model = lp.load_environment(network, **options)
        >>> force = model.create_force(["O", "H", "H"])
        >>> before = force.getFunction().weights
        >>> with torch.no_grad():  # in place of training
        ...     for parameter in network.parameters():
        ...         parameter *= 1.1
        >>> lp.load_environment(network, **options).update_force(force)
        >>> bool((force.getFunction().weights != before).any())
        True
        """
        force = LearnedPairForce.cast(force)
        old = force.getFunction()
        if not isinstance(old, EnvironmentFunction):
            raise LoweringError(f"{self.source}: the force has another kind of function; make a new force.")
        require_same_particles(self, force)
        inner, cutoff = force.lowering_report.get("domain_nm", [self.inner_cutoff, self.cutoff])
        for what, own, other in (
            ("inner cutoff", self.inner_cutoff, inner),
            ("cutoff", self.cutoff, cutoff),
            ("angular orders", self.function.angular, old.angular),
            ("numbers of knots", sorted(map(len, self.function.values)), sorted(map(len, old.values))),
        ):
            if own != other:
                raise LoweringError(
                    f"{self.source}: the {what} of the model: {own}, and of the force: {other}; make a new force."
                )
        if self.function.text != old.text:
            raise LoweringError(f"{self.source}: atom() has other steps than that of the force; make a new force.")
        force.setFunction(self.function)
        force.lowering_report = self._lowering_report()

    def _lowering_report(self) -> dict[str, Any]:
        return {
            "representation": "environment",
            "model": os.path.basename(self.source),
            "digest": self.digest,
            "description": self.description,
            "types": self.types,
            "domain_nm": [self.inner_cutoff, self.cutoff],
            "isolated_atom_energies": self.isolated_atom_energies,
            **({} if self.density_ranges is None else {"density_ranges": self.density_ranges}),
            **self.report,
        }
