// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuDensityTables.h"
#include "internal/SwitchingFunction.h"

using namespace LearnedPairPlugin;
using std::vector;

CpuDensityTables::CpuDensityTables(const LearnedPairForce& force, const EnvironmentFunction& function,
        const InteractionClasses& classes, int blockSize) :
        orders(function.getAngularOrders()) {
    vector<int> indices; // of each channel among those of its order
    int count[NumOrders] = {};
    for (int order : orders)
        indices.push_back(count[order]++);
    int firstColumn[NumOrders], firstPlace[NumOrders];
    arrays.rowSize = arrays.stride = 0;
    for (int order = 0; order < NumOrders; order++) {
        arrays.numFloats[order] = (count[order] + blockSize - 1) / blockSize * blockSize;
        firstColumn[order] = arrays.rowSize;
        firstPlace[order] = arrays.stride;
        arrays.rowSize += 4 * arrays.numFloats[order];
        arrays.stride += (2 * order + 1) * arrays.numFloats[order];
    }
    for (size_t k = 0; k < orders.size(); k++) {
        columns.push_back(firstColumn[orders[k]] + indices[k]);
        places.push_back(firstPlace[orders[k]] + indices[k]);
    }
    setRows(function);
    const double range = function.getLastKnot() - function.getFirstKnot();
    for (int center = 0; center < classes.numClasses; center++)
        for (int neighbor = 0; neighbor < classes.numClasses; neighbor++) {
            double inverseSpacing = 0, firstRow = 0;
            if (classes.doInteract(center, neighbor)) {
                const int curve = function.getCurveIndex(classes.types[center], classes.types[neighbor]);
                const int numKnots = function.getCurves()[curve].values.size() / orders.size();
                inverseSpacing = (numKnots - 1) / range;
                firstRow = firstRows[curve];
            }
            knots.push_back((float) inverseSpacing);
            knots.push_back((float) firstRow);
        }
    const SwitchingFunction switching(force);
    arrays.rows = &rows[0];
    arrays.knots = knots.data();
    arrays.numClasses = classes.numClasses;
    arrays.minDistance = (float) function.getFirstKnot();
    arrays.innerCutoff = (float) force.getInnerCutoffDistance();
    arrays.switching = {switching.used, (float) switching.start, (float) switching.inverseWidth};
}

/** Set the coefficients. Each curve has an additional interval at its end, which rounding may reach. */
void CpuDensityTables::setRows(const EnvironmentFunction& function) {
    const int numChannels = orders.size();
    size_t numRows = 1;
    for (auto& curve : function.getCurves()) {
        firstRows.push_back(numRows);
        numRows += curve.values.size() / numChannels;
    }
    rows.resize(numRows * arrays.rowSize);
    for (size_t i = 0; i < numRows * arrays.rowSize; i++)
        rows[i] = 0;
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
                    rows[(firstRows[c] + knot) * (size_t) arrays.rowSize + columns[k] +
                            power * arrays.numFloats[orders[k]]] = (float) coefficients[power];
            }
    }
}
