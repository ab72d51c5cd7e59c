// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/SegmentTable.h"

using namespace LearnedPairPlugin;
using std::vector;

SegmentTable::SegmentTable(const vector<const PairTable*>& tables, const InteractionClasses& classes) :
        numFunctions(tables.size()) {
    const PairTable& first = *tables[0];
    double range = first.getMaxDistance() - first.getMinDistance();
    vector<Curve> tableCurves; // in the order of the tables' curves
    segments.resize(numFunctions, {0, 0, 0, 0});
    for (size_t i = 0; i < first.getCurves().size(); i++) {
        int numIntervals = first.getCurves()[i].energies.size() - 1;
        double h = range / numIntervals;
        tableCurves.push_back({1 / h, (int) segments.size() / numFunctions});
        for (int k = 0; k <= numIntervals; k++)
            for (const PairTable* table : tables) {
                const PairCurve& curve = table->getCurves()[i];
                double e0 = curve.energies[k], d0 = h * curve.slopes[k];
                if (k == numIntervals) {
                    segments.push_back({e0, d0, 0, 0});
                    continue;
                }
                double rise = curve.energies[k + 1] - e0, d1 = h * curve.slopes[k + 1];
                segments.push_back({e0, d0, 3 * rise - 2 * d0 - d1, d0 + d1 - 2 * rise});
            }
    }
    size_t n = classes.numClasses;
    curves.assign(n * n, {0, 0});
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (classes.interacts[i * n + j])
                if (int index = first.getCurveIndex(classes.types[i], classes.types[j]); index != PairTable::NoCurve)
                    curves[i * n + j] = tableCurves[index];
}
