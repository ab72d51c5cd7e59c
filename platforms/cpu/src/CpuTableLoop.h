// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "CpuPairTable.h"
#include <vector>

namespace LearnedPairPlugin {

/** The loop for tables: each pair in range looks up its curve. */
class CpuTableLoop : public CpuPairLoop {
public:
    CpuTableLoop(const LearnedPairForce& force, const CpuPairList& list);
protected:
    void computeThread(int thread, BlockQueue& blocks, const Box& box, float scale, float* forces, CpuPairSums& sums) override;
private:
    CpuPairTable table;
    std::vector<int> classes; // of the particles of the list
};

} // namespace LearnedPairPlugin
