// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcEnvironmentKernel.h"
#include "CpuCalcLearnedPairForceKernel.h"
#include "internal/registerFactory.h"

using namespace LearnedPairPlugin;

namespace {

class Factory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(
            std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        OpenMM::CpuPlatform::PlatformData& data = OpenMM::CpuPlatform::getPlatformData(context);
        if (name == CalcLearnedPairForceKernel::EnvironmentName())
            return new CpuCalcEnvironmentKernel(name, platform, data);
        return new CpuCalcLearnedPairForceKernel(name, platform, data);
    }
};

} // namespace

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("CPU", new Factory());
}
