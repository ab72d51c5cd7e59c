// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ConstantLayout.h"
#include "TensorCorePlan.h"
#include "TensorProgram.h"
#include <string>

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
 *     lpRClampedPair[2]                                     the distances of both pairs
 *     lpParticle1[2], lpParticle2[2], lpPair[2]        pointers to their inputs
 *     lpGlobals, lpWeights, lpFragments                pointers; the last to getFragments()
 *     lpQuad                                           the place of the thread among its four
 *
 * and declares lpOutput0[2], lpOutput1[2] ... It calls functions of kernels/tensorCores.cc.
 */
class TensorCorePrinter {
public:
    /** @param program, plan  must outlive this object; the plan is that of the program */
    TensorCorePrinter(const TensorProgram& program, const TensorCorePlan& plan);
    /** Print the source. */
    std::string print() const;

private:
    const TensorProgram& program;
    const ConstantLayout layout;
    const TensorCorePlan& plan;
};

} // namespace LearnedPairPlugin
