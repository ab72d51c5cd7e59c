// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ExclusionMasks.h"
#include "openmm/internal/ThreadPool.h"
#include "PeriodicBox.h"
#include "simd/SimdBackend.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Builds a cluster pair list: for each block of particles its neighbors within a distance, found by two levels of
 * bounding boxes.
 *
 * Source: S. Pall, B. Hess, Comput. Phys. Commun. 184, 2641 (2013).
 */
class PairListBuilder {
public:
    PairListBuilder(const SimdBackend& backend, int numThreads) : backend(backend), buffers(numThreads) {}
    /**
     * List the neighbors of all blocks.
     *
     * @param positions       of the particles in the order of the list, shape [numParticles][4]
     * @param box             the periodic box, or nullptr
     * @param distance        how far neighbors may be away, in nm
     * @param[out] neighbors  those of each block
     */
    void build(const float* positions, int numParticles, const PeriodicBox* box, double distance,
            const ExclusionMasks& masks, OpenMM::ThreadPool& threads, std::vector<BlockNeighbors>& neighbors);

private:
    struct Buffers {
        std::vector<uint32_t> listed;
        std::vector<int32_t> first, blocks, neighbors;
    };
    void listBlock(int block, const BlockBounds& bounds, const ExclusionMasks& masks, Buffers& buffer,
            BlockNeighbors& neighbors) const;
    const SimdBackend& backend;
    std::vector<Buffers> buffers; // for each thread
};

} // namespace LearnedPairPlugin
