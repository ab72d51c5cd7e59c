// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Require that all features of covered particles are finite and in the ranges of the function.
 *
 * @param function       the function
 * @param features       the features of some particles, shape [number of particles][number of features]
 * @param covered        for each particle whether it is covered
 * @param firstParticle  the index in the System of the first particle
 * @throws OpenMMException if a feature is invalid; the message names the first such particle
 */
void requireFeaturesInRange(const LearnedFunction& function, const std::vector<double>& features,
        const std::vector<bool>& covered, int firstParticle = 0);

} // namespace LearnedPairPlugin
