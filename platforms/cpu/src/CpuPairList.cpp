// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairList.h"
#include "runInRanges.h"
#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <thread>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

// The Verlet skin, as a fraction of the cutoff. OpenMM's own forces use 0.25; 0.35 was the fastest in measurements.
static const double RelativeSkin = 0.35;
// The size of the cells by which particles are sorted, as a fraction of the list cutoff.
static const double RelativeCellSize = 0.125;

CpuPairList::CpuPairList(
        const LearnedPairForce& force, const InteractionClasses& classes, const SimdBackend& backend, int numThreads) :
        backend(backend),
        numThreads(numThreads),
        periodic(force.usesPeriodicBoundaryConditions()),
        dense(force.getNonbondedMethod() == LearnedPairForce::NoCutoff),
        cutoff(force.getCutoffDistance()),
        skin(dense ? std::numeric_limits<double>::infinity() : RelativeSkin * cutoff),
        order(classes, backend.blockSize),
        masks(force, classes, order, backend.blockSize),
        toLocal(periodic),
        validity(periodic, skin, order.getNumParticles()),
        builder(backend, numThreads),
        complete(false) {
    positions.resize(4 * order.getClasses().size());
    neighbors.resize(dense ? 0 : order.getNumBlocks());
}

void CpuPairList::beginUpdate(const Vec3* box) {
    complete = validity.begin(PeriodicBox(box));
    numUpdating = numThreads;
}

bool CpuPairList::updatePositions(const vector<Vec3>& allPositions, int thread) {
    const long long n = order.getNumParticles();
    const vector<int>& particles = order.getParticles();
    bool valid = true;
    for (int i = thread * n / numThreads, end = (thread + 1) * n / numThreads; i < end; i++) {
        Vec3 local;
        valid &= validity.check(i, allPositions[particles[i]], local);
        setPosition(i, local);
    }
    if (thread == numThreads - 1)
        fillLastBlock();
    if (!valid)
        complete = false;
    // A spin barrier takes the threads a microsecond; waking them up once more takes a hundred.
    for (numUpdating--; numUpdating > 0;)
        std::this_thread::yield();
    return complete;
}

void CpuPairList::fillLastBlock() {
    for (size_t i = order.getNumParticles(); i < order.getClasses().size(); i++)
        std::copy_n(&positions[4 * (order.getNumParticles() - 1)], 4, &positions[4 * i]);
}

void CpuPairList::setPosition(int listIndex, const Vec3& local) {
    float* position = &positions[4 * listIndex];
    for (int k = 0; k < 3; k++)
        position[k] = (float) local[k];
    std::memcpy(&position[3], &order.getClasses()[listIndex], sizeof(float));
}

void CpuPairList::build(const vector<Vec3>& allPositions, const Vec3* boxVectors, ThreadPool& threads) {
    const PeriodicBox box(boxVectors);
    const PeriodicBox* periodicBox = periodic ? &box : nullptr;
    toLocal.setOrigin(allPositions, order.getParticles(), box);
    if (!dense)
        order.sort(allPositions, toLocal, periodicBox, RelativeCellSize * (cutoff + skin), threads);
    runInRanges(threads, order.getNumParticles(), order.getNumParticles(), [&](int begin, int end) {
        order.update(begin, end);
        for (int i = begin; i < end; i++) {
            const Vec3 &position = allPositions[order.getParticles()[i]], local = toLocal(position);
            validity.setBuiltPosition(i, position, local);
            setPosition(i, local);
        }
    });
    fillLastBlock();
    if (!dense)
        builder.build(&positions[0], order.getNumParticles(), periodicBox, cutoff + skin, masks, threads, neighbors);
    validity.setBuilt(box);
    complete = true;
}

const BlockNeighbors& CpuPairList::getNeighbors(int block, BlockNeighbors& scratch) const {
    if (!dense)
        return neighbors[block];
    int first = block * backend.blockSize;
    scratch.count = order.getNumParticles() - first;
    scratch.particles.assign(scratch.count + MaxBlockSize, first);
    std::iota(scratch.particles.begin(), scratch.particles.begin() + scratch.count, first);
    masks.apply(block, scratch, [&](int listIndex) { return listIndex - first; });
    return scratch;
}
