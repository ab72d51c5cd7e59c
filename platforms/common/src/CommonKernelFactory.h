// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonCalcLearnedPairForceKernel.h"
#include "openmm/KernelFactory.h"
#include "openmm/internal/ContextImpl.h"

namespace LearnedPairPlugin {

/** Creates the common kernel on a platform whose data, PlatformData, holds its ComputeContexts. */
template<class PlatformData> class CommonKernelFactory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        auto& data = *reinterpret_cast<PlatformData*>(context.getPlatformData());
        return new CommonCalcLearnedPairForceKernel(name, platform, *data.contexts[0]);
    }
};

} // namespace LearnedPairPlugin
