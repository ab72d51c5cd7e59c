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
 * A PairTable in the form in which the CPU and GPU platforms look it up, without a branch. For a distance r and a pair
 * of interaction classes with the curve q,
 *
 *     x = (max(r, r_in)-r_min)*q.inverseSpacing,  k = floor(x),  t = x-k,  c = segments[q.firstSegment+k]
 *     dE/dr = (c1 + 2 c2 t + 3 c3 t^2)*q.inverseSpacing
 *     E = c0 + c1 t + c2 t^2 + c3 t^3 + (r-max(r, r_in))*dE/dr
 *
 * The last term is the Taylor expansion below the inner cutoff. The last segment of every curve is a straight line that
 * begins at the last knot, so that rounding errors at the end of the curve need no special case. Segment 0 is zero.
 * Pairs of classes that do not interact use it.
 *
 * There may be further tables of the same shape, of derivatives by global parameters. Each segment then consists of the
 * coefficients of all tables: c = segments[(q.firstSegment+k)*numFunctions+function].
 */
struct LEARNEDPAIR_EXPORT SegmentTable {
    /** The position of the segments of one curve. */
    struct Curve {
        double inverseSpacing; ///< the inverse distance between knots, measured in 1/nm
        int firstSegment;
    };
    SegmentTable(const PairTable& table, const InteractionClasses& classes) : SegmentTable({&table}, classes) {}
    /** @param tables  the table of the energy, then those of derivatives */
    SegmentTable(const std::vector<const PairTable*>& tables, const InteractionClasses& classes);
    int numFunctions;                            ///< the number of tables
    std::vector<std::array<double, 4>> segments; ///< the coefficients of t^0 to t^3, measured in kJ/mol
    std::vector<Curve> curves;                   ///< the curve of two classes, shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
