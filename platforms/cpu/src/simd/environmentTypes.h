// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The number of angular orders: 0 to 3. */
const int NumOrders = 4;

/**
 * The tabulated densities of an EnvironmentFunction, and the memory layout of what belongs to an atom.
 *
 * The channels of each angular order lie side by side, filled up to whole vectors. An interval between two knots has a
 * row with the coefficients of cubic polynomials in the position t from 0 to 1: for each order four arrays, one for
 * each power of t, of all its channels. An atom has, for each order l and each of its 2l+1 components, an array with a
 * number for each channel: the sum over its neighbors, or the derivative of the energy with respect to this sum.
 */
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
