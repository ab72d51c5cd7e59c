// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuTableLoop.h"
#include "internal/InteractionClasses.h"
#include "internal/KnotTable.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>

using namespace LearnedPairPlugin;

static Switching toSwitching(const LearnedPairForce& force) {
    SwitchingFunction switching(force);
    return {switching.used, (float) switching.start, (float) switching.inverseWidth};
}

CpuTableLoop::CpuTableLoop(
        const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads) :
        CpuPairLoop(force, list, backend, numThreads),
        innerCutoff((float) force.getInnerCutoffDistance()),
        switching(toSwitching(force)),
        sums(numThreads) {}

void CpuTableLoop::setTables(const TableCurves& tables, const InteractionClasses& classes) {
    KnotTable table(tables, classes);
    const int numFunctions = tables.functions.size();
    knots.resize(2 * table.knots.size());
    energies.resize(table.energies.size());
    for (size_t i = 0; i < table.knots.size(); i++) {
        knots[2 * i] = (float) table.knots[i].slope;
        knots[2 * i + 1] = (float) table.knots[i].change;
        energies[i] = (float) table.energies[i];
    }
    knotPositions.clear();
    for (auto& curve : table.curves) {
        knotPositions.push_back((float) curve.inverseSpacing);
        knotPositions.push_back((float) curve.firstKnot);
    }
    curves = {&knots[0], &energies[0], knotPositions.data(), classes.numClasses, table.numKnots, numFunctions,
        table.smoothness == 1, (float) tables.minDistance, innerCutoff, switching};
    for (auto& threadSums : sums)
        threadSums.resize(numFunctions);
}

void CpuTableLoop::begin(Work& work) {
    std::fill(sums[work.thread].begin(), sums[work.thread].end(), 0.0);
}

void CpuTableLoop::computeBlock(const PairBlock& block, int index, Work& work) {
    backend.computeTable(geometry, block, curves, work.target, work.includeEnergy, sums[work.thread].data());
}

void CpuTableLoop::finish(Work& work) {
    work.sums.add(sums[work.thread]);
}
