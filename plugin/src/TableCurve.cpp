// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/TableCurve.h"
#include "internal/hermite.h"
#include <algorithm>

using namespace LearnedPairPlugin;

void TableCurve::evaluate(double minDistance, double maxDistance, double r, double& energy, double& dEdR) const {
    if (getInterpolation() == Interpolation::CubicEnergy) {
        PairCurve::evaluate(minDistance, maxDistance, r, energy, dEdR);
        return;
    }
    const int numIntervals = energies.size() - 1;
    const double h = (maxDistance - minDistance) / numIntervals, x = (r - minDistance) / h;
    const int k = std::clamp((int) x, 0, numIntervals - 1);
    const double t = x - k, s0 = slopes[k], s1 = slopes[k + 1], d0 = h * curvatures[k], d1 = h * curvatures[k + 1];
    dEdR = Hermite::value(t, s0, s1, d0, d1);
    energy = energies[k] + h * Hermite::integral(t, s0, s1, d0, d1);
}

TableCurves::TableCurves(const PairTable& table) :
        minDistance(table.getMinDistance()),
        maxDistance(table.getMaxDistance()),
        numTypes(table.getNumTypes()),
        curveIndices(table.getCurveIndices()),
        functions(1) {
    for (auto& curve : table.getCurves())
        functions[0].push_back({curve, {}});
}
