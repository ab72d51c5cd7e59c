// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonParallelCalcLearnedPairForceKernel.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/KernelFactory.h"
#include <functional>
#include <vector>

namespace LearnedPairPlugin {

/** Creates the common kernel on a platform whose data, PlatformData, holds its Contexts, one for each device. */
template<class PlatformData, class Context> class CommonKernelFactory : public OpenMM::KernelFactory {
public:
    /**
     * @param getWarpTraits  says what a device can do
     */
    explicit CommonKernelFactory(std::function<WarpTraits(Context& device)> getWarpTraits) :
            getWarpTraits(getWarpTraits) {}
    OpenMM::KernelImpl* createKernelImpl(
            std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        auto& data = *reinterpret_cast<PlatformData*>(context.getPlatformData());
        std::vector<WarpTraits> traits;
        for (Context* device : data.contexts)
            traits.push_back(getWarpTraits(*device));
        if (traits.size() > 1)
            return new CommonParallelCalcLearnedPairForceKernel(name, platform, *data.contexts[0], traits);
        return new CommonCalcLearnedPairForceKernel(name, platform, *data.contexts[0], traits[0]);
    }

private:
    std::function<WarpTraits(Context& device)> getWarpTraits;
};

} // namespace LearnedPairPlugin
