// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/DensityTables.h"

using namespace LearnedPairPlugin;
using std::vector;

DensityTables::DensityTables(const EnvironmentFunction& function, const InteractionClasses& classes, int vectorLength) :
        orders(function.getAngularOrders()),
        rowSize(0),
        stride(0) {
    vector<int> indices; // of each channel among those of its order
    int count[NumOrders] = {};
    for (int order : orders)
        indices.push_back(count[order]++);
    for (int order = 0; order < NumOrders; order++) {
        widths[order] = (count[order] + vectorLength - 1) / vectorLength * vectorLength;
        firstColumns[order] = rowSize;
        firstPlaces[order] = stride;
        rowSize += 4 * widths[order];
        stride += (2 * order + 1) * widths[order];
    }
    for (size_t k = 0; k < orders.size(); k++) {
        columns.push_back(firstColumns[orders[k]] + indices[k]);
        places.push_back(firstPlaces[orders[k]] + indices[k]);
    }
    setRows(function);
    const double range = function.getLastKnot() - function.getFirstKnot();
    for (int center = 0; center < classes.numClasses; center++)
        for (int neighbor = 0; neighbor < classes.numClasses; neighbor++) {
            knots.push_back({0, 0});
            if (!classes.doInteract(center, neighbor))
                continue;
            const int curve = function.getCurveIndex(classes.types[center], classes.types[neighbor]);
            const int numKnots = function.getCurves()[curve].values.size() / orders.size();
            knots.back() = {(numKnots - 1) / range, firstRows[curve]};
        }
}

/** Set the coefficients. Each curve has an additional interval at its end, which rounding may reach. */
void DensityTables::setRows(const EnvironmentFunction& function) {
    const int numChannels = orders.size();
    size_t numRows = 1;
    for (auto& curve : function.getCurves()) {
        firstRows.push_back(numRows);
        numRows += curve.values.size() / numChannels;
    }
    rows.assign(numRows * rowSize, 0.0);
    for (size_t c = 0; c < function.getCurves().size(); c++) {
        const DensityCurve& curve = function.getCurves()[c];
        const int numKnots = curve.values.size() / numChannels;
        const double h = (function.getLastKnot() - function.getFirstKnot()) / (numKnots - 1);
        for (int knot = 0; knot < numKnots; knot++)
            for (int k = 0; k < numChannels; k++) {
                const size_t left = (size_t) knot * numChannels + k, right = left + numChannels;
                const bool isLast = (knot == numKnots - 1);
                const double value = curve.values[left], slope = h * curve.slopes[left];
                const double rise = (isLast ? slope : curve.values[right] - value),
                             end = (isLast ? slope : h * curve.slopes[right]);
                const double coefficients[4] = {value, slope, 3 * rise - 2 * slope - end, slope + end - 2 * rise};
                for (int power = 0; power < 4; power++)
                    rows[(firstRows[c] + knot) * (size_t) rowSize + columns[k] + power * widths[orders[k]]] =
                            coefficients[power];
            }
    }
}
