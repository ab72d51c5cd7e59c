// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairTable.h"
#include "internal/PairClasses.h"

using namespace LearnedPairPlugin;

CpuPairTable::CpuPairTable(const LearnedPairForce& force) : minDistance(force.getFunction().getMinDistance()),
        innerCutoff(force.getInnerCutoffDistance()), switching(force) {
    PairClasses classes(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), classes);
    numClasses = classes.numClasses;
    particleClasses = classes.particleClasses;
    for (auto& c : table.segments)
        segments.push_back({(float) c[0], (float) c[1], (float) c[2], (float) c[3]});
    for (auto& grid : table.grids)
        grids.push_back({(float) grid.inverseSpacing, grid.firstSegment});
}
