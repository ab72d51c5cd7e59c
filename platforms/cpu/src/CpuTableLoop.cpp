// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuTableLoop.h"
#include "internal/PairClasses.h"
#include "internal/SegmentTable.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>

using namespace LearnedPairPlugin;

CpuTableLoop::CpuTableLoop(const LearnedPairForce& force, CpuPairList& list, const Kernels& kernels, int numThreads) :
        CpuPairLoop(force, list, kernels, numThreads) {
    PairClasses pairClasses(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), pairClasses);
    segments.resize(4 * table.segments.size());
    for (size_t i = 0; i < table.segments.size(); i++)
        std::copy(table.segments[i].begin(), table.segments[i].end(), &segments[4 * i]);
    for (auto& grid : table.grids) {
        inverseSpacings.push_back((float) grid.inverseSpacing);
        firstSegments.push_back(grid.firstSegment);
    }
    SwitchingFunction switching(force);
    curves = {&segments[0], inverseSpacings.data(), firstSegments.data(), pairClasses.numClasses,
        (float) force.getFunction().getMinDistance(), (float) force.getInnerCutoffDistance(),
        {switching.used, (float) switching.start, (float) switching.inverseWidth}};
    grids.assign(numThreads, std::vector<BlockGrids>(pairClasses.numClasses));
}

void CpuTableLoop::begin(Work& work) {
    for (auto& grid : grids[work.thread]) // of a block that may consist of other particles now
        grid.block = -1;
}

void CpuTableLoop::computeBlock(const PairBlock& block, int index, Work& work) {
    work.sums.energy += kernels.computeTable(
            geometry, block, index, curves, grids[work.thread].data(), work.target, work.includeEnergy);
}
