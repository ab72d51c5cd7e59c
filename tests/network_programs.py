# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Networks with random weights as programs, written as text, so that tests with them need no PyTorch."""

import functools

import learnedpair as lp
import numpy as np

CUTOFF, INNER = 0.7, 0.1
NUM_TYPES, NUM_FEATURES = 2, 8
BASIS, HIDDEN = 12, 16
CENTERS = np.linspace(INNER, CUTOFF, BASIS)


class Lines:
    """The lines of a program, and its weights."""

    def __init__(self):
        self.lines, self.weights = [], []

    def add(self, size, expression):
        """Add a line and return the name of its value."""
        self.lines.append(f"v{len(self.lines)}[{size}] = {expression}")
        return f"v{len(self.lines) - 1}"

    def add_weight(self, values):
        self.weights += np.ravel(values).tolist()
        return self.add(np.size(values), "weight")

    def add_layer(self, x, random, num_outputs, num_inputs):
        matrix = self.add_weight(random.normal(size=(num_outputs, num_inputs)) / num_inputs**0.5)
        return self.add(num_outputs, f"linear {matrix} {x}")

    def add_activation(self, x):
        return self.add(HIDDEN, f"mul {x} {self.add(HIDDEN, f'sigmoid {x}')}")


def add_types(program, random):
    """A first layer for the types of the particles: a row of a table, which depends on the sum of the types."""
    index = program.add(1, f"add {program.add(1, 'particle1')} {program.add(1, 'particle2')}")
    rows = program.add_weight(random.normal(size=(2 * NUM_TYPES - 1, HIDDEN)))
    return program.add(HIDDEN, f"lookup {index} {rows} {{{HIDDEN}}}")


def add_features(program, random):
    """A first layer for the features of the particles: linear in their sum and in their product."""
    first, second = program.add(NUM_FEATURES, "particle1"), program.add(NUM_FEATURES, "particle2")
    both = [program.add(NUM_FEATURES, f"{operation} {first} {second}") for operation in ("add", "mul")]
    return program.add(HIDDEN, "add {} {}".format(*(program.add_layer(x, random, HIDDEN, NUM_FEATURES) for x in both)))


@functools.cache
def network_program(kind):
    """A network of two hidden layers, a function of the distance and of the particles' "types" or "features".

    Energies are some kJ/mol, and vanish with two derivatives at the cutoff.
    """
    program, random = Lines(), np.random.default_rng(11)
    r = program.add(1, "distance")
    x = program.add(BASIS, f"sub {r} {program.add_weight(CENTERS)}")
    x = program.add(BASIS, f"div {x} {program.add(1, 'literal 0.05')}")
    x = program.add(BASIS, f"mul {program.add(BASIS, f'mul {x} {x}')} {program.add(1, 'literal -0.5')}")
    x = program.add_layer(program.add(BASIS, f"exp {x}"), random, HIDDEN, BASIS)
    of_particles = {"types": add_types, "features": add_features}[kind](program, random)
    x = program.add_activation(program.add(HIDDEN, f"add {x} {of_particles}"))
    x = program.add_layer(x, random, HIDDEN, HIDDEN)
    x = program.add_activation(program.add(HIDDEN, f"add {x} {program.add_weight(random.normal(size=HIDDEN))}"))
    energy = program.add_weight(20 * random.normal(size=HIDDEN))
    energy = program.add(1, f"linear {energy} {x}")
    scaled = program.add(1, f"div {r} {program.add(1, f'literal {CUTOFF}')}")
    inside = program.add(1, f"sub {program.add(1, 'literal 1')} {program.add(1, f'mul {scaled} {scaled}')}")
    inside = program.add(1, f"maximum {inside} {program.add(1, 'literal 0')}")
    envelope = program.add(1, f"mul {program.add(1, f'mul {inside} {inside}')} {inside}")
    energy = program.add(1, f"mul {energy} {envelope}")
    text = "\n".join([*program.lines, f"output {energy}"]) + "\n"
    given = {"num_types": NUM_TYPES} if kind == "types" else {"num_features": NUM_FEATURES}
    return lp.PairProgram(text, np.array(program.weights), min_distance=INNER, **given)


def network_force(kind, particles):
    """A LearnedPairForce with network_program(kind). None as a particle leaves it uncovered."""
    force = lp.LearnedPairForce(network_program(kind))
    for particle in particles:
        force.addParticle(particle)
    force.setCutoffDistance(CUTOFF)
    force.setInnerCutoffDistance(INNER)
    return force
