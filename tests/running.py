# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A force with a program in a Context, compared with Reference after each change, for tests."""

import functools

import architectures
import learnedpair as lp
import numpy as np
import oracle
import systems
import torch
from comparators import REFERENCE, evaluate, observe
from openmm import XmlSerializer


@functools.cache
def load_known(name, seed=None):
    """load() without metadata, cached because checking a model takes a second."""
    return load(name, seed)


def load(name, seed=None, **metadata):
    """The model of an architecture, by its name; with a seed, a model with other weights."""
    architecture = architectures.by_name(name)
    if seed is None and not metadata:
        return architectures.load(architecture, "module")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = architecture.make_module()
        with torch.no_grad():
            for parameter in module.parameters():  # some are initialized without random numbers
                parameter.mul_(1.1)
        return lp.load_model(module, **{**architecture.metadata, **metadata})


class Running:
    """A force with a program and all its energy parameter derivatives, in a System and, with a target, in a Context."""

    def __init__(self, name, target=None, force=None, **options):
        self.architecture = architectures.by_name(name)
        self.model = load(name)
        self.cloud = systems.Cloud(cutoff=self.model.cutoff, inner=self.model.inner_cutoff)
        self.names = list(self.model.global_parameters)
        self.force = force or self.make_force(options)
        self.system = self.cloud.system(self.force)
        self.target = target
        self.context = target and target.context(self.system, self.cloud.positions)

    def make_force(self, options):
        force = self.cloud.excluded(
            self.model.create_force(
                list(self.particles(6)), representation="program", **{"evaluation": "exact", **options}
            )
        )
        force.setScaleParameter("scale", 0.8)
        for parameter in [*self.names, "scale"]:
            force.addEnergyParameterDerivative(parameter)
        return force

    def particles(self, distinct, seed=1):
        """Types, or features with a number of distinct vectors, for all particles."""
        return architectures.particles(self.architecture, self.cloud.count, seed=seed, distinct=distinct)

    def set_particles(self, particles):
        if self.model.features is None:
            self.force.setParticleTypes(np.array([-1 if particle is None else particle for particle in particles]))
        else:
            self.force.setAllParticleFeatures(particles)

    def assert_equals_a_new_context(self, what):
        """Compare energy and forces with Reference, and derivatives with those of the program summed over pairs; return
        the energy.
        """
        energy, forces, derivatives = observe(self.context)
        values = {name: self.context.getParameter(name) for name in [*self.names, "scale"]}
        expected, contributions = expected_of(self.architecture.name, XmlSerializer.serialize(self.force), **values)
        self.target.assert_agrees(energy, forces, *expected, what=what)
        oracle.assert_derivatives_agree(self.target, derivatives, contributions, what)
        return energy

    def contributions(self, values):
        """The contribution of each pair to the derivatives."""
        function, scale = self.force.getFunction(), values["scale"]
        values = {name: values[name] for name in self.names}
        particles = (
            self.force.getParticleTypes() if self.model.features is None else self.force.getAllParticleFeatures()
        )

        def derivatives(*pairs):
            parts = function.evaluate_derivatives(*pairs, **values)
            return {
                **{name: (scale * derivative, scale * mixed) for name, (derivative, mixed) in parts.items()},
                "scale": function.evaluate(*pairs, **values),
            }

        return oracle.pair_derivatives(
            derivatives,
            self.cloud.positions,
            particles,
            cutoff=self.model.cutoff,
            inner_cutoff=self.model.inner_cutoff,
            box=self.cloud.box,
            exclusions=self.cloud.exclusions,
            switching_distance=self.model.switching_distance,
        )


@functools.cache
def expected_of(name, xml, **values):
    """Energy and forces of a force on Reference, in the System of this architecture and with these parameters, and the
    contribution of each pair to the derivatives. Cached, since all targets go through the same states.
    """
    running = Running(name, force=lp.LearnedPairForce.cast(XmlSerializer.deserialize(xml)))
    reference = REFERENCE.context(running.system, running.cloud.positions)
    for parameter, value in values.items():
        reference.setParameter(parameter, value)
    return evaluate(reference), running.contributions(values)
