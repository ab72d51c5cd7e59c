// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include <cstdint>

namespace LearnedPairPlugin {

/** The parameters of OpenMM's switching function: see SwitchingFunction. */
struct Switching {
    bool used;
    float start, inverseWidth;
};

/** The forces of one thread. The force on particle i of the list is at forces[4*targets[i]]. */
struct ForceTarget {
    float* forces; ///< null if forces are not requested
    const int32_t* targets;
    float scale;
};

} // namespace LearnedPairPlugin
