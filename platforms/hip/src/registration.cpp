// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "openmm/hip/HipContext.h"
#include "openmm/hip/HipNonbondedUtilities.h"
#include "openmm/hip/HipPlatform.h"

using namespace LearnedPairPlugin;

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {}

/** See WarpTraits::rebuild. Setting the range of atom blocks makes OpenMM rebuild the list. */
static void rebuild(OpenMM::NonbondedUtilities& list, double startFraction, double endFraction) {
    dynamic_cast<OpenMM::HipNonbondedUtilities&>(list).setAtomBlockRange(startFraction, endFraction);
}

/**
 * OpenMM's tiles have 32 atoms on all AMD GPUs. A wavefront is one warp of 32 threads on RDNA, and two warps on CDNA,
 * where it has 64 threads: two tiles at once. Its threads run in lockstep, and branches that diverge join again, so
 * that OpenMM's SYNC_WARPS, which only orders the accesses to memory within a wavefront, also synchronizes one half of
 * it. There are no instructions for CUDA's tensor cores.
 */
static WarpTraits getWarpTraits(OpenMM::HipContext&) {
    return {4, "SYNC_WARPS", "(__ffs(x)-1)", "__popc(x)", false, rebuild};
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    registerFactory(
            "HIP", new CommonKernelFactory<OpenMM::HipPlatform::PlatformData, OpenMM::HipContext>(getWarpTraits));
}
