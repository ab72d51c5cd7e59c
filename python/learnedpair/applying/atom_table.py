# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads a topology into arrays, once for all rules and checks."""

import functools

import numpy as np
from openmm.app import Topology


class AtomTable:
    """The atoms of a topology as arrays.

    Most atoms of a large System share their names with many others: a label is a distinct (residue name, atom name,
    element), and rules are looked up once for each label.

    Parameters
    ----------
    topology : openmm.app.Topology
    source : str
        How messages begin.

    Attributes
    ----------
    atoms : list of openmm.app.topology.Atom
    labels : list of (str, str, Element or None)
        The distinct (residue name, atom name, element).
    label : ndarray of int, shape (n_atoms,)
        The label of each atom, an index of labels.
    residue : ndarray of int, shape (n_atoms,)
        The residue of each atom, counted in the order of the topology.

    Raises
    ------
    TypeError
        If the topology is something else.
    ValueError
        If atoms are not numbered in the order of the residues.
    """

    def __init__(self, topology, source):
        _require_is_topology(topology, source)
        self._topology = topology
        self.atoms, sizes = [], []
        for residue in topology.residues():
            start = len(self.atoms)
            self.atoms.extend(residue.atoms())
            sizes.append(len(self.atoms) - start)
        self._require_order(source)
        self.residue = np.repeat(np.arange(len(sizes)), np.array(sizes, dtype=int))
        indices = {}
        self.label = np.fromiter(
            (indices.setdefault((atom.residue.name, atom.name, atom.element), len(indices)) for atom in self.atoms),
            np.int64,
            len(self.atoms),
        )
        self.labels = list(indices)

    def _require_order(self, source):
        for place, atom in enumerate(self.atoms):
            if atom.index != place:
                raise ValueError(
                    f"{source}: atom {atom.index} of the topology ({atom.residue.name}:{atom.name}) is number {place}"
                    " in the order of its residues, so that it is unclear which particle of the System it is; add the"
                    " atoms of a residue one after the other, before the next residue."
                )

    @functools.cached_property
    def bonds(self):
        """The indices of the atoms of each bond (ndarray of int, shape (n_bonds, 2))."""
        bonds = list(self._topology.bonds())
        return np.array(
            [[bond[0].index for bond in bonds], [bond[1].index for bond in bonds]], dtype=np.int32
        ).T.reshape(-1, 2)

    @functools.cached_property
    def elements(self):
        """The element of each label, None for virtual sites and coarse-grained particles."""
        return [element for _, _, element in self.labels]

    def of_labels(self, function, dtype):
        """For each atom what a function of its label's element is."""
        return np.array([function(element) for element in self.elements], dtype=dtype)[self.label]

    def residue_runs(self, included):
        """Group atoms by residue.

        Parameters
        ----------
        included : ndarray of bool, shape (n_atoms,)
            The atoms that are grouped.

        Returns
        -------
        indices : ndarray of int
            The atoms that are included.
        ends : ndarray of int
            Where in it each residue ends that has any: the atoms of residue k are indices[ends[k - 1]:ends[k]].
        """
        indices = np.flatnonzero(included)
        residue = self.residue[indices]
        return indices, np.append(np.flatnonzero(residue[1:] != residue[:-1]) + 1, len(indices))[: len(indices)]


def _require_is_topology(topology, source):
    """Require an openmm.app.Topology; TypeError for something that has one, such as a PDBFile, and for anything
    else.
    """
    if not isinstance(topology, Topology):
        remedy = (
            "give its .topology"
            if isinstance(getattr(topology, "topology", None), Topology)
            else "give the topology that the System was made from"
        )
        raise TypeError(
            f"{source}: the topology is a {type(topology).__name__}; expected an openmm.app.Topology: {remedy}."
        )
