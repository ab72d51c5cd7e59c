# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The scripts of the gallery run as a reader runs them, draw their figure, and have the results that their text
claims.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

GALLERY = Path(__file__).resolve().parent.parent / "docs" / "gallery"
SCRIPTS = sorted(path.name for path in GALLERY.glob("plot_*.py"))

#: Runs a script, and writes the variables with some names, and the number of panels of each figure, to a file.
RUN = """
import pickle, runpy, sys
import matplotlib.pyplot as plt

plt.show = lambda: None
script, file, *names = sys.argv[1:]
variables = runpy.run_path(script)
panels = [len(plt.figure(number).axes) for number in plt.get_fignums()]
with open(file, "wb") as output:
    pickle.dump(({name: variables[name] for name in names}, panels), output)
"""


def run(script, names, tmp_path):
    """Run a script of the gallery in its folder; returns the variables with some names."""
    before = sorted(GALLERY.iterdir())
    result = subprocess.run(
        [sys.executable, "-c", RUN, script, str(tmp_path / "variables"), *names],
        cwd=GALLERY,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert result.returncode == 0, result.stderr
    assert sorted(GALLERY.iterdir()) == before
    variables, panels = pickle.loads((tmp_path / "variables").read_bytes())
    assert panels == [2]
    return variables


def test_there_are_five_scripts_with_a_title():
    assert len(SCRIPTS) == 5
    for name in SCRIPTS:
        text = (GALLERY / name).read_text(encoding="utf-8")
        title, line = text.split('"""')[1].strip().splitlines()[:2]
        assert line == "=" * len(title)
        assert text.count("\n# %%\n") >= 4


@pytest.mark.slow
def test_argon_has_the_dimer_of_the_data_and_nearly_the_same_structure(tmp_path):
    names = ("lj", "corrected", "measured", "g_before", "g_after", "centers", "left_out")
    found = run("plot_1_force_field.py", names, tmp_path)
    assert abs(found["corrected"].min() / found["measured"].min() - 1) < 0.003
    assert abs(found["lj"].min() / found["measured"].min() - 0.84) < 0.01  # too shallow by 16 %
    assert found["left_out"].max() < 0.001 * 1.18  # a thousandth of the depth of the well
    for g in (found["g_before"], found["g_after"]):
        # The first peak is at 0.371 nm, 3.0 high, in examples/rare_gases.
        assert 0.36 < found["centers"][np.argmax(g)] < 0.38
        assert 2.8 < g.max() < 3.25
        assert np.all(g[found["centers"] < 0.29] == 0)
    assert np.abs(found["g_after"] - found["g_before"]).max() < 0.3


@pytest.mark.slow
def test_the_network_improves_held_out_dimers_and_its_tables_are_within_their_tolerances(tmp_path):
    found = run("plot_2_network.py", ("rms_before", "rms_after", "errors", "knots"), tmp_path)
    assert found["rms_after"] < 0.6 * found["rms_before"]
    assert sorted(found["errors"]) == [1e-6, 1e-5, 1e-4, 1e-3]
    for tolerance, errors in found["errors"].items():
        assert errors.max() <= tolerance
        assert errors.max() > 0.05 * tolerance  # no more knots than are needed
    knots = [found["knots"][tolerance] for tolerance in sorted(found["knots"])]
    for more, fewer in zip(knots, knots[1:]):
        assert 1.6 < more / fewer < 2.7


@pytest.mark.slow
def test_the_accelerated_system_has_the_same_forces(tmp_path):
    names = ("errors", "rms_force", "report", "energies", "exact_energy")
    found = run("plot_3_accelerate.py", names, tmp_path)
    assert found["report"].num_replaced == len(found["report"].forces) == 1
    rms = {name: np.sqrt(np.mean(values**2)) for name, values in found["errors"].items()}
    assert max(rms.values()) < 2e-5 * found["rms_force"]
    assert rms["LearnedPairForce"] < 1.5 * rms["CustomNonbondedForce"]
    for energy in found["energies"].values():
        assert abs(energy - found["exact_energy"]) < 1e-5 * abs(found["exact_energy"])


@pytest.mark.slow
def test_two_estimates_of_a_free_energy_agree_with_each_other_and_with_the_example(tmp_path):
    names = ("by_integration", "error_of_integration", "by_bennett", "error_of_bennett", "means")
    found = run("plot_4_free_energy.py", names, tmp_path)
    error = np.hypot(found["error_of_integration"], found["error_of_bennett"])
    assert 0 < error < 1.5
    assert abs(found["by_integration"] - found["by_bennett"]) < 3 * error
    # From examples/methane/results.json: the total is -16.69 kJ/mol. It includes the long-range correction of
    # -1.37 kJ/mol, which the script of the gallery leaves out.
    assert abs(found["by_bennett"] - (-16.69 + 1.37)) < max(1.0, 4 * error)
    assert found["means"][0] > found["means"][-1]


@pytest.mark.slow
def test_many_body_terms_improve_held_out_trimers_and_a_liquid_is_outside_of_the_training_data(tmp_path):
    found = run("plot_5_many_body.py", ("rms", "outside", "warning"), tmp_path)
    assert found["rms"]["with pairs"] < 0.4 * found["rms"]["TIP3P"]
    assert found["rms"]["with pairs and many-body"] < 0.85 * found["rms"]["with pairs"]
    assert max(map(max, found["outside"].values())) > 0.02
    assert found["warning"].startswith("DensityReporter: step ")
