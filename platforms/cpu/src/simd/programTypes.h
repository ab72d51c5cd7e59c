// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data, which code for several instruction sets works on: see Vector.h.
#pragma once

#include "listTypes.h"
#include "Operation.h"
#include "pairTypes.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** How many pairs a program is run for at once: a multiple of two vectors of any instruction set. */
const int MinBatchSize = 32, MaxBatchSize = 128;

/** A vector that a program computes with: [size][batchSize], or if it is constant [size]. */
struct ProgramValue {
    float* data;
    int32_t size;
    bool isConstant;
};

/** A step of a program. */
struct ProgramInstruction {
    void (*run)(const ProgramInstruction& step); ///< see SimdBackend::selectInstruction
    Operation operation;
    int32_t batchSize;
    ProgramValue result;
    const ProgramValue* operands;
    int32_t numOperands;
    const int32_t* integers;
};

/** An input of a program: the values of all distinct particles or pairs of them, and where to put those of a batch. */
struct BatchInput {
    const float* values; ///< shape [number][size]; three more numbers behind the last one can be read
    int32_t size;        ///< 0 if the program does not have this input
    float* data;         ///< shape [size][batchSize]
};

/** The pair part of a StagedProgram, with the memory it computes in: for one thread. */
struct PairProgramCode {
    const ProgramInstruction* instructions;
    int numInstructions, batchSize;
    float* distances; ///< the input, or null
    BatchInput particle1, particle2, pair;
    int numDistinct;             ///< distinct particles; the input pair has values for each pair of them
    const int32_t* distinct;     ///< the distinct particle of each particle of the list
    const ProgramValue* outputs; ///< see PairOutput
    int numDerivatives;
    float innerCutoff;
    Switching switching;
};

/** Pairs that wait for the program to be run. Those of one neighbor may come on top of a full batch, and are
 * stored as whole vectors. */
struct PairBatch {
    static const int Capacity = MaxBatchSize + 2 * MaxBlockSize;
    int size;
    int32_t first[Capacity], second[Capacity];
    float x[Capacity], y[Capacity], z[Capacity], r2[Capacity];
};

} // namespace LearnedPairPlugin
