# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fit pair functions of types to reference energies and forces, as a TOML file says.

Example: learnedpair fit rare_gases.toml, where the file is

  [[data]]                        # one or more
  file = "dimers.csv"             # file names are relative to this file
  format = "dimers"               # or "xyz", "npz"
  length_unit = "angstrom"
  energy_unit = "kcal/mol"
  method = "CCSD(T)/CBS"

  [fit]
  cutoff = 1.2                    # nm

  [output]
  model = "rare_gases.pt"
  report = "report"               # a folder, for figures and the table of errors

With expression = "A*exp(-b*r) - C/r^6" and parameters = { A = 3e5, b = 35.0, C = 6e-3 } in [fit], the parameters of
this function are fitted, from these starting values.

Other sections: [network] fits a network in place of splines, [baseline] has a System to subtract, [types] has rules,
[test] a fraction of the configurations that is not fitted. docs/user/fitting.md lists all keys.
"""

import contextlib
import functools
import operator
from pathlib import Path

import openmm

from .apply import read_system
from .fit_settings import OF_NETWORK, read_settings
from .output import require_inputs, require_json, require_output, write_json

HELP = "fit a model to reference energies and forces"


def add_arguments(parser):
    parser.add_argument("settings", type=Path, help="TOML file")
    parser.add_argument("--json", type=Path, help="JSON file to write the errors to")


def run(options):
    require_inputs([options.settings])
    settings = read_settings(options.settings)
    folder = options.settings.parent
    model_path = folder / settings["output"]["model"]
    report = folder / settings["output"]["report"] if "report" in settings["output"] else None
    _check_files(options, settings, model_path, report and _files_of(settings, report))
    if report is not None:
        from ..fit.panels import new_figure  # imported here, since it needs PyTorch

        new_figure(1, 1)  # without Matplotlib there is no report, which should be known before the fit
    fit = _fit(settings, options)
    with _place(options.settings, "[output]"):
        model = fit.save(model_path)
    print(fit)
    print(f"{model_path}: written, digest {model.digest}")
    if report is not None:
        _write_report(fit, report)
        print(f"{report}: {', '.join(path.name for path in _files_of(settings, report))}")
    if options.json is not None:
        document = {"settings": settings, "model": str(model_path), "digest": model.digest, "training": model.training}
        write_json(options.json, document)


def _files_of(settings, report):
    """The files of the report, in its folder."""
    from ..fit.figures import FILES, NETWORK_FILES  # imported here, since it needs PyTorch

    return [report / name for name in ("report.txt", *(NETWORK_FILES if "network" in settings else FILES))]


def _check_files(options, settings, model_path, report):
    """Require that files to read exist, and that files to write are none of them and different from each other."""
    path, folder = options.settings, options.settings.parent
    read = [path]
    named = [("[[data]]", "file", each["file"]) for each in settings["data"]]
    named += [("[baseline]", "system", settings["baseline"]["system"])] if "baseline" in settings else []
    for section, key, name in named:
        read.append(folder / name)
        with _place(path, f"{section} {key}"):
            require_inputs([folder / name])
    written = [model_path, *([] if options.json is None else [options.json])]
    with _place(path, "[output] model"):
        require_output(model_path, read)
    require_json(options, read, model_path)
    if "checkpoint" in settings.get("network", {}):
        with _place(path, "[network] checkpoint"):
            _require_new_name(folder / settings["network"]["checkpoint"], [*read, *written])
            written.append(folder / settings["network"]["checkpoint"])
    if report is None:
        return
    with _place(path, "[output] report"):
        folder = report[0].parent
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder}: this is a file, and not a folder to write to; name another one.")
        if not folder.absolute().parent.is_dir():
            raise ValueError(f"{folder}: there is no folder to make it in.")
        for each in report if folder.is_dir() else ():
            require_output(each, read)
        for each in (folder, *report):
            _require_new_name(each, written)


def _require_new_name(path, others):
    if path.resolve() in {each.resolve() for each in others}:
        raise ValueError(f"{path}: another file of this command has this name; choose another one.")


@contextlib.contextmanager
def _place(path, where):
    """Begin messages with the file of the settings, and the section or key that they are about."""
    try:
        yield
    except (ValueError, OSError, openmm.OpenMMException) as error:
        raise ValueError(f"{path}, {where}: {error}") from error


def _fit(settings, options):
    """The fit of the data, without the configurations that are held out but with their errors."""
    from ..fit import subtract_baseline  # imported here, since it needs PyTorch

    path, parts = options.settings, []
    for index, each in enumerate(settings["data"]):
        with _place(path, f"[[data]]{f' number {index + 1}' if len(settings['data']) > 1 else ''}"):
            parts.append(_read(each, path.parent))
    data = functools.reduce(operator.add, parts)
    if "baseline" in settings:
        with _place(path, "[baseline]"):
            data = subtract_baseline(data, read_system(path.parent / settings["baseline"]["system"]))
    held_out = None
    if "test" in settings:
        with _place(path, "[test]"):
            data, held_out = data.split(settings["test"]["fraction"], settings["test"].get("seed", 0))
    fit = _fit_data(settings, path, data)
    if held_out is None:
        return fit
    with _place(path, "[test]"):
        return fit.with_held_out(held_out)


def _fit_data(settings, path, data):
    """The fit of the kind that the settings choose."""
    from ..fit import fit_expression, fit_network, fit_splines  # imported here, since it needs PyTorch

    options = dict(settings["fit"], types=settings.get("types"))
    if "network" not in settings:
        with _place(path, "[fit]"):
            return (fit_expression if "expression" in options else fit_splines)(data, **options)
    options |= settings["network"]
    network = {key: options.pop(key) for key in OF_NETWORK if key in options}
    if "checkpoint" in options:
        options["checkpoint"] = path.parent / options["checkpoint"]
    with _place(path, "[network]"):
        return fit_network(data, network, **options)


def _read(section, folder):
    """The ReferenceData of one [[data]]."""
    from ..fit import read_dimers, read_extended_xyz, read_npz  # imported here, since it needs PyTorch

    read = {"dimers": read_dimers, "xyz": read_extended_xyz, "npz": read_npz}[section["format"]]
    others = ("file", "format", "method", "rigid")
    options = {key: value or None for key, value in section.items() if key not in others}
    data = read(folder / section["file"], method=section["method"], **options)
    return data.with_rigid_fragments() if section.get("rigid", False) else data


def _write_report(fit, folder):
    from ..fit import plot_fit  # imported here, since it needs PyTorch

    plot_fit(fit, folder)
    (folder / "report.txt").write_text(f"{fit}\n", encoding="utf-8")
