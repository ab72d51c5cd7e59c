// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include "listTypes.h"
#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The curves of a table: see SegmentTable. */
struct TableCurves {
    const float* segments;        ///< shape [][numFunctions][4]
    const float* inverseSpacings; ///< shape [numClasses][numClasses]
    const int32_t* firstSegments; ///< shape [numClasses][numClasses]; at most 2^28, since byte offsets have 32 bits
    int numClasses;
    int numFunctions; ///< the energy, and its derivatives by global parameters
    float minDistance, innerCutoff;
    Switching switching;
};

/** The curves between the particles of a block and the neighbors of one interaction class, looked up on first use. */
struct alignas(64) BlockCurves {
    float inverseSpacing[MaxBlockSize];
    int32_t firstSegment[MaxBlockSize];
    int32_t block; ///< the block whose curves these are
};

} // namespace LearnedPairPlugin
