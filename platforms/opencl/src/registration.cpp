// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "openmm/opencl/OpenCLContext.h"
#include "openmm/opencl/OpenCLPlatform.h"

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    LearnedPairPlugin::registerFactory("OpenCL", new LearnedPairPlugin::CommonKernelFactory<OpenMM::OpenCLPlatform::PlatformData>());
}
