// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "LearnedPairKernels.h"
#include "openmm/common/ComputeContext.h"
#include "PairPlacement.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce on one device, in OpenMM's common compute language, for OpenCL and CUDA. A CommonPairFunction
 * provides the text that evaluates a pair, and a PairPlacement inserts it into a kernel.
 */
class CommonCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    CommonCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform,
            OpenMM::ComputeContext& cc, const WarpTraits& traits);
    ~CommonCalcLearnedPairForceKernel();
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    class ForceInfo;
    PairKernelText createText(const LearnedPairForce& force, const std::string& prefix);
    std::string createEnergyText(const LearnedPairForce& force, const std::string& scale) const;
    OpenMM::ComputeContext& cc;
    const WarpTraits traits;
    ForceInfo* info; // owned by cc
    std::unique_ptr<CommonPairFunction> function;
    std::unique_ptr<GlobalValues> globals;
    std::unique_ptr<PairPlacement> placement;
};

} // namespace LearnedPairPlugin
