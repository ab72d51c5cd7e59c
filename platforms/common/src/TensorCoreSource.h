// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ConstantLayout.h"
#include "TensorProgram.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A program as CUDA source for a warp that evaluates 16 pairs together and multiplies their vectors with its matrices
 * on tensor cores (instruction mma.m16n8k16, bf16 with sums in float).
 *
 * The vectors are kept as that instruction leaves its results. The four threads 4p to 4p+3 of the warp share the pairs
 * p and p+8; each has a quarter of the elements of every vector, of both pairs: elements 8t+2q and 8t+2q+1, for t = 0,
 * 1 ..., if q is its place among the four. They are in an array with an entry for each t, of four numbers: the two
 * elements of the first pair, then those of the second. Two such entries are, unchanged, what the next product needs.
 * Behind the end of a vector its last element is repeated. Single numbers are in arrays of two, one for each pair, the
 * same in all four threads.
 *
 * A float is the sum of three bf16 numbers. Of the nine products of those of an element with those of a weight the six
 * largest are made; what is missing, 2^-23 of the whole at most, is no more than a float's own rounding.
 *
 * The source reads its inputs from
 *
 *     lpInsides[2]                                     the distances of both pairs
 *     lpParticle1[2], lpParticle2[2], lpPair[2]        pointers to their inputs
 *     lpGlobals, lpWeights, lpFragments                pointers; the last to getFragments()
 *     lpQuad                                           the place of the thread among its four
 *
 * and declares lpOutput0[2], lpOutput1[2] ... It calls functions of kernels/tensorCores.cc.
 */
class TensorCoreSource {
public:
    explicit TensorCoreSource(const TensorProgram& program);
    /**
     * Get why a program cannot be printed in this way, or an empty string if it can: the elements of its vectors must
     * stay in their places, one of its layers must be at least 16 wide, and none wider than 128.
     */
    const std::string& getObstacle() const {
        return obstacle;
    }
    /**
     * Get the matrices, cut and arranged as the threads load them: for each product's matrix, for each 16 columns and 8
     * rows of it, for each of the three bf16 parts and for each thread of the warp, two words, which are two registers
     * of the thread.
     */
    std::vector<std::uint32_t> getFragments() const;
    /** Print the source. */
    std::string print() const;

private:
    bool isMatrixProduct(const ProgramStep& step) const;
    const TensorProgram program;
    const ConstantLayout layout;
    std::string obstacle;
    std::map<int, int> fragmentOffsets; // of each matrix that tensor cores multiply with, by its step; in pieces of 16
                                        // columns and 8 rows
};

} // namespace LearnedPairPlugin
