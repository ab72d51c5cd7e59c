// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "BlockNeighbors.h"
#include "internal/InteractionClasses.h"
#include "LearnedPairForce.h"
#include "ParticleOrder.h"
#include <vector>

namespace LearnedPairPlugin {

/** Which particles of a block a neighbor does not interact with: excluded pairs, pairs of classes that do not interact,
 * pairs that another entry of the list holds, and the filling of the last block. */
class ExclusionMasks {
public:
    /** @param order  must live as long as this object */
    ExclusionMasks(const LearnedPairForce& force, const InteractionClasses& classes, const ParticleOrder& order,
            int blockSize);
    /**
     * Set the exclusions of a block's neighbors. Neighbors that interact with no particle of the block are removed.
     *
     * @param find  returns for the list index of a particle, of this block or a later one, its place among the
     *              neighbors, or -1
     */
    template<class Find> void apply(int block, BlockNeighbors& neighbors, Find find) const;

private:
    void applyClasses(int first, int count, BlockNeighbors& neighbors) const;
    const ParticleOrder& order;
    int blockSize, numClasses;
    std::vector<std::vector<int>> exclusions; // of all particles of the System
    std::vector<char> interacts;              // shape [numClasses][numClasses]
    bool allInteract;                         // whether all pairs of classes that are listed interact
};

template<class Find> void ExclusionMasks::apply(int block, BlockNeighbors& neighbors, Find find) const {
    const int first = block * blockSize, count = std::min(blockSize, order.getNumParticles() - first);
    const uint32_t filling = ~0u << count; // the bits behind the particles of the last block
    neighbors.exclusions.assign(neighbors.particles.size(), (uint16_t) filling);
    for (int k = 0; k < count; k++) {
        neighbors.exclusions[find(first + k)] |= (uint16_t) (~0u << k); // pairs within the block are listed once
        for (int particle : exclusions[order.getParticles()[first + k]]) {
            int listIndex = order.getListIndex(particle), neighbor = listIndex < first ? -1 : find(listIndex);
            if (neighbor >= 0)
                neighbors.exclusions[neighbor] |= (uint16_t) (1u << k);
        }
    }
    if (!allInteract)
        applyClasses(first, count, neighbors);
}

} // namespace LearnedPairPlugin
