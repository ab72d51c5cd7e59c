// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedForceInfo.h"
#include "internal/DistinctParticles.h"
#include "internal/InteractionClasses.h"

using namespace LearnedPairPlugin;

LearnedForceInfo::LearnedForceInfo(const LearnedPairForce& force) {
    for (auto [particle1, particle2] : force.getExclusionsAndExceptions())
        pairs.push_back({particle1, particle2});
    setParticles(force);
}

void LearnedForceInfo::setParticles(const LearnedPairForce& force) {
    factors.assign(force.getNumExclusions(), 0.0);
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        factors.push_back(factor);
    }
    classes = InteractionClasses(force).particleClasses;
    distinct = DistinctParticles(force).index;
}
