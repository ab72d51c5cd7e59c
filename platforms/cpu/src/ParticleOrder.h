// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/InteractionClasses.h"
#include "LocalCoordinates.h"
#include "openmm/internal/ThreadPool.h"
#include <cstdint>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The particles of a pair list and their order in it. Only particles that interact with another one are listed.
 *
 * An index within the list ("list index") runs from 0 to getNumParticles()-1. The list consists of blocks of blockSize
 * particles that are close together.
 */
class ParticleOrder {
public:
    ParticleOrder(const InteractionClasses& classes, int blockSize);
    int getNumParticles() const {
        return particles.size();
    }
    /** Get the number of blocks; 0 if there is no pair to list. */
    int getNumBlocks() const {
        return particles.size() < 2 ? 0 : (particles.size() + blockSize - 1) / blockSize;
    }
    /** Get the index in the System of each listed particle. */
    const std::vector<int>& getParticles() const {
        return particles;
    }
    /** Get the list index of a particle of the System, or -1. */
    int getListIndex(int particle) const {
        return listIndex[particle];
    }
    /** Get the interaction class of each listed particle, filled up to whole blocks. */
    const std::vector<int32_t>& getClasses() const {
        return classes;
    }
    /** Get the interaction classes that listed particles have. */
    std::vector<int> findClasses() const;
    /**
     * Sort the particles along a Hilbert curve, so that those that are close in space are close in the list. Call
     * update() afterwards.
     *
     * @param cellSize  particles in the same cell of this size (nm) are not ordered among themselves
     * @param box       the periodic box, or nullptr
     */
    void sort(const std::vector<OpenMM::Vec3>& positions, const LocalCoordinates& toLocal, const PeriodicBox* box,
            double cellSize, OpenMM::ThreadPool& threads);
    /** Set the list index and the class of the particles with some list indices. */
    void update(int begin, int end);

private:
    int blockSize;
    std::vector<int> covered;         // the listed particles in the order of the System
    std::vector<int> particles;       // the listed particles in the order of the list
    std::vector<int> listIndex;       // of all particles of the System
    std::vector<int> particleClasses; // of all particles of the System
    std::vector<int32_t> classes;
};

} // namespace LearnedPairPlugin
