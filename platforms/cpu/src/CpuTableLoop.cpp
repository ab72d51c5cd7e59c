// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuTableLoop.h"
#include "internal/InteractionClasses.h"
#include "internal/SegmentTable.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>

using namespace LearnedPairPlugin;

CpuTableLoop::CpuTableLoop(
        const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads) :
        CpuPairLoop(force, list, backend, numThreads) {
    InteractionClasses interactionClasses(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), interactionClasses);
    segments.resize(4 * table.segments.size());
    for (size_t i = 0; i < table.segments.size(); i++)
        std::copy(table.segments[i].begin(), table.segments[i].end(), &segments[4 * i]);
    for (auto& curve : table.curves) {
        inverseSpacings.push_back((float) curve.inverseSpacing);
        firstSegments.push_back(curve.firstSegment);
    }
    SwitchingFunction switching(force);
    curves = {&segments[0], inverseSpacings.data(), firstSegments.data(), interactionClasses.numClasses,
        (float) force.getFunction().getMinDistance(), (float) force.getInnerCutoffDistance(),
        {switching.used, (float) switching.start, (float) switching.inverseWidth}};
    blockCurves.assign(numThreads, std::vector<BlockCurves>(interactionClasses.numClasses));
}

void CpuTableLoop::begin(Work& work) {
    for (auto& curve : blockCurves[work.thread]) // its block may have other particles than in the last evaluation
        curve.block = -1;
}

void CpuTableLoop::computeBlock(const PairBlock& block, int index, Work& work) {
    work.sums.energy += backend.computeTable(
            geometry, block, index, curves, blockCurves[work.thread].data(), work.target, work.includeEnergy);
}
