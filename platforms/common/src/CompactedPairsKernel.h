// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairKernelText.h"
#include "TileKernel.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * Make the kernel for functions with many operations: a TileKernel with kernels/pairTile.cc, which writes the pairs in
 * range into a list without gaps (stream compaction), and then divides the list evenly among the threads of a warp.
 *
 * @param list  a neighbor list that has been initialized
 */
std::unique_ptr<TileKernel> makeCompactedPairsKernel(OpenMM::ComputeContext& cc, OpenMM::NonbondedUtilities& list,
        double cutoff, const WarpTraits& traits, const PairKernelText& pair);

/**
 * Prepare a text for kernels/compactPairs.cc, which makes the list of compacted pairs.
 *
 * @param pairs         the name of an array in local memory with elements of type real for each pair of a tile
 * @param realsPerPair  the number of elements for each pair
 */
void addCompactedPairs(OpenMM::ComputeContext& cc, TileText& text, const std::string& pairs, int realsPerPair);

} // namespace LearnedPairPlugin
