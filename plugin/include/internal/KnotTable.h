// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/InteractionClasses.h"
#include "internal/TableCurve.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Tables in the form in which the CPU and GPU platforms look them up, without a branch. A knot has the slope F = dE/dr
 * and its derivative to the right, D = dF/dr*h, where h is the distance between knots. For a distance r and a pair of
 * interaction classes with the curve q,
 *
 *     x = (max(r, r_in)-r_min)*q.inverseSpacing,  k = floor(x),  t = x-k
 *     F0, D0 = knots[q.firstKnot+k],  F1, D1 = knots[q.firstKnot+k+1]
 *     c3 = smoothness*(D0 + D1 - 2 (F1-F0)),  c2 = F1 - F0 - D0 - c3
 *     dE/dr = F0 + D0 t + c2 t^2 + c3 t^3
 *     E = energies[q.firstKnot+k] + h (F0 t + D0 t^2/2 + c2 t^3/3 + c3 t^4/4) + (r-max(r, r_in))*dE/dr
 *
 * With smoothness 1 this is Interpolation::CubicForce. With smoothness 0 dE/dr is the parabola through both slopes,
 * which is Interpolation::CubicEnergy. The last term is the Taylor expansion below the inner cutoff.
 *
 * The energy is stored apart, since most steps of a simulation need only forces: a pair then reads 16 bytes that lie
 * side by side. Each curve has an additional knot at its end, so that rounding errors there need no special case. Knots
 * 0 and 1 are zero. Pairs of classes that do not interact use them.
 */
struct LEARNEDPAIR_EXPORT KnotTable {
    /** The position of the knots of one curve. */
    struct Curve {
        double inverseSpacing; ///< 1/h, measured in 1/nm
        int firstKnot;
    };
    struct Knot {
        double slope, change; ///< F and D, measured in kJ/mol/nm
    };
    KnotTable(const TableCurves& tables, const InteractionClasses& classes);
    int numKnots;                 ///< of one function
    std::vector<Knot> knots;      ///< shape [numFunctions][numKnots]
    std::vector<double> energies; ///< shape [numFunctions][numKnots], measured in kJ/mol
    double smoothness;
    std::vector<Curve> curves; ///< the curve of two classes, shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
