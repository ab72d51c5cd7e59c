// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/InteractionClasses.h"
#include "LearnedPairForce.h"
#include "openmm/cpu/AlignedArray.h"
#include "openmm/internal/ThreadPool.h"
#include "openmm/Vec3.h"
#include "simd/SimdBackend.h"
#include <atomic>
#include <vector>

namespace LearnedPairPlugin {

/** The neighbors of a block of particles, and for each of them the particles of the block it does not interact with, a
 * bit each. Both go on for a vector more. */
struct BlockNeighbors {
    int count;
    std::vector<int32_t> particles;
    std::vector<uint16_t> exclusions;
    /** Take out those that interact with no particle of the block. */
    void dropExcluded();
};

/**
 * The pairs of one force: blocks of particles that are close together, as many as a vector has elements, and the
 * neighbors of each block, with the force's own cutoff, boundary conditions, interaction groups and exclusions. Without
 * a cutoff it lists all pairs.
 *
 * OpenMM's CPU platform keeps one list for all forces. Asking for anything there can change what other forces see
 * (their exclusions, their boundary conditions), so that this force never touches it; and the cutoff of a correction is
 * often the shorter one. It does not make a list of the same class for itself either, since building that took a
 * quarter of the whole time of a correction with a table.
 *
 * Within the list, particles are numbered from 0 to getNumParticles()-1, in an order that changes when it is built
 * again; getParticles() says which ones they are.
 */
class CpuPairList {
public:
    CpuPairList(const LearnedPairForce& force, const SimdBackend& backend, int numThreads);
    /** Begin to take over positions: find out what the box alone says about whether the list is complete. */
    void beginMove(const OpenMM::Vec3* box);
    /**
     * Take over positions. Every thread must do this, at the same time; it returns when the last one is done.
     *
     * @return whether the list is complete; otherwise build it
     */
    bool move(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, int thread);
    /** Whether all pairs are listed, without a cutoff. */
    bool isDense() const {
        return dense;
    }
    /** Whether no particle has moved too far since the list was built. */
    bool isComplete() const {
        return complete;
    }
    /** Make the list for some positions. Particles are renumbered. */
    void build(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, OpenMM::ThreadPool& threads);
    const std::vector<int>& getParticles() const {
        return particles;
    }
    int getNumParticles() const {
        return particles.size();
    }
    /** Get the number of blocks; none if there is no pair to list. */
    int getNumBlocks() const {
        return particles.size() < 2 ? 0 : (particles.size() + backend.blockSize - 1) / backend.blockSize;
    }
    /** Get the positions, shape [numBlocks*blockSize][4]: x, y, z in nm, and the bits of the class. What fills the last
     * block up repeats a particle. */
    const float* getPositions() const {
        return &positions[0];
    }
    /** Get the classes, as many as positions; see InteractionClasses. */
    const int32_t* getClasses() const {
        return classes.data();
    }
    /** Get the neighbors of a block. Those of a list of all pairs are not kept: they are written to scratch. */
    const BlockNeighbors& getNeighbors(int block, BlockNeighbors& scratch) const;

private:
    /** What a thread needs to build the list. */
    struct Builder {
        std::vector<uint32_t> listed;
        std::vector<int32_t> first, blocks, neighbors;
    };
    class BoundingBoxArrays;
    void findCovered(const InteractionClasses& interactionClasses);
    template<class Task> void inParts(OpenMM::ThreadPool& threads, int n, Task task) const;
    void setPosition(int index, const OpenMM::Vec3& local);
    void fillUp();
    template<class ToLocal>
    void sortParticles(const std::vector<OpenMM::Vec3>& positions, ToLocal toLocal, OpenMM::ThreadPool& threads);
    void listNeighbors(OpenMM::ThreadPool& threads);
    void listBlock(int block, const BlockBounds& bounds, Builder& builder);
    template<class Find> void exclude(int block, BlockNeighbors& neighbors, Find find) const;
    double getAllowedMove(const OpenMM::Vec3* box) const;
    OpenMM::Vec3 findMiddle(const std::vector<OpenMM::Vec3>& positions) const;
    const SimdBackend& backend;
    bool periodic, dense;
    double cutoff, skin;
    bool isBuilt;
    double allowed; // how far particles may have moved
    bool sameBox;
    std::atomic<bool> complete;
    std::atomic<int> moving;                  // how many threads
    std::vector<int> covered, particles;      // in the order of the System, and in that of the list
    std::vector<int> listIndex;               // of all particles of the System: what they are in the list, or -1
    std::vector<std::vector<int>> exclusions; // of all particles of the System
    int numClasses;
    std::vector<char> interacts;      // shape [numClasses][numClasses]
    bool allInteract;                 // all pairs of particles in the list, exclusions aside
    std::vector<int> particleClasses; // of all particles of the System
    std::vector<int32_t> classes;
    OpenMM::AlignedArray<float> positions;
    // When the list was built: what they were, and what to take from OpenMM's positions to get them.
    std::vector<OpenMM::Vec3> builtPositions, shifts;
    OpenMM::Vec3 builtBox[3];
    std::vector<BlockNeighbors> neighbors;
    std::vector<Builder> builders;
};

} // namespace LearnedPairPlugin
