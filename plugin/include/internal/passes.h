// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

// A pass transforms a program into another program with the same outputs. Unless stated otherwise, all outputs keep
// their values to the last bit. A pass depends only on the text of a program and never on its weights. Two programs
// that differ only in their weights are therefore transformed into programs that differ only in their weights.

/** Evaluate steps whose operands are all constant. The result is a weight if any operand is. */
LEARNEDPAIR_EXPORT TensorProgram foldConstants(const TensorProgram& program);

/** Apply algebraic identities that are exact in floating point. The source lists them. */
LEARNEDPAIR_EXPORT TensorProgram simplify(const TensorProgram& program);

/** Compute equal steps once: common subexpression elimination. Two weights are different even if their values agree. */
LEARNEDPAIR_EXPORT TensorProgram shareSubexpressions(const TensorProgram& program);

/** Remove steps on which no output depends. */
LEARNEDPAIR_EXPORT TensorProgram removeDeadCode(const TensorProgram& program);

/**
 * Split linear layers. If x is a concatenation, a sum or a difference of values of different stages, the product W x
 * becomes a sum of products, one for the values of each stage. Results change by rounding.
 *
 * @param program    the program
 * @param particles  whether particles have types or features: see findStages()
 */
LEARNEDPAIR_EXPORT TensorProgram splitLinearLayers(const TensorProgram& program, ParticleInput particles);

/** Regroup sums: terms of the same stage are added to each other first. Results change by rounding. */
LEARNEDPAIR_EXPORT TensorProgram regroupSums(const TensorProgram& program, ParticleInput particles);

/** Apply all passes above repeatedly until the program no longer changes. Results change by rounding. */
LEARNEDPAIR_EXPORT TensorProgram optimize(const TensorProgram& program, ParticleInput particles);

/**
 * Append the derivatives of outputs with respect to one element of an input, by forward-mode differentiation (Griewank
 * and Walther, Evaluating Derivatives, ch. 3).
 *
 * @param program     the program
 * @param slot        the slot of the input: PairInput::Distance or PairInput::Globals
 * @param element     the index of the element of the input
 * @param numOutputs  the number of outputs to differentiate, counted from the first output
 * @return a program with the same outputs, followed by the derivatives
 * @throws OpenMMException if the program has an operation without a derivative rule
 */
LEARNEDPAIR_EXPORT TensorProgram differentiate(const TensorProgram& program, int slot, int element, int numOutputs);

/**
 * Append the gradient of the first output, which must be a number, with respect to an input, by reverse-mode
 * differentiation (Griewank and Walther, Evaluating Derivatives, ch. 3). It takes a few times as long as the output,
 * whatever the length of the input.
 *
 * @param program  the program
 * @param slot     the slot of the input, which the program must read
 * @return a program with the same outputs, followed by the gradient
 * @throws OpenMMException if the program has an operation without a derivative rule
 */
LEARNEDPAIR_EXPORT TensorProgram appendGradient(const TensorProgram& program, int slot);

/**
 * Replace values of the radial stage that steps of the pair stage use by one table of cubic Hermite curves in r. Values
 * of length 1, whole numbers, values that are already tabulated, and values that depend on global parameters are not
 * replaced. Results change by the error of the interpolation.
 *
 * @param program      the program
 * @param particles    whether particles have types or features: see findStages()
 * @param minDistance  the distance of the first knot, measured in nm
 * @param maxDistance  the distance of the last knot, measured in nm
 * @param numKnots     the number of knots
 * @return the program with the table; the unchanged program if there are no values to replace
 */
LEARNEDPAIR_EXPORT TensorProgram tabulateRadial(
        const TensorProgram& program, ParticleInput particles, double minDistance, double maxDistance, int numKnots);

/** A program as a product f = factor*rest. */
struct FactoredProgram {
    TensorProgram factor; ///< depends on global parameters only; the literal 1 if there is no such factor
    TensorProgram rest;
};

/**
 * Divide a program with one output, of length 1, into a factor that depends on global parameters only, and the rest.
 * There is a factor only if the output is a product, as in lam*network(r). Results change by rounding.
 *
 * @param program    the program
 * @param particles  whether particles have types or features: see findStages()
 */
LEARNEDPAIR_EXPORT FactoredProgram splitGlobalFactor(const TensorProgram& program, ParticleInput particles);

/** Find the global parameters that a program reads. @return whether it reads each of numGlobals parameters */
LEARNEDPAIR_EXPORT std::vector<char> findGlobalsRead(const TensorProgram& program, int numGlobals);

} // namespace LearnedPairPlugin
