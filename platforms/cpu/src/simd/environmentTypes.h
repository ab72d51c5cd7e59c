// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The number of angular orders: 0 to 3. */
const int NumOrders = 4;

/** The tabulated densities of an EnvironmentFunction, in the layout of DensityTables. */
struct DensityArrays {
    int numFloats[NumOrders]; ///< of the channels of each order: a multiple of the length of a vector
    int rowSize, stride;      ///< the number of floats of a row, and of an atom
    const float* rows;        ///< row 0 is zero
    const float* knots; ///< shape [numClasses][numClasses][2], for the classes of the atom in the center and of its
                        ///< neighbor: inverse spacing of the knots, and the first row; zero if they do not interact
    int numClasses;
    float minDistance, innerCutoff;
    Switching switching;
};

} // namespace LearnedPairPlugin
