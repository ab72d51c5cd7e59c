// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairLoop.h"
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::CpuPlatform;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

CpuPairLoop::Box::Box(const Vec3* box) {
    for (int i = 0; i < 3; i++) {
        inverse[i] = (float) (1/box[i][i]);
        for (int j = 0; j < 3; j++)
            vectors[i][j] = (float) box[i][j];
    }
}

CpuPairLoop::CpuPairLoop(const LearnedPairForce& force, const CpuPairList& list) : list(list), periodic(force.usesPeriodicBoundaryConditions()),
        cutoffSquared(force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<float>::infinity() :
                      (float) (force.getCutoffDistance()*force.getCutoffDistance())) {
}

void CpuPairLoop::compute(const Vec3* boxVectors, float scale, bool includeForces, CpuPlatform::PlatformData& data, CpuPairSums& sums) {
    if (list.getList() == nullptr)
        return;
    Box box(boxVectors);
    int numThreads = data.threads.getNumThreads(), numBlocks = list.getList()->getNumBlocks();
    vector<CpuPairSums> threadSums(numThreads, sums);
    std::atomic<int> nextBlock(0);
    data.threads.execute([&] (ThreadPool& threads, int thread) {
        BlockQueue blocks(nextBlock, data.deterministicForces, thread, numThreads, numBlocks);
        CpuPairSums own = sums; // not in threadSums, whose elements share cache lines
        computeThread(thread, blocks, box, scale, includeForces ? &data.threadForce[thread][0] : nullptr, own);
        threadSums[thread] = own;
    });
    data.threads.waitForThreads();
    for (auto& part : threadSums) {
        sums.energy += part.energy;
        for (size_t d = 0; d < sums.derivatives.size(); d++)
            sums.derivatives[d] += part.derivatives[d];
    }
}
