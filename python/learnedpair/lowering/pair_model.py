# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PairModel, a trained model that can be turned into a force; and load_model()."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Literal

import openmm
import torch
from openmm import unit
from torch.export import ExportedProgram

from ..errors import ModelError
from ..force.expected_evaluation import warn_of_noise
from ..force.learned_pair_force import LearnedPairForce
from ..models.checks.contract import check_model
from ..models.checks.cutoff import require_zero_beyond_cutoff
from ..models.load import ModelParts, read_model
from ..models.metadata.metadata import warn_of_unusual_cutoff
from ..models.model import Model
from ..models.pytorch.state import in_default_torch_state
from .compiled_model import CompiledModel, write_compiled
from .creation import Evaluation, check_arguments, configure_force, set_evaluation
from .particles import distinct_particles, read_particles
from .representation import Representation, choose_representation
from .same_particles import require_same_particles
from .updating import lower_like, parameter_settings, replace_function
from .write_table import Request, WrittenTable, read_distance, read_path, write_table


@in_default_torch_state
def load_model(
    path_or_module: str | os.PathLike[str] | torch.nn.Module | ExportedProgram, **metadata: Any
) -> PairModel:
    """Load a pair model and check it.

    Parameters
    ----------
    path_or_module : path-like, torch.nn.Module or torch.export.ExportedProgram
        A TorchScript file (.pt), a torch.export file (.pt2), or a model in memory.
    **metadata
        Metadata with the names that :func:`export_model` uses. A module needs them. They add to the metadata of a
        file, or replace them. The names of types, features and global parameters, and their order, must be those of
        the file; a dict replaces the rules or ranges of some of them.

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
        If the file cannot be read, metadata are missing, or a check of the model fails. The message lists all problems
        with their remedies.

    Examples
    --------
    A file carries its metadata:

    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER
    >>> model = lp.load_model(WATER)
    >>> model.type_rules
    {'O': 'HOH:O', 'H': ['HOH:H1', 'HOH:H2']}
    >>> round(model.inner_cutoff, 3), model.cutoff
    (0.134, 0.75)

    A module in memory needs them as arguments:

    >>> network = lp.nn.TypedPairNetwork(num_types=2, cutoff=0.8, inner=0.3)
    >>> model = lp.load_model(network, types=["Ar", "Kr"], cutoff=0.8, inner_cutoff=0.3)
    >>> model.types
    ['Ar', 'Kr']
    """
    parts = read_model(path_or_module, metadata)
    warn_of_unusual_cutoff(parts.source, parts.metadata)
    return checked_model(parts)


def checked_model(parts: ModelParts) -> PairModel:
    """Make a model and check it.

    Parameters
    ----------
    parts : ModelParts

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
        If a check fails.
    """
    model = PairModel(*parts)
    check_model(model)
    return model


class PairModel(Model):
    """A trained pair function f(r; a1, a2; g), checked and ready to be turned into a force.

    a1 and a2 are the types or the feature vectors of the two particles, and g are the global parameters.

    Objects are made by :func:`load_model`. All distances are in nm and all energies in kJ/mol, whatever the units of
    the model file are.

    Attributes
    ----------
    types : list of str, or None for a model with features
    type_rules : dict of str to rule, or None
        The rules of :func:`assign_types`; None for a type without one.
    features : list of str, or None for a model with types
    feature_ranges : dict of str to (low, high), or None
        The ranges that the model was made for; None for a feature without one.
    global_parameters : dict of str to float
        Names and default values, in the units of the model.
    global_parameter_ranges : dict of str to (low, high)
        The ranges that the model is checked for; a Context refuses values outside of them. If no range was given, it is
        0 to 1 if the default value lies there, else half to twice the default value.
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    truncated : bool
        Whether the model is cut off at the cutoff on purpose.
    last_distance : float, nm
        The largest distance at which the model is evaluated: the cutoff, or just below it if the model is truncated.
    uncovered : rule or None
        Selects the atoms that are meant to have no type.
    description : str
    domain : dict of (str, str) to (low, high); (low, high) for a model with features; or None, nm
        The training domain, the range of distances that the training data cover. The names of a pair are in the order
        of the types, and a pair that is not in the dict has no training data. None if it is not known.
    training : dict or None
        What else the file says about the training.
    source : str
        The name of the file or class.
    digest : str
        SHA-256 of the file; or of the code, parameters and buffers of a module.
    members : list of PairModel
        The members of a committee (:func:`load_committee`); empty for any other model.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER
    >>> model = lp.load_model(WATER)
    >>> print(model)
    PairModel water.pt
      types:       O (HOH:O); H (HOH:H1, HOH:H2)
      distances:   0.134176 to 0.75 nm, switched from 0.4 nm
      units:       nm, kJ/mol
    ...
    >>> model.create_force(2 * ["O", "H", "H"])
    <LearnedPairForce 'LearnedPairForce': 6 of 6 particles covered (O 2, H 4), cutoff 0.75 nm, 3 curves, group 0>
    """

    @in_default_torch_state
    def create_force(
        self,
        particles: Iterable[Any],
        *,
        nonbonded_method: int = LearnedPairForce.CutoffPeriodic,
        representation: Representation = "auto",
        tolerance: float = 1e-4,
        evaluation: Evaluation = "auto",
        tabulate_radial: bool | None = None,
    ) -> LearnedPairForce:
        """Create a force with the function, cutoff, inner cutoff and switching distance of this model.

        Parameters
        ----------
        particles : sequence, one element for each particle of the System
            The type of each particle, by name or index, or its feature vector; None for a particle that is not covered.
        nonbonded_method : LearnedPairForce.CutoffPeriodic, CutoffNonPeriodic or NoCutoff
            NoCutoff requires a program, which is evaluated at all distances. With NoCutoff the model must be zero
            beyond its cutoff; another model is refused.
        representation : {"auto", "table", "program"}
            "table" samples the model, which must have types and no global parameters. "program" records the
            computation of the model. "auto" makes a table if that is possible, at most 32 MiB large and within the
            tolerance, else a program. It warns if the tolerance is the reason, because programs cost more. With
            evaluation="exact" it makes a program.
        tolerance : float
            The force error of a table is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``, at every distance of the
            domain and for every pair of types that occurs. The same holds for the tables with which a Context evaluates
            a program. For a program with a tabulated radial part, it holds for the sampled pairs of particles.
        evaluation : {"auto", "exact", "table"}
            How a Context evaluates a program: "exact" runs it for every pair of particles; "table" makes tables with a
            curve for each pair of distinct types or feature vectors, which cost what a table of types costs; "auto"
            makes tables if they take little time and memory. The program in the force and its XML is the same. See
            :meth:`LearnedPairForce.setEvaluation`.
        tabulate_radial : bool or None
            Whether to tabulate the radial part of a program, that is, all values that depend on the distance alone,
            such as radial basis functions and the layer that they feed. By default representation="auto" does so if the
            program is going to be evaluated exactly.

        Returns
        -------
        LearnedPairForce
            Its ``lowering_report`` describes the representation and its accuracy.

        Raises
        ------
        ValueError
            If the model does not have the type of a particle, or a feature is outside its range.
        ModelError
            If a check of the model fails for the given particles.
        LoweringError
            If the model cannot have the requested representation, or the tolerance cannot be met.

        Examples
        --------
        Two water molecules and an ion that the model does not cover:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> model = lp.load_model(WATER)
        >>> particles = ["O", "H", "H", "O", "H", "H", None]
        >>> force = model.create_force(particles)
        >>> force.getParticleTypes().tolist()
        [0, 1, 1, 0, 1, 1, -1]
        >>> force.lowering_report["representation"], force.lowering_report["curves"]
        ('table', 3)

        The network itself instead of a table:

        >>> exact = model.create_force(particles, representation="program")
        >>> exact.getFunction()
        <PairProgram of 2 types: ... steps, 988 weights>
        """
        check_arguments(self, particles, nonbonded_method, representation, evaluation)
        no_cutoff = nonbonded_method == LearnedPairForce.NoCutoff
        particles = read_particles(self, particles)
        distinct = distinct_particles(self, particles)
        if no_cutoff:
            require_zero_beyond_cutoff(self, distinct)
        function, report = choose_representation(
            self, particles, distinct, no_cutoff, representation, tolerance, evaluation, tabulate_radial
        )
        force = configure_force(self, function, report, particles, nonbonded_method)
        set_evaluation(force, evaluation, tolerance)
        warn_of_noise(force, len(distinct), self.source)
        return force

    @in_default_torch_state
    def update_force(self, force: openmm.Force, *, tolerance: float = 1e-4) -> None:
        """Replace the function of an existing force by this model, without a change of its structure.

        This is for a model whose training continues while a Context is in use, because updateParametersInContext() can
        transfer the new weights or table: ``model.update_force(force); force.updateParametersInContext(context)``.

        Parameters
        ----------
        force : LearnedPairForce
            A force that was made from a model with the same types or features and the same distances.
        tolerance : float
            As in :meth:`create_force`.

        Raises
        ------
        LoweringError
            If the model does not fit the structure of the force, or the table of the force has too few knots for the
            tolerance. The force is then unchanged; make a new one.

        Examples
        --------
        A network is trained further while a Context uses it; a change of the weights stands for the training here.

        >>> import openmm
        >>> import torch
        >>> import learnedpair as lp
        >>> network = lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3)
        >>> metadata = dict(types=["Ar"], cutoff=0.8, inner_cutoff=0.3)
        >>> model = lp.load_model(network, **metadata)
        >>> method = lp.LearnedPairForce.CutoffNonPeriodic
        >>> force = model.create_force(["Ar", "Ar"], nonbonded_method=method, representation="program")
        >>> system = openmm.System()
        >>> for particle in range(2):
        ...     index = system.addParticle(39.948)
        >>> index = system.addForce(force)
        >>> integrator = openmm.VerletIntegrator(0.002)
        >>> context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        >>> context.setPositions([[0, 0, 0], [0.4, 0, 0]])
        >>> before = context.getState(energy=True).getPotentialEnergy()
        >>> with torch.no_grad():
        ...     for parameter in network.last.parameters():
        ...         parameter *= 2
        >>> lp.load_model(network, **metadata).update_force(force)
        >>> force.updateParametersInContext(context)
        >>> round(context.getState(energy=True).getPotentialEnergy() / before, 3)
        2.0
        """
        force = LearnedPairForce.cast(force)
        require_same_particles(self, force)
        function, report = lower_like(self, force, tolerance)
        replace_function(force, function, report, parameter_settings(self, force))

    @in_default_torch_state
    def save_compiled(
        self,
        path: str | os.PathLike[str],
        *,
        representation: Representation = "auto",
        tolerance: float = 1e-4,
        evaluation: Evaluation = "auto",
        tabulate_radial: bool | None = None,
    ) -> CompiledModel:
        """Write the function of this model as it is inside a force, for use without PyTorch.

        :func:`add_correction` takes the file in place of the model. A table has the curves of all pairs of types.

        Parameters
        ----------
        path : path-like
            Ending in .xml.
        representation, tolerance, evaluation, tabulate_radial
            As in :meth:`create_force`.

        Returns
        -------
        CompiledModel
            The model as it is in the file.

        Raises
        ------
        ModelError
            If the model has features, an assignment rule is a function, or the path has another ending.
        LoweringError
            As in :meth:`create_force`.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> folder = tempfile.TemporaryDirectory()
        >>> lp.load_model(WATER).save_compiled(os.path.join(folder.name, "water.xml"))
        <CompiledModel water.xml: O, H, PairTable of 2 types, 0.134176 to 0.75 nm>
        >>> folder.cleanup()
        """
        if self.types is None:
            raise ModelError(
                f"{self.source}: the model has features ({', '.join(self.features or ())}), and only models of types"
                " can be compiled alone; save the System with its correction."
            )
        force = self.create_force(
            2 * self.types,
            representation=representation,
            tolerance=tolerance,
            evaluation=evaluation,
            tabulate_radial=tabulate_radial,
        )
        return write_compiled(force, self, path)

    @in_default_torch_state
    def write_table(
        self,
        path: str | os.PathLike[str],
        format: Literal["lammps", "gromacs", "votca", "uf3"],
        *,
        pairs: list[tuple[str, str]] | None = None,
        rows: int = 2000,
        start: float | unit.Quantity | None = None,
        end: float | unit.Quantity | None = None,
        spacing: Literal["distance", "square"] = "distance",
        units: Literal["real", "metal", "electron"] = "real",
    ) -> list[WrittenTable]:
        """Write curves of this model as tables of another program.

        The tables hold the energy as a force computes it, with the switching function. The model must have types and
        no global parameters.

        Parameters
        ----------
        path : path-like
            LAMMPS and UF3 have one file for all pairs, with the keyword "A_B" or the pair "A-B". GROMACS and VOTCA have
            one for each pair: "{pair}" in the name of the file is replaced by "A_B" or "A-B".
        format : {"lammps", "gromacs", "votca", "uf3"}
            "gromacs": the energy is the function h, to be multiplied by C12 = 1. "uf3": the spline has a knot at each
            row, and the types should be elements.
        pairs : list of (str, str)
            The pairs of types; by default all.
        rows : int
            The number of rows of each table, from 4 to 1000000; for UF3 at most 4000.
        start, end : float in nm, or Quantity
            The range; by default the domain of the model, and from 0 for GROMACS. A GROMACS table may end beyond the
            cutoff: rows there are zero.
        spacing : {"distance", "square"}
            Whether rows are equally spaced in r or, for LAMMPS only, in r^2 (RSQ).
        units : {"real", "metal", "electron"}
            The unit system of a LAMMPS table. It is written into the first line, by which LAMMPS converts a table
            between real and metal.

        Returns
        -------
        list of WrittenTable
            One for each pair: path, pair, keyword, rows, and the errors of the curve that :func:`load_tables` reads
            back, measured between the rows: ``max_energy_error`` in kJ/mol, ``max_force_error`` in kJ/mol/nm, and
            ``max_relative_force_error``, the maximum of ``|dF| / (|F| + 1 kJ/mol/nm)``.

        Raises
        ------
        ModelError
            If the model has features or global parameters, or an argument is wrong.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> model = lp.load_model(WATER)
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "water.table")
        >>> tables = model.write_table(path, "lammps")
        >>> [table.keyword for table in tables]
        ['O_O', 'O_H', 'H_H']
        >>> max(table.max_relative_force_error for table in tables) < 1e-3
        True
        >>> lp.load_tables(path).types
        ['O', 'H']
        >>> folder.cleanup()
        """
        request = Request(
            format,
            rows,
            read_distance(start, "start", 0.0 if format == "gromacs" else self.inner_cutoff),
            read_distance(end, "end", self.cutoff),
            spacing,
            units,
        )
        return write_table(self, read_path(path), pairs, request)
