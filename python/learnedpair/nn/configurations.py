# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""One or many configurations as one list of particles, and the checks of the tensors that describe them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

#: The data types of types of particles.
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


@dataclass(frozen=True)
class Configurations:
    """Configurations whose particles are numbered one after the other.

    Attributes
    ----------
    positions : Tensor, shape (M, 3), nm
        The particles of all configurations.
    particles : Tensor of int64, shape (M,), or of floating type, shape (M, F)
        Their types or features.
    covered : Tensor of bool, shape (M,)
        Whether a particle has a type or features.
    configuration : Tensor of int64, shape (M,)
        The configuration of each particle; it never decreases.
    count : int or None
        The number of configurations. None if the caller gave one configuration without a batch axis; its energy is a
        0-d tensor.
    box : Tensor, shape (3, 3) for all configurations or (count, 3, 3), nm, or None
    numbered : int
        The number of particles that the indices of a user refer to: those of one configuration if all configurations
        have the same size, else M.
    """

    positions: torch.Tensor
    particles: torch.Tensor
    covered: torch.Tensor
    configuration: torch.Tensor
    count: int | None
    box: torch.Tensor | None
    numbered: int

    def distances(self, i: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
        """Get the minimum-image distances of pairs, shape (P,), nm."""
        return self.displacements(i, j).norm(dim=1)

    def displacements(self, i: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
        """Get the vectors from i to the nearest image of j, shape (P, 3), nm."""
        delta = self.positions[j] - self.positions[i]
        if self.box is not None:
            box = self.box if self.box.dim() == 2 else self.box[self.configuration[i]]
            for k in (2, 1, 0):
                delta = delta - torch.round(delta[:, k : k + 1] / box[..., k, k, None]) * box[..., k, :]
        return delta

    def sums(self, energies: torch.Tensor, i: torch.Tensor) -> torch.Tensor:
        """Sum the energies of pairs or atoms over each configuration, shape (count,), or 0-d.

        ``i`` is the first particle of each pair, or the atom.
        """
        if self.count is None:
            return energies.sum()
        return energies.new_zeros(self.count).index_add(0, self.configuration[i], energies)

    def box_of(self, index: int) -> torch.Tensor | None:
        """Get the box of a configuration, shape (3, 3)."""
        return self.box if self.box is None or self.box.dim() == 2 else self.box[index]


def read_configurations(
    positions: torch.Tensor,
    box: torch.Tensor | None,
    particles: torch.Tensor,
    batch: torch.Tensor | None,
    cutoff: float,
) -> Configurations:
    """Check the arguments of PairEnergy and EnvironmentEnergy that describe particles, and number all particles."""
    _check_positions(positions)
    size, count, equal = positions.shape[-2], None, None
    if positions.dim() == 3:
        if batch is not None:
            raise ValueError(
                f"lp.nn: the positions have the shape {tuple(positions.shape)}, and batch is given, too; give"
                " positions of shape (M, 3) with batch, or configurations of the same size without it."
            )
        count = equal = len(positions)
        configuration = torch.arange(count, device=positions.device).repeat_interleave(size)
    elif batch is None:
        configuration = torch.zeros(size, dtype=torch.int64, device=positions.device)
    else:
        configuration = _read_batch(batch, size).to(positions.device)
        last = int(configuration[-1]) if size > 0 else -1
        count = len(box) if box is not None and box.dim() == 3 else last + 1
        if box is not None and last >= count:
            raise ValueError(
                f"lp.nn: batch has configuration {last}, and the box has the shape {tuple(box.shape)}; expected"
                " (3, 3), or a box for each configuration."
            )
    if box is not None:
        _check_box(box, count, cutoff)
    particles = _read_particles(particles, size, equal)
    covered = _find_covered(particles, size, equal)
    return Configurations(positions.reshape(-1, 3), particles, covered, configuration, count, box, size)


def _name(index: int, size: int, equal: int | None) -> str:
    """Name a particle in a message."""
    return f"particle {index}" if equal is None else f"particle {index % size} of configuration {index // size}"


def _check_positions(positions: torch.Tensor) -> None:
    if not positions.is_floating_point() or positions.dim() not in (2, 3) or positions.shape[-1] != 3:
        raise ValueError(
            f"lp.nn: the positions are {positions.dtype} of shape {tuple(positions.shape)}; expected real numbers"
            " of shape (N, 3), or (B, N, 3) for a batch, in nm."
        )
    wrong = ~positions.detach().isfinite().all(dim=-1)
    if wrong.any():
        index = int(wrong.reshape(-1).nonzero()[0, 0])
        name = _name(index, positions.shape[-2], len(positions) if positions.dim() == 3 else None)
        found = positions.reshape(-1, 3)[index].tolist()
        raise ValueError(f"lp.nn: the position of {name} is {found}; expected finite numbers, in nm.")


def _read_batch(batch: torch.Tensor, size: int) -> torch.Tensor:
    """Check the configuration of each particle."""
    if batch.dtype not in INTEGERS or batch.shape != (size,):
        raise ValueError(
            f"lp.nn: batch is {batch.dtype} of shape {tuple(batch.shape)}; expected the configuration of each"
            f" particle, integers of shape ({size},)."
        )
    batch = batch.to(torch.int64)
    if size > 0 and (int(batch[0]) < 0 or (batch.diff() < 0).any()):
        wrong = 0 if int(batch[0]) < 0 else int((batch.diff() < 0).nonzero()[0, 0]) + 1
        raise ValueError(
            f"lp.nn: batch puts particle {wrong} into configuration {int(batch[wrong])}; expected 0, 1, ... in"
            " ascending order: sort the particles by configuration."
        )
    return batch


def _check_box(box: torch.Tensor, count: int | None, cutoff: float) -> None:
    if box.shape != (3, 3) and (count is None or box.shape != (count, 3, 3)):
        many = "" if count is None else f", or ({count}, 3, 3) for a batch of {count}"
        raise ValueError(f"lp.nn: the box has the shape {tuple(box.shape)}; expected (3, 3){many}.")
    boxes = box.detach().reshape(-1, 3, 3)
    wrong = (boxes.triu(1) != 0).any(dim=2).any(dim=1)
    if wrong.any():
        raise ValueError(
            f"lp.nn: the box vectors {boxes[wrong][0].tolist()} are not in OpenMM's reduced form, [a, 0, 0],"
            " [b, c, 0], [d, e, f]; use openmm.app.internal.unitcell.reducePeriodicBoxVectors."
        )
    short = ~(torch.diagonal(boxes, dim1=1, dim2=2) >= 2 * cutoff).all(dim=1)
    if short.any():
        raise ValueError(
            f"lp.nn: the box vectors {boxes[short][0].tolist()} are shorter than twice the cutoff, {cutoff:g} nm;"
            " take a larger box."
        )


def _read_particles(particles: torch.Tensor, size: int, equal: int | None) -> torch.Tensor:
    """Check types or features, and make them those of all particles.

    Parameters
    ----------
    particles : Tensor
    size : int
        The length of the particle axis of ``positions``: N for the shape (B, N, 3), and M for (M, 3).
    equal : int or None
        The number of configurations if all have this size.
    """
    features = particles.is_floating_point()
    shape = particles.shape[:-1] if features else particles.shape
    if features or particles.dtype in INTEGERS:
        particles = particles if features else particles.to(torch.int64)
        if shape == (size,):
            return particles if equal is None else particles.repeat(equal, *[1] * (particles.dim() - 1))
        if equal is not None and shape == (equal, size):
            return particles.reshape(equal * size, *particles.shape[2:])
    many = "" if equal is None else f"; or, different for each configuration, ({equal}, {size}) or ({equal}, {size}, F)"
    raise ValueError(
        f"lp.nn: the particles are {particles.dtype} of shape {tuple(particles.shape)}; expected {size} types, or"
        f" features of shape ({size}, F){many}."
    )


def _find_covered(particles: torch.Tensor, size: int, equal: int | None) -> torch.Tensor:
    """A mask of the particles that have a type or features, shape (M,)."""
    if not particles.is_floating_point():
        return particles >= 0
    missing = particles.detach().isnan()
    partly = missing.any(dim=1) & ~missing.all(dim=1)
    if partly.any():
        raise ValueError(
            f"lp.nn: {_name(int(partly.nonzero()[0, 0]), size, equal)} has some features that are NaN; expected"
            " numbers, or NaN for all of them where a particle is not covered."
        )
    return ~missing.any(dim=1)
