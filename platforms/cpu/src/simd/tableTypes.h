// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data, which code for several instruction sets works on: see Vector.h.
#pragma once

#include "listTypes.h"
#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The curves of a table: see SegmentTable. */
struct TableCurves {
    const float* segments;        ///< shape [][4]
    const float* inverseSpacings; ///< shape [numClasses][numClasses]
    const int32_t* firstSegments; ///< shape [numClasses][numClasses]; at most 2^28
    int numClasses;
    float minDistance, innerCutoff;
    Switching switching;
};

/** The curves of a block's particles with the neighbors of one interaction class; filled in when they are needed. */
struct alignas(64) BlockCurves {
    float inverseSpacing[MaxBlockSize];
    int32_t firstSegment[MaxBlockSize];
    int32_t block; ///< which block it was filled in for
};

} // namespace LearnedPairPlugin
