// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairLoop.h"
#include "openmm/internal/vectorize.h"
#include <atomic>
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::CpuNeighborList;
using OpenMM::CpuPlatform;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

static const int BlockSize = CpuPairList::BlockSize;

/** The periodic box in single precision. */
struct CpuPairLoop::Box {
    explicit Box(const Vec3* box) {
        for (int i = 0; i < 3; i++) {
            inverse[i] = (float) (1/box[i][i]);
            for (int j = 0; j < 3; j++)
                vectors[i][j] = (float) box[i][j];
        }
    }
    /** Replace displacements by those between nearest periodic copies. */
    void apply(fvec4& dx, fvec4& dy, fvec4& dz) const {
        fvec4 c = round(dz*inverse[2]);
        dx -= c*vectors[2][0];
        dy -= c*vectors[2][1];
        dz -= c*vectors[2][2];
        fvec4 b = round(dy*inverse[1]);
        dx -= b*vectors[1][0];
        dy -= b*vectors[1][1];
        dx -= round(dx*inverse[0])*vectors[0][0];
    }
    float vectors[3][3], inverse[3];
};

CpuPairLoop::CpuPairLoop(const LearnedPairForce& force, const CpuPairTable& table, const CpuPairList& list) :
        periodic(force.usesPeriodicBoundaryConditions()), cutoffSquared((float) (force.getCutoffDistance()*force.getCutoffDistance())), table(table), list(list) {
    for (int particle : list.getParticles())
        classes.push_back(table.getParticleClasses()[particle]);
}

double CpuPairLoop::compute(const Vec3* boxVectors, float scale, bool includeForces, CpuPlatform::PlatformData& data) const {
    if (list.getList() == nullptr)
        return 0;
    Box box(boxVectors);
    int numBlocks = list.getList()->getNumBlocks();
    vector<double> energies(data.threads.getNumThreads(), 0);
    std::atomic<int> nextBlock(0);
    data.threads.execute([&] (ThreadPool& threads, int thread) {
        // Whoever is free takes the next block, unless sums must always be made in the same order.
        bool fixed = data.deterministicForces;
        float* forces = (includeForces ? &data.threadForce[thread][0] : nullptr);
        double energy = 0;
        for (int i = (fixed ? thread : nextBlock++); i < numBlocks; i = (fixed ? i+threads.getNumThreads() : (int) nextBlock++))
            energy += computeBlock(i, box, scale, forces);
        energies[thread] = energy;
    });
    data.threads.waitForThreads();
    double sum = 0;
    for (double energy : energies)
        sum += energy;
    return sum;
}

double CpuPairLoop::computeBlock(int block, const Box& box, float scale, float* forces) const {
    const CpuNeighborList& neighborList = *list.getList();
    const float* positions = list.getPositions();
    const int32_t* atoms = &neighborList.getSortedAtoms()[block*BlockSize];
    const vector<int>& neighbors = neighborList.getBlockNeighbors(block);
    const vector<CpuNeighborList::BlockExclusionMask>& exclusions = neighborList.getBlockExclusions(block);
    float x[BlockSize], y[BlockSize], z[BlockSize];
    int blockClasses[BlockSize];
    for (int k = 0; k < BlockSize; k++) {
        x[k] = positions[4*atoms[k]];
        y[k] = positions[4*atoms[k]+1];
        z[k] = positions[4*atoms[k]+2];
        blockClasses[k] = classes[atoms[k]];
    }
    fvec4 blockForces[BlockSize];
    for (auto& force : blockForces)
        force = fvec4(0.0f);
    double energySum = 0;
    for (size_t n = 0; n < neighbors.size(); n++) {
        int neighbor = neighbors[n];
        const float* position = &positions[4*neighbor];
        const CpuPairTable::Grid* grids = table.getGrids(classes[neighbor]);
        float dx[BlockSize], dy[BlockSize], dz[BlockSize], r2[BlockSize];
        int inRange = 0;
        for (int half = 0; half < BlockSize; half += 4) {
            fvec4 deltaX = fvec4(x+half)-position[0], deltaY = fvec4(y+half)-position[1], deltaZ = fvec4(z+half)-position[2];
            if (periodic)
                box.apply(deltaX, deltaY, deltaZ);
            fvec4 distanceSquared = deltaX*deltaX+deltaY*deltaY+deltaZ*deltaZ;
            deltaX.store(dx+half);
            deltaY.store(dy+half);
            deltaZ.store(dz+half);
            distanceSquared.store(r2+half);
            for (int k = half; k < half+4; k++)
                inRange |= (r2[k] < cutoffSquared) << k;
        }
        inRange &= ~exclusions[n];
        if (inRange == 0)
            continue;
        fvec4 neighborForce(0.0f);
        float neighborEnergy = 0;
        for (int k = 0; k < BlockSize; k++) {
            if ((inRange>>k & 1) == 0)
                continue;
            const CpuPairTable::Grid& grid = grids[blockClasses[k]];
            if (grid.firstSegment == 0)
                continue;
            float r = std::sqrt(r2[k]), energy, dEdR;
            table.evaluate(grid, r, energy, dEdR);
            neighborEnergy += energy;
            float pull = (r > 0 ? scale*dEdR/r : 0.0f); // two particles in one place have no direction to push each other
            fvec4 force = fvec4(dx[k], dy[k], dz[k], 0.0f)*pull;
            neighborForce += force;
            blockForces[k] -= force;
        }
        energySum += neighborEnergy;
        if (forces != nullptr) {
            float* target = &forces[4*list.getParticles()[neighbor]];
            (fvec4(target)+neighborForce).store(target);
        }
    }
    if (forces != nullptr)
        for (int k = 0; k < BlockSize; k++) {
            float* target = &forces[4*list.getParticles()[atoms[k]]];
            (fvec4(target)+blockForces[k]).store(target);
        }
    return energySum;
}
