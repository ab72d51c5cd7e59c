# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The potential and the embedding named "learnedpair" of openmm-ml."""

from collections.abc import Iterable
from typing import Any

import openmm
from openmm import app
from openmmml.embeddings.mechanicalembedding import MechanicalEmbedding
from openmmml.mlpotential import Embedding, EmbeddingFactory, MLPotentialImpl, MLPotentialImplFactory


class PairPotentialFactory(MLPotentialImplFactory):
    """Creates the potential of MLPotential("learnedpair", model=...)."""

    def createImpl(self, name: str, **args: Any) -> MLPotentialImpl:
        return PairPotentialImpl(args)


class PairPotentialImpl(MLPotentialImpl):
    """A pair model as the potential of a System, or of the ML region of a mixed System.

    Parameters
    ----------
    arguments : dict
        The arguments of learnedpair.interfaces.ml_potential.PairPotential.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        # imported here, so that openmm-ml works if learnedpair cannot be loaded
        from learnedpair.interfaces.ml_potential import PairPotential

        self._potential = PairPotential(**arguments)

    def addForces(
        self,
        topology: app.Topology,
        system: openmm.System,
        atoms: Iterable[int] | None,
        forceGroup: int,
        **args: Any,
    ) -> None:
        self._potential.add_force(topology, system, atoms, forceGroup)

    def getMLLongRange(self) -> bool:
        """A pair model ends at its cutoff."""
        return False


class CorrectedEmbeddingFactory(EmbeddingFactory):
    """Creates the embedding of createMixedSystem(..., embedding="learnedpair", correction=...)."""

    def createEmbedding(self, name: str) -> Embedding:
        return CorrectedEmbedding()


class CorrectedEmbedding(MechanicalEmbedding):
    """Mechanical embedding with a learned correction of the pairs between the ML region and the rest."""

    def createMixedSystem(
        self,
        potential: MLPotentialImpl,
        topology: app.Topology,
        system: openmm.System,
        atoms: list[int],
        forceGroup: int,
        interpolate: bool,
        returnInfo: bool = False,
        correction: Any = None,
        correctionOptions: dict[str, Any] | None = None,
        **args: Any,
    ) -> openmm.System | dict[str, Any]:
        # imported here, so that openmm-ml works if learnedpair cannot be loaded
        from learnedpair.interfaces.ml_embedding import add_interface_correction, interface_correction

        options = {"force_group": forceGroup, **(correctionOptions or {})}
        force = interface_correction(system, topology, atoms, correction, options, interpolate)
        info = super().createMixedSystem(
            potential, topology, system, atoms, forceGroup, interpolate, returnInfo=True, **args
        )
        add_interface_correction(info["system"], atoms, force)
        return info if returnInfo else info["system"]
