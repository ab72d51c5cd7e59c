// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelArguments.h"
#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/ComputeKernel.h"
#include "openmm/common/NonbondedUtilities.h"
#include "PairKernelText.h"
#include <cstddef>
#include <string>

namespace LearnedPairPlugin {

/** What a device can do with the threads of a warp, which work on one tile together. */
struct WarpTraits {
    int warpsPerGroup;    ///< warps of TILE_SIZE threads in a group, in single precision; half as many in double
    const char* syncWarp; ///< a statement that synchronizes the threads of a warp
    bool hasTensorCores;  ///< whether to multiply bf16 matrices on tensor cores
    /** Make a neighbor list of the device's platform rebuild itself when it is next prepared. */
    void (*rebuild)(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction);
};

/**
 * The kernel in kernels/compactedPairs.cc, for functions that take many operations: it compacts the pairs in range
 * (stream compaction), so that no thread of a warp waits while others evaluate theirs. It takes the tiles of a neighbor
 * list with a cutoff, whose own kernel has nothing to do.
 */
class CompactedPairsKernel {
public:
    /** Call this when the neighbor list has been initialized. */
    CompactedPairsKernel(OpenMM::ComputeContext& cc, OpenMM::NonbondedUtilities& list, double cutoff,
            const WarpTraits& traits, const PairKernelText& pair);
    /** Compute energies and forces. The neighbor list must have been prepared. */
    void execute();

private:
    void addArguments(const PairKernelText& pair);
    std::string createText(const PairKernelText& pair) const;
    OpenMM::ComputeContext& cc;
    OpenMM::NonbondedUtilities& list;
    OpenMM::ComputeKernel kernel;
    OpenMM::ComputeArray numTaken; // unsigned int: how many tiles have been taken by the threads
    KernelArguments arguments;
    int tilesArgument, maxTilesArgument, interactingAtomsArgument, boxArgument;
    int groupSize;
    size_t maxTiles;
};

} // namespace LearnedPairPlugin
