# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PairModel: a trained model that can be turned into a force, and how it is loaded."""

from ..force.learned_pair_force import LearnedPairForce
from ..models.checks.contract import check_model
from ..models.checks.cutoff import require_zero_beyond_cutoff
from ..models.load import read_model
from ..models.metadata.metadata import warn_of_unusual_cutoff
from ..models.model import Model
from ..models.pytorch.state import in_default_torch_state
from .creation import check_arguments, configure_force
from .particles import distinct_particles, read_particles
from .representation import choose_representation
from .updating import lower_like, parameter_settings, replace_function, require_same_particles


@in_default_torch_state
def load_model(path_or_module, **metadata):
    """Load a pair model and check it.

    Parameters
    ----------
    path_or_module : path-like, torch.nn.Module or torch.export.ExportedProgram
        A TorchScript file (.pt), a torch.export file (.pt2), or a model in memory.
    **metadata
        The metadata of :func:`export_model`, by the same names: what the file lacks, or what is to be overridden. Names
        of types, features and global parameters stay those of the file, in its order; a dict gives other rules and
        ranges to some of them.

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
        If the file cannot be read, metadata are missing, or the model does not keep the contract: everything that is
        wrong in one message, with what to do about each.
    """
    parts = read_model(path_or_module, metadata)
    warn_of_unusual_cutoff(parts.source, parts.metadata)
    return checked_model(parts)


def checked_model(parts):
    """A model that keeps the contract.

    Parameters
    ----------
    parts : ModelParts

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
    """
    model = PairModel(*parts)
    check_model(model)
    return model


class PairModel(Model):
    """A trained pair function f(r; a1, a2; g), checked and ready to be turned into a force.

    What it knows of a particle, a, is a type or a vector of features; g are its global parameters.

    Made by :func:`load_model`. Distances here are in nm and energies in kJ/mol, whatever the model itself uses.

    Attributes
    ----------
    types : list of str, or None for a model with features
    type_rules : dict of str to rule, or None
        For :func:`assign_types`; rules are None where the model has none.
    features : list of str, or None for a model with types
    feature_ranges : dict of str to (low, high), or None
        What the model was made for; ranges are None where it does not say.
    global_parameters : dict of str to float
        Names and default values.
    global_parameter_ranges : dict of str to (low, high)
        What the model is checked for, and what a Context refuses to leave: as given, or else 0 to 1 if the default
        value lies there, and half to twice the default value if not.
    cutoff, inner_cutoff : float, nm
    switching_distance : float or None, nm
    truncated : bool
        Whether the model is cut off at the cutoff on purpose.
    last_distance : float, nm
        Where the model is evaluated last: the cutoff, or just before it if the model is truncated.
    uncovered : rule or None
        For atoms that are meant to have no type.
    description : str
    source : str
        The name of the file or class.
    digest : str
        SHA-256 of the file, or of a module's parameters.
    """

    @in_default_torch_state
    def create_force(
        self,
        particles,
        *,
        nonbonded_method=LearnedPairForce.CutoffPeriodic,
        representation="auto",
        tolerance=1e-4,
        tabulate_radial=None,
    ):
        """Create a force with this model's function, cutoff, inner cutoff and switching.

        Parameters
        ----------
        particles : sequence, one element for each particle of the System
            The type of each particle, by name or index, or its row of features; None for particles that are not
            covered.
        nonbonded_method : LearnedPairForce.CutoffPeriodic, CutoffNonPeriodic or NoCutoff
            NoCutoff takes a program, and evaluates it at all distances: a model that is not zero beyond its cutoff is
            refused.
        representation : {"auto", "table", "program"}
            "table" samples a model of types without global parameters into a table; "program" compiles the model
            itself. "auto" takes a table where it is possible, stays below 32 MiB and reaches the tolerance, else a
            program; a warning says if it is because of the tolerance, since programs cost more.
        tolerance : float
            The force error of a table is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``: for every distance of the
            domain and every pair of types that occurs, or, for the radial part of a program, for the pairs of particles
            that are sampled.
        tabulate_radial : bool or None
            Whether to put what depends on the distance alone, such as radial functions and the layer they go into, in a
            table too. By default "auto" does, and "program" evaluates the model exactly.

        Returns
        -------
        LearnedPairForce
            Its ``lowering_report`` says what was made and how accurate it is.

        Raises
        ------
        ValueError
            If a particle's type does not exist, or a feature is outside of its range.
        ModelError
            If the model is not finite or not symmetric for the features given.
        LoweringError
            If the model cannot be represented as asked for, or the tolerance cannot be met.
        """
        check_arguments(self, particles, nonbonded_method, representation)
        no_cutoff = nonbonded_method == LearnedPairForce.NoCutoff
        particles = read_particles(self, particles)
        distinct = distinct_particles(self, particles)
        if no_cutoff:
            require_zero_beyond_cutoff(self, distinct)
        function, report = choose_representation(
            self, particles, distinct, no_cutoff, representation, tolerance, tabulate_radial
        )
        return configure_force(self, function, report, particles, nonbonded_method)

    @in_default_torch_state
    def update_force(self, force, *, tolerance=1e-4):
        """Give an existing force this model's function, in the structure it has: what updateParametersInContext() can
        take over.

        For a model that was trained further while a Context is in use:
        ``model.update_force(force); force.updateParametersInContext(context)``.

        Parameters
        ----------
        force : LearnedPairForce
            Made from a model with the same types or features and distances.
        tolerance : float
            As in :meth:`create_force`.

        Raises
        ------
        LoweringError
            If the knots of a table are too few for the tolerance, or the table has another shape; the force is left as
            it was. A new force, or a Context that is reinitialized, has no such limits.
        """
        force = LearnedPairForce.cast(force)
        require_same_particles(self, force)
        function, report = lower_like(self, force, tolerance)
        replace_function(force, function, report, parameter_settings(self, force))
