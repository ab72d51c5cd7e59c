// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data, which code for several instruction sets works on: see Vector.h.
#pragma once

#include <cstdint>

namespace LearnedPairPlugin {

/** OpenMM's switching function: see SwitchingFunction. */
struct Switching {
    bool used;
    float start, inverseWidth;
};

/** Forces of one thread: those of a particle of the list are at forces[4*targets[particle]]. */
struct ForceTarget {
    float* forces; ///< null if forces are not asked for
    const int32_t* targets;
    float scale;
};

} // namespace LearnedPairPlugin
