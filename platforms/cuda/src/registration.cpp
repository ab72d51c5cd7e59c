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
 * Whether to use the tensor cores of a device. A product of two floats takes six bf16 products (TensorCorePlan), so
 * that tensor cores must multiply bf16 numbers more than six times as fast as other units multiply floats. According to
 * NVIDIA's data sheets they do on GPUs for data centers only. LEARNEDPAIR_TENSOR_CORES overrides this choice.
 */
static bool usesTensorCores(double computeCapability) {
    const char* variable = std::getenv("LEARNEDPAIR_TENSOR_CORES");
    string wanted = (variable == nullptr ? "" : variable);
    require(wanted == "" || wanted == "0" || wanted == "1",
            "LearnedPairForce: the environment variable LEARNEDPAIR_TENSOR_CORES is '", wanted,
            "'; expected 1 (use tensor cores wherever there are any), 0 (do not use them), or an unset variable (use "
            "them where they are faster).");
    int capability = std::lround(10 * computeCapability);
    if (wanted.empty())
        return std::set<int>{80, 90, 100, 103}.count(capability) > 0;
    return wanted == "1" && capability >= 80;
}

/** See WarpTraits::rebuild. Setting the range of atom blocks makes OpenMM rebuild the list. */
static void rebuild(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction) {
    dynamic_cast<OpenMM::CudaNonbondedUtilities&>(list).setAtomBlockRange(startFraction, endFraction);
}

static WarpTraits getWarpTraits(OpenMM::CudaContext& device) {
    return {4, "__syncwarp();", "(__ffs(x)-1)", "__popc(x)", usesTensorCores(device.getComputeCapability()), rebuild};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory(
            "CUDA", new CommonKernelFactory<OpenMM::CudaPlatform::PlatformData, OpenMM::CudaContext>(getWarpTraits));
}
