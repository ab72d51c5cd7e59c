// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairLoop.h"
#include "internal/PairClasses.h"
#include <algorithm>
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::CpuNeighborList;
using OpenMM::CpuPlatform;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

CpuPairLoop::CpuPairLoop(const LearnedPairForce& force, const CpuPairList& list, const Kernels& kernels, int numThreads) : list(list), kernels(kernels), scratch(numThreads) {
    geometry.periodic = force.usesPeriodicBoundaryConditions();
    geometry.cutoff = (force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<float>::infinity() : (float) force.getCutoffDistance());
    geometry.cutoffSquared = geometry.cutoff*geometry.cutoff;
    PairClasses pairClasses(force);
    for (int particle : list.getParticles())
        classes.push_back(pairClasses.particleClasses[particle]);
}

PairBlock CpuPairLoop::getBlock(int index, Scratch& scratch) const {
    const CpuNeighborList& neighborList = *list.getList();
    int blockSize = kernels.blockSize;
    PairBlock block;
    block.particles = &neighborList.getSortedAtoms()[index*blockSize];
    block.count = std::min(blockSize, list.getNumParticles()-index*blockSize);
    block.positions = list.getPositions();
    block.classes = classes.data();
    if (list.isDense()) {
        scratch.neighbors.clear();
        scratch.exclusions.clear();
        for (CpuNeighborList::NeighborIterator neighbors = neighborList.getNeighborIterator(index); neighbors.next(); ) {
            scratch.neighbors.push_back(neighbors.getNeighbor());
            scratch.exclusions.push_back(neighbors.getExclusions());
        }
        block.neighbors = scratch.neighbors.data();
        block.exclusions = scratch.exclusions.data();
        block.numNeighbors = scratch.neighbors.size();
    }
    else {
        block.neighbors = neighborList.getBlockNeighbors(index).data();
        block.exclusions = neighborList.getBlockExclusions(index).data();
        block.numNeighbors = neighborList.getBlockNeighbors(index).size();
    }
    if (scratch.rows.size() < (size_t) block.numNeighbors+MaxBlockSize)
        scratch.rows.resize(2*block.numNeighbors+MaxBlockSize);
    block.rows = scratch.rows.data();
    return block;
}

void CpuPairLoop::compute(const Vec3* box, float scale, bool includeForces, bool includeEnergy, CpuPlatform::PlatformData& data, CpuPairSums& sums) {
    if (list.getList() == nullptr)
        return;
    for (int i = 0; i < 3; i++) {
        geometry.inverse[i] = (float) (1/box[i][i]);
        for (int j = 0; j < 3; j++)
            geometry.box[i][j] = (float) box[i][j];
    }
    int numThreads = data.threads.getNumThreads(), numBlocks = list.getList()->getNumBlocks();
    vector<CpuPairSums> threadSums(numThreads, sums);
    std::atomic<int> nextBlock(0);
    data.threads.execute([&] (ThreadPool& threads, int thread) {
        Work work = {thread, {includeForces ? &data.threadForce[thread][0] : nullptr, list.getParticles().data(), scale}, includeEnergy, sums};
        begin(work);
        // Blocks go to whoever is free, unless sums must always be made in the same order.
        for (int fixed = thread; ; fixed += numThreads) {
            int index = (data.deterministicForces ? fixed : nextBlock++);
            if (index >= numBlocks)
                break;
            computeBlock(getBlock(index, scratch[thread]), index, work);
        }
        finish(work);
        threadSums[thread] = work.sums;
    });
    data.threads.waitForThreads();
    for (auto& part : threadSums) {
        sums.energy += part.energy;
        for (size_t d = 0; d < sums.derivatives.size(); d++)
            sums.derivatives[d] += part.derivatives[d];
    }
}
