// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/** A pair of particles with a factor of its own. */
struct ActiveException {
    int particle1, particle2;
    double factor;
};

/** Find the exceptions of a force that contribute: those between particles that interact, with a factor other than 0. */
LEARNEDPAIR_EXPORT std::vector<ActiveException> findActiveExceptions(const LearnedPairForce& force);

} // namespace LearnedPairPlugin
