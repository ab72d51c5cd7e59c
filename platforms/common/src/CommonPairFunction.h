// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/GlobalValues.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "PairKernelText.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** A learned function on a device: its data, and the kernel text that evaluates it. */
class CommonPairFunction {
public:
    virtual ~CommonPairFunction() = default;
    /** Set the values of the global parameters. Called before every evaluation. */
    virtual void updateGlobals(const GlobalValues& globals) {}
    /** Get whether the function has few enough operations to share a kernel with other forces. */
    virtual bool isSmall() const = 0;
    /** Get the arrays with one element per particle. Their names begin with a prefix. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) = 0;
    /** Get all other arrays. Their names begin with a prefix. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) = 0;
    /** Get the condition under which the particles of a pair interact, or an empty string to evaluate all pairs. */
    virtual std::string getCondition(const std::string& prefix) const = 0;
    /** Get whether a warp evaluates 16 pairs at once on tensor cores, which makeCompactedPairsKernel() supports. */
    virtual bool usesTensorCores() const {
        return false;
    }
    /** Get the text that evaluates the function. */
    virtual PairFunctionText getText(const std::string& prefix) const = 0;
};

} // namespace LearnedPairPlugin
