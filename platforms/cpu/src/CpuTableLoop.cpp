// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuTableLoop.h"
#include <cmath>

using namespace LearnedPairPlugin;

CpuTableLoop::CpuTableLoop(const LearnedPairForce& force, const CpuPairList& list) : CpuPairLoop(force, list), table(force) {
    for (int particle : list.getParticles())
        classes.push_back(table.getParticleClasses()[particle]);
}

void CpuTableLoop::computeThread(int thread, BlockQueue& blocks, const Box& box, float scale, float* forces, CpuPairSums& sums) {
    for (int block; blocks.next(block); ) {
        const int32_t* particles = getBlockParticles(block);
        int blockClasses[BlockSize];
        fvec4 blockForces[BlockSize];
        for (int k = 0; k < BlockSize; k++) {
            blockClasses[k] = classes[particles[k]];
            blockForces[k] = fvec4(0.0f);
        }
        visitNeighbors(block, box, [&] (const Row& row) {
            const CpuPairTable::Grid* grids = table.getGrids(classes[row.neighbor]);
            fvec4 neighborForce(0.0f);
            float neighborEnergy = 0;
            for (int k = 0; k < BlockSize; k++) {
                if ((row.inRange>>k & 1) == 0)
                    continue;
                const CpuPairTable::Grid& grid = grids[blockClasses[k]];
                if (grid.firstSegment == 0)
                    continue;
                float r = std::sqrt(row.r2[k]), energy, dEdR;
                table.evaluate(grid, r, energy, dEdR);
                neighborEnergy += energy;
                float pull = (r > 0 ? scale*dEdR/r : 0.0f); // two particles in one place have no direction to push each other
                fvec4 force = fvec4(row.dx[k], row.dy[k], row.dz[k], 0.0f)*pull;
                neighborForce += force;
                blockForces[k] -= force;
            }
            sums.energy += neighborEnergy;
            if (forces != nullptr) {
                float* target = getForce(forces, row.neighbor);
                (fvec4(target)+neighborForce).store(target);
            }
        });
        if (forces != nullptr)
            for (int k = 0; k < BlockSize; k++) {
                float* target = getForce(forces, particles[k]);
                (fvec4(target)+blockForces[k]).store(target);
            }
    }
}
