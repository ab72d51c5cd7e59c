# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Draws the result of design_space.py."""

from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter

GRAY, BLUE, GREEN, ORANGE, RED, PURPLE = "#404040", "#1b6ca8", "#2a8a4a", "#b86e00", "#9a3b3b", "#6f4aa8"


@dataclass(frozen=True)
class Style:
    """How the points of one kind are drawn.

    Attributes
    ----------
    color, marker : str
    text : str or None
        Their label; an empty one stands for the name of each point, and None for no label.
    below : bool
        Whether the label is below the points, and not above.
    distance : float
        The distance of the label from the middle one of them, in points of the page.
    sizes : bool
        Whether they are joined, and have the size of the network beside them, on the other side than the label.
    """

    color: str
    marker: str
    text: str | None
    below: bool
    distance: float
    sizes: bool = False


KINDS = {
    "mm": Style(GRAY, "s", "MM (TIP3P)", False, 16),
    "spline": Style(BLUE, "D", "MM + table", False, 26),
    "many-body": Style(PURPLE, "v", "MM + table + many-body:\nradial, radial and angular", True, 26),
    "table": Style(BLUE, "o", None, True, 0),
    "exact": Style(GREEN, "o", "MM + exact\nprogram", False, 44, True),
    "python": Style(ORANGE, "o", "MM + PythonForce", True, 40, True),
    "other": Style(RED, "^", "", False, 18),
}


def draw_kind(axes, points, style):
    """Draw the points of one kind, with their uncertainties."""
    x, y = [point["ratio"] for point in points], [point["force_error"] for point in points]
    spread = [[abs(point["force_error_range"][k] - point["force_error"]) for point in points] for k in (0, 1)]
    line = style.marker + ("-" if style.sizes else "")
    axes.errorbar(x, y, yerr=spread, fmt=line, color=style.color, markersize=6, linewidth=0.8, elinewidth=0.8, zorder=3)
    side = -1 if style.below else 1
    vertical = "top" if style.below else "bottom"
    names = [f"{point['name']}\n({point['note']})" for point in points] if style.text == "" else []
    for name, *at in zip(names, x, y):
        axes.annotate(name, at, (0, side * style.distance), **_text(style), va=vertical)
    if style.text:
        axes.annotate(
            style.text,
            (x[len(x) // 2], y[len(y) // 2]),
            (0, side * style.distance),
            **_text(style),
            va=vertical,
            arrowprops={"arrowstyle": "-", "color": style.color, "linewidth": 0.5, "shrinkB": 4},
        )
    if style.sizes:
        for point, *at in zip(points, x, y):
            size = "-".join(point["name"].split("-")[-3:-1])
            axes.annotate(size, at, (0, -16 * side), **{**_text(style), "fontsize": 7}, va="center")


def _text(style):
    return {"textcoords": "offset points", "color": style.color, "fontsize": 8, "ha": "center"}


def name_corners(axes):
    """Shade the range where a step takes less than twice the time of MM, and name corners of the plane."""
    axes.axvspan(*axes.get_xlim()[:1], 2, color=GREEN, alpha=0.07, linewidth=0)
    style = {"transform": axes.transAxes, "fontsize": 8, "fontstyle": "italic", "color": GRAY}
    axes.text(0.01, 0.02, "fast and accurate", **style)
    axes.text(0.99, 0.02, "slow and accurate", **style, ha="right")
    axes.text(0.01, 0.98, "fast and less accurate", **style, va="top")
    axes.text(0.99, 0.98, "slow and less accurate", **style, va="top", ha="right")


def draw(report, path):
    """Draw a report of design_space.py."""
    points = report["points"]
    figure, axes = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
    axes.set_xscale("log")
    axes.set_yscale("log")
    errors = [end for point in points for end in point["force_error_range"]]
    axes.set_xlim(0.4, 4 * max(point["ratio"] for point in points))
    axes.set_ylim(min(errors) / 3, 2.2 * max(errors))
    name_corners(axes)
    for kind, style in KINDS.items():
        chosen = [point for point in points if point["kind"] == kind]
        if chosen:
            draw_kind(axes, chosen, style)
    axes.set_xlabel("time per step / time of MM")
    axes.set_ylabel("force error (kJ/mol/nm)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if str(value)[0] in "25" else ""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(describe(report), fontsize=7)
    axes.grid(True, which="major", linewidth=0.4, alpha=0.5)
    figure.savefig(path, dpi=150)


def describe(report):
    """Describe what was measured, in three lines."""
    machine, reference = report["machine"], report["reference"]
    return (
        f"Time: box of {report['box']['atoms']} atoms of water, {report['arguments']['threads']} threads"
        f" ({machine['processor']}), {machine['date'][:10]}.\nError: net forces on the molecules of"
        f" {reference['dimers']['held_out']} dimers, RMS per component, with 95 % intervals.\nReference:"
        f" {reference['method'].split(',')[0]}. Corrections of MM are fitted to other dimers of the same set."
    )
