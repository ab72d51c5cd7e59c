# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that all forms of a model that users may load give equal values and equal programs, for all architectures."""

import architectures
import learnedpair as lp
import numpy as np
import pytest
from architectures import ARCHITECTURES
from comparators import assert_close
from learnedpair import _core
from learnedpair.lowering.recording import record_module


def program_of(model):
    """The recorded program of a model, optimized."""
    typed = model.features is None
    text, weights = record_module(
        model.module,
        source=model.source,
        num_types=len(model.types) if typed else None,
        num_features=None if typed else len(model.features),
        global_parameters=tuple(model.global_parameters),
        length_factor=model.length_factor,
        energy_factor=model.energy_factor,
    )
    return _core.TensorProgram(text, weights).optimize(typed)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
@pytest.mark.all_samples
@pytest.mark.many_cases
def test_all_forms_of_a_model_are_the_same(architecture, monkeypatch):
    """Each form has the energies and derivatives of the module, and the same program to the last bit.

    The module is checked with as many samples as users' models, the script with few samples. The other forms, which
    have the same values, are not checked.
    """
    original = lp.load_model(architecture.module(), **architecture.metadata)
    particles = architectures.particles(architecture, 60, seed=1)
    pairs = np.linspace(original.inner_cutoff, original.cutoff, 30), particles[:30], particles[30:]
    energy, dEdR = original.evaluate(*pairs)
    moved = {name: 0.9 * value for name, value in original.global_parameters.items()}
    derivatives, program = original.evaluate_derivatives(*pairs, **moved), program_of(original)
    scripted = architectures.load(architecture, "script")
    monkeypatch.setattr("learnedpair.lowering.pair_model.check_model", lambda model: None)
    traced, exported = (architectures.load(architecture, via) for via in ("trace", "export"))
    for via, model in dict(module=original, script=scripted, trace=traced, export=exported).items():
        found = model.evaluate(*pairs)
        exchanged, _ = model.evaluate(pairs[0], pairs[2], pairs[1])
        assert np.array_equal(found[0], exchanged), f"{via}: asymmetric"
        assert_close(found[0], energy, rtol=1e-12, atol=1e-12, what=f"{via}: energies")
        assert_close(found[1], dEdR, rtol=1e-12, atol=1e-11, what=f"{via}: dE/dr")
        found = model.evaluate_derivatives(*pairs, **moved)
        for name in moved:
            assert_close(found[name], derivatives[name], rtol=1e-12, atol=1e-11, what=f"{via}: {name}")
        recorded = program_of(model)
        assert recorded.text == program.text, f"{via}: the text of the program"
        assert recorded.weights.tobytes() == program.weights.tobytes(), f"{via}: the weights of the program"


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
@pytest.mark.many_cases
def test_architectures_have_exact_derivatives(architecture):
    """Compare with central differences; dE/dr with two steps and Richardson extrapolation."""
    model = architectures.load(architecture, "module")
    particles = architectures.particles(architecture, 40, seed=2)
    pairs = np.linspace(model.inner_cutoff * 1.05, model.cutoff * 0.95, 20), particles[:20], particles[20:]
    energy, dEdR = model.evaluate(*pairs)

    def difference(h, name=None):
        """(f(x+h) - f(x-h)) / 2h of energy and dE/dr, where x is the distance or a global parameter."""
        shifted = []
        for step in (-h, h):
            if name is None:
                shifted.append(model.evaluate(pairs[0] + step, *pairs[1:]))
            else:
                shifted.append(model.evaluate(*pairs, **{name: model.global_parameters[name] + step}))
        return [(after - before) / (2 * h) for before, after in zip(*shifted, strict=True)]

    h = 1e-4
    coarse, fine = difference(2 * h)[0], difference(h)[0]
    assert_close((4 * fine - coarse) / 3, dEdR, rtol=1e-5, atol=1e-5 * np.abs(dEdR).max())
    for name, (derivative, mixed) in model.evaluate_derivatives(*pairs).items():
        h = 1e-4 * abs(model.global_parameters[name])
        dEdG, d2EdRdG = difference(h, name)
        assert_close(dEdG, derivative, rtol=1e-6, atol=1e-6 * np.abs(derivative).max())
        assert_close(d2EdRdG, mixed, rtol=1e-6, atol=1e-6 * np.abs(mixed).max())
