// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "LearnedPairKernels.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/NonbondedUtilities.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce in OpenMM's common compute language, for OpenCL and CUDA.
 *
 * The pairs are evaluated by a piece of source inside one of OpenMM's nonbonded kernels: the default one, which
 * evaluates the other nonbonded forces too, where SharedKernelPlan allows it and the function is small; else one with a
 * neighbor list of its own.
 */
class CommonCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    CommonCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::ComputeContext& cc);
    ~CommonCalcLearnedPairForceKernel();
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    std::string describe() const override {
        return platformName+(ownNonbonded == nullptr ? ", shared kernel" : ", own kernel");
    }
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;
private:
    class ForceInfo;
    std::string createSource(const LearnedPairForce& force, const std::string& prefix, OpenMM::NonbondedUtilities& nonbonded);
    std::string platformName;
    OpenMM::ComputeContext& cc;
    ForceInfo* info; // owned by cc
    std::unique_ptr<OpenMM::NonbondedUtilities> ownNonbonded; // null if the default kernel is used
    bool hasInitializedNonbonded;
    const OpenMM::System* system;
    std::unique_ptr<CommonPairFunction> function;
    std::unique_ptr<GlobalValues> globals;
};

} // namespace LearnedPairPlugin
