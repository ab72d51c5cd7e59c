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

/** The properties of a device's warps. A warp has TILE_SIZE threads, which work on one tile together. */
struct WarpTraits {
    int warpsPerGroup;    ///< the number of warps in a thread block in single precision; half as many in double
    const char* syncWarp; ///< the statement that synchronizes the threads of a warp
    bool hasTensorCores;  ///< whether to use tensor cores for programs that support them
    /**
     * Force a neighbor list of the device's platform to be rebuilt when it is next prepared.
     *
     * @param startFraction, endFraction  the share of the atom blocks that the device evaluates
     */
    void (*rebuild)(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction);
};

/**
 * The kernel in kernels/compactedPairs.cc, for functions with many operations. It writes the pairs in range into a list
 * without gaps (stream compaction), and then divides the list evenly among the threads of a warp. It reads the tiles of
 * a neighbor list with a cutoff; the list's own kernel evaluates nothing.
 */
class CompactedPairsKernel {
public:
    /** @param list  must have been initialized */
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
    OpenMM::ComputeArray numTaken; // unsigned int: the number of tiles that warps have fetched
    KernelArguments arguments;
    int tilesArgument, maxTilesArgument, interactingAtomsArgument, boxArgument;
    int groupSize;
    size_t maxTiles;
};

} // namespace LearnedPairPlugin
