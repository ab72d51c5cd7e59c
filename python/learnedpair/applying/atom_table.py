# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads a topology into arrays, once for all rules and checks."""

import functools

import numpy as np
from openmm.app import Element, Topology


class AtomTable:
    """The atoms of a topology as arrays.

    A label is a distinct (residue name, atom name, element). A large System has few labels, so rules are evaluated once
    for each label.

    Parameters
    ----------
    topology : openmm.app.Topology
    source : str
        The beginning of error messages.

    Attributes
    ----------
    atoms : list of openmm.app.topology.Atom
    labels : list of (str, str, Element or None)
        The distinct (residue name, atom name, element).
    label : ndarray of int, shape (n_atoms,)
        The label of each atom, an index of labels.
    residue : ndarray of int, shape (n_atoms,)
        The residue of each atom, counted in the order of the topology.
    link_atoms : ndarray of int, shape (n_link_atoms,)
        Atoms that openmm-ml added to saturate cut bonds, which rules do not select. Empty until
        :func:`learnedpair.applying.topology_order.require_topology` finds them.

    Raises
    ------
    TypeError
        If the topology is not an openmm.app.Topology.
    ValueError
        If the atoms are not numbered in the order of the residues.
    """

    def __init__(self, topology, source):
        _require_is_topology(topology, source)
        self._topology, self._source = topology, source
        self.atoms, sizes = [], []
        for residue in topology.residues():
            start = len(self.atoms)
            self.atoms.extend(residue.atoms())
            sizes.append(len(self.atoms) - start)
        self._require_order(source)
        self.link_atoms = np.empty(0, dtype=int)
        self.residue = np.repeat(np.arange(len(sizes)), np.array(sizes, dtype=int))
        indices = {}
        self.label = np.fromiter(
            (indices.setdefault((atom.residue.name, atom.name, atom.element), len(indices)) for atom in self.atoms),
            np.int64,
            len(self.atoms),
        )
        self.labels = list(indices)
        for _, name, element in self.labels:
            if not (element is None or isinstance(element, Element)):
                raise TypeError(
                    f"{source}: the element of the atom {name} is {element!r}; expected an openmm.app.Element, such as"
                    " Element.getBySymbol() returns, or None."
                )
        #: The index of the first atom with each label.
        self.first_atoms = np.unique(self.label, return_index=True)[1]

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
        """The indices of the atoms of each bond (ndarray of int, shape (n_bonds, 2)).

        Raises
        ------
        ValueError
            If a bond has an atom that is not in the topology.
        """
        bonds = list(self._topology.bonds())
        pairs = np.array([[bond[0].index for bond in bonds], [bond[1].index for bond in bonds]], dtype=np.int32).T
        require_indices(pairs, len(self.atoms), f"{self._source}: a bond of the topology", "atom")
        return pairs.reshape(-1, 2)

    def map_elements(self, function, dtype):
        """Evaluate a function of the element for each atom.

        Parameters
        ----------
        function : callable
            Its argument is an openmm.app.Element, or None for a virtual site or a coarse-grained particle.
        dtype : data-type
            The type of its result.

        Returns
        -------
        ndarray, shape (n_atoms,)
        """
        return np.array([function(element) for _, _, element in self.labels], dtype=dtype)[self.label]

    def residue_runs(self, included):
        """Group some of the atoms by residue.

        Parameters
        ----------
        included : ndarray of bool, shape (n_atoms,)
            Which atoms are grouped.

        Returns
        -------
        indices : ndarray of int
            The included atoms.
        ends : ndarray of int
            The end of each residue within indices. The atoms of residue k are indices[ends[k - 1]:ends[k]]. Residues
            without included atoms are omitted.
        """
        indices = np.flatnonzero(included)
        residue = self.residue[indices]
        return indices, np.append(np.flatnonzero(residue[1:] != residue[:-1]) + 1, len(indices))[: len(indices)]


def require_indices(pairs, count, what, member="particle"):
    """Require pairs of particles, or of atoms, that exist.

    Parameters
    ----------
    pairs : ndarray of int, shape (n, 2)
    count : int
        The number of particles.
    what : str
        What one of the pairs is; the beginning of the message.
    member : {"particle", "atom"}

    Raises
    ------
    ValueError
        If an index is negative, or not less than ``count``.
    """
    wrong = pairs[(pairs < 0) | (pairs >= count)]
    if len(wrong) > 0:
        raise ValueError(f"{what} has the {member} {wrong[0]}, but there are {count}; correct it.")


def _require_is_topology(topology, source):
    """Raise a TypeError for anything but an openmm.app.Topology.

    The message gives advice if the object has a topology, such as a PDBFile, or can be converted, as in MDTraj.
    """
    if not isinstance(topology, Topology):
        inner = getattr(topology, "topology", None)
        remedy = (
            "give its .topology"
            if isinstance(inner, Topology)
            else "give its .to_openmm()"
            if hasattr(topology, "to_openmm")
            else "give its .topology.to_openmm()"
            if hasattr(inner, "to_openmm")
            else "give the topology that the System was made from"
        )
        raise TypeError(
            f"{source}: the topology is a {type(topology).__name__}; expected an openmm.app.Topology: {remedy}."
        )
