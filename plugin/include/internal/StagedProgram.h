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
 * A program divided into parts by how often they are computed: partial evaluation (Jones, Gomard and Sestoft 1993) for
 * global parameters, particles and pairs of types. See docs/program.md, section 5.
 *
 * The parts of the levels Global, Particle and TypePair read the inputs of the original program. Their concatenated
 * outputs are inputs of the pair part: `globals`, `particle1` and `particle2`, and `pair`. Parts without steps are left
 * out. The pair part always exists. Its outputs are those of PairOutput: f and df/dr, then df/dg and d2f/drdg for each
 * requested parameter derivative.
 *
 * It is immutable.
 */
class LEARNEDPAIR_EXPORT StagedProgram {
public:
    /** The program of one level. */
    struct Part {
        PartLevel level;
        TensorProgram program;
    };
    /**
     * Differentiate, optimize and divide a program.
     *
     * @param function     the pair function
     * @param derivatives  the indices of the global parameters with respect to which derivatives are computed
     */
    explicit StagedProgram(const PairProgram& function, const std::vector<int>& derivatives = {});
    /** Get all parts, in the order in which they run. */
    const std::vector<Part>& getParts() const {
        return parts;
    }
    /** Get the program of a level, or nullptr if there is no part of this level. */
    const TensorProgram* find(PartLevel level) const;
    /** Get the program that runs for each pair. */
    const TensorProgram& getPairPart() const {
        return parts.back().program;
    }
    /** Get the length of the inputs `particle1` and `particle2` of the pair part, or 0 if it reads neither. */
    int getParticleSize() const;
    /** Get whether particles have types or features. */
    ParticleInput getParticleInput() const {
        return particles;
    }
    /** Get whether all parts of another program have the same texts, so that only weights differ. */
    bool hasSameStructure(const StagedProgram& other) const;

private:
    ParticleInput particles;
    std::vector<Part> parts;
};

} // namespace LearnedPairPlugin
