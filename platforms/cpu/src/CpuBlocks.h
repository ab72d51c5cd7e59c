// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairList.h"
#include "LearnedPairForce.h"
#include "openmm/Vec3.h"
#include "simd/SimdBackend.h"
#include <vector>

namespace LearnedPairPlugin {

/** Make the geometry of a force: its boundary conditions and its cutoff. The box must be set before it is used. */
PairGeometry makeGeometry(const LearnedPairForce& force);

/** Set the periodic box vectors of a geometry. */
void setBox(PairGeometry& geometry, const OpenMM::Vec3* box);

/** The blocks of a CpuPairList, in the form in which SIMD functions take them. */
class CpuBlocks {
public:
    CpuBlocks(CpuPairList& list, const SimdBackend& backend, int numThreads) :
            list(list),
            backend(backend),
            scratch(numThreads) {}
    /** Get a block. It is valid until the thread gets the next one. */
    PairBlock get(int index, int thread);

private:
    /** The buffers of one thread. */
    struct Scratch {
        std::vector<float> near;  // the arrays of PairBlock::near
        BlockNeighbors neighbors; // of the current block, if the list is dense and does not store neighbors
    };
    CpuPairList& list;
    const SimdBackend& backend;
    std::vector<Scratch> scratch;
};

} // namespace LearnedPairPlugin
