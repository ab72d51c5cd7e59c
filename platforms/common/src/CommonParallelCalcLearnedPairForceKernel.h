// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonCalcLearnedPairForceKernel.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce on several devices. Each device has a kernel, which runs in OpenMM's worker thread for the device.
 * All devices share one EvaluationPlan, so that tables are made once and not once for each device.
 * The neighbor lists divide the pairs among the devices: OpenMM's default list according to the speed of the devices,
 * and lists of this plugin evenly.
 */
class CommonParallelCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    /**
     * @param cc      the first device
     * @param traits  the properties of each device's warps
     */
    CommonParallelCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform,
            OpenMM::ComputeContext& cc, const std::vector<WarpTraits>& traits);
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void prepare(OpenMM::ContextImpl& context) override;
    /** Not called: derivatives are refused when the kernel is initialized. */
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override {}
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void waitForThreads() override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    class Task;
    void followPlan();
    OpenMM::ComputeContext& cc;
    std::vector<std::unique_ptr<CommonCalcLearnedPairForceKernel>> kernels; // for each device
    bool mustFollowPlan = false; // some device does not evaluate the function as the plan has decided
};

} // namespace LearnedPairPlugin
