// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/common/ComputeParameterInfo.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Statements that evaluate a learned function for one pair, or for 16 pairs on tensor cores. Each member is inserted at
 * its own place in a kernel. kernels/pairEnergy.cc lists the names that they use and declare.
 */
struct PairFunctionText {
    std::string declareInputs; ///< declares the inputs of a thread's two pairs; only for tensor cores
    std::string setInputs;     ///< sets the inputs of one pair
    std::string program;       ///< evaluates the function at lpRClamped
    std::string getResults;    ///< declares the results of one pair
};

/** Everything that a kernel needs to evaluate a LearnedPairForce, whatever the source of its pairs. */
struct PairKernelText {
    std::string condition; ///< an expression that is true if the particles of a pair interact; may be empty
    std::string distance;  ///< kernels/pairDistance.cc
    PairFunctionText function;
    bool onTensorCores; ///< whether the function is evaluated for 16 pairs at once
    std::string energy; ///< kernels/pairEnergy.cc
    /** Arrays with one element per particle. A kernel appends 1 or 2 to a name for the two particles of a pair. */
    std::vector<OpenMM::ComputeParameterInfo> parameters;
    std::vector<OpenMM::ComputeParameterInfo> arguments;
    std::vector<std::string> derivatives; ///< the names of the parameters of lpParameterDerivative0, 1 ...
};

} // namespace LearnedPairPlugin
