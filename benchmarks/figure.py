# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Draws the results of compare.py."""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

OURS, OTHERS = "#1b6ca8", "#b0b0b0"


def bars(result):
    """Generate the groups of bars of a box, from top to bottom: the name of a group, and its variants by label."""
    for table in result["tables"]:
        yield f"table to {table['cutoff_nm']:g} nm", table["variants"]
    for network in result["networks"]:
        yield network["network"], network["variants"]


def draw(axes, result):
    """Draw one box: the ratio of each variant, with its range."""
    y, ticks, labels = 0.0, [], []
    for group, variants in bars(result):
        axes.text(1.01, y, group, va="center", ha="left", fontsize=7, fontweight="bold")
        for label, variant in variants.items():
            y -= 1
            low, high = variant["ratio"] - variant["ratio_min"], variant["ratio_max"] - variant["ratio"]
            axes.barh(
                y,
                variant["ratio"] - 1,
                left=1,
                height=0.8,
                xerr=[[max(low, 0)], [max(high, 0)]],
                color=OURS if label.startswith("LearnedPairForce") else OTHERS,
                error_kw={"lw": 0.7},
            )
            axes.text(
                max(variant["ratio_max"], variant["ratio"]) * 1.05,
                y,
                f"{variant['ratio']:.3g}",
                va="center",
                fontsize=6,
            )
            ticks.append(y)
            labels.append(label)
        y -= 1.6
    axes.set_yticks(ticks, labels, fontsize=6)
    axes.set_xscale("log")
    axes.set_xlim(1, 3 * max(variant["ratio_max"] for _, variants in bars(result) for variant in variants.values()))
    axes.set_ylim(y + 1, 1)
    axes.set_xlabel("time per step / without a correction")
    axes.set_title(result["box"], fontsize=8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="JSON file from compare.py")
    parser.add_argument("figure", type=Path, help="image to write, such as .png or .svg")
    arguments = parser.parse_args()
    content = json.loads(arguments.results.read_text(encoding="utf-8"))
    results, machine = content["results"], content["machine"]
    rows = max(sum(len(variants) + 1.6 for _, variants in bars(result)) for result in results)
    figure, axes = plt.subplots(
        1, len(results), figsize=(5.2 * len(results), 0.8 + 0.13 * rows), squeeze=False, layout="constrained"
    )
    for one, result in zip(axes[0], results):
        draw(one, result)
    figure.suptitle(
        f"OpenMM {content['versions']['openmm']}, {content['arguments']['platform']}, {machine['cores']} cores"
        f" ({machine['processor']}), {machine['date'][:10]}",
        fontsize=8,
    )
    figure.savefig(arguments.figure, dpi=150)


if __name__ == "__main__":
    main()
