// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/KnotTable.h"
#include "internal/hermite.h"

using namespace LearnedPairPlugin;
using std::vector;

/** Get the derivative of a curve's slope to the right of a knot, times the distance h between knots. */
static double getChange(const TableCurve& curve, size_t k, double h) {
    if (curve.getInterpolation() == Interpolation::CubicForce)
        return h * curve.curvatures[k];
    return Hermite::curvature(
                   0.0, curve.energies[k], curve.energies[k + 1], h * curve.slopes[k], h * curve.slopes[k + 1]) /
            h;
}

KnotTable::KnotTable(const TableCurves& tables, const InteractionClasses& classes) : smoothness(0) {
    vector<Curve> tableCurves; // in the order of the tables' curves
    for (auto& function : tables.functions) {
        knots.resize(knots.size() + 2, {0, 0});
        energies.resize(energies.size() + 2, 0.0);
        for (auto& curve : function) {
            const int numIntervals = curve.energies.size() - 1;
            const double h = (tables.maxDistance - tables.minDistance) / numIntervals;
            if (&function == &tables.functions[0])
                tableCurves.push_back({1 / h, (int) knots.size()});
            if (curve.getInterpolation() == Interpolation::CubicForce)
                smoothness = 1;
            for (int k = 0; k <= numIntervals; k++) {
                bool isLast = (k == numIntervals && curve.getInterpolation() == Interpolation::CubicEnergy);
                knots.push_back({curve.slopes[k], isLast ? 0 : getChange(curve, k, h)});
                energies.push_back(curve.energies[k]);
            }
            knots.push_back({curve.slopes[numIntervals], 0});
            energies.push_back(0);
        }
    }
    numKnots = knots.size() / tables.functions.size();
    size_t n = classes.numClasses;
    curves.assign(n * n, {0, 0});
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (classes.interacts[i * n + j]) {
                int index = tables.curveIndices[(size_t) classes.types[i] * tables.numTypes + classes.types[j]];
                if (index != PairTable::NoCurve)
                    curves[i * n + j] = tableCurves[index];
            }
}
