// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairKernelText.h"
#include "TileKernel.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * Make the kernel that evaluates a function with many operations. It first writes the pairs in range of a tile into a
 * list without gaps (stream compaction). All threads of the warp then evaluate pairs of this list, so that none of them
 * waits for a pair that is out of range. The text is in kernels/pairTile.cc.
 *
 * @param list  a neighbor list that has been initialized
 */
std::unique_ptr<TileKernel> makeCompactedPairsKernel(OpenMM::ComputeContext& cc, OpenMM::NonbondedUtilities& list,
        double cutoff, const WarpTraits& traits, const PairKernelText& pair);

/**
 * Declare in a text what kernels/compactPairs.cc needs to write its list of pairs; and an array of numbers in local
 * memory, for results of the pairs.
 *
 * @param results       the name of the array of results
 * @param realsPerPair  how many numbers of type real it has for each pair of a tile
 */
void addCompactedPairs(OpenMM::ComputeContext& cc, TileText& text, const std::string& results, int realsPerPair);

} // namespace LearnedPairPlugin
