// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "openmm/opencl/OpenCLContext.h"
#include "openmm/opencl/OpenCLPlatform.h"

using namespace LearnedPairPlugin;

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {
}

/** OpenCL has barriers for groups only, so that a warp must be a group. */
static WarpLanguage getLanguage(OpenMM::OpenCLContext& device) {
    return {1, "barrier(CLK_LOCAL_MEM_FENCE);", false};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("OpenCL", new CommonKernelFactory<OpenMM::OpenCLPlatform::PlatformData, OpenMM::OpenCLContext>(getLanguage));
}
