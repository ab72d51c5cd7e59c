// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "internal/registerFactory.h"

using namespace LearnedPairPlugin;

namespace {

class Factory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(
            std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        return new CpuCalcLearnedPairForceKernel(name, platform, OpenMM::CpuPlatform::getPlatformData(context));
    }
};

} // namespace

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("CPU", new Factory());
}
