// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairOutput.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** The level of a program's input: how many values it has. It decides how often dependent steps are computed. */
enum class InputLevel {
    Global,   ///< one value for all pairs
    Particle, ///< one value for each distinct particle
    Radial,   ///< the distance of a pair
    Pair,     ///< one value for each pair of distinct particles
    Atom      ///< one value for each atom in each time step
};

/** Whether a learned function identifies a particle by an integer type or by a vector of real features. */
enum class ParticleInput { Types, Features };

/** An input that a program may read. */
struct ProgramInput {
    std::string name; ///< its name in program texts
    InputLevel level;
    int side; ///< 1 or 2 for the first or the second particle of a pair; 0 for other inputs
};

/** The inputs that a program may read. The slot of an input is its index in this list. */
class LEARNEDPAIR_EXPORT ProgramSignature {
public:
    explicit ProgramSignature(const std::vector<ProgramInput>& inputs) : inputs(inputs) {}
    /** Get the inputs, in the order of their slots. */
    const std::vector<ProgramInput>& getInputs() const {
        return inputs;
    }
    /** Get the slot of the input with a given name, or -1 if there is none. */
    int findInput(const std::string& name) const;
    /** Get the signature of programs for pairs of particles. PairInput lists its slots. */
    static const ProgramSignature& forPairs();
    /** Get the signature of programs for atoms in their environments. AtomInput lists its slots. */
    static const ProgramSignature& forAtoms();

private:
    std::vector<ProgramInput> inputs;
};

/** The slots of ProgramSignature::forPairs(). */
struct PairInput {
    enum Slot { Distance, Particle1, Particle2, Pair, Globals };
};

/** The slots of ProgramSignature::forAtoms(). */
struct AtomInput {
    enum Slot { Densities, Type, Globals };
};

} // namespace LearnedPairPlugin
