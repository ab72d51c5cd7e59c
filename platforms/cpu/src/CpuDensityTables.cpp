// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuDensityTables.h"
#include "internal/SwitchingFunction.h"

using namespace LearnedPairPlugin;

CpuDensityTables::CpuDensityTables(const LearnedPairForce& force, const EnvironmentFunction& function,
        const InteractionClasses& classes, int blockSize) :
        tables(function, classes, blockSize) {
    rows.resize(tables.getRows().size());
    for (size_t i = 0; i < tables.getRows().size(); i++)
        rows[i] = (float) tables.getRows()[i];
    for (auto& pair : tables.getKnots()) {
        knots.push_back((float) pair.inverseSpacing);
        knots.push_back((float) pair.firstRow);
    }
    const SwitchingFunction switching(force);
    for (int order = 0; order < NumOrders; order++)
        arrays.numFloats[order] = tables.getWidth(order);
    arrays.rowSize = tables.getRowSize();
    arrays.stride = tables.getStride();
    arrays.rows = &rows[0];
    arrays.knots = knots.data();
    arrays.numClasses = classes.numClasses;
    arrays.minDistance = (float) function.getFirstKnot();
    arrays.innerCutoff = (float) force.getInnerCutoffDistance();
    arrays.switching = {switching.used, (float) switching.start, (float) switching.inverseWidth};
}
