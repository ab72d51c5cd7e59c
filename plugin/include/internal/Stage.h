// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/** What a step depends on decides how often it is computed: see docs/program.md, section 5. In the order of their cost.
 */
enum class Stage { Constant, Global, Particle1, Particle2, TypePair, Radial, PairOfParticles };

/**
 * Find the stage of every step of a program.
 *
 * @param typed  whether particles are types, of which there are few, so that what depends on two of them alone is
 *               computed once for each pair of types
 */
LEARNEDPAIR_EXPORT std::vector<Stage> findStages(const TensorProgram& program, bool typed);

LEARNEDPAIR_EXPORT const char* getName(Stage stage);

} // namespace LearnedPairPlugin
