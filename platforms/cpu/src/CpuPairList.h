// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "BlockNeighbors.h"
#include "ExclusionMasks.h"
#include "LearnedPairForce.h"
#include "ListValidity.h"
#include "LocalCoordinates.h"
#include "openmm/cpu/AlignedArray.h"
#include "openmm/internal/ThreadPool.h"
#include "openmm/Vec3.h"
#include "PairListBuilder.h"
#include "ParticleOrder.h"
#include "simd/SimdBackend.h"
#include <atomic>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The cluster pair list of one force: blocks of particles that are close together, as many as a vector has elements,
 * and the neighbors of each block, with the force's own cutoff, boundary conditions, interaction groups and exclusions.
 * Without a cutoff it lists all pairs.
 *
 * OpenMM's CPU platform keeps one list for all forces, and this force does not use it: a request for it can change what
 * other forces see (their exclusions, their boundary conditions), and the cutoff of a correction is often shorter.
 * Building a list of OpenMM's own class took a quarter of the whole time of a correction with a table.
 *
 * Particles are renumbered whenever the list is built: see ParticleOrder.
 */
class CpuPairList {
public:
    CpuPairList(const LearnedPairForce& force, const InteractionClasses& classes, const SimdBackend& backend,
            int numThreads);
    /** Begin to take over positions: compare the periodic box with that of the list. */
    void beginUpdate(const OpenMM::Vec3* box);
    /**
     * Take over positions. Every thread must call this, at the same time; it returns when the last one is done.
     *
     * @return whether the list is complete; otherwise build it
     */
    bool updatePositions(const std::vector<OpenMM::Vec3>& positions, int thread);
    /** Whether the list is of all pairs, without a cutoff. */
    bool isDense() const {
        return dense;
    }
    /** Whether the list has all pairs within the cutoff at the positions that were taken over last. */
    bool isComplete() const {
        return complete;
    }
    /**
     * Build the list. Particles are renumbered.
     *
     * @throws OpenMMException  as LocalCoordinates::setOrigin()
     */
    void build(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, OpenMM::ThreadPool& threads);
    const ParticleOrder& getOrder() const {
        return order;
    }
    /** Get the positions, shape [numBlocks*blockSize][4]: x, y, z in nm, and the bits of the interaction class. The
     * last block is filled up with copies of the last particle. */
    const float* getPositions() const {
        return &positions[0];
    }
    /** Get the neighbors of a block. A list of all pairs does not store them: they are written to scratch. */
    const BlockNeighbors& getNeighbors(int block, BlockNeighbors& scratch) const;

private:
    void setPosition(int listIndex, const OpenMM::Vec3& local);
    void fillLastBlock();
    const SimdBackend& backend;
    int numThreads;
    bool periodic, dense;
    double cutoff, skin;
    ParticleOrder order;
    ExclusionMasks masks;
    LocalCoordinates toLocal;
    ListValidity validity;
    PairListBuilder builder;
    std::atomic<bool> complete;
    std::atomic<int> numUpdating; // threads that still take over positions
    OpenMM::AlignedArray<float> positions;
    std::vector<BlockNeighbors> neighbors;
};

} // namespace LearnedPairPlugin
