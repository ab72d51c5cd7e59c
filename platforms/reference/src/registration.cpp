// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/registerFactory.h"
#include "ReferenceCalcEnvironmentKernel.h"
#include "ReferenceCalcLearnedPairForceKernel.h"

using namespace LearnedPairPlugin;

namespace {

class Factory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(
            std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const override {
        if (name == CalcLearnedPairForceKernel::EnvironmentName())
            return new ReferenceCalcEnvironmentKernel(name, platform);
        return new ReferenceCalcLearnedPairForceKernel(name, platform);
    }
};

} // namespace

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("Reference", new Factory());
}
