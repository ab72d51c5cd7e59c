# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The lowering report of a LearnedPairForce."""

from __future__ import annotations

import json
from typing import Any

from .lifetime import GuardedForce


class ReportedForce(GuardedForce):
    """A force with a report of the origin and accuracy of its function."""

    @property
    def lowering_report(self) -> dict[str, Any]:
        """The origin and accuracy of the function, as a dict; empty for a function that was not made from a model.

        The report is copied and serialized with the force. Its entries are

        ``representation`` : str
            "table" or "program".
        ``model``, ``digest``, ``description`` : str
            The name, the SHA-256 digest and the description of the model.
        ``members`` : list of dict
            The names and digests of the members, as ``model`` and ``digest``, if the model is a committee.
        ``domain_nm`` : list of float
            The inner cutoff and the cutoff of the model, in nm.
        ``domain`` : list or None
            The training domain in nm: for a model of types a list of [type, type, low, high], for a model with features
            [low, high]. Pairs of types that are not in the list have no training data. None if it is not known.
        ``truncated`` : bool
            Whether the model is cut off at its cutoff on purpose.
        ``tolerance`` : float or None
            The tolerance of the table; None for a program without a table.
        ``max_relative_force_error``, ``max_energy_error`` : float
            The largest force error, relative to ``|F| + 1`` kJ/mol/nm, and the largest energy error, in kJ/mol. They
            are measured between the knots of a table, or at sampled pairs, distances and global parameters for a
            program.
        ``types`` : list of str
            The names of the types, unless the model takes features.

        Only for a table:

        ``max_force_error``, ``rms_force_error``, ``rms_energy_error`` : float
            In kJ/mol/nm and kJ/mol.
        ``curves``, ``knots``, ``bytes`` : int
            The number of distinct curves, the number of all their knots, and their size in single precision.

        Only for a program:

        ``features``, ``feature_ranges`` : list of str, dict
            The names of the features and their ranges, if the model takes features.
        ``global_parameters``, ``global_parameter_ranges`` : dict
            The default values and the ranges of the global parameters.
        ``length_unit``, ``energy_unit`` : str
            The units of the model, to which Quantities of global parameters are converted.
        ``radial_knots`` : int
            The number of knots of the tabulated radial part; 0 without one.
        ``weights``, ``multiply_adds_per_pair`` : int
            The number of weights, and the cost of a pair.
        """
        text = self._access.getReport()
        try:
            report = json.loads(text or "{}")
        except ValueError:
            report = None
        return report if isinstance(report, dict) else {"text": text}

    @lowering_report.setter
    def lowering_report(self, report: dict[str, Any]) -> None:
        if not isinstance(report, dict):
            raise TypeError(f"LearnedPairForce.lowering_report: got a {type(report).__name__}; expected a dict.")
        self._access.setReport(json.dumps(report))
