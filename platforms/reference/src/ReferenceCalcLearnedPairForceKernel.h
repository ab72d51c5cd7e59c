// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce on OpenMM's Reference platform, in double precision. It follows the definition of the energy in
 * LearnedPairForce step by step, and is the oracle with which tests compare all other platforms.
 */
class ReferenceCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    using CalcLearnedPairForceKernel::CalcLearnedPairForceKernel;
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    struct Model;
    std::shared_ptr<Model> model;
    std::vector<std::string> derivativeNames;
};

} // namespace LearnedPairPlugin
