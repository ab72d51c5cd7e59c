# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The methods of LearnedPairForce that set which pairs interact: exclusions, exceptions and interaction groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from openmm.app import Atom

from .functions import PairProgram, core
from .lifetime import GuardedForce
from .particles import as_index, as_number, as_pairs


class PairSettings(GuardedForce):
    """The exclusions, exceptions and interaction groups of a :class:`LearnedPairForce`."""

    def getNumExclusions(self) -> int:
        """Get the number of excluded pairs."""
        return self._access.getNumExclusions()

    def addExclusion(self, particle1: int, particle2: int) -> int:
        """Exclude a pair of particles. Returns the index of the exclusion."""
        what = "LearnedPairForce.addExclusion"
        return self._access.addExclusion(as_index(particle1, what), as_index(particle2, what))

    def addExclusions(self, pairs: Iterable[Sequence[int]] | NDArray[np.integer]) -> None:
        """Exclude many pairs of particles at once.

        Parameters
        ----------
        pairs : array of int, shape (n, 2), or iterable of (int, int)

        Raises
        ------
        TypeError
            If they are no pairs of integers.
        ValueError
            If an index does not fit into 32 bits.

        Examples
        --------
        The three pairs of a water molecule:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER_COMPILED
        >>> force = lp.load_compiled(WATER_COMPILED).create_force(["O", "H", "H"])
        >>> force.addExclusions([(0, 1), (0, 2), (1, 2)])
        >>> force.getExclusionParticles(2)
        (1, 2)
        """
        self._access.addExclusions(as_pairs(pairs, "LearnedPairForce.addExclusions"))

    def getExclusionParticles(self, index: int) -> tuple[int, int]:
        """Get the two particles of an exclusion, as a tuple."""
        return self._access.getExclusionParticles(index)

    def setExclusionParticles(self, index: int, particle1: int, particle2: int) -> None:
        """Set the two particles of an exclusion."""
        what = "LearnedPairForce.setExclusionParticles"
        self._access.setExclusionParticles(index, as_index(particle1, what), as_index(particle2, what))

    def getNumExceptions(self) -> int:
        """Get the number of exceptions."""
        return self._access.getNumExceptions()

    def addException(self, particle1: int, particle2: int, factor: float, replace: bool = False) -> int:
        """Give a pair of particles a factor of its own, in place of the 1 of all other pairs.

        It is used for scaled 1-4 pairs. An exception contributes only below the cutoff, between covered particles, and
        if the interaction groups allow it. Unless it is replaced, the pair must not have an exclusion or another
        exception, which is checked when a Context is created.

        Parameters
        ----------
        particle1, particle2 : int
            The indices of the particles.
        factor : float
            It multiplies the energy of the pair; 0 excludes the pair.
        replace : bool
            Whether the exception replaces what the pair has already: its exclusion, which is removed, so that the
            indices of later exclusions change, or its exception, whose factor changes.

        Returns
        -------
        int
            The index of the exception.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(["O", "H", "H", "O"])
        >>> force.addException(0, 3, 0.5)
        0
        >>> force.getExceptionParameters(0)
        (0, 3, 0.5)
        """
        what = "LearnedPairForce.addException"
        return self._access.addException(
            as_index(particle1, what),
            as_index(particle2, what),
            as_number(factor, f"{what}: the factor"),
            bool(replace),
        )

    def addExceptions(
        self, pairs: Iterable[Sequence[int]] | NDArray[np.integer], factors: float | ArrayLike, replace: bool = False
    ) -> None:
        """Give many pairs of particles factors of their own at once.

        Parameters
        ----------
        pairs : array of int, shape (n, 2), or iterable of (int, int)
        factors : float, or array, shape (n,)
            The factor of each pair, or one factor for all of them.
        replace : bool
            As in :meth:`addException`.

        Raises
        ------
        TypeError
            If the pairs are no pairs of integers.
        ValueError
            If an index does not fit into 32 bits, or if the factors are no numbers, or not one for each pair.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER_COMPILED
        >>> force = lp.load_compiled(WATER_COMPILED).create_force(["O", "H", "H"])
        >>> force.addExceptions([(0, 1), (0, 2)], 0.5)
        >>> force.getExceptionParameters(1)
        (0, 2, 0.5)
        """
        what = "LearnedPairForce.addExceptions"
        array = as_pairs(pairs, what)
        try:
            each = np.asarray(factors, dtype=float)
        except (TypeError, ValueError):
            each = np.empty((0, 0))
        if each.shape not in ((), (len(array),)):
            raise ValueError(
                f"{what}: the factors are {factors!r:.60}; expected a number, or one for each of {len(array)} pairs."
            )
        self._access.addExceptions(array, np.broadcast_to(each, len(array)).tolist(), bool(replace))

    def getExceptionParameters(self, index: int) -> tuple[int, int, float]:
        """Get the two particles and the factor of an exception, as a tuple."""
        return self._access.getExceptionParameters(index)

    def setExceptionParameters(self, index: int, particle1: int, particle2: int, factor: float) -> None:
        """Set the two particles and the factor of an exception.

        :meth:`updateParametersInContext` copies the factor to an existing Context; it cannot change the particles.
        """
        what = "LearnedPairForce.setExceptionParameters"
        self._access.setExceptionParameters(
            index, as_index(particle1, what), as_index(particle2, what), as_number(factor, f"{what}: the factor")
        )

    def createExclusionsFromBonds(self, bonds: Iterable[Sequence[int | Atom]], bondCutoff: int) -> None:
        """Exclude all pairs of particles that are connected by a few bonds. Existing exclusions are kept.

        Parameters
        ----------
        bonds : iterable of (int, int), or of pairs of atoms such as topology.bonds()
        bondCutoff : int
            Pairs separated by this number of bonds or fewer are excluded.

        Examples
        --------
        The hydrogen atoms of a water molecule are two bonds apart:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> from openmm import app
        >>> water = app.Modeller(app.Topology(), [])
        >>> water.addSolvent(app.ForceField("amber14/tip3p.xml"), numAdded=10)
        >>> force = lp.load_model(WATER).create_force(10 * ["O", "H", "H"])
        >>> force.createExclusionsFromBonds(water.topology.bonds(), 2)
        >>> force.getNumExclusions()
        30
        """
        pairs = [[atom.index if isinstance(atom, Atom) else atom for atom in bond[:2]] for bond in bonds]
        what = "LearnedPairForce.createExclusionsFromBonds"
        self._access.createExclusionsFromBonds(as_pairs(pairs, what).tolist(), bondCutoff)

    def getNumInteractionGroups(self) -> int:
        """Get the number of interaction groups."""
        return self._access.getNumInteractionGroups()

    def addInteractionGroup(self, set1: Iterable[int], set2: Iterable[int]) -> int:
        """Add an interaction group.

        Without interaction groups, all pairs interact. With them, only pairs with one particle in the first set and the
        other in the second set of at least one group interact. A pair that belongs to several groups counts once.

        Parameters
        ----------
        set1, set2 : iterable of int
            Indices of particles.

        Returns
        -------
        int
            The index of the group.

        Examples
        --------
        Only pairs of the first of ten water molecules with the others:

        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> force = lp.load_model(WATER).create_force(10 * ["O", "H", "H"])
        >>> force.addInteractionGroup(range(3), range(3, 30))
        0
        """
        what = "LearnedPairForce.addInteractionGroup"
        self._require_changeable_groups(what)
        return self._access.addInteractionGroup(*_as_sets(set1, set2, what))

    def getInteractionGroupParameters(self, index: int) -> tuple[set[int], set[int]]:
        """Get the two sets of an interaction group, as a tuple."""
        return self._access.getInteractionGroupParameters(index)

    def setInteractionGroupParameters(self, index: int, set1: Iterable[int], set2: Iterable[int]) -> None:
        """Set the two sets of an interaction group."""
        what = "LearnedPairForce.setInteractionGroupParameters"
        self._require_changeable_groups(what)
        self._access.setInteractionGroupParameters(index, *_as_sets(set1, set2, what))

    def _require_changeable_groups(self, what: str) -> None:
        """Refuse to change groups that the function of a converted force counts."""
        function = self._access.getFunction()
        if isinstance(function, PairProgram) and core.GROUP_FEATURE in function.feature_ranges:
            raise ValueError(
                f"{what}: a pair of this force counts once for each of its interaction groups, as in the"
                " CustomNonbondedForce from which it was converted, and the function knows the groups; change those of"
                " the CustomNonbondedForce, and convert it again."
            )


def _as_sets(set1: Iterable[int], set2: Iterable[int], what: str) -> tuple[set[int], set[int]]:
    """Convert the indices of an interaction group."""
    return {as_index(i, what) for i in set1}, {as_index(i, what) for i in set2}
