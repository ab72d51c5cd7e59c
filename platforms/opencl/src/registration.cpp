// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "openmm/opencl/OpenCLContext.h"
#include "openmm/opencl/OpenCLNonbondedUtilities.h"
#include "openmm/opencl/OpenCLPlatform.h"

using namespace LearnedPairPlugin;

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

/** See WarpTraits::rebuild. Setting the range of atom blocks makes OpenMM rebuild the list. */
static void rebuild(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction) {
    dynamic_cast<OpenMM::OpenCLNonbondedUtilities&>(list).setAtomBlockRange(startFraction, endFraction);
}

/** OpenCL has barriers for whole groups only, so that a group has one warp. */
static WarpTraits getWarpTraits(OpenMM::OpenCLContext& device) {
    return {1, "barrier(CLK_LOCAL_MEM_FENCE);", "(31-(int) clz((x)&-(x)))", "((int) popcount(x))", false, rebuild};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("OpenCL",
            new CommonKernelFactory<OpenMM::OpenCLPlatform::PlatformData, OpenMM::OpenCLContext>(getWarpTraits));
}
