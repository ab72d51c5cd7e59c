// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include "listTypes.h"
#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The curves of tables: see KnotTable. */
struct CurveArrays {
    const float* knots;         ///< shape [numFunctions][numKnots][2]
    const float* energies;      ///< shape [numFunctions][numKnots]
    const float* knotPositions; ///< shape [numClasses][numClasses][2]: inverse spacing of the knots, and the first knot
    int numClasses, numKnots;
    int numFunctions; ///< the energy, and its derivatives by global parameters
    bool isSmooth;    ///< whether the smoothness is 1, else it is 0
    float minDistance, innerCutoff;
    Switching switching;
};

} // namespace LearnedPairPlugin
