# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The rows that gpu_compare.py stores and prints, failed variants included."""

import textwrap

#: Plain MM, timed like a variant: the deviation of its ratio from 1 is the error of the method.
CONTROL = "MM again"
COLUMNS = (
    "variant",
    "multiply-adds per pair",
    "MM ms/step",
    "ms/step",
    "ratio [min, max]",
    "added ms/step",
    "ns/atom/step",
    "share of fp32 peak",
    "creation s",
    "device MiB",
    "force diff.",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def format_row(row):
    """Format one variant as a row of the table under HEAD."""
    for state in ("failed", "left_out"):
        if state in row:
            # Messages of compilers are long; the JSON file has the whole text.
            reason = textwrap.shorten(row[state], 300, placeholder=" ...").replace("|", "/")
            return f"| {row['label']} | {state.replace('_', ' ')}: {reason} |" + " |" * (len(COLUMNS) - 2)

    def show(name, form, scale=1):
        return "" if row.get(name) is None else format(scale * row[name], form)

    share = show("share_of_peak", ".1f", 100)
    return (
        f"| {row['label']} | {show('multiply_adds_per_pair', ',')} | {row['baseline_ms']:.3f} | {row['variant_ms']:.3f}"
        f" | {row['ratio']:.3f} [{row['ratio_min']:.3f}, {row['ratio_max']:.3f}] | {row['added_ms']:.3f} |"
        f" {row['ns_per_atom']:.2f} | {share and share + ' %'} | {row['creation_s']:.1f} |"
        f" {show('device_memory_mib', '.0f')} | {show('force_difference', '.1e')} |"
    )


def attempt(what, *arguments):
    """Call a function; returns its result, or its error as a dict. No exception of one variant may stop the others."""
    try:
        return what(*arguments)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {' '.join(str(error).split())}"}


def failed(results):
    """Get whether plain MM or a LearnedPairForce failed in any result."""
    return any(
        "failed" in result
        or any("failed" in row for row in result["variants"] if row["ours"] or row["label"] == CONTROL)
        for result in results
    )
