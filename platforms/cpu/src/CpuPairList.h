// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/Vec3.h"
#include "openmm/cpu/AlignedArray.h"
#include "openmm/cpu/CpuNeighborList.h"
#include "openmm/internal/ThreadPool.h"
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The pairs of one force: OpenMM's CPU neighbor list, but an own one, over the covered particles only, with the
 * force's own cutoff, boundary conditions and exclusions. Without a cutoff it lists all pairs.
 *
 * OpenMM's CPU platform keeps one list for all forces. Asking for anything there can change what other forces see
 * (their exclusions, their boundary conditions), so that this force never touches it.
 *
 * Within the list, particles are numbered from 0 to getNumParticles()-1; getParticles() says which ones they are.
 */
class CpuPairList {
public:
    /**
     * @param covered    for each particle of the System, whether it can interact
     * @param blockSize  the number of particles in a block of the list
     */
    CpuPairList(const LearnedPairForce& force, const std::vector<char>& covered, int blockSize);
    /** Take over positions, and build the list again if particles or the box have moved too far since. */
    void update(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, OpenMM::ThreadPool& threads);
    const std::vector<int>& getParticles() const {
        return particles;
    }
    int getNumParticles() const {
        return particles.size();
    }
    /** Get the positions, shape [numParticles][4]: x, y, z and an unused number, measured in nm. */
    const float* getPositions() const {
        return &positions[0];
    }
    /** Get the list, or nullptr if there is no pair to list. */
    const OpenMM::CpuNeighborList* getList() const {
        return particles.size() < 2 ? nullptr : &list;
    }
    /** Get whether the list has all pairs, since there is no cutoff. */
    bool isDense() const {
        return dense;
    }
private:
    void build(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, OpenMM::ThreadPool& threads);
    double getAllowedMove(const OpenMM::Vec3* box) const;
    OpenMM::Vec3 findMiddle(const std::vector<OpenMM::Vec3>& positions) const;
    bool periodic, dense;
    double cutoff, padding;
    bool isBuilt;
    std::vector<int> particles;
    std::vector<std::set<int> > exclusions;
    OpenMM::AlignedArray<float> positions;
    std::vector<OpenMM::Vec3> builtPositions; // what they were when the list was built
    OpenMM::Vec3 builtBox[3];
    double builtInverse[3] = {};
    OpenMM::Vec3 origin; // of a cluster, which may be far from zero, where single precision has few digits left
    OpenMM::CpuNeighborList list;
};

} // namespace LearnedPairPlugin
