// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairProgram.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/** The parts of a StagedProgram, in the order in which they run. */
enum class PartLevel {
    Global,   ///< runs once for all pairs
    Particle, ///< runs for each distinct particle
    TypePair, ///< runs for each ordered pair of types
    Pair      ///< runs for each pair of particles in range, in every time step
};

/**
 * A program divided by how often its parts have to be computed: see docs/program.md, section 5.
 *
 * The parts of the levels Global, Particle and TypePair read the inputs of the original program. The pair part reads
 * their outputs, one after another, as its inputs globals, particle1 and particle2, and pair. A part that would have
 * nothing to compute is left out; the pair part always exists. Its outputs are those of PairOutput: f and df/dr, then
 * for each parameter derivative that was asked for df/dg and d2f/drdg.
 *
 * It is immutable once built.
 */
class LEARNEDPAIR_EXPORT StagedProgram {
public:
    struct Part {
        PartLevel level;
        TensorProgram program;
    };
    /**
     * Differentiate, optimize and divide a program.
     *
     * @param derivatives  the indices of the global parameters for which derivatives are needed
     */
    explicit StagedProgram(const PairProgram& function, const std::vector<int>& derivatives = {});
    /** Get all parts, in the order in which they run. */
    const std::vector<Part>& getParts() const {
        return parts;
    }
    /** Get the program of a part, or nullptr if it was left out. */
    const TensorProgram* find(PartLevel level) const;
    /** Get the program that runs for each pair. */
    const TensorProgram& getPairPart() const {
        return parts.back().program;
    }
    /** Get the length of the inputs particle1 and particle2 of the pair part; 0 if it reads neither. */
    int getParticleSize() const;
    /** Get whether particles have types or features. */
    ParticleInput getParticleInput() const {
        return particles;
    }
    /** Get whether another program has the same steps in every part, so that an update changes weights only. */
    bool hasSameStructure(const StagedProgram& other) const;

private:
    ParticleInput particles;
    std::vector<Part> parts;
};

} // namespace LearnedPairPlugin
