// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelArguments.h"
#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/ComputeKernel.h"
#include "openmm/common/ComputeParameterInfo.h"
#include "openmm/common/NonbondedUtilities.h"
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** The properties of a device's warps. A warp has TILE_SIZE threads, which work on one tile together. */
struct WarpTraits {
    int warpsPerGroup;     ///< at most so many warps in a thread block in single precision; half as many in double
    const char* syncWarp;  ///< the statement that synchronizes the threads of a warp
    const char* lowestBit; ///< the expression of the number of the lowest bit that is set in the unsigned integer x
    const char* countBits; ///< the expression of the number of bits that are set in the unsigned integer x
    bool hasTensorCores;   ///< whether to use tensor cores for programs that support them
    /**
     * Force a neighbor list of the device's platform to be rebuilt when it is next prepared.
     *
     * @param startFraction, endFraction  the share of the atom blocks that the device evaluates
     */
    void (*rebuild)(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction);
};

/** Whether a TileKernel finds the pairs that count, and what it does with their masks. */
enum class TileMasks {
    Find, ///< find the pairs
    Save, ///< find the pairs, and save their masks for another kernel that runs on the same list
    Load  ///< load the masks that another kernel has saved
};

/** What a TileKernel does: the pieces that are inserted into kernels/tiles.cc. */
struct TileText {
    std::string name;      ///< the name of the kernel
    std::string functions; ///< functions that precede the kernel
    std::string local;     ///< declares arrays in local memory
    std::string begin;     ///< declares the variables of a thread
    std::string tile;      ///< works on the pairs of a tile; kernels/tiles.cc lists the names that it uses
    std::string end;       ///< follows after the last tile
    std::string condition; ///< an expression that is true if the particles of a pair interact; may be empty
    /**
     * Arrays with one element per particle. The kernel loads those of a tile into local memory. LP_HOLE_GET_PARAMETERS
     * gets those of the pair of `place1` and `place2`: it appends 1 or 2 to their names.
     */
    std::vector<OpenMM::ComputeParameterInfo> parameters;
    double localBytes = 0; ///< the size of its arrays in local memory, for each warp
    TileMasks masks = TileMasks::Find;
    std::shared_ptr<OpenMM::ComputeArray> savedMasks; ///< null with TileMasks::Find; the kernels set its size
};

/**
 * The kernel in kernels/tiles.cc, which works on the tiles of a neighbor list with a cutoff. The list's own kernel
 * evaluates nothing.
 */
class TileKernel {
public:
    /**
     * @param list       must have been initialized
     * @param arguments  the arguments that the pieces of the text need, and global_NAME for each of its parameters;
     *                   those of kernels/tiles.cc are added
     */
    TileKernel(OpenMM::ComputeContext& cc, OpenMM::NonbondedUtilities& list, double cutoff, const WarpTraits& traits,
            const TileText& text, const KernelArguments& arguments);
    /** Run the kernel. The neighbor list must have been prepared. */
    void execute();

private:
    void addArguments();
    void resizeMasks();
    std::string createText(const TileText& text) const;
    int findNumWarps(const TileText& text) const;
    OpenMM::ComputeContext& cc;
    OpenMM::NonbondedUtilities& list;
    const WarpTraits traits;
    OpenMM::ComputeKernel kernel;
    OpenMM::ComputeArray numTaken; // unsigned int: the number of tiles that warps have fetched
    KernelArguments arguments;
    int tilesArgument, maxTilesArgument, interactingAtomsArgument, boxArgument;
    int groupSize;
    size_t maxTiles;
    std::shared_ptr<OpenMM::ComputeArray> savedMasks;
    int masksArgument;
};

} // namespace LearnedPairPlugin
