# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The reference method, the committee, and the choice of new dimers."""

from pathlib import Path

import ase.io
import learnedpair as lp
import numpy as np
from liquid import CUTOFF, SWITCHING, lennard_jones, lennard_jones_energy

DIMERS = Path(__file__).resolve().parents[1] / "rare_gases" / "dimers.csv"
METHOD = "RG10N of GSCDB138: accurate ab initio curves, complete basis set"
#: The distances of the first dimers, in nm: contacts, and beyond the well. In the gap are the neighbors in the liquid.
FIRST = (0.24, 0.26, 0.28, 0.46, 0.50, 0.56, 0.65, 0.80, 1.00, 1.40, 2.00)
GAP = (0.28, 0.46)
MEMBERS = 5
#: How far apart new dimers are at least, in nm: from those of earlier rounds, and from each other.
FROM_EARLIER, FROM_EACH_OTHER = 0.005, 0.02
NM_PER_ANGSTROM = 0.1


def fit(data):
    """Fit the correction of Lennard-Jones argon."""
    data = lp.fit.subtract_baseline(data, lambda dimer: lennard_jones(len(dimer.types)))
    options = dict(cutoff=CUTOFF, switching_distance=SWITCHING, inner_cutoff=FIRST[0])
    return lp.fit.fit_splines(data, types={"Ar": "*:Ar"}, **options)


class Reference:
    """The reference method: the curve through all dimers of the file, which stands for quantum chemistry.

    Attributes
    ----------
    fit : SplineFit
        The curve as a correction of Lennard-Jones argon.
    """

    def __init__(self):
        data = lp.fit.read_dimers(DIMERS, length_unit="angstrom", energy_unit="kcal/mol", method=METHOD)
        self.fit = fit(data.select(lambda dimer: dimer.types == ("Ar", "Ar")))

    def compute(self, distances):
        """The energies of dimers with these distances, in nm."""
        distances = np.array(distances)
        energies = lennard_jones_energy(distances) + self.fit.pairs["Ar", "Ar"].evaluate(distances)[0]
        dimers = [
            lp.fit.Configuration(f"dimer of {r:.4f} nm", ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=energy)
            for r, energy in zip(distances, energies)
        ]
        return lp.fit.ReferenceData(dimers, "dimers", METHOD)


def distance_of(dimer):
    return float(np.linalg.norm(dimer.positions[1] - dimer.positions[0]))


def train(data):
    """Train a committee: in the order of the distances, each member leaves out every fifth dimer, beginning with
    another one. The shortest and the longest one are left out by none, so that no member extrapolates.
    """
    shortest, *between, longest = sorted(data, key=distance_of)
    members = []
    for first in range(MEMBERS):
        kept = [dimer for index, dimer in enumerate(between) if index % MEMBERS != first]
        members.append(fit(lp.fit.ReferenceData([shortest, *kept, longest], data.source, data.method)).model)
    return lp.load_committee(members)


def choose(path, committee, data, count):
    """Choose distances for new dimers: those of the candidates for which the members disagree most about the force
    between two atoms.

    Parameters
    ----------
    path : path
        The candidates of a CommitteeReporter.
    committee : CommitteeModel
    data : ReferenceData
        The dimers that exist.
    count : int

    Returns
    -------
    list of float, nm
        At most ``count``.
    """
    r = np.concatenate([distances_of_worst_atom(atoms) for atoms in ase.io.iread(path, ":")])
    spread = spread_of_pairs(committee, r)
    earlier, chosen = [distance_of(dimer) for dimer in data], []
    for index in np.argsort(-spread):
        is_new = all(abs(r[index] - each) >= FROM_EARLIER for each in earlier)
        if is_new and all(abs(r[index] - each) >= FROM_EACH_OTHER for each in chosen):
            chosen.append(float(r[index]))
        if len(chosen) == count:
            break
    return chosen


def distances_of_worst_atom(atoms):
    """The distances below the cutoff of the atom whose force has the largest spread, in nm."""
    worst = int(atoms.arrays["force_spread"].argmax())
    others = np.delete(np.arange(len(atoms)), worst)
    r = NM_PER_ANGSTROM * atoms.get_distances(worst, others, mic=True)
    return r[r < CUTOFF]


def spread_of_pairs(committee, r):
    """The standard deviation over the members of the force between two atoms, in kJ/mol/nm."""
    return np.std([pair_force(member, r) for member in committee.members], axis=0, ddof=1)


def pair_force(model, r):
    """The force of a correction between two atoms, in kJ/mol/nm; positive if it is repulsive."""
    types = np.zeros(len(r), dtype=int)
    return -model.evaluate(r, types, types)[1]
