// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonKernelFactory.h"
#include "internal/registerFactory.h"
#include "openmm/cuda/CudaContext.h"
#include "openmm/cuda/CudaPlatform.h"

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerPlatforms() {
}

extern "C" LEARNEDPAIR_PLUGIN_EXPORT void registerKernelFactories() {
    LearnedPairPlugin::registerFactory("CUDA", new LearnedPairPlugin::CommonKernelFactory<OpenMM::CudaPlatform::PlatformData>());
}
