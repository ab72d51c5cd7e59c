// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include "listTypes.h"
#include "Operation.h"
#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The limits of the number of pairs in a batch, which is a multiple of two vectors of any instruction set. */
const int MinBatchSize = 32, MaxBatchSize = 128;

/** A value of a program: shape [size][batchSize], or [size] if it is constant. */
struct ProgramValue {
    float* data;
    int32_t size;
    bool isConstant;
};

/** An instruction: a step of a program, with the memory of its operands and its result. */
struct ProgramInstruction {
    void (*run)(const ProgramInstruction& step); ///< see SimdBackend::selectInstruction
    Operation operation;
    int32_t batchSize;
    ProgramValue result;
    const ProgramValue* operands;
    int32_t numOperands;
    const int32_t* integers;
};

/** An input of a program: its values for all distinct particles, or pairs of them, and the memory for a batch. */
struct BatchInput {
    const float* values; ///< shape [number][size], padded by three numbers
    int32_t size;        ///< 0 if the program does not have this input
    float* data;         ///< shape [size][batchSize]
};

/** The pair part of a StagedProgram, bound to the memory of one thread. */
struct PairProgramCode {
    const ProgramInstruction* instructions;
    int numInstructions, batchSize;
    float* distances; ///< the input for the distance; null if the program does not read it
    BatchInput particle1, particle2, pair;
    int numDistinct;         ///< the number of distinct particles; the input `pair` has values for each pair of them
    const int32_t* distinct; ///< the distinct particle of each particle of the list
    const ProgramValue* outputs; ///< see PairOutput
    int numDerivatives;
    float innerCutoff;
    Switching switching;
};

/** Pairs that wait for the program to run. It has more room than a batch: the pairs of one neighbor may exceed the
 * batch, and they are stored as whole vectors. */
struct PairBatch {
    static constexpr int Capacity = MaxBatchSize + 2 * MaxBlockSize;
    int size;
    int32_t first[Capacity], second[Capacity];
    float x[Capacity], y[Capacity], z[Capacity], r2[Capacity];
};

} // namespace LearnedPairPlugin
