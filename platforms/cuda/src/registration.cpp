// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "internal/require.h"
#include "openmm/cuda/CudaContext.h"
#include "openmm/cuda/CudaPlatform.h"
#include <cstdlib>

using namespace LearnedPairPlugin;
using std::string;

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {
}

/** Whether LEARNEDPAIR_TENSOR_CORES, which is for comparing, asks for doing without. */
static bool leavesTensorCoresAlone() {
    const char* variable = std::getenv("LEARNEDPAIR_TENSOR_CORES");
    string wanted = (variable == nullptr ? "" : variable);
    require(wanted == "" || wanted == "0" || wanted == "1", "LearnedPairForce: the environment variable LEARNEDPAIR_TENSOR_CORES is '", wanted,
            "'; expected 1 (use them where they serve, as without the variable) or 0 (don't).");
    return wanted == "0";
}

static WarpLanguage getLanguage(OpenMM::CudaContext& device) {
    return {4, "__syncwarp();", device.getComputeCapability() >= 8.0 && !leavesTensorCoresAlone()};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory("CUDA", new CommonKernelFactory<OpenMM::CudaPlatform::PlatformData, OpenMM::CudaContext>(getLanguage));
}
