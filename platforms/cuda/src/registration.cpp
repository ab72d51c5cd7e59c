// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "internal/require.h"
#include "openmm/cuda/CudaContext.h"
#include "openmm/cuda/CudaNonbondedUtilities.h"
#include "openmm/cuda/CudaPlatform.h"
#include <cmath>
#include <cstdlib>
#include <set>

using namespace LearnedPairPlugin;
using std::string;

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

/**
 * Whether to multiply on the tensor cores of a device: where they multiply bf16 numbers more than six times as fast as
 * the other units multiply floats, by NVIDIA's data sheets those for data centers; LEARNEDPAIR_TENSOR_CORES overrules
 * that.
 */
static bool usesTensorCores(double computeCapability) {
    const char* variable = std::getenv("LEARNEDPAIR_TENSOR_CORES");
    string wanted = (variable == nullptr ? "" : variable);
    require(wanted == "" || wanted == "0" || wanted == "1",
            "LearnedPairForce: the environment variable LEARNEDPAIR_TENSOR_CORES is '", wanted,
            "'; expected 1 (use them wherever there are any), 0 (don't), or no such variable (use them where that is "
            "faster).");
    int capability = std::lround(10 * computeCapability);
    if (wanted.empty())
        return std::set<int>{80, 90, 100, 103}.count(capability) > 0;
    return wanted == "1" && capability >= 80;
}

static void rebuild(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction) {
    dynamic_cast<OpenMM::CudaNonbondedUtilities&>(list).setAtomBlockRange(startFraction, endFraction);
}

static WarpTraits getWarpTraits(OpenMM::CudaContext& device) {
    return {4, "__syncwarp();", usesTensorCores(device.getComputeCapability()), rebuild};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory(
            "CUDA", new CommonKernelFactory<OpenMM::CudaPlatform::PlatformData, OpenMM::CudaContext>(getWarpTraits));
}
