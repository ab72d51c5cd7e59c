# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The figure: the force of the correction after each round, and how spread and error fall."""

import matplotlib.figure
import numpy as np
from learning import pair_force, spread_of_pairs


def draw(reference, committees, rounds, path):
    """Draw the forces between two atoms by distance, and those on the atoms of the liquid by the number of dimers.

    Parameters
    ----------
    reference : PairModel
    committees : list of CommitteeModel
        Of each round.
    rounds : list of dict
        As active_learning.py writes them.
    path : path
    """
    figure = matplotlib.figure.Figure((9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    r = np.linspace(0.3, 0.5, 300)
    left.plot(r, pair_force(reference, r), "k", lw=1, label="reference")
    for index in (0, 1, len(rounds) - 1):
        mean, spread = pair_force(committees[index], r), spread_of_pairs(committees[index], r)
        # Triangles at the top: the distances of the dimers that were computed after this round.
        left.fill_between(r, mean - spread, mean + spread, alpha=0.3, label=f"round {index}", color=f"C{index}")
        left.plot(rounds[index]["new"], np.full(len(rounds[index]["new"]), 17.0), "v", color=f"C{index}")
    left.set(xlabel="r (nm)", ylabel="force of the correction (kJ/mol/nm)", ylim=(-60, 20))
    left.set_xticks([0.3, 0.35, 0.4, 0.45, 0.5])
    dimers = [each["dimers"] for each in rounds]
    for key, style, label in (
        ("largest_spread", "C0^--", "largest spread"),
        ("largest_error", "C3^--", "largest true error"),
        ("spread", "C0o-", "spread"),
        ("error", "C3o-", "true error"),
    ):
        right.semilogy(dimers, [each[key] for each in rounds], style, label=label, ms=4)
    right.set(xlabel="dimers", ylabel="force on an atom of the liquid (kJ/mol/nm)", xticks=dimers)
    for panel in (left, right):
        panel.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
