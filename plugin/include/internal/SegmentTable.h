// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/PairClasses.h"
#include "PairTable.h"
#include <array>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A PairTable as the fast platforms look it up, without a branch: for a distance r and a pair of classes with the
 * grid g,
 *
 *     x = (max(r, r_in)-r_min)*g.inverseSpacing,  k = floor(x),  t = x-k,  c = segments[g.firstSegment+k]
 *     dE/dr = (c1 + 2 c2 t + 3 c3 t^2)*g.inverseSpacing
 *     E = c0 + c1 t + c2 t^2 + c3 t^3 + (r-max(r, r_in))*dE/dr
 *
 * The last term is the Taylor expansion below the inner cutoff. Every curve has one segment more than it has intervals,
 * a straight line, so that rounding at the far end needs no special case. Segment 0 is zero, and is what pairs of
 * classes that do not interact look up.
 */
struct LEARNEDPAIR_EXPORT SegmentTable {
    struct Grid {
        double inverseSpacing; ///< measured in 1/nm
        int firstSegment;
    };
    SegmentTable(const PairTable& table, const PairClasses& classes);
    std::vector<std::array<double, 4>> segments; ///< coefficients of t^0 to t^3, measured in kJ/mol
    std::vector<Grid> grids;                     ///< shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
