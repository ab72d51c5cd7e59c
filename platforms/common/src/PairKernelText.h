// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/common/ComputeParameterInfo.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Statements that evaluate a learned function for one pair, or on tensor cores for 16 pairs, in pieces that a kernel
 * puts where they belong. kernels/pairEnergy.cc lists the names that they use and declare.
 */
struct PairFunctionText {
    std::string declareInputs; ///< only for tensor cores
    std::string setInputs;     ///< sets the inputs of one pair
    std::string program;       ///< evaluates the function at lpRClamped
    std::string getResults;    ///< declares the results of one pair
};

/** All that a kernel needs in order to evaluate a LearnedPairForce, wherever it gets its pairs from. */
struct PairKernelText {
    std::string condition; ///< whether the particles of a pair interact; may be empty
    std::string distance;  ///< kernels/pairDistance.cc
    PairFunctionText function;
    bool onTensorCores; ///< whether the function is evaluated for 16 pairs at once
    std::string energy; ///< kernels/pairEnergy.cc
    /** One element per particle; a kernel has each of them twice, under its name with 1 and with 2 appended. */
    std::vector<OpenMM::ComputeParameterInfo> parameters;
    std::vector<OpenMM::ComputeParameterInfo> arguments;
    std::vector<std::string> derivatives; ///< the parameters that lpParameterDerivative0, 1 ... belong to
};

} // namespace LearnedPairPlugin
