// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "openmm/common/ComputeArray.h"

namespace LearnedPairPlugin {

/** A PairTable on a device. */
class CommonPairTable : public CommonPairFunction {
public:
    CommonPairTable(OpenMM::ComputeContext& cc, const LearnedPairForce& force);
    void upload(const LearnedPairForce& force) override;
    bool isSmall() const override {
        return true;
    }
    std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) override;
    std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) override;
    std::string getCondition(const std::string& prefix) const override {
        return ""; // pairs that do not interact look up a segment of zeros
    }
    PairFunctionText getText(const std::string& prefix) const override;

private:
    OpenMM::ComputeContext& cc;
    double minDistance;
    int numClasses;
    OpenMM::ComputeArray classes;  // int, for each particle
    OpenMM::ComputeArray curves;   // real2 (inverse spacing, first segment), shape [numClasses][numClasses]
    OpenMM::ComputeArray segments; // real4
};

} // namespace LearnedPairPlugin
