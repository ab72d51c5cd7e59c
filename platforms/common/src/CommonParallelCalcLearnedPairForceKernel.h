// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonCalcLearnedPairForceKernel.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A LearnedPairForce on several devices: a kernel on each, which runs in the thread that OpenMM has for the device.
 * OpenMM's neighbor lists divide the pairs, its default one by how fast the devices are, those of our own evenly.
 */
class CommonParallelCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    /**
     * @param cc         of the first device
     * @param traits  what each of them can do
     */
    CommonParallelCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform,
            OpenMM::ComputeContext& cc, const std::vector<WarpTraits>& traits);
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void waitForThreads() override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    class Task;
    OpenMM::ComputeContext& cc;
    std::vector<std::unique_ptr<CommonCalcLearnedPairForceKernel>> kernels; // of each device
};

} // namespace LearnedPairPlugin
