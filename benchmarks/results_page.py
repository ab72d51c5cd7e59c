# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Makes the page of the documentation that lists all measured results, from benchmarks/results.

Each file is shown with the processor, the date and the versions that it states. The tables that readme_table.py writes
into other pages are shown as they are there; of the other files, all ratios of times and all flat lists of numbers.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import readme_table

RESULTS = readme_table.ROOT / "benchmarks" / "results"
#: What to call the scripts: the heading in benchmarks/README.md, and the files that the script wrote.
SCRIPTS = {
    "compare.py: the cost of a correction beside its alternatives": ("compare_*", "mlipops_*"),
    "distinct.py: the number of distinct particles": ("distinct_*",),
    "custom_nonbonded.py: Systems before and after lp.accelerate()": ("custom_nonbonded_*",),
    "design_space.py: between molecular mechanics and machine learning": ("design_space*",),
    "scaling.py: how the cost grows": ("scaling_*",),
    "environment.py: many-body terms": ("environment_*",),
    "eam_lammps.py: embedded-atom potentials beside LAMMPS": ("eam_lammps*",),
    "parameter_changes.py: changes of a global parameter": ("parameter_changes_*",),
    "barostat.py: constant pressure": ("barostat_*",),
    "setup_times.py: setting a large System up": ("setup_times*",),
    "pair_energy.py: training on many configurations": ("pair_energy*",),
    "instruction_sets.py: SIMD instruction sets of processors": ("instruction_sets*",),
    "bf16_products.py: the accuracy of tensor cores": ("bf16_products*",),
    "Registers of programs in CUDA kernels": ("program_registers*",),
}
#: Keys whose values describe what was measured, such as the number of atoms, and are no results.
NAMES = ("file", "structure", "atoms", "waters", "dimers", "distinct", "network", "point", "name", "cutoff_nm")


def anchor(heading):
    """The anchor of a heading, as hosts of repositories and the site make it."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def number(value):
    """A value in a cell of a table."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ", ".join(map(number, value)) if isinstance(value, list) else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def table(rows):
    """The lines of a table of dicts that have the same keys."""
    columns = list(rows[0])
    yield "| " + " | ".join(column.replace("_", " ") for column in columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(number(row[column]) for column in columns) + " |"
    yield ""


def label(item):
    """The name of an element of a list."""
    return ", ".join(f"{key.removesuffix('_nm')} {number(item[key])}" for key in NAMES if key in item)


def ratios(content, path=()):
    """Each ratio of two times in a file: where it is, and its dict."""
    if isinstance(content, list):
        for item in content:
            yield from ratios(item, (*path, label(item)) if isinstance(item, dict) else path)
    elif isinstance(content, dict):
        if "ratio_min" in content:
            yield ", ".join(filter(None, path)), content
        else:
            for key, item in content.items():
                yield from ratios(item, (*path, key) if key not in ("results", "series", "timing") else path)


def ratio_table(content):
    """The ratios of a file as a table, or nothing."""
    found = list(ratios({key: item for key, item in content.items() if key not in ("machine", "versions")}))
    if found:
        yield from table(
            [
                {
                    "what": what,
                    "ms without": times["baseline_ms"],
                    "ms with": times["variant_ms"],
                    "ratio [least, largest]": f"**{times['ratio']:.3g}** [{times['ratio_min']:.3g},"
                    f" {times['ratio_max']:.3g}]",
                }
                for what, times in found
            ]
        )


def flat_table(rows):
    """The numbers and names in dicts, and those of dicts inside them; lists of times and settings are left out."""
    flat = []
    for row in rows:
        cells = {}
        for key, value in row.items():
            inner = {f"{key} {k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
            cells |= {k: v for k, v in inner.items() if not isinstance(v, (dict, list)) or k == "elements"}
        flat.append(cells)
    common = [key for key in flat[0] if all(key in cells for cells in flat)]
    yield from table([{key: cells[key] for key in common} for cells in flat])


def design_space_table(content):
    """The points of the figure: force errors for dimers, and times of a step."""
    rows = [
        {
            "potential": f"{point['kind']}, {point['name']}",
            "error of forces, kJ/mol/nm": f"{point['force_error']:.1f}",
            "time of a step over that of TIP3P": f"{point['ratio']:.4g}" if "ratio" in point else "not timed",
        }
        for point in content["points"]
    ]
    return table(rows)


def register_table(content):
    """Registers of programs: one row for each program and architecture."""
    rows = [
        {"architecture": architecture, "program": program} | numbers
        for architecture, programs in content.items()
        for program, numbers in programs.items()
    ]
    return table(rows)


#: The functions that make the tables of files whose results are not only ratios of times.
TABLES = {
    "design_space": design_space_table,
    "program_registers": register_table,
    "eam_lammps": lambda content: flat_table(content["structures"]),
    "setup_times": lambda content: flat_table(content["boxes"]),
    "bf16_products": lambda content: flat_table(content["results"]),
    "instruction_sets": lambda content: flat_table(content["forces"]),
    "parameter_changes_cpu": lambda content: flat_table(
        [{key: item for key, item in row.items() if key not in ("platform", "kernel")} for row in content["results"]]
    ),
}


def where(content):
    """The machine and the versions of a file, as a sentence."""
    if "machine" not in content:
        return "Compiled, and not timed: no machine is stated."
    machine, versions = content["machine"], content["versions"]
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{machine['cores']} cores of {machine['processor']} ({machine['architecture']}),"
        f" {machine['operating_system']}, {machine['date'][:10]}, load {machine['load_average']:.1f}; {programs}."
    )


def file_section(path):
    """The lines about one file."""
    content = readme_table.read(path.name)
    lines = list(TABLES.get(path.stem, ratio_table)(content))
    if not lines:
        raise ValueError(f"benchmarks/results/{path.name} has no number that results_page.py can show")
    return [f"### {path.name}", "", where(content), "", *lines]


def summaries():
    """The tables that readme_table.py writes into other pages, by the heading of their script."""
    compare, distinct, custom = list(SCRIPTS)[:3]
    return {
        compare: [*readme_table.performance_table(), "", *readme_table.program_table()],
        distinct: readme_table.distinct_table(),
        custom: readme_table.custom_nonbonded_table(),
    }


def page(to_benchmarks):
    """The Markdown of the page.

    Parameters
    ----------
    to_benchmarks : str
        The relative path from the folder of the page to benchmarks/README.md.
    """
    lines = [
        "# Results of benchmarks",
        "",
        "All files of `benchmarks/results`, as the scripts wrote them. A ratio is the time with the correction, or with"
        " the variant that is named, over the time without: the median of blocks timed in turn, with the least and the"
        f" largest. [Benchmarks]({to_benchmarks}) says what is timed, and how. PoCL is an OpenCL device that is a CPU;"
        " **nothing here was measured on a GPU**.",
        "",
    ]
    left = {path.name for path in RESULTS.glob("*.json")}
    for heading, patterns in SCRIPTS.items():
        files = sorted(path for pattern in patterns for path in RESULTS.glob(f"{pattern}.json"))
        left -= {path.name for path in files}
        link = f"[What is measured]({to_benchmarks}#{anchor(heading)})."
        lines += [f"## {heading.partition(':')[0]}", "", link, ""]
        lines += [line.replace("](#", f"]({to_benchmarks}#") for line in summaries().get(heading, [])] + [""]
        for path in files:
            lines += file_section(path)
    if left:
        raise ValueError(f"benchmarks/results has files of no script in results_page.py: {', '.join(sorted(left))}")
    return "\n".join(lines) + "\n"
