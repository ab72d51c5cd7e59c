// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The stage of a step: the inputs on which its value depends. The stage decides how often the step is computed; see
 * docs/program.md, section 5. The stages are in the order of increasing cost.
 */
enum class Stage { Constant, Global, Particle1, Particle2, TypePair, Radial, PairOfParticles };

/**
 * Find the stage of every step of a program.
 *
 * @param particles  whether particles have types or features. A step that depends on both particles, and not on the
 *                   distance, has the stage TypePair if particles have types, because there are few pairs of types. It
 *                   has the stage PairOfParticles if particles have features.
 */
LEARNEDPAIR_EXPORT std::vector<Stage> findStages(const TensorProgram& program, ParticleInput particles);

/** Get whether a step of a stage is computed for every pair of particles in every time step. */
inline bool isPairStage(Stage stage) {
    return stage == Stage::Radial || stage == Stage::PairOfParticles;
}

/** Get the name of a stage for descriptions of programs. */
LEARNEDPAIR_EXPORT const char* getName(Stage stage);

} // namespace LearnedPairPlugin
