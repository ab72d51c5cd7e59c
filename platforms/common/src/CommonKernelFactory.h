// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonCalcEnvironmentKernel.h"
#include "CommonParallelCalcLearnedPairForceKernel.h"
#include "internal/require.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/KernelFactory.h"
#include <functional>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Creates the kernels of this folder for a GPU platform. A Context with several devices gets a kernel that divides the
 * work among them.
 *
 * @tparam PlatformData  the platform's data, whose member `contexts` has a Context for each device
 */
template<class PlatformData, class Context> class CommonKernelFactory : public OpenMM::KernelFactory {
public:
    /** @param getWarpTraits  gets the properties of a device's warps */
    explicit CommonKernelFactory(std::function<WarpTraits(Context& device)> getWarpTraits) :
            getWarpTraits(getWarpTraits) {}
    OpenMM::KernelImpl* createKernelImpl(
            std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        auto& data = *reinterpret_cast<PlatformData*>(context.getPlatformData());
        std::vector<WarpTraits> traits;
        for (Context* device : data.contexts)
            traits.push_back(getWarpTraits(*device));
        if (name == CalcLearnedPairForceKernel::EnvironmentName()) {
            require(traits.size() == 1, "LearnedPairForce: this Context has ", traits.size(),
                    " devices, and a force with an environment function runs on one; choose it with the platform "
                    "property DeviceIndex.");
            return new CommonCalcEnvironmentKernel(name, platform, *data.contexts[0], traits[0]);
        }
        if (traits.size() > 1)
            return new CommonParallelCalcLearnedPairForceKernel(name, platform, *data.contexts[0], traits);
        return new CommonCalcLearnedPairForceKernel(name, platform, *data.contexts[0], traits[0]);
    }

private:
    std::function<WarpTraits(Context& device)> getWarpTraits;
};

} // namespace LearnedPairPlugin
