// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "internal/registerFactory.h"
#include "openmm/opencl/OpenCLContext.h"
#include "openmm/opencl/OpenCLPlatform.h"
#include "openmm/internal/ContextImpl.h"

using namespace LearnedPairPlugin;

namespace {

class Factory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        auto& data = *reinterpret_cast<OpenMM::OpenCLPlatform::PlatformData*>(context.getPlatformData());
        return new CommonCalcLearnedPairForceKernel(name, platform, *data.contexts[0]);
    }
};

}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("OpenCL", new Factory());
}
