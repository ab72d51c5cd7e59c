// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * What a step depends on, which decides how often it is computed: see docs/program.md, section 5. In the order of their
 * cost.
 */
enum class Stage { Constant, Global, Particle1, Particle2, TypePair, Radial, PairOfParticles };

/**
 * Find the stage of every step of a program.
 *
 * @param particles  with types there are few pairs of distinct particles: a step that depends on two types alone is
 *                   computed once for each pair of types. With features it is computed for each pair of particles.
 */
LEARNEDPAIR_EXPORT std::vector<Stage> findStages(const TensorProgram& program, ParticleInput particles);

/** Get whether a step of a stage is computed for every pair of particles in every time step. */
inline bool isPairStage(Stage stage) {
    return stage == Stage::Radial || stage == Stage::PairOfParticles;
}

LEARNEDPAIR_EXPORT const char* getName(Stage stage);

} // namespace LearnedPairPlugin
