// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/common/ComputeParameterInfo.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Statements that evaluate a function for one pair; on tensor cores for several, each part by itself. */
struct PairFunctionSource {
    std::string declareInputs; ///< for tensor cores only
    std::string setInputs;     ///< of one pair
    std::string program;       ///< evaluates the function at lpInside
    std::string getResults; ///< of one pair: declares lpEnergy, lpSlope, and lpDEnergy0, lpDEnergy1 ... for derivatives
};

/** All that a kernel needs in order to evaluate a LearnedPairForce, wherever it gets its pairs from. */
struct PairSource {
    std::string condition;       ///< on the particles of a pair; may be empty
    std::string distance;        ///< statements that declare lpInside, from r2 and invR
    PairFunctionSource function; ///< from lpInside to lpEnergy and lpSlope
    bool onTensorCores;          ///< whether the function is evaluated for 16 pairs at once
    std::string
            energy; ///< statements that add to tempEnergy, dEdR, and lpParameterDerivative0, lpParameterDerivative1 ...
    std::vector<OpenMM::ComputeParameterInfo>
            parameters; ///< one element per particle; both have the name with 1 and 2 behind it
    std::vector<OpenMM::ComputeParameterInfo> arguments;
    std::vector<std::string>
            derivatives; ///< the parameters that lpParameterDerivative0, lpParameterDerivative1 ... belong to
};

} // namespace LearnedPairPlugin
