// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/OpenMMException.h"
#include <sstream>

namespace LearnedPairPlugin {

/** Throw an OpenMMException with the concatenated parts as its message unless a condition holds. */
template<class... Parts> void require(bool condition, const Parts&... parts) {
    if (condition)
        return;
    std::stringstream message;
    (message << ... << parts);
    throw OpenMM::OpenMMException(message.str());
}

} // namespace LearnedPairPlugin
