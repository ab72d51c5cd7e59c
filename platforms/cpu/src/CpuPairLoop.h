// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairList.h"
#include "openmm/Vec3.h"
#include "openmm/cpu/CpuPlatform.h"
#include "openmm/internal/vectorize.h"
#include <atomic>
#include <vector>

namespace LearnedPairPlugin {

/** What a loop over pairs adds up, without the scale. */
struct CpuPairSums {
    double energy = 0;               ///< in kJ/mol
    std::vector<double> derivatives; ///< of the energy with respect to each global parameter that was asked for
};

/**
 * A loop over all pairs of a list, with all threads: what is common to tables and programs. A block of eight particles
 * meets its neighbors one after another, with the distances computed for the whole block at once.
 */
class CpuPairLoop {
public:
    CpuPairLoop(const LearnedPairForce& force, const CpuPairList& list);
    virtual ~CpuPairLoop() = default;
    /** Add scale times the forces to the platform's per-thread forces, and everything else to sums. */
    void compute(const OpenMM::Vec3* box, float scale, bool includeForces, OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums);
protected:
    static constexpr int BlockSize = CpuPairList::BlockSize;

    /** The periodic box in single precision. */
    struct Box {
        explicit Box(const OpenMM::Vec3* box);
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

    /** Hands out blocks to threads: to whoever is free, unless sums must always be made in the same order. */
    class BlockQueue {
    public:
        BlockQueue(std::atomic<int>& shared, bool fixed, int thread, int numThreads, int numBlocks) : shared(shared), fixed(fixed), own(thread), numThreads(numThreads), numBlocks(numBlocks) {
        }
        /** @return whether there is another block */
        bool next(int& block) {
            block = (fixed ? own : (int) shared++);
            own += numThreads;
            return block < numBlocks;
        }
    private:
        std::atomic<int>& shared;
        bool fixed;
        int own, numThreads, numBlocks;
    };

    /** A block's pairs with one neighbor: displacements from the neighbor to the particles of the block. */
    struct Row {
        int neighbor, inRange; ///< inRange: a bit for each particle of the block
        float dx[BlockSize], dy[BlockSize], dz[BlockSize], r2[BlockSize];
    };

    /** What one thread needs to do its share. @param forces  null if they are not asked for */
    virtual void computeThread(int thread, BlockQueue& blocks, const Box& box, float scale, float* forces, CpuPairSums& sums) = 0;

    /** Get the particles of a block, as the list numbers them. */
    const int32_t* getBlockParticles(int block) const {
        return &list.getList()->getSortedAtoms()[block*BlockSize];
    }
    /** Get where the force on a particle of the list is summed. */
    float* getForce(float* forces, int particle) const {
        return &forces[4*list.getParticles()[particle]];
    }
    /** Call visit(const Row&) for every neighbor of a block that is in range of one of its particles. */
    template<class Visit> void visitNeighbors(int block, const Box& box, Visit visit) const;

    const CpuPairList& list;
private:
    bool periodic;
    float cutoffSquared;
};

template<class Visit> void CpuPairLoop::visitNeighbors(int block, const Box& box, Visit visit) const {
    const OpenMM::CpuNeighborList& neighborList = *list.getList();
    const float* positions = list.getPositions();
    const int32_t* particles = getBlockParticles(block);
    float x[BlockSize], y[BlockSize], z[BlockSize];
    for (int k = 0; k < BlockSize; k++) {
        x[k] = positions[4*particles[k]];
        y[k] = positions[4*particles[k]+1];
        z[k] = positions[4*particles[k]+2];
    }
    OpenMM::CpuNeighborList::NeighborIterator neighbors = neighborList.getNeighborIterator(block);
    Row row;
    while (neighbors.next()) {
        row.neighbor = neighbors.getNeighbor();
        const float* position = &positions[4*row.neighbor];
        row.inRange = 0;
        for (int half = 0; half < BlockSize; half += 4) {
            fvec4 deltaX = fvec4(x+half)-position[0], deltaY = fvec4(y+half)-position[1], deltaZ = fvec4(z+half)-position[2];
            if (periodic)
                box.apply(deltaX, deltaY, deltaZ);
            fvec4 distanceSquared = deltaX*deltaX+deltaY*deltaY+deltaZ*deltaZ;
            deltaX.store(row.dx+half);
            deltaY.store(row.dy+half);
            deltaZ.store(row.dz+half);
            distanceSquared.store(row.r2+half);
            for (int k = half; k < half+4; k++)
                row.inRange |= (row.r2[k] < cutoffSquared) << k;
        }
        row.inRange &= ~neighbors.getExclusions();
        if (row.inRange != 0)
            visit(row);
    }
}

} // namespace LearnedPairPlugin
