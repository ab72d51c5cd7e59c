// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "openmm/cpu/AlignedArray.h"
#include <vector>

namespace LearnedPairPlugin {

/** Evaluates a table: the curve of each pair in range is looked up. */
class CpuTableLoop : public CpuPairLoop {
public:
    CpuTableLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads);

protected:
    void begin(Work& work) override;
    void computeBlock(const PairBlock& block, int index, Work& work) override;
    void finish(Work& work) override {}

private:
    OpenMM::AlignedArray<float> segments;
    std::vector<float> inverseSpacings;
    std::vector<int32_t> firstSegments;
    TableCurves curves;                                // points to the arrays above
    std::vector<std::vector<BlockCurves>> blockCurves; // for each thread and each interaction class of neighbors
};

} // namespace LearnedPairPlugin
