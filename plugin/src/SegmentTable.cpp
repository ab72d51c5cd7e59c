// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/SegmentTable.h"

using namespace LearnedPairPlugin;

SegmentTable::SegmentTable(const PairTable& table, const InteractionClasses& classes) {
    double range = table.getMaxDistance() - table.getMinDistance();
    std::vector<Curve> tableCurves; // in the order of the table's curves
    segments.push_back({0, 0, 0, 0});
    for (auto& curve : table.getCurves()) {
        int numIntervals = curve.energies.size() - 1;
        double h = range / numIntervals;
        tableCurves.push_back({1 / h, (int) segments.size()});
        for (int k = 0; k < numIntervals; k++) {
            double rise = curve.energies[k + 1] - curve.energies[k], d0 = h * curve.slopes[k],
                   d1 = h * curve.slopes[k + 1];
            segments.push_back({curve.energies[k], d0, 3 * rise - 2 * d0 - d1, d0 + d1 - 2 * rise});
        }
        segments.push_back({curve.energies.back(), h * curve.slopes.back(), 0, 0});
    }
    size_t n = classes.numClasses;
    curves.assign(n * n, {0, 0});
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (classes.interacts[i * n + j])
                curves[i * n + j] = tableCurves[table.getCurveIndex(classes.types[i], classes.types[j])];
}
