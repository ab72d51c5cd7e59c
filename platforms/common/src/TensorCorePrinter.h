// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ConstantLayout.h"
#include "TensorCorePlan.h"
#include "TensorProgram.h"
#include <string>

namespace LearnedPairPlugin {

/**
 * Prints a program as CUDA source for a warp that evaluates 16 pairs together, with matrix products on tensor cores
 * (instruction mma.m16n8k16: bf16 operands, sums in float). TensorCorePlan explains how floats are split into bf16
 * terms.
 *
 * Vectors keep the layout in which the instruction leaves its results. It is also the layout of the next product's
 * operand, so that threads exchange no data between layers. The four threads 4p to 4p+3 of the warp share the pairs p
 * and p+8, and each holds a quarter of every vector: thread 4p+q has the elements 8t+2q and 8t+2q+1 of both pairs, for
 * t = 0, 1 ... They are stored in an array with one entry for each t. An entry has four numbers: the two elements of
 * the first pair, then those of the second. Past the end of a vector its last element is repeated. A value of length 1
 * is an array of two numbers, one for each pair, equal in all four threads.
 *
 * The source reads its inputs from
 *
 *     lpRClampedPair[2]                            the distances of both pairs
 *     lpParticle1[2], lpParticle2[2], lpPair[2]    pointers to their inputs
 *     lpGlobals, lpWeights                         pointers to the inputs and constants that all pairs share
 *     lpFragments                                  a pointer to TensorCorePlan::getFragments()
 *     lpLane                                       the index of the thread in the warp
 *     lpQuad                                       the index q of the thread among its four
 *
 * and declares lpOutput0[2], lpOutput1[2] ... It calls the functions of kernels/tensorCores.cc.
 */
class TensorCorePrinter {
public:
    /** @param program, plan  must outlive this object; the plan must be that of the program */
    TensorCorePrinter(const TensorProgram& program, const TensorCorePlan& plan);
    /** Print the source. */
    std::string print() const;

private:
    const TensorProgram& program;
    const ConstantLayout layout;
    const TensorCorePlan& plan;
};

} // namespace LearnedPairPlugin
