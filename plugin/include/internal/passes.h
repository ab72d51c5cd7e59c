// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

// Passes: each makes a new program from one. Unless it is said, every output keeps its value to the last bit. What a
// pass does depends on the text of a program only, never on its weights, so that new weights of the same structure give
// a program of the same structure.

/** Evaluate steps whose operands are all constant. The result is a weight if any operand is. */
LEARNEDPAIR_EXPORT TensorProgram foldConstants(const TensorProgram& program);

/** Apply identities that are exact in floating point; each stands beside its equation in the source. */
LEARNEDPAIR_EXPORT TensorProgram simplify(const TensorProgram& program);

/** Compute equal steps once. Weights are never equal, whatever their values. */
LEARNEDPAIR_EXPORT TensorProgram shareSubexpressions(const TensorProgram& program);

/** Remove steps that no output needs. */
LEARNEDPAIR_EXPORT TensorProgram removeDeadCode(const TensorProgram& program);

/**
 * Replace W x by the sum of the products of the parts of x where x is a concatenation, a sum or a difference of values
 * of different stages. Results change by rounding.
 *
 * @param particles  whether particles have types or features: see findStages()
 */
LEARNEDPAIR_EXPORT TensorProgram splitLinearLayers(const TensorProgram& program, ParticleInput particles);

/**
 * Regroup sums, so that terms of one stage are added to each other first. Results change by rounding.
 */
LEARNEDPAIR_EXPORT TensorProgram regroupSums(const TensorProgram& program, ParticleInput particles);

/** All of the above, until nothing changes. */
LEARNEDPAIR_EXPORT TensorProgram optimize(const TensorProgram& program, ParticleInput particles);

/**
 * Append the derivatives of outputs with respect to one element of an input, by forward differentiation (Griewank and
 * Walther, Evaluating Derivatives, ch. 3).
 *
 * @param slot        the input: PairInput::Distance or PairInput::Globals
 * @param element     which element of the input
 * @param numOutputs  how many outputs to differentiate, beginning with the first
 * @return a program with the same outputs, followed by the derivatives
 * @throws OpenMMException if the program has an operation without a derivative rule
 */
LEARNEDPAIR_EXPORT TensorProgram differentiate(const TensorProgram& program, int slot, int element, int numOutputs);

/**
 * Replace the values of the radial stage that others use by tables, cubic Hermite in r. Values that depend on global
 * parameters are left as they are, and so are single numbers.
 *
 * @param particles    whether particles have types or features
 * @param minDistance  the distance of the first knot, in nm
 * @param maxDistance  the distance of the last knot, in nm
 * @param numKnots     the number of knots
 * @return the program, with one table, or as it was if there is nothing to replace
 */
LEARNEDPAIR_EXPORT TensorProgram tabulateRadial(
        const TensorProgram& program, ParticleInput particles, double minDistance, double maxDistance, int numKnots);

} // namespace LearnedPairPlugin
