// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/ComputeKernel.h"
#include "openmm/common/NonbondedUtilities.h"
#include "PairSource.h"
#include <cstddef>

namespace LearnedPairPlugin {

/** What the threads of a device that work on one tile together can do. */
struct WarpLanguage {
    int warpsPerGroup;    ///< how many warps of TILE_SIZE threads form a group, in single precision; half as many do in
                          ///< double
    const char* syncWarp; ///< a statement that all threads of a warp pass
    bool hasTensorCores;  ///< whether they can multiply bf16 matrices
    /** Make a neighbor list of the device's platform rebuild itself when it is next prepared. */
    void (*rebuild)(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction);
};

/**
 * The kernel in kernels/packedPairs.cc, for functions that cost so much that no thread must wait while others evaluate
 * them. It takes the tiles of a neighbor list with a cutoff, whose own kernel has nothing to do.
 */
class PackedPairsKernel {
public:
    /** Call this when the neighbor list has been initialized. */
    PackedPairsKernel(OpenMM::ComputeContext& cc, OpenMM::NonbondedUtilities& list, double cutoff,
            const WarpLanguage& language, const PairSource& source);
    /** Compute energies and forces. The neighbor list must have been prepared. */
    void execute();

private:
    OpenMM::ComputeContext& cc;
    OpenMM::NonbondedUtilities& list;
    OpenMM::ComputeKernel kernel;
    OpenMM::ComputeArray numTaken; // unsigned int: how many tiles have been taken by the threads
    int groupSize;
    size_t maxTiles;
};

} // namespace LearnedPairPlugin
