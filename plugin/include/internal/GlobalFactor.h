// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/ProgramInterpreter.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * A pair function as a product f = F*h, in which F depends on global parameters only. If h is tabulated, a change of F
 * needs no new tables. The energy and its derivatives are linear combinations of the tabulated functions, which are h
 * and its derivatives by those global parameters on which it depends:
 *
 *     f = F h,    df/dg = dF/dg h + F dh/dg
 */
class LEARNEDPAIR_EXPORT GlobalFactor {
public:
    /**
     * @param factor            the program of F: see splitGlobalFactor()
     * @param derivatives       the indices of the global parameters with respect to which f is differentiated
     * @param tableDerivatives  those of them with respect to which the derivative of h is tabulated
     */
    GlobalFactor(
            const TensorProgram& factor, const std::vector<int>& derivatives, const std::vector<int>& tableDerivatives);
    /**
     * Get the coefficients of the tabulated functions in f and its derivatives.
     *
     * @param globals  the values of the global parameters
     * @return the coefficients, shape [1 + number of derivatives][1 + number of table derivatives]
     */
    std::vector<double> getCoefficients(const std::vector<double>& globals);

private:
    std::vector<int> columns; // for each derivative the index of its tabulated function, or 0 if there is none
    int numFunctions;
    ProgramInterpreter<double, 1> interpreter; // of F and its derivatives
};

} // namespace LearnedPairPlugin
