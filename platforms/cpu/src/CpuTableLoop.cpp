// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuTableLoop.h"
#include "internal/InteractionClasses.h"
#include "internal/SegmentTable.h"
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
        blockCurves(numThreads),
        sums(numThreads) {}

void CpuTableLoop::setTables(const std::vector<const PairTable*>& tables, const InteractionClasses& classes) {
    SegmentTable table(tables, classes);
    segments.resize(4 * table.segments.size());
    for (size_t i = 0; i < table.segments.size(); i++)
        std::copy(table.segments[i].begin(), table.segments[i].end(), &segments[4 * i]);
    inverseSpacings.clear();
    firstSegments.clear();
    for (auto& curve : table.curves) {
        inverseSpacings.push_back((float) curve.inverseSpacing);
        firstSegments.push_back(curve.firstSegment);
    }
    curves = {&segments[0], inverseSpacings.data(), firstSegments.data(), classes.numClasses, table.numFunctions,
        (float) tables[0]->getMinDistance(), innerCutoff, switching};
    for (size_t thread = 0; thread < sums.size(); thread++) {
        blockCurves[thread].resize(classes.numClasses);
        sums[thread].resize(table.numFunctions);
    }
}

void CpuTableLoop::begin(Work& work) {
    for (auto& curve : blockCurves[work.thread]) // its block may have other particles than in the last evaluation
        curve.block = -1;
    std::fill(sums[work.thread].begin(), sums[work.thread].end(), 0.0);
}

void CpuTableLoop::computeBlock(const PairBlock& block, int index, Work& work) {
    backend.computeTable(geometry, block, index, curves, blockCurves[work.thread].data(), work.target,
            work.includeEnergy, sums[work.thread].data());
}

void CpuTableLoop::finish(Work& work) {
    work.sums.add(sums[work.thread]);
}
