// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/InteractionClasses.h"
#include "PairTable.h"
#include <array>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A PairTable as the fast platforms look it up, without a branch: for a distance r and a pair of
 * interaction classes with the curve q,
 *
 *     x = (max(r, r_in)-r_min)*q.inverseSpacing,  k = floor(x),  t = x-k,  c = segments[q.firstSegment+k]
 *     dE/dr = (c1 + 2 c2 t + 3 c3 t^2)*q.inverseSpacing
 *     E = c0 + c1 t + c2 t^2 + c3 t^3 + (r-max(r, r_in))*dE/dr
 *
 * The last term is the Taylor expansion below the inner cutoff. Every curve has one segment more than it has intervals,
 * a straight line, so that rounding at the far end needs no special case. Segment 0 is zero, and is what pairs of
 * classes that do not interact look up.
 */
struct LEARNEDPAIR_EXPORT SegmentTable {
    /** Where the segments of a curve are. */
    struct Curve {
        double inverseSpacing; ///< of its knots, measured in 1/nm
        int firstSegment;
    };
    SegmentTable(const PairTable& table, const InteractionClasses& classes);
    std::vector<std::array<double, 4>> segments; ///< coefficients of t^0 to t^3, measured in kJ/mol
    std::vector<Curve> curves;                   ///< of each pair of classes, shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
