// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Throw an OpenMMException if a feature of a covered particle is not finite, or is outside of the range that a function
 * states. The message names the first such particle.
 *
 * @param features       shape [number of particles][number of features]
 * @param covered        for each particle whether it is covered
 * @param firstParticle  the index in the System of the first particle
 */
void requireFeaturesInRange(const LearnedFunction& function, const std::vector<double>& features,
        const std::vector<bool>& covered, int firstParticle = 0);

} // namespace LearnedPairPlugin
