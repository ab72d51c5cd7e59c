// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/** An operand of an elementwise operation. */
struct BatchOperand {
    const double* values;
    int stride;   ///< the number of values from one element to the next; 0 if all elements are the same
    bool perItem; ///< whether an element has 16 values, one for each item, or one value for all items
};

/**
 * The operations that take most of the time of a program, in double precision, for a batch of 16 items. They are
 * compiled for several instruction sets, of which the best one that the processor supports is chosen at run time.
 * Arrays have the shape [element][16]. The relative error of functions
 * is at most 1e-15. Matrix products may use fused multiply-adds.
 */
struct LEARNEDPAIR_EXPORT BatchArithmetic {
    static constexpr int BatchSize = 16;
    const char* name; ///< "AVX512", "AVX2", "NEON" or "portable"
    /** Multiply a matrix of shape [numRows][numColumns] and a batch of vectors. */
    void (*multiply)(const double* matrix, int numRows, int numColumns, const double* x, double* result);
    /** Compute x+y, x-y and x*y of `count` elements. */
    void (*add)(const BatchOperand& x, const BatchOperand& y, double* result, int count);
    void (*subtract)(const BatchOperand& x, const BatchOperand& y, double* result, int count);
    void (*multiplyElements)(const BatchOperand& x, const BatchOperand& y, double* result, int count);
    /** Compute exp(x) of `count` numbers, a multiple of 16. The result may be x itself. */
    void (*exp)(const double* x, double* result, int count);
    /** Compute 1/(1+exp(-x)). */
    void (*sigmoid)(const double* x, double* result, int count);
    /** Compute tanh(x). */
    void (*tanh)(const double* x, double* result, int count);
    /**
     * Get the functions for the best instruction set of the processor, or for the one that the environment variable
     * LEARNEDPAIR_CPU_INSTRUCTIONS names; see docs/architecture.md. For a name without functions of its own,
     * such as SSE4, these are the portable ones.
     */
    static const BatchArithmetic& get();
};

} // namespace LearnedPairPlugin
