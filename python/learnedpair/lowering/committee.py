# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""load_committee(): several models as one, which is their mean."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import openmm
import torch
from torch.export import ExportedProgram

from ..errors import ModelError
from ..force.learned_pair_force import LearnedPairForce
from ..models.checks.contract import check_model
from ..models.committee import label, parts_of_committee, require_agreement, require_different_energies
from ..models.pytorch.state import in_default_torch_state
from .force_like import force_like
from .pair_model import PairModel, load_model

#: What load_committee() accepts as a member.
Member: TypeAlias = PairModel | str | os.PathLike[str] | torch.nn.Module | ExportedProgram


@in_default_torch_state
def load_committee(members: Sequence[Member], **metadata: Any) -> CommitteeModel:
    """Load several models as one model, which is their mean, and check them.

    The members are usually the same network, trained from different random weights or on different samples of the data.
    Their mean drives a simulation, and their spread, which :class:`CommitteeReporter` writes, tells where they
    disagree. The mean is one function: as a table it costs what one member costs.

    Parameters
    ----------
    members : sequence of path-like, torch.nn.Module, torch.export.ExportedProgram or PairModel
        At least two different models.
    **metadata
        As in :func:`load_model`, for all members. PairModels have their metadata already.

    Returns
    -------
    CommitteeModel
        A PairModel. Its attribute ``members`` is the list of the members, as PairModels. If their units differ, the
        committee has nm and kJ/mol.

    Raises
    ------
    ModelError
        If a member cannot be loaded or fails a check; if two members have the same energies; or if they differ in their
        types or features, assignment rules, ranges, global parameters, cutoff, inner cutoff or switching distance. The
        message names the member and both values.
    TypeError
        If ``members`` is no sequence of models.

    Examples
    --------
    Two untrained networks, which differ in their random weights:

    >>> import torch
    >>> import learnedpair as lp
    >>> networks = []
    >>> for seed in range(2):
    ...     generator = torch.manual_seed(seed)
    ...     networks.append(lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3))
    >>> committee = lp.load_committee(networks, types=["Ar"], cutoff=0.8, inner_cutoff=0.3)
    >>> committee.source
    'committee of 2 (TypedPairNetwork)'
    >>> energies = [model.evaluate([0.4], [0], [0])[0] for model in (committee, *committee.members)]
    >>> bool(abs(energies[0] - (energies[1] + energies[2]) / 2) < 1e-12)
    True
    >>> force = committee.create_force(["Ar", "Ar"])
    >>> [member["model"] for member in force.lowering_report["members"]]
    ['TypedPairNetwork', 'TypedPairNetwork']
    """
    if isinstance(members, (str, os.PathLike, torch.nn.Module, ExportedProgram, PairModel)) or not hasattr(
        members, "__iter__"
    ):
        raise TypeError(
            f"load_committee: the members are a {type(members).__name__}; expected a list of models: paths, modules or"
            " PairModels."
        )
    given = list(members)
    if len(given) < 2:
        raise ModelError(f"load_committee: the number of members is {len(given)}; expected at least two models.")
    committee = CommitteeModel([_loaded(member, index, metadata) for index, member in enumerate(given)])
    require_different_energies(committee.members)
    check_model(committee)
    return committee


def _loaded(member, index, metadata):
    """Load a member; messages begin with its index."""
    if isinstance(member, PairModel):
        if metadata:
            raise TypeError(
                f"load_committee: members[{index}] ({member.source}) is a PairModel, which has its metadata already,"
                f" and {next(iter(metadata))}=... was given; give it to load_model, or give the path or module instead."
            )
        return member
    try:
        return load_model(member, **metadata)
    except ModelError as error:
        raise ModelError(f"load_committee: members[{index}]: {error}") from error


class CommitteeModel(PairModel):
    """The mean of several models, made by :func:`load_committee`: a PairModel with members.

    Attributes
    ----------
    members : list of PairModel

    Examples
    --------
    >>> import torch
    >>> import learnedpair as lp
    >>> networks = []
    >>> for seed in range(2):
    ...     generator = torch.manual_seed(seed)
    ...     networks.append(lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3))
    >>> committee = lp.load_committee(networks, types=["Ar"], cutoff=0.8, inner_cutoff=0.3)
    >>> print(committee)
    PairModel committee of 2 (TypedPairNetwork)
      member:      TypedPairNetwork, digest ...
      member:      TypedPairNetwork, digest ...
      types:       Ar
    ...
    """

    @in_default_torch_state
    def __init__(self, members: Sequence[PairModel]) -> None:
        require_agreement(list(members))
        super().__init__(*parts_of_committee(list(members)))
        self.members = list(members)

    def __reduce__(self) -> tuple[Any, ...]:
        return CommitteeModel, (self.members,)

    @in_default_torch_state
    def create_member_forces(self, force: openmm.Force) -> list[LearnedPairForce]:
        """Create a force of each member, like an existing force.

        They have the particles, exclusions, exceptions, interaction groups, distances, scale and all other settings of
        the existing force, which is unchanged. They are for :class:`CommitteeReporter`, and not for the System of the
        existing force. Stored with openmm.XmlSerializer, they need no PyTorch to be used again.

        Parameters
        ----------
        force : LearnedPairForce
            Usually a force that was made from this committee.

        Returns
        -------
        list of LearnedPairForce
            In the order of the members.

        Raises
        ------
        LoweringError
            If the force has other types, features or global parameters, or a member cannot be lowered as the force was.

        Examples
        --------
        >>> import torch
        >>> import learnedpair as lp
        >>> networks = []
        >>> for seed in range(2):
        ...     generator = torch.manual_seed(seed)
        ...     networks.append(lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3))
        >>> committee = lp.load_committee(networks, types=["Ar"], cutoff=0.8, inner_cutoff=0.3)
        >>> force = committee.create_force(["Ar", "Ar", "Ar"])
        >>> force.addExclusion(0, 1)
        0
        >>> [member.getNumExclusions() for member in committee.create_member_forces(force)]
        [1, 1]
        """
        force = LearnedPairForce.cast(force)
        forces = []
        for index, member in enumerate(self.members):
            forces.append(force_like(member, force))
            forces[-1].setName(label(self.members, index))
        return forces
