// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairLoop.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using OpenMM::CpuPlatform;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

void CpuPairSums::combine(const vector<double>& coefficients) {
    vector<double> functions = {energy};
    functions.insert(functions.end(), derivatives.begin(), derivatives.end());
    vector<double> results(coefficients.size() / functions.size(), 0.0);
    for (size_t i = 0; i < results.size(); i++)
        for (size_t k = 0; k < functions.size(); k++)
            results[i] += coefficients[i * functions.size() + k] * functions[k];
    energy = results[0];
    derivatives.assign(results.begin() + 1, results.end());
}

CpuPairLoop::CpuPairLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads) :
        list(list),
        backend(backend),
        geometry(makeGeometry(force)),
        blocks(list, backend, numThreads) {}

void CpuPairLoop::compute(const vector<Vec3>& positions, const Vec3* box, float scale, bool includeForces,
        bool includeEnergy, CpuPlatform::PlatformData& data, CpuPairSums& sums) {
    if (list.getOrder().getNumBlocks() == 0)
        return;
    setBox(geometry, box);
    int numThreads = data.threads.getNumThreads(), numBlocks = list.getOrder().getNumBlocks();
    vector<CpuPairSums> threadSums(numThreads, sums);
    std::atomic<int> nextBlock(0);
    auto computeBlocks = [&](int thread) {
        Work work = {thread,
            {includeForces ? &data.threadForce[thread][0] : nullptr, list.getOrder().getParticles().data(), scale},
            includeEnergy, sums};
        begin(work);
        // Threads fetch blocks dynamically. If forces must be deterministic, each thread has fixed blocks, so that the
        // order of all sums is fixed.
        for (int fixed = thread;; fixed += numThreads) {
            int index = (data.deterministicForces ? fixed : nextBlock++);
            if (index >= numBlocks)
                break;
            computeBlock(blocks.get(index, thread), index, work);
        }
        finish(work);
        threadSums[thread] = work.sums;
    };
    list.beginUpdate(box);
    if (list.isComplete()) {
        data.threads.execute([&](ThreadPool&, int thread) {
            if (list.updatePositions(positions, thread))
                computeBlocks(thread);
        });
        data.threads.waitForThreads();
    }
    if (!list.isComplete()) {
        list.build(positions, box, data.threads);
        renumber();
        data.threads.execute([&](ThreadPool&, int thread) { computeBlocks(thread); });
        data.threads.waitForThreads();
    }
    for (auto& part : threadSums) {
        sums.energy += part.energy;
        for (size_t d = 0; d < sums.derivatives.size(); d++)
            sums.derivatives[d] += part.derivatives[d];
    }
}
