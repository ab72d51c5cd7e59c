// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairOutput.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** What the values of a program's input belong to. This decides how often the steps that use them are computed. */
enum class InputLevel {
    Global,   ///< one value for all pairs
    Particle, ///< one for each distinct particle
    Radial,   ///< the distance
    Pair      ///< one for each pair of distinct particles
};

/** Whether a learned function knows a particle by an integer type or by a vector of real features. */
enum class ParticleInput { Types, Features };

/** An input that a program may take. */
struct ProgramInput {
    std::string name; ///< as program texts write it
    InputLevel level;
    int side; ///< 1 or 2 for the first or the second particle of a pair, 0 for other inputs
};

/** The inputs that a program may take. A step that reads an input holds the input's index in this list, its slot. */
class LEARNEDPAIR_EXPORT ProgramSignature {
public:
    explicit ProgramSignature(const std::vector<ProgramInput>& inputs) : inputs(inputs) {}
    const std::vector<ProgramInput>& getInputs() const {
        return inputs;
    }
    /** Get the slot of the input with a name, or -1 if there is none. */
    int findInput(const std::string& name) const;
    /** Get the signature of programs for pairs of particles: the inputs of PairInput. */
    static const ProgramSignature& forPairs();

private:
    std::vector<ProgramInput> inputs;
};

/** The slots of ProgramSignature::forPairs(). */
struct PairInput {
    enum Slot { Distance, Particle1, Particle2, Pair, Globals };
};

} // namespace LearnedPairPlugin
